"""The page Compare in a real Chromium: each of its questions from end to end, against the engine's own numbers."""

import csv
import io
import re

import pytest
from browser import idle
from toy_card import HUMAN, toy_card

from analyzer.analysis import Analyzer
from analyzer.comparing.agreement import agreement
from analyzer.comparing.baseline import baseline
from analyzer.comparing.comparison import choices, most_like, most_unlike, rows, totals
from analyzer.comparing.drafts import drafts
from analyzer.markup import DIVERGING
from analyzer.ui.compare_words import bits, signed
from analyzer.ui.session import load_model

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = pytest.mark.browser

HOSTILE = (
    "</span><img src=x onerror=window.pwned=1> <script>window.pwned=1</script> **bold** [a](javascript:pwned=1) "
    "<|im_start|> \u202eesrever &lt; $x$ \x1b[31m 👍 e\u0301 a\u200bb\n\ttab"
)
OWN = [f"the cat number {n} sat on the mat and the dog had {n} more of them" for n in range(8)]
TEXT = "the cat sat on a zebra, and the dog jumps over the fox. Quickly it ran!\n\nthe end"


def toy():
    return Analyzer(load_model("toy"))


def ask(page, question, **typed):
    """`typed`: what goes into which field."""
    page.get_by_role("radio", name=question).click()
    expect(page.get_by_text(BEGINS[question])).to_be_visible()
    idle(page)  # the boxes are those of this question
    for label, text in typed.items():
        page.get_by_role("textbox", name=LABELS[label]).fill(text)
    page.get_by_role("button", name=re.compile("^Compare")).click()


BEGINS = {
    "My text and the model": "Your words over those",
    "Two drafts": "What changed between two drafts",
    "My own earlier texts": "A text among your own earlier ones",
    "Two models": "The same text read by two models",
}
LABELS = {
    "text": "Your text",
    "before": "Earlier draft",
    "after": "Later draft",
    "own": "Earlier texts, a line of --- between two",
    "model": "Second model",
}


def downloaded(page, label):
    with page.expect_download() as found:
        page.get_by_role("button", name=label).click()
    return list(csv.DictReader(io.StringIO(found.value.path().read_text("utf-8"))))


def in_view(item):
    """Whether an item is inside the text's own box."""
    return item.evaluate(
        """e => {
            const box = e.closest('.text').getBoundingClientRect(), at = e.getBoundingClientRect();
            return at.top >= box.top - 1 && at.bottom <= box.bottom + 1;
        }"""
    )


def compare_page(visit, url, **options):
    return visit(f"{url}/compare", **options)


def test_my_text_and_the_model(visit, toy_url):
    page = compare_page(visit, toy_url)
    ask(page, "My text and the model", text=TEXT)
    cells = page.locator(".cell")
    analysis = toy().analyze(TEXT)
    found = rows(analysis)
    expect(cells).to_have_count(len(found))
    shown = page.locator(".mine, .ends").evaluate_all("all => all.map(e => e.textContent).join('')")
    assert shown == TEXT
    assert page.locator(".cell .theirs.ditto").count() == sum(row.rank == 1 for row in found)
    assert page.locator(".cell .bar").count() == sum(row.bits_given_up > 0 for row in found)
    of = totals(choices(analysis))
    expect(page.get_by_text(f"{bits(of.bits_given_up)} bits", exact=True)).to_be_visible()
    cells.nth(15).hover()
    row = found[15]
    assert row.text == "a"
    expect(page.locator(".told")).to_have_text(
        re.compile(
            rf"a · the model’s first choice: {row.instead} · rank {row.rank} · {bits(row.bits)} bits, "
            rf"{bits(row.bits_expected)} expected · {bits(row.bits_given_up)} given up"
        )
    )
    unlike, like = page.locator("table").all()
    for table, engine in ((unlike, most_unlike(choices(analysis), 12)), (like, most_like(choices(analysis), 12))):
        said = table.locator("tbody button").all_text_contents()
        assert [one.replace("⏎", "\n") for one in said] == [one.text.strip(" ") for one in engine]
    file = downloaded(page, "Download CSV")
    assert [one["text"] for one in file] == [row.text for row in found]
    assert [float(one["bits"]) for one in file] == pytest.approx([row.bits for row in found])


