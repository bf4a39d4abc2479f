"""How a sequence of tokens repeats itself.

>>> loop([7, 1, 2, 1, 2, 1, 2])
Loop(start=1, period=2, times=3)
>>> round(distinct([1, 2, 1, 2], 2), 2), round(repeated([1, 2, 1, 2], 2), 2)  # (1, 2), (2, 1), (1, 2): two of three
(0.5, 0.33)
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import numpy as np

__all__ = ["Loop", "distinct", "loop", "repeated"]

_LEAST_TIMES = 3  # a phrase that ends a text so often is a loop,
_LEAST_PHRASE = 2  # and a phrase has two tokens


class Loop(NamedTuple):
    """How a text ends in repetitions: from which token on, of how many tokens, how often in full."""

    start: int
    period: int
    times: int


def loop(ids: Sequence[int]) -> Loop | None:
    """The loop that a text ends in: at its end a phrase stands three times or more, whole; the shortest such phrase.

    A phrase has two tokens at least: of a single token six are needed. The last repetition may be followed by the
    beginning of the next.

    Source: Holtzman et al. 2020 (arXiv 1904.09751), the figure of how often decoders get stuck, from whose caption the
    two limits are. Their program (ari-holtzman/degen, metrics/repetition.py) has others: three tokens twice.

    Examples
    --------
    >>> loop([1, 2, 3, 1, 2, 3, 1, 2, 3, 1])
    Loop(start=0, period=3, times=3)
    >>> loop([1, 2, 1, 2]), loop([5, 5, 5, 5, 5]), loop([5, 5, 5, 5, 5, 5])
    (None, None, Loop(start=0, period=1, times=6))
    """
    tokens = np.asarray(ids)
    for period in range(1, len(tokens) // _LEAST_TIMES + 1):
        different = np.flatnonzero(tokens[period:] != tokens[:-period])
        start = int(different[-1]) + 1 if len(different) else 0  # from here on each token is that of a period later
        length = len(tokens) - start
        if length >= _LEAST_TIMES * max(period, _LEAST_PHRASE):
            return Loop(start, period, length // period)
    return None


def distinct(ids: Sequence[int], n: int) -> float:
    """Different n-grams over tokens, 0 to 1; nan without a token. Source: Li et al. 2016 (arXiv 1510.03055)."""
    return len(set(_ngrams(ids, n))) / len(ids) if len(ids) else nan


def repeated(ids: Sequence[int], n: int) -> float:
    """Share of n-grams that are there already; nan without one. Source: Welleck et al. 2020 (arXiv 1908.04319)."""
    grams = _ngrams(ids, n)
    return 1 - len(set(grams)) / len(grams) if grams else nan


def _ngrams(ids: Sequence[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
