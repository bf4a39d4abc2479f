"""Two sequences of words, aligned: as many words in common as there can be, less what they share by chance.

The longest common subsequence is computed with bits: one row of the table is one integer, and adding two carries a
match as far as it reaches (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"). All n² places of the table
are visited, some thousands with one instruction: two drafts of 5,000 words that have nothing or everything in common
take 0.02 s at most, where ``difflib`` needs 5 s for 1,000 words that repeat ("a b a b ..."), growing with the third
power. Tables that would not fit are halved first (Hirschberg
1975, "A linear space algorithm for computing maximal common subsequences").
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "aligned"]

_TABLE = 1 << 27  # bits: 16 MB


class Block(NamedTuple):
    """Words that two sequences have in common: ``before[i : i + n]`` and ``after[j : j + n]``."""

    i: int
    j: int
    n: int


def aligned(before: Sequence[str], after: Sequence[str], *, chance: int = 3) -> tuple[Block, ...]:
    """The words in common, in order, as blocks that are as long as can be.

    What is inserted or deleted among its like ("..., The new. The ...") begins where a sentence does, if it can.

    Parameters
    ----------
    before, after : sequence of str
        Words.
    chance : int
        A block of at most so many words between two changes, each of which is longer than it in characters, belongs to
        them: two texts about different things share words too. In 300 random pairs of the labelled texts, 6,037 blocks
        of one word were found, 245 of two, 8 of three and none of more.

    Examples
    --------
    >>> aligned("it was the best of times".split(), "it was the worst of all times".split())
    (Block(i=0, j=0, n=3), Block(i=5, j=6, n=1))
    >>> aligned("it was the best of times".split(), "it was the worst of all times".split(), chance=0)
    (Block(i=0, j=0, n=3), Block(i=4, j=4, n=1), Block(i=5, j=6, n=1))
    """
    numbers: dict[str, int] = {}
    a, b = ([numbers.setdefault(word, len(numbers)) for word in words] for words in (before, after))
    pairs: list[tuple[int, int]] = []
    _match(a, b, 0, 0, pairs)
    lengths = [np.cumsum([0, *map(len, words)]) for words in (before, after)]
    kept = [Block(0, 0, 0)]  # with an empty block at either end
    for block in [*_blocks(sorted(pairs)), Block(len(a), len(b), 0)]:
        kept.append(block)
        while len(kept) > 2 and _by_chance(kept[-3], kept[-2], kept[-1], lengths, chance):
            del kept[-2]  # which makes the change before the next block longer, so that the block before is asked again
    return tuple(_slid(kept[1:-1], before, after))


def _match(a: Sequence[int], b: Sequence[int], i: int, j: int, pairs: list[tuple[int, int]]) -> None:
    """Append the pairs of places of a longest common subsequence; `a` begins at place i, `b` at j."""
    end = _same(a[::-1], b[::-1])
    pairs.extend((i + len(a) - n, j + len(b) - n) for n in range(1, end + 1))
    a, b = a[: len(a) - end], b[: len(b) - end]
    same = _same(a, b)
    pairs.extend((i + n, j + n) for n in range(same))
    a, b, i, j = a[same:], b[same:], i + same, j + same
    if not a or not b:
        return
    if len(a) == 1 or len(a) * len(b) <= _TABLE:
        pairs.extend((i + x, j + y) for x, y in _traced(_table(a, b), len(b)))
        return
    half = len(a) // 2
    ahead = _lengths(a[:half], b)
    behind = _lengths(a[half:][::-1], b[::-1])[::-1]
    cut = int(np.argmax(ahead + behind))
    _match(a[:half], b[:cut], i, j, pairs)
    _match(a[half:], b[cut:], i + half, j + cut, pairs)


def _same(a: Sequence[int], b: Sequence[int]) -> int:
    """How many words two sequences begin with in common."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _table(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """Rows 1 to len(a) of the table; bit y of row x is 0 where b[y] lengthens what a[:x] has in common with b[:y]."""
    rows: list[int] = []
    _last_row(a, b, rows)
    return rows


def _last_row(a: Sequence[int], b: Sequence[int], rows: list[int] | None) -> int:
    places: dict[int, int] = {}
    wanted = set(a)
    for y, word in enumerate(b):
        if word in wanted:
            places[word] = places.get(word, 0) | (1 << y)
    every = (1 << len(b)) - 1
    row = every
    for word in a:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & every
        if rows is not None:
            rows.append(row)
    return row


def _lengths(a: Sequence[int], b: Sequence[int]) -> NDArray[np.int64]:
    """How many words `a` has in common with each beginning of `b`: (len(b) + 1,)."""
    row = _last_row(a, b, None).to_bytes(len(b) // 8 + 1, "little")
    bits = np.unpackbits(np.frombuffer(row, np.uint8), bitorder="little")[: len(b)]
    return np.append(0, np.cumsum(1 - bits.astype(np.int64)))


def _traced(rows: Sequence[int], width: int) -> list[tuple[int, int]]:
    """The pairs that a table of `width` columns holds, from its last corner to its first."""
    found = []
    x, y = len(rows), width
    while x and y:
        if rows[x - 1] >> (y - 1) & 1:  # b[y - 1] adds nothing
            y -= 1
            continue
        x -= 1
        if not x or rows[x - 1] >> (y - 1) & 1:  # without a[x] it would not
            y -= 1
            found.append((x, y))
    return found


def _blocks(pairs: Sequence[tuple[int, int]]) -> list[Block]:
    found: list[Block] = []
    for i, j in pairs:
        if found and (found[-1].i + found[-1].n, found[-1].j + found[-1].n) == (i, j):
            found[-1] = found[-1]._replace(n=found[-1].n + 1)
        else:
            found.append(Block(i, j, 1))
    return found


def _slid(blocks: Sequence[Block], before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """Of the places at which words can have been inserted or deleted with the same result, the start of a sentence."""
    found = list(blocks)
    for at, (one, other) in enumerate(pairwise(blocks)):
        one = found[at]  # which may have been slid itself
        words, first, last = after, one.j + one.n, other.j
        if first == last:
            words, first, last = before, one.i + one.n, other.i
        elif one.i + one.n < other.i:
            continue  # replaced: there is one place only
        left = right = 0
        while left < one.n - 1 and words[first - left - 1] == words[last - left - 1]:
            left += 1
        while right < other.n - 1 and words[first + right] == words[last + right]:
            right += 1
        places = [by for by in range(-left, right + 1) if _begins(words, first + by)]
        if by := min(places, key=abs, default=0):
            found[at] = one._replace(n=one.n + by)
            found[at + 1] = Block(other.i + by, other.j + by, other.n - by)
    return found


def _begins(words: Sequence[str], at: int) -> bool:
    """Whether a sentence or a line begins with a word."""
    word = words[at]
    return any(c in words[at - 1] for c in ".!?…") or "\n" in word[: len(word) - len(word.lstrip())]


def _by_chance(before: Block, one: Block, after: Block, lengths: Sequence[NDArray[np.int64]], chance: int) -> bool:
    """Whether a block is small beside the changes before it and behind it."""
    if one.n > chance:
        return False
    of_a, of_b = lengths
    size = of_a[one.i + one.n] - of_a[one.i]
    gap = max(of_a[one.i] - of_a[before.i + before.n], of_b[one.j] - of_b[before.j + before.n])
    next_gap = max(of_a[after.i] - of_a[one.i + one.n], of_b[after.j] - of_b[one.j + one.n])
    return bool(size < min(gap, next_gap))
