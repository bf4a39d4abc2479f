"""What is said of a text, and what its reader decides about that."""

import math
from dataclasses import dataclass, field

from analyzer.errors import InputError

__all__ = ["UNCALIBRATED", "VERDICTS", "Likelihood", "Settings"]

VERDICTS = ("likely human", "likely AI", "unclear", "not judged")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the reader of a verdict decides, never the detector.

    Attributes
    ----------
    false_positive_rate : float
        How many human texts may be called likely AI, 0 to 0.5 exclusive.
    base_rate : float
        Share of machine texts among those that are judged, before looking at them; 0 to 1 exclusive.
    kind : str or None
        Kind of writing, one of the card's populations: the text is then compared with those alone.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    false_positive_rate: float = 0.01
    base_rate: float = 0.5
    kind: str | None = None

    def __post_init__(self) -> None:
        shares = {"false_positive_rate": (self.false_positive_rate, 0.5), "base_rate": (self.base_rate, 1.0)}
        for name, (value, top) in shares.items():
            if not 0 < value < top:
                raise InputError(f"{name}: got {value}.", hint=f"Give a share between 0 and {top:g}, such as 0.01.")


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a machine wrote a text, how sure that is, and why no more may be said.

    Numbers are nan where nothing can be said.

    Attributes
    ----------
    probability, low, high : float
        Of machine origin, if persons and machines had written equally many such texts; and a 90 % interval: within it
        lies what a read-out that never saw this kind of writing would say, given more of the same text.
    human_p_value : float
        Share of human calibration texts of about this length that look at least as machine-like.
    verdict : str
        One of ``VERDICTS``.
    reasons : tuple of str
        What the verdict rests on, or why it is not clearer.
    calibration_id : str or None
        The card.
    score : float
        What the probability is a function of, unbounded: for ranking texts.
    posterior : float
        The probability at the base rate of `settings`.
    settings : Settings
    """

    probability: float
    low: float
    high: float
    human_p_value: float
    verdict: str
    reasons: tuple[str, ...]
    calibration_id: str | None
    score: float
    posterior: float
    settings: Settings = field(default_factory=Settings)


UNCALIBRATED = Likelihood(
    probability=math.nan,
    low=math.nan,
    high=math.nan,
    human_p_value=math.nan,
    verdict="not judged",
    reasons=("There is no calibration for this model: `analyzer calibrate` makes one from labelled texts.",),
    calibration_id=None,
    score=math.nan,
    posterior=math.nan,
)
