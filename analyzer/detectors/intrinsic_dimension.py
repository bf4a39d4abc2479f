"""Intrinsic dimension of a text: on how many-dimensional a surface its tokens' hidden states lie.

>>> points = np.random.default_rng(0).random((200, 2)) @ np.ones((2, 30))       # a line in 30 dimensions
>>> round(persistent_homology_dimension(points, generator=np.random.default_rng(0)))
1
"""

from math import nan

import numpy as np
from numpy.typing import NDArray

from analyzer.detectors.detection import Detection, detection
from analyzer.errors import ModelError
from analyzer.models import LanguageModel
from analyzer.passes import plan, score_plans
from analyzer.scoring import ReadOut

__all__ = ["intrinsic_dimension", "persistent_homology_dimension"]

# ArGintum/GPTID, example.ipynb and IntrinsicDim.py
_SMALLEST = 40  # points of the smallest subsample
_SIZES = 7
_DRAWS, _DRAWS_OF_LARGE = 9, 3  # subsamples of one size; of those with more than half of the points
_RUNS = 3
_FEWEST = 80  # MINIMAL_CLOUD
_MOST = 512  # RoBERTa reads no more


def intrinsic_dimension(
    model: LanguageModel, text: str, *, generator: np.random.Generator, layer: int | None = None
) -> Detection:
    """Negative persistent homology dimension of the tokens' hidden states: human texts fill more dimensions.

    Parameters
    ----------
    generator : numpy.random.Generator
        Draws the subsamples.
    layer : int, optional
        After which layer, from 1; the last by default, as in the paper.

    Raises
    ------
    EmptyText
        If there is no token to score.
    ModelError
        If the model's layers cannot be read.

    Notes
    -----
    nan under 80 tokens. Of longer texts than 512 tokens, 512 tokens are drawn; the paper cuts them. The paper took the
    states of RoBERTa, which sees both sides of a token, and found 9 for human texts and 7.5 for machine's; the states
    of a causal model have dimensions of their own, and how well they tell is for a calibration to say.
    Source: Tulchinskii et al. 2023, "Intrinsic Dimension Estimation for Robust Detection of AI-Generated Texts" (arXiv
    2306.04723); ArGintum/GPTID, IntrinsicDim.py.
    """
    if not model.info.layers:
        raise ModelError(f"The layers of {model.info.name} cannot be read.", hint="Use another model.")
    read_out = ReadOut((layer or model.info.layers,))
    states = score_plans(model, [plan(model, text)], top_k=1, read_out=read_out)[0].read_out
    warnings = ["The method was published for the states of RoBERTa, not of a causal model."]
    if len(states) > _MOST:
        warnings.append(f"{_MOST} of {len(states)} tokens were drawn.")
        states = generator.choice(states, _MOST, replace=False)
    score = -persistent_homology_dimension(states, generator=generator)
    undefined = f"Undefined under {_FEWEST} tokens, and where hidden states coincide."
    return detection("intrinsic_dimension", score, len(states), undefined=undefined, warnings=warnings)


def persistent_homology_dimension(points: NDArray[np.float64], *, generator: np.random.Generator) -> float:
    """By how minimum spanning trees grow: the length of a tree over n points goes as n^(1 - 1/d).

    d = 1 / (1 - slope) of ln length over ln n, for seven sizes from 40 points on, each the median of subsamples; the
    mean slope of three runs. Points are rows, (n, H). nan under 80 points, and where lengths are 0 or grow as fast as
    n.
    """
    if len(points) < _FEWEST:
        return nan
    from scipy.spatial.distance import pdist, squareform

    distances = squareform(pdist(points))
    step = (len(points) - _SMALLEST) // _SIZES
    sizes = np.arange(_SMALLEST, len(points) - step, step)
    slopes = [_slope(distances, sizes, generator) for _ in range(_RUNS)]
    rest = 1 - np.mean(slopes)
    return float(1 / rest) if rest else nan


def _slope(distances: NDArray[np.float64], sizes: NDArray[np.int64], generator: np.random.Generator) -> float:
    """Least-squares slope of ln tree length over ln n."""
    lengths = []
    for n in sizes:
        draws = _DRAWS_OF_LARGE if len(distances) <= 2 * n else _DRAWS
        chosen = (generator.choice(len(distances), n, replace=False) for _ in range(draws))
        lengths.append(np.median([tree_length(distances[np.ix_(c, c)]) for c in chosen]))
    if not np.all(lengths):
        return nan
    return float(np.polyfit(np.log(sizes), np.log(lengths), 1)[0])


def tree_length(distances: NDArray[np.float64]) -> float:
    """Sum of the edges of the minimum spanning tree of points with these distances (n, n), by Prim's algorithm.

    Not scipy's ``minimum_spanning_tree``, to which a distance of 0 is no edge.

    Examples
    --------
    >>> tree_length(np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]]))
    3.0
    """
    nearest = distances[0].copy()  # of each point to the tree; infinite once in it
    nearest[0] = np.inf
    total = 0.0
    for _ in range(len(distances) - 1):
        new = int(np.argmin(nearest))
        total += float(nearest[new])
        reached = np.isinf(nearest)
        np.minimum(nearest, distances[new], out=nearest)
        nearest[reached] = np.inf
        nearest[new] = np.inf
    return total
