"""Watermarks: marks that a generator leaves on purpose, seen only by who knows its key.

They say nothing of style. A high score means that this key's mark is there; a low one, only that this key's is not. The
ids are those of the generator's own tokenizer: ``model.tokenizer.encode(text).ids``. A text that was edited, or that is
tokenised otherwise than it was drawn, keeps part of its mark.

>>> found = kgw(np.arange(100) * 37 % 500, key=KGWKey(), vocabulary=500)
>>> found.detection.detector, found.detection.n_scored, found.expected
('kgw', 99, 0.25)
"""

from dataclasses import asdict, dataclass
from math import nan, sqrt
from types import SimpleNamespace

import numpy as np
import torch
from numpy.typing import NDArray

from analyzer.detectors.detection import Detection, detection
from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

__all__ = ["KGWKey", "SynthIDKey", "WatermarkTest", "kgw", "synth_id"]


@dataclass(frozen=True, slots=True)
class WatermarkTest:
    """A test of "this text does not carry this mark".

    Attributes
    ----------
    detection : Detection
        Its score is z: by how many standard deviations there is more of the mark than in unmarked text.
    share, expected : float
        Of the mark, in this text and in unmarked ones.
    p_value : float
        How often unmarked text has as much of it. Not valid for the best of several keys or stretches.
    """

    detection: Detection
    share: float
    expected: float
    p_value: float


def kgw(ids: NDArray[np.int64], *, key: KGWKey, vocabulary: int) -> WatermarkTest:
    """Count tokens from the green lists: z = (G - γT) / sqrt(γ (1 - γ) T), and the binomial p-value of G.

    Each distinct n-gram counts once, for the repetitions of a text are not independent. z as published; the p-value is
    exact in the counts, with the share that the lists, of whole numbers of entries, really have.

    Parameters
    ----------
    ids : int64 (T,)
        Tokens of the text under the generator's tokenizer.
    key : KGWKey
    vocabulary : int
        ``vocab_size`` in the generator's config.

    Notes
    -----
    nan where the text is no longer than the context.
    Source: Kirchenbauer et al. 2023, "A Watermark for Large Language Models" (arXiv 2301.10226); repeated
    n-grams: arXiv 2306.04634; by transformers' ``WatermarkDetector``.
    """
    undefined = f"Undefined under {key.context_width + 1} tokens."
    if len(ids) <= key.context_width:
        return WatermarkTest(detection("kgw", nan, len(ids), undefined=undefined), nan, key.greenlist_ratio, nan)
    from scipy.stats import binom
    from transformers.generation.watermarking import WatermarkDetector

    no_start_token = SimpleNamespace(vocab_size=vocabulary, bos_token_id=-1, is_encoder_decoder=False)
    settings = {name: value for name, value in asdict(key).items() if name != "device"}
    detector = WatermarkDetector(no_start_token, key.device, settings, ignore_repeated_ngrams=True)
    found = detector(torch.tensor(ids, device=key.device)[None], return_dict=True)
    green, total, z = int(found.num_green_tokens[0]), int(found.num_tokens_scored[0]), float(found.z_score[0])
    really_green = int(vocabulary * key.greenlist_ratio) / vocabulary
    p_value = float(binom.sf(green - 1, total, really_green))
    return WatermarkTest(detection("kgw", z, total, undefined=undefined), green / total, key.greenlist_ratio, p_value)


def synth_id(ids: NDArray[np.int64], *, key: SynthIDKey) -> WatermarkTest:
    """Weighted mean of g-values, as z against the mean and spread they have in unmarked text.

    The weights of the layers fall from 10 to 1. Tokens after a context that was seen before are left out, as they go
    unmarked. In unmarked text every g is an entry of the table, so the mean expected is the table's, about 1/2.

    Parameters
    ----------
    ids : int64 (T,)
        Tokens of the text under the generator's tokenizer.
    key : SynthIDKey

    Notes
    -----
    nan where the text is shorter than an n-gram. The Bayesian score of the paper needs a detector fitted to the
    generator, and is not given. Google's own texts are hashed otherwise than this open code does.
    Source: Dathathri et al. 2024, "Scalable watermarking for identifying large language model outputs" (Nature 634,
    818); google-deepmind/synthid-text, detector_mean.py, ``weighted_mean_score``; g-values by transformers'
    ``SynthIDTextWatermarkLogitsProcessor``.
    """
    undefined = f"Undefined under {key.ngram_len} tokens."
    if len(ids) < key.ngram_len:
        return WatermarkTest(detection("synth_id", nan, len(ids), undefined=undefined), nan, 0.5, nan)
    from scipy.stats import norm
    from transformers.generation.logits_process import SynthIDTextWatermarkLogitsProcessor

    processor = SynthIDTextWatermarkLogitsProcessor(**asdict(key))
    tokens = torch.tensor(ids, device=key.device)[None]
    new = processor.compute_context_repetition_mask(tokens)[0]  # (n,), one for each n-gram
    g = processor.compute_g_values(tokens)[0][new].double().cpu().numpy()  # (m, layers)
    weights = np.linspace(10, 1, len(key.keys))
    weights /= weights.sum()
    expected = float(processor.sampling_table.double().mean())
    share = float((g @ weights).mean())
    spread = sqrt(expected * (1 - expected) * np.sum(weights**2) / len(g))
    z = (share - expected) / spread
    return WatermarkTest(detection("synth_id", z, len(g), undefined=undefined), share, expected, float(norm.sf(z)))
