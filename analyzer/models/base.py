"""What the analyzer asks of a language model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analyzer.scoring import ReadOut, Row, TokenScores
from analyzer.tokens import TextTokenizer

__all__ = ["LanguageModel", "ModelInfo", "Share", "State"]

Share = Callable[[float], None]
"""Is given how much of a pass is done, 0 to 1, now and then; what it raises ends the pass."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model made the numbers, and how: enough to make them again.

    Attributes
    ----------
    name, revision : str
        Hub id, folder or file, and the commit or content hash it was loaded from.
    dtype, device : str
        Of the body; logits are always reduced in float32 or better.
    context_length : int
        Tokens the architecture was made for; `window` is the number used in one forward pass, at most as many.
    vocabulary : int
        Number of logits.
    layers : int
        How many layers a `ReadOut` can choose from; 0 where none can be read.
    start_token : str or None
        What stands before the text so that its first token can be scored.
    libraries : str
        Versions of what computed.
    notes : tuple of str
        What a reader of the numbers should know about this model; mostly empty.
    """

    name: str
    revision: str
    dtype: str
    device: str
    context_length: int
    window: int
    vocabulary: int
    layers: int
    start_token: str | None
    libraries: str
    notes: tuple[str, ...] = ()


class State(Protocol):
    """A prefix that has been read: what a forward pass over more text needs to go on from there."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """The tokens read (n,)."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory held."""
        ...

    def crop(self, length: int) -> Self | None:
        """The state after the first `length` tokens, sharing memory; None where the architecture cannot go back."""
        ...


class LanguageModel(Protocol):
    """A causal language model with its tokenizer. Safe to share between threads."""

    info: ModelInfo
    tokenizer: TextTokenizer
    start_id: int | None
    end_ids: tuple[int, ...]
    """Tokens that end a text, the start token among them: where another text begins, this one is over."""

    def score(self, rows: Sequence[Row], *, top_k: int, read_out: ReadOut | None = None) -> list[TokenScores]:
        """Score independent rows in one padded forward pass; for each, S = n - first."""
        ...

    def extend(
        self,
        state: State | None,
        row: Row,
        *,
        top_k: int,
        read_out: ReadOut | None = None,
        progress: Share | None = None,
    ) -> tuple[TokenScores, State]:
        """Score one row of which `state`, a proper prefix, is already read; S = n - first.

        `progress` is called as the pass goes on, so that a long one can be shown and ended.

        Raises
        ------
        ValueError
            If ``row.first`` lies inside the part that is already read.
        """
        ...

    def logits(self, row: Row) -> Iterator[Tensor]:
        """Logits (n, V) that predict the scored tokens of `row`, in their order, some dozen positions at a time.

        For what needs whole distributions. Each chunk is the caller's to overwrite; at least float32.
        """
        ...

    def step(
        self, states: Sequence[State], tokens: Sequence[int], *, read_out: ReadOut | None = None
    ) -> list[tuple[NDArray[np.float64], State]]:
        """Read one more token behind each of several states of one length, in one pass; nothing is scored.

        Returns
        -------
        list of (float64 (R,), State)
            What `read_out` takes from the token, R = 0 without one; and the state behind it. The same state may be
            given several times: that reads alternatives.
        """
        ...

    def next_logits(self, states: Sequence[State]) -> Tensor:
        """Logits (B, V) of the token that follows each of B states, in at least float32."""
        ...
