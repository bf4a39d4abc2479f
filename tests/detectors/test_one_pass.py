"""Detectors of one pass against hand-derived values, plain transcriptions of published code, and real texts."""

import json
import math
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.detectors import DETECTORS, detect, one_pass
from analyzer.models.toy import ToyModel
from analyzer.scoring import TokenScores

SAMPLES = Path(__file__).parents[2] / "samples"
surprises = st.lists(st.integers(1, 5000).map(lambda n: n / 256), min_size=19, max_size=60)


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def make(surprise, *, rank=None, entropy=None, varentropy=None) -> TokenScores:
    """Scores with the given surprise in nats; the rest is filled with anything valid."""
    s = len(surprise)
    return TokenScores(
        0,
        log_prob=-np.asarray(surprise, np.float64),
        entropy=np.ones(s) if entropy is None else entropy,
        varentropy=np.ones(s) if varentropy is None else varentropy,
        rank=np.full(s, 2) if rank is None else rank,
        top_ids=np.zeros((s, 1)),
        top_log_prob=np.zeros((s, 1)),
        context_len=np.arange(1, s + 1),
    )


# Hand-derived values


def test_oriented_statistics() -> None:
    """Surprise 1, 2, 3 nats, ranks 1, 10, 100, entropy 2 each, varentropy 3 each.

    Mean log p -2; mean ln rank (0 + 1 + 2) ln 10 / 3 = ln 10; Σ surprise 6 over Σ ln rank 3 ln 10; two of three ranks
    up to 10; curvature (-6 + 6) / 3 = 0.
    """
    scores = make([1, 2, 3], rank=[1, 10, 100], entropy=[2.0] * 3, varentropy=[3.0] * 3)
    assert one_pass.likelihood(scores) == -2
    assert one_pass.log_rank(scores) == pytest.approx(-math.log(10))
    assert one_pass.lrr(scores) == pytest.approx(2 / math.log(10))
    assert one_pass.entropy(scores) == -2
    assert one_pass.gltr(scores) == pytest.approx(2 / 3)
    assert one_pass.fast_detectgpt(scores) == 0


def test_diversity_entropy_of_the_published_example() -> None:
    """fastMDE.py: 1, 2, 13, 7, 9, 5, 4 in threes has cosines .605 .699 .924 .931: two in each of the last two bins of
    ten.

    Entropy ln 2 over ln 10.
    """
    values = np.array([1.0, 2, 13, 7, 9, 5, 4])
    assert one_pass.diversity_entropy(values, width=3, bins=10) == pytest.approx(math.log(2) / math.log(10))


def test_lastde_with_two_scales() -> None:
    """log p -1, -1, -1, -1, -4 in pairs; scale 2 has -1, -1, -1, -2.5 in pairs.

    5 bins of [-1, 1], the last from 0.6. Scale 1: cosines 1, 1, and (1, 1)·(1, 4) / sqrt(2 · 17) = .857: one bin,
    entropy 0. Scale 2: 1, and 3.5 / sqrt(2 · 7.25) = .919: entropy 0 too, nothing to divide by.
    20 bins, the last from 0.9: scale 1 has two and one, entropy h = ln 3 - 2/3 ln 2 over ln 20; scale 2 has 0. Their
    deviation is h / √2, the mean log p -1.6.
    """
    scores = make([1, 1, 1, 1, 4])
    assert math.isnan(one_pass.lastde(scores, width=2, bins_per_token=1, scales=2))
    h = (math.log(3) - 2 / 3 * math.log(2)) / math.log(20)
    assert one_pass.lastde(scores, width=2, bins_per_token=4, scales=2) == pytest.approx(-1.6 / (h / math.sqrt(2)))


def test_spectrum_of_a_wave() -> None:
    """2 + cos(2π 2i/16) has mean 2 and deviation 1/√2; the transform of the z-scores is 8 √2 at frequency 2, else 0."""
    wave = 2 + np.cos(2 * np.pi * 2 * np.arange(16) / 16)
    found = one_pass.fourier_spectrum(make(wave))
    assert found.shape == (8,)
    assert found == pytest.approx([0, 0, 8 * math.sqrt(2), 0, 0, 0, 0, 0], abs=1e-9)


def test_fourier_score_of_a_wave() -> None:
    """32 tokens, a wave of frequency 2: one of the first five magnitudes is 16 √2, so 1/5 · 16 √2 / √32 = 0.8."""
    wave = 2 + np.cos(2 * np.pi * 2 * np.arange(32) / 32)
    assert one_pass.fourier(make(wave)) == pytest.approx(0.8)


# Against published code


