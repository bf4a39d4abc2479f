"""The options of ``analyzer batch``, and what was given for them. Light: ``--help`` answers at once."""

from dataclasses import dataclass
from pathlib import Path

import click

__all__ = ["OPTIONS", "Asked", "Model"]

OPTIONS = (
    click.option("--out", required=True, type=click.Path(path_type=Path), help="The output; its ending is its format."),
    click.option("--format", "form", type=click.Choice(["jsonl", "csv", "parquet"]), help="Where OUT does not tell."),
    click.option("--text-column", metavar="NAME", help="Else “text”, else the only column of strings."),
    click.option("--id-column", metavar="NAME", help="Else “id”, else rows are numbered."),
    click.option("--stdin-format", default="jsonl", show_default=True, help="What - holds: an ending, such as csv.gz."),
    click.option("--statistics", default="all", show_default=True, metavar="NAMES", help="all, none, or some: a,b."),
    click.option("--detectors", default="all", show_default=True, metavar="NAMES", help="all, none, or some: a,b."),
    click.option("--tokens", is_flag=True, help="Also lists over the tokens: place, id, log-prob, rank, entropy."),
    click.option("--false-positive-rate", "--fpr", "fpr", default=0.01, show_default=True,
                 help="How many human texts may be called likely AI."),
    click.option("--base-rate", default=0.5, show_default=True, help="Share of machine texts that you expect."),
    click.option("--kind", help="Kind of writing, one that the card knows; texts are compared with those alone."),
    click.option("--card", metavar="FILE", help="A calibration card for this model, instead of its own."),
    click.option("--shard-rows", default=256, show_default=True, type=click.IntRange(min=1),
                 help="Rows that are batched and saved together."),
    click.option("--threads", default="auto", show_default=True, metavar="N", help="Of each model on a CPU."),
    click.option("--cache", type=click.Path(path_type=Path, dir_okay=False),
                 help="Keep what came of each text in this file; a text that is in it is not scored."),
    click.option("--cache-size", default=1000, show_default=True, metavar="MB", type=click.IntRange(min=1),
                 help="Of the cache; what was longest unused goes."),
    click.option("--engine", default="local", show_default=True, type=click.Choice(["local", "ray"]),
                 help="This process, or workers of Ray: several GPUs, several machines."),
    click.option("--concurrency", default=1, show_default=True, metavar="N", type=click.IntRange(min=1),
                 help="Workers of Ray, each with a model."),
    click.option("--num-gpus", default=0.0, show_default=True, metavar="X", type=click.FloatRange(min=0),
                 help="GPUs of each worker; 0.5: two share one."),
    click.option("--ray-address", metavar="HOST:PORT", help="Of a cluster; else RAY_ADDRESS, else this machine."),
    click.option("--resume", is_flag=True, help="Go on with a run that was stopped; its output is the same."),
    click.option("--dry-run", is_flag=True, help="Count rows, tokens and errors, estimate the time, write nothing."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """The model, as it was asked for; `card` is a file."""

    name: str | None
    device: str
    dtype: str
    allow_pickle: bool
    card: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    inputs: tuple[str, ...]
    out: Path
    form: str | None
    text_column: str | None
    id_column: str | None
    stdin_format: str
    statistics: str
    detectors: str
    tokens: bool
    fpr: float
    base_rate: float
    kind: str | None
    shard_rows: int
    threads: str
    cache: Path | None
    cache_size: int
    engine: str
    concurrency: int
    num_gpus: float
    ray_address: str | None
    resume: bool
    dry_run: bool
    model: Model
