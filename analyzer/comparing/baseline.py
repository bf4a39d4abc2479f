"""A text among the writer's own earlier texts: in which statistics it is unlike them, and how sure that is.

Statistics of short texts vary more, the first tokens of a text surprise more for want of context, and curvature grows
with length. So texts are compared at one length: all are cut to the same number of tokens from their beginnings, which
is exact, as no score depends on what comes later. One piece is taken of each text and not several: pieces of one text
resemble each other, and would count one day's mood as many.

The p-values are conformal: they hold for any distribution, if the new text is one more of the same sort. Each statistic
has its own; looking at several is corrected for by asking, for every text of them all, how far out it lies in the
statistic in which it lies furthest out (the max-T method of Westfall & Young 1993, "Resampling-Based Multiple Testing",
here over which text is the new one). As statistics go together, that costs less than to multiply by their number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.analysis_result import Analysis
from analyzer.errors import InputError, ModelMismatch
from analyzer.statistics import STATISTICS

__all__ = ["COMPARED", "Baseline", "Place", "Placement", "baseline"]

COMPARED = (
    "surprise_mean",
    "surprise_std",
    "entropy",
    "curvature",
    "burstiness",
    "rank_share_1_10",
    "rank_share_over_1000",
    "surprise_autocorrelation",
)
"""Statistics that are compared: level, spread, expectation, lead over it, evenness, both ends of the ranks, order.

Perplexity is not among them: being e to the power of `surprise_mean`, it would put every text in the same place.
"""

_LEAST = 5  # texts; with fewer even the text furthest out of all has p = 2 / 5
_FEW = 20  # texts, from which on p = 1 / (n + 1) is under 0.05
_KEPT = 0.8  # of the texts are compared at least, if need be over fewer tokens
_SHORT = 100  # tokens; the mean surprise of so many still swings by a tenth: its deviation is 0.8 to 0.9 of it
_ROUNDING = 1e-9

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """One statistic of a text among those of the writer's earlier texts, all at one length.

    Attributes
    ----------
    name, unit, description : str
        As in ``analyzer.statistics.STATISTICS``.
    value : float
        Of the text, cut to the common length; nan where undefined.
    own : tuple of float
        Of the earlier texts, ascending; undefined ones are left out.
    low, median, high : float
        Least, middle and greatest of them; nan without any.
    n_lower, n_higher : int
        How many of them lie below the value and above it; the rest are equal.
    p : float
        Share of texts, this one counted among them, that lie at least as far out, on the side on which it lies, times
        two for there being two sides: from 2 / (n + 1) to 1. nan where the value is undefined or fewer than 5 are not.
    p_corrected : float
        Share of texts, this one counted among them, that lie as far out in *any* of the statistics, in standard
        deviations: corrected for looking at all of them; from 1 / (n + 1) to 1. nan where `p` is.
    """

    name: str
    unit: str
    description: str
    value: float
    own: tuple[float, ...]
    low: float
    median: float
    high: float
    n_lower: int
    n_higher: int
    p: float
    p_corrected: float


@dataclass(frozen=True, slots=True)
class Placement:
    """A text among the writer's earlier ones.

    Attributes
    ----------
    places : tuple of Place
        For each of ``COMPARED``, in that order.
    n_tokens : int
        Scored tokens, from its beginning, that each text was cut to.
    n_texts : int
        Earlier texts compared.
    too_short : tuple of int
        Those that were not, being shorter: their numbers in what the baseline was made of, from 0.
    p : float
        The least corrected p-value of all: how common such a text is among texts like the earlier ones.
    sentence : str
        What may be said.
    warnings : tuple of str
    """

    places: tuple[Place, ...]
    n_tokens: int
    n_texts: int
    too_short: tuple[int, ...]
    p: float
    sentence: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A writer's own texts, to compare another one with; made by ``baseline``.

    Attributes
    ----------
    own : tuple of Analysis
        Without repetitions.
    numbers : tuple of int
        Which of the texts given they are, from 0.
    names : tuple of str
        Of all texts given.
    warnings : tuple of str
    """

    own: tuple[Analysis, ...]
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    warnings: tuple[str, ...]

    def place(self, analysis: Analysis) -> tuple[Place, ...]:
        """The places alone; see ``placement``."""
        return self.placement(analysis).places

    def placement(self, analysis: Analysis, *, level: float = 0.05) -> Placement:
        """Place a text among the earlier ones.

        All are cut to the length of the new text; or, where fewer than four fifths of the earlier ones (or than five)
        are that long, to the greatest length that so many have. An earlier text that is the new one itself is left out.

        Parameters
        ----------
        analysis : Analysis
        level : float
            Up to which corrected p-value the sentence calls a text unlike the earlier ones: the share of the writer's
            own texts for which it may be wrong; 0 to 1 exclusive.

        Raises
        ------
        ModelMismatch
            If the text was read by another model.
        InputError
            If `level` is out of range, there is no token to compare, or fewer than 5 other texts are left.
        """
        if not 0 < level < 1:
            raise InputError(f"level: got {level}.", hint="Give a share between 0 and 1, such as 0.05.")
        _one_model([*self.own, analysis])
        others = [(n, one) for n, one in zip(self.numbers, self.own, strict=True) if one.text != analysis.text]
        if len(others) < _LEAST:
            raise InputError(
                f"A text is compared with at least {_LEAST} earlier texts beside this one; there {_are(len(others))}.",
                hint=f"Add {_LEAST - len(others)} more.",
            )
        n_tokens = _common_length([len(one.scores) for _, one in others], len(analysis.scores))
        if not n_tokens:
            raise InputError("Too many of the texts have no token with a score.", hint="Give longer texts.")
        long = [one for _, one in others if len(one.scores) >= n_tokens]
        too_short = tuple(n for n, one in others if len(one.scores) < n_tokens)
        table = np.array([_values(one, n_tokens) for one in [*long, analysis]])  # (n + 1, M), the new text last
        places = _places(table)
        return Placement(
            places=places,
            n_tokens=n_tokens,
            n_texts=len(long),
            too_short=too_short,
            p=min((place.p_corrected for place in places if not math.isnan(place.p_corrected)), default=math.nan),
            sentence=_sentence(places, level),
            warnings=(
                *self.warnings,
                *_warnings(
                    analysis,
                    long,
                    n_tokens,
                    [self.names[n] for n in too_short],
                    itself=len(others) < len(self.own),
                ),
            ),
        )


