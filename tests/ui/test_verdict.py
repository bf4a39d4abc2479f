"""The verdict on the page: what it says, what its controls change, and that they ask the model nothing."""

import json
import math
import re
from datetime import date

import numpy as np
import pytest
from browser import ROOT
from streamlit.testing.v1 import AppTest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration import Settings
from analyzer.calibration.cards import save_card
from analyzer.markup import DIVERGING, DIVERGING_LINES, PALETTES
from analyzer.models.toy import ToyModel
from analyzer.ui import downloads, verdict
from analyzer.ui.sentence_view import carrying
from analyzer.ui.session import load_model
from analyzer.ui.token_view import pages, view_data

PLAIN_MODES = ["rank", "surprise", "expected", "excess", "probability", "share"]


def analyse(app: AppTest, text: str) -> AppTest:
    app.run()
    app.text_area(key="text").input(text)
    next(button for button in app.button if button.label == "Analyse").click().run()
    assert not app.exception
    assert not app.error
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.header, *app.markdown, *app.caption]).replace("\u00a0", " ")


def analysis_of(text: str) -> Analysis:
    model = ToyModel("the quick brown fox jumps over the lazy dog and the cat sat on the mat. ")
    return Analyzer(model, calibration=toy_card(model.info)).analyze(text)


@pytest.mark.parametrize(("text", "says"), [(MACHINE, "Likely AI"), (HUMAN, "Likely human"), ("the cat", "Not judged")])
def test_the_verdict_stands_in_words_in_one_place(app, text, says):
    analyse(app, text)
    assert [h.value for h in app.header] == [says]
    assert ("evidence, not proof" in words(app)) == (says != "Not judged")
    assert ("No probability is given." in words(app)) == (says == "Not judged")
    for reason in app.session_state["analysis"].likelihood.reasons:
        assert reason.replace("\u00a0", " ") in words(app).replace("\\", "")


def test_the_numbers_are_those_of_the_analysis(app):
    analyse(app, MACHINE)
    found = app.session_state["analysis"].likelihood
    assert f"Probability of a machine: **{100 * found.probability:.0f} %**" in words(app)
    assert "90 % interval" in words(app)
    assert f"About **{verdict.in_words(found.human_p_value)}** human texts of this length" in words(app)
    assert "Of 1,000 innocent writers about 10 would be called likely AI at this setting, more among" in words(app)


def test_controls_judge_again_without_a_forward_pass(app):
    analyse(app, MACHINE)
    model = load_model("toy")
    before = model.forward_passes, model.tokens_read
    app.select_slider(key="false-positive-rate").set_value(0.001).run()
    assert app.header[0].value == "Unclear"
    assert "about 1 would be called" in words(app)
    app.select_slider(key="false-positive-rate").set_value(0.05).run()
    assert app.header[0].value == "Likely AI"
    app.selectbox(key="kind").select("letters").run()
    assert "human texts of this length (letters)" in words(app)
    assert (model.forward_passes, model.tokens_read) == before
    assert not app.exception


def test_settings_are_one_readers_alone(app):
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    analyse(app, MACHINE)
    analyse(other, MACHINE)
    app.select_slider(key="false-positive-rate").set_value(0.001).run()
    app.select_slider(key="base-rate").set_value(0.1).run()
    other.run()
    assert (app.header[0].value, other.header[0].value) == ("Unclear", "Likely AI")
    assert "Expecting 10 %" in words(app)
    assert "Expecting 50 %" in words(other)


def test_the_base_rate_changes_the_probability_and_tells_how_many_are_innocent(app):
    analyse(app, MACHINE)
    assert "If machines wrote" not in words(app)
    assert share_innocent(app) < 5  # at 1 %, with machine texts found
    app.select_slider(key="base-rate").set_value(0.01).run()
    assert "If machines wrote 1 % of texts like this" in words(app)
    assert share_innocent(app) >= 50  # .99 · .01 accused wrongly against at most .01 · 1 rightly
    assert app.header[0].value == "Likely AI"  # the verdict rests on people's texts alone


