"""Where the work is done: shards of rows to the parts of their records, in this process or in others.

An engine gives the same bytes as any other with the same model, threads and kind of processor: who shares a batch with
whom follows from the shard alone.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from typing import Protocol

from analyzer.analysis import Analyzer
from analyzer.analysis_result import Analysis
from analyzer.batch.about import About, about
from analyzer.batch.engine import Progress, score_runs
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part, part_of
from analyzer.batch.rows import Result, Row
from analyzer.errors import AnalyzerError

__all__ = ["Engine", "LocalEngine"]


class Engine(Protocol):
    """Scores shards."""

    @property
    def about(self) -> About:
        """What the numbers depend on."""
        ...

    def parts(self, runs: Iterable[Sequence[Row]], layout: Layout) -> Generator[list[Part], None, None]:
        """For each shard, in order, a part for each of its rows, in order.

        Shards are taken a few ahead, in another thread; one may be empty. Closing the iterator ends the work.
        """
        ...


class LocalEngine:
    """This process and its threads.

    Parameters
    ----------
    analyzer : Analyzer
    threads : int
        As the model computes with.
    progress : callable, optional
        See ``analyzer.batch.engine.score_rows``.
    """

    def __init__(self, analyzer: Analyzer, *, threads: int, progress: Progress | None = None) -> None:
        self._analyzer = analyzer
        self._progress = progress
        self.about: About = about(analyzer, threads=threads)

    def parts(self, runs: Iterable[Sequence[Row]], layout: Layout) -> Generator[list[Part], None, None]:
        """See ``Engine``; a shard is finished in the caller's thread while the model does the next."""
        with closing(score_runs(self._analyzer, runs, progress=self._progress)) as scored:
            for results in scored:
                # Each analysis is let go as soon as its part is there.
                yield [part_of(_found(result), layout) for result in results]


def _found(result: Result) -> Analysis | AnalyzerError:
    found = result.analysis if result.error is None else result.error
    assert found is not None
    return found
