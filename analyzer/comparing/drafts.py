"""Two drafts of a text, one beside the other: what changed, what each change cost, and what it did to what follows.

Drafts are aligned on as many words in common as there can be (``analyzer.comparing.alignment``). Words are whole tokens
and hold the white space before them, so that the stretches of each draft join up to it and each has its own surprise.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from analyzer.analysis_result import Analysis
from analyzer.calibration import Likelihood
from analyzer.comparing.alignment import Block, aligned
from analyzer.comparing.words import token_cuts, token_words, word_edges, word_sums
from analyzer.errors import ModelMismatch
from analyzer.series import BITS_PER_NAT, surprise
from analyzer.statistics import STATISTICS
from analyzer.wording import chance, interval

__all__ = ["Drafts", "Moved", "Stretch", "drafts"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words that stayed, or one change.

    Attributes
    ----------
    kind : str
        "unchanged", "replaced", "inserted" or "deleted".
    before_start, before_end, after_start, after_end : int
        Half-open offsets in code points, into each draft.
    before, after : str
        The characters between them; empty where there are none.
    bits_before, bits_after : float
        Surprise of the tokens in each draft; tokens without a score add nothing.
    difference : float
        bits_after less bits_before.
    share_before, share_after : float
        Part of the log-odds of the whole draft that a machine wrote it, nats; nan without a calibration.
    moved_behind : float
        Of a change: bits by which it, with all changes before it, moved the surprise of the unchanged words between it
        and the next change. 0 where none follow, and for unchanged stretches.
    """

    kind: str
    before_start: int
    before_end: int
    after_start: int
    after_end: int
    before: str
    after: str
    bits_before: float
    bits_after: float
    difference: float
    share_before: float
    share_after: float
    moved_behind: float


@dataclass(frozen=True, slots=True)
class Moved:
    """One statistic in both drafts.

    Attributes
    ----------
    name, unit, description : str
        As in ``analyzer.statistics.STATISTICS``.
    before, after, difference : float
        difference = after less before; nan where either is.
    """

    name: str
    unit: str
    description: str
    before: float
    after: float
    difference: float


