"""What is seen along a text: one value per scored token, float64 (S,), for charts and for the statistics of a document.

>>> import numpy as np
>>> scores = TokenScores(0, np.log([0.5, 0.25, 0.125]), entropy=[1.0, 1.0, 1.0], varentropy=[1.0, 1.0, 1.0],
...     rank=[1, 2, 4], top_ids=[[5], [5], [5]], top_log_prob=np.log([[0.5], [0.5], [0.5]]), context_len=[1, 2, 3])
>>> surprise(scores) * BITS_PER_NAT, frac_p(scores)
(array([1., 2., 3.]), array([1.  , 0.5 , 0.25]))
>>> fluctuation(scores, width=2)
array([0.5   , 0.375 , 0.1875])
"""

from itertools import pairwise
from math import e, log2, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.scoring import TokenScores

__all__ = ["BITS_PER_NAT", "GLTR_RANKS", "fluctuation", "frac_p", "rank_buckets", "surprise", "top_10_entropy"]

BITS_PER_NAT = log2(e)

GLTR_RANKS = (10, 100, 1000)
"""Last rank of each of GLTR's green, yellow and red; beyond is purple (GLTR_Text_Box.ts, there counted from 0)."""


def surprise(scores: TokenScores) -> NDArray[np.float64]:
    """Surprise -ln p of each token, in nats, at least 0."""
    return 0.0 - scores.log_prob  # a plain minus would turn a certain token's 0 into -0


def frac_p(scores: TokenScores) -> NDArray[np.float64]:
    """Probability of each token over that of the likeliest token there, 0 to 1; nan where no alternatives were kept.

    Source: GLTR (Gehrmann et al. 2019, arXiv 1906.04043), "frac(p)"; HendrikStrobelt/detecting-fake-text, start.ts.
    """
    if not scores.top_log_prob.shape[1]:
        return np.full(len(scores), nan)
    return np.asarray(np.exp(scores.log_prob - scores.top_log_prob[:, 0]))


def top_10_entropy(scores: TokenScores) -> NDArray[np.float64]:
    """Entropy of the 10 likeliest tokens at each position, renormalised to sum to 1; nats, 0 to ln 10.

    All nan where fewer than 10 alternatives were kept: a smaller vocabulary cannot be told from a cut list.
    Source: GLTR (Gehrmann et al. 2019, arXiv 1906.04043), "top 10 entropy"; start.ts, ``updateEntropyStat``.
    """
    if scores.top_log_prob.shape[1] < 10:
        return np.full(len(scores), nan)
    q = np.exp(scores.top_log_prob[:, :10])  # (S, 10)
    q /= q.sum(axis=1, keepdims=True)
    q_log_q = q * np.log(q, out=np.zeros_like(q), where=q > 0)  # 0 ln 0 = 0
    return np.asarray(0.0 - q_log_q.sum(axis=1))


def fluctuation(scores: TokenScores, *, width: int = 20) -> NDArray[np.float64]:
    """Moving average of the probability p over `width` tokens around each token, 0 to 1.

    The window at token i is [i - width // 2, i + width - width // 2), cut at the ends of the text, so that it shrinks
    there. Human text swings, likelihood-maximising decoders stay near 1: Holtzman et al. 2020, "The Curious Case of
    Neural Text Degeneration" (arXiv 1904.09751), Figure 2, which shows p itself.

    Raises
    ------
    ValueError
        If `width` is less than 1.
    """
    if width < 1:
        raise ValueError(f"width: expected at least 1 token, got {width}")
    first = np.arange(len(scores)) - width // 2
    bounds = np.clip(np.stack([first, first + width], axis=1), 0, len(scores))  # (S, 2)
    p = np.append(np.exp(scores.log_prob), 0.0)  # reduceat wants every bound, S included, to be an index
    sums = np.add.reduceat(p, bounds.ravel())[::2]  # every other one runs between windows
    return np.asarray(sums / (bounds[:, 1] - bounds[:, 0]))


def rank_buckets(rank: ArrayLike, thresholds: tuple[int, ...] = GLTR_RANKS) -> NDArray[np.int64]:
    """Number of the bucket each rank falls into, from 0; `thresholds` are the last ranks of all buckets but the last.

    Raises
    ------
    ValueError
        If `thresholds` do not ascend.

    Examples
    --------
    >>> rank_buckets([1, 10, 11, 100, 1000, 1001])
    array([0, 0, 1, 1, 2, 3])
    """
    if any(a >= b for a, b in pairwise(thresholds)):
        raise ValueError(f"thresholds: expected ascending ranks, got {thresholds}")
    return np.searchsorted(thresholds, rank, side="left").astype(np.int64)
