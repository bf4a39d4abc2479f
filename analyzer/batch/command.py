"""``analyzer batch``: many texts into one table. Heavy imports stand inside, so that ``--help`` answers at once."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from analyzer.batch.asked import OPTIONS, Asked, Model
from analyzer.errors import AnalyzerError, InputError

if TYPE_CHECKING:
    from analyzer.analysis import Analyzer
    from analyzer.batch.engines import Engine
    from analyzer.batch.job import Job, Totals
    from analyzer.batch.sources import Source
    from analyzer.batch.work_folder import WorkFolder

__all__ = ["batch_command"]

ROWS_WITH_ERRORS = 3
"""Exit status where the output is complete and some rows hold an error."""

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""


class _Watch(NamedTuple):
    """What a run calls as it goes on."""

    progress: Callable[[int], None]
    on_shard: Callable[["Totals"], None]
    tick: Callable[[], None]


Load = Callable[[str | None, str, str, bool, str | None], "Analyzer"]
"""Makes an analyzer of model, device, dtype, allow_pickle and a card's file."""


def batch_command(load: Load) -> click.Command:
    """The command; how an analyzer is made is the command line's business, and so are the options of the model."""

    @click.command(name="batch")
    @click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
    @click.pass_context
    def batch(
        ctx: click.Context, inputs: tuple[str, ...], out: Path, form: str | None, text_column: str | None,
        id_column: str | None, stdin_format: str, statistics: str, detectors: str, tokens: bool, fpr: float,
        base_rate: float, kind: str | None, card: str | None, shard_rows: int, threads: str, cache: Path | None,
        cache_size: int, engine: str, concurrency: int, num_gpus: float, ray_address: str | None, resume: bool,
        dry_run: bool, model: str | None, device: str, dtype: str, allow_pickle: bool,
    ) -> None:  # fmt: skip
        """Score many texts into one table: a row for each row that goes in, in its order, with numbers or a reason.

        INPUT is a file, a folder with all below it, a pattern, or - for standard input: .txt .md .docx .pdf .html, a
        row each; .jsonl .csv .tsv .parquet, a row a record; each also .gz or .zst.

        Exit status: 0 all rows have numbers, 3 some have an error, 2 refused or broken off, as by a full disk, 130
        stopped by Ctrl-C.
        """
        asked = Asked(
            inputs, out, form, text_column, id_column, stdin_format, statistics, detectors, tokens, fpr, base_rate,
            kind, shard_rows, threads, cache, cache_size, engine, concurrency, num_gpus, ray_address, resume, dry_run,
            Model(model, device, dtype, allow_pickle, card),
        )  # fmt: skip
        ctx.exit(_do(asked, lambda: load(model, device, dtype, allow_pickle, card)))

    for option in OPTIONS:
        batch = option(batch)
    return batch


def _do(asked: Asked, load: Callable[[], "Analyzer"]) -> int:
    """Do it; the exit status."""
    from analyzer.batch.job import may_begin
    from analyzer.batch.work_folder import WorkFolder
    from analyzer.terminal.interrupts import Stopped

    _check_engine(asked)
    if asked.dry_run:
        return _dry_run(asked, load)
    job = _job(asked)
    if may_begin(asked.out, resume=asked.resume) == "done":
        _say(f"{asked.out} is there, and nothing that was not finished: nothing to resume.")
        return 0
    try:
        with WorkFolder.locked(asked.out) as folder:
            try:
                return _run(asked, job, folder, load)
            except AnalyzerError:
                if folder.manifest is None:  # refused before the first row: nothing is worth keeping
                    folder.clear()
                raise
    except (Stopped, KeyboardInterrupt):
        _say("Stopped. What is done is kept: run the same command with --resume to go on.")
        return STOPPED


def _run(asked: Asked, job: "Job", folder: "WorkFolder", load: Callable[[], "Analyzer"]) -> int:
    if asked.out.exists():
        errors = 0 if folder.is_empty else folder.completed
        if errors is None:
            raise InputError(f"{asked.out} is there already.", hint="Move it: it was not written by this run.")
        folder.clear()
        _say(f"{asked.out} was finished: nothing to resume.")
        return ROWS_WITH_ERRORS if errors else 0
    job = replace(job, sources=_sources(asked, folder))
    _check(job)
    if asked.engine == "ray":
        with _watching() as watch, _ray_engine(asked, folder, watch.progress) as workers:
            done, taken = _with_cache(asked, workers, job, folder, watch)
    else:
        threads = _set_threads(asked.threads, folder)
        analyzer = load()
        with _watching() as watch:
            from analyzer.batch.engines import LocalEngine

            local = LocalEngine(analyzer, threads=threads, progress=watch.progress)
            done, taken = _with_cache(asked, local, job, folder, watch)
    if taken is not None:
        _say(f"{asked.cache}: {taken:,} rows were taken from it, or from one with the same text in this run.")
    _say(f"{asked.out}: {done.rows:,} rows, {done.tokens:,} tokens, {done.errors:,} rows with an error.")
    return ROWS_WITH_ERRORS if done.errors else 0


