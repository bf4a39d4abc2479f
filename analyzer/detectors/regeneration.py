"""DNA-GPT: does the model, given the first half of the text, write the second half again?

One step of the model for each token drawn, from a cached state: some minutes on a CPU for the published 20 to 30 texts.

>>> from analyzer.models.toy import ToyModel
>>> model = ToyModel("abcd " * 9)
>>> found = detect_by_regeneration(
...     model, "abcd " * 12, count=3, generator=torch.Generator().manual_seed(0), sampler=Sampler(temperature=0))
>>> found["dna_gpt"].score > 0, found["dna_gpt_white_box"].score
(True, 0.0)
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, nan
from types import MappingProxyType

import numpy as np
import torch

from analyzer.cursor import Cursor
from analyzer.detectors.detection import Detection, Progress, detection
from analyzer.errors import InputError
from analyzer.models import LanguageModel, State
from analyzer.passes import plan, start_ids
from analyzer.sampling import Sampler, draw
from analyzer.scoring import Row

__all__ = ["Regenerated", "detect_by_regeneration", "dna_gpt", "dna_gpt_white_box", "regenerate"]

_LONGEST = 300  # tokens drawn: DNA-GPT-dist.py, max_new_tokens
_SHORTEST_GRAM, _LONGEST_GRAM = 4, 25  # n₀ and N; DNA-GPT-dist.py gives n = 1 to 3 no weight, and says N = 25
_SAMPLER = Sampler(temperature=0.7)  # DNA-GPT-dist.py


@dataclass(frozen=True, slots=True)
class Regenerated:
    """The second half of a text, and what the model wrote instead of it.

    Attributes
    ----------
    rest, texts : str, tuple of str
        As written, and as drawn.
    rest_log_prob, log_probs : float, tuple of float
        Mean log p of their tokens, in nats, under the model's own distribution. nan for a draw that ended at once.
    n_scored : int
        Tokens of the rest.
    warnings : tuple of str
    """

    rest: str
    texts: tuple[str, ...]
    rest_log_prob: float
    log_probs: tuple[float, ...]
    n_scored: int
    warnings: tuple[str, ...]


def detect_by_regeneration(
    model: LanguageModel,
    text: str,
    *,
    count: int,
    generator: torch.Generator,
    ratio: float = 0.5,
    sampler: Sampler = _SAMPLER,
    progress: Progress | None = None,
) -> Mapping[str, Detection]:
    """Both detectors by name; parameters as of `regenerate`."""
    found = regenerate(model, text, count=count, generator=generator, ratio=ratio, sampler=sampler, progress=progress)
    return MappingProxyType(
        {
            function.__name__: detection(
                function.__name__, function(found), found.n_scored, undefined=undefined, warnings=found.warnings
            )
            for function, undefined in (
                (dna_gpt, f"Undefined where a half has fewer than {_SHORTEST_GRAM} words."),
                (dna_gpt_white_box, "Undefined where the model writes nothing."),
            )
        }
    )


def regenerate(
    model: LanguageModel,
    text: str,
    *,
    count: int,
    generator: torch.Generator,
    ratio: float = 0.5,
    sampler: Sampler = _SAMPLER,
    progress: Progress | None = None,
) -> Regenerated:
    """Cut the text and have the model write its second part `count` times, as many tokens as it has, at most 300.

    The text is cut between tokens: at `ratio` of them. A draw ends early at a control token.

    Raises
    ------
    InputError
        If `ratio` is not inside 0 to 1, or the text is too short to have two parts.
    """
    if not 0 < ratio < 1:
        raise InputError(f"ratio: got {ratio}.", hint="Give a number between 0 and 1.")
    tokenization = plan(model, text).tokenization
    cut = max(1, int(ratio * len(tokenization)))
    length = min(len(tokenization) - cut, _LONGEST, model.info.window // 2)
    if length < 1:
        raise InputError("The text is too short to be cut in two.", hint="Give at least two words.")
    warnings = []
    if cut + length < len(tokenization):
        warnings.append(f"Only {length} tokens after the cut were compared.")
    given = np.concatenate([start_ids(model), tokenization.ids[:cut]])[-(model.info.window - length) :]
    rest = tokenization.ids[cut : cut + length]

    _, state = model.extend(None, Row(given, len(given)), top_k=1)
    scores, _ = model.extend(state, Row(np.concatenate([given, rest]), len(given)), top_k=1)
    texts, log_probs = [], []
    for done in range(count):
        ids, log_prob = _continue(model, state, length, sampler, generator)
        texts.append(model.tokenizer.text_of_ids(ids))
        log_probs.append(float(np.mean(log_prob)) if log_prob else nan)
        if progress is not None:
            progress(done + 1, count)
    a, b = tokenization.spans[cut, 0], tokenization.spans[cut + length - 1, 1]
    return Regenerated(
        text[a:b], tuple(texts), float(scores.log_prob.mean()), tuple(log_probs), length, tuple(warnings)
    )


def dna_gpt(found: Regenerated) -> float:
    """B-score: mean over draws of Σ n ln n · shared n-grams / (n-grams of the rest · words of the draw), n = 4 to 25.

    At least 0. N-grams of words, lower-case, counted as often as both have them. The published code stems words and
    divides by the sum of those n that are shared; by the position of an entry it weighs n = 3 as 5 or 7; here the
    formula of the paper is meant. nan where the rest has fewer than 4 words; a draw without words shares nothing.
    Source: Yang et al. 2023, "DNA-GPT: Divergent N-Gram Analysis" (arXiv 2305.17359), black-box score;
    Xianjun-Yang/DNA-GPT, DNA-GPT-dist.py.
    """
    rest = _words(found.rest)
    if len(rest) < _SHORTEST_GRAM or not found.texts:
        return nan
    return float(np.mean([_overlap(rest, _words(text)) for text in found.texts]))


def dna_gpt_white_box(found: Regenerated) -> float:
    """W-score: mean log p of the rest less the mean over draws of theirs, nats per token.

    Per token, as the draws differ in length (Fast-DetectGPT's dna_gpt.py); the paper's ratio is of whole texts. nan
    where no draw has a token.
    Source: Yang et al. 2023 (arXiv 2305.17359), white-box score.
    """
    drawn = [value for value in found.log_probs if value == value]
    return found.rest_log_prob - float(np.mean(drawn)) if drawn else nan


def _continue(
    model: LanguageModel, state: State, length: int, sampler: Sampler, generator: torch.Generator
) -> tuple[list[int], list[float]]:
    """Draw up to `length` tokens: their ids, and their log p before the sampler."""
    drawn: list[int] = []
    log_prob: list[float] = []
    cursor = Cursor(model, first=len(state.ids), top_k=1, state=state)
    begun = 0 if model.start_id is None else 1
    for _ in range(length):
        u = float(torch.rand((), generator=generator, dtype=torch.float64))
        logits = cursor.logits()
        token = draw(sampler.offered(logits, cursor.ids[begun:]), u)
        if model.tokenizer.is_control(token):
            break
        log_prob.append(float(cursor.take(token, logits).log_prob[0]))
        drawn.append(token)
    return drawn, log_prob


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))


def _overlap(rest: Sequence[str], drawn: Sequence[str]) -> float:
    """The weighted overlap of one draw with the rest."""
    score = 0.0
    for n in range(_SHORTEST_GRAM, min(_LONGEST_GRAM, len(rest), len(drawn)) + 1):
        shared = (_grams(rest, n) & _grams(drawn, n)).total()
        score += n * log(n) * shared / ((len(rest) - n + 1) * len(drawn))
    return score
