"""Per-token numbers the plain way: what every test compares the scorer with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass
class Reference:
    """Per-token numbers the plain way: all logits at once, a full sort, no shortcut."""

    log_prob: np.ndarray
    rank: np.ndarray
    entropy: np.ndarray
    varentropy: np.ndarray
    top_log_prob: np.ndarray
    top_ids: np.ndarray


def reference_from_logits(logits: torch.Tensor, ids: list[int]) -> Reference:
    """Logits (n, V) of a pass over ids (n,): numbers of ids[1:]."""
    log_p = torch.log_softmax(logits[:-1].double(), -1)
    targets = torch.tensor(ids[1:])[:, None]
    mine = log_p.gather(1, targets)
    ordered, order = log_p.sort(dim=1, descending=True, stable=True)
    rank = 1 + (ordered == mine).int().argmax(1)  # the first place where the sorted list reaches the token's value
    p = log_p.exp()
    entropy = -(p * log_p).sum(1)
    varentropy = (p * (log_p + entropy[:, None]) ** 2).sum(1)
    return Reference(mine[:, 0].numpy(), rank.numpy(), entropy.numpy(), varentropy.numpy(),
                     ordered[:, :10].numpy(), order[:, :10].numpy())  # fmt: skip


@torch.inference_mode()
def reference_scores(model: Any, ids: list[int]) -> Reference:
    """Numbers of ids[1:] under a transformers model, by its own full forward pass."""
    return reference_from_logits(model(torch.tensor([ids]), use_cache=False).logits[0], ids)
