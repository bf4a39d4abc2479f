"""What a document looks like under the model: one number per statistic, each a fact about the text, not a verdict.

Every statistic takes the ``TokenScores`` of a document (S scored tokens, nats) and returns a float. What its formula
leaves undefined, for want of tokens or of variation, is nan, without a warning; S = 0 leaves everything undefined. A
token of probability 0 gives infinity or nan.

>>> import numpy as np
>>> surprise_in_bits = np.array([1, 2, 3])
>>> scores = TokenScores(0, -np.log(2) * surprise_in_bits, entropy=[1.0, 1.0, 1.0], varentropy=[1.0, 1.0, 1.0],
...     rank=[1, 2, 4], top_ids=[[5], [5], [5]], top_log_prob=np.log([[0.5], [0.5], [0.5]]), context_len=[1, 2, 3])
>>> print(f"{perplexity(scores):.3f} {lrr(scores):.3f} {rank_share_1_10(scores):.3f} {surprise_kurtosis(scores):.3f}")
4.000 2.000 1.000 -1.500
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.scoring import TokenScores
from analyzer.series import frac_p, rank_buckets, surprise, top_10_entropy

__all__ = [
    "STATISTICS",
    "Statistic",
    "burstiness",
    "curvature",
    "difference_mean",
    "difference_std",
    "document_statistics",
    "entropy",
    "log_likelihood",
    "log_rank",
    "lrr",
    "mean_frac_p",
    "mean_rank",
    "mean_top_10_entropy",
    "median_rank",
    "perplexity",
    "rank_share_1_10",
    "rank_share_11_100",
    "rank_share_101_1000",
    "rank_share_over_1000",
    "second_difference_autocorrelation",
    "second_difference_entropy",
    "second_difference_variance",
    "surprise_autocorrelation",
    "surprise_kurtosis",
    "surprise_mean",
    "surprise_skew",
    "surprise_std",
]

_BINS = 20  # of the second differences' histogram (DivEye, diveye_utils.py)
_ROUNDING = 1e-9  # nats; below the steps of the float32 logits (1e-7): a smaller spread is rounding, not variation

_quiet = np.errstate(invalid="ignore", over="ignore")


# Level: how likely the text is


def log_likelihood(scores: TokenScores) -> float:
    """Mean log p, nats per token. Source: Solaiman et al. 2019 (arXiv 1908.09203); DetectGPT's likelihood baseline."""
    return _mean(scores.log_prob)


def perplexity(scores: TokenScores) -> float:
    """exp(-mean log p), with log p in nats: the size of a uniform choice that would be as surprising; at least 1."""
    with np.errstate(over="ignore"):
        return float(np.exp(surprise_mean(scores)))


def mean_rank(scores: TokenScores) -> float:
    """Mean rank, from 1. Source: GLTR (Gehrmann et al. 2019); DetectGPT's rank baseline (Mitchell et al. 2023)."""
    return _mean(scores.rank)


def median_rank(scores: TokenScores) -> float:
    """Median rank, from 1; halfway between the middle two where S is even."""
    return float(np.median(scores.rank)) if len(scores) else nan


def log_rank(scores: TokenScores) -> float:
    """Mean ln rank, at least 0. Source: DetectGPT's log-rank baseline (Mitchell et al. 2023, arXiv 2301.11305)."""
    return _mean(np.log(scores.rank))


def lrr(scores: TokenScores) -> float:
    """Log-likelihood log-rank ratio: -Σ log p / Σ ln rank, without unit.

    nan where all ranks are 1: infinity would call "beyond every machine" what is often just short, says the same of
    0.01 and of 10 nats a token, and spoils every average.
    Source: DetectLLM-LRR (Su et al. 2023, arXiv 2306.05540); mbzuai-nlp/DetectLLM, all_baselines.py, divides by 0.
    """
    return _ratio(surprise(scores).sum(), np.log(scores.rank).sum())


def entropy(scores: TokenScores) -> float:
    """Mean entropy of the model's distributions, the surprise it expects; nats. Source: DetectGPT's baseline."""
    return _mean(scores.entropy)


def curvature(scores: TokenScores) -> float:
    """Conditional probability curvature: (Σ log p - Σ μ) / sqrt(Σ σ²), with μ = -entropy and σ² = varentropy.

    How far, in standard deviations, the text is likelier than texts drawn token by token from the same model. Sums, not
    means, so it grows as sqrt(S) with a constant lead per token. nan where Σ σ² is 0 up to rounding.
    Source: Fast-DetectGPT (Bao et al. 2024, arXiv 2310.05130); baoguangsheng/fast-detect-gpt,
    ``get_sampling_discrepancy_analytic`` with one model both for sampling and for scoring.
    """
    spread = np.sqrt(scores.varentropy.sum())
    return _ratio(np.sum(scores.log_prob + scores.entropy), spread if spread > _ROUNDING else 0.0)