def _with_cache(
    asked: Asked, engine: "Engine", job: "Job", folder: "WorkFolder", watch: _Watch
) -> tuple["Totals", int | None]:
    """Run, with the cache between rows and engine if there is one; also how many rows came from it."""
    from analyzer.batch.job import run

    if asked.cache is None:
        return run(engine, job, folder, on_shard=watch.on_shard, tick=watch.tick), None

    from analyzer.batch.cache import Cache
    from analyzer.batch.cached import CachedEngine

    most = asked.cache_size * 1_000_000
    with closing(Cache(asked.cache, most_bytes=most, say=_say, names=job.layout.own)) as cache:
        cached = CachedEngine(engine, cache)
        return run(cached, job, folder, on_shard=watch.on_shard, tick=watch.tick), cached.taken


@contextmanager
def _ray_engine(asked: Asked, folder: "WorkFolder", progress: Callable[[int], None]) -> Iterator["Engine"]:
    from functools import partial

    from analyzer.batch import ray_worker
    from analyzer.batch.ray_cluster import connected
    from analyzer.batch.ray_engine import RayEngine
    from analyzer.batch.threads import choose_worker_threads
    from analyzer.calibration.cards import load_card

    model, workers = asked.model, asked.concurrency
    card = None if model.card is None else load_card(Path(model.card))  # here: the machines need not have the file
    device = model.device if model.device != "auto" else "cuda" if asked.num_gpus else "cpu"
    make = partial(ray_worker.analyzer_for, model.name, device, model.dtype, model.allow_pickle, card)
    before = folder.manifest
    resumed = None if before is None else before["machine"]["threads"]
    with connected(asked.ray_address, workers=workers, gpus=asked.num_gpus) as cluster:
        threads = choose_worker_threads(
            asked.threads, workers=workers, machines=cluster.machines, gpus=asked.num_gpus, resumed=resumed
        )
        _say(f"{cluster.said} Workers: {workers}; threads of each: {threads.count} ({threads.reason}).")
        with closing(
            RayEngine(make, workers=workers, gpus=asked.num_gpus, threads=threads.count, progress=progress, say=_say)
        ) as engine:
            yield engine


def _check_engine(asked: Asked) -> None:
    """Refuse what only the other engine knows."""
    only_ray = asked.concurrency != 1 or asked.num_gpus or asked.ray_address
    if asked.engine == "local" and only_ray:
        raise InputError("concurrency, num-gpus, ray-address: one process knows none.", hint="Add --engine ray.")
    if asked.engine == "ray" and asked.model.device.startswith("cuda") and not asked.num_gpus:
        raise InputError("device: Ray hides GPUs that were not asked for.", hint="Add --num-gpus 1.")


def _job(asked: Asked) -> "Job":
    """Without its sources: says what is wrong with the options before anything is looked at."""
    from analyzer.batch.job import Job
    from analyzer.batch.layout import Layout
    from analyzer.batch.sinks import format_of
    from analyzer.calibration import Settings

    layout = Layout.of(
        statistics=asked.statistics,
        detectors=asked.detectors,
        tokens=asked.tokens,
        settings=Settings(asked.fpr, asked.base_rate, asked.kind),
    )
    form = format_of(asked.out, asked.form)
    if asked.cache is not None and asked.cache.resolve() == asked.out.resolve():
        raise InputError(f"cache: {asked.cache} is OUT, too.", hint="Give the cache a file of its own.")
    cache = None if asked.cache is None else str(asked.cache)
    stdin = asked.stdin_format if "-" in asked.inputs else None
    return Job((), form, layout, asked.text_column, asked.id_column, asked.shard_rows, cache, stdin)


