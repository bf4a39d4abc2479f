"""Aligned words: against the textbook's table, and in time, whatever is aligned."""

import random
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.comparing import alignment
from analyzer.comparing.alignment import Block, aligned

word_lists = st.lists(st.sampled_from(["a", "b", "cc", "ddd"]), max_size=24)


def common(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence by the textbook's table."""
    row = [0] * (len(b) + 1)
    for x in a:
        old = row
        row = [0]
        for j, y in enumerate(b):
            row.append(old[j] + 1 if x == y else max(old[j + 1], row[j]))
    return row[-1]


def check(a: list[str], b: list[str], blocks: tuple[Block, ...]) -> None:
    for i, j, n in blocks:
        assert n > 0
        assert a[i : i + n] == b[j : j + n]
    for one, other in pairwise(blocks):
        assert one.i + one.n <= other.i
        assert one.j + one.n <= other.j
        assert (one.i + one.n, one.j + one.n) != (other.i, other.j)


@given(word_lists, word_lists)
def test_as_much_in_common_as_there_can_be(a: list[str], b: list[str]) -> None:
    blocks = aligned(a, b, chance=0)
    check(a, b, blocks)
    assert sum(block.n for block in blocks) == common(a, b)
    check(a, b, aligned(a, b))


@given(word_lists, word_lists)
def test_tables_that_do_not_fit_are_halved(a: list[str], b: list[str]) -> None:
    whole = alignment._TABLE
    try:
        alignment._TABLE = 8
        blocks = aligned(a, b, chance=0)
    finally:
        alignment._TABLE = whole
    check(a, b, blocks)
    assert sum(block.n for block in blocks) == common(a, b)


def test_what_is_inserted_among_its_like_begins_where_a_sentence_does() -> None:
    before = ["A", ".", " The", " end", "."]
    after = ["A", ".", " The", " new", ".", " The", " end", "."]
    assert aligned(before, after) == (Block(0, 0, 2), Block(2, 5, 3))
    assert aligned(after, before) == (Block(0, 0, 2), Block(5, 2, 3))
    lines = ["\n\nIt", " is", "\n\nIt", " was"]
    assert aligned(["So", *lines, " ok"], ["So", *lines[:2], *lines, " ok"], chance=0)[0] == Block(0, 0, 1)


def test_small_words_between_large_changes_are_chance() -> None:
    before, after = "red the blue", "green the black"
    assert aligned(before.split(), after.split()) == ()
    assert aligned(before.split(), after.split(), chance=0) == (Block(1, 1, 1),)
    # Beside a change that is no longer than they are, they stand.
    assert aligned(["the", "red"], ["the", "blue"]) == (Block(0, 0, 1),)
    assert aligned(["aa", "the", "blue"], ["bb", "the", "black"]) == (Block(1, 1, 1),)


def test_a_block_is_asked_again_when_the_change_behind_it_has_grown() -> None:
    """ "the" is longer than the changed "q" behind it, until "z" is seen to be chance."""
    before, after = ["xxxxx", "the", "q", "z", "rrrr"], ["yyyyy", "the", "w", "z", "ssss"]
    assert aligned(before, after) == (Block(1, 1, 1), Block(3, 3, 1))
    before[2], after[2] = "qq", "ww"
    assert aligned(before, after) == ()


RANDOM = random.Random(0)
NUMBERS = [str(n) for n in range(5000)]
TEXT = [f"w{int(RANDOM.paretovariate(0.7))}" for _ in range(5000)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (TEXT, TEXT),
        (TEXT, [word if RANDOM.random() > 0.1 else "x" for word in TEXT]),
        (TEXT, RANDOM.sample(TEXT, len(TEXT))),
        (NUMBERS, NUMBERS[::-1]),
        (NUMBERS, ["x"] * 5000),
        (["a", "b"] * 2500, ["b", "a", "a"] * 1666),
        (["a"] * 5000, ["a"] * 4000),
    ],
    ids=["same", "edited", "shuffled", "reversed", "nothing", "repeated", "one word"],
)
def test_5_000_words_in_time(a: list[str], b: list[str]) -> None:
    begun = process_time()
    check(a, b, aligned(a, b))
    assert process_time() - begun < 1  # 0.02 s where it was written
