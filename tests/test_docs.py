"""What the documents name exists, and what exists is documented."""

import json
import re
from pathlib import Path

import click
import pytest

from analyzer.analysis import Analyzer
from analyzer.cards import shipped_card
from analyzer.cli import main
from analyzer.detectors import DETECTORS
from analyzer.models.toy import ToyModel
from analyzer.report import model_card
from analyzer.sampling import ORDER
from analyzer.session_file import to_json
from analyzer.statistics import STATISTICS

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
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
