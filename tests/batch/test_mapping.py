"""Batches of columns to columns with numbers: plain, in pandas, in Hugging Face data sets, in Ray Data."""

import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch import mapping
from analyzer.batch.mapping import ScoreTexts
from analyzer.calibration import Settings
from analyzer.calibration.cards import save_card
from analyzer.errors import CalibrationError, CalibrationMismatch, InputError, ModelUnavailable
from analyzer.models.loading import load

FEW = {"statistics": "perplexity,lrr", "detectors": "lastde"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small random Llama over bytes, as a folder: what is mapped is told its model by name."""
    import torch
    import transformers as tf
    from conftest import byte_tokenizer

    found = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    backend = byte_tokenizer("<|endoftext|>")
    config = tf.LlamaConfig(
        vocab_size=backend.get_vocab_size(), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, bos_token_id=0,
    )  # fmt: skip
    tf.LlamaForCausalLM(config).save_pretrained(found)
    tf.PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(found)
    return str(found)


@pytest.fixture(scope="module")
def card(folder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "card.json"
    save_card(toy_card(load(folder).info), path)
    return path


@pytest.fixture(scope="module")
def datasets() -> Any:
    return pytest.importorskip("datasets", reason="needs Hugging Face datasets: pip install datasets")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    found = pytest.importorskip("ray", reason="needs Ray: pip install 'ray[data]'")
    pytest.importorskip("ray.data", reason="needs Ray Data: pip install 'ray[data]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        found.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield found
        found.shutdown()


def test_each_text_gets_the_numbers_it_has_alone(folder: str) -> None:
    texts = [HUMAN, "to be", MACHINE * 2]
    found = ScoreTexts(model=folder)({"text": texts, "by": ["a", "b", "c"]})
    analyzer = Analyzer(folder)
    assert list(found) == ["text", "by", *ScoreTexts(model=folder).columns]
    assert found["by"] == ["a", "b", "c"]
    for n, text in enumerate(texts):
        alone = analyzer.analyze(text)
        assert found["n_tokens"][n] == len(alone.scores)
        for name, value in alone.statistics.items():
            assert found[name][n] == pytest.approx(value, rel=1e-3, nan_ok=True), name
        for name, detection in alone.detections.items():
            assert found[f"detector_{name}"][n] == pytest.approx(detection.score, rel=1e-3, nan_ok=True), name
    assert found["verdict"] == ["not judged"] * 3
    assert "no calibration" in found["reasons"][0]


@pytest.mark.parametrize("rows", [[None, "", 7, math.nan, b"to", ["to"], pd.NA, np.array(["to", "be"]), "a\udc00"], []])
@pytest.mark.parametrize("arrays", [False, True])
def test_what_cannot_be_scored_is_a_row_with_a_reason(folder: str, rows: list[Any], arrays: bool) -> None:
    values: Any = [*rows, "to be"]
    if arrays:
        values = np.empty(len(rows) + 1, object)
        for n, value in enumerate([*rows, "to be"]):
            values[n] = value
    found = ScoreTexts(model=folder, tokens=True, **FEW)({"text": values})  # type: ignore[arg-type]
    assert all(found["error"][:-1])
    assert found["error"][-1] == ""
    assert found["n_tokens"].tolist() == [0] * len(rows) + [5]
    assert np.isnan(found["perplexity"][:-1]).all()
    assert np.isfinite(found["perplexity"][-1])
    assert [len(ranks) for ranks in found["token_rank"]] == [0] * len(rows) + [5]
    assert found["verdict"] == [""] * len(rows) + ["not judged"]


def test_columns_have_the_same_types_whatever_the_rows(folder: str) -> None:
    scores = ScoreTexts(model=folder, tokens=True, **FEW)  # type: ignore[arg-type]
    good, bad, none = (scores({"text": texts}) for texts in (["to be"], [None], []))
    for name, kind in scores.columns.items():
        for found in (good, bad, none):
            if kind in ("int", "float"):
                assert found[name].dtype == (np.int64 if kind == "int" else np.float64)
            elif kind in ("ints", "floats"):
                assert all(one.dtype == (np.int64 if kind == "ints" else np.float64) for one in found[name])
            else:
                assert all(isinstance(one, str) for one in found[name])


def test_columns_with_a_name_of_ours_are_renamed(folder: str) -> None:
    batch = {"body": ["to be"], "error": [1], "input_error": [2], "id": ["x"]}
    found = ScoreTexts(model=folder, text_column="body", **FEW)(batch)  # type: ignore[arg-type]
    assert (found["id"], found["input_error"], found["input_input_error"], found["error"]) == (["x"], [2], [1], [""])
    assert list(batch) == ["body", "error", "input_error", "id"]  # what was given stays as it was


def test_a_frame_keeps_its_columns_and_index(folder: str) -> None:
    frame = pd.DataFrame({"text": pd.array(["to be", pd.NA, "or"], "string"), "n": [1, 2, 3]}, index=[7, 5, 7])
    found = ScoreTexts(model=folder, **FEW)(frame)  # type: ignore[arg-type]
    assert list(frame) == ["text", "n"]
    assert list(found)[:3] == ["text", "n", "n_tokens"]
    assert found.index.tolist() == [7, 5, 7]
    assert found["n_tokens"].tolist() == [5, 0, 2]
    assert [bool(error) for error in found["error"]] == [False, True, False]


def test_a_card_judges_and_travels_along(folder: str, card: Path) -> None:
    batch = {"text": [HUMAN * 2]}
    scores = ScoreTexts(model=folder, card=str(card), settings=Settings(0.05))
    alone = Analyzer(folder, calibration=toy_card(load(folder).info)).analyze(HUMAN * 2).judged(Settings(0.05))
    found = scores(batch)
    assert found["verdict"] == [alone.likelihood.verdict] != ["not judged"]
    assert found["probability"][0] == pytest.approx(alone.likelihood.probability, rel=1e-3)
    copy = pickle.loads(pickle.dumps(scores))
    text = card.read_text("utf-8")
    card.write_text("gone")  # another machine has no such file
    mapping._loaded.cache_clear()
    assert copy(batch)["verdict"] == found["verdict"]
    card.write_text(text)


def test_mistakes_are_said_before_any_row(folder: str, card: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="statistics: got 'nonsense'"):
        ScoreTexts(statistics="nonsense")
    with pytest.raises(InputError, match="threads: got 0"):
        ScoreTexts(threads=0)
    with pytest.raises(CalibrationError, match="cannot be read"):
        ScoreTexts(card=str(tmp_path / "none.json"))
    with pytest.raises(InputError, match=r"no column 'text'.*Name one of: body"):
        ScoreTexts(model=folder)({"body": ["to be"]})
    with pytest.raises(ModelUnavailable):
        ScoreTexts(model=str(tmp_path))({"text": ["to be"]})
    with pytest.raises(CalibrationMismatch):
        ScoreTexts(model=folder, card=str(card), dtype="float64")({"text": ["to be"]})


def test_a_process_loads_a_model_once_and_pickles_hold_none(folder: str) -> None:
    mapping._loaded.cache_clear()
    first, second = ScoreTexts(model=folder), ScoreTexts(model=folder, **FEW)  # type: ignore[arg-type]
    before = pickle.dumps(first)
    for scores in (first, second, pickle.loads(before)):
        scores({"text": ["to be"]})
    assert mapping._loaded.cache_info().misses == 1
    assert pickle.dumps(first) == before
    assert len(before) < 2000
    assert pickle.loads(before) == first != second


class TestDatasets:
    """Hugging Face data sets."""

    def test_maps_over_batches_also_where_the_first_has_no_numbers(self, datasets: Any, folder: str) -> None:
        texts = [None, "", None, "", "to be", "or"]
        scores = ScoreTexts(model=folder, tokens=True, **FEW)  # type: ignore[arg-type]
        found = datasets.Dataset.from_dict({"text": texts, "n": range(6)}).map(scores, batched=True, batch_size=2)
        assert found.column_names == ["text", "n", *scores.columns]
        assert found["n"][:] == list(range(6))
        assert found["n_tokens"][:] == [0, 0, 0, 0, 5, 2]
        assert [len(ranks) for ranks in found["token_rank"]] == [0, 0, 0, 0, 5, 2]
        assert [bool(error) for error in found["error"]] == [True] * 4 + [False] * 2
        assert math.isnan(found[0]["perplexity"])
        alone = scores({"text": texts})
        assert found["perplexity"][4:] == pytest.approx(alone["perplexity"][4:], rel=1e-5)

    def test_maps_over_a_stream_and_over_arrays(self, datasets: Any, folder: str) -> None:
        scores = ScoreTexts(model=folder, **FEW)  # type: ignore[arg-type]
        given = datasets.Dataset.from_dict({"text": ["to be", None, "or"]})
        streamed = given.to_iterable_dataset().map(scores, batched=True)
        assert [row["n_tokens"] for row in streamed] == [5, 0, 2]
        arrays = given.with_format("numpy").map(scores, batched=True)
        assert arrays.with_format(None)["n_tokens"][:] == [5, 0, 2]

    def test_equal_settings_have_equal_hashes_and_others_do_not(
        self, datasets: Any, folder: str, card: Path, tmp_path: Path
    ) -> None:
        settings: list[dict[str, Any]] = [
            {}, {"text_column": "body"}, {"statistics": "none"}, {"detectors": "none"}, {"tokens": True},
            {"settings": Settings(0.05)}, {"dtype": "float64"}, {"threads": 1}, {"card": str(card)},
        ]  # fmt: skip
        hashes = [datasets.fingerprint.Hasher.hash(ScoreTexts(model=folder, **one)) for one in settings]
        used = [ScoreTexts(model=folder, **one) for one in settings]
        used[0]({"text": ["to be"]})
        assert [datasets.fingerprint.Hasher.hash(one) for one in used] == hashes
        assert len(set(hashes)) == len(settings)
        changed = tmp_path / "card.json"
        changed.write_text(card.read_text("utf-8").replace("toy-1", "toy-2"))
        of_path = datasets.fingerprint.Hasher.hash(ScoreTexts(model=folder, card=str(changed)))
        changed.write_text(card.read_text("utf-8").replace("toy-1", "toy-3"))
        assert datasets.fingerprint.Hasher.hash(ScoreTexts(model=folder, card=str(changed))) != of_path

    @pytest.mark.usefixtures("datasets")
    def test_another_process_takes_the_cached_result(self, folder: str, tmp_path: Path) -> None:
        rows = tmp_path / "rows.jsonl"
        rows.write_text('{"text": "to be"}\n{"text": ""}\n')
        script = f"""
import json, sys, datasets
from analyzer.batch import mapping
given = datasets.Dataset.from_json({str(rows)!r}, cache_dir={str(tmp_path / "cache")!r})
found = given.map(mapping.ScoreTexts(model={folder!r}, statistics=sys.argv[1], detectors="none"), batched=True)
print(json.dumps([mapping._loaded.cache_info().misses, found["n_tokens"][:]]))
"""

        def run(statistics: str, seed: str) -> Any:
            done = subprocess.run(
                [sys.executable, "-c", script, statistics], capture_output=True, text=True, check=True,
                env=os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            return json.loads(done.stdout.splitlines()[-1])

        assert run("lrr", "1") == [1, [5, 0]]
        assert run("lrr", "2") == [0, [5, 0]]  # the model was not needed
        assert run("perplexity", "2") == [1, [5, 0]]


class TestRay:
    """Ray Data, on this machine."""

    @pytest.mark.parametrize("workers", ["actors", "tasks"])
    def test_maps_over_batches(self, ray: Any, folder: str, workers: str) -> None:
        rows = [{"text": text, "id": n} for n, text in enumerate([None, "", "to be", "or", 7 * "to "])]
        settings = {"model": folder, "tokens": True} | FEW
        given = ray.data.from_items(rows, override_num_blocks=1)
        if workers == "actors":
            found = given.map_batches(ScoreTexts, fn_constructor_kwargs=settings, concurrency=1, batch_size=2)
        else:
            found = given.map_batches(ScoreTexts(**settings), batch_size=2)
        taken = sorted(found.take_all(), key=lambda row: row["id"])
        assert [row["n_tokens"] for row in taken] == [0, 0, 5, 2, 21]
        assert [len(row["token_rank"]) for row in taken] == [0, 0, 5, 2, 21]
        assert [bool(row["error"]) for row in taken] == [True, True, False, False, False]
        alone = ScoreTexts(**settings)({"text": [row["text"] for row in rows]})
        assert [row["perplexity"] for row in taken[2:]] == pytest.approx(alone["perplexity"][2:].tolist(), rel=1e-5)
