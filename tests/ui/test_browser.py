"""What a person does, in a real Chromium: paste, analyse, point, press keys, turn pages."""

import re

import pytest
from browser import analyse, background, rgb, shown_text

from analyzer.analysis import Analyzer
from analyzer.markup import PALETTES
from analyzer.ui.samples import load_samples
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

HOSTILE = (
    "</span><img src=x onerror=window.pwned=1> <script>window.pwned=1</script> **bold** [a](javascript:pwned=1) "
    "<|im_start|> \u202eesrever &lt; $x$ \x1b[31m"
)


def toy_analysis(text):
    return Analyzer(load_model("toy")).analyze(text)


def test_paste_hover_and_read_the_rank(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat\non the wall"
    analyse(page, text)
    assert shown_text(page) == text
    scores = toy_analysis(text).scores
    for i in (0, 4, 11, 22):
        page.locator(".token").nth(i).hover()
        tip = page.locator(".tip")
        expect(tip).to_be_visible()
        expect(tip.locator("dd").first).to_have_text(f"{scores.rank[i]:,} of 257")
        surprise, expected = -scores.log_prob[i] / 0.693147, scores.entropy[i] / 0.693147
        expect(tip.locator("dd").nth(2)).to_have_text(f"{surprise:.1f} bits, expected {expected:.1f}")
    assert page.locator(".guess").count() >= 5
    expect(page.locator(".guess.actual")).to_have_count(1)


def test_the_details_stay_while_pointed_at_and_go_with_escape(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat")
    token, tip = page.locator(".token").nth(3), page.locator(".tip")
    token.hover()
    tip.hover()
    page.wait_for_timeout(400)
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    token.hover()
    expect(tip).to_be_visible()
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_keys_move_from_token_to_token(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat\nsat on")
    page.locator("input[name=classic]").focus()
    page.keyboard.press("Tab")  # one stop for the whole text
    focused = page.locator(".token:focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r'^"t", rank \d+, [\d.]+ %, [\d.]+ bits$'))
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-label", re.compile('^"h"'))
    expect(page.locator(".tip .name")).to_have_text("h")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("aria-label", re.compile('^"a"'))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    expect(focused).to_have_attribute("aria-label", re.compile('^"n"'))
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()
    expect(focused).to_have_count(1)  # the place is kept
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")  # nothing before the first
    expect(focused).to_have_attribute("aria-label", re.compile('^"t"'))
    assert page.locator(".token[tabindex='0']").count() == 1
    outline = focused.evaluate("e => getComputedStyle(e).outlineWidth")
    assert outline == "3px"


def test_another_scale_changes_colours_without_asking_the_server(visit, toy_url):
    page = visit(toy_url)
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    page.reload()
    page.get_by_label("Your text").wait_for()
    analyse(page, "the q%")  # "%" never follows "q" in the model's corpus, yet is among its first ranks by a tie
    page.wait_for_timeout(1500)
    sent.clear()
    token = page.locator(".token").nth(5)
    light = [rgb(colour) for colour in PALETTES["light"].background]
    by_rank = background(token)
    assert by_rank == light[0]
    page.get_by_role("radio", name="Against the first guess").check()
    assert background(token) != by_rank
    expect(page.locator(".steps li")).to_have_text(["at least half", "at least 1/10", "at least 1/100", "less"])
    page.get_by_role("radio", name="Surprise", exact=True).check()
    expect(page.locator(".steps li").first).to_have_text("up to 3 bits")
    page.get_by_label("GLTR’s classic colours").check()
    assert background(token) in [rgb(colour) for colour in PALETTES["gltr"].background]
    page.wait_for_timeout(300)
    assert not sent
    analyse(page, "the cat sat again")  # the choice outlives a new analysis
    expect(page.locator(".steps li").first).to_have_text("up to 3 bits")


def test_turning_pages_reaches_the_last_token(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat. " * 192 + "last"
    assert len(text) == 2500
    analyse(page, text)
    expect(page.get_by_text("Page 1 of 3: tokens 1 to 1,000 of 2,500.")).to_be_visible()
    seen = shown_text(page)
    for number in (2, 3):
        page.get_by_test_id("stPagination").get_by_role("button", name=str(number)).first.click()
        expect(page.get_by_text(f"Page {number} of 3")).to_be_visible()
        page.wait_for_timeout(500)
        seen += shown_text(page)
    assert seen == text
    page.locator(".token").last.hover()
    expect(page.locator(".tip .name")).to_have_text("t")


def test_pick_a_sample(visit, toy_url):
    page = visit(toy_url)
    page.get_by_test_id("stSelectbox").get_by_role("combobox").click()
    page.get_by_role("option").first.click()
    sample = load_samples()[0]
    expect(page.get_by_label("Your text")).to_have_value(sample.text)
    page.get_by_role("button", name="Analyse").click()
    page.locator(".token").first.wait_for()
    assert sample.text.startswith(shown_text(page))


def test_hostile_text_is_only_text(visit, toy_url):
    page = visit(toy_url)
    analyse(page, HOSTILE)
    assert shown_text(page) == HOSTILE
    for i in (0, 8, len(HOSTILE) - 1):
        page.locator(".token").nth(min(i, page.locator(".token").count() - 1)).hover()
    point = page.locator("[data-testid=stVegaLiteChart]").first.bounding_box()
    page.mouse.move(point["x"] + 60, point["y"] + 200)
    assert page.evaluate("window.pwned") is None
    assert page.locator(".view img, .view script, .view strong").count() == 0
    override = page.locator(".mark", has_text="\u202e")
    assert override.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    marks = page.locator(".mark").evaluate_all("all => all.map(e => e.dataset.mark)")
    assert marks == ["‹202E›", "␛"]


def test_no_text_gives_one_sentence(visit, toy_url):
    page = visit(toy_url)
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_text("There is no text to analyse. Paste one into the box")).to_be_visible()
    assert page.locator(".token").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_theme(visit, toy_url, scheme):
    page = visit(toy_url, color_scheme=scheme)
    analyse(page, "the cat")
    assert background(page.locator(".token").nth(1)) == rgb(PALETTES[scheme].background[0])


def test_a_phone_shows_everything_and_a_tap_opens_the_details(visit, toy_url):
    page = visit(toy_url, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 800})
    analyse(page, "the cat sat on the wall " * 5)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    token = page.locator(".token").nth(40)
    token.tap()
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_the_embedded_model_from_paste_to_rank(visit, default_url, default_model):
    text = "Disguised as police, they broke through a fence. 👍"
    analysis = Analyzer(default_model).analyze(text)
    pieces = [analysis.tokenization.piece(i) for i in range(len(analysis.tokenization))]
    exact = analysis.scores.rank[pieces.index(" broke")]
    page = visit(default_url)
    analyse(page, text)
    assert shown_text(page) == text
    page.locator(".token", has_text="broke").hover()
    shown = page.locator(".tip dd").first.inner_text()
    assert shown.endswith(" of 49,152")
    # Where the page computes in bfloat16, ranks differ a little.
    assert int(shown.split(" of ")[0].replace(",", "")) == pytest.approx(exact, rel=0.3, abs=3)
    page.locator(".token").last.hover()
    expect(page.locator(".tip .note").first).to_contain_text("tokens make up this piece")
