"""Writing with the model in a real Chromium: keys, mouse, branches, runs, saving and opening again."""

import json
import re

import pytest
from browser import analyse, background, idle, rgb
from toy_card import toy_card

from analyzer.analysis import Analyzer
from analyzer.guided.session_file import to_json
from analyzer.markup import PALETTES
from analyzer.ui.guide_data import branches, shown
from analyzer.ui.guide_figures import figures, views
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=window.pwned=1> **b** <script>window.pwned=1</script> `x` $y$ \u202eesrever [a](b)"


def begin(page, text, seed=0):
    """From any page."""
    page.get_by_role("link", name="Guide").first.click()
    page.get_by_role("textbox", name="Opening").fill(text)
    if seed:
        page.get_by_text("What stands before it, and the seed").click()
        page.get_by_role("spinbutton", name="Seed").fill(str(seed))
    page.get_by_role("button", name="Start").click()
    options(page).first.wait_for(timeout=120_000)


def candidates(page):
    return page.get_by_role("listbox", name="What may come next")


def options(page):
    return page.locator(".option")


def the_text(page):
    return page.locator(".guide-text .text")


def press(page, key, text):
    """A key in the list, after which the text is `text` and the list listens again."""
    page.keyboard.press(key)
    settled(page, text)


def settled(page, text):
    """The text reads so, and the list has been drawn for it."""
    page.wait_for_function(
        """text => {
            const found = s => document.querySelector(s)?.querySelector('div > div')?.shadowRoot;
            const all = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean);
            const shown = all.map(r => r.querySelector('.guide-text .text')).find(Boolean);
            const list = all.map(r => r.querySelector('.guide-list .list')).find(Boolean);
            return shown?.textContent === text && !list.hasAttribute('aria-busy');
        }""",
        arg=text,
    )


def twin_session(text, seed=0):
    model = load_model("toy")
    return Analyzer(model, calibration=toy_card(model.info)).guide(text, seed=seed)


def same_as(page, twin):
    """Text, list, figures and tree are those of a session of the engine."""
    settled(page, twin.text)
    listed = twin.candidates(10).listed
    expect(options(page)).to_have_count(len(listed))
    expect(options(page).first.locator(".literal")).to_have_text(
        "␃" if listed[0].kind != "text" else shown(listed[0].text)
    )
    _, rows = figures(views(twin, greedy=False, fresh=None))
    table = page.locator(".guide-figures")
    for i, row in enumerate(rows):
        expect(table.locator("tbody tr").nth(i).locator("td")).to_have_text([row.now, *row.differences])
    found, _ = branches(twin)
    tree = page.locator(".guide-text .tree")
    expect(tree.locator("li .literal")).to_have_text([re.compile("^" + re.escape(row.text) + "$") for row in found])
    expect(tree.locator("[aria-current]")).to_have_count(1)


