"""Text to tokens and back: ids with the character offsets they came from, byte-exact.

A ``Tokenization`` never changes the text it was made from. Spans are half-open offsets in code points, so
``text[start:end]`` is what a token stands for. Two honest complications are kept, not hidden: the byte tokens of one
emoji all span that emoji (spans overlap), and characters that a tokenizer drops have no token (spans leave gaps).
``segments`` turns both into pieces that can be drawn in order and join up to the text again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tokenizers import AddedToken, Tokenizer

from analyzer.errors import InvalidText, TokenizerMismatch

__all__ = ["Segment", "TextTokenizer", "Tokenization", "read_only", "segments"]


def read_only(values: ArrayLike, dtype: type, shape: tuple[int | None, ...], name: str) -> NDArray[Any]:
    """Return `values` as a read-only array of `dtype`, after checking its shape.

    Raises
    ------
    ValueError
        If the shape differs; None in `shape` admits any length.

    Examples
    --------
    >>> read_only([1, 2], np.int64, (2,), "ids")
    array([1, 2])
    """
    array: NDArray[Any] = np.asarray(values, dtype=dtype)
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    array = array.view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Tokenization:
    """A text and its tokens.

    Attributes
    ----------
    text : str
        Exactly as given.
    ids : int64 (T,)
        Vocabulary ids, without start token.
    spans : int64 (T, 2)
        Half-open code-point offsets into `text`; may overlap and leave gaps.
    """

    text: str
    ids: NDArray[np.int64]
    spans: NDArray[np.int64]

    def __post_init__(self) -> None:
        ids = read_only(self.ids, np.int64, (None,), "ids")
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "spans", read_only(self.spans, np.int64, (len(ids), 2), "spans"))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def uncovered(self) -> int:
        """How many characters no token stands for: those that the tokenizer drops."""
        reached = np.maximum.accumulate(np.concatenate([[0], self.spans[:, 1]]))
        starts = np.concatenate([self.spans[:, 0], [len(self.text)]])
        return int(np.maximum(starts - reached, 0).sum())

    def piece(self, token: int) -> str:
        """The characters that token number `token` stands for."""
        start, end = self.spans[token]
        return self.text[start:end]


class Segment(NamedTuple):
    """A run of characters and the tokens that share it: ``text[start:end]`` and tokens ``first`` to ``last - 1``.

    A gap, characters without a token, has ``first == last``.
    """

    start: int
    end: int
    first: int
    last: int


def segments(tokenization: Tokenization) -> Iterator[Segment]:
    """Cut the text into consecutive pieces, each with the tokens that stand for it; the pieces join up to the text.

    Examples
    --------
    >>> text = "a👍!"
    >>> tokens = Tokenization(text, [5, 8, 9, 2], [(0, 1), (1, 2), (1, 2), (2, 3)])
    >>> [(text[s.start:s.end], s.first, s.last) for s in segments(tokens)]
    [('a', 0, 1), ('👍', 1, 3), ('!', 3, 4)]
    """
    start = end = first = 0
    for token, (a, b) in enumerate(tokenization.spans.tolist()):
        if token > first and (a < end or a == b):  # shares characters with the piece before, or stands for none
            end = max(end, b)
            continue
        if start < end:
            yield Segment(start, end, first, token)
            first = token  # else only tokens without characters have been seen: they join this piece
        if a > end:
            yield Segment(end, a, first, first)
        start, end = a, b
    if start < end or len(tokenization) > first:
        yield Segment(start, end, first, len(tokenization))
    if end < len(tokenization.text):
        yield Segment(end, len(tokenization.text), len(tokenization), len(tokenization))


class TextTokenizer:
    """A fast tokenizer, set so that text is only ever text.

    Strings that look like control tokens (``<|im_start|>``) are split like any other characters, nothing is added in
    front or behind, nothing is cut. The start token is the model's business, not the tokenizer's.

    Parameters
    ----------
    backend : tokenizers.Tokenizer
        Is changed in place: hand over a copy where it is used elsewhere.
    """

    def __init__(self, backend: Tokenizer) -> None:
        backend.no_truncation()
        backend.no_padding()
        backend.post_processor = None  # start tokens are a stated policy of the model; some processors trim offsets
        control = [
            AddedToken(t.content, special=True, normalized=False)
            for t in backend.get_added_tokens_decoder().values()
            if not t.special and t.content.startswith(("<|", "<｜")) and t.content.endswith(("|>", "｜>"))
        ]
        backend.add_special_tokens(control)  # control tokens that were not marked as such, as in Qwen's <|fim_prefix|>
        backend.encode_special_tokens = True
        self._backend = backend
        self._texts: dict[int, str] = {}
        self._bytes: dict[int, bytes] = {}
        # Bytes that never came up where the vocabulary was made have no entry in some byte-level vocabularies.
        entries = backend.get_vocab(with_added_tokens=True)
        self._size = 1 + max(entries.values())
        special = {token_id for token_id, token in backend.get_added_tokens_decoder().items() if token.special}
        self.control_ids = frozenset(special | (set(range(self._size)) - set(entries.values())))
        """Ids that are no text at all: control tokens, and unused places of the vocabulary."""
        letters = _byte_alphabet().items() if "Ġ" in entries else ()
        self._missing = [bytes([byte]) for letter, byte in letters if letter not in entries]
        # A decoder may strip the space in front of the first token: decode every token behind this anchor.
        self._anchor = backend.encode("a", add_special_tokens=False).ids[-1:]
        self._anchor_text = backend.decode(self._anchor, skip_special_tokens=False)

    @classmethod
    def from_file(cls, path: Path) -> "TextTokenizer":
        """Read a ``tokenizer.json``; raises TokenizerMismatch if it is none."""
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as error:  # the library raises bare Exception
            raise TokenizerMismatch(
                f"{path} is not a readable tokenizer.json ({error}).", hint="Fetch the model again."
            ) from error

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest id, added tokens included."""
        return self._size

    def encode(self, text: str) -> Tokenization:
        """Split `text` into tokens, byte-exact.

        Raises
        ------
        InvalidText
            If `text` holds lone surrogates (halves of a UTF-16 pair), which no encoding can hold.
        """
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidText(
                f"Character {error.start + 1} (U+{ord(text[error.start]):04X}) is half of a surrogate pair, not text.",
                hint="Read the file as UTF-8 or UTF-16, or remove that character.",
            ) from error
        if not any(byte in data for byte in self._missing):
            return Tokenization(text, *self._encode(text))
        # Characters with such a byte have no token. The library would drop them and count on, so that all offsets up
        # to the next space were wrong: the stretches between them are split on their own.
        known = [not any(byte in c.encode() for byte in self._missing) for c in text]
        edges = [0, *(i for i in range(1, len(text)) if known[i] != known[i - 1]), len(text)]
        parts = [(a, *self._encode(text[a:b])) for a, b in pairwise(edges) if known[a]]
        return Tokenization(
            text,
            np.concatenate([np.empty(0, np.int64), *(ids for _, ids, _ in parts)]),
            np.concatenate([np.empty((0, 2), np.int64), *(spans + a for a, _, spans in parts)]),
        )

    def _encode(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        encoding = self._backend.encode(text, add_special_tokens=False)
        ids = np.array(encoding.ids, np.int64)
        return ids, np.array(encoding.offsets, np.int64).reshape(len(ids), 2)

    @property
    def unknown_id(self) -> int | None:
        """The id that stands for characters outside the vocabulary; None where every byte has a token."""
        token = getattr(self._backend.model, "unk_token", None)
        return None if token is None else self.id_of(token)

    def id_of(self, token: str) -> int | None:
        """The id of a vocabulary entry, or None."""
        found = self._backend.token_to_id(token)
        return None if found is None else int(found)

    def text_of(self, token_id: int) -> str:
        r"""What one token adds to a text; part of a character is shown as its bytes, such as ``\xf0\x9f``."""
        if token_id not in self._texts:
            text = self.bytes_of(token_id).decode("utf-8", errors="backslashreplace")
            # What adds nothing has a name all the same; the model's vocabulary may be padded beyond the tokenizer's.
            self._texts[token_id] = text or self._backend.id_to_token(token_id) or f"<unused {token_id}>"
        return self._texts[token_id]

    def bytes_of(self, token_id: int, *, first: bool = False) -> bytes:
        """What one token adds to a text, in UTF-8; part of a character is part of its bytes.

        With `first` nothing stands before it: some vocabularies put a space in front of every word but that one.
        """
        if first and self.is_text(token_id):
            alone = str(self._backend.decode([token_id], skip_special_tokens=False))
            return self.bytes_of(token_id) if "�" in alone else alone.encode()
        if token_id not in self._bytes:
            self._bytes[token_id] = self._decode(token_id)
        return self._bytes[token_id]

    def text_of_ids(self, ids: Sequence[int]) -> str:
        """What tokens add to a text together; a character whose bytes are incomplete becomes U+FFFD."""
        return b"".join(self.bytes_of(i) for i in ids).decode("utf-8", errors="replace")

    def _decode(self, token_id: int) -> bytes:
        entry = self._backend.id_to_token(token_id)
        if entry is None:
            return b""
        text = str(self._backend.decode([*self._anchor, token_id], skip_special_tokens=False))
        text = text.removeprefix(self._anchor_text)
        if "�" not in text:
            return text.encode()
        byte_of = _byte_alphabet()
        if entry.startswith("<0x"):  # byte fallback of sentencepiece vocabularies
            return bytes.fromhex(entry[3:5])
        if not all(c in byte_of for c in entry):
            return str(entry).encode()
        return bytes(byte_of[c] for c in entry)

    def is_control(self, token_id: int) -> bool:
        """Whether a token is no text at all; the model's vocabulary may be padded beyond the tokenizer's."""
        return token_id in self.control_ids or token_id >= self._size

    def is_text(self, token_id: int) -> bool:
        """Whether a token stands for whole characters: neither a control token nor part of a character."""
        return not self.is_control(token_id) and _is_utf8(self.bytes_of(token_id))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _byte_alphabet() -> dict[str, int]:
    """The letters by which byte-level vocabularies write bytes (openai/gpt-2, ``bytes_to_unicode``)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}
