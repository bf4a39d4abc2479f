"""What a change on the page Analyse costs the reader of 1,000 tokens, beside the page's own empty rerun.

    python tests/benchmarks/bench_page.py [--turns 9]

Chromium on this machine, the embedded model. All ways take turns; times are from the event to the frame that is
painted after the change, medians over turns.

rerun       the page is run again and nothing has changed: what Streamlit takes for itself
colour      another way to colour the tokens
threshold   another step of the ranks
rate        another false-positive rate: the verdict is judged anew from the same scores

Then what replacing the last word costs beside scoring all of the text, both without the page; and the memory of the
browser while a reader turns all pages of a text of 20,000 tokens (toy model).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import CHROMIUM, analyse, idle, served

from analyzer import Analyzer
from analyzer.models import LanguageModel

SAMPLES = Path(__file__).parents[2] / "samples"
TOKENS = 1000
# The component's shadow root; when a frame is painted after what was done; when the page shows other words.
HELPERS = """() => {
  window.root = () => [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r?.querySelector('.token'));
  window.painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  window.until = test => new Promise((done, fail) => {
    const look = () => test() ? done() : requestAnimationFrame(look);
    setTimeout(() => fail(new Error(`waited in vain: ${test}`)), 5000);
    look();
  });
  const app = document.querySelector('[data-testid=stApp]');
  window.runs = 0;  // of the script, that have come to their end
  new MutationObserver(() => { runs += app.dataset.testScriptState == 'notRunning' })
    .observe(app, { attributes: true, attributeFilter: ['data-test-script-state'] });
}"""
COLOUR = """async mode => {
  const input = root().querySelector(`input[name=mode][value=${mode}]`), begun = performance.now();
  input.click();
  await painted();
  return performance.now() - begun;
}"""
THRESHOLD = """async rank => {
  const input = root().querySelector('input[name=rank]'), begun = performance.now();
  input.value = rank;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  await painted();
  return performance.now() - begun;
}"""
PRESS_R = """() => ['keydown', 'keyup'].forEach(kind => document.dispatchEvent(
  new KeyboardEvent(kind, { key: 'r', code: 'KeyR', keyCode: 82, bubbles: true })))"""
SETTLED = """async ([begun, runs, before]) => {
  await until(() => window.runs > runs);
  await until(() => before === null || document.querySelector('.st-key-verdict').innerText != before);
  await painted();
  return performance.now() - begun;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    turns = parser.parse_args().turns
    model = Analyzer().model
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with served(None) as url:
            show_changes(browser.new_page(viewport={"width": 1280, "height": 900}), url, a_text(model), turns)
        with served("toy") as url:
            show_memory(browser.new_page(viewport={"width": 1280, "height": 900}), url)
        browser.close()
    show_replacing(model, turns)


def a_text(model: LanguageModel) -> str:
    """A thousand tokens of English, or one or two more or less."""
    words = " ".join(path.read_text("utf-8") for path in sorted(SAMPLES.glob("human-*.txt")))
    spans = model.tokenizer.encode(words).spans
    return words[: int(spans[TOKENS - 1, 1])]


def show_changes(page: Page, url: str, text: str, turns: int) -> None:
    page.goto(url)
    page.get_by_label("Your text").wait_for()
    analyse(page, text)
    page.get_by_text("What would change it?").click()
    idle(page)
    page.evaluate(HELPERS)
    modes = page.evaluate("[...root().querySelectorAll('input[name=mode]')].map(input => input.value)")
    ways: dict[str, Callable[[int], float]] = {
        "rerun": lambda _: rerun(page),
        "colour": lambda turn: page.evaluate(COLOUR, modes[1 + turn % (len(modes) - 1)]),
        "threshold": lambda turn: page.evaluate(THRESHOLD, 5 + turn % 2),
        "rate": lambda turn: another_rate(page, "ArrowLeft" if turn % 2 else "ArrowRight"),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns + 1):
        for way, do in ways.items():
            if way == "threshold":
                page.evaluate(COLOUR, "rank")
            try:
                took = do(turn)
            except Error:  # began and ended between two frames: nobody can tell how long it took
                continue
            page.wait_for_timeout(500)
            if turn:  # the first turn warms
                times[way].append(took)
    print(f"{page.evaluate('root().querySelectorAll(`.token`).length')} tokens, medians of {turns} turns")
    for way, found in times.items():
        print(f"{way:10} {statistics.median(found):6.0f} ms ({min(found):.0f} to {max(found):.0f}, of {len(found)})")


def rerun(page: Page) -> float:
    begun, runs = page.evaluate("[performance.now(), runs]")
    page.evaluate(PRESS_R)
    return float(page.evaluate(SETTLED, [begun, runs, None]))


def another_rate(page: Page, key: str) -> float:
    page.locator(".st-key-false-positive-rate input").focus()
    now = page.evaluate("[performance.now(), runs, document.querySelector('.st-key-verdict').innerText]")
    page.keyboard.press(key)
    return float(page.evaluate(SETTLED, now))


def show_replacing(model: LanguageModel, turns: int) -> None:
    text = a_text(model)
    kept, ratios = Analyzer(model), []
    kept.analyze(text)
    for turn in range(turns):
        begun = time.perf_counter()
        kept.analyze(text.rsplit(" ", 1)[0] + f" number{turn}")
        replaced = time.perf_counter()
        Analyzer(model).analyze(text)
        ratios.append((replaced - begun) / (time.perf_counter() - replaced))
    print(f"replacing the last word / scoring {TOKENS:,} tokens: {statistics.median(ratios):.1%}, {turns} turns")


def show_memory(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Your text").wait_for()
    analyse(page, "the cat sat on the mat. " * 833 + "finally.")  # 20,000 tokens
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def megabytes() -> float:
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")) / 1e6

    found = [megabytes()]
    for number in range(2, 21):
        page.get_by_role("button", name=str(number), exact=True).or_(
            page.get_by_role("button", name="Next")
        ).last.click()
        page.get_by_text(f"Page {number} of 20").wait_for()
        idle(page)
        found.append(megabytes())
    print(
        f"20,000 tokens: heap {found[0]:.0f} MB on the first page, {max(found):.0f} MB at most, {found[-1]:.0f} MB last"
    )


if __name__ == "__main__":
    main()
