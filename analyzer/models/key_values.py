"""What a transformers model keeps of what it has read, and how to go on from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

from analyzer.models.base import State

__all__ = ["KeyValues", "own", "resumed"]


@dataclass(frozen=True, slots=True, eq=False)
class KeyValues:
    """A prefix that has been read. Tensors may be shared with other states: they are never written to.

    Attributes
    ----------
    ids : int64 (n,)
    hidden : (n, H)
        Last layer's states.
    layers : tuple of pairs of (1, heads, n, width)
        Keys and values; empty where the architecture keeps none that can be gone on from.
    """

    ids: NDArray[np.int64]
    hidden: Tensor
    layers: tuple[tuple[Tensor, Tensor], ...]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.hidden.nbytes + sum(k.nbytes + v.nbytes for k, v in self.layers)

    def crop(self, length: int) -> "KeyValues | None":
        """See ``State``."""
        if not self.layers and length < len(self.ids):
            return None
        layers = tuple((k[:, :, :length], v[:, :, :length]) for k, v in self.layers)
        return KeyValues(self.ids[:length], self.hidden[:length], layers)


def own(states: Sequence[State]) -> list[KeyValues]:
    """States, known to be of this kind.

    Raises
    ------
    TypeError
        If one is of another model.
    """
    found = [state for state in states if isinstance(state, KeyValues)]
    if len(found) != len(states):
        raise TypeError("states: expected this model's own")
    return found


def resumed(states: Sequence[KeyValues]) -> DynamicCache:
    """A cache that goes on from states of one length side by side; appending copies: they stay as they are."""
    cache = DynamicCache()
    for of_each in zip(*(state.layers for state in states), strict=True):
        if all(state is states[0] for state in states):  # alternatives share what stands before them
            keys, values = (tensor.expand(len(states), -1, -1, -1) for tensor in of_each[0])
        else:
            keys, values = (torch.cat(tensors) for tensors in zip(*of_each, strict=True))
        layer = DynamicLayer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys, values
        cache.layers.append(layer)
    return cache