# Shape: how surprise is distributed


def surprise_mean(scores: TokenScores) -> float:
    """Mean surprise, nats: the cross-entropy rate; the negative of `log_likelihood`. Source: DivEye, below."""
    return _mean(surprise(scores))


def surprise_std(scores: TokenScores) -> float:
    """Population standard deviation of surprise, nats; 0 for one token.

    Source: DivEye (Basani & Chen 2025, arXiv 2509.18880; IBM/diveye, diveye_utils.py). Its variance is this, squared.
    """
    return _std(surprise(scores))


def surprise_skew(scores: TokenScores) -> float:
    """Population skewness of surprise, E[z³]; nan where it does not vary. Source: DivEye (``scipy.stats.skew``)."""
    return _mean(_standardised(surprise(scores)) ** 3)


def surprise_kurtosis(scores: TokenScores) -> float:
    """Population excess kurtosis of surprise, E[z⁴] - 3; nan where it does not vary. Source: DivEye (``kurtosis``)."""
    return _mean(_standardised(surprise(scores)) ** 4) - 3


def burstiness(scores: TokenScores) -> float:
    """(σ - μ) / (σ + μ) of surprise, -1 (even) over 0 (as an exponential distribution) to 1 (bursts).

    Ignores the order of tokens; not GPTZero's spread of perplexity between sentences. nan where all surprise is 0.
    Source: Goh & Barabási 2008, "Burstiness and memory in complex systems" (arXiv physics/0610233), parameter B, there
    of the times between events.
    """
    mean, std = surprise_mean(scores), surprise_std(scores)
    return _ratio(std - mean, std + mean)


def _rank_share(scores: TokenScores, bucket: int) -> float:
    return _mean(rank_buckets(scores.rank) == bucket)


def rank_share_1_10(scores: TokenScores) -> float:
    """Share of tokens of rank 1 to 10, GLTR's green. Source: Gehrmann et al. 2019 (arXiv 1906.04043), Test 2."""
    return _rank_share(scores, 0)


def rank_share_11_100(scores: TokenScores) -> float:
    """Share of tokens of rank 11 to 100, GLTR's yellow."""
    return _rank_share(scores, 1)


def rank_share_101_1000(scores: TokenScores) -> float:
    """Share of tokens of rank 101 to 1000, GLTR's red."""
    return _rank_share(scores, 2)


def rank_share_over_1000(scores: TokenScores) -> float:
    """Share of tokens of rank over 1000, GLTR's purple."""
    return _rank_share(scores, 3)


def mean_frac_p(scores: TokenScores) -> float:
    """Mean of `frac_p`, 0 to 1."""
    return _mean(frac_p(scores))


def mean_top_10_entropy(scores: TokenScores) -> float:
    """Mean of `top_10_entropy`, nats."""
    return _mean(top_10_entropy(scores))


# Order: how surprise moves along the text
#
# As in DivEye (Basani & Chen 2025, arXiv 2509.18880; IBM/diveye, diveye_utils.py), except for short texts: under 10
# tokens that calls itself for ever, and a correlation of nothing is 0. Here what is defined is given, the rest is nan.


def difference_mean(scores: TokenScores) -> float:
    """Mean difference of consecutive surprises, nats: the last less the first over S - 1; nan where S < 2."""
    return _mean(_differences(surprise(scores), 1))


def difference_std(scores: TokenScores) -> float:
    """Population standard deviation of differences of consecutive surprises, nats; nan where S < 2."""
    return _std(_differences(surprise(scores), 1))


def second_difference_variance(scores: TokenScores) -> float:
    """Population variance of the second differences of log p (those of surprise, negated), nats²; nan where S < 3."""
    return _std(_differences(scores.log_prob, 2)) ** 2


@_quiet
def second_difference_entropy(scores: TokenScores) -> float:
    """Entropy of the histogram of the second differences of log p in 20 equal bins from least to greatest; nats.

    0 to ln 20, 0 where all are equal up to rounding; nan where S < 3.
    """
    second = _differences(scores.log_prob, 2)  # not of surprise: the mirrored bins would part ties differently
    if not np.isfinite(second).all() or not second.size:
        return nan
    if np.ptp(second) <= _ROUNDING:
        return 0.0
    counts, _ = np.histogram(second, bins=_BINS)
    share = counts[counts > 0] / second.size
    return float(-np.sum(share * np.log(share)))