def baseline(own: Sequence[Analysis], *, names: Sequence[str] = ()) -> Baseline:
    """A writer's own earlier texts, at least 5 different ones, as a measure for others.

    Give texts of the kind that will be compared: letters are a poor measure for essays.

    Parameters
    ----------
    own : sequence of Analysis
    names : sequence of str, optional
        What to call each of them in warnings; without, it is their number, from 1.

    Raises
    ------
    InputError
        If there are fewer than 5 different texts.
    ModelMismatch
        If they were not all read by one model.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> analyzer = Analyzer(ToyModel("to be or not to be, that is the question"))
    >>> own = [analyzer.analyze(f"to be or not to {verb}") for verb in ("be", "see", "eat", "toast", "quest")]
    >>> found = baseline(own).placement(analyzer.analyze("zzzzzzzzzzzzzzzzzz"))
    >>> found.n_texts, found.n_tokens, f"{found.places[0].p:.2f} {found.p:.2f}"
    (5, 18, '0.33 0.17')
    """
    _one_model(own)
    first: dict[str, int] = {}
    for n, one in enumerate(own):
        first.setdefault(one.text, n)
    if len(first) < _LEAST:
        raise InputError(
            f"A baseline needs at least {_LEAST} different texts of yours; there {_are(len(first))}.",
            hint=f"Add {_LEAST - len(first)} more; from {_FEW} on they can tell something.",
        )
    warnings = []
    if repeated := len(own) - len(first):
        warnings.append(f"{repeated} of the earlier texts are repetitions: they are left out.")
    if len({one.context for one in own}) > 1:
        warnings.append("Different things stood before the earlier texts, which moves their numbers.")
    called = tuple(names) or tuple(f"number {n}" for n in range(1, len(own) + 1))
    return Baseline(tuple(own[n] for n in first.values()), tuple(first.values()), called, tuple(warnings))


def _one_model(texts: Sequence[Analysis]) -> None:
    names = sorted({f"{one.model.name} {one.model.revision}" for one in texts})
    if len(names) > 1:
        raise ModelMismatch(
            f"The texts were not all read by one model, but by {', '.join(names)}.",
            hint="Analyse all of them with the same model.",
        )


def _are(n: int) -> str:
    return f"is {n}" if n == 1 else f"are {n or 'none'}"


