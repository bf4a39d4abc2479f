"""One model with its calibration and its cache, as the way of a text through them: tokens to ``Analysis``."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from analyzer import hygiene
from analyzer.analysis_result import Analysis
from analyzer.calibration import UNCALIBRATED, Calibration
from analyzer.cursor import Cursor
from analyzer.detectors import detect
from analyzer.errors import EmptyText
from analyzer.models import LanguageModel
from analyzer.models.cache import PrefixCache
from analyzer.passes import Plan, plan, score_plans
from analyzer.scoring import TokenScores, join
from analyzer.statistics import document_statistics

__all__ = ["Scorer"]


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
        parts: list[TokenScores] = []
        for row in found.rows:
            parts.append(self.cache.score(row))
            if progress is not None:
                progress(sum(map(len, parts)), sum(len(r.ids) - r.first for r in found.rows))
        return self.analysis(found, join(parts, start=found.start))

    def analyze_plans(self, plans: Sequence[Plan]) -> Iterator[Analysis]:
        """Score in batches, without the cache; in the order given."""
        clean = [self._without_hidden(found) for found in plans]
        both = [*plans, *(one for one in clean if one)]
        scored = iter(score_plans(self.model, both, top_k=self.top_k, read_out=self.read_out))
        first = list(islice(scored, len(plans)))
        for found, scores, one in zip(plans, first, clean, strict=True):
            yield self._analysis(found, scores, self._analysis(one, next(scored), None) if one else None)

    def analysis(self, found: Plan, scores: TokenScores) -> Analysis:
        """What follows from the scores of a text; only one with hidden characters is read again, without them."""
        clean = self._without_hidden(found)
        return self._analysis(found, scores, self.analyze(clean.tokenization.text, found.context) if clean else None)

    def cursor(self, *, first: int, known: NDArray[np.int64] | None = None) -> Cursor:
        """A place to go on from in a sequence of tokens; behind as much of `known` as the cache still has read."""
        state = None if known is None else self.cache.state(known)
        return Cursor(self.model, first=first, top_k=self.top_k, read_out=self.read_out, state=state)

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
