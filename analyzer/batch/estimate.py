"""How long a run would take: what is in the inputs, counted, and a few rows of them, scored."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.rows import Row
from analyzer.errors import AnalyzerError

__all__ = ["Estimate", "estimate"]

_SAMPLE = 64  # rows, of all lengths
_SAMPLE_CHARACTERS = 60_000  # about 15,000 tokens: some ten seconds of one slow processor


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would have to do.

    Attributes
    ----------
    rows, tokens : int
        Counted.
    errors : mapping of str to int
        Rows that cannot be scored, by reason.
    speed : float
        Tokens a second, as measured on a few rows; 0 where there are none.
    """

    rows: int
    tokens: int
    errors: dict[str, int]
    speed: float

    @property
    def seconds(self) -> float:
        """How long it would take, at that speed."""
        return self.tokens / self.speed if self.speed else 0.0


def estimate(analyzer: Analyzer, rows: Iterable[Row]) -> Estimate:
    """Count rows, tokens and errors, and score a random sample for the speed; writes nothing."""
    rng = random.Random(0)
    count = tokens = 0
    errors: Counter[str] = Counter()
    sample: list[Row] = []
    fits = 0
    for row in rows:
        count += 1
        prepared = row.error or analyzer.scorer.prepare(row.text or "")
        if isinstance(prepared, AnalyzerError):
            errors[prepared.message] += 1
            continue
        tokens += len(prepared.plan.tokenization) + (0 if prepared.clean is None else len(prepared.clean.tokenization))
        fits += 1  # a reservoir: each row is as likely to be in the sample
        place = len(sample) if len(sample) < _SAMPLE else rng.randrange(fits)
        if place < _SAMPLE:
            sample[place : place + 1] = [row]
    return Estimate(count, tokens, dict(errors), _speed(analyzer, sample))


def _speed(analyzer: Analyzer, sample: list[Row]) -> float:
    chosen: list[Row] = []
    characters = 0
    for row in sample:
        length = len(row.text or "")
        if not chosen or characters + length <= _SAMPLE_CHARACTERS:
            chosen.append(row)
            characters += length
    if not chosen:
        return 0.0
    list(score_rows(analyzer, chosen[:1]))  # the first pass allocates
    done: list[int] = []
    begun = time.perf_counter()
    for _ in score_rows(analyzer, chosen, progress=done.append):
        pass
    return sum(done) / (time.perf_counter() - begun)
