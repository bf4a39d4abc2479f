"""Penalties for tokens that stand in the text already: what transformers does not have.

Both work as transformers' processors do: tokens so far (1, n) and scores (1, V) in, scores (1, V) out.

Two ways to make a used token less likely, count = its uses so far and [seen] = 1 if there is any:

- *additive*, as the completion APIs do: logit - f·count - p·[seen]. By how much it falls does not depend on the logit.
- *by heat*: the token has a temperature of its own, k = 1 + a·count or k = 1 + b·[seen], by which its logit is divided.
  Logits have no zero point: divided as it stands, a negative one would *rise*, and the token become more likely. So all
  are shifted first: the smallest becomes 0, and dividing by k ≥ 1 never raises any.

The repetition penalty of Keskar et al. 2019 (arXiv 1909.05858, CTRL), which transformers has, avoids that trap
otherwise: it multiplies negative logits.
"""

import torch
from torch import Tensor

__all__ = ["additive", "heated"]


def additive(ids: Tensor, scores: Tensor, *, per_use: float = 0.0, if_used: float = 0.0) -> Tensor:
    """Scores less ``per_use`` · count and less ``if_used`` · [seen].

    Examples
    --------
    >>> additive(torch.tensor([[0, 0, 2]]), torch.tensor([[1.0, 1.0, -1.0]]), per_use=0.5).tolist()
    [[0.0, 1.0, -1.5]]

    Notes
    -----
    Source: the formula in the guide of OpenAI's completions API, "Frequency and presence penalties".
    """
    count = _count(ids, scores)
    return scores - per_use * count - if_used * count.clamp(max=1)


def heated(ids: Tensor, scores: Tensor, *, per_use: float = 0.0, if_used: float = 0.0) -> Tensor:
    """Scores above the smallest finite one, each divided by k = (1 + ``per_use`` · count) · (1 + ``if_used`` · [seen]).

    How hard it hits depends on the lowest logit of the whole vocabulary: the further down that is, the more nats a
    division takes from a likely token.

    Examples
    --------
    >>> heated(torch.tensor([[0, 0, 2]]), torch.tensor([[3.0, 1.0, -1.0]]), per_use=0.5).tolist()  # (3 + 1) / 2
    [[2.0, 2.0, 0.0]]
    """
    count = _count(ids, scores)
    k = (1 + per_use * count) * (1 + if_used * count.clamp(max=1))
    return (scores - scores[torch.isfinite(scores)].min()) / k


def _count(ids: Tensor, scores: Tensor) -> Tensor:
    """How often each token of the vocabulary stands in the text (1, V); ids beyond the vocabulary count nowhere."""
    return torch.bincount(ids[0], minlength=scores.shape[1])[None, : scores.shape[1]].to(scores.dtype)