def test_write_undo_branch_run_stop_save_and_open_again(visit, judged_url, tmp_path):
    page = visit(judged_url)
    twin = twin_session("the cat", seed=3)
    begin(page, "the cat", seed=3)
    candidates(page).focus()
    for i in range(10):  # ten picks: by number, or down the list and Enter
        place = i % 3
        twin.pick(twin.candidates(10).listed[place].token)
        if i % 2:
            for _ in range(place):
                page.keyboard.press("ArrowDown")
            press(page, "Enter", twin.text)
        else:
            press(page, f"{place + 1}", twin.text)
        expect(candidates(page)).to_be_focused()
    same_as(page, twin)
    for _ in range(3):
        twin.undo()
        press(page, "Backspace", twin.text)
    same_as(page, twin)
    twin.pick(twin.candidates(10).listed[4].token)
    press(page, "5", twin.text)
    same_as(page, twin)
    page.keyboard.press("a")
    expect(page.get_by_text("Done: 20 tokens drawn.")).to_be_visible(timeout=60_000)
    twin.run(20)
    same_as(page, twin)
    # Another run is stopped; how far it got is not ours to say, so the twin is made from the file.
    page.get_by_role("spinbutton", name="Tokens to run").fill("900")
    page.keyboard.press("Enter")
    candidates(page).focus()
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile(r"^[1-9]\d* of 900 tokens"))).to_be_visible()
    candidates(page).focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile(r"Stopped: \d+ tokens? drawn"))).to_be_visible()
    stopped_at = int(re.search(r"Stopped: (\d+)", page.get_by_text("Stopped: ").inner_text())[1])
    assert 0 < stopped_at < 900
    twin.run(stopped_at)
    same_as(page, twin)
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Session (JSON)").click()
    file = tmp_path / "session.json"
    download.value.save_as(file)
    assert json.loads(file.read_text("utf-8")) == json.loads(to_json(twin))
    page.reload()
    page.get_by_role("link", name="Guide").first.click()
    page.locator("input[type=file]").set_input_files(file)
    options(page).first.wait_for()
    same_as(page, Analyzer(twin.model, calibration=toy_card(twin.model.info)).resume(file.read_text("utf-8")))


def test_everything_by_mouse(visit, judged_url):
    page = visit(judged_url)
    twin = twin_session("the cat")
    begin(page, "the cat")
    for place in (1, 2, 0):
        twin.pick(twin.candidates(10).listed[place].token)
        options(page).nth(place).click()
        settled(page, twin.text)
    page.get_by_role("button", name="Draw one").click()
    twin.sample()
    tokens = page.locator(".guide-text .token")
    expect(tokens).to_have_count(len(twin.tree.path(twin.current)))
    page.get_by_role("button", name="Undo").click()
    twin.undo()
    expect(tokens).to_have_count(len(twin.tree.path(twin.current)))
    page.locator(".guide-text .token").nth(4).click()
    expect(page.locator(".panel p")).to_have_text(re.compile(r"^“c”, rank \d+, .* bits, pasted$"))
    page.get_by_role("button", name="Choose another here").first.click()
    twin.branch(twin.tree.path(twin.current)[4])
    settled(page, "the ")
    twin.pick(twin.candidates(10).listed[2].token)
    options(page).nth(2).click()
    same_as(page, twin)
    branch = page.locator(".tree button").nth(1)
    number = branch.get_attribute("data-node")
    branch.click()
    expect(page.locator(".tree [aria-current]")).to_have_attribute("data-node", number)
    twin.jump(twin.tree.nodes[int(number)])
    same_as(page, twin)
    page.locator(".guide-text .token").nth(1).click()
    page.get_by_role("button", name="Go here").first.click()
    settled(page, "th")


