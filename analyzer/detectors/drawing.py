"""Tokens drawn by a model, and the text they make."""

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from analyzer.tokens import TextTokenizer

__all__ = ["draw", "is_control", "is_text", "text_of_ids"]

_BYTES = re.compile(r"(\\x[0-9a-f]{2})+")  # how TextTokenizer.text_of shows parts of a character


def draw(probabilities: NDArray[np.float64], generator: torch.Generator) -> int:
    """One id, drawn with these probabilities (V,).

    By its place in the cumulated sum: an exact inverse, where ``torch.multinomial`` takes no float64 on some devices.
    """
    cumulated = np.cumsum(probabilities)
    u = float(torch.rand((), generator=generator, dtype=torch.float64)) * cumulated[-1]
    return int(np.searchsorted(cumulated, u, side="right"))


def is_control(tokenizer: TextTokenizer, token_id: int) -> bool:
    """Whether a token is no text at all: a control token, or an unused place of the vocabulary."""
    name = tokenizer.text_of(token_id)
    if name == f"<unused {token_id}>":
        return True
    # Text is never split into control tokens: one whose own name is split otherwise, is one.
    return tokenizer.id_of(name) == token_id and tokenizer.encode(name).ids.tolist() != [token_id]


def is_text(tokenizer: TextTokenizer, token_id: int) -> bool:
    """Whether a token stands for whole characters: neither a control token nor part of a character."""
    return not (is_control(tokenizer, token_id) or _BYTES.fullmatch(tokenizer.text_of(token_id)))


def text_of_ids(tokenizer: TextTokenizer, ids: Sequence[int]) -> str:
    """The text of a sequence of tokens; a character whose bytes are incomplete becomes U+FFFD."""
    pieces = [tokenizer.text_of(i) for i in ids]
    data = [bytes.fromhex(p.replace("\\x", "")) if _BYTES.fullmatch(p) else p.encode() for p in pieces]
    return b"".join(data).decode("utf-8", errors="replace")
