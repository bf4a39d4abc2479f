"""One text as two models read it: word by word, in bits, whatever their tokenizers.

A word here is whole in the tokens of both. Totals are given per character, as tokens of different vocabularies cannot
be compared, and over the words that both scored whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analyzer.analysis_result import Analysis
from analyzer.comparing.words import dropped_characters, token_cuts, token_words, word_edges, word_sums
from analyzer.errors import InputError
from analyzer.series import BITS_PER_NAT, surprise

__all__ = ["Agreement", "Reading", "agreement", "readings"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One word under two models.

    Attributes
    ----------
    start, end : int
        Half-open offsets in code points; a word here is whole in both models' tokens, and the words cover the text.
    text : str
        The characters between them.
    bits_a, bits_b : float
        Its surprise under each.
    difference : float
        b less a: above 0 where the second model was the more surprised.
    complete : bool
        Whether both models scored all of it: neither drops a character, nor has a first token without a score there.
    """

    start: int
    end: int
    text: str
    bits_a: float
    bits_b: float
    difference: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """One text as two models read it.

    Attributes
    ----------
    readings : tuple of Reading
        Word by word.
    correlation : float
        Pearson's, of the two models' bits over the complete words; nan for fewer than 3, or where bits do not vary.
    bits_per_character_a, bits_per_character_b : float
        Surprise over characters, both over complete words only, so that tokenizers do not matter; nan without any.
    n_words, n_characters : int
        Complete words, and their characters.
    warnings : tuple of str
        What a reader of the comparison should know, those of the two analyses included.
    """

    readings: tuple[Reading, ...]
    correlation: float
    bits_per_character_a: float
    bits_per_character_b: float
    n_words: int
    n_characters: int
    warnings: tuple[str, ...]


def readings(a: Analysis, b: Analysis) -> tuple[Reading, ...]:
    """The same text under two models, word by word; the words join up to the text.

    Raises
    ------
    InputError
        If the texts differ.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> a, b = (Analyzer(ToyModel(corpus)).analyze("ab ba") for corpus in ("ab ab", "ba ba"))
    >>> [(r.text, round(r.difference, 1)) for r in readings(a, b)]
    [('ab', 2.6), (' ba', -1.6)]
    """
    if a.text != b.text:
        raise InputError(
            f"readings: expected the same text twice, got {len(a.text):,} and {len(b.text):,} characters that differ.",
            hint="Analyse one text with both models; to compare two texts use `analyzer.comparing.drafts`.",
        )
    edges = word_edges(a.text, np.intersect1d(token_cuts(a.tokenization), token_cuts(b.tokenization)))
    n = len(edges) - 1
    bits, complete = [], np.ones(n, np.bool_)
    for one in (a, b):
        words = token_words(one.tokenization, edges)
        bits.append(word_sums(surprise(one.scores) * BITS_PER_NAT, words[one.scores.start :], n).tolist())
        complete &= np.bincount(words[one.scores.start :], minlength=n) == np.bincount(words, minlength=n)
        complete &= dropped_characters(one.tokenization, edges) == 0
    return tuple(
        Reading(start, end, a.text[start:end], of_a, of_b, of_b - of_a, whole)
        for (start, end), of_a, of_b, whole in zip(pairwise(edges.tolist()), *bits, complete.tolist(), strict=True)
    )


def agreement(a: Analysis, b: Analysis) -> Agreement:
    """How far two models agree on what is surprising in a text.

    Raises
    ------
    InputError
        If the texts differ.
    """
    found = readings(a, b)
    whole = [r for r in found if r.complete]
    n_characters = sum(r.end - r.start for r in whole)
    sums = [math.fsum(r.bits_a for r in whole), math.fsum(r.bits_b for r in whole)]
    per_character = [total / n_characters if n_characters else math.nan for total in sums]
    warnings = [f"{one.model.name}: {warning}" for one in (a, b) for warning in one.warnings]
    if a.context != b.context:
        warnings.append("The two models read different things before the text.")
    if left_out := len(found) - len(whole):
        warnings.append(f"{left_out} of {len(found)} words are not scored whole by both: they are in no total.")
    return Agreement(
        readings=found,
        correlation=_correlation([r.bits_a for r in whole], [r.bits_b for r in whole]),
        bits_per_character_a=per_character[0],
        bits_per_character_b=per_character[1],
        n_words=len(whole),
        n_characters=n_characters,
        warnings=tuple(warnings),
    )


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    x, y = np.array(a), np.array(b)
    if len(x) < 3 or not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return math.nan
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
