"""A text among its writer's earlier ones: worked by hand; p-values that hold; and never more said than that."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_analysis import made

from analyzer.analysis import Analysis, Analyzer
from analyzer.comparing import baseline as module
from analyzer.comparing.baseline import COMPARED, Placement, baseline
from analyzer.errors import InputError, ModelMismatch
from analyzer.models.toy import ToyModel
from analyzer.statistics import STATISTICS

RNG = np.random.default_rng(0)


def text_of(bits: np.ndarray, name: str, **rest: object) -> Analysis:
    """A text of one token a character, with these bits."""
    text = (name + "." * len(bits))[: len(bits)]
    rank = np.where(bits > 12, 2000, np.where(bits > 3, 11, 1))
    return made(text, [(i, i + 1) for i in range(len(bits))], bits=bits, best=np.minimum(bits, 1), rank=rank, **rest)


def own_texts(n: int, size: int = 200) -> list[Analysis]:
    return [text_of(RNG.exponential(4, size), f"{i:04}") for i in range(n)]


def placed(own: list[Analysis], new: Analysis, **settings: float) -> Placement:
    return baseline(own).placement(new, **settings)


def test_places_by_hand() -> None:
    """Mean surprise of five texts 1 to 5 bits; 6 bits lie beyond all of them: p = 2 · 1/6; 2 bits: 2 of 6 as low or
    lower, itself counted, and one equal: p = 2 · 3/6."""
    own = [text_of(np.full(100, float(b)), f"n{b}") for b in (5, 1, 3, 2, 4)]
    beyond = placed(own, text_of(np.full(100, 6.0), "new")).places[0]
    assert beyond.name == "surprise_mean"
    assert beyond.value == pytest.approx(6 * math.log(2))
    assert beyond.own == pytest.approx(np.arange(1, 6) * math.log(2))
    assert (beyond.low, beyond.median, beyond.high) == pytest.approx(np.array([1, 3, 5]) * math.log(2))
    assert (beyond.n_lower, beyond.n_higher) == (5, 0)
    assert beyond.p == pytest.approx(2 / 6)
    within = placed(own, text_of(np.full(100, 2.0), "new")).places[0]
    assert (within.n_lower, within.n_higher, within.p) == (1, 3, pytest.approx(2 * 3 / 6))
    assert placed(own, text_of(np.full(100, 3.0), "new")).places[0].p == 1


def test_undefined_statistics_have_no_place() -> None:
    """Surprise that does not vary has no autocorrelation."""
    own = [text_of(np.full(100, float(b)), f"n{b}") for b in range(1, 7)]
    last = placed(own, text_of(RNG.exponential(4, 100), "new")).places[-1]
    assert last.name == "surprise_autocorrelation"
    assert last.own == ()
    assert math.isfinite(last.value)
    assert all(math.isnan(x) for x in (last.low, last.median, last.high, last.p, last.p_corrected))
    alone = placed(own_texts(6), text_of(np.full(200, 2.0), "new")).places[-1]
    assert len(alone.own) == 6
    assert math.isnan(alone.value)
    assert math.isnan(alone.p)


def test_a_text_of_the_same_kind_and_one_of_another() -> None:
    own = own_texts(40)
    like = placed(own, text_of(RNG.exponential(4, 200), "new"))
    assert like.sentence.startswith("In no statistic clearly unlike your earlier texts: furthest out is ")
    assert "corrected for looking at 8 statistics" in like.sentence
    assert like.warnings == ()
    unlike = placed(own, text_of(RNG.exponential(1, 200), "new"))
    assert unlike.p == pytest.approx(1 / 41)
    assert unlike.sentence.startswith("Unlike your earlier texts in surprise mean (p = 0.024)")
    assert "does not say why" in unlike.sentence
    assert placed(own, text_of(RNG.exponential(1, 200), "new"), level=0.01).sentence.startswith("In no statistic")
    for found in (like, unlike):
        assert "not yours" not in found.sentence


def test_all_are_cut_to_the_length_of_the_new_text() -> None:
    own = [*own_texts(9), text_of(RNG.exponential(4, 149), "short")]
    new = text_of(RNG.exponential(4, 150), "new")
    found = placed(own, new)
    assert (found.n_tokens, found.n_texts, found.too_short) == (150, 9, (9,))
    assert "shorter than 150 tokens: number 10" in " ".join(found.warnings)
    named = baseline(own, names=[f"{n}.txt" for n in range(10)]).placement(new)
    assert "shorter than 150 tokens: 9.txt." in " ".join(named.warnings)
    mean = next(s for s in STATISTICS if s.name == "surprise_mean").function
    assert found.places[0].own == pytest.approx(sorted(mean(one.scores.part(0, 150)) for one in own[:9]))


def test_a_longer_text_is_cut_to_what_four_fifths_of_the_others_have() -> None:
    own = [text_of(RNG.exponential(4, 100 + i), f"{i:04}") for i in range(10)]
    found = placed(own, text_of(RNG.exponential(4, 500), "new"))
    assert (found.n_tokens, found.n_texts, found.too_short) == (102, 8, (0, 1))
    assert "The first 102 of this text's 500 tokens" in " ".join(found.warnings)
    five = [text_of(RNG.exponential(4, 100 + i), f"{i:04}") for i in range(5)]
    assert placed(five, text_of(RNG.exponential(4, 500), "new")).n_tokens == 100  # all five are needed


def test_what_is_appended_to_earlier_texts_changes_nothing() -> None:
    own, new = own_texts(8), text_of(RNG.exponential(4, 100), "new")
    long = [text_of(np.append(-one.scores.log_prob / math.log(2), [30.0] * 9), one.text[:4]) for one in own]
    assert [p.p for p in placed(long, new).places] == [p.p for p in placed(own, new).places]


def test_few_and_short_texts_are_warned_of() -> None:
    found = placed(own_texts(7, size=50), text_of(RNG.exponential(4, 50), "new"))
    assert "Only 7 earlier texts are compared: no p-value can be less than 0.12 corrected, or 0.25" in found.warnings[0]
    assert "Only 50 tokens of each text" in found.warnings[1]


def test_repetitions_count_once() -> None:
    own = own_texts(6)
    found = baseline([own[0], *own, own[3]])
    assert found.numbers == (0, 2, 3, 4, 5, 6)
    assert "2 of the earlier texts are repetitions" in found.warnings[0]
    itself = found.placement(own[1])
    assert itself.n_texts == 5
    assert "is one of the earlier ones" in itself.warnings[1]


def test_contexts_are_warned_of() -> None:
    own = own_texts(20)
    new = text_of(RNG.exponential(4, 200), "new", context="x")
    assert "before this text" in placed(own, new).warnings[-1]
    mixed = [replace(own[0], context="x"), *own[1:]]
    assert "before the earlier texts" in baseline(mixed).warnings[0]


def test_too_few_texts_are_refused() -> None:
    own = own_texts(5)
    with pytest.raises(InputError, match="at least 5 different texts of yours; there are 4") as error:
        baseline([*own[:4], own[0]])
    assert "Add 1 more" in error.value.hint
    with pytest.raises(InputError, match="at least 5 earlier texts beside this one; there are 4"):
        baseline(own).placement(own[2])
    with pytest.raises(InputError, match="at least 5 different texts of yours; there are none"):
        baseline([])
    with pytest.raises(InputError, match="level: got 1"):
        baseline(own).placement(own[0], level=1)


def test_one_model_for_all() -> None:
    own = own_texts(5)
    with pytest.raises(ModelMismatch, match="one model"):
        baseline([*own, text_of(np.ones(9), "x", model="other")])
    with pytest.raises(ModelMismatch, match="one model"):
        baseline(own).place(text_of(np.ones(9), "x", model="other"))


def test_place_is_the_places_of_the_placement() -> None:
    own, new = own_texts(6), text_of(RNG.exponential(4, 120), "new")
    assert baseline(own).place(new) == baseline(own).placement(new).places
    assert [place.name for place in baseline(own).place(new)] == list(COMPARED)


def test_texts_without_a_score_are_refused() -> None:
    bare = [replace(one, scores=one.scores.part(0, 0)) for one in own_texts(5)]
    with pytest.raises(InputError, match="no token with a score"):
        baseline(bare).place(text_of(np.ones(9), "x"))


tables = st.integers(6, 20).flatmap(
    lambda n: hnp.arrays(
        np.float64,
        (n, len(COMPARED)),
        elements=st.one_of(st.just(math.nan), st.integers(-5, 5).map(float), st.floats(-9, 9)),
    )
)


@settings(max_examples=50)
@given(tables)
def test_p_values_hold_whichever_text_is_the_new_one(table: np.ndarray) -> None:
    """Of n + 1 exchangeable texts at most a share t has p up to t: of each statistic, and of the least corrected p."""
    found = [module._places(np.roll(table, n, axis=0)) for n in range(len(table))]
    for m in range(len(COMPARED)):
        one = np.array([places[m].p for places in found])
        one = one[~np.isnan(one)]
        assert all((one <= t).sum() <= t * (1 + np.isfinite(table[:, m]).sum()) + 1e-9 for t in one)
    least = np.array([min((p.p_corrected for p in places if p.p_corrected >= 0), default=1.0) for places in found])
    assert all((least <= t).mean() <= t + 1e-9 for t in least)
    for places in found:
        for place in places:
            assert math.isnan(place.p) == math.isnan(place.p_corrected)
            assert math.isnan(place.p) or 2 / (1 + len(place.own)) - 1e-12 <= place.p <= 1
            assert math.isnan(place.p) or 1 / len(table) - 1e-12 <= place.p_corrected <= 1


def test_real_analyses() -> None:
    analyzer = Analyzer(ToyModel("to be or not to be, that is the question"))
    own = [analyzer.analyze(f"to be or not {word} to be") for word in ("ab", "be", "cd", "ef", "gh", "ij", "kl")]
    found = baseline(own).placement(analyzer.analyze("👍👍👍 \u202e汉字"))
    assert found.n_texts == 7
    assert 0 < found.p <= 1
