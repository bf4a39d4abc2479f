"""From hidden states to numbers per token, in chunks: the one place where logits exist.

Logits are as wide as the vocabulary (49,152 numbers a token for the default model), so they are made for a few dozen
tokens at a time, reduced to a handful of numbers each, and overwritten. Nothing is sorted: a rank is a count of larger
logits, the top K come from a two-stage selection that is exact.

The shift by one (the hidden state at position i predicts the token at i + 1) is written once, in ``score_rows``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analyzer.errors import ModelError
from analyzer.tokens import read_only

__all__ = ["Head", "ReadOut", "Row", "TokenScores", "chunk_size", "join", "log_softmax", "score_next", "score_rows"]

Head = Callable[[Tensor], Tensor]
"""Maps hidden states (N, H) to logits (N, V) in at least float32."""

# One buffer of logits. On two cores 24 MB were best of 3 to 24, and glibc maps blocks of over 32 MB afresh each time;
# a GPU wants some thousand rows at a time.
_CHUNK_BYTES = {"cpu": 24 << 20, "cuda": 512 << 20}
_BLOCK = 64  # width of the first stage of the top-K selection


@dataclass(frozen=True, slots=True, eq=False)
class TokenScores:
    """What a causal language model thinks of each token, given all tokens before it.

    S = scored tokens = T - start, K = alternatives. All under the model's own distribution: temperature 1, no filter.

    Attributes
    ----------
    start : 0 or 1
        1 where the first token has nothing in front of it that it could be predicted from.
    log_prob : float64 (S,)
        Natural logarithm of the token's probability; surprise is its negative.
    entropy : float64 (S,)
        Expected surprise at this position, in nats.
    varentropy : float64 (S,)
        Variance of the surprise at this position, in nats².
    rank : int64 (S,)
        1 + number of vocabulary entries strictly more likely: 1 = most likely, equally likely entries share a rank.
    top_ids, top_log_prob : int64, float64 (S, K)
        The K most likely entries, most likely first, lower id first among equals. Where more entries are equally likely
        at the last place than there is room for, which of them are listed is left open.
    context_len : int64 (S,)
        How many tokens the prediction was conditioned on, start token included.
    read_out : float64 (S, R)
        What a `ReadOut` asked for; R = 0 where none did.
    """

    start: int
    log_prob: NDArray[np.float64]
    entropy: NDArray[np.float64]
    varentropy: NDArray[np.float64]
    rank: NDArray[np.int64]
    top_ids: NDArray[np.int64]
    top_log_prob: NDArray[np.float64]
    context_len: NDArray[np.int64]
    read_out: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        if self.start not in (0, 1):
            raise ValueError(f"start: expected 0 or 1, got {self.start}")
        s, k = np.shape(self.top_ids)
        for name in ("log_prob", "entropy", "varentropy"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64, (s,), name))
        for name in ("rank", "context_len"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.int64, (s,), name))
        object.__setattr__(self, "top_ids", read_only(self.top_ids, np.int64, (s, k), "top_ids"))
        object.__setattr__(self, "top_log_prob", read_only(self.top_log_prob, np.float64, (s, k), "top_log_prob"))
        r = np.shape(self.read_out)[1]
        read_out = self.read_out if r else np.empty((s, 0))
        object.__setattr__(self, "read_out", read_only(read_out, np.float64, (s, r), "read_out"))

    def __len__(self) -> int:
        return len(self.log_prob)

    @property
    def nbytes(self) -> int:
        """Memory held by the arrays."""
        return sum(getattr(self, name).nbytes for name in _ARRAYS)

    def part(self, first: int, last: int) -> "TokenScores":
        """The scores of scored tokens `first` to `last` - 1."""
        return TokenScores(self.start, **{name: getattr(self, name)[first:last] for name in _ARRAYS})

    def at(self, places: NDArray[np.int64], *, start: int) -> "TokenScores":
        """The scores of some scored tokens, in the order given."""
        return TokenScores(start, **{name: getattr(self, name)[places] for name in _ARRAYS})


_ARRAYS = ("log_prob", "entropy", "varentropy", "rank", "top_ids", "top_log_prob", "context_len", "read_out")


def join(parts: Sequence[TokenScores], *, start: int) -> TokenScores:
    """Put scores of consecutive stretches behind one another.

    Raises
    ------
    ValueError
        If `parts` is empty.
    """
    if not parts:
        raise ValueError("join: expected at least one part, got none")
    return TokenScores(start, **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _ARRAYS})


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One stretch of tokens for one forward pass, scored from position `first` on.

    Attributes
    ----------
    ids : int64 (n,)
        Tokens, a start token included where there is one.
    first : int
        Position of the first scored token, 1 to n; what stands before it only conditions.
    """

    ids: NDArray[np.int64]
    first: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", read_only(self.ids, np.int64, (None,), "ids"))
        if not 1 <= self.first <= len(self.ids):
            raise ValueError(f"first: expected 1 to {len(self.ids)}, got {self.first}")