def _sources(asked: Asked, folder: "WorkFolder") -> list["Source"]:
    """The inputs, in the order given; standard input is kept first, for a run that is resumed cannot read it again."""
    from analyzer.batch.sources import find_sources

    found: dict[Path | None, Source] = {}
    for given in asked.inputs:
        if given == "-":
            kept = folder.stdin if asked.resume else None
            these = [_stdin_source(kept or folder.keep_stdin(sys.stdin.buffer), asked.stdin_format)]
        else:
            these = find_sources([given], leave_out=[asked.out, folder.path])
        for source in these:
            found.setdefault(source.path and source.path.resolve(), source)
    return list(found.values())


def _stdin_source(path: Path, form: str) -> "Source":
    from analyzer.batch.sources import PACKED, TABLES, bytes_source
    from analyzer.text.documents import KINDS

    source = bytes_source(b"", name=f"stdin.{form.lstrip('.')}")
    if f"{source.kind}{source.packing}" != f".{form.lstrip('.').lower()}":
        kinds = ", ".join(kind.lstrip(".") for kind in (*TABLES, *KINDS))
        raise InputError(
            f"stdin-format: got {form!r}.", hint=f"Give one of {kinds}; with {' or '.join(PACKED)} behind it if packed."
        )
    return replace(source, name="standard input", path=path, data=None)


def _check(job: "Job") -> None:
    from analyzer.batch.readers import check_columns

    columns = check_columns(job.sources, text_column=job.text_column, id_column=job.id_column)
    for one in dict.fromkeys(columns):
        if isinstance(one, InputError):
            _say(f"{one} Each of its rows will have this as its error.")
        else:
            _say(f"Text column: {one.text}; id: {one.id or 'the number of the row'}.")


def _set_threads(asked: str, folder: "WorkFolder | None") -> int:
    import torch

    from analyzer.batch.threads import choose_threads

    before = None if folder is None else folder.manifest
    threads = choose_threads(asked, resumed=None if before is None else before["machine"]["threads"])
    torch.set_num_threads(threads.count)
    _say(f"Threads: {threads.count} ({threads.reason}).")
    return threads.count


@contextmanager
def _watching() -> Iterator[_Watch]:
    """Shows how far the run is, and ends it after Ctrl-C."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from analyzer.terminal.interrupts import Stopped, interruptible

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        interruptible() as stopped,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("reading")

        def tick() -> None:
            if stopped():
                raise Stopped

        def progress(tokens: int) -> None:
            tick()
            bar.update(task, advance=tokens)
            speed = bar.tasks[0].speed or 0
            bar.update(task, description=f"{bar.tasks[0].fields.get('rows', '')}{speed:,.0f} tokens a second")

        def on_shard(done: "Totals") -> None:
            tick()
            bar.update(task, rows=f"{done.rows:,} rows done, {done.errors:,} with an error, ")

        yield _Watch(progress, on_shard, tick)


def _dry_run(asked: Asked, load: Callable[[], "Analyzer"]) -> int:
    from analyzer.batch.about import about
    from analyzer.batch.estimate import estimate
    from analyzer.batch.readers import read_rows
    from analyzer.batch.work_folder import WorkFolder

    job = _job(asked)
    with tempfile.TemporaryDirectory() as place:
        elsewhere = WorkFolder(Path(place) / "dry")
        elsewhere.path.mkdir()
        job = replace(job, sources=_sources(replace(asked, resume=False), elsewhere))
        _check(job)
        threads = _set_threads(asked.threads, None)
        analyzer = load()
        job.check(about(analyzer, threads=threads))
        found = estimate(analyzer, read_rows(job.sources, text_column=job.text_column, id_column=job.id_column))
    click.echo(
        f"{found.rows:,} rows, {found.tokens:,} tokens to read, {sum(found.errors.values()):,} rows with an error."
    )
    for reason, count in sorted(found.errors.items(), key=lambda item: -item[1])[:5]:
        click.echo(f"  {count:,} × {reason}".encode("utf-8", "backslashreplace"))
    if found.speed:
        click.echo(
            f"About {_duration(found.seconds)}: an estimate, from {found.speed:,.0f} tokens a second on a few rows."
        )
        if asked.concurrency > 1:
            shared = _duration(found.seconds / asked.concurrency)
            click.echo(f"With {asked.concurrency} workers as fast as this process, each to itself: about {shared}.")
    return 0


def _duration(seconds: float) -> str:
    """A rough length of time.

    >>> [_duration(seconds) for seconds in (8, 300, 40_000)]
    ['8 seconds', '5 minutes', '11.1 hours']
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _say(line: str) -> None:
    click.echo(line, err=True)
