"""Dimensions of clouds whose dimension is known, the published code, and a text's states."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist, squareform

from analyzer.detectors import intrinsic_dimension as module
from analyzer.detectors.intrinsic_dimension import intrinsic_dimension, persistent_homology_dimension, tree_length
from analyzer.errors import EmptyText, ModelError
from analyzer.models.toy import ToyModel

TEXT = "The wind had fallen by the evening, and then the boats lay off the point. " * 3


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def published_tree(adj_matrix: np.ndarray) -> float:
    """ArGintum/GPTID, IntrinsicDim.py, ``prim_tree`` with alpha = 1."""
    infty = np.max(adj_matrix) + 10
    dst = np.ones(len(adj_matrix)) * infty
    visited = np.zeros(len(adj_matrix), dtype=bool)
    ancestor = -np.ones(len(adj_matrix), dtype=int)
    v, s = 0, 0.0
    for _ in range(len(adj_matrix) - 1):
        visited[v] = 1
        ancestor[dst > adj_matrix[v]] = v
        dst = np.minimum(dst, adj_matrix[v])
        dst[visited] = infty
        v = np.argmin(dst)
        s += adj_matrix[v][ancestor[v]]
    return float(s)


def published_dimension(points: np.ndarray, generator: np.random.Generator) -> float:
    """``PHD(n_points=9).fit_transform`` with the sizes of example.ipynb, drawing as we do."""
    step = (len(points) - 40) // 7
    test_n = range(40, len(points) - step, step)
    ms = []
    for _ in range(3):
        lengths = []
        for n in test_n:
            restarts = 3 if len(points) <= 2 * n else 9
            reruns = []
            for _ in range(restarts):
                tmp = points[generator.choice(len(points), n, replace=False)]
                reruns.append(published_tree(cdist(tmp, tmp)))
            lengths.append(np.median(reruns))
        x, y = np.log(list(test_n)), np.log(lengths)
        big = len(x)
        ms.append((big * (x * y).sum() - x.sum() * y.sum()) / (big * (x**2).sum() - x.sum() ** 2))
    return 1 / (1 - np.mean(ms))


@given(st.integers(2, 30), st.integers(0, 9))
@settings(max_examples=30)
def test_tree_is_scipys(n: int, seed: int) -> None:
    distances = cdist(*[rng(seed).random((n, 4))] * 2)
    assert tree_length(distances) == pytest.approx(minimum_spanning_tree(distances).sum())
    assert tree_length(distances) == pytest.approx(published_tree(distances))


def test_coinciding_points_are_joined_for_nothing() -> None:
    assert tree_length(squareform([0.0, 0, 5, 0, 5, 5])) == 5


def test_published_code() -> None:
    points = rng(3).normal(size=(150, 6))
    got = persistent_homology_dimension(points, generator=rng(4))
    assert got == pytest.approx(published_dimension(points, rng(4)))


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_known_dimensions(dimension: int) -> None:
    """A cube of so many dimensions, put into 20; wherever it lies and however large it is."""
    points = rng(1).random((400, dimension)) @ np.linalg.qr(rng(2).normal(size=(20, 20)))[0][:dimension]
    got = persistent_homology_dimension(points, generator=rng())
    assert got == pytest.approx(dimension, rel=0.2)
    moved = persistent_homology_dimension(100 * points + 3, generator=rng())
    assert moved == pytest.approx(got)


def test_fewest_points() -> None:
    points = rng().random((80, 3))
    assert math.isnan(persistent_homology_dimension(points[:79], generator=rng()))
    assert math.isfinite(persistent_homology_dimension(points, generator=rng()))


def test_one_point_many_times() -> None:
    assert math.isnan(persistent_homology_dimension(np.ones((100, 3)), generator=rng()))


def test_states_of_a_text(tiny_llama) -> None:
    import torch

    model, inner = tiny_llama(0)
    found = intrinsic_dimension(model, TEXT, generator=rng(), layer=1)
    ids = torch.tensor([0, *model.tokenizer.encode(TEXT).ids])[None]
    with torch.no_grad():
        states = inner(ids, output_hidden_states=True).hidden_states[1][0, 1:]
    wanted = -persistent_homology_dimension(states.numpy(), generator=rng())
    assert found.score == pytest.approx(wanted, rel=1e-3)  # states pass through float32
    assert found.n_scored == ids.shape[1] - 1
    assert "RoBERTa" in found.warnings[0]


def test_the_last_layer_by_default(tiny_llama) -> None:
    model, _ = tiny_llama(0)
    last = intrinsic_dimension(model, TEXT, generator=rng(), layer=2)
    assert intrinsic_dimension(model, TEXT, generator=rng()).score == last.score


def test_long_texts_are_thinned_with_a_warning(tiny_llama, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = tiny_llama(0)
    monkeypatch.setattr(module, "_MOST", 100)
    found = intrinsic_dimension(model, TEXT, generator=rng())
    assert found.n_scored == 100
    assert "100 of" in found.warnings[1]


def test_short_texts(tiny_llama) -> None:
    model, _ = tiny_llama(0)
    found = intrinsic_dimension(model, "Too short.", generator=rng())
    assert math.isnan(found.score)
    assert "80 tokens" in found.warnings[0]
    with pytest.raises(EmptyText):
        intrinsic_dimension(model, "", generator=rng())


def test_unreadable_layers() -> None:
    from dataclasses import replace

    model = ToyModel("ab")
    model.info = replace(model.info, layers=0)
    with pytest.raises(ModelError, match="layers"):
        intrinsic_dimension(model, TEXT, generator=rng())
