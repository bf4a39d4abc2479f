"""Detectors that compare two readings of one text: of two models with one vocabulary, or of one model, raw and
prompted.

One reading (the *observer*) says what it expects, the other (the *performer*) how surprising it finds that, and the
text. Each is one pass of its model; the logits of the two run in step and are reduced a few dozen positions at a time.

>>> from analyzer.models.toy import ToyModel
>>> crossed = cross_scores(raw(ToyModel("abab")), raw(ToyModel("aabb")), "abba")
>>> len(crossed), sorted(detect_by_two_readings(crossed))
(4, ['binoculars', 'fast_detectgpt_two_models'])
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analyzer.detectors.detection import Detection, Progress, detection
from analyzer.errors import EmptyText, InputError, ModelError, TokenizerMismatch
from analyzer.models import LanguageModel
from analyzer.passes import start_ids
from analyzer.scoring import Row
from analyzer.tokens import TextTokenizer, read_only
from analyzer.windows import windows

__all__ = [
    "CrossScores",
    "Reading",
    "binoculars",
    "chat_prefix",
    "cross_scores",
    "detect_by_two_readings",
    "fast_detectgpt_two_models",
    "prompted",
    "raw",
]

_ROUNDING = 1e-9  # nats; as in `analyzer.statistics`


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A model and the tokens it has read before the text, in every window: a start token, a prompt, or nothing.

    `raw` and `prompted` make the two usual ones.
    """

    model: LanguageModel
    before: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", read_only(self.before, np.int64, (None,), "before"))


def raw(model: LanguageModel) -> Reading:
    """The text on its own, behind the model's start token where it has one."""
    return Reading(model, start_ids(model))


def prompted(model: LanguageModel, prompt: str) -> Reading:
    """The text as a chat model's answer to `prompt`; see `chat_prefix`."""
    return Reading(model, chat_prefix(model.tokenizer, prompt))


@dataclass(frozen=True, slots=True, eq=False)
class CrossScores:
    """How a performer finds a text and what an observer expects of it, token by token; nats, S scored tokens.

    Attributes
    ----------
    start : 0 or 1
        1 where the first token has nothing in front of it in one of the readings.
    log_prob : float64 (S,)
        The performer's log-probability of the token.
    cross_entropy : float64 (S,)
        -Σ p ln q over the vocabulary, p the observer's probabilities, q the performer's: the surprise the performer
        would feel if the observer wrote.
    cross_variance : float64 (S,)
        Variance of that surprise, nats².
    """

    start: int
    log_prob: NDArray[np.float64]
    cross_entropy: NDArray[np.float64]
    cross_variance: NDArray[np.float64]

    def __post_init__(self) -> None:
        s = len(self.log_prob)
        for name in ("log_prob", "cross_entropy", "cross_variance"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64, (s,), name))

    def __len__(self) -> int:
        return len(self.log_prob)


def chat_prefix(tokenizer: TextTokenizer, prompt: str) -> NDArray[np.int64]:
    """Tokens (n,) of a chat in which the user says `prompt` and the assistant begins to answer, in the ChatML format.

    The control tokens are looked up by name; in `prompt` itself, as in every text, their names are only characters.

    Raises
    ------
    ModelError
        If the vocabulary has no ``<|im_start|>`` and ``<|im_end|>``.
    """
    start, end = (tokenizer.id_of(name) for name in ("<|im_start|>", "<|im_end|>"))
    if start is None or end is None:
        raise ModelError(
            "The model's vocabulary has no <|im_start|> and <|im_end|>: it reads no chats in the ChatML format.",
            hint="Use a chat model such as SmolLM2-135M-Instruct or Qwen, or compare two models.",
        )
    said = [tokenizer.encode(text).ids for text in (f"user\n{prompt}", "\n", "assistant\n")]
    return np.concatenate([[start], said[0], [end], said[1], [start], said[2]]).astype(np.int64)


def cross_scores(observer: Reading, performer: Reading, text: str, *, progress: Progress | None = None) -> CrossScores:
    """Read `text` in both ways and reduce the two distributions at each position to three numbers.

    Long texts are cut into windows, the same for both, and each begins with its reading's ``before``.

    Raises
    ------
    TokenizerMismatch
        If an id does not mean the same to both models.
    EmptyText
        If there is no token to score.
    """
    tokenization = observer.model.tokenizer.encode(text)
    _check_same_tokens(observer.model, performer.model, tokenization.ids, text)
    start = int(not (len(observer.before) and len(performer.before)))
    if len(tokenization) <= start:
        raise EmptyText("There is no token to score.", hint="Give at least two words.")
    size = _size(observer, performer)
    rows = [_rows(reading, tokenization.ids, start, size) for reading in (observer, performer)]
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for done, (seen, played) in enumerate(zip(*rows, strict=True), start=1):
        at = played.first
        for p, q in _in_step(observer.model.logits(seen), performer.model.logits(played)):
            parts.append(_cross(p, q, torch.tensor(played.ids[at : at + len(q)])))
            at += len(q)
        if progress is not None:
            progress(done, len(rows[0]))
    return CrossScores(start, *(torch.cat(column).double().numpy() for column in zip(*parts, strict=True)))


