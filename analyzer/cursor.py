"""Where a model stands in a sequence of tokens, moved to and fro with as little reading as possible.

One live state: a token more is one cached step, back is cropping it, elsewhere is cropping to what is shared and
reading the rest. Beyond the model's window it slides by half a window, as ``analyzer.windows`` has it, so the numbers
are those of a text that is read at once.

>>> from analyzer.models.toy import ToyModel
>>> model = ToyModel("to be or not to be")
>>> cursor = Cursor(model, first=1, top_k=3)
>>> scores = cursor.append(np.r_[model.start_id, model.tokenizer.encode("to b").ids])
>>> read = model.tokens_read
>>> cursor.move(cursor.ids[:3])                      # back to "to"
>>> logits = cursor.logits()
>>> model.tokens_read - read
0
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analyzer.models import LanguageModel, State
from analyzer.scoring import ReadOut, Row, TokenScores, join, score_next
from analyzer.windows import window_start

__all__ = ["Cursor"]


class Cursor:
    """A place in a sequence of tokens, start token and what stands before the text included.

    Parameters
    ----------
    model : LanguageModel
    first : int
        Position of the first token that can be scored, at least 1: from there windows are counted.
    top_k, read_out
        As in ``LanguageModel.score``.
    state : State, optional
        What is already read of the beginning.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        first: int,
        top_k: int,
        read_out: ReadOut | None = None,
        state: State | None = None,
    ) -> None:
        self.model = model
        self._first = first
        self.top_k = top_k
        self.read_out = read_out
        self._state = state  # of ids[start:start + len(state.ids)]
        self._start = 0
        self.ids: NDArray[np.int64] = np.empty(0, np.int64) if state is None else state.ids

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return 0 if self._state is None else self._state.nbytes

    @property
    def context_len(self) -> int:
        """By how many tokens the next one is conditioned."""
        return len(self.ids) - window_start(len(self.ids), self._first, self.model.info.window)

    @property
    def room(self) -> int:
        """How many tokens more can be predicted before the window slides."""
        return self.model.info.window - self.context_len

    def move(self, ids: NDArray[np.int64]) -> None:
        """Stand behind `ids`; what is not read yet is read when it is needed."""
        n = min(len(ids), len(self.ids))
        different = np.flatnonzero(ids[:n] != self.ids[:n])
        shared = (int(different[0]) if len(different) else n) - self._start
        if self._state is not None and shared < len(self._state.ids):
            self._state = self._state.crop(shared) if shared > 0 else None
        self.ids = ids

    def append(self, ids: NDArray[np.int64]) -> TokenScores:
        """Read and score further tokens (n,), those before `first` excepted; S = n at most, start = 0."""
        parts: list[TokenScores] = []
        end = len(self.ids) + len(ids)
        whole = np.concatenate([self.ids, ids])
        if len(self.ids) < self._first < end:  # what only conditions goes through the model with what it conditions
            self.ids = whole[: self._first]
        while len(self.ids) < end:
            start = self._settled_start()
            stop = min(end, start + self.model.info.window)
            row = Row(whole[start:stop], len(self.ids) - start)
            scores, self._state = self.model.extend(self._state, row, top_k=self.top_k, read_out=self.read_out)
            self.ids = whole[:stop]
            parts.append(scores)
        return join(parts, start=0)

    def take(self, token: int, logits: Tensor) -> TokenScores:
        """Read one more token, in one step; scored, S = 1, by the logits (V,) that were here."""
        ((read_out, state),) = self.model.step([self.state()], [token], read_out=self.read_out)
        scores = self._score(logits, [token], read_out[None])
        self._state, self.ids = state, np.append(self.ids, token)
        return scores

    def look(self, tokens: Sequence[int], logits: Tensor) -> TokenScores:
        """Scores of alternatives, S = n, as if each were taken; all in one batched step. Stays here."""
        ahead = self.model.step([self.state()] * len(tokens), tokens, read_out=self.read_out)
        return self._score(logits, tokens, np.stack([read_out for read_out, _ in ahead]))

    def logits(self) -> Tensor:
        """Logits (V,) of the next token."""
        return self.model.next_logits([self.state()])[0]

    def state(self) -> State:
        """What is read of the last `context_len` tokens."""
        start = self._settled_start()
        row = Row(self.ids[start:], len(self.ids) - start)
        if self._state is None or len(self._state.ids) < len(row.ids):
            _, self._state = self.model.extend(self._state, row, top_k=1)
        return self._state

    def _score(self, logits: Tensor, tokens: Sequence[int], read_out: NDArray[np.float64]) -> TokenScores:
        return score_next(logits, tokens, top_k=self.top_k, context_len=self.context_len, read_out=read_out)

    def _settled_start(self) -> int:
        """Where the window of the next token begins; a state of another window is let go."""
        start = window_start(len(self.ids), self._first, self.model.info.window)
        if start != self._start:
            self._start, self._state = start, None
        return start
