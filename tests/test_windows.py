from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.windows import Window, batches, stretches, window_start, windows


@given(st.integers(1, 500), st.integers(1, 500), st.integers(2, 64))
def test_each_token_is_scored_once_with_half_a_window_before_it(length: int, first: int, size: int) -> None:
    found = windows(length, first, size)
    assert [i for w in found for i in range(w.first, w.end)] == list(range(first, length))
    assert all(window_start(i, first, size) == w.start for w in found for i in range(w.first, w.end))
    assert found == [w for w in windows(length + 7, first, size) if w.end < length] + found[-1:]
    for w in found:
        assert w.end - w.start <= size
        assert 0 <= w.start < w.first
        assert w.first - w.start >= min(w.first, size // 2)


@pytest.mark.parametrize(
    ("length", "first", "size", "wanted"),
    [
        (1, 1, 4, []),
        (4, 1, 4, [(0, 1, 4)]),
        (5, 1, 4, [(0, 1, 4), (2, 4, 5)]),
        (8, 1, 4, [(0, 1, 4), (2, 4, 6), (4, 6, 8)]),
        (8, 6, 4, [(4, 6, 8)]),  # a long context: only its end fits before the text
    ],
)
def test_by_hand(length: int, first: int, size: int, wanted: list[tuple[int, int, int]]) -> None:
    assert windows(length, first, size) == [Window(*w) for w in wanted]


@pytest.mark.parametrize(("first", "size"), [(1, 1), (1, 0), (1, -5), (0, 4)])
def test_impossible_sizes_are_refused(first: int, size: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        windows(10, first, size)


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 400))
def test_batches_hold_everything_once_within_budget(lengths: list[int], budget: int) -> None:
    groups = batches(lengths, budget)
    assert sorted(i for g in groups for i in g) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= budget


@given(st.lists(st.text("x", max_size=9)), st.integers(1, 5), st.integers(1, 20))
def test_stretches_hold_each_item_once_and_end_where_the_next_would_not_fit(
    items: list[str], most: int, longest: int
) -> None:
    found = list(stretches(items, length=len, most=most, longest=longest))
    assert [item for run in found for item in run] == items
    assert all(len(run) == 1 or (len(run) <= most and sum(map(len, run)) <= longest) for run in found)
    for run, after in pairwise(found):
        assert len(run) == most or sum(map(len, [*run, after[0]])) > longest
