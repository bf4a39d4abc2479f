"""Where a text stands among the calibration texts of about its length.

>>> one = LengthBin(tokens=1, human={"letters": np.arange(200.0)}, machine={"chat": np.arange(200.0) + 50},
...     half_width=1.0, typical_mean=np.zeros(0), typical_spread=np.ones(0), largest_distance=1.0, least_surprise=0.0)
>>> found = standing(one, kind=None, count=4)
>>> found.human.tolist(), found.machine.tolist()
([24.0, 74.0, 124.0, 174.0], [74.0, 124.0, 174.0, 224.0])
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.calibration import LengthBin, populations

__all__ = ["Standing", "standing"]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Scores of as many imagined texts, each of which stands for an equal share of the calibration texts.

    Attributes
    ----------
    human, machine : float64 (count,)
        In ascending order; empty where there are none of the kind asked for.
    """

    human: NDArray[np.float64]
    machine: NDArray[np.float64]


def standing(one: LengthBin, *, kind: str | None, count: int = 100) -> Standing:
    """Quantiles of the scores in one length bin; populations count alike, as they do in the human p-value."""
    return Standing(_quantiles(populations(one.human, kind), count), _quantiles(populations(one.machine, None), count))


def _quantiles(groups: Sequence[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    if not groups:
        return np.empty(0)
    scores = np.concatenate(groups)
    weights = np.concatenate([np.full(len(of), 1 / len(of)) for of in groups])
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order]) / len(groups)
    middles = (np.arange(count) + 0.5) / count
    return np.asarray(scores[order][np.searchsorted(reached, middles).clip(0, len(scores) - 1)])
