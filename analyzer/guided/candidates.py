"""What may come next: the model's list, beside what a sampler would make of it.

>>> listing = candidates(names=str, log_prob=np.log([0.5, 0.25, 0.15, 0.1]), offered=np.array([1.0, 0, 0, 0]), k=2,
...     kind=lambda token: END if token == 3 else TEXT, ends=(3,))
>>> [(c.token, c.rank, c.kind) for c in listing.listed], listing.others
([(0, 1, 'text'), (1, 2, 'text'), (3, 4, 'end of text')], 1)
>>> round(listing.others_probability, 2)
0.15
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

__all__ = ["CONTROL", "END", "PART", "TEXT", "Candidate", "Candidates", "candidates", "largest"]

TEXT, PART, END, CONTROL = "text", "part of a character", "end of text", "control"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One token that may come next.

    Attributes
    ----------
    token : int
    text : str
        What it adds; the name of a token that adds no text.
    kind : str
        ``TEXT``; ``PART``, some bytes of a character; ``END``; or ``CONTROL``, which no text can hold.
    rank : int
        From 1, under the model.
    probability : float
        The model's own.
    cumulative : float
        Of all tokens at least as likely, under the model.
    offered : float
        With which the sampler would draw it; 0 if it filters it out.
    """

    token: int
    text: str
    kind: str
    rank: int
    probability: float
    cumulative: float
    offered: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The likeliest tokens, and what all others together have.

    Attributes
    ----------
    listed : tuple of Candidate
        By the model's probability, largest first: the k likeliest under the model, those that the sampler makes the k
        likeliest, and always the likeliest end of text.
    others : int
        How many tokens are not listed; `others_probability` and `others_offered` are theirs together.
    entropy : float
        Expected surprise of the token to come, nats.
    refused : str
        Why the sampler offers nothing at all, for people; empty where it does.
    """

    listed: tuple[Candidate, ...]
    others: int
    others_probability: float
    others_offered: float
    entropy: float
    refused: str = ""


def candidates(
    *,
    names: Callable[[int], str],
    log_prob: NDArray[np.float64],
    offered: NDArray[np.float64],
    k: int,
    kind: Callable[[int], str],
    ends: Sequence[int],
    refused: str = "",
) -> Candidates:
    """List what may come next, given log-probabilities (V,) and what a sampler offers (V,), zeros if it refuses."""
    p = np.exp(log_prob)
    shown = {*largest(p, k), *(t for t in largest(offered, k) if offered[t] > 0)}
    if ends:
        shown.add(max(ends, key=lambda token: p[token]))
    listed = tuple(
        Candidate(
            token=token,
            text=names(token),
            kind=kind(token),
            rank=1 + int((p > p[token]).sum()),
            probability=float(p[token]),
            cumulative=min(1.0, float(p[p >= p[token]].sum())),
            offered=float(offered[token]),
        )
        for token in sorted(shown, key=lambda token: (-p[token], token))
    )
    return Candidates(
        listed,
        others=len(p) - len(listed),
        others_probability=max(0.0, 1 - sum(c.probability for c in listed)),
        others_offered=0.0 if refused else max(0.0, 1 - sum(c.offered for c in listed)),
        entropy=float(entr(p).sum()),
        refused=refused,
    )


def largest(values: NDArray[np.float64], k: int) -> list[int]:
    """Places of the k largest, of all if there are no more; lower first among equals."""
    k = min(k, len(values))
    least = np.partition(values, -k)[-k]
    above, level = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return [*above.tolist(), *level[: k - len(above)].tolist()]
