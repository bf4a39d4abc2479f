"""A text among those of its length: people's and machines', by population, and the verdict that follows.

The p-values are conformal: they count texts, and assume nothing of how scores are spread.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.calibration.features import FEATURES
from analyzer.calibration.likelihood import Settings

__all__ = ["LengthBin", "bin_for", "decide", "p_values", "populations", "strangeness", "tail_share"]

Floats = NDArray[np.float64]

_OWN_WEIGHT = 100  # texts of one length from which on a population is compared with on its own
_HUMAN_SHARE = 0.05  # likely human: at most so many machine texts look this human


@dataclass(frozen=True, slots=True, eq=False)
class LengthBin:
    """What texts of about one length got.

    Attributes
    ----------
    tokens : int
        Texts of at least so many scored tokens, up to the next bin.
    human, machine : mapping of str to float64 (n,)
        Scores of calibration texts, by population and by generator: of human texts by read-outs that had not seen their
        population, of machine texts by read-outs that had not seen their sources.
    half_width : float
        Of the 90 % interval, in units of the score.
    typical_mean, typical_spread : float64 (P,)
        Of the features of all calibration texts.
    largest_distance : float
        From there, in spreads (root mean square over features), of all but one in a thousand.
    least_surprise : float
        Nats a token, of all but one in two hundred machine texts: what is more predictable is known by heart.
    """

    tokens: int
    human: Mapping[str, Floats]
    machine: Mapping[str, Floats]
    half_width: float
    typical_mean: Floats
    typical_spread: Floats
    largest_distance: float
    least_surprise: float


def bin_for(bins: Sequence[LengthBin], n_tokens: int) -> LengthBin | None:
    """The bin of texts of this length; None if it is shorter than all."""
    place = int(np.searchsorted([one.tokens for one in bins], n_tokens, side="right")) - 1
    return bins[place] if place >= 0 else None


def strangeness(one: LengthBin, means: Floats) -> str:
    """How a text's features (P,) lie outside those of the calibration texts; empty if they do not."""
    if means[FEATURES.index("surprise")] < one.least_surprise:
        return (
            "More predictable than nearly all machine texts it was calibrated on: a machine may have taken its first "
            "guess nearly always, or the model may know the text by heart, as it knows famous texts and boilerplate."
        )
    distance = math.sqrt(np.mean(((means - one.typical_mean) / one.typical_spread) ** 2))
    return "Unlike the texts it was calibrated on, human or machine." if distance > one.largest_distance else ""


def decide(one: LengthBin, score: float, settings: Settings) -> tuple[str, tuple[str, ...], float]:
    """The verdict on a text that can be judged, what it rests on, and the human p-value."""
    alpha, kind = settings.false_positive_rate, settings.kind
    human_p = tail_share(one.human, score, kind)
    if _resolution(one.human, kind) > alpha:
        few = "Too few human texts of this kind and length are known to hold the false-positive rate asked for."
        return "unclear", (few,), human_p
    if human_p <= alpha:
        return "likely AI", (f"At most {_percent(alpha)} of human texts of this length are as machine-like.",), human_p
    machine_p = tail_share({name: -of for name, of in one.machine.items()}, -score, None)
    if machine_p <= _HUMAN_SHARE:
        rare = f"Only {_percent(machine_p)} of machine texts of this length are as human."
        return "likely human", (rare,), human_p
    between = (
        f"Neither as machine-like as the outermost {_percent(alpha)} of human texts, nor as human as the outermost "
        f"{_percent(_HUMAN_SHARE)} of machine texts."
    )
    return "unclear", (between,), human_p


def _percent(share: float) -> str:
    return f"{100 * share:.2g}\u00a0%"


def tail_share(texts: Mapping[str, Floats], value: float, kind: str | None) -> float:
    """Conformal p-value: the share of texts at least as extreme as `value`, the text itself counted among them.

    Without a kind it is the mean of the populations' p-values: each counts alike, however many of its texts were at
    hand; but those with under a hundred count together, as three texts can promise nothing to a fourth.
    """
    groups = populations(texts, kind)
    return float(p_values(groups, np.array([value]))[0]) if groups else math.nan


def p_values(groups: Sequence[Floats], values: Floats) -> Floats:
    """Mean over groups of the conformal p-values (n,) of some scores."""
    each = [(1 + np.sum(of[:, None] >= values, axis=0)) / (1 + len(of)) for of in groups]
    return np.asarray(np.mean(each, axis=0))


def populations(texts: Mapping[str, Floats], kind: str | None) -> list[Floats]:
    """Scores that a text is compared with, by population: they count alike, but small ones together."""
    if kind is not None:
        return [texts[kind]] if len(texts.get(kind, ())) else []
    large = [of for of in texts.values() if len(of) >= _OWN_WEIGHT]
    small = [of for of in texts.values() if 0 < len(of) < _OWN_WEIGHT]
    return [*large, np.concatenate(small)] if small else large


def _resolution(texts: Mapping[str, Floats], kind: str | None) -> float:
    """The smallest p-value that there can be."""
    groups = populations(texts, kind)
    return float(np.mean([1 / (1 + len(of)) for of in groups])) if groups else 1.0