def share_innocent(app) -> float:
    found = re.search(r"up to ([\d.]+).% would be innocent people’s", words(app))
    assert found
    return float(found[1])


def test_settings_stay_for_the_next_text(app):
    analyse(app, MACHINE)
    app.select_slider(key="false-positive-rate").set_value(0.05).run()
    analyse(app, HUMAN)
    assert app.select_slider(key="false-positive-rate").value == 0.05


@pytest.mark.parametrize("calibrated", [True, False])
def test_what_is_not_judged_has_a_reason_and_no_controls(app, monkeypatch, calibrated):
    if not calibrated:
        monkeypatch.delenv("ANALYZER_CALIBRATION")
    analyse(app, "the cat" if calibrated else MACHINE)
    assert app.header[0].value == "Not judged"
    assert ("Too short" if calibrated else "There is no calibration for this model") in words(app)
    assert not app.select_slider
    assert "carry it" not in words(app)


def test_a_card_of_another_model_gives_a_sentence(app, monkeypatch, tmp_path):
    save_card(toy_card(ToyModel("other").info), tmp_path / "other.json")
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(tmp_path / "other.json"))
    app.run()
    app.text_area(key="text").input("the cat")
    next(button for button in app.button if button.label == "Analyse").click().run()
    assert not app.exception
    assert "The calibration toy-1 is for revision" in app.error[0].value.replace("\\", "")


def test_hidden_characters_are_reported_with_the_likelihood_before_and_after(app):
    analyse(app, MACHINE.replace("cat", "c\u200bat") + "<img src=x>")
    told = words(app)
    assert "1 zero-width character" in told
    assert "The text was analysed as it stands." in told
    assert "With what a plain text would have in their place: **likely AI" in told
    table = next(h.value for h in app.get("html") if "ZERO WIDTH" in h.value)  # type: ignore[attr-defined]
    assert "character 6: the c▯at sat on" in table
    assert "\u200b" in app.session_state["analysis"].text
    analyse(app, MACHINE)
    assert "Hidden characters" not in words(app)


def test_all_detectors_are_listed_as_uncalibrated(app):
    analyse(app, MACHINE)
    table = next(t.value for t in app.table if "detector" in t.value)
    assert len(table) == len(app.session_state["analysis"].detections)
    assert "Larger is more machine-like" in words(app)


# The coloured text


def test_shares_and_sentences_are_modes_where_there_is_a_verdict():
    analysis = analysis_of(MACHINE + HUMAN)
    data = view_data(analysis, pages(analysis)[0])
    assert [mode["name"] for mode in data["modes"]] == [*PLAIN_MODES, "verdict", "sentence"]
    shares, digits = analysis.token_shares(), data["modes"][6]["of"]
    order = [digits[i] for i in np.argsort(shares)]
    assert order == sorted(order)
    assert {"0", "4"} & set(digits)
    per_sentence = [set(data["modes"][7]["of"][s.start + 1 : s.end]) for s in analysis.sentences()]  # bytes = letters
    assert all(len(found) == 1 for found in per_sentence[:2])
    assert len(data["scales"]["diverging"]["lines"]) == len(data["modes"][6]["steps"]) == 5


def test_what_is_not_judged_has_no_such_modes():
    analysis = analysis_of("the cat")
    data = view_data(analysis, pages(analysis)[0])
    assert [mode["name"] for mode in data["modes"]] == PLAIN_MODES


def test_modes_are_cut_to_the_page():
    analysis = analysis_of((MACHINE + HUMAN) * 2)
    whole = view_data(analysis, pages(analysis)[0])["modes"]
    parts = [view_data(analysis, page)["modes"] for page in pages(analysis, size=50)]
    for number, mode in enumerate(whole):
        assert "".join(part[number]["of"] for part in parts) == mode["of"]


@pytest.mark.parametrize("palette", [*PALETTES.values(), *DIVERGING.values()], ids=lambda p: f"{p.name}{len(p.text)}")
def test_text_on_every_colour_can_be_read(palette):
    for back, ink in zip(palette.background, palette.text, strict=True):
        a, b = sorted((luminance(back), luminance(ink)))
        assert (b + 0.05) / (a + 0.05) >= 4.5  # WCAG AA


