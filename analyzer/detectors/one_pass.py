"""Detectors that need nothing but the ``TokenScores`` of one forward pass: asking for all costs what one costs.

Where a formula is also a statistic, it is that statistic, turned so that larger is more machine-like. Conventions, for
all of them: the first token counts where the model has a start token (the published codes have none, and drop it);
natural logarithms; ranks from 1; what a formula leaves undefined is nan with a warning, never an exception.

>>> import numpy as np
>>> surprise_in_bits = np.array([1, 2, 3])
>>> scores = TokenScores(0, -np.log(2) * surprise_in_bits, entropy=[1.0, 1.0, 1.0], varentropy=[1.0, 1.0, 1.0],
...     rank=[1, 2, 4], top_ids=[[5], [5], [5]], top_log_prob=np.log([[0.5], [0.5], [0.5]]), context_len=[1, 2, 3])
>>> found = detect(scores)
>>> print(f"{found['log_rank'].score:.3f} {found['lrr'].score:.3f} {found['lastde'].score}")
-0.693 2.000 nan
>>> found["lastde"].warnings
('Undefined under 19 tokens, and where surprise does not vary.',)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log, nan
from types import MappingProxyType

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analyzer import statistics
from analyzer.detectors.detection import Detection, detection
from analyzer.scoring import TokenScores
from analyzer.series import surprise

__all__ = [
    "DETECTORS",
    "Detector",
    "detect",
    "diversity_entropy",
    "entropy",
    "fast_detectgpt",
    "fourier",
    "fourier_spectrum",
    "gltr",
    "lastde",
    "likelihood",
    "log_rank",
    "lrr",
]

_ROUNDING = 1e-9  # nats; as in `analyzer.statistics`
_LOW_FREQUENCIES = 5  # the constant part is the first; see `fourier`


# Statistics, oriented


def likelihood(scores: TokenScores) -> float:
    """Mean log p, nats per token: machines write what models expect.

    Source: Solaiman et al. 2019 (arXiv 1908.09203); the likelihood baseline of DetectGPT (arXiv 2301.11305).
    """
    return statistics.log_likelihood(scores)


def log_rank(scores: TokenScores) -> float:
    """Negative mean ln rank. Source: the log-rank baseline of DetectGPT (Mitchell et al. 2023, arXiv 2301.11305)."""
    return 0.0 - statistics.log_rank(scores)


def lrr(scores: TokenScores) -> float:
    """-Σ log p / Σ ln rank; nan where all ranks are 1, where the published code divides by 0.

    Source: DetectLLM-LRR (Su et al. 2023, arXiv 2306.05540); mbzuai-nlp/DetectLLM, all_baselines.py.
    """
    return statistics.lrr(scores)


def entropy(scores: TokenScores) -> float:
    """Negative mean entropy of the model's distributions, nats per token.

    DetectGPT's baseline takes high entropy for a sign of machines. Over the labelled texts, under the default model,
    it is the other way round for each of 21 generators: mean AUROC of the negative .68, of chat models .89.
    Source: the entropy baseline of DetectGPT (arXiv 2301.11305); Fast-DetectGPT's baselines.py, with the sign turned.
    """
    return 0.0 - statistics.entropy(scores)


def gltr(scores: TokenScores) -> float:
    """Share of tokens among the model's first 10 guesses, 0 to 1: GLTR's green.

    Source: Gehrmann et al. 2019 (arXiv 1906.04043), Test 2, whose ranks start at 0: rank < 10 there is rank <= 10 here.
    The paper shows the shares of four buckets to a person; the first is the one that grows in machine text.
    """
    return statistics.rank_share_1_10(scores)


def fast_detectgpt(scores: TokenScores) -> float:
    """Conditional probability curvature: (Σ log p + Σ entropy) / sqrt(Σ varentropy), without unit.

    Sums, as published, so it grows as the square root of the length; nan where the model is certain of every token.
    Source: Fast-DetectGPT (Bao et al. 2024, arXiv 2310.05130); baoguangsheng/fast-detect-gpt, fast_detect_gpt.py,
    ``get_sampling_discrepancy_analytic`` with one model for sampling and scoring.
    """
    return statistics.curvature(scores)


# Order of the tokens


def lastde(scores: TokenScores, *, width: int = 4, bins_per_token: int = 8, scales: int = 15) -> float:
    """Mean log p over the spread of diversity entropies: mean log p / std(DE(1), ..., DE(scales)).

    DE(τ) is the `diversity_entropy` of log p smoothed over τ tokens; the deviation is the sample's (n - 1). Negative,
    in nats. nan under ``scales + width`` tokens, where the published code fails, and where the entropies are equal.
    The defaults are lastde_doubleplus.py's, the best over the labelled texts (mean AUROC of 60 sets under the default
    model .85; with 3, 10, 5, in the code for open generators, .82; with 3, 1, 15, for closed ones, .81, but .92 for .86
    on chat models).
    Source: Lastde (Xu et al. 2025, ICLR, "Training-free LLM-generated Text Detection by Mining Token Probability
    Sequences"); TrustMedia-zju/Lastde_Detector, fastMDE.py and lastde_doubleplus.py.
    """
    if len(scores) < scales + width or not np.isfinite(scores.log_prob).all():
        return nan
    found = [
        diversity_entropy(
            sliding_window_view(scores.log_prob, tau).mean(axis=1), width=width, bins=bins_per_token * len(scores)
        )
        for tau in range(1, scales + 1)
    ]
    spread = np.std(found, ddof=1)
    return float(scores.log_prob.mean() / spread) if spread > _ROUNDING else nan


def diversity_entropy(values: NDArray[np.float64], *, width: int, bins: int) -> float:
    """How varied the turns of a series are: entropy of cosines between neighbouring stretches, 0 to 1.

    Each stretch of `width` values is a vector; the cosines of consecutive ones are counted in `bins` equal bins of
    [-1, 1], and the entropy of the counts is divided by ln bins. Needs ``width + 1`` values.
    Source: Wang et al. 2021 (diversity entropy), as in Lastde's fastMDE.py; cosines that rounding carries beyond 1 are
    kept in the last bin here and lost there, and there the arithmetic is in float32.

    Examples
    --------
    >>> round(diversity_entropy(np.array([1.0, 2, 13, 7, 9, 5, 4]), width=3, bins=10), 4)   # cosines .61 .70 .92 .93
    0.301
    """
    vectors = sliding_window_view(values, width)  # (n - width + 1, width)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-8)  # as torch's cosine_similarity
    cosines = np.einsum("ij,ij->i", vectors[:-1], vectors[1:]) / (lengths[:-1] * lengths[1:])
    # The counts of np.histogram, in less time: a text has fifteen scales.
    places = np.searchsorted(_edges(bins)[1:-1], np.clip(cosines, -1, 1), side="right")
    counts = np.bincount(places)
    share = counts[counts > 0] / len(cosines)
    return float(0.0 - np.sum(share * np.log(share)) / log(bins))


@lru_cache(maxsize=1)  # all scales of a text have the same
def _edges(bins: int) -> NDArray[np.float64]:
    return np.linspace(-1, 1, bins + 1)


def fourier_spectrum(scores: TokenScores) -> NDArray[np.float64]:
    """Magnitudes of the Fourier transform of the z-scored surprise, at frequencies 0, 1/S, 2/S ... below 1/2.

    float64 (ceil(S / 2),); the first is 0 up to rounding, as the mean is taken off. All nan where surprise does not
    vary.
    Source: FourierGPT (Xu et al. 2024, "Detecting Subtle Differences between Human and Model Languages Using Spectrum
    of Relative Likelihood", arXiv 2406.19874); innerfirexy/FourierGPT-playground, run_fft.py, ``zscore`` and ``norm``.
    """
    values = surprise(scores)
    size = (len(values) + 1) // 2
    if not np.isfinite(values).all() or not size or values.std() <= _ROUNDING:
        return np.full(size, nan)
    return np.asarray(np.abs(np.fft.rfft((values - values.mean()) / values.std()))[:size])


def fourier(scores: TokenScores) -> float:
    """Mean of the first 5 magnitudes of `fourier_spectrum` over sqrt(S): how slowly surprise swings.

    About 0.7 where surprise has no memory. The paper trains a classifier on the spectrum, or compares the mean of the
    first k of the two texts of a pair, with k and direction fitted to the data: mostly 4 to 6, and higher for machines.
    So here: over the labelled texts, mean AUROC .68 with 5, .65 with 10, .61 with 20. Divided by sqrt(S), as magnitudes
    grow so and texts are of all lengths. nan where S < 10 or surprise does not vary.
    Source: as `fourier_spectrum`; run_pwh_cls.py, heuristics_utils.py, auroc_heuristics.py.
    """
    if len(scores) < 2 * _LOW_FREQUENCIES:
        return nan
    return float(fourier_spectrum(scores)[:_LOW_FREQUENCIES].mean() / np.sqrt(len(scores)))


# Registry


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A detector and how to show it.

    Attributes
    ----------
    name : str
        Key and column name.
    function : callable
        TokenScores -> float, larger = more machine-like.
    unit : str
        "nats", or "1" for pure numbers.
    description : str
        One plain sentence.
    source : str
        Paper.
    undefined : str
        When the score is nan, in one sentence.
    """

    name: str
    function: Callable[[TokenScores], float]
    unit: str
    description: str
    source: str
    undefined: str


_NO_TOKEN = "Undefined without tokens."

DETECTORS = tuple(
    Detector(function.__name__, function, unit, description, source, undefined)
    for function, unit, description, source, undefined in (
        (likelihood, "nats", "How predictable the text is to the model.", "Solaiman et al. 2019", _NO_TOKEN),
        (log_rank, "nats", "How near to the model's first guesses the tokens are.", "Mitchell et al. 2023", _NO_TOKEN),
        (
            lrr,
            "1",
            "Surprise over the logarithm of the rank: high if even surprising tokens rank well.",
            "Su et al. 2023",
            "Undefined where every token is the model's first guess.",
        ),
        (entropy, "nats", "How sure the model is of what comes next.", "Mitchell et al. 2023", _NO_TOKEN),
        (gltr, "1", "Share of tokens among the model's first 10 guesses.", "Gehrmann et al. 2019", _NO_TOKEN),
        (
            fast_detectgpt,
            "1",
            "How much likelier the text is than the model's own random drafts.",
            "Bao et al. 2024",
            "Undefined where the model is certain of every token.",
        ),
        (
            lastde,
            "nats",
            "Predictability, weighed by how unevenly surprise turns on short and longer scales.",
            "Xu et al. 2025",
            "Undefined under 19 tokens, and where surprise does not vary.",
        ),
        (
            fourier,
            "1",
            "How slowly surprise swings along the text.",
            "Xu et al. 2024",
            "Undefined under 10 tokens, and where surprise does not vary.",
        ),
    )
)
"""All detectors of one pass, in the order in which they are shown."""


def detect(scores: TokenScores) -> Mapping[str, Detection]:
    """All `DETECTORS` of a document by name, in their order, read-only."""
    return MappingProxyType(
        {d.name: detection(d.name, d.function(scores), len(scores), undefined=d.undefined) for d in DETECTORS}
    )
