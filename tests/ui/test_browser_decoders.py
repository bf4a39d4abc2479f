"""What decoders do to text, in a real Chromium."""

import pytest

from analyzer.analysis import Analyzer
from analyzer.decoders import compare
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser


def test_every_decoder_shows_its_text_and_figures(visit, judged_url):
    page = visit(judged_url)
    page.get_by_role("link", name="Guide").first.click()
    page.get_by_text("What decoders do to text", exact=True).click()
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("the cat <img src=x onerror=window.pwned=1> and **the** dog")
    page.get_by_role("spinbutton", name="Tokens each").fill("20")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Run").click()
    found = compare(Analyzer(load_model("toy")), prompt.input_value(), n=20, seed=0)
    for one in found:
        expect(page.get_by_text(one.name, exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    assert page.evaluate("window.pwned") is None
    page.get_by_text("Write with the model", exact=True).first.click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