def test_the_text_by_keyboard(visit, judged_url):
    page = visit(judged_url)
    begin(page, "the cat")
    page.locator(".guide-text .token[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    focused = page.locator(".guide-text .token:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("^“h”, rank"))
    page.keyboard.press("Enter")
    expect(page.locator(".panel button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(focused).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    settled(page, "th")


def test_the_list_says_what_it_shows(visit, judged_url):
    page = visit(judged_url)
    twin = twin_session("the ")
    begin(page, "the ")
    first = twin.candidates(10).listed[0]
    name = re.compile(
        f"^“{first.text}”, probability .* %, rank 1, offered .* %, [+−][0-9.]+ towards a (machine|person)$"
    )
    expect(page.get_by_role("option").first).to_have_attribute("aria-label", name)
    effect = float(twin.effects([first.token])[0])
    expect(options(page).first.locator(".effect")).to_have_text(
        f"{'machine' if effect > 0 else 'person'} {'+' if effect > 0 else '−'}{abs(effect):.2f}"
    )
    expect(page.locator(".rest")).to_contain_text("all others: 246 tokens")
    expect(options(page).last).to_contain_text("end of text")
    keys = page.locator(".keys")
    expect(keys).to_be_hidden()
    candidates(page).focus()
    expect(keys).to_be_visible()
    expect(page.locator(".more")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator(".more")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("ArrowDown")
    expect(candidates(page)).to_have_attribute("aria-activedescendant", "row-1")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)


def test_search_finds_and_writes(visit, judged_url):
    page = visit(judged_url)
    twin = twin_session("the cat")
    begin(page, "the cat")
    candidates(page).focus()
    page.keyboard.press("/")
    box = page.get_by_role("textbox", name="Another word")
    expect(box).to_be_focused()
    page.keyboard.type("s1a ?")  # keys of the list are letters here
    expect(box).to_have_value("s1a ?")
    box.fill("sat")
    page.keyboard.press("Enter")
    found = twin.find("sat")
    ranks = ", ".join(map(str, found.ranks))
    expect(page.get_by_text(f"sat: 3 tokens, ranks {ranks}")).to_be_visible()
    expect(page.get_by_text("␣sat: 4 tokens")).to_be_visible()
    settled(page, "the cat")
    page.get_by_role("button", name="Write it").first.click()
    settled(page, "the cat sat")
    expect(box).to_have_value("")
    twin.write(" sat")
    same_as(page, twin)


def test_the_sampler_changes_the_list_and_asks_the_model_nothing(visit, judged_url):
    page = visit(judged_url)
    begin(page, "the ")
    before = page.locator(".option .p").all_inner_texts()
    offered = page.locator(".option .o").all_inner_texts()
    candidates(page).evaluate("e => (e.dataset.same = 1)")
    idle(page)
    page.get_by_role("slider", name="Temperature").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("temperature 0.8 → draw")).to_be_visible()
    expect(options(page).first.locator(".o")).not_to_have_text(offered[0])
    assert page.locator(".option .p").all_inner_texts() == before
    page.get_by_role("spinbutton", name="Top-k").fill("2")
    page.keyboard.press("Enter")
    expect(options(page).nth(5).locator(".o")).to_have_text("filtered out")
    expect(page.get_by_text("temperature 0.8 → top-k 2 → draw")).to_be_visible()
    assert candidates(page).get_attribute("data-same") == "1"
    text = options(page).nth(5).locator(".literal").inner_text()
    options(page).nth(5).click()  # what is filtered out can be chosen all the same
    settled(page, f"the {text}")


def test_stop_by_mouse(visit, judged_url):
    page = visit(judged_url)
    begin(page, "the cat", seed=34)  # with it the text ends by itself only after 490 tokens
    page.get_by_text("More of the sampler").click()
    inside = page.get_by_role("spinbutton", name="Min-p")
    expect(inside).to_be_visible()
    page.get_by_role("spinbutton", name="Tokens to run").fill("900")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Run").click()
    page.get_by_text(re.compile(r"\d+ of 900 tokens")).wait_for()
    expect(inside).to_be_visible()  # a bar above it does not close it
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile(r"Stopped: \d+ tokens? drawn"))).to_be_visible()
    length = len(the_text(page).inner_text())
    page.wait_for_timeout(1000)
    assert len(the_text(page).inner_text()) == length
    expect(page.get_by_role("button", name="Run")).to_be_visible()
    idle(page)
    page.get_by_role("textbox", name="Another word").fill("dog")
    page.keyboard.press("Enter")
    found = page.get_by_role("button", name="Write it")
    within = page.get_by_text("The text ends within a character.")  # of several bytes, where it was stopped there
    found.or_(within).first.wait_for()
    expect(inside).to_be_visible()


