"""Whole runs: what they leave behind, what they refuse, what they need."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import parquet

from analyzer.analysis import Analyzer
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, Totals, may_begin, run
from analyzer.batch.layout import Layout
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.errors import InputError
from analyzer.models.toy import ToyModel

CORPUS = "to be or not to be. " * 9


@pytest.fixture
def job(tmp_path: Path) -> Job:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": "to be " * (n % 5), "n": n}) + "\n" for n in range(23)))
    return Job([file_source(path)], "jsonl", Layout((), ()), shard_rows=4)


def do(job: Job, out: Path, corpus: str = CORPUS, on_shard: Callable[[Totals], None] | None = None) -> Totals:
    with WorkFolder.locked(out) as folder:
        return run(LocalEngine(Analyzer(ToyModel(corpus)), threads=1), job, folder, on_shard=on_shard)


def stop_at(rows: int) -> Callable[[Totals], None]:
    def on_shard(done: Totals) -> None:
        if done.rows >= rows:
            raise KeyboardInterrupt

    return on_shard


def test_rows_errors_and_tokens_are_counted(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    seen: list[int] = []
    assert do(job, out, on_shard=lambda done: seen.append(done.rows)) == Totals(
        23, 5, 6 * 43
    )  # "to be " as often as n % 5
    assert seen == [0, 4, 8, 12, 16, 20, 23]
    assert [json.loads(line)["n"] for line in out.read_text().splitlines()] == list(range(23))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.jsonl", "rows.jsonl"]


def test_a_run_goes_on_behind_its_last_shard(job: Job, tmp_path: Path) -> None:
    do(job, tmp_path / "whole.jsonl")
    with pytest.raises(KeyboardInterrupt):
        do(job, tmp_path / "out.jsonl", on_shard=stop_at(10))
    seen: list[int] = []
    do(job, tmp_path / "out.jsonl", on_shard=lambda done: seen.append(done.rows))
    assert seen == [12, 16, 20, 23]
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_another_input_model_or_setting_is_refused(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        do(job, out, on_shard=stop_at(4))
    with pytest.raises(InputError, match="model revision was"):
        do(job, out, corpus="other")
    with pytest.raises(InputError, match="settings shard rows was 4, is 5"):
        do(replace(job, shard_rows=5), out)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write('{"text": "more"}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl has changed"):
        do(job, out)


def test_what_is_there_is_not_overwritten(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert may_begin(out, resume=False) == may_begin(out, resume=True) == "begin"
    with pytest.raises(KeyboardInterrupt):
        do(job, out, on_shard=stop_at(4))
    with pytest.raises(InputError, match="Add --resume"):
        may_begin(out, resume=False)
    assert may_begin(out, resume=True) == "begin"
    do(job, out)
    with pytest.raises(InputError, match="is there already"):
        may_begin(out, resume=False)
    assert may_begin(out, resume=True) == "done"
    with pytest.raises(InputError, match="is no folder"):
        may_begin(tmp_path / "no" / "out.csv", resume=False)


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    with (
        WorkFolder.locked(tmp_path / "out.jsonl"),
        pytest.raises(InputError, match="Another process"),
        WorkFolder.locked(tmp_path / "out.jsonl"),
    ):
        pass
    assert not (tmp_path / "out.jsonl.part").exists()


@pytest.mark.parametrize("at", [1, 2, 5, 9, 18])
def test_a_full_disk_is_one_sentence_and_can_be_gone_on_from(
    at: int, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(job, tmp_path / "whole.jsonl")
    flush, count = os.fsync, 0

    def full(file: int) -> None:
        nonlocal count
        count += 1
        if count >= at:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)\. Make room .* --resume"):
        do(job, tmp_path / "out.jsonl")
    monkeypatch.setattr(os, "fsync", flush)
    do(job, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["shard-0000002.jsonl", "output"])
def test_a_device_that_is_full(name: str, job: Job, tmp_path: Path) -> None:
    do(job, tmp_path / "whole.jsonl")
    out = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.part").mkdir()
    (tmp_path / "out.jsonl.part" / f"{name}.tmp").symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left on device"):
        do(job, out)
    assert not out.exists()
    do(job, out)
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_what_cannot_be_done_is_refused_before_the_first_row(job: Job, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="CSV has no lists"):
        do(replace(job, form="csv", layout=Layout(tokens=True)), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv.part").exists()


def test_a_damaged_manifest_is_one_sentence(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "out.jsonl.part"
    folder.mkdir()
    (folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        do(job, tmp_path / "out.jsonl")


def test_parquet_says_what_made_its_numbers(job: Job, tmp_path: Path) -> None:
    do(replace(job, form="parquet", layout=Layout(("lrr",), (), tokens=True)), tmp_path / "out.parquet")
    about = json.loads(parquet.read_schema(tmp_path / "out.parquet").metadata[b"analyzer"])
    assert about["model"]["name"] == "toy"
    assert about["settings"]["statistics"] == ["lrr"]


MEMORY = """
import json, resource
from pathlib import Path
from analyzer import scorer
from analyzer.analysis import Analyzer
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, run
from analyzer.batch.layout import Layout
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.models.toy import ToyModel
scorer.detect = scorer.document_statistics = lambda scores: {}  # most of the time, and nothing that stays
engine = LocalEngine(Analyzer(ToyModel("to be or not to be. " * 9)), threads=1)
for rows in (1_000, 20_000):
    path, out = Path(f"{rows}.jsonl"), Path(f"{rows}.parquet")
    with path.open("w") as file:
        for n in range(rows):
            print(json.dumps({"text": "to be or " * (1 + n % 7), "n": n}), file=file)
    with WorkFolder.locked(out) as folder:
        run(engine, Job([file_source(path)], "parquet", Layout((), (), tokens=True)), folder)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures in kilobytes")
def test_memory_is_flat_in_the_number_of_rows(tmp_path: Path) -> None:
    """The most memory ever held: 20,000 rows need what 1,000 do, up to one row group of the output (8,192 rows)."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    few, many = (int(line) / 1024 for line in done.stdout.split())
    assert many < few + 60, (few, many)  # MB
