"""What the documents name exists, and what exists is documented."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from analyzer.analysis import Analyzer
from analyzer.calibration.cards import shipped_card
from analyzer.cli import main
from analyzer.detectors import DETECTORS
from analyzer.guided.session_file import to_json
from analyzer.models.toy import ToyModel
from analyzer.sampling import ORDER
from analyzer.statistics import STATISTICS
from analyzer.terminal.report import model_card

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
BATCH = (ROOT / "docs" / "batch.md").read_text("utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").glob("*.md")]


def commands(group: click.Group, prefix: str = "") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        found += (
            commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else [(prefix + name, command)]
        )
    return found


@pytest.mark.parametrize(("name", "command"), commands(main))
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    assert f"`{name}" in REFERENCE or f"`analyzer {name}" in REFERENCE
    for option in command.params:
        if isinstance(option, click.Option):
            assert any(f"`{flag}" in REFERENCE for flag in option.opts), option.opts


def test_every_statistic_is_documented_with_its_meaning() -> None:
    for statistic in STATISTICS:
        assert f"| `{statistic.name}` | {statistic.unit} | {statistic.description} |" in REFERENCE


def test_every_detector_is_documented_with_its_meaning() -> None:
    for detector in DETECTORS:
        assert f"| `{detector.name}` | {detector.description} |" in REFERENCE


def test_the_model_card_shows_the_figures_of_the_card() -> None:
    assert model_card(shipped_card()) in (ROOT / "docs" / "model-card.md").read_text("utf-8")


def test_every_json_key_is_documented() -> None:
    found = json.loads(Analyzer(ToyModel("ab")).analyze("ab").to_json())
    parts = (
        found["model"],
        found["tokens"][0],
        found["tokens"][0]["top"][0],
        found["likelihood"],
        found["sentences"][0],
    )
    for key in [*found, *(key for part in parts for key in part)]:
        assert re.search(rf"[`, ]{key}[`, ]", REFERENCE), key


def test_every_setting_of_the_sampler_and_key_of_a_session_is_documented() -> None:
    saved = json.loads(to_json(Analyzer(ToyModel("ab")).guide("ab")))
    for name in [*ORDER, *saved, *saved["nodes"][0]]:
        assert re.search(rf"`{name}`", REFERENCE), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_two_commands_of_the_readme_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_every_architecture_of_the_readme_is_tested() -> None:
    families = (ROOT / "tests" / "models" / "test_families.py").read_text("utf-8")
    count = len(set(re.findall(r"\(tf\.(\w+)Config,", families)))
    assert f"on {count} architectures" in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def essays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The table that docs/batch.md reads, in the folder it is run in."""
    path = tmp_path / "essays.csv"
    path.write_text("writer,text\nAnn,The wind had fallen by evening.\nBob,\nCem,Once upon a time.\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("code", blocks(BATCH, "python"), ids=["analyze_many", "pandas", "datasets", "ray"])
def test_the_python_of_the_page_on_batches_runs(
    code: str, essays: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in re.findall(r"^(?:from|import) (datasets|ray)\b", code, re.MULTILINE):
        pytest.importorskip(library, reason=f"this block needs {library}")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    if "datasets" in code:
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", essays.parent / "cache")
    names: dict[str, Any] = {}
    if "ray" in code:
        import ray

        # Two: one for the reader, one for the worker.
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        exec(code, names)
        if "ray" in code:
            names["scored"] = pd.read_parquet("scored")
    finally:
        if "ray" in code:
            ray.shutdown()
    if "scored" not in names:
        assert "There is no text to score" in capsys.readouterr().out
        return
    errors, perplexity = names["scored"]["error"], names["scored"]["perplexity"]
    assert [bool(error) for error in errors] == [False, True, False]
    assert [value > 1 for value in perplexity] == [True, False, True]


def test_the_commands_of_the_page_on_batches_run(essays: Path) -> None:
    (code,) = blocks(BATCH, "sh")[:1]
    for line in code.splitlines():
        done = CliRunner().invoke(main, shlex.split(line)[1:])
        assert done.exit_code == (0 if "--resume" in line else 3), done.output
    table = pd.read_parquet(essays.with_name("scored.parquet"))
    assert table["error"].notna().tolist() == [False, True, False]
    assert {"writer", "perplexity", "curvature", "verdict"} <= set(table)


def test_the_measurements_of_the_page_on_batches_can_be_made() -> None:
    scripts = re.findall(r"python (tests/benchmarks/\w+\.py)((?: --?[\w-]+[ \w.]*)*)", BATCH)
    assert scripts
    for script, options in scripts:
        source = (ROOT / script).read_text("utf-8")
        assert all(f'"{option}"' in source for option in re.findall(r"--[\w-]+", options)), script
