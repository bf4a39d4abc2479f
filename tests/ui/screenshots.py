"""Makes the pictures of the documents again: ``make screenshots`` (needs Chromium)."""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import CHROMIUM, ROOT, analyse, idle, served

FOLDER = ROOT / "docs" / "images"
SAMPLE = ROOT / "samples" / "mixed-tv-typewriter.txt"
_WIDE, _PHONE = {"width": 1280, "height": 1000}, {"width": 390, "height": 1000}


def main() -> None:
    """Every page in each theme, and as on a phone: a text that a person began and a model went on with."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with served(None) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport=_WIDE, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(url)
            page.get_by_label("Your text").wait_for()
            show_analyse(page, theme)
            show_about(page, theme)
            show_guide(page, theme)
            show_compare(page, theme)
            show_batch(page, theme)
            page.close()
        browser.close()


def shoot(page: Page, name: str) -> None:
    """Keep what is seen, in 256 colours: a third of the size."""
    idle(page)
    page.wait_for_timeout(1500)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256).save(FOLDER / f"{name}.png", optimize=True)


def show(page: Page, selector: str, name: str) -> None:
    """Scroll to a part of the page, and keep what is seen."""
    idle(page)
    page.wait_for_timeout(1000)
    page.mouse.move(60, 500)  # over the page, which the wheel then moves; beside the text
    page.locator(selector).first.evaluate("e => e.scrollIntoView()")
    page.mouse.wheel(0, -90)  # the navigation lies over the top
    shoot(page, name)


def show_analyse(page: Page, theme: str) -> None:
    """The verdict, tokens with details of one, and sentences on the page Analyse."""
    analyse(page, SAMPLE.read_text("utf-8"))
    page.wait_for_timeout(1500)
    shoot(page, f"analyse-{theme}")
    page.set_viewport_size(_PHONE)
    show(page, ".st-key-verdict", f"analyse-phone-{theme}")
    page.set_viewport_size(_WIDE)
    page.get_by_role("radio", name="Sentences").check()
    show(page, ".controls", f"sentences-{theme}")
    page.get_by_role("radio", name="Rank").check()
    page.locator(".token").nth(21).hover()
    shoot(page, f"tokens-{theme}")


def show_about(page: Page, theme: str) -> None:
    """What the numbers mean on the page About, and how good they are."""
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("heading", name="The numbers").wait_for()
    shoot(page, f"about-{theme}")
    page.get_by_role("tab", name="How good they are").click()
    page.get_by_role("heading", name="How good it is").wait_for()
    shoot(page, f"card-{theme}")


def show_guide(page: Page, theme: str) -> None:
    """Some picks, a branch and a run on the page Guide, beside the greedy path."""
    page.set_viewport_size(_WIDE)
    page.get_by_role("link", name="Guide").first.click()
    page.get_by_role("textbox", name="Opening").fill("Once upon a time, there was a")
    page.get_by_role("button", name="Start").click()
    candidates = page.get_by_role("listbox", name="What may come next")
    candidates.focus()
    for key in ("1", "2", "1", "Backspace", "3", "a"):
        page.keyboard.press(key)
        page.wait_for_timeout(1500)
    page.get_by_text("Done: 20 tokens drawn.").wait_for(timeout=60_000)
    page.get_by_text("Compare with greedy").click()
    candidates.focus()
    page.wait_for_timeout(3000)
    shoot(page, f"guide-{theme}")
    page.set_viewport_size(_PHONE)
    shoot(page, f"guide-phone-{theme}")


def show_compare(page: Page, theme: str) -> None:
    """A text over the model's choices, and two drafts, on the page Compare."""
    before = (ROOT / "samples" / "human-tv-typewriter.txt").read_text("utf-8")
    after = before.replace("broke his leg", "smashed his left leg").replace("quite a while", "for several weeks")
    page.set_viewport_size(_WIDE)
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_text("Your words over those").wait_for()
    page.wait_for_timeout(1000)
    page.get_by_role("textbox", name="Your text").fill(before)
    page.get_by_role("button", name="Compare").click()
    page.locator(".cell").first.wait_for(timeout=60_000)
    page.locator("td button").nth(4).click()
    show(page, ".compare", f"compare-{theme}")
    page.set_viewport_size(_PHONE)
    show(page, ".compare", f"compare-phone-{theme}")
    page.set_viewport_size(_WIDE)
    page.get_by_role("radio", name="Two drafts").click()
    page.get_by_text("What changed between two drafts").wait_for()
    page.wait_for_timeout(1000)
    page.get_by_role("textbox", name="Earlier draft").fill(before)
    page.get_by_role("textbox", name="Later draft").fill(after.replace(" therefore", ""))
    page.get_by_role("button", name="Compare").click()
    page.locator("ins").first.wait_for(timeout=60_000)
    page.locator("ins").first.hover()
    show(page, ".st-key-compare-sentence", f"compare-drafts-{theme}")


def show_batch(page: Page, theme: str) -> None:
    """All samples on the page Batch, one of them looked at closer."""
    page.set_viewport_size(_WIDE)
    page.get_by_role("link", name="Batch").first.click()
    page.get_by_role("heading", name="Analyse many texts").wait_for()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(sorted((ROOT / "samples").glob("*.txt")))
    page.get_by_role("button", name="Analyse 8 texts").click()
    page.get_by_text("tokens in").wait_for(timeout=240_000)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 35 * 5 + 17)  # the box before the fifth row
    page.get_by_text("It begins:").wait_for()
    page.mouse.move(5, 500)
    shoot(page, f"batch-{theme}")
    page.set_viewport_size(_PHONE)
    shoot(page, f"batch-phone-{theme}")


if __name__ == "__main__":
    main()
