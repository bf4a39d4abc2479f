"""Makes the pictures of the documents again: ``python tests/ui/screenshots.py`` (needs Chromium)."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import CHROMIUM, ROOT, analyse, served

FOLDER = ROOT / "docs" / "images"
SAMPLE = ROOT / "samples" / "mixed-tv-typewriter.txt"
_WIDE, _PHONE = {"width": 1000, "height": 1150}, {"width": 390, "height": 1000}


def main() -> None:
    """A mixed text in each theme: verdict, coloured tokens with details of one, shares of the verdict, model card."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with served(None) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport=_WIDE, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(url)
            page.get_by_label("Your text").wait_for()
            analyse(page, SAMPLE.read_text("utf-8"))
            page.wait_for_timeout(2000)
            show(page, ".st-key-verdict", f"verdict-{theme}")
            page.set_viewport_size(_PHONE)
            show(page, ".st-key-verdict", f"verdict-phone-{theme}")
            page.set_viewport_size(_WIDE)
            if page.get_by_role("radio", name="Sentences").count():
                for mode, name in (("Share of the verdict", "share"), ("Sentences", "sentences")):
                    page.get_by_role("radio", name=mode).check()
                    show(page, ".controls", f"{name}-{theme}")
                page.get_by_role("radio", name="Rank").check()
            page.locator(".controls").evaluate("e => e.scrollIntoView()")
            page.mouse.wheel(0, -90)
            page.wait_for_timeout(500)
            page.locator(".token").nth(40).hover()
            page.wait_for_timeout(500)
            page.screenshot(path=FOLDER / f"analyse-{theme}.png")
            page.get_by_role("link", name="Model card").first.click()
            page.get_by_role("heading", name="Privacy").wait_for()
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"model-card-{theme}.png")
            page.close()
        browser.close()


def show(page: Page, selector: str, name: str) -> None:
    """A picture of the page from an element on."""
    page.mouse.move(60, 500)  # over the page, which the wheel then moves; beside the text
    page.locator(selector).evaluate("e => e.scrollIntoView()")
    page.mouse.wheel(0, -90)  # clear of the header
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
