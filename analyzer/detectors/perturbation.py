"""DetectGPT and NPR: is the text a local peak of the model's probability? Compared with many small rewritings of it.

What rewrites is a `Perturber`: the scoring model itself (`resampler`), or a mask filler, as published (`T5MaskFiller`).
Rewritings are made and scored once for both detectors.

>>> from analyzer.models.toy import ToyModel
>>> model = ToyModel("the cat sat on the mat. " * 3)
>>> found = detect_by_perturbation(
...     model, "the cat sat", perturb=resampler(model), count=20, generator=torch.Generator().manual_seed(0))
>>> found["detect_gpt"].score > 0, found["npr"].score > 1
(True, True)
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, pairwise
from math import nan
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analyzer import statistics
from analyzer.detectors.detection import Detection, Progress, detection
from analyzer.errors import EmptyText
from analyzer.models import LanguageModel
from analyzer.passes import plan, score_plans
from analyzer.scoring import TokenScores

__all__ = ["Perturber", "T5MaskFiller", "detect_by_perturbation", "detect_gpt", "npr", "resampler"]

Perturber = Callable[[str, int, torch.Generator], Iterable[str]]
"""Makes so many rewritings of a text, with randomness from the generator alone."""

# DetectGPT's run.py: spans of 2 words with at least 1 between them, and 0.3 of the words in spans and gaps.
_SPAN, _GAP, _SHARE = 2, 1, 0.3
_TOGETHER = 8  # rewritings scored in one batch
_TRIES = 8  # draws for one token until one is text; in practice the first is
_STRETCH = 250  # words masked together: T5 was made for 512 tokens, and has 100 names for masks
_ATTEMPTS = 10  # as DetectLLM's detectGPT.py; DetectGPT tries for ever


def detect_by_perturbation(
    model: LanguageModel,
    text: str,
    *,
    perturb: Perturber,
    count: int,
    generator: torch.Generator,
    progress: Progress | None = None,
) -> Mapping[str, Detection]:
    """DetectGPT and NPR of a text by name, from `count` rewritings; published: 100.

    Raises
    ------
    EmptyText
        If there is no token to score.
    """
    scores = score_plans(model, [plan(model, text)], top_k=1)[0]
    texts = iter(perturb(text, count, generator))
    rewritten: list[TokenScores] = []
    done = 0
    while group := list(islice(texts, _TOGETHER)):
        plans = []
        for one in group:
            with suppress(EmptyText):  # a rewriting of one token may have none
                plans.append(plan(model, one))
        rewritten += score_plans(model, plans, top_k=1)
        done += len(group)
        if progress is not None:
            progress(done, count)
    return MappingProxyType(
        {
            function.__name__: detection(
                function.__name__, function(scores, rewritten), len(scores), undefined=undefined
            )
            for function, undefined in (
                (detect_gpt, "Undefined where all rewritings are equally likely."),
                (npr, "Undefined where every token is the model's first guess."),
            )
        }
    )


def detect_gpt(scores: TokenScores, rewritten: Sequence[TokenScores]) -> float:
    """(ℓ(x) - mean ℓ(x~)) / std ℓ(x~), with ℓ the mean log p of a text and x~ its rewritings; without unit.

    The deviation is the population's; nan where it is 0, where the published code puts 1, which mixes units.
    Source: Mitchell et al. 2023 (arXiv 2301.11305); eric-mitchell/detect-gpt, run.py, criterion "z".
    """
    level = np.array([statistics.log_likelihood(one) for one in rewritten])
    spread = level.std() if len(level) else 0.0
    return float((statistics.log_likelihood(scores) - level.mean()) / spread) if spread > 1e-9 else nan


def npr(scores: TokenScores, rewritten: Sequence[TokenScores]) -> float:
    """Mean over rewritings of the mean ln rank, over that of the text; about 1, larger for machines; without unit.

    nan where all tokens of the text are first guesses, where the published code divides by 0.
    Source: DetectLLM-NPR (Su et al. 2023, arXiv 2306.05540); baoguangsheng/fast-detect-gpt, detect_llm.py, ``get_npr``.
    """
    level = statistics.log_rank(scores)
    return float(np.mean([statistics.log_rank(one) for one in rewritten]) / level) if level and rewritten else nan


def place_spans(length: int, generator: torch.Generator) -> NDArray[np.int64]:
    """Firsts of spans of 2 among `length` places, at least 1 apart, 15 % of all places: every arrangement alike.

    At least one span, where two places are there.
    """
    block = _SPAN + _GAP
    most = (length + _GAP) // block
    k = min(most, max(1, int(_SHARE * length / (_SPAN + 2 * _GAP))))
    free = length + _GAP - k * (block - 1)  # places left if each span and its gap were one
    chosen = torch.randperm(max(free, 0), generator=generator)[:k].sort().values.numpy()
    return np.asarray(chosen + np.arange(len(chosen)) * (block - 1))


# The scoring model itself


def resampler(model: LanguageModel) -> Perturber:
    """A perturber without a mask filler: pairs of tokens are drawn anew from the model's own distributions.

    All are drawn given the *original* text before them, so one pass serves all rewritings; the draws do not know of
    each other, nor of what follows. That is Fast-DetectGPT's sampling (arXiv 2310.05130) at DetectGPT's share of
    places. Tokens that share characters with their neighbours, as the bytes of one emoji, stay.
    """

    def perturb(text: str, count: int, generator: torch.Generator) -> list[str]:
        found = plan(model, text)
        spans = found.tokenization.spans[found.start :]
        users = defaultdict[int, list[int]](list)  # which rewritings have token i drawn anew
        for n in range(count):
            for first in place_spans(len(spans), generator).tolist():
                for i in range(first, first + _SPAN):
                    users[i].append(n)
        drawn: list[dict[int, str]] = [{} for _ in range(count)]
        rows = (logits for row in found.rows for chunk in model.logits(row) for logits in chunk)
        for i, logits in enumerate(rows):
            if users[i] and _stands_alone(spans, i):
                for n, new in zip(users[i], _draw_texts(model, logits, len(users[i]), generator), strict=True):
                    if new is not None:
                        drawn[n][i] = new
        return [_replaced(text, spans, new) for new in drawn]

    return perturb


def _stands_alone(spans: NDArray[np.int64], i: int) -> bool:
    """Whether token `i` shares no characters with its neighbours."""
    before, after = spans[max(i - 1, 0) : i, 1].max(initial=0), spans[i + 1 : i + 2, 0].min(initial=spans[i, 1])
    return bool(before <= spans[i, 0] < spans[i, 1] <= after)


def _draw_texts(model: LanguageModel, logits: torch.Tensor, count: int, generator: torch.Generator) -> list[str | None]:
    """So many tokens drawn from one distribution, as texts.

    Control tokens and parts of characters are drawn again, up to eight times; then None.
    """
    p = torch.softmax(logits.double().cpu(), dim=0)
    ids = torch.multinomial(p, count * _TRIES, replacement=True, generator=generator).view(count, _TRIES).tolist()
    good = (next((i for i in tries if model.tokenizer.is_text(i)), None) for tries in ids)
    return [None if i is None else model.tokenizer.text_of(i) for i in good]


def _replaced(text: str, spans: NDArray[np.int64], new: Mapping[int, str]) -> str:
    """The text with the characters of some tokens replaced."""
    edges = [(0, 0, ""), *((*spans[i].tolist(), new[i]) for i in sorted(new)), (len(text), len(text), "")]
    return "".join(text[a_end:b_start] + b_new for (_, a_end, _), (b_start, _, b_new) in pairwise(edges))


# A mask filler


class T5MaskFiller:
    """A perturber as published: spans of two words are masked, and a T5 writes what stood there.

    Words are what stands between spaces. Where T5 leaves out a mask in all of 10 attempts, the words stay.

    Parameters
    ----------
    model, tokenizer
        A transformers ``T5ForConditionalGeneration`` and its tokenizer; `load` gets both by name.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer

    @classmethod
    def load(cls, name: str, *, revision: str = "main") -> "T5MaskFiller":
        """By hub id or folder, such as ``t5-small``; the paper used ``t5-3b``."""
        from transformers import AutoTokenizer, T5ForConditionalGeneration

        model = T5ForConditionalGeneration.from_pretrained(name, revision=revision).eval()
        return cls(model, AutoTokenizer.from_pretrained(name, revision=revision))

    def __call__(self, text: str, count: int, generator: torch.Generator) -> Iterator[str]:
        """See `Perturber`."""
        words = text.split(" ")
        stretches = [words[a : a + _STRETCH] for a in range(0, len(words), _STRETCH)]
        for _ in range(count):
            yield " ".join(self._rewrite(stretch, generator) for stretch in stretches)

    def _rewrite(self, words: list[str], generator: torch.Generator) -> str:
        for _ in range(_ATTEMPTS):
            firsts = place_spans(len(words), generator).tolist()
            fills = _fills(self._generate(_masked(words, firsts), len(firsts), generator))
            if len(fills) >= len(firsts):
                return " ".join(_filled(words, firsts, fills))
        return " ".join(words)

    @torch.inference_mode()
    def _generate(self, masked: str, masks: int, generator: torch.Generator) -> str:
        device = self._model.device
        stop = self._tokenizer.convert_tokens_to_ids(f"<extra_id_{masks}>")
        tokens = self._tokenizer(masked, return_tensors="pt").to(device)
        with torch.random.fork_rng():  # `generate` draws from the global generator
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            out = self._model.generate(
                **tokens, max_new_tokens=8 * masks + 8, do_sample=True, top_k=0, eos_token_id=stop
            )
        return str(self._tokenizer.decode(out[0], skip_special_tokens=False))


def _masked(words: Sequence[str], firsts: Sequence[int]) -> str:
    """The words with `_SPAN` of them from each of `firsts` on replaced by T5's names for masks."""
    return " ".join(_filled(words, firsts, [f"<extra_id_{n}>" for n in range(len(firsts))]))


def _filled(words: Sequence[str], firsts: Sequence[int], fills: Sequence[str]) -> list[str]:
    """The words with each span replaced by its fill."""
    bounds = [(-_SPAN, None), *zip(firsts, fills, strict=False), (len(words), None)]
    out: list[str] = []
    for (a, _), (b, fill) in pairwise(bounds):
        out += words[a + _SPAN : b]
        if fill is not None:
            out.append(fill)
    return out


def _fills(output: str) -> list[str]:
    """What T5 wrote for each mask: the texts between the masks' names.

    Examples
    --------
    >>> _fills("<pad><extra_id_0> cute dog<extra_id_1> the<extra_id_2>")
    ['cute dog', 'the']
    """
    bare = output.replace("<pad>", "").replace("</s>", "")
    return [part.strip() for part in re.split(r"<extra_id_\d+>", bare)[1:-1]]