def published_lastde(log_likelihood: torch.Tensor, embed_size: int, epsilon: int, tau_prime: int) -> float:
    """TrustMedia-zju/Lastde_Detector, fastMDE.py and get_lastde, in float64 and for one text."""
    entropies = []
    for tau in range(1, tau_prime + 1):
        smooth = log_likelihood.unfold(0, tau, 1).mean(-1)
        orbits = smooth.unfold(0, embed_size, 1)
        cosines = torch.nn.functional.cosine_similarity(orbits[:-1], orbits[1:], dim=-1)
        counts = torch.histc(cosines.clamp(-1, 1), bins=epsilon, min=-1, max=1)
        p = counts / counts.sum()
        entropies.append(-1 / math.log(epsilon) * torch.nansum(p * torch.log(p)))
    return float(log_likelihood.mean() / torch.stack(entropies).std())


@given(surprises)
def test_lastde_is_the_published_one(values: list[float]) -> None:
    scores = make(values)
    got = one_pass.lastde(scores)
    wanted = published_lastde(torch.tensor(scores.log_prob), 4, 8 * len(values), 15)
    if math.isnan(got):
        assert not math.isfinite(wanted) or abs(wanted) > 1e6
    else:  # a cosine on the edge of a bin may fall on either side of it: entropies then differ by a step
        assert got == pytest.approx(wanted, rel=1e-6) or near_an_edge(values)


def near_an_edge(values: list[float]) -> bool:
    for tau in range(1, 16):
        smooth = torch.tensor(values, dtype=torch.float64).unfold(0, tau, 1).mean(-1)
        orbits = smooth.unfold(0, 4, 1)
        place = (torch.nn.functional.cosine_similarity(orbits[:-1], orbits[1:], dim=-1) + 1) / 2 * 8 * len(values)
        if ((place - place.round()).abs() < 1e-7).any():
            return True
    return False


