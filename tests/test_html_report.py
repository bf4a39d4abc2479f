"""The report: what it says, that hostile text stays text, and that anybody can read it. In a real Chromium, too."""

import html
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM
from toy_card import HUMAN, MACHINE, toy_card

from analyzer import wording
from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration import Settings
from analyzer.charts import rank_histogram
from analyzer.charts.chart_files import to_svg
from analyzer.detectors import DETECTORS
from analyzer.html_report import html_report
from analyzer.markup import BUCKET_LABELS
from analyzer.models.toy import ToyModel
from analyzer.statistics import STATISTICS

HOSTILE = {
    "image": "</span></div><img src=x onerror=\"window.pwned=1\"><img src='http://127.0.0.1:9/a.png'>",
    "script": "<script>window.pwned=1</script><SCRIPT SRC=http://127.0.0.1:9/x.js></SCRIPT>",
    "attribute": '" onmouseover="window.pwned=1" x=" \' onload=\'window.pwned=1 `x`',
    "svg": "</text></desc></title></svg><svg onload=window.pwned=1></svg><svg/onload=window.pwned=1>",
    "style": "</style><style>body{display:none}</style><link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "comment": "--> <!-- ]]> <![CDATA[ <!--> <script> --!>",
    "frames": "<iframe src=javascript:window.pwned=1></iframe><base href=//127.0.0.1:9/><meta http-equiv=refresh>",
    "entities": "&lt;b&gt; &amp;amp; &#x3C;script&#x3E; &nbsp &copy",
    "template": "{{ 7*7 }} {% raw %} {# x #} ${7*7} <%= 7*7 %> #{7*7}",
    "markdown": "# head\n\n* **bold** [link](javascript:window.pwned=1) ![x](http://127.0.0.1:9/a.png) | a | b |",
    "latex": "\\input{/etc/passwd} $x^2$ \\end{document} % {} ~ ^ _",
    "bidi": "abc \u202eevil\u2066 \u2067x\u200f y \u061c\u202c z \u202a never closed",
    "controls": "a\0b\x01\x07\x08\x0b\x0c\x1b[31m\x7f\x80\x85\x9b\ufffe\uffffz\ufeff",
    "layout": "\n\n  two  spaces\t\ttabs\r\nand \r one\u2028line\u2029end \u00a0 \n\n",
    "unicode": "e\u0301 👩‍💻 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ﷽ 𝒳 \u200b\u200d\u00ad pаypаl שלום العربية",
    "endless": "x" * 100_000,
}


def analyse(text: str, context: str | None = None) -> Analysis:
    model = ToyModel("the quick brown fox jumps over the lazy dog and the cat sat on the mat. ")
    return Analyzer(model, calibration=toy_card(model.info)).analyze(text, context)


def words(page: str) -> str:
    """What the page says, tags and white space out of the way."""
    body = re.sub(r"<svg.*?</svg>|<style>.*?</style>", " ", page, flags=re.S)
    body = re.sub(r"</t[dh]>|</d[td]>", " ", body)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


# What it says


@pytest.mark.parametrize("text", [MACHINE, HUMAN, MACHINE + HUMAN])
def test_a_verdict_is_told_in_the_pages_own_words(text):
    analysis = analyse(text)
    found, said = analysis.likelihood, words(html_report(analysis))
    assert found.verdict != "not judged"
    for phrase in (wording.probability_phrase(found), wording.p_value_phrase(found), wording.length_phrase(analysis)):
        assert phrase is not None
        assert " ".join("".join(phrase).split()) in said
    assert f"{wording.ASKED} {wording.sentence_case(found.verdict)} {wording.MEANING[found.verdict]}" in said
    assert f"Human p-value: {wording.number(found.human_p_value)}." in said
    assert "Of 1,000 innocent writers about 10 would be called likely AI at this setting, more among" in said
    assert "This is evidence, not proof." in said
    for reason in found.reasons:
        assert " ".join(reason.split()) in said


def test_abstaining_has_its_reason_and_no_number():
    said = words(html_report(analyse("the cat")))
    assert "Not judged" in said
    assert "No probability is given." in said
    assert "Too short" in said
    assert "Probability of a machine" not in said
    assert wording.CARRYING not in said


def test_the_verdict_is_that_of_the_settings():
    said = words(html_report(analyse(MACHINE).judged(Settings(0.001, base_rate=0.1, kind="letters"))))
    assert "about 1 would be called" in said
    assert "If machines wrote 10 % of texts like this" in said
    assert "human texts of this length (letters)" in said
    assert "false-positive rate 0.1 %" in said


def test_every_statistic_detector_and_chart_is_there_with_its_meaning():
    analysis = analyse(MACHINE)
    page = html_report(analysis)
    said = words(page)
    for one in (*STATISTICS, *DETECTORS):
        assert one.description in said
        assert one.name.replace("_", " ") in said
    for warning in analysis.detections["lastde"].warnings:
        assert warning in said
    assert len(re.findall(r'<svg [^>]*role="img"[^>]*aria-labelledby', page)) == 6  # five charts, one in two widths
    for caption in wording.CHART_MEANS.values():
        assert caption in said
    assert to_svg(rank_histogram(analysis), width=400) in page


def test_what_stands_in_the_page_once_has_one_id():
    ids = re.findall(r'\bid="([^"]+)"', html_report(analyse(MACHINE + "\u200b")))
    assert len(ids) == len(set(ids))
    assert {"verdict", "text", "hidden", "statistics", "detectors", "charts", "made"} <= set(ids)


def test_it_says_how_it_was_made_and_is_the_same_each_time():
    analysis = analyse(MACHINE, "Write about a cat.\nBe <i>kind</i>.")
    page = html_report(analysis, title="A <letter>", date=date(2026, 11, 22))
    said = words(page)
    for made in (analysis.model.name, analysis.model.revision, analysis.model.libraries, "toy-1", "2026-11-22"):
        assert made in said
    assert "A <letter>" in said
    assert "Be <i>kind</i>." in said
    assert page == html_report(analysis, title="A <letter>", date=date(2026, 11, 22))
    assert "<time" not in html_report(analysis)


def test_hidden_characters_are_listed_and_marked_where_they_are():
    page = html_report(analyse(MACHINE.replace("cat", "c\u200bat").replace("lazy", "lаzy")))
    said = words(page)
    assert "1 zero-width character, 1 letter of another alphabet that looks Latin." in said
    assert "U+200B ZERO WIDTH SPACE character 6: the c▯at sat on" in said
    assert '<span class="mark" data-mark="‹200B›">\u200b</span>' in page
    assert '<span class="alike" data-mark="‹0430›">а</span>' in page


def test_many_hidden_characters_do_not_drown_the_report():
    page = html_report(analyse("a\u200b " * 1000))
    assert page.count("ZERO WIDTH SPACE") == 200
    assert "And 800 more." in words(page)
    assert page.count('data-mark="‹200B›"') == 1000


def test_sentences_are_those_that_the_page_lists():
    analysis = analyse((MACHINE + HUMAN) * 2)
    said = words(html_report(analysis))
    for row in wording.carrying(analysis, analysis.sentences()):
        assert " ".join(row.text.split()) in said
        assert wording.towards(row.share) in said


def test_where_a_machine_seems_to_have_gone_on_is_said():
    analysis = analyse(HUMAN * 2 + "\n\n" + MACHINE * 2)
    phrase, cut = wording.cut_phrase(analysis, analysis.sentences()), analysis.cut()
    assert phrase is not None
    assert "".join(phrase) in words(html_report(analysis))
    assert f"(token {cut.token + 1}; " in phrase.after
    start = int(analysis.tokenization.spans[cut.token, 0])
    assert " ".join(analysis.text[start:].split()).startswith(phrase.key.strip("“”…"))
    assert abs(start - len(HUMAN) * 2) < 20


@pytest.mark.parametrize("text", [HUMAN * 3, MACHINE * 3, MACHINE + HUMAN * 2])
def test_nothing_is_said_of_a_cut_where_nothing_speaks_for_one(text):
    analysis = analyse(text)
    assert wording.cut_phrase(analysis, analysis.sentences()) is None
    assert "went on" not in words(html_report(analysis))


def test_a_model_without_start_token_and_without_calibration():
    said = words(html_report(Analyzer(ToyModel("the cat.", start=False)).analyze("the cat sat")))
    assert "There is no calibration for this model" in said
    assert "none: the first token is not scored" in said


def test_names_and_warnings_are_hostile_too():
    analysis = analyse(MACHINE)
    evil = "<img src=x onerror=alert(1)>\u202e"
    analysis = replace(
        analysis, model=replace(analysis.model, name=evil, revision=evil, notes=(evil,)), warnings=(evil,)
    )
    page = html_report(analysis, title=evil)
    assert "<img" not in page
    assert "\u202e" not in page


# In the browser


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs a Chromium at {CHROMIUM}, or its path in CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Open a report as a file; at the end check that it asked for nothing, ran nothing and had nothing to complain."""
    contexts, complaints = [], []

    def open_report(page_text, *, width=1280, **options):
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_text(page_text, encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: r.url == file.as_uri() or complaints.append(r.url))
        page.goto(file.as_uri())
        assert page.evaluate("window.pwned") is None
        assert page.url == file.as_uri()
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert not complaints


@pytest.mark.browser
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_as_it_is_and_does_nothing(opened, name):
    """With the policy switched off: escaping holds on its own."""
    text = HOSTILE[name]
    page = opened(html_report(analyse(text, text), title=text[:200]), bypass_csp=True, width=390)
    assert page.locator("#analysed").evaluate("e => e.textContent") == text.replace("\0", "")
    assert page.locator(".before").evaluate("e => e.textContent") == text.replace("\0", "")
    assert page.locator("#analysed [data-mark='‹0000›']").count() == text.count("\0")
    assert page.locator("script, img, iframe, link, base, object, embed, form, [onload], [onerror]").count() == 0
    assert page.locator("main > section").count() >= 6
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_direction_overrides_end_at_once(opened):
    page = opened(html_report(analyse("abc \u202edef ghi jkl")))
    xs = page.evaluate(
        """() => {
            const walker = document.createTreeWalker(document.querySelector("#analysed"), NodeFilter.SHOW_TEXT);
            const found = {};
            for (let node; (node = walker.nextNode()); )
                for (let i = 0; i < node.data.length; i++) {
                    const range = document.createRange();
                    range.setStart(node, i); range.setEnd(node, i + 1);
                    found[node.data[i]] = range.getBoundingClientRect().left;
                }
            return found;
        }"""
    )
    assert xs["d"] < xs["e"] < xs["f"] < xs["g"] < xs["l"]


@pytest.mark.browser
def test_the_policy_stops_a_script_that_should_ever_get_in(opened, chromium, tmp_path):
    page_text = html_report(analyse(MACHINE)).replace(
        "<main>", "<script>window.pwned=1</script><img src='data:image/png;base64,x' onerror='window.pwned=1'><main>"
    )
    file = tmp_path / "injected.html"
    file.write_text(page_text, encoding="utf-8")
    for bypass, ran in ((False, None), (True, 1)):
        context = chromium.new_context(bypass_csp=bypass)
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.evaluate("window.pwned") == ran
        context.close()
    with_style = opened(html_report(analyse(MACHINE)))  # the policy lets the report's own style sheet through
    assert with_style.locator(".verdict").evaluate("e => getComputedStyle(e).fontWeight") == "700"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(opened, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    text = (MACHINE + HUMAN).replace("cat", "c\u200bat", 1) + "zzz qqq 👍 lаzy\r\n"
    analysis = analyse(text * 2, "Write.")
    ranks = np.resize([1, 50, 500, 5000], len(analysis.scores))  # the toy's vocabulary is too small for the last
    analysis = replace(analysis, scores=replace(analysis.scores, rank=ranks), warnings=("Be careful.",))
    report = html_report(analysis, title="Letter", date=date(2026, 11, 22))
    page = opened(report, color_scheme=scheme, width=width)
    assert all(page.locator(f"#analysed .r{bucket}").count() for bucket in range(4))
    found = axe.Axe().run(page).response
    serious = [
        (v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"] if v["impact"] in ("serious", "critical")
    ]
    assert not serious
    checked = {one["id"] for one in found["passes"]}
    assert {"color-contrast", "html-has-lang", "document-title", "svg-img-alt", "list"} <= checked
    unsure = [node["html"][:200] for v in found["incomplete"] if v["id"] == "color-contrast" for node in v["nodes"]]
    assert not [node for node in unsure if re.search(r'class="r\d|<p|<td|<th', node)]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_bucket_has_a_line_of_its_own_and_paper_is_light(opened, scheme):
    page = opened(html_report(analyse(MACHINE)), color_scheme=scheme)
    legend = page.locator(".legend li")
    assert legend.all_text_contents() == [f"rank {label}" for label in BUCKET_LABELS]
    style = "all => all.map(e => getComputedStyle(e)).map(s => s.textDecorationLine + s.textDecorationStyle)"
    assert len(set(legend.evaluate_all(style))) == 4
    luminance = (
        "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)"
    )
    page.emulate_media(media="print", color_scheme=scheme)
    assert page.locator("html").evaluate(luminance) == 765
    greys = [item.evaluate(luminance) for item in legend.all()]
    assert greys == sorted(greys, reverse=True)  # darker step by step, without colour too
    assert not page.locator("nav").is_visible()
    assert page.pdf()[:5] == b"%PDF-"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "shown"), [(1280, 0), (390, 1)])
def test_charts_fit_and_the_long_curve_is_drawn_once(opened, width, shown):
    page = opened(html_report(analyse(MACHINE)), width=width)
    curves = page.locator(".surprise svg")
    assert [curve.is_visible() for curve in curves.all()] == [n == shown for n in range(2)]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    size = page.locator(".ranks svg text").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a"
    )
    assert size >= 10


@pytest.mark.browser
def test_chart_ink_is_that_of_the_page(opened):
    for scheme in ("light", "dark"):
        page = opened(html_report(analyse(MACHINE)), color_scheme=scheme)
        ink = page.locator("body").evaluate("e => getComputedStyle(e).color")
        texts = page.locator("figure svg text")
        assert set(texts.evaluate_all("all => all.map(e => getComputedStyle(e).fill)")) == {ink}
        back = page.locator("figure svg .background")
        assert set(back.evaluate_all("all => all.map(e => getComputedStyle(e).fill)")) == {"none"}
