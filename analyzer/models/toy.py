"""A language model whose numbers one can work out by hand: bytes, each predicted from the byte before it.

It makes most tests fast, and shows what a ``LanguageModel`` must do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers import models as tokenizer_models
from torch import Tensor

from analyzer.models.base import ModelInfo, Share, State
from analyzer.scoring import ReadOut, Row, TokenScores, score_rows
from analyzer.tokens import TextTokenizer

__all__ = ["ToyModel"]

START = "<start>"


def _byte_tokenizer() -> Tokenizer:
    """256 bytes in the letters of byte-level vocabularies, ids in the order of their code points, and a start token."""
    vocabulary = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(tokenizer_models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([START])
    return tokenizer


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    ids: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes

    def crop(self, length: int) -> "_Read":
        return _Read(self.ids[:length])


class ToyModel:
    """Bigrams of bytes with one count added to each: P(b | a) = (n(ab) + 1) / (n(a·) + 257).

    Parameters
    ----------
    corpus : str
        What the counts are taken from; the start token stands before it.
    window : int
        Tokens in one forward pass. A bigram model needs two, so any window gives the same numbers.
    start : bool
        Whether the model has a start token.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> scores = Analyzer(ToyModel("abab")).analyze("ab").scores
    >>> scores.rank.tolist()                   # "a" begins the corpus, "b" always follows "a"
    [1, 1]
    >>> np.exp(scores.log_prob) * (258, 259)   # (1 + 1) / (1 + 257) and (2 + 1) / (2 + 257)
    array([2., 3.])
    """

    def __init__(self, corpus: str, *, window: int = 1024, start: bool = True) -> None:
        self.tokenizer = TextTokenizer(_byte_tokenizer())
        size = self.tokenizer.vocabulary_size
        self.start_id = self.tokenizer.id_of(START) if start else None
        self.end_ids: tuple[int, ...] = (size - 1,)
        ids = [size - 1, *self.tokenizer.encode(corpus).ids.tolist()]
        counts = np.ones((size, size))
        np.add.at(counts, (ids[:-1], ids[1:]), 1)
        self._table = torch.from_numpy(np.log(counts / counts.sum(1, keepdims=True)))  # (V, V) float64
        self.forward_passes = 0
        self.tokens_read = 0
        self.info = ModelInfo(
            name="toy",
            revision=f"{len(corpus)} characters, sha256 {sha256(corpus.encode()).hexdigest()[:12]}",
            dtype="float64",
            device="cpu",
            context_length=window,
            window=window,
            vocabulary=size,
            layers=1,
            start_token=START if start else None,
            libraries=f"torch {torch.__version__}",
        )

    def _head(self, hidden: Tensor) -> Tensor:
        return self._table[hidden[:, 0]]  # indexing copies: the caller may overwrite

    def _read(self, ids: NDArray[np.int64]) -> Tensor:
        """The "hidden state" of a bigram model is the token itself: (n, 1)."""
        self.tokens_read += len(ids)
        return torch.tensor(ids)[:, None]

    def score(self, rows: Sequence[Row], *, top_k: int, read_out: ReadOut | None = None) -> list[TokenScores]:
        """See ``LanguageModel``."""
        self.forward_passes += 1
        return [self._scores(row, self._read(row.ids), top_k, read_out) for row in rows]

    def extend(
        self,
        state: State | None,
        row: Row,
        *,
        top_k: int,
        read_out: ReadOut | None = None,
        progress: Share | None = None,
    ) -> tuple[TokenScores, State]:
        """See ``LanguageModel``."""
        if progress is not None:
            progress(0.5)
        self.forward_passes += 1
        read = 0 if state is None else len(state.ids)
        if row.first < read:
            raise ValueError(f"first: expected at least {read}, got {row.first}")
        self.tokens_read += len(row.ids) - read
        return self._scores(row, torch.tensor(row.ids)[:, None], top_k, read_out), _Read(row.ids)

    def logits(self, row: Row) -> Iterator[Tensor]:
        """See ``LanguageModel``."""
        self.forward_passes += 1
        yield self._head(self._read(row.ids)[row.first - 1 : -1])

    def _scores(self, row: Row, states: Tensor, top_k: int, read_out: ReadOut | None) -> TokenScores:
        (scores,) = score_rows(
            [states[row.first - 1 :]], [row], head=self._head, vocabulary=len(self._table), top_k=top_k
        )
        return scores if read_out is None else replace(scores, read_out=read_out([states[row.first :]]))

    def step(
        self, states: Sequence[State], tokens: Sequence[int], *, read_out: ReadOut | None = None
    ) -> list[tuple[NDArray[np.float64], State]]:
        """See ``LanguageModel``."""
        self.forward_passes += 1
        hidden = self._read(np.array(tokens))
        values = np.empty((len(tokens), 0)) if read_out is None else read_out([hidden])
        return [(v, _Read(np.append(s.ids, t))) for v, s, t in zip(values, states, tokens, strict=True)]

    def next_logits(self, states: Sequence[State]) -> Tensor:
        """See ``LanguageModel``."""
        return self._head(torch.tensor([[int(state.ids[-1])] for state in states]))
