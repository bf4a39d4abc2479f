"""One model with its calibration and its cache, as the way of a text through them: tokens to ``Analysis``."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analyzer.analysis_result import Analysis
from analyzer.calibration import UNCALIBRATED, Calibration
from analyzer.cursor import Cursor
from analyzer.detectors import detect
from analyzer.errors import AnalyzerError, EmptyText, ModelError
from analyzer.models import LanguageModel
from analyzer.models.cache import PrefixCache
from analyzer.passes import Plan, plan, score_plans
from analyzer.scoring import Row, TokenScores, join
from analyzer.statistics import document_statistics
from analyzer.text import hygiene

__all__ = ["Prepared", "Scored", "Scorer"]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A text ready for the model: as given, and without its hidden characters where it has any."""

    plan: Plan
    clean: Plan | None


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A text behind the model: all that ``Scorer.finish`` needs."""

    prepared: Prepared
    scores: TokenScores
    clean: TokenScores | None


class Scorer:
    """Makes an ``Analysis`` of a text, of many, or of tokens that are scored already.

    Parameters
    ----------
    model : LanguageModel
    calibration : Calibration or None
        For this model.
    top_k : int
        How many alternatives are kept for each token.
    cache_bytes : int
        Bound on the memory for key-value states of recent texts.
    """

    def __init__(self, model: LanguageModel, calibration: Calibration | None, *, top_k: int, cache_bytes: int) -> None:
        self.model = model
        self.calibration = calibration
        self.top_k = top_k
        self.read_out = None if calibration is None else calibration.read_out
        self.cache = PrefixCache(model, top_k=top_k, max_bytes=cache_bytes, read_out=self.read_out)

    def analyze(
        self, text: str, context: str | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> Analysis:
        """See ``Analyzer.analyze``."""
        found = plan(self.model, text, context)
        clean = self._without_hidden(found)
        todo = [row for one in (found, clean) if one for row in one.rows]
        parts = list(self._read(todo, progress))
        cleaned = None
        if clean is not None:
            cleaned = self._analysis(clean, join(parts[len(found.rows) :], start=clean.start), None)
        return self._analysis(found, join(parts[: len(found.rows)], start=found.start), cleaned)

    # Many texts go through three stages, which may run in three threads; a text that cannot be scored is an error as a
    # value, and passes through the rest as it is, in its place.

    def prepare(self, text: str) -> Prepared | AnalyzerError:
        """First stage: tokenise; no model."""
        try:
            found = plan(self.model, text)
        except AnalyzerError as error:
            return error.with_traceback(None)  # which would keep the text alive
        return Prepared(found, self._without_hidden(found))

    def score(
        self, prepared: Sequence[Prepared | AnalyzerError], *, progress: Callable[[int], None] | None = None
    ) -> list[Scored | AnalyzerError]:
        """Second stage: the model, in batches of similar length, without the cache.

        Batches are formed among these texts only, so the numbers depend on nothing else to the last digit.

        Parameters
        ----------
        prepared : sequence of Prepared or AnalyzerError
        progress : callable, optional
            Is given the number of tokens of each batch once it is scored; what it raises ends the work there.
        """
        ready = [one for one in prepared if isinstance(one, Prepared)]
        try:
            found = iter(self._score(ready, progress))
            return [next(found) if isinstance(one, Prepared) else one for one in prepared]
        except ModelError as error:
            if len(prepared) == 1:
                return [error.with_traceback(None)]
            # The model's numbers overflow for some text: the others have theirs.
            return [scored for one in prepared for scored in self.score([one], progress=progress)]

    def finish(self, scored: Scored | AnalyzerError) -> Analysis | AnalyzerError:
        """Third stage: statistics, detectors, likelihood; no model."""
        if isinstance(scored, AnalyzerError):
            return scored
        prepared, cleaned = scored.prepared, None
        if prepared.clean is not None and scored.clean is not None:
            cleaned = self._analysis(prepared.clean, scored.clean, None)
        return self._analysis(prepared.plan, scored.scores, cleaned)

    def analysis(self, found: Plan, scores: TokenScores) -> Analysis:
        """What follows from the scores of a text; only one with hidden characters is read again, without them."""
        clean = self._without_hidden(found)
        return self._analysis(found, scores, self.analyze(clean.tokenization.text, found.context) if clean else None)

    def cursor(self, *, first: int, known: NDArray[np.int64] | None = None) -> Cursor:
        """A place to go on from in a sequence of tokens; behind as much of `known` as the cache still has read."""
        state = None if known is None else self.cache.state(known)
        return Cursor(self.model, first=first, top_k=self.top_k, read_out=self.read_out, state=state)

    def _read(self, rows: Sequence[Row], progress: Callable[[int, int], None] | None) -> Iterator[TokenScores]:
        """Score rows one by one, with the cache."""
        lengths = [len(row.ids) - row.first for row in rows]
        done, total = 0, sum(lengths)
        for row, length in zip(rows, lengths, strict=True):
            tell = None if progress is None else partial(_tell, progress, done, length, total)
            yield self.cache.score(row, progress=tell)
            done += length
            if progress is not None:
                progress(done, total)

    def _score(self, prepared: Sequence[Prepared], progress: Callable[[int], None] | None) -> list[Scored]:
        plans = [one.plan for one in prepared] + [one.clean for one in prepared if one.clean is not None]
        found = score_plans(self.model, plans, top_k=self.top_k, read_out=self.read_out, progress=progress)
        clean = iter(found[len(prepared) :])
        return [
            Scored(one, scores, None if one.clean is None else next(clean))
            for one, scores in zip(prepared, found, strict=False)  # behind them are those without hidden characters
        ]

    def _analysis(self, plan: Plan, scores: TokenScores, cleaned: Analysis | None) -> Analysis:
        tokenization, card = plan.tokenization, self.calibration
        return Analysis(
            tokenization=tokenization,
            scores=scores,
            statistics=document_statistics(scores),
            detections=detect(scores),
            likelihood=UNCALIBRATED if card is None else card.judge(tokenization, scores),
            model=self.model.info,
            context=plan.context,
            warnings=self._warnings(plan),
            tokenizer=self.model.tokenizer,
            calibration=card,
            findings=hygiene.findings(tokenization.text),
            cleaned=cleaned,
        )

    def _without_hidden(self, found: Plan) -> Plan | None:
        """The text without its hidden characters, if it has any and anything else to score."""
        text = found.tokenization.text
        clean = hygiene.cleaned(text)
        if clean == text or not clean.strip():
            return None
        try:
            return plan(self.model, clean, found.context)
        except EmptyText:
            return None

    def _warnings(self, plan: Plan) -> tuple[str, ...]:
        found = []
        if plan.start:
            found.append("The first token has no score: this model has no start token.")
        if dropped := plan.tokenization.uncovered:
            found.append(f"The model's tokenizer drops {dropped} characters: they are shown, not scored.")
        unknown = self.model.tokenizer.unknown_id
        if unknown is not None and (count := int((plan.tokenization.ids == unknown).sum())):
            found.append(f"{count} tokens are unknown to the model's vocabulary: their scores say little.")
        size = self.model.info.window
        if len(plan.windows) > 1:
            found.append(
                f"Longer than the model's window: read in {len(plan.windows)} overlapping windows of {size:,} tokens, "
                f"each token scored once, with at least {size // 2:,} tokens before it or all there are."
            )
        if plan.windows[0].start:
            read = plan.windows[0].first - plan.windows[0].start
            found.append(f"What stood before is longer than the model's window: its last {read:,} tokens were read.")
        return tuple(found)


def _tell(progress: Callable[[int, int], None], done: int, length: int, total: int, share: float) -> None:
    progress(done + int(share * length), total)
