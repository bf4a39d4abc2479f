"""What runs in a worker of Ray: a process with the model, which makes the parts of a shard of texts."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from analyzer.analysis import Analyzer
from analyzer.batch.about import About, about
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part, part_of
from analyzer.calibration import Calibration
from analyzer.errors import AnalyzerError

__all__ = ["Done", "Said", "Worker", "analyzer_for"]


@dataclass(frozen=True, slots=True)
class Done:
    """What is said of a shard beside its parts.

    Attributes
    ----------
    tokens : int
        Put through the model, of this shard.
    about : About
        Of the process that made them: it may have been started again, elsewhere.
    """

    tokens: int
    about: About


@dataclass(frozen=True, slots=True)
class Said:
    """How far a process is: its id, and the tokens of shards that it has not given back."""

    process: int
    tokens: int


def analyzer_for(model: str | None, device: str, dtype: str, allow_pickle: bool, card: Calibration | None) -> Analyzer:
    """The analyzer of a worker; the embedded model is converted where it was not yet."""
    from analyzer.models import store

    if model is None:
        store.ensure_default()
    name = store.DEFAULT_MODEL if model is None else model
    return Analyzer(name, device=device, dtype=dtype, allow_pickle=allow_pickle, calibration=card, cache_bytes=0)


class Worker:
    """Scores shards, one in the model at a time; the next is tokenised and the last finished meanwhile.

    Parameters
    ----------
    make : callable
        Makes the analyzer, when it is first needed: also in a process that took another's place.
    threads : int
    """

    def __init__(self, make: Callable[[], Analyzer], threads: int) -> None:
        self._make = make
        self._threads = threads
        self._loaded: tuple[Analyzer, About] | None = None
        self._loading, self._scoring, self._counting = threading.Lock(), threading.Lock(), threading.Lock()
        self._tokens = 0

    def about(self) -> About | AnalyzerError:
        """What it computes with, or why it cannot."""
        try:
            return self._load()[1]
        except AnalyzerError as error:
            return error.with_traceback(None)

    def said(self) -> Said:
        """How far it is."""
        with self._counting:
            return Said(os.getpid(), self._tokens)

    def parts(self, texts: Sequence[str | AnalyzerError], layout: Layout) -> tuple[Done | AnalyzerError, list[Part]]:
        """A part for each text, or for the reason why there is none; or why none can be made."""
        try:
            analyzer, found = self._load()
        except AnalyzerError as error:
            return error.with_traceback(None), []
        scorer, mine = analyzer.scorer, _Count(self._count)
        prepared = [scorer.prepare(text) if isinstance(text, str) else text for text in texts]
        try:
            with self._scoring:
                torch.set_num_threads(self._threads)  # of this thread
                scored = scorer.score(prepared, progress=mine.add)
            parts = [part_of(scorer.finish(one), layout) for one in scored]
        finally:
            self._count(-mine.tokens)
        return Done(mine.tokens, found), parts

    def _load(self) -> tuple[Analyzer, About]:
        with self._loading:
            if self._loaded is None:
                torch.set_num_threads(self._threads)
                analyzer = self._make()
                self._loaded = analyzer, about(analyzer, threads=self._threads)
            return self._loaded

    def _count(self, tokens: int) -> None:
        with self._counting:
            self._tokens += tokens


class _Count:
    """Tokens of one shard."""

    def __init__(self, also: Callable[[int], None]) -> None:
        self.tokens = 0
        self._also = also

    def add(self, tokens: int) -> None:
        self.tokens += tokens
        self._also(tokens)
