"""Choices, rows and runs: worked by hand, and that nothing is lost of any text under any tokenizer."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_analysis import made

from analyzer.analysis import Analysis, Analyzer
from analyzer.comparing.comparison import choices, most_like, most_unlike, rows, totals
from analyzer.errors import InputError
from analyzer.models.toy import ToyModel
from analyzer.series import BITS_PER_NAT, surprise

CORPUS = "the quick brown fox jumps over the lazy dog, don't you know? " * 2
TOY, WITHOUT_START = Analyzer(ToyModel(CORPUS)), Analyzer(ToyModel(CORPUS, start=False))
HOSTILE = [
    "👍",
    "👩‍👩‍👧 fine",
    "\u202eabc\u202c def",
    " ",
    "\n\n\n",
    "a",
    "é",
    "汉字 かな",
    "x" * 300,
    "\u0301",
    "a\x00b",
    "\ufeffhi",
]


def sample() -> Analysis:
    """ "The cat sat, unhappily": of the tokens " un", "happ", "ily" the second was a first choice."""
    return made(
        "The cat sat, unhappily",
        [(0, 3), (3, 7), (7, 11), (11, 12), (12, 15), (15, 19), (19, 22)],
        bits=[3, 2, 1, 1, 6, 2, 3],
        best=[3, 1, 1, 1, 2, 2, 1],
        entropy=[4, 3, 2, 0.5, 3, 2, 1],
        rank=[1, 2, 1, 1, 9, 1, 4],
        instead=["The", " dog", " sat", ",", " but", "happ", "y"],
    )


def test_choices_by_hand() -> None:
    """Given up: 2 - 1 bits for " cat"; for " unhappily" 6 - 2, 0 and 3 - 1, though only " but" is known instead."""
    found = choices(sample())
    assert [c.text for c in found] == ["The", " cat", " sat", ",", " unhappily"]
    assert [(c.start, c.end) for c in found] == [(0, 3), (3, 7), (7, 11), (11, 12), (12, 22)]
    assert [c.n_tokens for c in found] == [c.n_scored for c in found] == [1, 1, 1, 1, 3]
    assert [c.bits for c in found] == pytest.approx([3, 2, 1, 1, 11])
    assert [c.bits_expected for c in found] == pytest.approx([4, 3, 2, 0.5, 6])
    assert [c.bits_given_up for c in found] == pytest.approx([0, 1, 0, 0, 6])
    assert [c.instead for c in found] == ["The", " dog", " sat", ",", " but"]
    assert [c.followed for c in found] == [True, False, True, True, False]


def test_rows_by_hand() -> None:
    found = rows(sample())
    assert [(r.text, r.instead, r.rank, r.word) for r in found[3:6]] == [
        (",", ",", 1, 3), (" un", " but", 9, 4), ("happ", "happ", 1, 4),
    ]  # fmt: skip
    assert [r.bits_given_up for r in found] == pytest.approx([0, 1, 0, 0, 4, 0, 2])


def test_most_unlike_gave_up_most() -> None:
    assert [c.text for c in most_unlike(choices(sample()), 9)] == [" unhappily", " cat"]
    assert [c.text for c in most_unlike(choices(sample()), 1)] == [" unhappily"]


def test_most_like_is_where_the_model_was_unsure_or_the_run_long() -> None:
    """ " sat," is worth 2.5 bits, "The" 4; a draw follows " sat," with probability 1/2 · 1/2."""
    first, second = most_like(choices(sample()), 5)
    assert (first.text, first.bits_expected, first.n_words) == ("The", pytest.approx(4), 1)
    assert (second.text, second.bits_expected, second.n_tokens) == (" sat,", pytest.approx(2.5), 2)
    assert second.chance == pytest.approx(1 / 4)
    assert (second.start, second.end) == (7, 12)


def test_one_of_several_likeliest_is_a_first_choice() -> None:
    (only,) = choices(made("a", [(0, 1)], bits=[1], best=[1 - 1e-12], instead=["b"]))
    assert (only.bits_given_up, only.instead, only.followed) == (0, "a", True)


def test_bytes_of_one_character_share_its_row() -> None:
    analysis = TOY.analyze("a👍b")
    found = rows(analysis)
    assert [(r.text, r.token) for r in found] == [
        ("a", "a"), ("👍", "\\xf0"), ("", "\\x9f"), ("", "\\x91"), ("", "\\x8d"), ("b", "b"),
    ]  # fmt: skip
    assert [c.n_tokens for c in choices(analysis)] == [1, 4, 1]


def test_characters_without_token_are_shown() -> None:
    analysis = made("ab €€ cd €", [(0, 2), (5, 8)], bits=[1, 2])
    assert [(r.text, r.rank, r.word) for r in rows(analysis)] == [
        ("ab", 1, 0), (" €€", None, 1), (" cd", 1, 2), (" €", None, 3),
    ]  # fmt: skip
    assert [(c.text, c.n_tokens, c.bits, c.instead, c.followed) for c in choices(analysis)][1] == (
        " €€",
        0,
        0,
        None,
        False,
    )
    assert math.isnan(rows(analysis)[1].bits)


def test_a_first_token_without_score() -> None:
    analysis = WITHOUT_START.analyze("the dog")
    first, second = choices(analysis)
    assert (first.n_tokens, first.n_scored, first.instead, first.followed) == (3, 2, None, False)
    assert second.n_tokens == second.n_scored == 4
    assert (rows(analysis)[0].rank, rows(analysis)[0].instead) == (None, None)
    assert [run.text for run in most_like((first, second), 3)] == ([" dog"] if second.followed else [])


def test_totals_count_whole_words() -> None:
    """Words "a", " b", " c": the first without its score, the second a first choice, 3 bits given up in the third."""
    of = totals(choices(made("a b c", [(0, 1), (1, 3), (3, 5)], bits=[1, 4], best=[1, 1], rank=[1, 5], start=1)))
    assert (of.n_words, of.n_followed, of.share_followed) == (2, 1, 0.5)
    assert (of.bits_given_up, of.bits_given_up_per_word) == pytest.approx((3, 1.5))
    nothing = totals(())
    assert (nothing.n_words, nothing.bits_given_up) == (0, 0)
    assert math.isnan(nothing.share_followed)
    assert math.isnan(nothing.bits_given_up_per_word)


def test_impossible_tokens_are_infinitely_surprising() -> None:
    first, second = choices(made("a b", [(0, 1), (1, 3)], bits=[math.inf, 1], best=[1, 1], rank=[7, 1]))
    assert (first.bits, first.bits_given_up, second.bits) == (math.inf, math.inf, pytest.approx(1))
    assert most_unlike((first, second), 2) == (first,)


def test_without_alternatives_nothing_is_known_of_them() -> None:
    from dataclasses import replace

    analysis = made("a", [(0, 1)], bits=[1], rank=[3])
    bare = replace(analysis.scores, top_ids=np.empty((1, 0)), top_log_prob=np.empty((1, 0)))
    (only,) = choices(replace(analysis, scores=bare))
    assert math.isnan(only.bits_given_up)
    assert only.instead is None
    assert most_unlike((only,), 1) == ()


@pytest.mark.parametrize("function", [most_unlike, most_like])
def test_at_least_one_is_asked_for(function) -> None:
    assert function((), 1) == ()
    with pytest.raises(InputError, match="k: got 0"):
        function((), 0)


@given(st.one_of(st.text(min_size=2, max_size=60), st.sampled_from(HOSTILE), st.text("the dog.'👍 é", min_size=2)))
def test_nothing_is_lost(text: str) -> None:
    for analyzer in (TOY, WITHOUT_START):
        if len(text.encode()) < 2:
            continue
        analysis = analyzer.analyze(text)
        found, of_tokens = choices(analysis), rows(analysis)
        total = float(surprise(analysis.scores).sum()) * BITS_PER_NAT
        assert "".join(c.text for c in found) == "".join(r.text for r in of_tokens) == text
        assert sum(c.bits for c in found) == pytest.approx(total, rel=1e-12, abs=1e-9)
        assert sum(r.bits for r in of_tokens if r.rank) == pytest.approx(total, rel=1e-12, abs=1e-9)
        assert sum(c.n_tokens for c in found) == len(analysis.tokenization)
        assert sum(c.n_scored for c in found) == len(analysis.scores)
        for word, choice in enumerate(found):
            mine = [r for r in of_tokens if r.word == word]
            assert "".join(r.text for r in mine) == choice.text
            assert sum(r.bits_given_up for r in mine if r.rank) == pytest.approx(choice.bits_given_up, abs=1e-9)
            assert choice.bits_given_up >= 0
            assert mine[0].instead == choice.instead
        runs = most_like(found, 1000)
        assert sum(run.n_words for run in runs) == sum(c.followed for c in found)
        for run in runs:
            assert text[run.start : run.end] == run.text
            assert all(r.rank == 1 for r in of_tokens if run.start <= r.start < run.end)


def test_10_000_characters_without_a_space() -> None:
    analysis = TOY.analyze("x" * 10_000)
    found = choices(analysis)
    assert len(found) == len(rows(analysis)) == 10_000
