"""Workers of Ray: the same bytes as one process, whatever becomes of the workers and of the driver."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from pyarrow import parquet

from analyzer.analysis import Analyzer
from analyzer.batch import ray_engine
from analyzer.batch.about import About
from analyzer.batch.cache import Cache
from analyzer.batch.cached import CachedEngine
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, Totals, run
from analyzer.batch.layout import Layout
from analyzer.batch.ray_cluster import _cluster as _cluster_said
from analyzer.batch.ray_cluster import connected
from analyzer.batch.ray_engine import RayEngine
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.cli import main
from analyzer.errors import InputError, ModelError, ModelUnavailable
from analyzer.models.toy import ToyModel

CORPUS = "to be or not to be. " * 9


@pytest.fixture(scope="module")
def _cluster() -> Iterator[None]:
    """One for all tests here: starting it takes seconds."""
    with connected(None, workers=4, gpus=0):  # two that stay, two of a single test
        from ray import cloudpickle

        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # other processes cannot import it
        yield


@pytest.fixture(scope="module")
def engine(_cluster: None) -> Iterator[RayEngine]:
    def make() -> Analyzer:
        return Analyzer(Slow(CORPUS))

    engine = RayEngine(make, workers=2)
    yield engine
    engine.close()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    path = tmp_path / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(120):
            row = {
                "id": f"r{n}",
                "text": None if n % 11 == 5 else "to be or not " * (n % 9),
                "mark": n if n % 7 else "x",
            }
            print("{broken" if n % 13 == 7 else json.dumps(row), file=file)
    return Job([file_source(path)], "jsonl", Layout(tokens=True), shard_rows=5)


class Slow(ToyModel):
    def score(self, *given: Any, **named: Any) -> Any:
        time.sleep(0.03)
        return super().score(*given, **named)


class Deadly(ToyModel):
    def score(self, *_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


def local(job: Job, out: Path) -> Totals:
    with WorkFolder.locked(out) as folder:
        return run(LocalEngine(Analyzer(ToyModel(CORPUS)), threads=1), job, folder)


def test_the_same_bytes_as_one_process(engine: RayEngine, job: Job, tmp_path: Path) -> None:
    counted: list[int] = []
    engine.progress = counted.append
    done = local(job, tmp_path / "local.jsonl")
    with WorkFolder.locked(tmp_path / "ray.jsonl") as folder:
        assert run(engine, job, folder) == done
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert sum(counted) == done.tokens > 0

    table = Job(job.sources, "parquet", Layout(), shard_rows=16)
    local(table, tmp_path / "local.parquet")
    with WorkFolder.locked(tmp_path / "ray.parquet") as folder:
        run(engine, table, folder)
    one, other = (parquet.read_table(tmp_path / f"{name}.parquet") for name in ("local", "ray"))
    assert one.schema.metadata == other.schema.metadata
    assert one.to_pydict() == other.to_pydict()


def test_behind_a_cache_workers_get_what_is_new(engine: RayEngine, job: Job, tmp_path: Path) -> None:
    counted: list[int] = []
    engine.progress = counted.append
    local(job, tmp_path / "local.jsonl")
    said: list[str] = []
    each_text_once = len("to be or not ") * sum(range(9))
    for name, tokens in (("first", each_text_once), ("second", 0)):  # then whole shards with nothing to score
        counted.clear()
        with (
            closing(Cache(tmp_path / "cache", most_bytes=10**8, say=said.append, names=job.layout.own)) as cache,
            WorkFolder.locked(tmp_path / f"{name}.jsonl") as folder,
        ):
            run(CachedEngine(engine, cache), job, folder)
        assert sum(counted) == tokens
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert said == []


class Enough(Exception):
    pass


def test_what_progress_raises_ends_the_run_and_another_process_goes_on(
    engine: RayEngine, job: Job, tmp_path: Path
) -> None:
    def progress(tokens: int) -> None:
        if tokens:
            raise Enough

    engine.progress = progress
    with WorkFolder.locked(tmp_path / "ray.jsonl") as folder, pytest.raises(Enough):
        run(engine, job, folder)
    engine.progress = lambda _: None
    assert not (tmp_path / "ray.jsonl").exists()
    local(job, tmp_path / "ray.jsonl")  # begun by one engine, gone on with by another
    local(job, tmp_path / "local.jsonl")
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


def test_a_worker_that_is_killed_costs_nothing_but_time(engine: RayEngine, job: Job, tmp_path: Path) -> None:
    local(job, tmp_path / "local.jsonl")
    before = engine.processes
    killed: list[int] = []

    def on_shard(done: Totals) -> None:
        if done.rows >= 25 and not killed:
            killed.append(before[0])
            os.kill(before[0], signal.SIGKILL)

    with WorkFolder.locked(tmp_path / "ray.jsonl") as folder:
        run(engine, job, folder, on_shard=on_shard)
    assert killed
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    after = engine.processes
    assert after[1] == before[1]
    assert after[0] != before[0]


@pytest.mark.usefixtures("_cluster")
def test_a_shard_that_ends_every_process_ends_the_run(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(ray_engine, "_ATTEMPTS", 2)
    engine = RayEngine(lambda: Analyzer(Deadly(CORPUS)), workers=1, say=said.append)
    with (
        WorkFolder.locked(tmp_path / "ray.jsonl") as folder,
        pytest.raises(ModelError, match=r"Rows 1 to 120: a worker's process ended 2 times"),
    ):
        run(engine, Job(job.sources, "jsonl", Layout()), folder)
    assert said == ["A worker's process has ended. Ray starts another; the rows it had are done again."] * 2
    engine.close()


@pytest.mark.usefixtures("_cluster")
def test_what_a_worker_cannot_load_is_said_as_one_process_says_it() -> None:
    with pytest.raises(ModelUnavailable, match="/no/such/model"):
        RayEngine(lambda: Analyzer("/no/such/model"), workers=1)


@pytest.mark.usefixtures("_cluster")
def test_workers_that_would_give_other_bytes_are_refused(tmp_path: Path) -> None:
    place = str(tmp_path / "taken")

    def make() -> Analyzer:
        try:
            os.mkdir(place)
        except FileExistsError:
            return Analyzer(ToyModel("to be or not"))
        return Analyzer(ToyModel("to be"))

    def both() -> None:
        engine = RayEngine(make, workers=2)
        while not all(worker.ready for worker in engine._workers):
            engine._wait()

    with pytest.raises(InputError, match="The machines of the cluster differ: model revision was"):
        both()


@pytest.mark.usefixtures("_cluster")
def test_the_default_model_gives_the_numbers_of_one_process(tmp_path: Path, default_model: Any) -> None:
    path = tmp_path / "rows.jsonl"
    texts = ["To be, or not to be, that is the question.", "The wind had fallen by evening.", "A fox.", ""]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    job = Job([file_source(path)], "jsonl", Layout(), shard_rows=2)

    engine = RayEngine(lambda: Analyzer(dtype="float32", cache_bytes=0), workers=1, threads=1)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        one = LocalEngine(Analyzer(default_model), threads=1)
        assert isinstance(one.about, About)
        assert one.about == engine.about
        for name, each in (("local", one), ("ray", engine)):
            with WorkFolder.locked(tmp_path / f"{name}.jsonl") as folder:
                run(each, job, folder)
    finally:
        torch.set_num_threads(before)
        engine.close()
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert json.loads((tmp_path / "ray.jsonl").read_text().splitlines()[0])["verdict"]


DRIVER = """
import sys, time
from analyzer import cli
from analyzer.analysis import Analyzer
from analyzer.batch import ray_worker
from analyzer.models.toy import ToyModel

