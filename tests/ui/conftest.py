"""Pages to visit, and a Chromium to visit them with."""

import re
from pathlib import Path

import pytest
from browser import CHROMIUM, ROOT, served
from streamlit.testing.v1 import AppTest
from toy_card import toy_card

from analyzer.calibration.cards import save_card
from analyzer.ui.session import load_model


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The page without a browser, the toy model with a calibration; some modules have an app of their own."""
    save_card(toy_card(load_model("toy").info), tmp_path / "card.json")
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(tmp_path / "card.json"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs a Chromium at {CHROMIUM}, or its path in CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def toy_url():
    with served("toy") as url:
        yield url


@pytest.fixture(scope="session")
def judged_url(tmp_path_factory):
    """The toy model with a calibration."""
    card = tmp_path_factory.mktemp("card") / "card.json"
    save_card(toy_card(load_model("toy").info), card)
    with served("toy", card) as url:
        yield url


@pytest.fixture(scope="session")
def default_url():
    with served(None) as url:
        yield url


def _complains(message):
    """An error; but reloaded on another page than the first, Streamlit looks for its server in two places."""
    return message.type == "error" and "/_stcore/" not in message.location["url"]


@pytest.fixture
def visit(chromium):
    """Open pages, and check at the end that the console stayed free of errors and no request left the machine."""
    contexts, complaints = [], []

    def open_page(url, **options):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: _complains(message) and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: re.match(r"https?://(?!localhost)", r.url) and complaints.append(r.url))
        page.goto(url)
        page.get_by_label("Your text").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
