"""A run from inputs to one output file: begun, stopped by whatever it may be, resumed, finished.

The output of a run that was killed and resumed, at any moments and any number of times, is byte for byte that of one
that was not.
"""

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from analyzer.batch.about import About
from analyzer.batch.engine import SHARD_ROWS, shards
from analyzer.batch.engines import Engine
from analyzer.batch.layout import Kind, Layout, kind_of, merged
from analyzer.batch.manifest import manifest, refuse_changes
from analyzer.batch.parts import Part, line_with
from analyzer.batch.readers import read_rows
from analyzer.batch.rows import Row
from analyzer.batch.sinks import all_columns, write_output
from analyzer.batch.sources import Source
from analyzer.batch.work_folder import Shard, WorkFolder, work_folder_of
from analyzer.errors import InputError

__all__ = ["Job", "Totals", "may_begin", "run"]


_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    Attributes
    ----------
    sources : sequence of Source
    form : str
        One of ``analyzer.batch.sinks.FORMATS``.
    layout : Layout
    text_column, id_column : str or None
        See ``analyzer.batch.readers.read_rows``.
    shard_rows : int
        Rows among which batches are formed, and which are lost by a kill.
    cache : str or None
        File of a cache whose numbers may be taken, for the manifest.
    stdin : str or None
        What standard input is read as, for the manifest.
    """

    sources: Sequence[Source]
    form: str
    layout: Layout
    text_column: str | None = None
    id_column: str | None = None
    shard_rows: int = SHARD_ROWS
    cache: str | None = None
    stdin: str | None = None

    def check(self, about: About) -> None:
        """Refuse before the first row what no row could be given.

        Raises
        ------
        InputError
        """
        kind, known = self.layout.settings.kind, about.kinds
        if kind is not None and kind not in known:
            hint = f"Give one of {', '.join(known)}." if known else "Leave it out: this model has no calibration."
            raise InputError(f"kind: the calibration does not know {kind!r}.", hint=hint)
        if self.layout.tokens and self.form == "csv":
            raise InputError("tokens: CSV has no lists.", hint="Write .jsonl or .parquet.")
        if self.shard_rows < 1:
            raise InputError(f"shard-rows: got {self.shard_rows}.", hint="Give a number from 1 on.")

    @property
    def reading(self) -> dict[str, Any]:
        """Its settings beside those of the layout, for the manifest."""
        return {
            "format": self.form,
            "text column": self.text_column,
            "id column": self.id_column,
            "shard rows": self.shard_rows,
            "cache": self.cache,
            "standard input": self.stdin,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """How far a run is: all rows that are done, and those among them without an analysis."""

    rows: int = 0
    errors: int = 0
    tokens: int = 0

    def plus(self, shard: Shard) -> "Totals":
        """With one more shard."""
        return Totals(self.rows + shard.rows, self.errors + shard.errors, self.tokens + shard.tokens)


def may_begin(out: Path, *, resume: bool) -> Literal["begin", "done"]:
    """Whether there is anything to do.

    Raises
    ------
    InputError
        If something is there that would be overwritten, or that could be gone on with.
    """
    folder = work_folder_of(out)
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder.", hint="Make it, or name another.")
    if resume:
        return "done" if out.exists() and not folder.exists() else "begin"
    if folder.exists():
        raise InputError(f"{folder} is there: a run was not finished.", hint="Add --resume, or remove it.")
    if out.exists():
        raise InputError(f"{out} is there already.", hint="Move it, or name another OUT.")
    return "begin"


def run(
    engine: Engine,
    job: Job,
    folder: WorkFolder,
    *,
    on_shard: Callable[[Totals], None] | None = None,
    tick: Callable[[], None] | None = None,
) -> Totals:
    """Do what is left to do, and write the output.

    Parameters
    ----------
    engine : Engine
        What its progress raises leaves a state that can be resumed.
    job : Job
    folder : WorkFolder
        Locked.
    on_shard : callable, optional
        Is told how far the run is, once at the beginning and after each shard.
    tick : callable, optional
        Is called for each row read and each line written, the first in another thread. What it raises leaves a state
        that can be resumed.

    Raises
    ------
    InputError
        If it was begun with something else, or something cannot be written.
    """
    job.check(engine.about)
    now = manifest(engine.about, job.sources, job.layout, reading=job.reading)
    if (before := folder.manifest) is not None:
        refuse_changes(before, now, folder=folder.path)
    else:
        folder.manifest = now
    done, first = Totals(), 0
    for shard in folder.shards():
        done, first = done.plus(shard), first + 1
    tell = on_shard or (lambda _: None)
    tell(done)
    rows = read_rows(job.sources, text_column=job.text_column, id_column=job.id_column, skip=done.rows)
    runs = shards(_ticking(rows, tick), most_rows=job.shard_rows)
    with closing(_scored(engine, runs, job.layout)) as scored:
        for number, (given, parts) in enumerate(scored, first):
            shard, lines = _written(given, parts, job.layout)
            folder.write_shard(number, shard, lines)
            done = done.plus(shard)
            tell(done)
    columns = all_columns(job.layout, folder.shards())
    about = json.dumps({name: value for name, value in now.items() if name != "inputs"}, ensure_ascii=False)
    folder.finish(
        lambda file: write_output(
            file, (_ticking(lines, tick) for lines in folder.lines()), form=job.form, columns=columns, about=about
        ),
        errors=done.errors,
    )
    return done


def _ticking(items: Iterator[_Item], tick: Callable[[], None] | None) -> Iterator[_Item]:
    if tick is None:
        return items
    return (item for item in items if tick() is None)


def _scored(
    engine: Engine, runs: Iterable[Sequence[Row]], layout: Layout
) -> Generator[tuple[Sequence[Row], list[Part]], None, None]:
    """Each shard with its parts."""
    waiting: deque[Sequence[Row]] = deque()

    def noted() -> Iterator[Sequence[Row]]:
        for run in runs:
            waiting.append(run)
            yield run

    with closing(engine.parts(noted(), layout)) as scored:
        for parts in scored:
            yield waiting.popleft(), parts


def _written(rows: Sequence[Row], parts: Sequence[Part], layout: Layout) -> tuple[Shard, list[bytes]]:
    """A shard as lines."""
    lines: list[bytes] = []
    columns: dict[str, Kind] = {}
    for row, part in zip(rows, parts, strict=True):
        carried = layout.carried(row)
        columns = merged(columns, [("id", kind_of(row.id)), *((name, kind_of(v)) for name, v in carried.items())])
        lines.append(line_with(row, part, carried))
    errors, tokens = sum(part.failed for part in parts), sum(part.tokens for part in parts)
    return Shard(len(lines), errors, tokens, columns), lines