def test_a_row_leads_to_its_place(visit, toy_url):
    page = compare_page(visit, toy_url)
    ask(page, "My text and the model", text="the cat sat. " * 60 + "zebra%%q " + "the dog sat. " * 60)
    row = page.locator("table").first.locator("tbody tr").first
    expect(row).to_contain_text("zebra")
    row.click()
    marked = page.locator(".cell.marked")
    expect(marked).to_have_count(6)
    assert "".join(marked.locator(".mine").all_text_contents()) == " zebra"
    assert in_view(marked.first)
    expect(page.locator(".told")).to_contain_text("space ·")
    expect(row.get_by_role("button")).to_have_attribute("aria-current", "location")


def test_a_row_leads_to_another_page(visit, toy_url):
    page = compare_page(visit, toy_url)
    text = "the cat sat. " * 190 + "zebra%%q."
    ask(page, "My text and the model", text=text)
    expect(page.get_by_text("Page 1 of 3.")).to_be_visible()
    expect(page.locator(".cell")).to_have_count(1000)
    seen = page.locator(".mine, .ends").evaluate_all("all => all.map(e => e.textContent).join('')")
    assert seen == text[:1000]
    page.locator("table").first.locator("tbody button").first.click()
    expect(page.get_by_text("Page 3 of 3.")).to_be_visible()
    marked = page.locator(".cell.marked")
    expect(marked).to_have_count(6)
    assert in_view(marked.first)
    page.get_by_test_id("stPagination").get_by_role("button", name="2").first.click()
    expect(page.get_by_text("Page 2 of 3.")).to_be_visible()
    page.wait_for_timeout(500)
    seen = page.locator(".mine, .ends").evaluate_all("all => all.map(e => e.textContent).join('')")
    assert seen == text[1000:2000]
    ask(page, "My text and the model", text="the cat")
    expect(page.locator(".cell")).to_have_count(7)
    assert page.locator(".cell.marked").count() == 0


