"""The texts to try: what the index says of them is true."""

import hashlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from analyzer.analysis import Analyzer
from analyzer.models import store
from analyzer.models.transformers_lm import TransformersLM
from analyzer.scoring import Row

SAMPLES = Path(__file__).parents[1] / "samples"
INDEX: list[dict[str, Any]] = json.loads((SAMPLES / "index.json").read_text("utf-8"))
BY_FILE = {entry["file"]: entry for entry in INDEX}
GENERATED = [entry for entry in INDEX if entry["kind"] != "human"]


def read(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode("utf-8")


def of_each(entries: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: Path(entry["file"]).stem)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """samples/make.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("samples_make", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def control_tokens() -> Tokenizer:
    """The default model's tokenizer, which reads control tokens in a prompt as such."""
    return Tokenizer.from_file(str(store.ensure_default() / "tokenizer.json"))


def test_every_text_is_listed_once() -> None:
    assert sorted(entry["file"] for entry in INDEX) == sorted(path.name for path in SAMPLES.glob("*.txt"))
    assert {entry["kind"] for entry in INDEX} == {"human", "ai", "mixed"}


@of_each(INDEX)
def test_entry_and_text(entry: dict[str, Any]) -> None:
    more = {"human": set(), "ai": {"settings"}, "mixed": {"settings", "boundary"}}[entry["kind"]]
    assert set(entry) == {"file", "title", "kind", "origin", "sha256"} | more
    assert entry["file"].startswith(entry["kind"])
    assert hashlib.sha256((SAMPLES / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    text = read(entry["file"])
    assert 150 <= len(text.split()) <= 450
    assert text == text.strip()
    assert not [line for line in text.split("\n") if line != line.strip()]
    assert all(c == "\n" or c.isprintable() for c in text)
    assert text.endswith((".", "”"))


def test_the_mixed_text_begins_with_the_human_one() -> None:
    (entry,) = [entry for entry in INDEX if entry["kind"] == "mixed"]
    human, mixed, boundary = read(entry["settings"]["human"]), read(entry["file"]), entry["boundary"]
    assert mixed[:boundary] == human[:boundary]
    assert mixed[boundary:][:20] != human[boundary:][:20]
    assert mixed[boundary - 1] == "."
    assert mixed[boundary].isspace()


def test_the_index_holds_the_settings_of_the_jobs(make: ModuleType, default_model: TransformersLM) -> None:
    assert [job.file for job in make.JOBS] == [entry["file"] for entry in GENERATED]
    for job, entry in zip(make.JOBS, GENERATED, strict=True):
        again = make.entry_of(job, read(job.file), entry["settings"]["drawn"], default_model.info)
        libraries = again["settings"]["libraries"]  # may be newer than those that made the text
        assert again == entry | {"settings": entry["settings"] | {"libraries": libraries}}


@of_each(GENERATED)
def test_the_command_makes_the_beginning_again(
    entry: dict[str, Any], make: ModuleType, default_model: TransformersLM, control_tokens: Tokenizer
) -> None:
    """A few tokens only: over a whole text, another processor's rounding may turn a draw."""
    (job,) = [job for job in make.JOBS if job.file == entry["file"]]
    human = read(job.human)[: job.boundary] if job.human else ""
    ids = make.generate(default_model, control_tokens, replace(job, limit=12), job.prompt + human)
    assert len(ids) == 12
    drawn = control_tokens.decode(ids, skip_special_tokens=False)
    assert read(job.file).startswith(human + drawn if human else drawn.lstrip())


@of_each([entry for entry in GENERATED if entry["settings"]["top_k"] or entry["settings"]["temperature"] == 0])
def test_ranks_are_those_that_the_sampler_leaves(
    entry: dict[str, Any], default_model: TransformersLM, control_tokens: Tokenizer
) -> None:
    """Greedy leaves rank 1, top-k ranks up to k. Not all tokens: the text may be split otherwise than it was drawn."""
    settings, text, boundary = entry["settings"], read(entry["file"]), entry.get("boundary", 0)
    before = control_tokens.encode(settings["prompt"] + text[:boundary], add_special_tokens=False).ids
    ids = np.array([*before, *default_model.tokenizer.encode(text[boundary:]).ids])
    (scores,) = default_model.score([Row(ids, len(before))], top_k=1)
    last_rank = 1 if settings["temperature"] == 0 else settings["top_k"]
    assert len(scores) > 150
    assert (scores.rank <= last_rank).mean() >= 0.97


def test_the_greedy_text_goes_in_circles() -> None:
    text = read("ai-greedy.txt")
    assert text.count(text.split(". ")[-1]) >= 3


def test_the_model_is_less_surprised_by_its_own_texts(default_model: TransformersLM) -> None:
    analyzer = Analyzer(default_model)
    surprise: dict[str, list[float]] = {"human": [], "ai": [], "mixed": []}
    for entry in INDEX:
        surprise[entry["kind"]].append(analyzer.analyze(read(entry["file"])).statistics["surprise_mean"])
    assert max(surprise["ai"]) < min(surprise["human"])
    assert surprise["mixed"][0] < min(surprise["human"])


def test_the_mixed_text_gets_less_surprising_at_the_boundary(default_model: TransformersLM) -> None:
    (entry,) = [entry for entry in INDEX if entry["kind"] == "mixed"]
    analysis = Analyzer(default_model).analyze(read(entry["file"]))
    by_the_model = analysis.tokenization.spans[:, 0] >= entry["boundary"]
    log_prob = analysis.scores.log_prob
    assert log_prob[by_the_model].mean() > log_prob[~by_the_model].mean() + 1  # nat
