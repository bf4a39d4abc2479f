"""Several continuations at once, in batches: drawn side by side, or found by beam search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analyzer.cursor import Cursor
from analyzer.errors import InputError
from analyzer.guided.candidates import largest
from analyzer.models import State
from analyzer.sampling import draw
from analyzer.scoring import TokenScores, log_softmax, score_next

__all__ = ["Continuation", "beam_search", "sample_many"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """Tokens that go on from a place.

    Attributes
    ----------
    tokens : tuple of int
        An end of text, if there is one, is the last.
    parts : tuple of TokenScores
        Of each.
    offered : tuple of float
        Probabilities with which they were drawn; nan by beam search.
    state : State
        Behind them.
    """

    tokens: tuple[int, ...]
    parts: tuple[TokenScores, ...]
    offered: tuple[float, ...]
    state: State = field(repr=False)

    @property
    def log_prob(self) -> float:
        """Of all tokens together, nats."""
        return float(sum(part.log_prob[0] for part in self.parts))

    @property
    def mean_log_prob(self) -> float:
        """A token, nats."""
        return self.log_prob / len(self.tokens)


def sample_many(
    cursor: Cursor,
    uniforms: NDArray[np.float64],
    *,
    offer: Callable[[Tensor, tuple[int, ...]], NDArray[np.float64]],
    ends: Sequence[int],
    progress: Progress | None = None,
) -> list[Continuation]:
    """Draw C continuations of up to L tokens, one batched step for each token.

    Parameters
    ----------
    cursor : Cursor
        Where they begin; stays there.
    uniforms : float64 (C, L)
        In [0, 1), one for each draw.
    offer : callable
        Probabilities (V,) to draw with, from logits (V,) and the tokens drawn before.
    ends : sequence of int
        Tokens behind which a continuation is over.

    Raises
    ------
    InputError
        If there are none to draw, or they would not fit into the model's window.
    """
    count, length = uniforms.shape
    if count < 1:
        raise InputError(f"count: got {count}.", hint="Give a number from 1 on.")
    _check_room(cursor, length)
    active = [Continuation((), (), (), cursor.state()) for _ in range(count)]
    done: dict[int, Continuation] = {}
    where = list(range(count))
    for i in range(length):
        logits = cursor.model.next_logits([one.state for one in active])  # (C, V)
        choices = []
        for one, c, row in zip(active, where, logits, strict=True):
            offered = offer(row, one.tokens)
            token = draw(offered, float(uniforms[c, i]))
            choices.append((one, token, row, float(offered[token])))
        grown = _grown(cursor, choices)
        done.update((c, one) for c, one in zip(where, grown, strict=True) if one.tokens[-1] in ends)
        where = [c for c in where if c not in done]
        active = [one for one in grown if one.tokens[-1] not in ends]
        if progress is not None:
            progress(i + 1, length)
        if not active:
            break
    done.update(zip(where, active, strict=True))
    return [done[c] for c in range(count)]


def beam_search(
    cursor: Cursor,
    *,
    width: int,
    length: int,
    allowed: Callable[[Tensor], Tensor],
    ends: Sequence[int],
    progress: Progress | None = None,
) -> Continuation:
    """The continuation of up to `length` tokens with the largest mean log-probability that beam search finds.

    At each step the `width` likeliest beginnings are kept; one that ends the text is put aside. A mean, as otherwise
    short continuations would win: transformers' ``length_penalty`` of 1.

    Parameters
    ----------
    allowed : callable
        Logits (V,) with what must never be chosen at minus infinity.

    Raises
    ------
    InputError
        If `width` is less than 1, or the continuations would not fit into the model's window.
    """
    if width < 1:
        raise InputError(f"width: got {width}.", hint="Give a number from 1 on.")
    _check_room(cursor, length)
    beams, done = [Continuation((), (), (), cursor.state())], list[Continuation]()
    for i in range(length):
        logits = cursor.model.next_logits([beam.state for beam in beams])
        ways = []
        for beam, row in zip(beams, logits, strict=True):
            log_prob = log_softmax(allowed(row))
            # so many that `width` go on, however many of them are ends
            likeliest = largest(log_prob, width + max(width, len(ends)))
            ways += [(beam.log_prob + log_prob[t], beam, t, row) for t in likeliest if np.isfinite(log_prob[t])]
        ways.sort(key=lambda way: -way[0])
        kept = [way for way in ways if way[2] not in ends][:width]
        ended = [way for way in ways[: 2 * width] if way[2] in ends][:width]
        grown = _grown(cursor, [(beam, token, row, np.nan) for _, beam, token, row in (*kept, *ended)])
        beams = grown[: len(kept)]
        done += grown[len(kept) :]
        if progress is not None:
            progress(i + 1, length)
        if not beams:
            break
    return max([*beams, *done], key=lambda one: one.mean_log_prob)


def _grown(cursor: Cursor, choices: Sequence[tuple[Continuation, int, Tensor, float]]) -> list[Continuation]:
    """Each continuation with its chosen token, read in one batched step; logits (V,) are those it was chosen by."""
    read = cursor.model.step(
        [one.state for one, *_ in choices], [token for _, token, *_ in choices], read_out=cursor.read_out
    )
    grown = []
    for (one, token, logits, offered), (read_out, state) in zip(choices, read, strict=True):
        part = score_next(
            logits,
            [token],
            top_k=cursor.top_k,
            context_len=cursor.context_len + len(one.tokens),
            read_out=read_out[None],
        )
        grown.append(
            replace(
                one, tokens=(*one.tokens, token), parts=(*one.parts, part), offered=(*one.offered, offered), state=state
            )
        )
    return grown


def _check_room(cursor: Cursor, length: int) -> None:
    if length < 1:
        raise InputError(f"length: got {length}.", hint="Give a number from 1 on.")
    if length > cursor.room:
        raise InputError(
            f"{length} tokens more do not fit into the model's window.", hint=f"Give at most {cursor.room}."
        )
