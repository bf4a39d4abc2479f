"""Results held in memory as files: what the command writes, and nothing a spreadsheet would run."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch.downloads import file_of
from analyzer.batch.engine import score_rows
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, run
from analyzer.batch.kept import Kept, judged_again, keep
from analyzer.batch.layout import Layout
from analyzer.batch.overview import by_chance, likelihood_histogram, verdict_bars, verdict_counts
from analyzer.batch.readers import read_rows
from analyzer.batch.sources import bytes_source
from analyzer.batch.spreadsheet import disarmed
from analyzer.batch.work_folder import WorkFolder
from analyzer.calibration import Likelihood, Settings
from analyzer.ui.session import load_model

RECORDS = [
    {"id": "a", "text": MACHINE, "year": 2000, "=evil": "@x"},
    {"id": '=HYPERLINK("http://x","y")', "text": HUMAN, "note": "-1+1"},
    {"id": -7, "text": "the cat", "verdict": "mine"},
    {"id": "d", "text": None, "year": 0.5},
]
SOURCE = bytes_source("".join(json.dumps(one) + "\n" for one in RECORDS).encode(), name="=in.jsonl")
SETTINGS = Settings(0.05)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    model = load_model("toy")
    return Analyzer(model, calibration=toy_card(model.info))


@pytest.fixture(scope="module")
def held(analyzer: Analyzer) -> list[tuple[Kept, Likelihood | None]]:
    kept = [keep(one, Layout()) for one in score_rows(analyzer, read_rows([SOURCE]))]
    card = analyzer.calibration
    return [(k, k.likelihood and judged_again(card, k.likelihood, k.n_tokens, SETTINGS)) for k in kept]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_a_file_is_that_of_the_command(analyzer: Analyzer, held: Any, form: str, tmp_path: Path) -> None:
    out = tmp_path / f"out.{form}"
    with WorkFolder.locked(out) as folder:
        run(LocalEngine(analyzer, threads=1), Job([SOURCE], form, Layout(settings=SETTINGS)), folder)
    found = file_of(analyzer, held, form=form, settings=SETTINGS)
    if form == "jsonl":
        assert found == out.read_bytes()
    elif form == "parquet":
        table = parquet.read_table(io.BytesIO(found))
        assert table.equals(parquet.read_table(out))
        about = json.loads(table.schema.metadata[b"analyzer"])
        assert (about["model"]["name"], about["settings"]["false_positive_rate"]) == ("toy", 0.05)
    else:
        rows, others = ([*csv.reader(io.StringIO(one.decode(), newline=""))] for one in (found, out.read_bytes()))
        assert len(rows) == len(others) == 5
        changed = {
            (cell, other)
            for row, expected in zip(rows, others, strict=True)
            for cell, other in zip(row, expected, strict=True)
            if cell != other
        }
        assert changed == {("'" + cell, cell) for cell in ("=evil", "@x", RECORDS[1]["id"], "-1+1")}
        assert "-7" in [row[0] for row in rows]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_no_text_is_left_that_a_spreadsheet_would_run(text: str) -> None:
    assert disarmed({"a": text, "b": [text], text: 1}) == {"a": "'" + text, "b": ["'" + text], "'" + text: 1}


@pytest.mark.parametrize("value", ["a=1", "", "'=1", 5, -1.5, None, True, [], {"=": "="}])
def test_everything_else_stays(value: object) -> None:
    assert disarmed({"a": value}) == {"a": value}


def test_an_overview_counts_every_row_once(held: Any) -> None:
    likelihoods = [likelihood for _, likelihood in held]
    counts = verdict_counts(likelihoods)
    assert counts == {"likely AI": 1, "unclear": 0, "likely human": 1, "not judged": 1, "failed": 1}
    bars = verdict_bars(counts).to_dict()
    assert "Likely AI 1, Unclear 0" in bars["description"]
    histogram = likelihood_histogram(likelihoods).to_dict()
    (rows,) = histogram["datasets"].values()
    assert [row["texts"] for row in rows] == [1, *[0] * 8, 1]
    assert "90 to 100 %: 1" in histogram["description"]
    assert likelihood_histogram([]).to_dict()["datasets"]
    assert by_chance(300, 0.01) == pytest.approx(3)
