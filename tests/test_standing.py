import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration import LengthBin, Settings
from analyzer.calibration.among import tail_share
from analyzer.calibration.standing import standing
from analyzer.charts.standing_chart import standing_chart
from analyzer.models.toy import ToyModel

CORPUS = "the quick brown fox jumps over the lazy dog and the cat sat on the mat. "


def one_bin(**groups: list[float]) -> LengthBin:
    human = {name: np.array(of) for name, of in groups.items()}
    return LengthBin(1, human, {"chat": np.array([9.0])}, 1.0, np.zeros(0), np.ones(0), 1.0, 0.0)


def test_a_large_and_a_small_population_count_as_in_the_p_value() -> None:
    one = one_bin(large=[0.0] * 300, medium=[1.0] * 100, small=[2.0] * 3)
    found = standing(one, kind=None, count=99).human
    assert [(found == v).sum() for v in (0, 1, 2)] == [33, 33, 33]
    assert standing(one, kind="small").human.tolist() == [2.0] * 100
    assert len(standing(one, kind="unknown").human) == 0


@given(st.lists(st.floats(-5, 5), min_size=100, max_size=300), st.floats(-6, 6))
def test_dots_beyond_a_text_are_its_p_value_in_hundredths(scores: list[float], score: float) -> None:
    one = one_bin(only=scores)
    beyond = int((standing(one, kind=None).human >= score).sum())
    assert beyond / 100 == pytest.approx(tail_share(one.human, score, None), abs=0.02)


def test_the_chart_shows_two_hundred_dots_and_the_text() -> None:
    model = ToyModel(CORPUS)
    analyzer = Analyzer(model, calibration=toy_card(model.info))
    for text in (HUMAN, MACHINE):
        chart = standing_chart(analyzer.analyze(text))
        assert chart is not None
        drawn = chart.to_dict()
        assert sorted(len(rows) for rows in drawn["datasets"].values()) == [1, 200]
        assert "of the people's are at least as machine-like" in drawn["description"]


def test_no_chart_where_nothing_is_known() -> None:
    model = ToyModel(CORPUS)
    assert standing_chart(Analyzer(model).analyze(MACHINE)) is None
    judged = Analyzer(model, calibration=toy_card(model.info))
    assert standing_chart(judged.analyze("too short")) is None
    assert standing_chart(judged.analyze(MACHINE).judged(Settings(kind="letters"))) is not None