class Slow(ToyModel):
    def score(self, *given, **named):
        time.sleep(0.1)
        return super().score(*given, **named)

ray_worker.analyzer_for = lambda *_: Analyzer(Slow("to be or not to be. " * 9))
cli.main(["batch", *sys.argv[1:]])
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """For temporary files; its name is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="t-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def begin(place: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *map(str, arguments), "--engine", "ray", "--concurrency", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(place)},
    )  # fmt: skip


def wait_for(path: Path, driver: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert driver.poll() is None, driver.stdout and driver.stdout.read()
        time.sleep(0.02)


def test_ctrl_c_then_a_killed_driver_then_one_process(job: Job, tmp_path: Path, place: Path) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    local(job, tmp_path / "whole.jsonl")
    options = ("--out", out, "--tokens", "--shard-rows", 5)
    driver = begin(place, rows, *options)
    wait_for(tmp_path / "out.jsonl.part" / "shard-0000001.jsonl", driver)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    said, _ = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert said.splitlines() == [  # and nothing of Ray's own
        "Text column: text; id: id.",
        "Ray: this machine. Workers: 2; threads of each: 1 (as OMP_NUM_THREADS says).",
        "Stopped. What is done is kept: run the same command with --resume to go on.",
    ]
    assert list(place.iterdir()) == []
    done = len(list((tmp_path / "out.jsonl.part").glob("shard-*")))

    driver = begin(place, rows, *options, "--resume")
    wait_for(tmp_path / "out.jsonl.part" / f"shard-{done + 2:07}.jsonl", driver)
    (private,) = place.iterdir()
    assert private.stat().st_mode & 0o077 == 0
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert not out.exists()

    seen: list[int] = []
    with WorkFolder.locked(out) as folder:
        run(LocalEngine(Analyzer(ToyModel(CORPUS)), threads=1), job, folder, on_shard=lambda d: seen.append(d.rows))
    assert seen[0] >= 5 * (done + 3)
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.usefixtures("_cluster")
def test_gpus_that_are_not_there() -> None:
    import ray

    has = ray.cluster_resources().get("GPU", 0.0)
    with pytest.raises(InputError, match=rf"num-gpus: {has + 2:g} in all, this machine has {has:g}"):
        _cluster_said(ray, None, workers=2, gpus=has / 2 + 1)
    elsewhere = _cluster_said(ray, "somewhere", workers=2, gpus=has / 2 + 1)
    assert elsewhere.machines == [4]
    assert elsewhere.said.startswith("Ray: 1 machine, 4 processors")
    assert "workers that find none wait" in elsewhere.said


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["batch", *arguments])


def test_what_cannot_be_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("to be")
    ours = ("a.txt", "--out", "out.csv")
    assert "one process knows none. Add --engine ray." in batch(*ours, "--num-gpus", "1").output
    assert "Add --num-gpus 1." in batch(*ours, "--engine", "ray", "--device", "cuda").output
    assert "Ray's client protocol is not spoken" in batch(*ours, "--engine", "ray", "--ray-address", "ray://a:1").output
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"No cluster answers at {nobody}" in batch(*ours, "--engine", "ray", "--ray-address", nobody).output
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda _: None)
        result = batch(*ours, "--engine", "ray")
    assert result.exit_code == 2
    assert "Run pip install 'text-provenance-analyzer[ray]'." in result.output.splitlines()[-1]
    assert sorted(os.listdir()) == ["a.txt"]
