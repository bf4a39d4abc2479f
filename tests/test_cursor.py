"""Reading as little as possible must give what reading all gives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.cursor import Cursor
from analyzer.models.toy import ToyModel
from analyzer.scoring import Row, join
from analyzer.windows import windows

MODEL = ToyModel("the cat sat on the mat", window=12)
IDS = st.lists(st.integers(0, 3), min_size=1, max_size=40)


@settings(max_examples=200)
@given(st.lists(IDS, min_size=1, max_size=6))
def test_moves_lead_to_the_logits_of_a_fresh_reading_and_read_only_what_is_new(places: list[list[int]]) -> None:
    model = ToyModel("abcab", window=12)
    cursor = Cursor(model, first=1, top_k=2)
    before: list[int] = []
    for place in places:
        read = model.tokens_read
        cursor.move(np.array(place))
        logits = cursor.logits()
        assert (
            logits.tolist()
            == model.next_logits([model.extend(None, Row(np.array(place), len(place)), top_k=1)[1]])[0].tolist()
        )
        if len(place) < 12 and len(before) < 12:  # in one window
            shared = next(
                (i for i, (a, b) in enumerate(zip(before, place, strict=False)) if a != b), min(len(before), len(place))
            )
            assert model.tokens_read - read - len(place) == len(place) - shared  # the fresh reading read len(place)
        before = place


@pytest.mark.parametrize("window", [10, 11, 64])
@pytest.mark.parametrize("first", [1, 4, 30])
def test_scores_are_those_of_the_windows_of_a_text_read_at_once(
    tiny_llama: Callable[..., tuple[Any, Any]], window: int, first: int
) -> None:
    model, _ = tiny_llama(0, window=window)
    ids = np.random.default_rng(0).integers(3, 200, 60)
    rows = [(Row(ids[w.start : w.end], w.first - w.start)) for w in windows(60, first, window)]
    wanted = join([model.score([row], top_k=4)[0] for row in rows], start=0)
    at_once = Cursor(model, first=first, top_k=4).append(ids)
    np.testing.assert_allclose(at_once.log_prob, wanted.log_prob, atol=1e-9)
    np.testing.assert_array_equal(at_once.context_len, wanted.context_len)

    step_by_step = Cursor(model, first=first, top_k=4)
    step_by_step.move(ids[:first])
    parts = [step_by_step.take(int(token), step_by_step.logits()) for token in ids[first:]]
    found = join(parts, start=0)
    np.testing.assert_allclose(found.log_prob, wanted.log_prob, atol=1e-9)
    np.testing.assert_array_equal(found.rank, wanted.rank)
    np.testing.assert_array_equal(found.context_len, wanted.context_len)
    assert step_by_step.room >= 1


def test_looking_ahead_gives_what_taking_gives_and_stays(tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
    model, _ = tiny_llama(1)
    ids = np.arange(5, 25)
    cursor = Cursor(model, first=1, top_k=3)
    cursor.move(ids)
    logits = cursor.logits()
    ahead = cursor.look([7, 8, 9], logits)
    assert len(cursor.ids) == 20
    for i, token in enumerate((7, 8, 9)):
        other = Cursor(model, first=1, top_k=3)
        other.move(ids)
        np.testing.assert_allclose(other.take(token, other.logits()).log_prob[0], ahead.log_prob[i], atol=1e-12)


def test_context_longer_than_a_window_conditions_by_its_end() -> None:
    cursor = Cursor(MODEL, first=30, top_k=1)
    scores = cursor.append(np.arange(40) % 5)
    assert len(scores) == 10
    assert scores.context_len.tolist() == [6, 7, 8, 9, 10, 11, 6, 7, 8, 9]
