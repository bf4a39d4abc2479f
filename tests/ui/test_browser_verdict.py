"""The verdict, the colours that explain it and the model card, in a real Chromium."""

import re
from pathlib import Path

import pytest
from browser import analyse, background, rgb, shown_text
from toy_card import HUMAN, MACHINE

from analyzer.markup import DIVERGING

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser


def panel(page):
    return page.locator(".st-key-verdict")


def test_verdicts_and_abstaining_have_the_same_place_and_size(visit, judged_url):
    page = visit(judged_url)
    seen = {}
    for text, word in ((MACHINE, "Likely AI"), (HUMAN, "Likely human"), ("the cat sat", "Not judged")):
        analyse(page, text)
        heading = panel(page).get_by_role("heading", name=word)
        expect(heading).to_be_visible()
        style = heading.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).fontSize]")
        seen[word] = (*style, heading.bounding_box()["x"])
        bar = panel(page).get_by_role("img", name="Probability of a machine")
        expect(bar).to_have_count(int(word != "Not judged"))
    assert len(set(seen.values())) == 1  # no colour blames anybody


def test_a_control_changes_the_verdict_and_leaves_the_text_alone(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE)
    page.locator(".token").nth(5).evaluate("e => (e.dataset.same = 1)")
    page.get_by_text("What would change it?").click()
    page.get_by_role("slider", name="How many innocent writers").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(panel(page).get_by_role("heading", name="Unclear")).to_be_visible()
    expect(panel(page).get_by_text("about 1 would be called likely AI")).to_be_visible()
    assert page.locator("[data-same]").count() == 1
    page.get_by_label("Your text").fill("another")  # what has been opened stays open
    page.get_by_label("Your text").blur()
    expect(page.get_by_text("The text in the box has changed since.")).to_be_visible()
    expect(page.get_by_role("slider", name="How many innocent writers")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shares_have_two_sides_and_a_second_cue(visit, judged_url, scheme):
    page = visit(judged_url, color_scheme=scheme)
    text = HUMAN + MACHINE
    analyse(page, text)
    page.get_by_role("radio", name="Share of the verdict").check()
    steps = page.locator(".steps li")
    expect(steps).to_have_count(5)
    expect(steps.first).to_have_text("strongly towards a person")
    colours = [rgb(colour) for colour in DIVERGING[scheme].background]
    assert [background(step) for step in steps.all()] == colours
    lines = page.locator(".steps li").evaluate_all("all => all.map(e => getComputedStyle(e).textDecorationLine)")
    assert lines == ["overline", "overline", "none", "underline", "underline"]
    assert {background(token) for token in page.locator(".token").all()[:60]} <= set(colours)
    assert page.get_by_label("GLTR’s classic colours").is_hidden()
    assert shown_text(page) == text


def test_sentences_are_one_colour_each(visit, judged_url):
    page = visit(judged_url)
    analyse(page, HUMAN + MACHINE)
    page.get_by_role("radio", name="Sentences").check()
    bands = "e => [getComputedStyle(e).backgroundImage, getComputedStyle(e).backgroundPositionY].join()"
    person = {token.evaluate(bands) for token in page.locator(".token").all()[2:40]}
    machine = {page.locator(".token").last.evaluate(bands)}
    light = DIVERGING["light"].background
    assert [len(person), len(machine)] == [1, 1]
    assert rgb(light[0]) in min(person)
    assert rgb(light[4]) in min(machine)
    assert min(person).endswith(",0%")
    assert min(machine).endswith("100%")
    expect(page.get_by_text("The sentences that carry it")).to_be_visible()


def test_surprise_minus_expected(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE)
    page.get_by_role("radio", name="Surprise minus expected").check()
    expect(page.locator(".steps li").first).to_have_text("over 3 bits less")
    expect(page.locator(".steps li").last).to_have_text("over 3 bits more")
    expect(page.locator(".steps")).to_have_attribute(
        "aria-label", "Colours, from less to more surprising than expected"
    )


def test_the_report_and_charts_come_as_files(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE + "<script>window.pwned=1</script>")
    page.get_by_text("What would change it?").click()
    page.get_by_role("slider", name="How many innocent writers").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(panel(page).get_by_role("heading", name="Unclear")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report").click()
    report = Path(waiting.value.path()).read_text("utf-8")
    assert waiting.value.suggested_filename == "report.html"
    assert "Unclear" in report
    assert "<script" not in report
    page.get_by_role("button", name="Charts").click()
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind, exact=True).click()
        assert Path(waiting.value.path()).read_bytes().startswith(begins)


def test_a_chosen_scale_that_the_next_text_has_not_falls_back(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE)
    page.get_by_role("radio", name="Share of the verdict").check()
    analyse(page, "the cat")
    expect(panel(page).get_by_role("heading", name="Not judged")).to_be_visible()
    expect(page.get_by_role("radio", name="Rank")).to_be_checked()
    assert page.get_by_role("radio", name="Share of the verdict").count() == 0
    analyse(page, HUMAN)
    expect(page.get_by_role("radio", name="Share of the verdict")).to_be_checked()


def test_hidden_characters_are_told_and_stay_text(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE.replace("cat", "c\u200b<img src=x onerror=window.pwned=1>at", 1))
    box = page.locator(".st-key-hidden")
    expect(box.get_by_text("1 zero-width character")).to_be_visible()
    box.get_by_text("Where they are").click()
    expect(box.get_by_role("cell", name="U+200B ZERO WIDTH SPACE")).to_be_visible()
    assert page.evaluate("window.pwned") is None
    assert box.locator("img").count() == 0


def test_the_model_card_and_back_again(visit, judged_url):
    page = visit(judged_url)
    analyse(page, MACHINE)
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("tab", name="How good they are").click()
    expect(page.get_by_role("heading", name="Who may be judged wrongly")).to_be_visible()
    expect(page.get_by_text("4 % of 100 were called likely AI")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    for title in ("By length", "By generator", "Parts of a text"):
        page.get_by_text(title, exact=True).click()
    expect(page.get_by_text("old*base*")).to_be_visible()
    assert re.search(r"/about$", page.url)
    page.get_by_role("link", name="Analyse").first.click()
    expect(panel(page).get_by_role("heading", name="Likely AI")).to_be_visible()
    expect(page.get_by_label("Your text")).to_have_value(MACHINE)  # nothing typed is lost


def test_nothing_is_wider_than_a_phone(visit, judged_url):
    page = visit(judged_url, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 800})
    analyse(page, (HUMAN + MACHINE).replace("cat", "c\u200bat"))
    page.get_by_role("radio", name="Share of the verdict").check()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="About").click()
    page.get_by_role("heading", name="The numbers").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
