"""One text under two models: worked by hand; and whatever the text, it is there whole, with all its bits."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_analysis import made

from analyzer.analysis import Analyzer
from analyzer.comparing.agreement import agreement, readings
from analyzer.errors import InputError
from analyzer.models.toy import ToyModel
from analyzer.series import BITS_PER_NAT, surprise

A = Analyzer(ToyModel("to be or not to be"))
B = Analyzer(ToyModel("the quick brown fox", start=False))


def test_by_hand() -> None:
    """Words "one", " two", ".": 3, 5 and 1 bits under a; under b 2 + 2, 6 and 0. Correlation of deviations (0, 2, -2)
    and (2/3, 8/3, -10/3): 12 / √(8 · 168/9)."""
    a = made("one two.", [(0, 3), (3, 7), (7, 8)], bits=[3, 5, 1])
    b = made("one two.", [(0, 1), (1, 3), (3, 7), (7, 8)], bits=[2, 2, 6, 0])
    found = agreement(a, b)
    assert [(r.text, r.complete) for r in found.readings] == [("one", True), (" two", True), (".", True)]
    assert [r.difference for r in found.readings] == pytest.approx([1, 1, -1])
    assert found.correlation == pytest.approx(12 / math.sqrt(8 * 168 / 9))
    assert found.bits_per_character_a == pytest.approx(9 / 8)
    assert found.bits_per_character_b == pytest.approx(10 / 8)
    assert (found.n_words, found.n_characters, found.warnings) == (3, 8, ())


def test_words_are_whole_in_both_tokenizations() -> None:
    a = made("a, b c", [(0, 3), (3, 4), (4, 6)], bits=[1, 1, 1])
    b = made("a, b c", [(0, 1), (1, 2), (2, 6)], bits=[1, 1, 1])
    assert [(r.text, r.bits_a, r.bits_b) for r in readings(a, b)] == [("a, b c", pytest.approx(3), pytest.approx(3))]


def test_words_that_one_model_drops_are_in_no_total() -> None:
    text = "one € two six"
    a = made(text, [(0, 3), (5, 9), (9, 13)], bits=[1, 2, 3], warnings=("drops 1 character",))
    b = made(text, [(0, 3), (3, 5), (5, 9), (9, 13)], bits=[4, 9, 4, 5])
    found = agreement(a, b)
    assert [r.complete for r in found.readings] == [True, False, True, True]
    assert found.bits_per_character_a == pytest.approx(6 / 11)
    assert found.bits_per_character_b == pytest.approx(13 / 11)
    assert found.warnings == (
        "made: drops 1 character",
        "1 of 4 words are not scored whole by both: they are in no total.",
    )


def test_a_first_token_without_score_is_not_held_against_the_other_model() -> None:
    found = agreement(A.analyze("to be or"), B.analyze("to be or"))
    assert [r.complete for r in found.readings] == [False, True, True]
    assert "toy: The first token has no score" in found.warnings[0]
    assert found.n_characters == 6


def test_what_cannot_be_correlated() -> None:
    even = made("a b c", [(0, 1), (1, 3), (3, 5)], bits=[1, 1, 1])
    infinite = made("a b c", [(0, 1), (1, 3), (3, 5)], bits=[1, math.inf, 2], best=[1, 1, 2], rank=[1, 5, 1])
    assert math.isnan(agreement(even, even).correlation)
    assert math.isnan(agreement(infinite, infinite).correlation)
    assert math.isnan(agreement(A.analyze("a b"), A.analyze("a b")).correlation)
    nothing = agreement(B.analyze("ab"), B.analyze("ab"))
    assert math.isnan(nothing.bits_per_character_a)
    assert nothing.n_words == 0


def test_different_texts_are_refused() -> None:
    with pytest.raises(InputError, match="the same text twice"):
        readings(A.analyze("to be"), A.analyze("to bee"))


def test_different_contexts_are_said() -> None:
    assert "before the text" in agreement(A.analyze("be", context="to "), A.analyze("be")).warnings[-1]


@settings(max_examples=50)
@given(st.one_of(st.text(min_size=2, max_size=60), st.text("to be.👍 é\u202e汉", min_size=2)))
def test_nothing_is_lost(text: str) -> None:
    a, b = A.analyze(text), B.analyze(text)
    found = readings(a, b)
    assert "".join(r.text for r in found) == text
    assert all(x.end == y.start for x, y in pairwise(found))
    for analysis, bits in ((a, [r.bits_a for r in found]), (b, [r.bits_b for r in found])):
        assert sum(bits) == pytest.approx(float(surprise(analysis.scores).sum()) * BITS_PER_NAT, rel=1e-12, abs=1e-9)
    whole = agreement(a, b)
    assert whole.n_words == len(found) - 1
    mirrored = agreement(b, a)
    assert mirrored.correlation == pytest.approx(whole.correlation, nan_ok=True)
