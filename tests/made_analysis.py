"""An analysis with the numbers one wants, for what is computed from an analysis alone."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from analyzer.analysis import Analysis, Analyzer
from analyzer.detectors import detect
from analyzer.models.toy import ToyModel
from analyzer.scoring import TokenScores
from analyzer.statistics import document_statistics
from analyzer.tokens import Tokenization


class Vocabulary:
    """Its entry n is the n-th of the strings; it stands in for a tokenizer, of which only this is asked."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = list(entries)

    def text_of(self, token_id: int) -> str:
        return self.entries[token_id]


@cache
def _any() -> Analysis:
    return Analyzer(ToyModel("ab")).analyze("ab")


def made(
    text: str,
    spans: Sequence[tuple[int, int]],
    bits: Sequence[float],
    *,
    entropy: Sequence[float] | None = None,
    rank: Sequence[int] | None = None,
    instead: Sequence[str] | None = None,
    best: Sequence[float] | None = None,
    start: int = 0,
    model: str = "made",
    **rest: Any,
) -> Analysis:
    """`bits`, `entropy` and `best` (bits of the first choice) are of the scored tokens, as are `rank` and `instead`."""
    s = len(bits)
    written = [text[a:b] for a, b in spans]
    entries = [*written, *(instead or written[start:])]
    nats = np.log(2) * np.array([bits, bits if best is None else best, [1.0] * s if entropy is None else entropy])
    scores = TokenScores(
        start,
        log_prob=-nats[0],
        entropy=nats[2],
        varentropy=np.ones(s),
        rank=[1] * s if rank is None else rank,
        top_ids=np.arange(len(spans), len(spans) + s)[:, None],
        top_log_prob=-nats[1][:, None],
        context_len=np.arange(s),
    )
    with np.errstate(invalid="ignore"):  # infinite surprise
        statistics, detections = document_statistics(scores), detect(scores)
    return replace(
        _any(),
        tokenization=Tokenization(text, np.arange(len(spans)), np.array(spans, np.int64).reshape(-1, 2)),
        scores=scores,
        statistics=statistics,
        detections=detections,
        tokenizer=Vocabulary(entries),
        model=replace(_any().model, name=model),
        **rest,
    )
