"""The embedded model's numbers, against a plain float32 reference on real texts: full logits, full sort."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference import Reference, reference_scores

from analyzer.analysis import Analyzer
from analyzer.models.loading import load
from analyzer.models.transformers_lm import TransformersLM
from analyzer.scoring import Row

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.txt"))


assert len(SAMPLES) >= 5, "the samples folder is part of the project"


def plain(model: TransformersLM, text: str) -> Reference:
    ids = [model.start_id, *model.tokenizer.encode(text).ids.tolist()]
    return reference_scores(model._model, ids)


def check(scores: Any, wanted: Reference) -> None:
    """Float32 on both sides, multiplied in other shapes: the last digits differ, and with them near-ties in rank."""
    np.testing.assert_allclose(scores.log_prob, wanted.log_prob, atol=5e-4)
    np.testing.assert_allclose(scores.entropy, wanted.entropy, atol=5e-4)
    np.testing.assert_allclose(scores.varentropy, wanted.varentropy, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(scores.top_log_prob, wanted.top_log_prob, atol=5e-4)
    moved = scores.rank != wanted.rank
    assert moved.mean() < 0.02
    assert (np.abs(scores.rank - wanted.rank) <= 1 + wanted.rank // 500).all()
    assert ((scores.rank == 1) == (wanted.rank == 1)).mean() > 0.999


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_samples_against_the_plain_reference(path: Path, default_model: TransformersLM) -> None:
    text = path.read_text("utf-8")
    analysis = Analyzer(default_model).analyze(text)
    assert len(analysis.scores) == len(analysis.tokenization)  # it has a start token: nothing is left out
    check(analysis.scores, plain(default_model, text))


@pytest.mark.data
def test_labelled_texts_in_batches_against_the_plain_reference(
    real_texts: list[str], default_model: TransformersLM
) -> None:
    texts = real_texts[:10]
    for text, analysis in zip(texts, Analyzer(default_model).analyze_many(texts), strict=True):
        assert analysis.text == text
        check(analysis.scores, plain(default_model, text))


def test_the_plain_reference_uses_the_weights_of_the_file(default_model: TransformersLM) -> None:
    """Anchors: made once with transformers' own GGUF loader in float32, `model(ids).logits`, on this very text."""
    analysis = Analyzer(default_model).analyze("The capital of France is Paris.")
    assert [analysis.tokenization.piece(i) for i in range(7)] == [
        "The",
        " capital",
        " of",
        " France",
        " is",
        " Paris",
        ".",
    ]
    np.testing.assert_allclose(analysis.scores.log_prob, ANCHOR_LOG_PROB, atol=2e-3)
    assert analysis.scores.rank.tolist() == ANCHOR_RANK


ANCHOR_LOG_PROB = [-5.1127, -8.0735, -0.2472, -3.1455, -0.1661, -0.2158, -0.3054]
ANCHOR_RANK = [10, 490, 1, 2, 1, 1, 1]


def test_bfloat16_stays_near_float32(default_model: TransformersLM) -> None:
    """The body in bfloat16, the head in float32: how far the numbers move, as documented in docs/numbers.md."""
    text = "\n\n".join(path.read_text("utf-8") for path in SAMPLES[:2])
    exact = Analyzer(default_model).analyze(text).scores
    near = Analyzer(load(dtype="bfloat16")).analyze(text).scores
    difference = np.abs(near.log_prob - exact.log_prob)
    assert difference.mean() < 0.05
    assert abs(near.log_prob.mean() - exact.log_prob.mean()) < 0.01
    assert ((near.rank == 1) == (exact.rank == 1)).mean() > 0.97


def test_edit_is_rescored_from_the_edit_on(default_model: TransformersLM) -> None:
    text = SAMPLES[0].read_text("utf-8")
    edited = text[:-60] + "quite another ending, and a longer one than before."
    analyzer, fresh = Analyzer(default_model), Analyzer(default_model, cache_bytes=0)
    analyzer.analyze(text)
    read: list[int] = []
    whole = TransformersLM._body

    def counted(self: TransformersLM, ids: torch.Tensor, cache: Any) -> torch.Tensor:
        read.append(ids.numel())
        return whole(self, ids, cache)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransformersLM, "_body", counted)
        again = analyzer.analyze(edited).scores
        assert sum(read) < 40
        analyzer.analyze(text)
        assert len(read) == 1  # unchanged: not read at all
    wanted = fresh.analyze(edited).scores
    np.testing.assert_allclose(again.log_prob, wanted.log_prob, atol=5e-4)
    assert (again.rank != wanted.rank).mean() < 0.02


def test_long_text_goes_through_in_windows_that_agree_with_full_context(default_model: TransformersLM) -> None:
    text = "\n\n".join(path.read_text("utf-8") for path in SAMPLES[:3])
    full = Analyzer(default_model).analyze(text)
    cut = Analyzer(load(dtype="float32", window=512)).analyze(text)
    assert "overlapping windows" in cut.warnings[0]
    assert len(cut.scores) == len(full.scores) > 512
    np.testing.assert_allclose(cut.scores.log_prob[:511], full.scores.log_prob[:511], atol=5e-4)
    assert cut.scores.context_len[256:].min() >= 256
    # Joined from texts that have little to do with each other, so little is lost with what lies far back.
    assert abs(cut.scores.log_prob.mean() - full.scores.log_prob.mean()) < 0.05


def test_next_tokens_is_the_distribution_that_scores(default_model: TransformersLM) -> None:
    analyzer = Analyzer(default_model)
    found = analyzer.next_tokens("This weekend I plan to", 10)
    assert np.all(np.diff(found.probability) <= 0)
    prompt = default_model.tokenizer.encode("This weekend I plan to").ids
    for token, text, p in zip(found.ids, found.texts, found.probability, strict=True):
        row = Row(np.concatenate([[0], prompt, [token]]), len(prompt) + 1)
        (scores,) = default_model.score([row], top_k=1)
        assert np.exp(scores.log_prob[0]) == pytest.approx(p, rel=1e-3)
        assert text.startswith(" ")