@dataclass(frozen=True, slots=True, eq=False)
class ReadOut:
    """What else to take from the forward pass that makes the scores: linear functions of middle layers' hidden states.

    Each scored token gets R numbers, from the states after the token itself was read. So the mean over a document is a
    mean of its tokens' shares, and the states of all tokens need not be kept. H = width of a state.

    Attributes
    ----------
    layers : tuple of int
        After how many layers, from 1; their states stand side by side.
    weights : float32 (len(layers) * H, R), optional
        None gives the states themselves, R = len(layers) * H.
    """

    layers: tuple[int, ...]
    weights: NDArray[np.float32] | None = None

    def __call__(self, states: Sequence[Tensor]) -> NDArray[np.float64]:
        """Read-outs (n, R) of one state (n, H) for each layer."""
        side_by_side = torch.cat([s.to(torch.promote_types(s.dtype, torch.float32)) for s in states], dim=1)
        if self.weights is not None:
            side_by_side = side_by_side @ torch.tensor(self.weights).to(side_by_side)
        return np.asarray(side_by_side.cpu().numpy(), np.float64)


def chunk_size(device: str, vocabulary: int) -> int:
    """For how many tokens logits may exist at once."""
    return max(8, _CHUNK_BYTES.get(device, _CHUNK_BYTES["cpu"]) // (4 * vocabulary))


def score_rows(
    hidden: Sequence[Tensor], rows: Sequence[Row], *, head: Head, vocabulary: int, top_k: int
) -> list[TokenScores]:
    """Score the tokens of each row, given the hidden states of the tokens before them.

    Parameters
    ----------
    hidden : sequence of (n - 1 or more, H)
        For each row the last layer's states from position ``first - 1`` on; longer than needed is fine.
    rows : sequence of Row
    head : callable
        (N, H) -> (N, V) logits.
    vocabulary : int
        V, by which the chunk is sized.
    top_k : int
        K, cut to V.

    Returns
    -------
    list of TokenScores
        With start = 0 and S = n - first each.

    Raises
    ------
    ModelError
        If the model's numbers overflow.
    """
    counts = [len(row.ids) - row.first for row in rows]
    # The one shift: the state at position first - 1 predicts the token at position first, and so on.
    states = torch.cat([h[:n] for h, n in zip(hidden, counts, strict=True)])  # (N, H)
    targets = torch.from_numpy(np.concatenate([row.ids[row.first :] for row in rows])).to(states.device)  # (N,)
    context_len = np.concatenate([np.arange(row.first, len(row.ids)) for row in rows])

    size = chunk_size(states.device.type, vocabulary)
    chunks = [
        _reduce(head(states[a : a + size]), targets[a : a + size], min(top_k, vocabulary))
        for a in range(0, max(len(targets), 1), size)
    ]
    c, z, mean, second, rank, top_c, top_ids = (torch.cat(column).cpu().numpy() for column in zip(*chunks, strict=True))
    log_z = np.log(z.astype(np.float64))
    if not np.isfinite(log_z).all():
        raise ModelError(
            f"The model's numbers overflow for {np.count_nonzero(~np.isfinite(log_z))} of {len(log_z)} tokens.",
            hint="Use dtype float32 or bfloat16; if it is, the model's weights are broken.",
        )
    whole = {
        "log_prob": c - log_z,
        # Rounding may leave a certain position a hair below zero.
        "entropy": np.maximum(log_z - mean, 0),
        "varentropy": np.maximum(second - mean.astype(np.float64) ** 2, 0),
        "rank": rank,
        "top_ids": top_ids,
        "top_log_prob": top_c - log_z[:, None],
        "context_len": context_len,
    }
    ends = np.cumsum([0, *counts])
    return [TokenScores(0, **{name: column[a:b] for name, column in whole.items()}) for a, b in pairwise(ends)]


def score_next(
    logits: Tensor, tokens: Sequence[int], *, top_k: int, context_len: int, read_out: NDArray[np.float64]
) -> TokenScores:
    """Score alternatives for one place, given its logits (V,); read_out (n, R) is theirs. S = n, start = 0."""
    rows = [Row(np.array([0, token]), 1) for token in tokens]  # the first stands for all that is before
    alone = score_rows([logits[None]] * len(rows), rows, head=torch.clone, vocabulary=len(logits), top_k=top_k)
    scores = join(alone, start=0)
    return replace(scores, context_len=np.full(len(rows), context_len), read_out=read_out)


def log_softmax(logits: Tensor) -> NDArray[np.float64]:
    """Log-probabilities (V,) of one position's logits (V,), in float64."""
    return np.asarray(torch.log_softmax(logits.cpu().double(), dim=-1).numpy())


def _reduce(logits: Tensor, targets: Tensor, k: int) -> tuple[Tensor, ...]:
    """Reduce logits (N, V), which are overwritten, to a few numbers a row.

    With c = logit - max: the target's c, Z = Σ e^c, E[c], E[c²], the target's rank, and the top k's c and ids. Then
    log p = c - ln Z; the entropy is ln Z - E[c]; the varentropy is E[c²] - E[c]², as log p and c differ by a constant.
    Few passes over few buffers: on a CPU a pass over the logits costs as much as its arithmetic.
    """
    target = logits.gather(1, targets[:, None])  # (N, 1)
    scratch = torch.empty_like(logits)
    rank = 1 + torch.gt(logits, target, out=scratch).sum(1).long()  # a float result is summed faster than a bool one
    top, top_ids = _top_k(logits, k)
    peak = top[:, :1]  # (N, 1), the largest logit
    c = logits.sub_(peak)
    e = torch.exp(c, out=scratch)
    z = e.sum(1)
    mean = torch.linalg.vecdot(e, c) / z
    second = torch.linalg.vecdot(e.mul_(c), c) / z
    return (target - peak)[:, 0], z, mean, second, rank, top - peak, top_ids


def _top_k(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest logits (N, k) and their ids, largest first, lower id first among those listed.

    Two stages, exact in the logits: the k largest lie in the k blocks whose maxima are largest, or in the tail behind
    the last block.
    """
    n, v = logits.shape
    blocks = v // _BLOCK
    if blocks <= 2 * k:
        top, ids = logits.topk(k, dim=1)
    else:
        body = logits[:, : blocks * _BLOCK].view(n, blocks, _BLOCK)
        best = body.amax(2).topk(k, dim=1).indices  # (N, k)
        inside = body.gather(1, best[:, :, None].expand(n, k, _BLOCK)).reshape(n, k * _BLOCK)
        offset = torch.arange(_BLOCK, device=logits.device)
        where = (best[:, :, None] * _BLOCK + offset).reshape(n, k * _BLOCK)
        tail = torch.arange(blocks * _BLOCK, v, device=logits.device).expand(n, -1)
        top, at = torch.cat([inside, logits[:, blocks * _BLOCK :]], 1).topk(k, dim=1)
        ids = torch.cat([where, tail], 1).gather(1, at)
    by_id = ids.argsort(dim=1)
    top, ids = top.gather(1, by_id), ids.gather(1, by_id)
    by_logit = top.argsort(dim=1, descending=True, stable=True)
    return top.gather(1, by_logit), ids.gather(1, by_logit)
