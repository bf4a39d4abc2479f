"""A run that is killed at any moment and resumed gives the output of one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills children of its own")

KILLS = int(os.environ.get("ANALYZER_KILLS", "5"))  # a run of twenty: ANALYZER_KILLS=20
SEED = int(os.environ.get("ANALYZER_SEED", "0"))
KILLED = -signal.SIGKILL


class Server:
    """See kill_server.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kill_server.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def begin(self, *arguments: object, **order: Any) -> int:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(order | {"arguments": ["batch", *map(str, arguments)]}), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def end(self) -> tuple[int, int]:
        assert self.process.stdout
        status, events = self.process.stdout.readline().split()
        return int(status), int(events)

    def run(self, *arguments: object, **order: Any) -> tuple[int, int]:
        self.begin(*arguments, **order)
        return self.end()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.process.communicate()


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    rng = random.Random(SEED)
    path = tmp_path / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(60):
            text = "".join(rng.choices("to be or not. ", k=rng.choice([3, 20, 200])))
            row: dict[str, Any] = {"id": f"r{number}", "text": text, "mark": number if number % 7 else "x"}
            if number % 11 == 5:
                row["text"] = None
            print(json.dumps(row) if number % 13 else "{broken", file=file)
    return path


def content(path: Path) -> object:
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
        return table.schema.metadata, table.to_pydict()
    return path.read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_killed_at_any_moment(form: str, rows: Path, server: Server, tmp_path: Path) -> None:
    rng = random.Random(f"{SEED}{form}")
    whole, out = tmp_path / f"whole.{form}", tmp_path / f"out.{form}"
    tokens = ["--tokens"] if form == "parquet" else []
    status, events = server.run(rows, "--out", whole, "--shard-rows", 5, *tokens)
    assert status == 3  # some rows have errors
    killed = 0
    while killed < KILLS:
        moment = {"event": rng.randint(1, events)} if rng.random() < 0.7 else {"seconds": rng.uniform(0.01, 0.4)}
        status, _ = server.run(rows, "--out", out, "--shard-rows", 5, "--resume", *tokens, **moment)
        killed += status == KILLED
        assert status in (KILLED, 0, 3), moment  # 0: all was done but the removal of an empty folder
        if status != KILLED:
            assert content(out) == content(whole)
            assert not out.with_name(f"{out.name}.part").exists()
            out.unlink()
    status, _ = server.run(rows, "--out", out, "--shard-rows", 5, "--resume", *tokens)
    assert status in (0, 3)
    assert content(out) == content(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([rows.name, out.name, whole.name])


def test_each_of_the_last_moments(rows: Path, server: Server, tmp_path: Path) -> None:
    """Between the last shard and the end the output gets its name and the folder goes: kill at each step of it."""
    whole = tmp_path / "whole.jsonl"
    _, events = server.run(rows, "--out", whole, "--shard-rows", 30)
    for event in range(events - 16, events + 1):
        out = tmp_path / "out.jsonl"
        assert server.run(rows, "--out", out, "--shard-rows", 30, event=event)[0] == KILLED
        assert server.run(rows, "--out", out, "--shard-rows", 30, "--resume")[0] in (0, 3)
        assert out.read_bytes() == whole.read_bytes()
        assert not out.with_name("out.jsonl.part").exists()
        out.unlink()


def test_ctrl_c_leaves_a_state_to_go_on_from(rows: Path, server: Server, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    server.run(rows, "--out", whole, "--shard-rows", 5)
    pid = server.begin(rows, "--out", out, "--shard-rows", 5, pause=0.1)
    while not (tmp_path / "out.jsonl.part" / "shard-0000001.jsonl").exists():
        time.sleep(0.01)
    os.kill(pid, signal.SIGINT)
    begun = time.monotonic()
    assert server.end()[0] == 130
    assert time.monotonic() - begun < 5
    assert not out.exists()
    assert server.run(rows, "--out", out, "--shard-rows", 5, "--resume")[0] == 3
    assert out.read_bytes() == whole.read_bytes()
