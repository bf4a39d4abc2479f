"""Watermarks put in by transformers' own processors are found by their key, and by no other."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch

from analyzer.detectors.watermark import KGWKey, SynthIDKey, WatermarkTest, kgw, synth_id

VOCABULARY = 300
KEYS = (654, 400, 836, 123, 340, 443, 597, 160, 57)
SYNTH = SynthIDKey(keys=KEYS, sampling_table_size=2**16)
Test = Callable[[np.ndarray], WatermarkTest]


def generate(processor: Any, length: int, seed: int, *, temperature: float = 1.0) -> np.ndarray:
    """Draw from random logits through a logits processor (None: unmarked)."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(VOCABULARY, (1, 1), generator=generator)
    for _ in range(length):
        logits = torch.randn(1, VOCABULARY, generator=generator) / temperature
        if processor is not None:
            logits = processor(ids, logits)
        ids = torch.cat([ids, torch.multinomial(torch.softmax(logits, 1), 1, generator=generator)], 1)
    return ids[0, 1:].numpy()


def kgw_processor(key: KGWKey, bias: float) -> Any:
    from transformers import WatermarkLogitsProcessor

    return WatermarkLogitsProcessor(
        VOCABULARY, "cpu", greenlist_ratio=key.greenlist_ratio, bias=bias, hashing_key=key.hashing_key,
        seeding_scheme=key.seeding_scheme, context_width=key.context_width,
    )  # fmt: skip


def synth_processor(key: SynthIDKey) -> Any:
    from transformers import SynthIDTextWatermarkLogitsProcessor

    return SynthIDTextWatermarkLogitsProcessor(
        ngram_len=key.ngram_len, keys=list(key.keys), sampling_table_size=key.sampling_table_size,
        sampling_table_seed=key.sampling_table_seed, context_history_size=key.context_history_size,
        device=torch.device("cpu"),
    )  # fmt: skip


@pytest.mark.parametrize("key", [KGWKey(), KGWKey(greenlist_ratio=0.5, hashing_key=7),
                                 KGWKey(seeding_scheme="selfhash", context_width=3)],
                         ids=["lefthash", "other", "selfhash"])  # fmt: skip
def test_kgw_finds_its_own_mark(key: KGWKey) -> None:
    ids = generate(kgw_processor(key, 3.0), 150, seed=1)
    found = kgw(ids, key=key, vocabulary=VOCABULARY)
    assert found.detection.score > 6
    assert found.p_value < 1e-8
    assert found.share > found.expected + 0.2


@pytest.mark.parametrize("other", [KGWKey(hashing_key=99), KGWKey(greenlist_ratio=0.5)])
def test_kgw_does_not_find_another_keys_mark(other: KGWKey) -> None:
    ids = generate(kgw_processor(KGWKey(), 3.0), 150, seed=1)
    found = kgw(ids, key=other, vocabulary=VOCABULARY)
    if other.greenlist_ratio == 0.25:
        assert abs(found.detection.score) < 4
    else:  # lists of one seed are nested: the wider one finds the mark of the narrower, more weakly
        assert found.detection.score > 4


def test_synth_id_finds_its_own_mark_and_no_other() -> None:
    ids = generate(synth_processor(SYNTH), 200, seed=1)
    found = synth_id(ids, key=SYNTH)
    assert found.detection.score > 6
    assert found.p_value < 1e-8
    other = synth_id(ids, key=SynthIDKey(keys=tuple(k + 1000 for k in KEYS), sampling_table_seed=5))
    assert abs(other.detection.score) < 4


@pytest.mark.parametrize(
    "test",
    [lambda ids: kgw(ids, key=KGWKey(), vocabulary=VOCABULARY), lambda ids: synth_id(ids, key=SYNTH)],
    ids=["kgw", "synth_id"],
)
def test_unmarked_texts(test: Test) -> None:
    """z is standard normal and p uniform, up to the coarseness of counts: over 150 unmarked texts."""
    ids = np.random.default_rng(0).integers(VOCABULARY, size=(150, 120))
    found = [test(one) for one in ids]
    z = np.array([one.detection.score for one in found])
    p = np.array([one.p_value for one in found])
    assert abs(z.mean()) < 0.3
    assert z.std() == pytest.approx(1, abs=0.2)
    assert np.abs(z).max() < 4.5
    assert scipy.stats.kstest(p, "uniform", alternative="greater").pvalue > 1e-3  # never too many small ones
    assert 0.35 < np.median(p) < 0.65


def test_kgw_by_hand() -> None:
    """z = (G - γT) / sqrt(γ (1 - γ) T), and P(Binomial(T, γ) >= G), with γ = 75 of 300."""
    found = kgw(generate(None, 60, seed=3), key=KGWKey(), vocabulary=VOCABULARY)
    total = found.detection.n_scored
    green = round(found.share * total)
    assert found.detection.score == pytest.approx((green - total / 4) / math.sqrt(total * 3 / 16))
    tail = sum(math.comb(total, g) * 0.25**g * 0.75 ** (total - g) for g in range(green, total + 1))
    assert found.p_value == pytest.approx(tail)


def test_kgw_counts_each_pair_of_tokens_once() -> None:
    ids = np.tile([5, 9, 17], 50)
    assert kgw(ids, key=KGWKey(), vocabulary=VOCABULARY).detection.n_scored == 3


def test_synth_id_leaves_out_repeated_contexts() -> None:
    """A period of three has three contexts of four tokens."""
    assert synth_id(np.tile([5, 9, 17], 50), key=SYNTH).detection.n_scored == 3


def test_synth_id_is_the_published_weighted_mean() -> None:
    """google-deepmind/synthid-text, ``weighted_mean_score``: weights from 10 to 1, scaled to a mean of 1."""
    ids = np.random.default_rng(1).integers(VOCABULARY, size=80)
    processor = synth_processor(SYNTH)
    tokens = torch.tensor(ids)[None]
    g, mask = processor.compute_g_values(tokens).double(), processor.compute_context_repetition_mask(tokens).double()
    weights = torch.linspace(10, 1, len(KEYS), dtype=torch.float64)
    weights *= len(KEYS) / weights.sum()
    wanted = (g * weights * mask[:, :, None]).sum() / (len(KEYS) * mask.sum())
    assert synth_id(ids, key=SYNTH).share == pytest.approx(float(wanted))


@pytest.mark.parametrize("length", [0, 1, 3])
def test_too_short(length: int) -> None:
    ids = np.arange(length)
    for found in (
        kgw(ids, key=KGWKey(context_width=3, seeding_scheme="selfhash"), vocabulary=VOCABULARY),
        synth_id(ids, key=SYNTH),
    ):
        assert math.isnan(found.detection.score)
        assert math.isnan(found.p_value)
        assert found.detection.warnings