@dataclass(frozen=True, slots=True)
class Drafts:
    """What became of a text from one draft to the next.

    Attributes
    ----------
    stretches : tuple of Stretch
        In order; their characters join up to each draft.
    bits_before, bits_after : float
        Surprise of each draft.
    moved_behind : float
        Bits by which the words that stayed became more surprising, or less (under 0), by what changed before them.
    statistics : tuple of Moved
        All of them, in the order of ``STATISTICS``.
    likelihood_before, likelihood_after : Likelihood
        With their intervals; nan where nothing can be said.
    sentence : str
        What the two likelihoods allow one to say.
    warnings : tuple of str
        What a reader of the comparison should know, beside the warnings of the two analyses.
    """

    stretches: tuple[Stretch, ...]
    bits_before: float
    bits_after: float
    moved_behind: float
    statistics: tuple[Moved, ...]
    likelihood_before: Likelihood
    likelihood_after: Likelihood
    sentence: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A draft cut into N words: texts, edges (N + 1,), and bits and shares of the log-odds (N,)."""

    text: str
    words: list[str]
    edges: list[int]
    bits: _Floats
    shares: _Floats


def drafts(before: Analysis, after: Analysis) -> Drafts:
    """Compare two drafts under one model.

    Raises
    ------
    ModelMismatch
        If they were read by different models.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> analyzer = Analyzer(ToyModel("to be or not to be"))
    >>> found = drafts(analyzer.analyze("to be, or not"), analyzer.analyze("to see, or not"))
    >>> [(s.kind, s.before, s.after) for s in found.stretches]
    [('unchanged', 'to', 'to'), ('replaced', ' be', ' see'), ('unchanged', ', or not', ', or not')]
    """
    one, other = before.model, after.model
    if (one.name, one.revision) != (other.name, other.revision):
        raise ModelMismatch(
            f"drafts: expected one model, got {one.name} {one.revision} and {other.name} {other.revision}.",
            hint="Analyse both drafts with one model; for one text under two see `analyzer.comparing.agreement`.",
        )
    a, b = _draft(before), _draft(after)
    stretches = _stretches(a, b)
    return Drafts(
        stretches=stretches,
        bits_before=float(a.bits.sum()),
        bits_after=float(b.bits.sum()),
        moved_behind=sum(s.moved_behind for s in stretches),
        statistics=tuple(
            Moved(s.name, s.unit, s.description, x, y, y - x)
            for s in STATISTICS
            for x, y in [(before.statistics[s.name], after.statistics[s.name])]
        ),
        likelihood_before=before.likelihood,
        likelihood_after=after.likelihood,
        sentence=_sentence(before.likelihood, after.likelihood, same=before.text == after.text),
        warnings=_warnings(before, after),
    )


def _draft(analysis: Analysis) -> _Draft:
    tokens, scores = analysis.tokenization, analysis.scores
    edges = word_edges(tokens.text, token_cuts(tokens))
    of_scored, n = token_words(tokens, edges)[scores.start :], len(edges) - 1
    shares = analysis.token_shares() if len(scores) else np.empty(0)
    return _Draft(
        text=tokens.text,
        words=[tokens.text[start:end] for start, end in pairwise(edges.tolist())],
        edges=edges.tolist(),
        bits=word_sums(surprise(scores) * BITS_PER_NAT, of_scored, n),
        shares=word_sums(shares, of_scored, n),
    )


def _stretches(a: _Draft, b: _Draft) -> tuple[Stretch, ...]:
    found = []
    for _, group in groupby(_parts(a, b), key=lambda part: _piece(a, part[0]) == _piece(b, part[1])):
        parts = list(group)  # several where the tokens of one draft make one word of what are two in the other
        of_a, of_b = (slice(parts[0][side].start, parts[-1][side].stop) for side in (0, 1))
        found.append(_stretch(a, b, of_a, of_b))
    for n, (one, behind) in enumerate(pairwise(found)):
        if one.kind != "unchanged" and behind.kind == "unchanged":
            found[n] = replace(one, moved_behind=behind.difference)
    return tuple(found)


def _parts(a: _Draft, b: _Draft) -> Iterator[tuple[slice, slice]]:
    """The words of each draft by turns: those of a change, those in common."""
    i = j = 0
    for at_a, at_b, n in [*aligned(a.words, b.words), Block(len(a.words), len(b.words), 0)]:
        if i < at_a or j < at_b:
            yield slice(i, at_a), slice(j, at_b)
        if n:
            yield slice(at_a, at_a + n), slice(at_b, at_b + n)
        i, j = at_a + n, at_b + n


def _piece(draft: _Draft, words: slice) -> str:
    return draft.text[draft.edges[words.start] : draft.edges[words.stop]]


def _stretch(a: _Draft, b: _Draft, of_a: slice, of_b: slice) -> Stretch:
    before, after = _piece(a, of_a), _piece(b, of_b)
    kind = "replaced" if before and after else "deleted" if before else "inserted"
    bits_before, bits_after = float(a.bits[of_a].sum()), float(b.bits[of_b].sum())
    return Stretch(
        kind="unchanged" if before == after else kind,
        before_start=a.edges[of_a.start],
        before_end=a.edges[of_a.stop],
        after_start=b.edges[of_b.start],
        after_end=b.edges[of_b.stop],
        before=before,
        after=after,
        bits_before=bits_before,
        bits_after=bits_after,
        difference=bits_after - bits_before,
        share_before=float(a.shares[of_a].sum()),
        share_after=float(b.shares[of_b].sum()),
        moved_behind=0.0,
    )


def _sentence(before: Likelihood, after: Likelihood, *, same: bool) -> str:
    if same:
        return "The two drafts are the same text."
    unknown = [
        f"the {name}: {' '.join(one.reasons)}"
        for name, one in (("earlier draft", before), ("later draft", after))
        if math.isnan(one.probability)
    ]
    if unknown:
        return f"No difference can be claimed, as there is no likelihood for {' And for '.join(unknown)}"
    if before.calibration_id != after.calibration_id:
        return "No difference can be claimed: the likelihoods are from different calibrations."
    first, then = (
        f"{chance(one.probability)} (90 % interval {interval(one.low, one.high)})" for one in (before, after)
    )
    if before.low <= after.high and after.low <= before.high:
        return (
            f"No difference can be claimed: the likelihood of a machine's hand is {first} before and {then} after, and "
            "the intervals overlap."
        )
    way = "rose" if before.probability < after.probability else "fell"
    return f"The likelihood of a machine's hand {way} from {first} to {then}: the intervals do not overlap."


def _warnings(before: Analysis, after: Analysis) -> tuple[str, ...]:
    found = []
    if before.context != after.context:
        found.append("Different things stood before the two drafts: words may differ in surprise for that alone.")
    if before.scores.start:
        found.append("The first token of each draft has no score: its stretch lacks that token's surprise.")
    if before.tokenization.uncovered or after.tokenization.uncovered:
        found.append("The model's tokenizer drops characters: they have no surprise in either draft.")
    return tuple(found)