def _common_length(own: Sequence[int], new: int) -> int:
    """How many tokens to compare: those of the new text, or as many as enough of the own ones have."""
    enough = max(_LEAST, math.ceil(_KEPT * len(own)))
    return min(new, sorted(own, reverse=True)[enough - 1])


def _values(analysis: Analysis, n_tokens: int) -> list[float]:
    scores = analysis.scores.part(0, n_tokens)
    functions = {statistic.name: statistic.function for statistic in STATISTICS}
    return [functions[name](scores) for name in COMPARED]


def _places(table: _Floats) -> tuple[Place, ...]:
    """Places of the last of the texts (n + 1, M) among all."""
    table = np.where(np.isfinite(table), table, math.nan)
    known = np.where(np.isnan(table).all(axis=0), 0.0, table)  # an undefined statistic puts no text far out
    spread = np.nanstd(known, axis=0)
    far = np.abs(known - np.nanmean(known, axis=0)) / np.where(spread > _ROUNDING, spread, math.inf)
    furthest = np.nan_to_num(far).max(axis=1)  # (n + 1,): in which it lies furthest out, whichever statistic that is
    return tuple(_place(name, table[:, m], far[-1, m], furthest) for m, name in enumerate(COMPARED))


def _place(name: str, column: _Floats, far: float, furthest: _Floats) -> Place:
    statistic = next(s for s in STATISTICS if s.name == name)
    value, own = float(column[-1]), np.sort(column[:-1][np.isfinite(column[:-1])])
    lower, higher = int((own < value - _ROUNDING).sum()), int((own > value + _ROUNDING).sum())
    p = corrected = math.nan
    if math.isfinite(value) and len(own) >= _LEAST:
        p = min(1.0, 2 * (1 + len(own) - max(lower, higher)) / (1 + len(own)))
        corrected = float(np.mean(furthest >= far - _ROUNDING))
    return Place(
        name=name,
        unit=statistic.unit,
        description=statistic.description,
        value=value,
        own=tuple(own.tolist()),
        low=float(own[0]) if len(own) else math.nan,
        median=float(np.median(own)) if len(own) else math.nan,
        high=float(own[-1]) if len(own) else math.nan,
        n_lower=lower,
        n_higher=higher,
        p=p,
        p_corrected=corrected,
    )


def _sentence(places: Sequence[Place], level: float) -> str:
    known = [place for place in places if not math.isnan(place.p_corrected)]
    if not known:
        return "Nothing can be compared: the statistics of so short a text are undefined."
    looked = f"corrected for looking at {len(known)} statistics"
    unlike = sorted((place for place in known if place.p_corrected <= level), key=lambda place: place.p_corrected)
    if unlike:
        named = ", ".join(f"{place.name.replace('_', ' ')} (p = {place.p_corrected:.2g})" for place in unlike)
        return (
            f"Unlike your earlier texts in {named}; {looked}. That does not say why: another subject, another kind of "
            "text, haste or an editor do it too."
        )
    furthest = min(known, key=lambda place: place.p_corrected)
    return (
        f"In no statistic clearly unlike your earlier texts: furthest out is {furthest.name.replace('_', ' ')}, "
        f"p = {furthest.p_corrected:.2g}, {looked}."
    )


def _warnings(
    analysis: Analysis, long: Sequence[Analysis], n_tokens: int, too_short: Sequence[str], *, itself: bool
) -> list[str]:
    found = []
    if itself:
        found.append("This text is one of the earlier ones: it is compared with the others.")
    if len(long) < _FEW:
        found.append(
            f"Only {len(long)} earlier texts are compared: no p-value can be less than {1 / (len(long) + 1):.2g} "
            f"corrected, or {2 / (len(long) + 1):.2g} for one statistic. From {_FEW} texts on something can be told."
        )
    if too_short:
        found.append(f"Earlier texts left out, being shorter than {n_tokens:,} tokens: {', '.join(too_short)}.")
    if n_tokens < len(analysis.scores):
        found.append(
            f"The first {n_tokens:,} of this text's {len(analysis.scores):,} tokens are compared, as too few earlier "
            "texts are longer."
        )
    if n_tokens < _SHORT:
        found.append(f"Only {n_tokens:,} tokens of each text are compared: so few vary much, and little would show.")
    if analysis.context != long[0].context:
        found.append("Other things stood before this text than before the earlier ones, which moves its numbers.")
    return found
