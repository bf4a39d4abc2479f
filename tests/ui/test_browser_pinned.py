"""Looking closely, in a real Chromium: pin, look up, replace, mark on the curve, other steps, another model, cancel."""

import re

import pytest
from browser import analyse, background, idle, rgb, shown_text
from toy_card import HUMAN, MACHINE

from analyzer.analysis import Analyzer
from analyzer.markup import PALETTES
from analyzer.ui.pinned import pinned
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

LIGHT = [rgb(colour) for colour in PALETTES["light"].background]


def panel(page):
    return page.locator(".st-key-pinned")


def number(page):
    return panel(page).get_by_role("spinbutton", name="Pinned token")


def test_a_click_or_enter_pins_a_token(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat on the mat"
    analyse(page, text)
    expect(panel(page).get_by_text("A closer look")).to_be_visible()
    page.locator(".token").nth(4).evaluate("e => (e.dataset.same = 1)")
    page.locator(".token").nth(4).click()
    expect(number(page)).to_have_value("5")
    expect(page.locator(".token.pinned")).to_have_text("c")
    expect(page.locator(".token.pinned")).to_have_attribute("aria-pressed", "true")
    found = pinned(Analyzer(load_model("toy")).analyze(text), 4)
    expect(panel(page).get_by_text(f"rank {found.rank} of 257")).to_be_visible()
    expect(panel(page).locator("tbody th").first).to_have_text(found.alternatives[0][0].replace(" ", "␣"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".token:focus")).to_have_text("a")
    expect(number(page)).to_have_value("5")  # moving on pins nothing
    page.keyboard.press("Enter")
    expect(number(page)).to_have_value("6")
    expect(page.locator(".token.pinned")).to_have_text("a")
    assert page.locator("[data-same]").count() == 1  # the text was not drawn again
    number(page).fill("9")
    number(page).press("Enter")
    expect(page.locator(".token.pinned")).to_have_text("s")


def test_enter_click_or_escape_lets_a_pinned_token_go(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat sat on the mat")
    token, pinned_one, tip = page.locator(".token").nth(4), page.locator(".token.pinned"), page.locator(".tip")
    for ways in (("Enter", "Enter"), ("click", "click"), ("Enter", "Escape"), ("click", "Enter"), ("Enter", "click")):
        for way, value in zip(ways, ("5", ""), strict=True):
            if way == "click":
                token.click()
            elif way == "Enter":
                token.focus()
                page.keyboard.press("Enter")
            else:
                expect(tip).to_be_visible()
                page.keyboard.press("Escape")  # closes the details and no more
                expect(tip).to_be_hidden()
                page.wait_for_timeout(500)
                expect(number(page)).to_have_value("5")
                page.keyboard.press("Escape")
            expect(number(page)).to_have_value(value)
            expect(pinned_one).to_have_count(1 if value else 0)
            idle(page)
    expect(panel(page).get_by_text("A closer look")).to_be_visible()


def test_a_double_click_pins(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat sat on the mat")
    page.locator(".token").nth(4).dblclick()
    expect(number(page)).to_have_value("5")
    page.wait_for_timeout(500)
    expect(number(page)).to_have_value("5")


def test_any_word_and_what_it_moves(visit, judged_url):
    page = visit(judged_url)
    text = MACHINE + HUMAN
    analyse(page, text)
    page.locator(".token").nth(text.index("jumps")).click()
    panel(page).get_by_text("The whole word").click()  # off
    page.wait_for_timeout(1000)  # the box is another then
    idle(page)
    box = panel(page).get_by_role("textbox", name="Any word")
    box.fill("b<img src=x onerror=window.pwned=1>")
    box.press("Enter")
    expect(panel(page).get_by_text("tokens, ranks").first).to_be_visible()
    box.fill("b")
    box.press("Enter")
    row = panel(page).get_by_text("b: rank")
    expect(row).to_be_visible()
    panel(page).get_by_role("button", name="Replace").nth(1).click()
    moved = page.locator(".st-key-moved")
    expect(moved.get_by_role("rowheader", name="“␣jumps” → “␣bumps”")).to_be_visible()
    expect(moved.get_by_role("rowheader", name="What follows")).to_be_visible()
    expect(page.get_by_label("Your text")).to_have_value(text)
    moved.get_by_role("button", name="Take it over").click()
    changed = text.replace("jumps", "bumps", 1)
    expect(page.get_by_label("Your text")).to_have_value(changed)
    expect(panel(page).get_by_text("A closer look")).to_be_visible()
    expect(page.locator(".text")).to_have_text(changed, use_inner_text=False)
    assert page.evaluate("window.pwned") is None


def brush(page, start, end):
    """Drag across the curve, from one share of its width to another; the tokens, from 1, that the slider then has."""
    chart = page.locator("[class*=st-key-chart-surprise] [data-testid=stVegaLiteChart]")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(800)  # Vega draws
    box = chart.bounding_box()
    y = box["y"] + 0.6 * box["height"]
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=8)
    page.mouse.up()
    expect(page.get_by_role("button", name="Clear")).to_be_visible()
    return [int(thumb.input_value()) for thumb in page.locator(".st-key-stretch").get_by_role("slider").all()]


def test_a_stretch_of_the_curve_is_marked_in_the_text(visit, judged_url):
    page = visit(judged_url)
    text = (MACHINE + HUMAN).replace("’", "'")  # each character is a token
    analyse(page, text)
    low, high = brush(page, 0.3, 0.5)
    assert 0.15 * len(text) < low < high < 0.55 * len(text)
    stretch = page.locator(".st-key-stretch")
    expect(page.locator(".token.brushed")).to_have_count(high - low + 1)
    expect(stretch.get_by_text(f"{high - low + 1} tokens")).to_be_visible()
    expect(stretch.get_by_text("towards a")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".token.brushed")).to_have_count(0)


def test_a_stretch_turns_to_its_page(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat on the mat. " * 60  # 1,440 tokens
    analyse(page, text)
    expect(page.get_by_text("Page 1 of 2")).to_be_visible()
    low, high = brush(page, 0.85, 0.95)
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    expect(page.locator(".token.brushed")).to_have_count(high - low + 1)
    expect(page.locator(".token.brushed").first).to_be_visible()


def test_steps_of_the_ranks_are_the_readers_own(visit, toy_url):
    page = visit(toy_url)
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    page.reload()
    page.get_by_label("Your text").wait_for()
    text = "the cat sat on"
    analyse(page, text)
    page.wait_for_timeout(1500)
    sent.clear()
    ranks = Analyzer(load_model("toy")).analyze(text).scores.rank
    inputs = [page.get_by_role("spinbutton", name=f"Step {n} ends at rank") for n in (1, 2, 3)]
    inputs[1].fill("2")  # below the first
    inputs[1].press("Enter")
    expect(page.get_by_role("alert").get_by_text("Give three whole numbers")).to_be_visible()
    expect(page.locator(".steps li").first).to_have_text("1–10")
    for field, value in zip(inputs, ("1", "2", "4"), strict=True):
        field.fill(value)
        field.press("Enter")
    expect(page.locator(".steps li")).to_have_text(["1", "2", "3–4", "over 4"])
    for i, rank in enumerate(ranks):
        assert background(page.locator(".token").nth(i)) == LIGHT[sum(rank > bound for bound in (1, 2, 4))]
    for mode, first in (("Probability", "at least 10 %"), ("Expected surprise", "up to 1 bit")):
        page.get_by_role("radio", name=mode, exact=True).check()
        expect(page.locator(".steps li").first).to_have_text(first)
        expect(inputs[0]).to_be_hidden()
    page.wait_for_timeout(300)
    assert not sent
    page.reload()  # remembered in this browser
    page.get_by_label("Your text").wait_for()
    analyse(page, text)
    expect(page.locator(".steps li")).to_have_text(["1", "2", "3–4", "over 4"])
    page.get_by_role("button", name="back to 10, 100, 1,000").click()
    expect(page.locator(".steps li").first).to_have_text("1–10")


def test_arrow_keys_go_on_to_the_next_page_and_back(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat. " * 192 + "last"
    analyse(page, text)
    idle(page)
    page.locator(".token").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    focused = page.locator(".token:focus")
    expect(focused).to_have_text(text[1000])
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Page 3 of 3")).to_be_visible()
    expect(focused).to_have_text(text[2000])
    page.keyboard.press("ArrowUp")
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(focused).to_have_text(text[1999])
    page.keyboard.press("Enter")
    expect(number(page)).to_have_value("2000")


def test_typed_text_is_noticed(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat")
    idle(page)
    page.get_by_label("Your text").fill("the dog")
    page.get_by_label("Your text").blur()
    expect(page.get_by_text("The text in the box has changed since")).to_be_visible()


def test_a_chosen_model_is_this_readers_alone(visit, toy_url):
    page, other = visit(toy_url), visit(toy_url)
    page.get_by_role("button", name="Model: toy").click()
    page.get_by_role("textbox", name="Model").fill("/no/such/model")
    page.get_by_role("button", name="Load").click()
    expect(page.get_by_test_id("stAlert")).to_be_visible(timeout=60_000)
    page.get_by_role("textbox", name="Model").fill("toy2")
    page.get_by_role("button", name="Load").click()
    expect(page.get_by_role("button", name="Model: toy2")).to_be_visible()
    page.keyboard.press("Escape")
    analyse(page, "five dozen")
    analyse(other, "the secret cat")
    expect(other.get_by_role("button", name="Model: toy2")).to_have_count(0)
    mine, yours = (Analyzer(load_model(name)).analyze(text).scores for name, text in
                   (("toy2", "five dozen"), ("toy", "the secret cat")))  # fmt: skip
    for one, scores in ((page, mine), (other, yours)):
        one.locator(".token").nth(6).click()
        expect(panel(one).get_by_text(f"rank {scores.rank[6]} of 257")).to_be_visible()
    assert "secret" not in page.content()
    assert "dozen" not in other.content()


def test_work_is_cancelled_within_a_window(visit, default_url):
    """On Analyse and on Compare; then another text is as if nothing had been."""
    page = visit(default_url)
    analyse(page, "The cat sat on the mat.")  # the model is loaded
    for name, title, what in (("Analyse", "Analyse a text", ""), ("Compare", "Compare", "Your text: ")):
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=title).wait_for()
        idle(page)
        page.get_by_label("Your text").fill("The cat sat on the wall. " * 1100)  # 7,700 tokens: one window
        page.get_by_role("button", name=name).click()
        page.get_by_text(re.compile(rf"^{what}\d+% of 7,70\d tokens")).wait_for(timeout=60_000)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=30_000)
        idle(page)
        assert page.get_by_text("Machine").count() == 0
        assert page.get_by_text("Given up").count() == 0
        page.get_by_label("Your text").fill("The cat sat.")
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text("Cancelled.")).to_have_count(0)
        idle(page)
    expect(page.get_by_text("Given up", exact=True)).to_be_visible()


def test_a_text_of_20_000_tokens_stays_usable(visit, toy_url):
    page = visit(toy_url)
    text = "the cat sat on the mat. " * 833 + "finally."  # 20,000
    analyse(page, text)
    assert page.locator(".token").count() == 1000
    number(page).fill("20000")
    number(page).press("Enter")
    expect(page.locator(".token.pinned")).to_have_text(".")
    expect(page.get_by_text("tokens 19,001 to 20,000 of 20,000")).to_be_visible()
    assert shown_text(page) == text[19_000:]
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    assert heap < 300e6


def test_control_enter_analyses_what_is_being_typed(visit, toy_url):
    page = visit(toy_url)
    box = page.get_by_label("Your text")
    box.fill("the cat sat")
    box.press("Control+Enter")
    page.locator(".token").first.wait_for()
    assert shown_text(page) == "the cat sat"
    box.fill("the dog")
    box.press("Control+Enter")
    expect(page.locator(".text")).to_have_text("the dog")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_axe(visit, judged_url, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(judged_url, color_scheme=scheme)
    analyse(page, MACHINE + HUMAN)
    page.locator(".token").nth(8).click()
    box = panel(page).get_by_role("textbox", name="Any word")
    box.fill("b")
    box.press("Enter")
    panel(page).get_by_role("button", name="Replace").first.click()
    page.locator(".st-key-moved").wait_for()
    page.wait_for_timeout(1000)
    for mode in ("Rank", "Surprise minus expected"):
        page.get_by_role("radio", name=mode, exact=True).check()
        found = axe.run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_the_pinned_token_and_its_page_survive_other_pages(visit, toy_url):
    page = visit(toy_url)
    analyse(page, "the cat sat on the mat. " * 60)
    idle(page)
    page.get_by_label("Pinned token").fill("1400")
    page.keyboard.press("Enter")
    page.get_by_text("Page 2 of 2").wait_for()
    idle(page)
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("heading", name="The numbers").wait_for()
    page.get_by_role("link", name="Analyse").first.click()
    page.get_by_text("Page 2 of 2").wait_for()
    expect(page.get_by_label("Pinned token")).to_have_value("1400")
