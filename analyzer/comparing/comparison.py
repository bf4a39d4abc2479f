"""The writer's choices beside the model's: what was written, what the model would have written, and at what price.

Bits given up = log2 p(the model's first choice) - log2 p(the token): 0 where the writer took the first choice, and then
so much as the text is less likely for that choice. All values are in bits, and every sum over words is the sum over
their tokens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from analyzer.analysis_result import Analysis
from analyzer.comparing.words import token_cuts, token_words, word_edges, word_sums
from analyzer.errors import InputError
from analyzer.scoring import TokenScores
from analyzer.series import BITS_PER_NAT, surprise

__all__ = [
    "Choice",
    "Run",
    "TokenRow",
    "Totals",
    "choices",
    "most_like",
    "most_unlike",
    "rows",
    "totals",
]


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of the writer's, beside what the model would have done there.

    Attributes
    ----------
    start, end : int
        Half-open offsets in code points; the words cover the text, each with the white space before it.
    text : str
        The characters between them.
    n_tokens, n_scored : int
        Its tokens, and those that have a score: none where the tokenizer drops the word, one less in the first word of
        a model without start token. What follows counts the scored ones only.
    bits : float
        Surprise, the sum over its tokens.
    bits_expected : float
        The surprise that the model expected: the entropy before each token, summed.
    bits_given_up : float
        Over the model's first choice at each token, summed, at least 0; nan where no alternatives were kept.
    instead : str or None
        What the model would have written at the word's *first token*: its first choice, and the writer's own token
        where that is as likely as any. Of a word of several tokens nothing more is known: what the model would have
        gone on with depends on what it had begun with. A token that ends the text is shown by its name; None where the
        first token has no score.
    followed : bool
        Whether all its tokens are scored and are the model's first choices.
    """

    start: int
    end: int
    text: str
    n_tokens: int
    n_scored: int
    bits: float
    bits_expected: float
    bits_given_up: float
    instead: str | None
    followed: bool


