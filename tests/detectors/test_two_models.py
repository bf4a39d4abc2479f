"""Two readings of one text, against the published formulas on full logits of random Llamas in float64."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from analyzer.analysis import Analyzer
from analyzer.detectors import two_models
from analyzer.detectors.two_models import (
    CrossScores,
    Reading,
    binoculars,
    chat_prefix,
    cross_scores,
    detect_by_two_readings,
    fast_detectgpt_two_models,
    prompted,
    raw,
)
from analyzer.errors import EmptyText, InputError, ModelError, TokenizerMismatch
from analyzer.models.toy import ToyModel
from analyzer.statistics import curvature

TEXT = "The wind had fallen by the evening — naïve, “quoted” and <|im_start|>marked 👩‍👩‍👧. Nobody had seen them come."


def full_logits(inner: Any, ids: np.ndarray) -> torch.Tensor:
    """Logits (1, T, V) of a transformers model."""
    with torch.no_grad():
        return inner(torch.tensor(ids)[None]).logits


def published_discrepancy(logits_ref: torch.Tensor, logits_score: torch.Tensor, labels: torch.Tensor) -> float:
    """baoguangsheng/fast-detect-gpt, ``get_sampling_discrepancy_analytic``."""
    size = min(logits_ref.size(-1), logits_score.size(-1))
    lprobs_score = torch.log_softmax(logits_score[:, :, :size], dim=-1)
    probs_ref = torch.softmax(logits_ref[:, :, :size], dim=-1)
    log_likelihood = lprobs_score.gather(-1, labels[..., None])[..., 0]
    mean_ref = (probs_ref * lprobs_score).sum(-1)
    var_ref = (probs_ref * lprobs_score.square()).sum(-1) - mean_ref.square()
    return float((log_likelihood.sum(-1) - mean_ref.sum(-1)) / var_ref.sum(-1).sqrt())


def published_binoculars(observer: torch.Tensor, performer: torch.Tensor, ids: torch.Tensor, *, last: bool) -> float:
    """ahans30/Binoculars, metrics.py, for one text; `last` as there, the position after the last token counts below."""
    loss = torch.nn.CrossEntropyLoss(reduction="none")
    ppl = loss(performer[:, :-1].transpose(1, 2), ids[:, 1:]).mean()
    ce = loss(performer[0], torch.softmax(observer[0], -1))
    return float(ppl / (ce if last else ce[:-1]).mean())


@pytest.mark.parametrize("start", [True, False])
def test_published_formulas_on_full_logits(tiny_llama, start: bool) -> None:
    (observer, inner_observer), (performer, inner_performer) = (tiny_llama(seed, start=start) for seed in (0, 1))
    found = cross_scores(raw(observer), raw(performer), TEXT)
    ids = np.concatenate([[0] * start, observer.tokenizer.encode(TEXT).ids]).astype(np.int64)
    p, q = full_logits(inner_observer, ids), full_logits(inner_performer, ids)
    labels = torch.tensor(ids)[None]
    assert found.start == 1 - start
    assert len(found) == len(ids) - 1
    wanted = published_discrepancy(p[:, :-1], q[:, :-1], labels[:, 1:])
    assert fast_detectgpt_two_models(found) == pytest.approx(wanted)
    assert binoculars(found) == pytest.approx(-published_binoculars(p, q, labels, last=False))
    # What the published denominator has more, a position of a hundred, moves the ratio by a percent or so.
    assert binoculars(found) == pytest.approx(-published_binoculars(p, q, labels, last=True), rel=0.05)


def test_one_model_twice_gives_its_own_curvature(tiny_llama) -> None:
    model, _ = tiny_llama(0)
    found = cross_scores(raw(model), raw(model), TEXT)
    scores = Analyzer(model).analyze(TEXT).scores
    assert found.log_prob == pytest.approx(scores.log_prob)
    assert found.cross_entropy == pytest.approx(scores.entropy)
    assert found.cross_variance == pytest.approx(scores.varentropy)
    assert fast_detectgpt_two_models(found) == pytest.approx(curvature(scores))


def test_by_hand() -> None:
    """ToyModel("") expects all 257 entries alike, so its surprise is ln 257, whoever expects, and never varies."""
    found = cross_scores(raw(ToyModel("abab")), raw(ToyModel("")), "ab")
    assert found.log_prob == pytest.approx([-math.log(257)] * 2, rel=1e-2)
    assert found.cross_entropy == pytest.approx(-found.log_prob, rel=1e-2)


def test_a_text_as_surprising_as_expected_scores_minus_one() -> None:
    scores = CrossScores(0, np.array([-2.0, -4.0]), np.array([3.0, 3.0]), np.array([4.0, 5.0]))
    assert binoculars(scores) == -1
    assert fast_detectgpt_two_models(scores) == 0


def test_likelier_text_scores_higher() -> None:
    """Log p 1 nat above expectation twice: ratio 4/6, and 2 over the root of 4 + 5."""
    scores = CrossScores(0, np.array([-2.0, -2.0]), np.array([3.0, 3.0]), np.array([4.0, 5.0]))
    assert binoculars(scores) == pytest.approx(-2 / 3)
    assert fast_detectgpt_two_models(scores) == pytest.approx(2 / 3)


def test_long_texts_in_windows() -> None:
    """Bigrams need no more than two tokens: any window gives the same numbers, and chunks of the two may differ."""
    text = "abba ab " * 40
    wide, narrow = (cross_scores(raw(ToyModel("abab", window=w)), raw(ToyModel("aabb")), text) for w in (1024, 16))
    assert len(narrow) == len(text)
    assert narrow.log_prob == pytest.approx(wide.log_prob)
    assert narrow.cross_variance == pytest.approx(wide.cross_variance)


def test_windows_score_every_token_once_and_hold_the_prompt(tiny_llama) -> None:
    model, _ = tiny_llama(0, window=40)
    tokens = model.tokenizer.encode(TEXT * 2).ids
    reading = Reading(model, np.array([5, 6, 7]))
    rows = two_models._rows(reading, tokens, 0, two_models._size(raw(model), reading))
    assert all(len(row.ids) <= 40 and row.ids[:3].tolist() == [5, 6, 7] for row in rows)
    assert np.concatenate([row.ids[row.first :] for row in rows]).tolist() == tokens.tolist()
    assert [len(row.ids) - row.first for row in rows] == [
        len(row.ids) - row.first
        for row in two_models._rows(raw(model), tokens, 0, two_models._size(raw(model), reading))
    ]


def test_streams_in_step() -> None:
    left = [torch.arange(5.0)[:, None], torch.arange(5.0, 6.0)[:, None]]
    right = [torch.arange(n, m, dtype=torch.float)[:, None] for n, m in ((0, 2), (2, 4), (4, 6))]
    pairs = list(two_models._in_step(iter(left), iter(right)))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.cat([a for a, _ in pairs])[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_padded_vocabularies(tiny_llama) -> None:
    """Entries without a token, as Qwen has different numbers of in different sizes, are left out."""
    (small, _), (padded, inner) = tiny_llama(0), tiny_llama(1, more=5)
    found = cross_scores(raw(small), raw(padded), TEXT)
    assert len(found) == len(small.tokenizer.encode(TEXT))
    assert inner.config.vocab_size == small.info.vocabulary + 5


# A chat prompt before the text


def test_chat_prefix_has_control_tokens_only_where_they_belong(tiny_llama) -> None:
    model, _ = tiny_llama(0)
    ids = chat_prefix(model.tokenizer, "Say <|im_end|>").tolist()
    assert [i for i in ids if i < 3] == [1, 2, 1]
    shown = "".join(model.tokenizer.text_of(i) for i in ids)
    assert shown == "<|im_start|>user\nSay <|im_end|><|im_end|>\n<|im_start|>assistant\n"


def test_prompted_reading_is_conditioned_on_the_prompt(tiny_llama) -> None:
    model, inner = tiny_llama(0)
    found = cross_scores(raw(model), prompted(model, "Write a passage."), TEXT)
    text = model.tokenizer.encode(TEXT).ids
    before = chat_prefix(model.tokenizer, "Write a passage.")
    log_p = torch.log_softmax(full_logits(inner, np.concatenate([before, text]))[0], -1)
    wanted = log_p[len(before) - 1 : -1].gather(1, torch.tensor(text)[:, None])[:, 0]
    assert found.log_prob == pytest.approx(wanted.numpy())
    own = torch.log_softmax(full_logits(inner, np.concatenate([[0], text]))[0, :-1], -1).exp()
    assert found.cross_entropy == pytest.approx(-(own * log_p[len(before) - 1 : -1]).sum(-1).numpy())


def test_a_model_without_chats() -> None:
    with pytest.raises(ModelError, match="ChatML"):
        prompted(ToyModel("abab"), "Write a passage.")


# Errors and edges


def test_models_with_other_tokens(tiny_llama) -> None:
    model, _ = tiny_llama(0)
    with pytest.raises(TokenizerMismatch, match="same tokens"):
        cross_scores(raw(model), raw(ToyModel("abab")), TEXT)


def test_nothing_to_score(tiny_llama) -> None:
    model, _ = tiny_llama(0, start=False)
    for text in ("", "a"):
        with pytest.raises(EmptyText):
            cross_scores(raw(model), raw(model), text)


def test_a_prompt_that_leaves_no_room(tiny_llama) -> None:
    model, _ = tiny_llama(0, window=10)
    with pytest.raises(InputError, match="no room"):
        cross_scores(raw(model), prompted(model, "Write a passage."), TEXT)


def test_one_token() -> None:
    found = detect_by_two_readings(cross_scores(raw(ToyModel("abab")), raw(ToyModel("aabb")), "a"))
    assert found["binoculars"].n_scored == 1
    assert math.isfinite(found["binoculars"].score)


def test_certain_models_leave_both_undefined() -> None:
    found = detect_by_two_readings(CrossScores(0, np.zeros(3), np.zeros(3), np.zeros(3)))
    assert all(math.isnan(one.score) and one.warnings for one in found.values())


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    cross_scores(
        raw(ToyModel("abab", window=16)), raw(ToyModel("ab")), "abba" * 10, progress=lambda *step: seen.append(step)
    )
    assert seen == [(n + 1, len(seen)) for n in range(len(seen))]
    assert len(seen) > 2
