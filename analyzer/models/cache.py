"""Scores and key-value states of what was read lately, so that an edited text is rescored from the edit on."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.models.base import LanguageModel, Share, State
from analyzer.scoring import ReadOut, Row, TokenScores, join

__all__ = ["PrefixCache"]

_WORTH_KEEPING = 32  # tokens; going on from fewer saves less than attention with a mask costs more


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    row: Row
    scores: TokenScores
    state: State | None

    @property
    def nbytes(self) -> int:
        return self.row.ids.nbytes + self.scores.nbytes + (0 if self.state is None else self.state.nbytes)


class PrefixCache:
    """The latest rows of one model, forgotten least-recently-used first.

    A cache belongs to one model, dtype, number of alternatives and read-out, and to one user: that is its key. An
    unchanged row is not read again; a changed one is read from the first changed token on. Where memory runs short the
    states go first, which weigh two hundred times as much as the scores: an unchanged text, however long, is then still
    not read again.

    Parameters
    ----------
    model : LanguageModel
    top_k, read_out
        As in ``LanguageModel.score``.
    max_bytes : int
        Bound on the memory held; a row that alone exceeds it is scored but not kept. 0 keeps nothing.
    """

    def __init__(self, model: LanguageModel, *, top_k: int, max_bytes: int, read_out: ReadOut | None = None) -> None:
        self._model = model
        self._top_k = top_k
        self._read_out = read_out
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[bytes, int], _Entry] = OrderedDict()  # latest last
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return sum(entry.nbytes for entry in self._entries.values())

    def score(self, row: Row, *, progress: Share | None = None) -> TokenScores:
        """Score `row`, reading only what no remembered row shares with it.

        `progress` as in ``LanguageModel.extend``: what it raises leaves what is remembered as it was. Not called where
        nothing is kept.
        """
        if not self._max_bytes:
            return self._model.score([row], top_k=self._top_k, read_out=self._read_out)[0]
        with self._lock:
            return self._score(row, progress)

    def state(self, ids: NDArray[np.int64]) -> State | None:
        """What is read of the longest remembered beginning of `ids`, or None."""
        with self._lock:
            best = self._longest(ids)
            if best is None or best.state is None or not (shared := _shared(best.row.ids, ids)):
                return None
            return best.state.crop(shared)

    def _score(self, row: Row, progress: Share | None) -> TokenScores:
        key = (row.ids.tobytes(), row.first)
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key].scores
        state, kept = self._prefix(row)
        first = row.first + sum(map(len, kept))
        if state is not None and len(state.ids) == len(row.ids):  # a prefix of a remembered row: nothing to read
            return join(kept, start=0)
        rest = Row(row.ids, first)
        new, state = self._model.extend(state, rest, top_k=self._top_k, read_out=self._read_out, progress=progress)
        scores = join([*kept, new], start=0)
        self._entries[key] = _Entry(row, scores, state)
        self._forget()
        return scores

    def _prefix(self, row: Row) -> tuple[State | None, list[TokenScores]]:
        """The state after the longest remembered prefix of `row`, and the scores that are known from it."""
        best = self._longest(row.ids)
        if best is None or best.state is None or (shared := _shared(best.row.ids, row.ids)) < _WORTH_KEEPING:
            return None, []
        # Scores are known only where the remembered row has them from row.first on.
        known_to = max(row.first, shared) if best.row.first <= row.first else row.first
        state = best.state.crop(min(shared, known_to))
        if state is None or known_to == row.first:
            return state, []
        return state, [best.scores.part(row.first - best.row.first, known_to - best.row.first)]

    def _longest(self, ids: NDArray[np.int64]) -> _Entry | None:
        """The remembered row with a state that shares most with these tokens."""
        with_state = [entry for entry in self._entries.values() if entry.state is not None]
        return max(with_state, key=lambda entry: _shared(entry.row.ids, ids), default=None)

    def _forget(self) -> None:
        """Come back under the bound: drop states, oldest first, then rows."""
        excess = self.nbytes - self._max_bytes
        for key, entry in list(self._entries.items()):
            if excess > 0 and entry.state is not None:
                excess -= entry.state.nbytes
                self._entries[key] = replace(entry, state=None)
        while self._entries and excess > 0:
            excess -= self._entries.popitem(last=False)[1].nbytes


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Length of the longest common prefix."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n
