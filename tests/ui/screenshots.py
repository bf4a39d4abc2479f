"""Makes the pictures of the documents again: ``python tests/ui/screenshots.py`` (needs Chromium)."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from test_browser import CHROMIUM, ROOT, analyse, served

SAMPLE = ROOT / "samples" / "mixed-tv-typewriter.txt"


def main() -> None:
    """One picture for each theme: a mixed text, coloured, with the details of one token."""
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with served(None) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1000, "height": 1150}, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(url)
            page.get_by_label("Your text").wait_for()
            analyse(page, SAMPLE.read_text("utf-8"))
            page.wait_for_timeout(2000)
            page.locator(".controls").evaluate("e => e.scrollIntoView()")
            page.mouse.wheel(0, -90)
            page.wait_for_timeout(500)
            page.locator(".token").nth(40).hover()
            page.wait_for_timeout(500)
            page.screenshot(path=folder / f"analyse-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main()