@given(st.lists(st.integers(0, 5000).map(lambda n: n / 256), min_size=2, max_size=60))
def test_spectrum_is_the_published_one(values: list[float]) -> None:
    """run_fft.py: the upper half of the shifted transform of (x - mean) / (std + 1e-6)."""
    x = np.array(values)
    got = one_pass.fourier_spectrum(make(x))
    if np.ptp(x) == 0:
        assert np.isnan(got).all()
        return
    shifted = np.abs(np.fft.fftshift(np.fft.fft((x - x.mean()) / (x.std() + 1e-6))))
    assert got == pytest.approx(shifted[len(shifted) // 2 :], rel=1e-3, abs=1e-6)


def test_baselines_are_the_published_ones_on_full_logits(tiny_llama) -> None:
    """baoguangsheng/fast-detect-gpt, baselines.py and fast_detect_gpt.py, which drop the first token."""
    model, inner = tiny_llama(0, start=False)
    text = "The wind had fallen by the evening, and then the boats lay off the point."
    scores = Analyzer(model).analyze(text).scores
    ids = torch.tensor(model.tokenizer.encode(text).ids)[None]
    logits, labels = inner(ids).logits[:, :-1].detach(), ids[:, 1:]
    lprobs = torch.log_softmax(logits, -1)
    log_likelihood = lprobs.gather(-1, labels[..., None])[..., 0]
    ranks = (logits.argsort(-1, descending=True) == labels[..., None]).nonzero()[:, -1].double() + 1
    mean = (lprobs.exp() * lprobs).sum(-1)
    variance = (lprobs.exp() * lprobs.square()).sum(-1) - mean.square()
    assert one_pass.likelihood(scores) == pytest.approx(log_likelihood.mean().item())
    assert one_pass.log_rank(scores) == pytest.approx(-ranks.log().mean().item())
    assert one_pass.lrr(scores) == pytest.approx(-log_likelihood.mean().item() / ranks.log().mean().item())
    assert one_pass.gltr(scores) == pytest.approx((ranks - 1 < 10).double().mean().item())
    wanted = (log_likelihood.sum() - mean.sum()) / variance.sum().sqrt()
    assert one_pass.fast_detectgpt(scores) == pytest.approx(wanted.item())


# Properties


@given(surprises, st.integers(0, 200))
def test_a_likelier_text_is_more_machine_like(values: list[float], step: int) -> None:
    one, other = make(values), make(np.array(values) + step / 64)
    for name in ("likelihood", "fast_detectgpt"):
        assert detect(one)[name].score >= detect(other)[name].score


@given(surprises, st.floats(0.1, 10))
def test_spectrum_knows_no_level_and_no_scale(values: list[float], scale: float) -> None:
    one = one_pass.fourier_spectrum(make(values))
    other = one_pass.fourier_spectrum(make(np.array(values) * scale + 3))
    assert other == pytest.approx(one, rel=1e-6, abs=1e-6, nan_ok=True)


@given(surprises)
def test_energy_of_the_spectrum(values: list[float]) -> None:
    """Parseval: the squares of all magnitudes sum to S², as z-scores have variance 1."""
    found = one_pass.fourier_spectrum(make(values))
    if not np.isnan(found).any():
        assert 2 * np.sum(found**2) <= len(values) ** 2 * (1 + 1e-9)
        if len(values) % 2:
            assert 2 * np.sum(found**2) == pytest.approx(len(values) ** 2)


@given(surprises)
def test_diversity_entropy_lies_between_0_and_1(values: list[float]) -> None:
    assert 0 <= one_pass.diversity_entropy(np.array(values), width=3, bins=10) <= 1


# Edges


@pytest.mark.parametrize(
    ("scores", "missing"),
    [
        (make([]), {d.name for d in DETECTORS}),
        (make([2.0]), {"lastde", "fourier"}),
        (make([2.0] * 30), {"lastde", "fourier"}),
        (make([2.0, 1.0] * 30, rank=[1] * 60), {"lrr"}),
        (make([2.0, 1.0] * 30, varentropy=[0.0] * 60), {"fast_detectgpt"}),
        (make([np.inf, 1.0] * 30), {"likelihood", "lrr", "fast_detectgpt", "lastde", "fourier"}),
    ],
    ids=["no token", "one token", "constant surprise", "all first guesses", "certain", "ruled out"],
)
def test_what_is_undefined_is_nan_and_says_why(scores: TokenScores, missing: set[str]) -> None:
    found = detect(scores)
    assert {name for name, one in found.items() if math.isnan(one.score)} >= missing
    for one in found.values():
        assert type(one.score) is float
        assert math.isnan(one.score) == bool(one.warnings)
        assert all(warning.endswith(".") for warning in one.warnings)
        assert one.n_scored == len(scores)


def test_fewest_tokens() -> None:
    rng = np.random.default_rng(0)
    assert math.isnan(detect(make(rng.random(18)))["lastde"].score)
    assert not math.isnan(detect(make(rng.random(19)))["lastde"].score)
    assert math.isnan(detect(make(rng.random(9)))["fourier"].score)
    assert not math.isnan(detect(make(rng.random(10)))["fourier"].score)


# Registry and cost


def test_registry() -> None:
    names = [detector.name for detector in DETECTORS]
    assert len(set(names)) == len(names)
    for detector in DETECTORS:
        assert getattr(one_pass, detector.name) is detector.function
        assert detector.name in one_pass.__all__
        assert detector.unit in {"nats", "1"}
        assert detector.description.endswith(".")
        assert detector.undefined.endswith(".")
        assert "Source:" in (detector.function.__doc__ or "")


def test_detections_are_in_order_and_read_only() -> None:
    found = detect(make([1, 2, 3]))
    assert list(found) == [detector.name for detector in DETECTORS]
    with pytest.raises(TypeError):
        found["lrr"] = None  # type: ignore[index]


def test_all_together_cost_one_forward_pass() -> None:
    model = ToyModel("the cat sat on the mat. " * 9)
    scores = Analyzer(model).analyze("the cat sat. " * 20).scores
    assert model.forward_passes == 1
    detect(scores)
    assert model.forward_passes == 1


def test_all_together_take_no_time() -> None:
    """Of 1,000 tokens some milliseconds, where the forward pass takes some hundred."""
    scores = make(np.random.default_rng(0).exponential(size=1000))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        detect(scores)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.05


def test_importing_detectors_does_not_load_transformers() -> None:
    code = (
        "import sys, analyzer.detectors, analyzer.detectors.two_models, analyzer.detectors.perturbation, "
        "analyzer.detectors.regeneration, analyzer.detectors.intrinsic_dimension, analyzer.detectors.watermark; "
        "print(any(name in sys.modules for name in ('transformers', 'scipy')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# Real texts under the default model


def test_orientation_on_the_samples(default_model) -> None:
    """On average over the samples, texts of the default model look more machine-like than the human ones to it."""
    analyzer = Analyzer(default_model)
    kinds: dict[str, list[dict[str, float]]] = {"human": [], "ai": []}
    for entry in json.loads((SAMPLES / "index.json").read_text()):
        if entry["kind"] in kinds:
            text = (SAMPLES / entry["file"]).read_text()
            found = detect(analyzer.analyze(text).scores)
            kinds[entry["kind"]].append({name: one.score for name, one in found.items()})
    assert all(kinds.values())
    for name in ("likelihood", "log_rank", "gltr", "fast_detectgpt"):
        human, ai = (np.mean([one[name] for one in found]) for found in kinds.values())
        assert ai > human, name


@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 3.0]) | st.floats(-9, 9), min_size=4, max_size=40),
    st.integers(2, 99),
)
def test_diversity_entropy_counts_as_a_histogram_does(values: list[float], bins: int) -> None:
    """To the last digit, also where cosines lie on the edges of bins."""
    vectors = np.lib.stride_tricks.sliding_window_view(np.array(values), 3)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-8)
    cosines = np.einsum("ij,ij->i", vectors[:-1], vectors[1:]) / (lengths[:-1] * lengths[1:])
    counts, _ = np.histogram(np.clip(cosines, -1, 1), bins=bins, range=(-1, 1))
    share = counts[counts > 0] / len(cosines)
    expected = 0.0 - np.sum(share * np.log(share)) / np.log(bins)
    assert one_pass.diversity_entropy(np.array(values), width=3, bins=bins) == expected