def test_hostile_text_is_only_text(visit, judged_url):
    page = visit(judged_url)
    begin(page, HOSTILE)
    settled(page, HOSTILE)
    page.get_by_role("textbox", name="Another word").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Write it").first).to_be_visible()
    page.locator(".guide-text .token").nth(3).click()
    page.get_by_role("button", name="Draw one").click()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.pwned") is None
    assert page.locator(".guide-text :is(img, script, strong), .guide-list :is(img, script)").count() == 0
    assert page.locator("[data-testid=stMarkdown] :is(img, script)").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_in_both_themes(visit, judged_url, scheme):
    page = visit(judged_url, color_scheme=scheme, has_touch=True)
    begin(page, "the cat")
    assert background(page.locator(".guide-text .token").first) == rgb(PALETTES[scheme].background[0])
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(800)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    row = options(page).nth(2).bounding_box()
    assert row["x"] >= 0
    assert row["x"] + row["width"] <= 390
    assert row["height"] >= 24  # WCAG 2.5.8
    text = options(page).nth(2).locator(".literal").inner_text()
    options(page).nth(2).tap()
    settled(page, f"the cat{text}")


def test_a_session_survives_other_pages(visit, judged_url):
    page = visit(judged_url)
    begin(page, "the cat")
    options(page).nth(1).click()
    text = twin_session("the cat")
    text.pick(text.candidates(10).listed[1].token)
    settled(page, text.text)
    idle(page)
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("temperature 0.95 → draw")).to_be_visible()
    page.get_by_role("link", name="About").first.click()
    page.get_by_role("heading", name="The numbers").wait_for()
    page.get_by_role("link", name="Guide").first.click()
    settled(page, text.text)
    expect(page.get_by_text("temperature 0.95 → draw")).to_be_visible()
    assert "cat" not in page.url


def test_branch_here_from_analyse(visit, judged_url):
    page = visit(judged_url)
    analyse(page, "the cat sat")
    page.locator(".token").nth(8).click()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Branch here")
    expect(button).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".token:focus")).to_have_text("s")
    page.locator(".token").nth(4).hover()
    button.click()
    options(page).first.wait_for()
    settled(page, "the ")
    expect(page.locator(".guide-text .tree li .literal")).to_have_text(["the␣", "cat sat"])


def test_the_embedded_model(visit, default_url):
    page = visit(default_url)
    begin(page, "Once upon a time, there was a")
    expect(page.get_by_text("Not judged")).to_be_visible()
    candidates(page).focus()
    text = "Once upon a time, there was a"
    for key in ("1", "2", "3"):
        text += options(page).nth(int(key) - 1).locator(".literal").inner_text().replace("␣", " ")
        press(page, key, text)
    rows = page.locator(".guide-figures tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.nth(1).locator("td").first).to_have_text(re.compile(r"^\d+\.\d\d bits$"))
    expect(options(page).first.locator(".effect")).to_have_text(re.compile(r"^(machine \+|person −)\d\.\d\d$|^none$"))
    expect(page.get_by_text("leans towards a")).to_be_visible()
    _cancel_a_search(page, text)


def _cancel_a_search(page, text):
    """What it had drawn is let go; the same search, a short one, is then made whole."""
    page.get_by_text("Best of several, beam search").click()
    page.get_by_role("spinbutton", name="How many").fill("16")
    page.get_by_role("spinbutton", name="Tokens", exact=True).fill("200")
    page.keyboard.press("Enter")
    idle(page)
    page.get_by_role("button", name="Beam search").click()
    page.get_by_text(re.compile(r"\d+% of [\d,]+ tokens")).wait_for()
    expect(page.get_by_role("button", name="Cancel")).to_be_in_viewport()  # far above what was pressed
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled: the text stays as it is.")).to_be_visible()
    settled(page, text)
    page.get_by_role("spinbutton", name="Tokens", exact=True).fill("2")  # what was opened is open still
    page.keyboard.press("Enter")
    idle(page)
    page.get_by_role("button", name="Best of").click()
    page.locator(".guide-text .tree li").nth(9).wait_for()  # of sixteen continuations some begin alike
    expect(page.get_by_text("Cancelled")).to_have_count(0)
