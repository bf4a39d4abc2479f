"""The model card: every measured figure is there, what is missing is left out, and it needs no model."""

import json
import os
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest
from toy_card import MEASURED, toy_card

from analyzer.calibration.cards import save_card, to_dict
from analyzer.ui import card_charts, card_tables
from analyzer.ui.session import load_model

PAGE = "from analyzer.ui.about import about_page\nabout_page()\n"


@pytest.fixture
def card(monkeypatch, tmp_path):
    """The path of the card that the page reads."""
    path = tmp_path / "card.json"
    save_card(toy_card(load_model("toy").info), path)
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(path))
    monkeypatch.delenv("ANALYZER_MODEL", raising=False)
    return path


def draw() -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=30).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.header, *app.markdown, *app.caption, *app.warning, *app.info]).replace(
        "\u00a0", " "
    )


@pytest.mark.usefixtures("card")
def test_it_prints_the_measured_figures():
    app = draw()
    told = words(app)
    assert "Card toy\\-1, made 2026\\-01\\-01, for the model toy" in told
    assert "it accused 0.8 % of 400 whose texts it had not seen" in told
    assert "Most at risk were writers of letters: with no such text in the calibration, 4 % of 100 were called" in told
    assert "900 texts: 400 by people, 500 by machines, from 700 sources." in told
    first = app.table[0].value
    assert list(first.columns) == ["", "new sources", "new kinds of writing"]
    assert first.iloc[2].tolist() == ["AUROC", ".970 (.960 to .980)", ".920"]
    assert len(app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")) == 2
    assert "What this must not be used for" in told
    assert "Privacy" in told


def test_missing_figures_are_left_out(card):
    found = json.loads(card.read_text())
    card.write_text(json.dumps(found | {"measured": {}, "bins": []}))
    app = draw()
    names = ["A guess", "The numbers", "The verdict", "What this must not be used for", "Privacy"]
    assert [h.value for h in app.header] == names
    assert not app.table


@pytest.mark.parametrize("key", list(MEASURED))
def test_any_one_figure_may_be_missing(card, key):
    found = json.loads(card.read_text())
    card.write_text(json.dumps(found | {"measured": {k: v for k, v in MEASURED.items() if k != key}}))
    draw()


def test_without_a_card_it_says_so(card):
    card.unlink()
    assert "There is no calibration card" in words(draw())


def test_a_model_that_the_card_is_not_for_is_named(monkeypatch, card, tmp_path):
    monkeypatch.setattr("analyzer.ui.model_card.resources.files", lambda _: tmp_path)
    (tmp_path / "calibration" / "shipped").mkdir(parents=True)
    card.rename(tmp_path / "calibration" / "shipped" / "smollm2-135m-instruct.json")
    monkeypatch.delenv("ANALYZER_CALIBRATION")
    assert "This page runs on" not in words(draw())
    monkeypatch.setenv("ANALYZER_MODEL", "gpt2")
    assert "Your texts are read by gpt2, which this card is not for" in words(draw())


@pytest.mark.usefixtures("card")
def test_it_loads_no_torch():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_string({PAGE!r}, default_timeout=30).run()\n"
        "assert not app.exception and app.title[0].value == 'About'\n"
        "assert not {'torch', 'transformers'} & set(sys.modules), 'heavy import'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_columns_that_nothing_fills_are_left_out():
    rows = card_tables.by_part(MEASURED["by_generator"], name="generator")
    assert list(rows[0]) == ["generator", "people", "machine", "AUROC", "found", "unclear", "not judged"]
    assert rows[1]["generator"] == "old\\*base\\*"


def test_charts_are_valid_and_hold_the_figures():
    found = to_dict(toy_card(load_model("toy").info))
    chart = card_charts.reliability_chart(MEASURED["reliability"]).to_dict()
    assert "96%: 97% of 500" in chart["description"]
    scores = card_charts.scores_chart(found["bins"][0]).to_dict()
    (rows,) = scores["datasets"].values()
    for who in ("people", "machines"):
        assert sum(row["share"] for row in rows if row["written by"] == who) == pytest.approx(1)
    assert "400 texts by people and 500 texts by machines" in scores["description"]


def test_lengths_are_in_their_order():
    rows = card_tables.by_part(MEASURED["by_length"], name="length in tokens")
    assert [row["length in tokens"] for row in rows] == ["from 40", "from 200"]
