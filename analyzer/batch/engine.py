"""Rows to results: in order, with bounded memory, while the next rows are read and the last ones written.

Rows are scored shard by shard. Batches form among the rows of one shard only: who shares a batch with whom moves the
seventh digit, so a shard gives the same bytes whether the shards before it were scored in this run or in an earlier
one.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain

from analyzer.analysis import Analyzer
from analyzer.batch.ahead import ahead
from analyzer.batch.rows import Result, Row
from analyzer.errors import AnalyzerError, InputError
from analyzer.scorer import Prepared, Scored, Scorer

__all__ = ["SHARD_CHARACTERS", "SHARD_ROWS", "score_rows", "score_runs", "score_shards", "shards"]

SHARD_ROWS = 256
"""Enough to form batches of similar length: on real texts of 30 to 960 tokens 0.9 % is padding (of 64 rows 2.7 %)."""

SHARD_CHARACTERS = 1_000_000
"""What bounds memory: about 250,000 tokens, whose scores take 60 MB; three shards are there at a time."""

_SHARD_CARRIED = 8_000_000  # characters of other columns, which nothing is computed of

_Ready = tuple[Sequence[Row], list[Prepared | AnalyzerError]]

Progress = Callable[[int], None]
"""Is given how many more tokens are scored; called in the model's thread. What it raises ends the run."""


def score_rows(
    analyzer: Analyzer, rows: Iterable[Row], *, shard_rows: int = SHARD_ROWS, progress: Progress | None = None
) -> Generator[Result, None, None]:
    """One result for each row, in order; a row that cannot be scored gives its reason.

    Rows are taken in another thread. Closing the iterator ends the threads after the batch being scored.

    Parameters
    ----------
    analyzer : Analyzer
    rows : iterable of Row
        See ``analyzer.batch.readers.read_rows`` and ``analyzer.batch.rows.rows_of``.
    shard_rows : int
        Among how many rows batches are formed.
    progress : callable, optional
        Is given the number of tokens of each batch once it is scored, in the model's thread; what it raises ends the
        run and is raised here.

    Raises
    ------
    InputError
        If `shard_rows` is less than 1.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.batch.rows import rows_of
    >>> from analyzer.models.toy import ToyModel
    >>> found = score_rows(Analyzer(ToyModel("to be")), rows_of(["to be", ""]))
    >>> [(r.row.number, r.analysis and len(r.analysis.scores), r.error and r.error.message) for r in found]
    [(1, 5, None), (2, None, 'There is no text to score.')]
    """
    with closing(score_shards(analyzer, rows, shard_rows=shard_rows, progress=progress)) as scored:
        yield from chain.from_iterable(scored)


def score_shards(
    analyzer: Analyzer,
    rows: Iterable[Row],
    *,
    shard_rows: int = SHARD_ROWS,
    shard_characters: int = SHARD_CHARACTERS,
    progress: Progress | None = None,
) -> Generator[Iterator[Result], None, None]:
    """As `score_rows`, shard by shard; the results of a shard are finished as they are taken.

    A shard has at most so many rows and characters, but at least one row.
    """
    runs = shards(rows, most_rows=shard_rows, most_characters=shard_characters)
    return score_runs(analyzer, runs, progress=progress)


def score_runs(
    analyzer: Analyzer, runs: Iterable[Sequence[Row]], *, progress: Progress | None = None
) -> Generator[Iterator[Result], None, None]:
    """As `score_shards`, of rows that are cut into shards already."""
    scorer, stop = analyzer.scorer, _Stop(progress)
    ready = ahead(_prepared(scorer, runs))
    scored = ahead(_scored(scorer, ready, stop))
    try:
        for shard, found in scored:
            yield _finished(scorer, shard, found)
    finally:
        stop.wanted = True
        scored.close()


def shards(
    rows: Iterable[Row], *, most_rows: int, most_characters: int = SHARD_CHARACTERS
) -> Generator[list[Row], None, None]:
    """Cut rows into runs of so many rows, or fewer where they are long; a longer row is a run of its own.

    What rows bring along counts, too, against a bound of its own. Where a run ends depends on its own rows only, so a
    run that is resumed at a boundary has the same boundaries.

    Raises
    ------
    InputError
        If `most_rows` is less than 1.

    Examples
    --------
    >>> from analyzer.batch.rows import rows_of
    >>> found = shards(rows_of(["a", "b", "c", "dddddd", "e"]), most_rows=2, most_characters=5)
    >>> [[row.text for row in shard] for shard in found]
    [['a', 'b'], ['c'], ['dddddd'], ['e']]
    """
    if most_rows < 1:
        raise InputError(f"shard-rows: got {most_rows}.", hint="Give a number from 1 on.")
    shard: list[Row] = []
    characters = carried = 0
    for row in rows:
        length, beside = len(row.text or ""), _characters(row.columns)
        full = len(shard) == most_rows or characters + length > most_characters or carried + beside > _SHARD_CARRIED
        if shard and full:
            yield shard
            shard, characters, carried = [], 0, 0
        shard.append(row)
        characters += length
        carried += beside
    if shard:
        yield shard


def _characters(value: object) -> int:
    """About as many as a JSON value has."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(name) + _characters(one) for name, one in value.items())
    return sum(map(_characters, value)) if isinstance(value, list) else 8


class _Stop(Exception):
    """The caller has gone; also what tells it."""

    def __init__(self, progress: Progress | None) -> None:
        super().__init__()
        self.wanted = False
        self._progress = progress

    def tick(self, tokens: int) -> None:
        if self.wanted:
            raise self
        if self._progress is not None:
            self._progress(tokens)


def _prepared(scorer: Scorer, runs: Iterable[Sequence[Row]]) -> Generator[_Ready, None, None]:
    for shard in runs:
        yield shard, [row.error or scorer.prepare(row.text or "") for row in shard]


def _scored(
    scorer: Scorer, ready: Generator[_Ready, None, None], stop: _Stop
) -> Generator[tuple[Sequence[Row], list[Scored | AnalyzerError]], None, None]:
    try:
        for shard, prepared in ready:
            yield shard, scorer.score(prepared, progress=stop.tick)
    finally:
        ready.close()


def _finished(scorer: Scorer, shard: Sequence[Row], scored: list[Scored | AnalyzerError]) -> Iterator[Result]:
    for row, one in zip(shard, scored, strict=True):
        found = scorer.finish(one)
        if isinstance(found, AnalyzerError):
            yield Result(row, None, found)
        else:
            yield Result(row, found, None)
