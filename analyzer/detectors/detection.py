"""What every detector returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan

__all__ = ["Detection", "Progress", "detection"]

Progress = Callable[[int, int], None]
"""Is told how many of how many steps are done."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One detector's number for one text.

    Attributes
    ----------
    detector : str
        Name of the detector.
    score : float
        Larger = more machine-like; on a scale of the detector's own, which only a calibration turns into a probability.
        nan where the text leaves it undefined.
    n_scored : int
        Tokens the score rests on.
    warnings : tuple of str
        What keeps the score from being taken at its word, one sentence each; mostly empty.
    """

    detector: str
    score: float
    n_scored: int
    warnings: tuple[str, ...] = ()


def detection(detector: str, score: float, n_scored: int, *, undefined: str, warnings: Sequence[str] = ()) -> Detection:
    """A `Detection` whose score is a finite number or nan, and if nan says why.

    Parameters
    ----------
    undefined : str
        When the detector's formula gives nan: the first of the warnings in that case.

    Examples
    --------
    >>> detection("lrr", float("nan"), 3, undefined="All tokens are first guesses.").warnings
    ('All tokens are first guesses.',)
    """
    if isfinite(score):
        return Detection(detector, float(score), n_scored, tuple(warnings))
    reason = undefined if isnan(score) and n_scored else "The text has a token that the model rules out."
    if not n_scored:
        reason = "The text has no scored token."
    return Detection(detector, nan, n_scored, (reason, *warnings))
