"""What is kept of a result where thousands are held at once: its text, its record, and what its verdict follows from.

An ``Analysis`` has ten alternatives for each of its tokens, some 300 bytes a token. None of them is needed to judge a
text again: its score and its length are, for whatever else counts against judging it no setting changes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from analyzer.batch.layout import Layout
from analyzer.batch.rows import Result, Row
from analyzer.calibration import Calibration, Likelihood, Settings, bin_for, decide
from analyzer.errors import InputError
from analyzer.series import BITS_PER_NAT, surprise

__all__ = ["CURVE_POINTS", "Kept", "judged_again", "keep", "record_of", "stretch_means"]

CURVE_POINTS = 30
"""Of the line of surprise along a text, as wide as a table's cell shows."""

_JUDGED = ("probability", "low", "high", "human_p_value")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One row with its numbers, or with the reason why it has none.

    Attributes
    ----------
    row : Row
    record : mapping of str to Any
        As ``Layout().record`` gives it.
    likelihood : Likelihood or None
        At a false-positive rate of 1 %; None where there is no analysis.
    n_tokens, n_words : int
        Scored tokens; words, as white space parts them.
    surprise : float
        Mean, bits a token; nan where nothing is scored.
    curve : float32 (n,)
        Surprise along the text in bits, means of at most `CURVE_POINTS` stretches.
    error : str
        Empty where there is an analysis.
    """

    row: Row
    record: Mapping[str, Any]
    likelihood: Likelihood | None
    n_tokens: int
    n_words: int
    surprise: float
    curve: NDArray[np.float32]
    error: str


def keep(result: Result, layout: Layout) -> Kept:
    """The part of a result that is kept; the rest can be let go.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.batch.engine import score_rows
    >>> from analyzer.batch.rows import rows_of
    >>> from analyzer.models.toy import ToyModel
    >>> found = [keep(one, Layout()) for one in score_rows(Analyzer(ToyModel("to be")), rows_of(["to be", ""]))]
    >>> [(one.n_words, one.n_tokens, len(one.curve), one.error) for one in found]
    [(2, 5, 5, ''), (0, 0, 0, 'There is no text to score. Give at least one word.')]
    """
    analysis = result.analysis
    bits = np.empty(0) if analysis is None else surprise(analysis.scores) * BITS_PER_NAT
    return Kept(
        row=result.row,
        record=layout.record(result),
        likelihood=None if analysis is None else analysis.likelihood,
        n_tokens=len(bits),
        n_words=len((result.row.text or "").split()),
        surprise=float(bits.mean()) if len(bits) else math.nan,
        curve=stretch_means(bits, most=CURVE_POINTS).astype(np.float32),
        error="" if result.error is None else str(result.error),
    )


def stretch_means(values: NDArray[np.float64], *, most: int) -> NDArray[np.float64]:
    """Means of at most so many stretches of about equal length; all values where there are no more.

    Examples
    --------
    >>> stretch_means(np.arange(7.0), most=3), stretch_means(np.arange(2.0), most=3)
    (array([0.5, 2.5, 5. ]), array([0., 1.]))
    """
    count = min(most, len(values))
    if not count:
        return np.empty(0)
    bounds = np.arange(count + 1) * len(values) // count
    return np.asarray(np.add.reduceat(values, bounds[:-1]) / np.diff(bounds))


def judged_again(calibration: Calibration | None, found: Likelihood, n_tokens: int, settings: Settings) -> Likelihood:
    """What ``Calibration.judge`` says under other settings, from what it said; neither scores nor text are needed.

    Raises
    ------
    InputError
        If the calibration does not know the kind of writing.
    """
    known = () if calibration is None else calibration.kinds
    if settings.kind is not None and settings.kind not in known:
        raise InputError(f"kind: the calibration does not know {settings.kind!r}.", hint="Give none.")
    if calibration is None or found.verdict == "not judged":  # for reasons that no setting changes
        return replace(found, settings=settings)
    one = bin_for(calibration.bins, n_tokens) or calibration.bins[0]
    verdict, reasons, human_p = decide(one, found.score, settings)
    middle = calibration.logit(found.score, n_tokens)
    return replace(
        found,
        verdict=verdict,
        reasons=reasons,
        human_p_value=human_p,
        posterior=float(expit(middle + logit(settings.base_rate))),
        settings=settings,
    )


def record_of(kept: Kept, likelihood: Likelihood | None) -> dict[str, Any]:
    """The record of a row as judged by `likelihood`: what ``Layout(settings=...)`` would have given."""
    record = dict(kept.record)
    if likelihood is not None:
        record |= {name: _finite(getattr(likelihood, name)) for name in _JUDGED}
        record |= {"verdict": likelihood.verdict, "reasons": list(likelihood.reasons)}
    return record


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
