"""Scores and key-value states of what was read lately, so that an edited text is rescored from the edit on."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.models.base import LanguageModel, State
from analyzer.scoring import Row, TokenScores, join

__all__ = ["PrefixCache"]

_WORTH_KEEPING = 32  # tokens; going on from fewer saves less than attention with a mask costs more


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    row: Row
    scores: TokenScores
    state: State

    @property
    def nbytes(self) -> int:
        return self.scores.nbytes + self.state.nbytes


class PrefixCache:
    """The latest rows of one model, forgotten least-recently-used first.

    A cache belongs to one model, dtype and set of alternatives, and to one user: that is its key. An unchanged row is
    not read again; a changed one is read from the first changed token on.

    Parameters
    ----------
    model : LanguageModel
    top_k : int
    max_bytes : int
        Bound on the memory held; a row that alone exceeds it is scored but not kept.
    """

    def __init__(self, model: LanguageModel, *, top_k: int, max_bytes: int) -> None:
        self._model = model
        self._top_k = top_k
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[bytes, int], _Entry] = OrderedDict()  # latest last
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return sum(entry.nbytes for entry in self._entries.values())

    def score(self, row: Row) -> TokenScores:
        """Score `row`, reading only what no remembered row shares with it."""
        with self._lock:
            return self._score(row)

    def _score(self, row: Row) -> TokenScores:
        key = (row.ids.tobytes(), row.first)
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key].scores
        best = max(self._entries.values(), key=lambda e: _shared(e.row.ids, row.ids), default=None)
        shared = 0 if best is None else _shared(best.row.ids, row.ids)
        kept: list[TokenScores] = []
        state: State | None = None
        if best is not None and shared >= _WORTH_KEEPING:
            # Scores are kept only where the remembered row has them from row.first on.
            kept_to = max(row.first, shared) if best.row.first <= row.first else row.first
            state = best.state.crop(min(shared, kept_to))
            if state is not None and kept_to > row.first:
                kept = [best.scores.part(row.first - best.row.first, kept_to - best.row.first)]
        first = row.first + sum(map(len, kept))
        if state is not None and len(state.ids) == len(row.ids):  # a prefix of a remembered row: nothing to read
            return join(kept, start=0)
        new, state = self._model.extend(state, Row(row.ids, first), top_k=self._top_k)
        scores = join([*kept, new], start=0)
        self._keep(key, _Entry(row, scores, state))
        return scores

    def _keep(self, key: tuple[bytes, int], entry: _Entry) -> None:
        self._entries[key] = entry
        while self._entries and self.nbytes > self._max_bytes:
            self._entries.popitem(last=False)


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Length of the longest common prefix."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n
