"""Leaving a watermark: transformers' two, as functions of the text so far.

Both work as transformers' processors do: tokens so far (1, n) and scores (1, V) in, scores (1, V) out. What finds the
marks again is `analyzer.detectors.watermark`.

>>> scores = marked_kgw(torch.tensor([[3]]), torch.zeros(1, 8), key=KGWKey(), bias=2.0)
>>> sorted(scores[0].tolist())  # a quarter of the vocabulary is green
[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0]
"""

from dataclasses import asdict
from math import inf

import torch
from torch import Tensor
from transformers.generation.logits_process import SynthIDTextWatermarkLogitsProcessor, WatermarkLogitsProcessor

from analyzer.errors import InputError
from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

__all__ = ["marked_kgw", "marked_synth_id"]

_SELFHASH_TRIES = 40  # likeliest tokens that transformers' selfhash looks at


def marked_kgw(ids: Tensor, scores: Tensor, *, key: KGWKey, bias: float) -> Tensor:
    """Scores with ``bias`` added for tokens that are green after this text; without a whole context, none is.

    Raises
    ------
    InputError
        If the key's device is not here, or its scheme asks for a larger vocabulary.

    Notes
    -----
    Source: Kirchenbauer et al. 2023, "A Watermark for Large Language Models" (arXiv 2301.10226), algorithm 2.
    """
    if ids.shape[1] < key.context_width:
        return scores
    _check_device(key.device)
    if key.seeding_scheme == "selfhash" and scores.shape[1] < _SELFHASH_TRIES:
        raise InputError(
            f"selfhash: the model has only {scores.shape[1]} tokens.", hint="Give a key of the scheme lefthash."
        )
    processor = WatermarkLogitsProcessor(scores.shape[1], bias=float(bias), **asdict(key))
    try:
        marked: Tensor = processor(ids.to(key.device), scores.to(key.device))
    except IndexError:  # transformers' selfhash, where none of the likeliest tokens is green
        return scores
    return marked.cpu()


def marked_synth_id(ids: Tensor, scores: Tensor, *, key: SynthIDKey) -> Tensor:
    """Scores after the tournament: as of transformers' stateful processor, had it been called for every token of ids.

    It remembers the contexts it was called for and marks none twice; here they are read from the text, so that one may
    go back and elsewhere in it. A token without a whole context before it goes unmarked, as with the processor's
    ``skip_first_ngram_calls``. A prompt counts as text; ``generate`` calls the processor only from its end on.

    Raises
    ------
    InputError
        If the key's device is not here.

    Notes
    -----
    Source: Dathathri et al. 2024, "Scalable watermarking for identifying large language model outputs" (Nature 634,
    818), with two contestants a match.
    """
    width = key.ngram_len - 1
    if ids.shape[1] < width:
        return scores
    _check_device(key.device)
    processor = SynthIDTextWatermarkLogitsProcessor(**asdict(key))
    contexts = ids[0, -(width + key.context_history_size) :].unfold(0, width, 1).to(key.device)  # (m, width)
    hashes = processor.accumulate_hash(torch.ones(len(contexts), dtype=torch.long, device=key.device), contexts)
    if (hashes[:-1] == hashes[-1]).any():
        return scores
    tokens = torch.arange(scores.shape[1], device=key.device)[:, None]
    ngrams = torch.cat([contexts[-1].expand(len(tokens), width), tokens], dim=1)[None]  # (1, V, width + 1)
    g_values = processor.sample_g_values(processor.compute_ngram_keys(ngrams))
    marked: Tensor = processor.update_scores(scores.to(key.device), g_values).cpu()
    # It writes the smallest number for log 0, which later steps would take for a logit.
    return marked.masked_fill(marked == torch.finfo(marked.dtype).min, -inf)


def _check_device(device: str) -> None:
    if device != "cpu" and not torch.cuda.is_available():
        raise InputError(f"watermark: there is no {device} here.", hint="Give a key for the cpu.")
