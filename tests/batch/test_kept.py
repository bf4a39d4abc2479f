"""What is kept of a result is enough for its record and for its verdict under any settings."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.kept import CURVE_POINTS, judged_again, keep, record_of, stretch_means
from analyzer.batch.layout import Layout
from analyzer.batch.rows import Result, Row, rows_of
from analyzer.calibration import Settings
from analyzer.errors import EmptyText, InputError
from analyzer.models.toy import ToyModel
from analyzer.ui.session import load_model

TEXTS = [MACHINE, HUMAN, HUMAN + MACHINE, MACHINE[:50] + HUMAN, "the cat", "", MACHINE * 5, "x = [1, 2, 3];\n" * 20]
SETTINGS = [
    Settings(rate, base, kind) for rate in (0.001, 0.01, 0.3) for base in (0.1, 0.5) for kind in (None, "letters")
]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    model = load_model("toy")
    return Analyzer(model, calibration=toy_card(model.info))


@pytest.fixture(scope="module")
def results(analyzer: Analyzer) -> list[Result]:
    rows = [Row(n, f"row {n}", text, {"year": n, "verdict": "mine"}) for n, text in enumerate(TEXTS, 1)]
    return list(score_rows(analyzer, rows))


def same(one: object, other: object) -> bool:
    return one == other or (
        isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: f"{one.false_positive_rate}-{one.base_rate}-{one.kind}")
def test_it_is_judged_again_as_the_analysis_itself(
    analyzer: Analyzer, results: list[Result], settings: Settings
) -> None:
    seen = set()
    for result in results:
        kept = keep(result, Layout())
        if result.analysis is None:
            assert kept.likelihood is None
            assert record_of(kept, None) == Layout(settings=settings).record(result)
            continue
        assert kept.likelihood is not None
        found = judged_again(analyzer.calibration, kept.likelihood, kept.n_tokens, settings)
        asked = result.analysis.judge(settings)
        assert all(map(same, astuple(found), astuple(asked)))
        assert record_of(kept, found) == Layout(settings=settings).record(result)
        seen.add(found.verdict)
    assert {"likely AI", "likely human", "not judged"} <= seen or settings.false_positive_rate < 0.01


def test_a_model_without_calibration_stays_without_a_verdict() -> None:
    (result,) = score_rows(Analyzer(ToyModel("to be")), rows_of(["to be"]))
    kept = keep(result, Layout())
    assert kept.likelihood is not None
    assert judged_again(None, kept.likelihood, 5, Settings(0.05)).verdict == "not judged"
    with pytest.raises(InputError, match="kind"):
        judged_again(None, kept.likelihood, 5, Settings(kind="letters"))


def test_what_it_holds_beside_the_record(results: list[Result]) -> None:
    analysis = results[0].analysis
    assert analysis is not None
    kept = keep(results[0], Layout())
    bits = -analysis.scores.log_prob / math.log(2)
    assert kept.surprise == pytest.approx(bits.mean())
    assert (kept.n_tokens, kept.n_words, len(kept.curve)) == (len(bits), len(MACHINE.split()), CURVE_POINTS)
    assert kept.curve.min() >= 0
    failed = keep(
        Result(Row(1, 1, None, error=EmptyText("No.", hint="Yes.")), None, EmptyText("No.", hint="Yes.")), Layout()
    )
    assert (failed.error, failed.n_words, len(failed.curve), math.isnan(failed.surprise)) == ("No. Yes.", 0, 0, True)


@given(values=st.lists(st.floats(0, 99), max_size=200), most=st.integers(1, 40))
def test_means_of_stretches_weigh_every_value_once(values: list[float], most: int) -> None:
    found = stretch_means(np.array(values), most=most)
    assert len(found) == min(most, len(values))
    if values:
        bounds = np.arange(len(found) + 1) * len(values) // len(found)
        assert (found * np.diff(bounds)).sum() == pytest.approx(sum(values), abs=1e-9)
        assert np.diff(bounds).max() - np.diff(bounds).min() <= 1
