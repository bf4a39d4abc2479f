"""A text that grows token by token: what each token adds, and where old and new tokens meet.

Tokens need not be those that the tokenizer would choose for the text: a person may write " for" and then "est". And a
character may take several tokens: until the last of them it is not there.

>>> [grow(b"", 1, b"\\xc3"), grow(b"\\xc3", 1, b"\\xa9!")]
[Piece(adds='', start=1, end=2, pending=b'\\xc3'), Piece(adds='é!', start=1, end=3, pending=b'')]
"""

import codecs
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.tokens import TextTokenizer, Tokenization

__all__ = ["Piece", "grow", "grown", "joint", "pieces", "retokenised", "tokenization_of"]


class Piece(NamedTuple):
    """What one token adds to a text.

    Attributes
    ----------
    adds : str
        The characters that it completes.
    start, end : int
        Which characters of the text it stands for, half-open; `end` may be that of a character still to be completed.
    pending : bytes
        Of the character that is not complete behind it.
    """

    adds: str
    start: int
    end: int
    pending: bytes


def grow(pending: bytes, length: int, data: bytes) -> Piece:
    """What a token with these bytes adds to a text of `length` characters with `pending` bytes of the next.

    Bytes that can never become a character are shown as U+FFFD, as everywhere.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    adds = decoder.decode(pending + data)
    left = decoder.getstate()[0]
    return Piece(adds, length, length + len(adds) + bool(left), left)


def grown(
    tokenizer: TextTokenizer, tokens: Sequence[int], *, last: Piece, length: int, first: bool, ends: Sequence[int]
) -> list[Piece]:
    """What tokens add behind the piece `last` of a text of `length` characters; with `first` no token stands before."""
    found = []
    for token in tokens:
        data = b"" if token in ends else tokenizer.bytes_of(token, first=first)
        last, first = grow(last.pending, length, data), False
        length += len(last.adds)
        found.append(last)
    return found


def pieces(tokenization: Tokenization, tokenizer: TextTokenizer, *, first: int = 0, written: int = 0) -> list[Piece]:
    """What each token from `first` on adds to the characters `written` before it.

    Characters that have no token come with the token before them, the very first with the one behind them.
    """
    text, spans = tokenization.text, tokenization.spans[first:].tolist()
    found: list[Piece] = []
    pending = b""
    reached = written
    for i, (token, (start, end)) in enumerate(zip(tokenization.ids[first:].tolist(), spans, strict=True)):
        following = spans[i + 1][0] if i + 1 < len(spans) else len(text)
        pending = grow(pending, 0, tokenizer.bytes_of(token)).pending if following < end else b""
        found.append(Piece(text[reached:following], start, end, pending))  # up to the next token all is written
        reached = max(reached, following)
    return found


def tokenization_of(ids: Sequence[int], of_each: Sequence[Piece]) -> Tokenization:
    """The text that tokens make together; a character that is not complete is left out."""
    text = "".join(piece.adds for piece in of_each)
    spans = np.array([(piece.start, piece.end) for piece in of_each], np.int64).reshape(len(of_each), 2)
    return Tokenization(text, np.array(ids, np.int64), np.minimum(spans, len(text)))


def joint(old: Tokenization, new: Tokenization) -> tuple[int, int]:
    """Where the tokens of a longer text take over: from which token on `old` is replaced, and by `new` from which on.

    The latest place between characters, inside the old text or at its end, at which a token begins in both.

    Examples
    --------
    >>> old = Tokenization("a for", [1, 2], [(0, 1), (1, 5)])
    >>> joint(old, Tokenization("a forest", [1, 7], [(0, 1), (1, 8)]))
    (1, 1)
    >>> joint(old, Tokenization("a for it", [1, 2, 3], [(0, 1), (1, 5), (5, 8)]))
    (2, 2)
    """
    a, b = _breaks(old.spans, len(old.text)), _breaks(new.spans, len(new.text))
    at = max(place for place in a.keys() & b.keys() if place <= len(old.text))
    return a[at], b[at]


def _breaks(spans: NDArray[np.int64], length: int) -> dict[int, int]:
    """Offsets at which no character is cut, and which token comes next: before and behind characters without one."""
    reached = np.maximum.accumulate(np.concatenate([[0], spans[:, 1]])).tolist()
    starts = [*spans[:, 0].tolist(), length]
    return {
        at: i for i, (end, start) in enumerate(zip(reached, starts, strict=True)) if start >= end for at in (end, start)
    }


def retokenised(fresh: Tokenization, chosen: Tokenization) -> str:
    """How the tokens chosen differ from those that the tokenizer makes of the same text; empty if they do not."""
    if np.array_equal(fresh.ids, chosen.ids):
        return ""
    n = min(len(fresh), len(chosen))
    different = np.flatnonzero(fresh.ids[:n] != chosen.ids[:n])
    at = int(different[0]) if len(different) else n
    mine, its = (_shown(one, at) for one in (chosen, fresh))
    return (
        f"Chosen token by token this text is {len(chosen)} tokens; written at once the tokenizer makes {len(fresh)} of "
        f"it, from “{its}” instead of “{mine}” on. Analysed afresh its numbers differ."
    )


def _shown(tokenization: Tokenization, at: int) -> str:
    return "|".join(tokenization.piece(i) for i in range(at, min(at + 2, len(tokenization))))