def second_difference_autocorrelation(scores: TokenScores) -> float:
    """Correlation of each second difference of log p with the next; nan where S < 5 or they do not vary."""
    return _autocorrelation(_differences(scores.log_prob, 2))


def surprise_autocorrelation(scores: TokenScores) -> float:
    """Correlation of each token's surprise with the next token's; nan where S < 3 or it does not vary.

    Each side has its own mean and deviation (Pearson). With three tokens it can only be -1 or 1.
    Source: Goh & Barabási 2008 (arXiv physics/0610233), memory coefficient M.
    """
    return _autocorrelation(surprise(scores))


# Formulas with their edges


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else nan


@_quiet
def _std(values: NDArray[np.float64]) -> float:
    return float(values.std()) if values.size else nan


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else nan


@_quiet
def _differences(values: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    return np.diff(values, n=order)


@_quiet
def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values less their mean, over their population standard deviation; all nan where they do not vary."""
    centred = values - _mean(values)
    if not np.any(np.abs(centred) > _ROUNDING):
        return np.full_like(values, nan)
    return np.asarray(centred / np.sqrt(np.mean(centred**2)))


def _autocorrelation(values: NDArray[np.float64]) -> float:
    """Pearson correlation of consecutive values."""
    together = _mean(_standardised(values[:-1]) * _standardised(values[1:]))
    return float(np.clip(together, -1, 1))  # rounding may overshoot; nan stays


# Registry


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """A statistic and how to show it.

    Attributes
    ----------
    name : str
        Key and column name.
    function : callable
        TokenScores -> float.
    unit : str
        "nats", "nats²", or "1" for pure numbers.
    description : str
        One plain sentence.
    """

    name: str
    function: Callable[[TokenScores], float]
    unit: str
    description: str


STATISTICS = tuple(
    Statistic(function.__name__, function, unit, description)
    for function, unit, description in (
        (log_likelihood, "nats", "Average log-probability of a token: the nearer to 0, the more predictable the text."),
        (perplexity, "1", "Among how many equally likely tokens the model seems to choose at each step."),
        (mean_rank, "1", "Average place of the token in the model's list of guesses, 1 being its first guess."),
        (median_rank, "1", "Middle place of the token in the model's list of guesses: half of the tokens do better."),
        (log_rank, "1", "Average logarithm of the rank, in which rare tokens weigh less: 0 if all are first guesses."),
        (lrr, "1", "Surprise over the logarithm of the rank (DetectLLM); undefined if all are first guesses."),
        (entropy, "nats", "How unsure the model was before each token, on average: the surprise it expected."),
        (curvature, "1", "How much likelier the text is than the model's own random drafts (Fast-DetectGPT)."),
        (surprise_mean, "nats", "Average surprise of a token."),
        (surprise_std, "nats", "How much surprise differs from token to token."),
        (surprise_skew, "1", "Whether a few tokens stand out as very surprising (above 0) or as very plain (below 0)."),
        (surprise_kurtosis, "1", "How much of surprise's variation comes from rare extremes: 0 as in a bell curve."),
        (burstiness, "1", "Whether surprise is even (towards -1) or comes in a few large bursts (towards 1)."),
        (rank_share_1_10, "1", "Share of tokens among the model's first 10 guesses."),
        (rank_share_11_100, "1", "Share of tokens that were guess 11 to 100."),
        (rank_share_101_1000, "1", "Share of tokens that were guess 101 to 1000."),
        (rank_share_over_1000, "1", "Share of tokens beyond the model's first 1000 guesses."),
        (mean_frac_p, "1", "Average probability of the token over the first guess's: 1 if all are first guesses."),
        (mean_top_10_entropy, "nats", "How evenly the model spread its bets over its first 10 guesses, on average."),
        (difference_mean, "nats", "Average change of surprise from token to token: whether it rises or falls overall."),
        (difference_std, "nats", "How strongly surprise jumps from one token to the next."),
        (second_difference_variance, "nats²", "How unsteady the jumps of surprise are."),
        (second_difference_entropy, "nats", "How varied the swings of surprise are."),
        (second_difference_autocorrelation, "1", "Whether swings of surprise carry on (above 0) or reverse (below 0)."),
        (surprise_autocorrelation, "1", "Whether surprising tokens stand together (above 0) or apart (below 0)."),
    )
)
"""All statistics, in the order in which they are shown."""


def document_statistics(scores: TokenScores) -> Mapping[str, float]:
    """All `STATISTICS` of a document by name, in their order, read-only."""
    return MappingProxyType({statistic.name: statistic.function(scores) for statistic in STATISTICS})