def binoculars(scores: CrossScores) -> float:
    """Negative ratio of surprise to cross-entropy: -Σ(-log q(token)) / Σ(cross-entropy); about -1, without unit.

    The published score is the ratio, low for machines; hence the sign. Its denominator averages one position more than
    its numerator, that after the last token; here both run over the same positions, a difference of order 1/S, so
    published thresholds hold for long texts only nearly. There the text is cut at 512 tokens, and the first is not
    scored. nan where the cross-entropy is 0.
    Source: Hans et al. 2024, "Spotting LLMs With Binoculars" (arXiv 2401.12070); ahans30/Binoculars, metrics.py:
    observer falcon-7b gives the probabilities, performer falcon-7b-instruct the logarithms.
    """
    expected = scores.cross_entropy.sum()
    return float(scores.log_prob.sum() / expected) if expected > _ROUNDING else float("nan")


def fast_detectgpt_two_models(scores: CrossScores) -> float:
    """Curvature with one model for sampling and one for scoring: (Σ log q(token) + Σ cross-entropy) / sqrt(Σ variance).

    The sampling model is the observer, the scoring model the performer. Sums, as published; nan where nothing varies.
    Source: Fast-DetectGPT (Bao et al. 2024, arXiv 2310.05130); baoguangsheng/fast-detect-gpt,
    ``get_sampling_discrepancy_analytic``: ``logits_ref`` is the observer's, ``logits_score`` the performer's.
    """
    spread = np.sqrt(scores.cross_variance.sum())
    lead = np.sum(scores.log_prob + scores.cross_entropy)
    return float(lead / spread) if spread > _ROUNDING else float("nan")


def detect_by_two_readings(scores: CrossScores) -> Mapping[str, Detection]:
    """Both detectors by name."""
    undefined = "Undefined where the models are certain of every token."
    return MappingProxyType(
        {
            function.__name__: detection(function.__name__, function(scores), len(scores), undefined=undefined)
            for function in (binoculars, fast_detectgpt_two_models)
        }
    )


def _check_same_tokens(one: LanguageModel, other: LanguageModel, ids: NDArray[np.int64], text: str) -> None:
    """Raise TokenizerMismatch unless both split the text alike and have the same text for every id."""
    a, b = one.tokenizer, other.tokenizer
    if a is b:
        return
    same = a.vocabulary_size == b.vocabulary_size and np.array_equal(ids, b.encode(text).ids)
    if not same or any(a.text_of(i) != b.text_of(i) for i in range(a.vocabulary_size)):
        raise TokenizerMismatch(
            f"{one.info.name} and {other.info.name} do not have the same tokens.",
            hint="Compare two models of one family, such as a base model and its chat model.",
        )


def _size(*readings: Reading) -> int:
    """Tokens of text in one window, by the tighter of the readings.

    Raises
    ------
    InputError
        If what stands before the text leaves no room for it.
    """
    size = min(reading.model.info.window - len(reading.before) for reading in readings)
    if size < 2:
        raise InputError(
            f"What stands before the text leaves no room for it in a window of {readings[0].model.info.window} tokens.",
            hint="Shorten the prompt.",
        )
    return size


def _rows(reading: Reading, ids: NDArray[np.int64], start: int, size: int) -> list[Row]:
    """The windows of a text as rows, each with what stands before it; in the windows that counts as one token."""
    rows = []
    for window in windows(1 + len(ids), 1 + start, size):
        a = max(window.start - 1, 0)
        first = len(reading.before) + window.first - 1 - a
        rows.append(Row(np.concatenate([reading.before, ids[a : window.end - 1]]), first))
    return rows


def _in_step(left: Iterator[Tensor], right: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut two streams of logits (n, V), whose chunks may differ in size, into pairs of the same positions."""
    a, b = next(left, None), next(right, None)
    while a is not None and b is not None:
        n = min(len(a), len(b))
        yield a[:n], b[:n]
        a = a[n:] if n < len(a) else next(left, None)
        b = b[n:] if n < len(b) else next(right, None)


def _cross(observer: Tensor, performer: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probability, cross-entropy and cross-variance, (n,) each, of logits (n, V) and targets (n,)."""
    width = min(observer.shape[1], performer.shape[1])  # one of them may be padded: entries without a token
    log_q = torch.log_softmax(performer[:, :width], dim=1)
    p = torch.softmax(observer[:, :width].to(log_q.device), dim=1).to(log_q.dtype)
    log_prob = log_q.gather(1, targets.to(log_q.device)[:, None])[:, 0]
    mean = torch.linalg.vecdot(p, log_q)
    variance = torch.linalg.vecdot(p, (log_q - mean[:, None]).square_())
    return log_prob.cpu(), -mean.cpu(), variance.cpu()