def test_a_persons_side_is_never_red_and_has_another_line():
    for palette in DIVERGING.values():
        for colour in palette.background[:2]:
            red, _, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            assert blue > red
    assert len(set(DIVERGING_LINES)) == 5


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# Sentences


def test_where_a_machine_seems_to_have_gone_on_is_said(app):
    analyse(app, HUMAN * 2 + "\n\n" + MACHINE * 2)
    assert "If a machine went on from a person’s beginning" in words(app)
    app.text_area(key="text").input(MACHINE * 2 + "\n\n" + HUMAN * 2)
    next(button for button in app.button if button.label == "Analyse").click().run()
    assert "carry it" in words(app)
    assert "went on" not in words(app)


def test_the_sentences_that_carry_it_are_the_largest_in_the_order_of_the_text():
    analysis = analysis_of((MACHINE + HUMAN) * 2)
    sentences = analysis.sentences()
    rows = carrying(analysis, sentences, count=3)
    largest = sorted((abs(s.share) for s in sentences), reverse=True)[:3]
    assert sorted((abs(row.share) for row in rows if not row.stands_out), reverse=True)[:1] <= largest[:1]
    assert {round(share, 6) for share in largest} <= {round(abs(row.share), 6) for row in rows}
    assert max(abs(row.length) for row in rows) == 1
    places = [analysis.text.find(row.text[:20]) for row in rows]
    assert places[0] == min(places)
    assert math.isclose(sum(s.share for s in sentences), float(analysis.token_shares().sum()))


def test_a_long_or_hostile_sentence_stays_short_and_visible():
    analysis = analysis_of(MACHINE + "\u202e<b>" + "very " * 100 + "long. " + MACHINE)
    rows = carrying(analysis, analysis.sentences())
    assert all(len(row.text) <= 220 for row in rows)
    assert not any("\u202e" in row.text for row in rows)
    json.dumps([row.share for row in rows], allow_nan=False)


def test_the_bar_lies_in_its_line():
    bar = verdict.interval_bar(0.87, 0.71, 0.95)
    assert "left:71.0%;width:24.0%" in bar
    assert 'aria-label="Probability of a machine 87 %, 90 % interval 71 to 95 %"' in bar.replace("\u00a0", " ")


# Among texts of known origin, and files


def test_the_picture_follows_the_controls_and_asks_the_model_nothing(app):
    analyse(app, MACHINE)
    model = load_model("toy")
    before = model.forward_passes
    assert "Among texts of known origin" in words(app)
    any_kind = standing(app)
    app.selectbox(key="kind").select("letters").run()
    assert standing(app) != any_kind
    assert model.forward_passes == before
    analyse(app, "the cat")
    assert "Among texts of known origin" not in words(app)


def standing(app) -> str:
    return next(
        chart.proto.spec
        for chart in app.get("vega_lite_chart")
        if "for machines" in chart.proto.spec  # its description
    )


def test_files_are_judged_as_the_page_shows_it():
    analysis = analysis_of(MACHINE).judged(Settings(false_positive_rate=0.001))
    page = downloads.report_file(analysis)
    assert "Unclear" in page
    assert date.today().isoformat() in page
    for name in ("surprise", "ranks", "fluctuation", "frac-p", "entropy", "standing"):
        assert downloads.chart_file(analysis, name, "svg").startswith(b"<svg")
    assert downloads.chart_file(analysis, "ranks", "png").startswith(b"\x89PNG")


def test_what_is_not_judged_has_no_picture_to_download(app):
    analyse(app, "the cat")
    assert "Among texts of known origin" not in app.selectbox(key="chart-file").options
    assert [b.label for b in app.get("download_button")] == ["Report", "SVG", "PNG", "JSON", "CSV"]
    analyse(app, MACHINE)
    assert "Among texts of known origin" in app.selectbox(key="chart-file").options