def choices(analysis: Analysis) -> tuple[Choice, ...]:
    """Word by word, what the writer chose and what that gave up; the words join up to the text.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> for c in choices(Analyzer(ToyModel("ab ab ab")).analyze("ab bb")):
    ...     print(f"{c.text!r}: {c.bits_given_up:.1f} bits given up, first {c.instead!r}")
    'ab': 0.0 bits given up, first 'a'
    ' bb': 3.2 bits given up, first ' '
    """
    tokens, scores = analysis.tokenization, analysis.scores
    edges = word_edges(tokens.text, token_cuts(tokens))
    n = len(edges) - 1
    words = token_words(tokens, edges)  # (T,)
    of_scored = words[scores.start :]  # (S,)
    bits, expected, given_up = (
        word_sums(values, of_scored, n)
        for values in (surprise(scores) * BITS_PER_NAT, scores.entropy * BITS_PER_NAT, _bits_given_up(scores))
    )
    n_tokens, n_scored = np.bincount(words, minlength=n), np.bincount(of_scored, minlength=n)
    followed = (word_sums(scores.rank != 1, of_scored, n) == 0) & (n_scored == n_tokens) & (n_tokens > 0)
    first_token = np.searchsorted(words, np.arange(n))
    return tuple(
        Choice(
            start=start,
            end=end,
            text=tokens.text[start:end],
            n_tokens=int(n_tokens[w]),
            n_scored=int(n_scored[w]),
            bits=float(bits[w]),
            bits_expected=float(expected[w]),
            bits_given_up=float(given_up[w]),
            instead=_first_choice(analysis, int(first_token[w])) if n_tokens[w] else None,
            followed=bool(followed[w]),
        )
        for w, (start, end) in enumerate(pairwise(edges.tolist()))
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """What a text's words come to together; only those are counted all of whose tokens are scored.

    Attributes
    ----------
    n_words, n_followed : int
        Words, and those that are the model's first choices.
    share_followed : float
        The second of the first; nan without words.
    bits_given_up, bits_given_up_per_word : float
        Over the first choices, summed, and on average; nan where no alternatives were kept, the average without words.
    """

    n_words: int
    n_followed: int
    share_followed: float
    bits_given_up: float
    bits_given_up_per_word: float


def totals(of: Sequence[Choice]) -> Totals:
    """Count the first choices and add up what the others gave up.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> found = totals(choices(Analyzer(ToyModel("ab ab ab")).analyze("ab bb")))
    >>> found.n_words, found.n_followed, f"{found.bits_given_up:.1f}"
    (2, 1, '3.2')
    """
    whole = [c for c in of if 0 < c.n_tokens == c.n_scored]
    n, followed = len(whole), sum(c.followed for c in whole)
    given_up = math.fsum(c.bits_given_up for c in whole)
    return Totals(
        n_words=n,
        n_followed=followed,
        share_followed=followed / n if n else math.nan,
        bits_given_up=given_up,
        bits_given_up_per_word=given_up / n if n else math.nan,
    )


@dataclass(frozen=True, slots=True)
class TokenRow:
    r"""One token of the writer's over the model's first choice; or characters that no token stands for.

    Attributes
    ----------
    start, end : int
        The characters this row adds, half-open; rows join up to the text. A token that shares its characters with the
        one before, as the bytes of one emoji do, adds none.
    text : str
        The characters between them.
    token : str
        The token as the vocabulary writes it, part of a character as its bytes (``\xf0\x9f``); empty without a token.
    instead : str or None
        The model's first choice; the writer's own token where that is as likely as any; None without a score.
    word : int
        Number of the word in ``choices`` that it belongs to, from 0.
    rank : int or None
        From 1; None without a score.
    bits, bits_expected, bits_given_up : float
        Surprise, expected surprise, and what was given up over the first choice; nan without a score.
    """

    start: int
    end: int
    text: str
    token: str
    instead: str | None
    word: int
    rank: int | None
    bits: float
    bits_expected: float
    bits_given_up: float


def rows(analysis: Analysis) -> tuple[TokenRow, ...]:
    """Token by token, the writer's over the model's first choice; no character of the text is left out.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> [(r.text, r.instead, r.rank) for r in rows(Analyzer(ToyModel("abab")).analyze("abb"))]
    [('a', 'a', 1), ('b', 'b', 1), ('b', 'a', 2)]
    """
    tokens, scores = analysis.tokenization, analysis.scores
    edges = word_edges(tokens.text, token_cuts(tokens))
    words = token_words(tokens, edges).tolist()
    columns = (surprise(scores) * BITS_PER_NAT, scores.entropy * BITS_PER_NAT, _bits_given_up(scores))
    bits = [(math.nan,) * 3] * scores.start + list(zip(*(column.tolist() for column in columns), strict=True))
    rank = [None] * scores.start + scores.rank.tolist()
    found: list[TokenRow] = []

    def gap(start: int, end: int) -> None:
        while start < end:  # a stretch without tokens may hold several words
            word = int(np.searchsorted(edges, start, side="right")) - 1
            stop = min(end, int(edges[word + 1]))
            found.append(TokenRow(start, stop, tokens.text[start:stop], "", None, word, None, *(math.nan,) * 3))
            start = stop

    reached = 0
    for i, (token_id, (a, b)) in enumerate(zip(tokens.ids.tolist(), tokens.spans.tolist(), strict=True)):
        gap(reached, a)
        start, end = max(a, reached), max(b, reached)
        piece, token = tokens.text[start:end], analysis.text_of(token_id)
        found.append(TokenRow(start, end, piece, token, _first_choice(analysis, i), words[i], rank[i], *bits[i]))
        reached = end
    gap(reached, len(tokens.text))
    return tuple(found)


def most_unlike(of: Sequence[Choice], k: int) -> tuple[Choice, ...]:
    """The k words for which most bits were given up, most first; fewer where fewer gave up any.

    Surprise alone would name the places at which anything is surprising, such as the first word of a sentence; what was
    given up counts against what the model would have written at the same place.

    Raises
    ------
    InputError
        If `k` is less than 1.
    """
    _at_least_one(k)
    return tuple(sorted((c for c in of if c.bits_given_up > 0), key=lambda c: (-c.bits_given_up, c.start))[:k])


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of words that the model would have written just so.

    Attributes
    ----------
    start, end : int
        Half-open offsets in code points.
    text : str
        The characters between them.
    n_words, n_tokens : int
    bits_expected : float
        The surprise that the model expected here, summed over the tokens: what the run is worth as a sign.
    bits : float
        The surprise that there was.
    chance : float
        2 to the power of -bits: how likely a random draw from the model is to take all these first choices.
    """

    start: int
    end: int
    text: str
    n_words: int
    n_tokens: int
    bits_expected: float
    bits: float
    chance: float


def most_like(of: Sequence[Choice], k: int) -> tuple[Run, ...]:
    """The k most telling stretches of first choices, most telling first.

    A run is as long as can be and of whole words, all of whose tokens are the model's first choices: how a word ends
    that one has begun is seldom a choice. Runs are ordered by the entropy summed over their tokens, the surprise that
    the model expected there. To agree with the model where it was sure ("the United States of") adds next to
    nothing, for anybody would have written that; to agree where it was unsure, or for very long, adds up.

    Raises
    ------
    InputError
        If `k` is less than 1.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> [run.text for run in most_like(choices(Analyzer(ToyModel("ab ab ab")).analyze("ab ab xx ab")), 2)]
    ['ab ab', ' ab']
    """
    _at_least_one(k)
    runs = [list(group) for followed, group in groupby(of, key=lambda c: c.followed) if followed]
    found = [
        Run(
            start=run[0].start,
            end=run[-1].end,
            text="".join(c.text for c in run),
            n_words=len(run),
            n_tokens=sum(c.n_tokens for c in run),
            bits_expected=math.fsum(c.bits_expected for c in run),
            bits=math.fsum(c.bits for c in run),
            chance=2.0 ** -math.fsum(c.bits for c in run),
        )
        for run in runs
    ]
    return tuple(sorted(found, key=lambda run: (-run.bits_expected, run.start))[:k])


def _bits_given_up(scores: TokenScores) -> NDArray[np.float64]:
    """Bits (S,) that each token is less likely than the first choice at its place; nan without alternatives."""
    if not scores.top_log_prob.shape[1]:
        return np.full(len(scores), math.nan)
    lead = np.maximum(scores.top_log_prob[:, 0] - scores.log_prob, 0) * BITS_PER_NAT
    return np.where(scores.rank == 1, 0.0, lead)  # one of several likeliest is a first choice, whatever the rounding


def _first_choice(analysis: Analysis, token: int) -> str | None:
    """The model's first choice at the place of a token; the token itself where it is as likely as any."""
    scores = analysis.scores
    s = token - scores.start
    if s < 0:
        return None
    if scores.rank[s] == 1:
        return analysis.text_of(int(analysis.tokenization.ids[token]))
    return analysis.text_of(int(scores.top_ids[s, 0])) if scores.top_ids.shape[1] else None


def _at_least_one(k: int) -> None:
    if k < 1:
        raise InputError(f"k: got {k}.", hint="Ask for at least 1.")
