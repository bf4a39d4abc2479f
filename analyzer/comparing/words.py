"""Words of a text as whole tokens, whatever the tokenizer: each character and each token belongs to exactly one word.

A word begins with the white space before it, as the tokens of most vocabularies do. It ends where letters, marks and
digits meet something else; punctuation that stands together is a word of its own. Where a token reaches over such a
place, the words on both sides are one. Where words cannot be seen, in scripts written without spaces and in stretches
of over 40 characters without one, each token's characters stand for themselves.
"""

import re
from typing import Any
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from analyzer.tokens import Tokenization, segments

__all__ = ["dropped_characters", "token_cuts", "token_words", "word_edges", "word_sums"]

_SPACELESS = (  # Thai and Lao, Myanmar, Khmer; kana and Han; Han beyond the first plane
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LONGEST = 40  # characters; the longest words in English dictionaries have 45, but for that one 30 or fewer


def token_cuts(tokenization: Tokenization) -> NDArray[np.int64]:
    """Where the text can be cut without cutting a token: ascending code-point offsets, int64 (C,), both ends included.

    Examples
    --------
    >>> token_cuts(Tokenization("a👍!", [5, 8, 9, 2], [(0, 1), (1, 2), (1, 2), (2, 3)]))
    array([0, 1, 2, 3])
    """
    starts = [segment.start for segment in segments(tokenization)]
    return np.unique(np.array([0, *starts, len(tokenization.text)], np.int64))


def word_edges(text: str, cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of N words begins and the last one ends, int64 (N + 1,); ``[0]`` for an empty text.

    Parameters
    ----------
    text : str
    cuts : int64 (C,)
        Ascending offsets at which words may part, both ends of the text included: see ``token_cuts``; those that two
        tokenizations share give words that both have whole.

    Examples
    --------
    >>> text = "Don't  panic, he wrote."
    >>> edges = word_edges(text, np.arange(len(text) + 1))
    >>> [text[a:b] for a, b in zip(edges[:-1], edges[1:])]
    ["Don't", '  panic', ',', ' he', ' wrote', '.']
    >>> word_edges(text, np.array([0, 5, 14, 23]))  # a token holds "  panic, "
    array([ 0,  5, 14, 23])
    """
    marks = re.escape("".join(sorted(c for c in set(text) if category(c) in ("Mn", "Mc", "Me", "Cf"))))
    word = re.compile(  # marks and invisible characters belong to what they follow
        rf"(?P<spaceless>[{_SPACELESS}][{_SPACELESS}{marks}]*)"
        rf"|(?:(?![{_SPACELESS}])\w)(?:(?![{_SPACELESS}])[\w{marks}]|['’](?=\w)|(?<=\d)[.,](?=\d))*"
        r"|[^\w\s]+"
    )
    found = [(*match.span(), match["spaceless"] is not None) for match in word.finditer(text)]
    cores = np.array([(start, end) for start, end, _ in found], np.int64).reshape(-1, 2)
    # Between two words the first place that cuts no token; they are one where there is none.
    ends, starts = cores[:-1, 1], cores[1:, 0]
    first = cuts[np.minimum(np.searchsorted(cuts, ends), len(cuts) - 1)]
    by_token = [
        cuts[np.searchsorted(cuts, start, side="right") : np.searchsorted(cuts, end)]
        for start, end, spaceless in found
        if spaceless or end - start > _LONGEST
    ]
    inner = np.concatenate([first[first <= starts], *by_token])
    return np.unique(np.concatenate([[0], inner, [len(text)]])).astype(np.int64)


def token_words(tokenization: Tokenization, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the word that each token belongs to, int64 (T,), ascending; a token without characters joins its place.

    Parameters
    ----------
    tokenization : Tokenization
    edges : int64 (N + 1,)
        As ``word_edges`` gives them for cuts of this tokenization; N at least 1 where there is a token.

    Examples
    --------
    >>> token_words(Tokenization("Hi, Bob", [7, 8, 9], [(0, 2), (2, 3), (3, 7)]), np.array([0, 3, 7]))
    array([0, 0, 1])
    """
    places = np.zeros(len(tokenization), np.int64)
    for segment in segments(tokenization):
        places[segment.first : segment.last] = segment.start
    last = max(len(edges) - 2, 0)
    return np.clip(np.searchsorted(edges, places, side="right") - 1, 0, last).astype(np.int64)


def dropped_characters(tokenization: Tokenization, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many characters of each word, white space aside, have no token: int64 (N,)."""
    n = len(tokenization.text)
    depth = np.bincount(tokenization.spans[:, 0], minlength=n + 1) - np.bincount(
        tokenization.spans[:, 1], minlength=n + 1
    )
    gone = [at for at in np.flatnonzero(np.cumsum(depth)[:n] == 0) if not tokenization.text[at].isspace()]
    return np.histogram(gone, edges)[0].astype(np.int64) if n else np.empty(0, np.int64)


def word_sums(values: NDArray[Any], words: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Sums (n,) over n words of values (S,) of tokens, given the tokens' words (S,); a word without tokens has 0.

    An infinite value stays in its own word, which it would not in differences of a running sum.
    """
    return np.asarray(np.bincount(words, weights=values, minlength=n), np.float64)
