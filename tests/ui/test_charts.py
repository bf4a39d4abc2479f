"""Charts hold the numbers of the analysis, say what they show, and stay light."""

import json
import math

import numpy as np
import pytest

from analyzer import charts
from analyzer.analysis import Analysis, Analyzer
from analyzer.markup import PALETTES
from analyzer.models.toy import ToyModel

ALL = (
    charts.rank_histogram,
    charts.frac_p_histogram,
    charts.entropy_histogram,
    charts.surprise_curve,
    charts.fluctuation_curve,
)


def analyse(text: str, **options: bool) -> Analysis:
    return Analyzer(ToyModel("the cat sat on the mat. the dog sat on the cat.", **options)).analyze(text)


def rows_of(chart: object) -> list[dict[str, object]]:
    """The one table behind a chart."""
    (rows,) = chart.to_dict()["datasets"].values()  # type: ignore[attr-defined]
    return rows


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("text", ["the cat sat on the dog", "t", "naïve 👍\r\n\0"])
def test_every_chart_is_valid_described_and_titled(make, text):
    chart = make(analyse(text)).to_dict()  # to_dict validates against the schema
    assert len(chart["description"]) > 30
    assert chart["title"]
    assert "NaN" not in json.dumps(chart)


@pytest.mark.parametrize("make", ALL)
def test_a_model_without_start_token(make):
    found = json.loads(json.dumps(make(analyse("the cat", start=False)).to_dict(), allow_nan=False))
    assert any(found["datasets"].values())


def test_rank_bars_add_up_and_have_the_colours_of_the_text():
    analysis = analyse("the cat sat on the dog zzz")
    chart = charts.rank_histogram(analysis, palette=PALETTES["dark"])
    assert sum(row["tokens"] for row in rows_of(chart)) == len(analysis.scores)
    assert tuple(chart.to_dict()["layer"][0]["encoding"]["color"]["scale"]["range"]) == PALETTES["dark"].background


@pytest.mark.parametrize("make", [charts.frac_p_histogram, charts.entropy_histogram])
def test_every_token_is_in_one_bar(make):
    analysis = analyse("the cat sat on the dog")
    assert sum(row["tokens"] for row in rows_of(make(analysis))) == len(analysis.scores)


def test_undefined_entropies_are_left_out():
    analysis = Analyzer(ToyModel("abc"), top_k=3).analyze("abcabc")  # too few alternatives
    assert sum(row["tokens"] for row in rows_of(charts.entropy_histogram(analysis))) == 0


def test_surprise_is_in_bits_and_positions_count_from_one():
    analysis = analyse("the cat")
    rows = rows_of(charts.surprise_curve(analysis))
    assert [row["token"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose([row["surprise"] for row in rows], -analysis.scores.log_prob / math.log(2))
    np.testing.assert_allclose(
        [row["high"] - row["expected"] for row in rows], np.sqrt(analysis.scores.varentropy) / math.log(2)
    )
    assert [row["rank"] for row in rows] == analysis.scores.rank.tolist()
    assert rows[3]["text"] == "“ ”"


@pytest.mark.parametrize(("stretch", "begun"), [(None, None), ((2, 5), {"x": [3, 5]})])
def test_a_stretch_can_be_drawn_on_the_curve(stretch, begun):
    chart = charts.brushed(charts.surprise_curve(analyse("the cat")), stretch=stretch).to_dict()
    (brush,) = chart["params"]
    assert (brush["name"], brush["select"]) == ("brush", {"encodings": ["x"], "type": "interval"})
    assert json.loads(json.dumps(brush.get("value"))) == begun


def test_surprise_of_two_paths_is_added_up_from_where_they_part():
    analysis, other = analyse("the cat zat"), analyse("the cat sat")
    chart = charts.surprise_against(analysis, other, first=8)
    bits = -np.log2(np.exp(1)) * analysis.scores.log_prob[8:]
    mine = [row["bits"] for row in rows_of(chart) if row["text"] == "this text"]
    np.testing.assert_allclose(mine, [0, *np.cumsum(bits)])
    assert [row["token"] for row in rows_of(chart)] == [8, 9, 10, 11] * 2
    assert f"{sum(bits):.1f} bits of this text" in chart.to_dict()["description"]


def test_a_long_text_is_drawn_by_means_and_says_so():
    analysis = analyse("the cat sat on the mat. " * 100)  # 2,400 tokens
    chart = charts.surprise_curve(analysis)
    rows = rows_of(chart)
    assert len(rows) == 200
    assert "means of 12 tokens" in chart.title
    assert [row["text"] for row in rows][:: len(rows) - 1] == ["1 to 12", "2,389 to 2,400"]
    mean = analysis.statistics["surprise_mean"] / math.log(2)
    assert np.mean([row["surprise"] for row in rows]) == pytest.approx(mean)
    first = analysis.scores.varentropy[:12]
    assert rows[0]["high"] - rows[0]["expected"] == pytest.approx(math.sqrt(first.sum()) / 12 / math.log(2))


def test_the_last_stretch_may_be_shorter():
    rows = rows_of(charts.surprise_curve(analyse("x" * 902)))  # means of 5
    assert rows[-1]["text"] == "901 to 902"
    assert rows[-1]["token"] == 901.5


@pytest.mark.parametrize("length", [100, 30_000])
def test_charts_stay_light(length):
    analysis = analyse("the cat sat on the mat. " * (length // 24))
    for make in ALL:
        assert len(json.dumps(make(analysis).to_dict())) < 400_000
