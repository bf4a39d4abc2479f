"""What a sampler would offer: the model's distribution after temperature, top-k and top-p.

The processors are transformers' own, in transformers' order (temperature first; other programs apply it last, and the
same settings then keep other tokens). Statistics never use these: they are taken under the model's own distribution.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analyzer.errors import InputError

__all__ = ["Sampler"]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Settings of a sampler.

    Attributes
    ----------
    temperature : float
        Logits are divided by it; 0 keeps only the most likely token (greedy).
    top_k : int or None
        Keep the k most likely tokens; None keeps all.
    top_p : float
        Keep the most likely tokens that together reach this probability, at least one.

    Raises
    ------
    InputError
        If a setting is out of range.

    Examples
    --------
    >>> Sampler(top_k=1).offered(torch.tensor([0.0, 2.0, 1.0]))
    array([0., 1., 0.])
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise InputError(
                f"temperature: got {self.temperature}.", hint="Give a number from 0 on; 1 changes nothing."
            )
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top-k: got {self.top_k}.", hint="Give a whole number from 1 on.")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top-p: got {self.top_p}.", hint="Give a number above 0 and up to 1; 1 keeps all.")

    def offered(self, logits: Tensor) -> NDArray[np.float64]:
        """Probabilities (V,) with which the sampler would draw each token, given the model's logits (V,)."""
        from transformers import (
            LogitsProcessorList,
            TemperatureLogitsWarper,
            TopKLogitsWarper,
            TopPLogitsWarper,
        )

        if self.temperature == 0:
            greedy = np.zeros(len(logits))
            greedy[int(logits.argmax())] = 1
            return greedy
        warpers = LogitsProcessorList()
        if self.temperature != 1:
            warpers.append(TemperatureLogitsWarper(float(self.temperature)))
        if self.top_k is not None:
            warpers.append(TopKLogitsWarper(self.top_k))
        if self.top_p < 1:
            warpers.append(TopPLogitsWarper(self.top_p))
        no_tokens = torch.zeros(1, 0, dtype=torch.long)  # these warpers do not look at what stands before
        logits = logits.cpu().double()
        largest_is_0 = logits - logits.max()  # so that no temperature, however low, overflows
        shaped = warpers(no_tokens, largest_is_0[None])[0]
        return np.asarray(torch.softmax(shaped, dim=-1).numpy())