def test_keys(visit, toy_url):
    page = compare_page(visit, toy_url)
    ask(page, "My text and the model", text="the cat\nsat on")
    page.locator(".cell").first.wait_for()
    assert page.locator(".item[tabindex='0']").count() == 1
    page.locator(".item[tabindex='0']").focus()
    focused = page.locator(".item:focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^“t”, .*rank \d+ · [\d.]+ bits"))
    expect(focused).to_have_attribute("role", "button")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-label", re.compile("^“h”"))
    expect(page.locator(".told")).to_contain_text(re.compile("^h ·"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    expect(focused).to_have_attribute("aria-label", re.compile("^“n”"))
    assert focused.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
    page.keyboard.press("Tab")  # on to the tables
    row = page.locator("td button:focus")
    expect(row).to_have_count(1)
    page.keyboard.press("Enter")
    assert page.locator(".cell.marked").count() > 0
    page.locator(".item[tabindex='0']").focus()
    page.keyboard.press("Escape")
    assert page.locator(".marked").count() == 0
    assert page.locator(".item[tabindex='0']").count() == 1


def test_two_drafts(visit, judged_url):
    before = HUMAN
    after = (
        HUMAN.replace("She hummed.", "She sang, softly.")
        .replace("burnt ", "")
        .replace("aloud.", "aloud. Not once, in all those years.")
    )
    page = compare_page(visit, judged_url)
    ask(page, "Two drafts", before=before, after=after)
    page.locator("ins").first.wait_for()
    model = load_model("toy")
    analyzer = Analyzer(model, calibration=toy_card(model.info))
    found = drafts(analyzer.analyze(before), analyzer.analyze(after))
    expect(page.get_by_text(found.sentence)).to_be_visible()
    sides = [
        "".join(page.locator(f".side[data-side={name}]").evaluate_all("all => all.map(e => e.textContent)"))
        for name in ("earlier", "later")
    ]
    assert sides == [before, after]
    changes = [one for one in found.stretches if one.kind != "unchanged"]
    assert {one.kind for one in changes} == {"replaced", "deleted", "inserted"}
    for tag, kinds in (("del", ("replaced", "deleted")), ("ins", ("replaced", "inserted"))):
        assert page.locator(f".side {tag}").count() == sum(one.kind in kinds for one in changes)
    effects = page.locator(".effect").evaluate_all("all => all.map(e => e.dataset.bits)")
    assert effects == [signed(one.difference) for one in changes] or sorted(effects) == sorted(
        signed(one.difference) for one in changes
    )
    replaced = next(one for one in changes if one.kind == "replaced")
    page.locator("ins.replaced").first.hover()
    told = page.locator(".told")
    expect(told).to_contain_text(f"{bits(replaced.bits_before)} → {bits(replaced.bits_after)} bits")
    expect(told).to_contain_text(f"{signed(replaced.share_before, 2)} → {signed(replaced.share_after, 2)}")
    looks = {
        name: page.locator(name).first.evaluate(
            "e => { const s = getComputedStyle(e); return [s.textDecorationLine, s.textDecorationStyle, "
            "s.backgroundColor].join() }"
        )
        for name in ("ins.inserted", "del.deleted", "ins.replaced", "del.replaced")
    }
    assert len(set(looks.values())) == 4
    assert all(("underline" in look) == name.startswith("ins") for name, look in looks.items())
    file = downloaded(page, "Changes as CSV")
    assert "".join(one["after"] for one in file) == after
    file = downloaded(page, "Statistics as CSV")
    assert [one["statistic"] for one in file] == [one.name.replace("_", " ") for one in found.statistics]
    page.locator(".tables tbody tr").first.click()
    assert page.locator(".marked").count() >= 1
    assert in_view(page.locator(".marked").first)


def test_own_earlier_texts_from_files(visit, toy_url):
    page = compare_page(visit, toy_url)
    page.get_by_role("radio", name="My own earlier texts").click()
    page.locator("input[type=file]").last.set_input_files(
        [{"name": f"own-{n}.txt", "mimeType": "text/plain", "buffer": one.encode()} for n, one in enumerate(OWN[:6])]
    )
    expect(page.get_by_text("6 files")).to_be_visible()
    new = "zzzz the quick dog and some more words to be long enough"
    ask(page, "My own earlier texts", text=new, own="\n---\n".join(OWN[6:]))
    found = baseline([toy().analyze(one) for one in OWN]).placement(toy().analyze(new))
    expect(page.get_by_text(found.sentence)).to_be_visible()
    strips = page.get_by_role("img", name=re.compile("this text .*earlier texts"))
    expect(strips).to_have_count(len(found.places))
    assert strips.first.locator("i").count() == len(found.places[0].own) + 1
    expect(page.get_by_text(re.compile(r"p = [\d.–]+"))).not_to_have_count(0)
    assert "not yours" not in page.locator("body").inner_text().lower()
    page.get_by_text("The earlier texts by their numbers").click()
    expect(page.get_by_text("own-0.txt", exact=True)).to_be_visible()
    file = downloaded(page, "Download CSV")
    assert [float(one["value"]) for one in file] == pytest.approx([place.value for place in found.places])


def test_two_models(visit, toy_url):
    page = compare_page(visit, toy_url)
    ask(page, "Two models", text=TEXT, model="toy2")
    words = page.locator(".word")
    words.first.wait_for()
    a, b = toy().analyze(TEXT), Analyzer(load_model("toy2")).analyze(TEXT)
    found = agreement(a, b)
    assert page.locator(".words").evaluate("e => e.textContent") == TEXT
    expect(page.get_by_text(f"{found.correlation:.2f}".replace("-", "−"), exact=True)).to_be_visible()
    expect(page.get_by_text(f"{found.bits_per_character_b:.2f} bits a character")).to_be_visible()
    colours = DIVERGING["light"].background
    for i, reading in enumerate(found.readings):
        step = sum(reading.difference >= bound for bound in (-6, -2, 2, 6))
        expected = "rgb({}, {}, {})".format(*(int(colours[step][k : k + 2], 16) for k in (1, 3, 5)))
        assert words.nth(i).evaluate("e => getComputedStyle(e).backgroundColor") == expected
    most = max(found.readings, key=lambda reading: abs(reading.difference))
    row = page.locator(".tables tbody tr").first
    expect(row).to_contain_text(signed(most.difference))
    row.click()
    assert page.locator(".word.marked").inner_text().strip() == most.text.strip()
    file = downloaded(page, "Download CSV")
    assert [float(one["difference"]) for one in file] == pytest.approx([one.difference for one in found.readings])


def test_an_unknown_model_is_a_message(visit, toy_url, tmp_path):
    page = compare_page(visit, toy_url)
    ask(page, "Two models", text="the cat", model=str(tmp_path))
    expect(page.get_by_test_id("stAlert")).to_contain_text("Check the name")


@pytest.mark.parametrize("question", ["My text and the model", "Two drafts", "My own earlier texts", "Two models"])
def test_hostile_text_is_only_text(visit, toy_url, question):
    page = compare_page(visit, toy_url)
    typed = {
        "My text and the model": {"text": HOSTILE},
        "Two drafts": {"before": HOSTILE, "after": HOSTILE.replace("bold", "<b>b</b>").replace("$x$", "")},
        "My own earlier texts": {"text": HOSTILE, "own": "\n---\n".join([*OWN, HOSTILE[::-1]])},
        "Two models": {"text": HOSTILE, "model": "toy2"},
    }[question]
    ask(page, question, **typed)
    page.get_by_role("button", name=re.compile("CSV")).first.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x], .compare script, .compare b").count() == 0
    if page.locator(".compare").count():
        for item in page.locator(".item").all()[:40:5]:
            item.hover()
        page.locator(".tables tbody tr").first.click()
        assert page.evaluate("window.pwned") is None
    assert HOSTILE[:20] not in page.url


def test_answers_outlive_another_page(visit, toy_url):
    page = compare_page(visit, toy_url)
    ask(page, "My text and the model", text="the cat sat")
    page.locator(".cell").first.wait_for()
    ask(page, "Two drafts", before="the cat", after="the dog")
    page.locator("ins").first.wait_for()
    page.get_by_role("link", name="Analyse").first.click()
    page.get_by_role("button", name="Analyse").wait_for()
    page.get_by_role("link", name="Compare").first.click()
    expect(page.locator("ins")).to_have_count(1)
    expect(page.get_by_role("textbox", name="Later draft")).to_have_value("the dog")
    page.get_by_role("radio", name="My text and the model").click()
    expect(page.locator(".cell")).to_have_count(11)
    expect(page.get_by_role("textbox", name="Your text")).to_have_value("the cat sat")


def test_what_is_typed_outlives_another_question_and_another_page(visit, toy_url):
    page = compare_page(visit, toy_url)
    typed = {
        "My text and the model": {"text": "the cat sat"},
        "My own earlier texts": {"own": "the mat"},
        "Two drafts": {"before": "the cat", "after": "the dog"},
        "Two models": {"model": "toy2"},
    }
    for question, boxes in typed.items():
        page.get_by_role("radio", name=question).click()
        expect(page.get_by_text(BEGINS[question])).to_be_visible()
        idle(page)
        for label, text in boxes.items():
            page.get_by_role("textbox", name=LABELS[label]).fill(text)
            page.keyboard.press("Tab")  # a link pressed at once, faster than a hand can, makes Streamlit drop it
        page.wait_for_timeout(300)
        idle(page)
    page.get_by_role("link", name="Analyse").first.click()
    page.get_by_role("button", name="Analyse").wait_for()
    page.get_by_role("link", name="Compare").first.click()
    for question, boxes in typed.items():
        page.get_by_role("radio", name=question).click()
        expect(page.get_by_text(BEGINS[question])).to_be_visible()
        for label, text in boxes.items():
            expect(page.get_by_role("textbox", name=LABELS[label])).to_have_value(text)
    assert page.locator(".compare").count() == 0  # only the button begins


def test_control_enter_compares_and_a_changed_text_is_told(visit, toy_url):
    page = compare_page(visit, toy_url)
    box = page.get_by_role("textbox", name="Your text")
    box.fill("the cat sat")
    box.press("Control+Enter")
    expect(page.locator(".cell")).to_have_count(11)
    idle(page)
    told = page.get_by_text("have changed since")
    expect(told).to_have_count(0)
    box.fill("the dog")
    box.blur()
    expect(told).to_be_visible()
    expect(page.locator(".cell")).to_have_count(11)
    box.press("Control+Enter")
    expect(page.locator(".cell")).to_have_count(7)
    expect(told).to_have_count(0)


def test_the_text_of_analyse_is_taken_over(visit, toy_url):
    page = visit(toy_url)
    idle(page)
    page.get_by_label("Your text").fill("the cat sat")
    page.get_by_role("link", name="Compare").first.click(delay=100)
    page.get_by_role("button", name="The text of Analyse").click()
    expect(page.get_by_role("textbox", name="Your text")).to_have_value("the cat sat")
    page.get_by_role("button", name=re.compile("^Compare")).click()
    expect(page.locator(".cell")).to_have_count(11)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_sticks_out_and_axe_finds_nothing_serious(visit, judged_url, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = compare_page(visit, judged_url, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for question, typed in (
        ("My text and the model", {"text": TEXT + " x" * 20 + "y" * 300}),
        ("Two drafts", {"before": HUMAN, "after": HUMAN.replace("hummed", "sang").replace(" Tuesday", "")}),
        ("My own earlier texts", {"text": TEXT, "own": "\n---\n".join(OWN)}),
        ("Two models", {"text": TEXT, "model": "toy2"}),
    ):
        ask(page, question, **typed)
        page.get_by_role("button", name=re.compile("CSV")).first.wait_for()
        page.wait_for_timeout(700)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        for box in page.locator(".compare, .compare .text, .compare table").all():
            assert box.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), question
        found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}).response
        serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert not [(v["id"], [node["target"] for node in v["nodes"]]) for v in serious], question
