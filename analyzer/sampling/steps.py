"""The steps of a sampler, one function each: transformers' logits processors, and ours where it has none.

Processors are imported from where they are defined. ``from transformers import …`` fails in a thread that comes while
another imports transformers for the first time: the module replaces itself in ``sys.modules``, and who waited for it is
given the empty one from before.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers.generation.logits_process import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from analyzer.errors import InputError
from analyzer.sampling.marking import marked_kgw, marked_synth_id
from analyzer.sampling.penalties import additive, heated
from analyzer.sampling.watermark_keys import KGWKey

if TYPE_CHECKING:
    from analyzer.sampling.sampler import Sampler

__all__ = ["Step", "step"]

Step = Callable[[Tensor, Tensor], Tensor]
"""Tokens so far (1, n) and scores (1, V) in, scores (1, V) out."""


def step(name: str, sampler: "Sampler", vocabulary: int) -> Step:
    """One step of a sampler, over so many tokens; only for one that changes something: transformers refuses others."""
    value = getattr(sampler, name)
    found: Step
    match name:
        case "logit_bias":
            found = _biased(value, vocabulary)
        case "repetition_penalty":
            found = RepetitionPenaltyLogitsProcessor(float(value))
        case "frequency_penalty":
            found = partial(additive, per_use=value)
        case "presence_penalty":
            found = partial(additive, if_used=value)
        case "heat_per_use":
            found = partial(heated, per_use=value)
        case "heat_if_used":
            found = partial(heated, if_used=value)
        case "no_repeat_ngram":
            found = NoRepeatNGramLogitsProcessor(int(value))
        case "temperature":
            found = partial(_tempered, TemperatureLogitsWarper(float(value)))
        case "top_k":
            found = TopKLogitsWarper(int(value))
        case "top_p":
            found = TopPLogitsWarper(float(value))
        case "min_p":
            found = MinPLogitsWarper(float(value))
        case "typical_p":
            found = TypicalLogitsWarper(float(value))
        case "epsilon":
            found = EpsilonLogitsWarper(float(value))
        case "eta":
            found = EtaLogitsWarper(float(value))
        case _:
            if isinstance(value, KGWKey):
                found = partial(marked_kgw, key=value, bias=sampler.watermark_bias)
            else:
                found = partial(marked_synth_id, key=value)
    return found


def _biased(logit_bias: tuple[tuple[tuple[int, ...], float], ...], vocabulary: int) -> Step:
    if (largest := max(max(ids) for ids, _ in logit_bias)) >= vocabulary:
        raise InputError(
            f"logit bias: the model has {vocabulary:,} tokens, and none with the id {largest}.",
            hint="Give ids of this model's tokenizer.",
        )
    processor: Step = SequenceBiasLogitsProcessor([[[int(i) for i in ids], float(bias)] for ids, bias in logit_bias])
    return processor


def _tempered(warper: Step, ids: Tensor, scores: Tensor) -> Tensor:
    divided = warper(ids, scores)
    # Where so low a temperature overflows, the largest logit as 0 stays 0, and probabilities are the same. Not always
    # so: a repetition penalty that follows looks at signs.
    return divided if torch.isfinite(divided.max()) else warper(ids, scores - scores.max())
