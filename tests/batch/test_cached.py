"""Runs with a cache: what is scored, that nothing is lost, and which bytes are promised."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from analyzer.analysis import Analyzer
from analyzer.batch import cache as module
from analyzer.batch.cache import Cache
from analyzer.batch.cached import CachedEngine
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, Totals, run
from analyzer.batch.layout import Layout
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.cli import main
from analyzer.errors import ModelError
from analyzer.models.toy import ToyModel

CORPUS = "to be or not to be. " * 9
LAYOUT = Layout(("perplexity",), (), tokens=True)


def write(path: Path, texts: list[Any]) -> Path:
    lines = ("broken\n" if text == 7 else json.dumps({"text": text, "n": n}) + "\n" for n, text in enumerate(texts))
    path.write_text("".join(lines))
    return path


def texts_of(rng: random.Random, count: int, different: int) -> list[Any]:
    """Some of them several times, some that cannot be scored."""
    own = ["".join(rng.choices("to be or not. ", k=rng.choice([3, 20, 90]))) for _ in range(different)]
    return [rng.choice([*own, *own, *own, "", None, 7, "a\udc00"]) for _ in range(count)]


def do(
    model: Any, path: Path, out: Path, cache: Path | None, *, rows: int = 4,
    on_shard: Callable[[Totals], None] | None = None, said: list[str] | None = None,
) -> int:  # fmt: skip
    """How many rows were not scored."""
    job = Job([file_source(path)], "jsonl", LAYOUT, shard_rows=rows, cache=None if cache is None else cache.name)
    engine = LocalEngine(Analyzer(model), threads=1)
    with WorkFolder.locked(out) as folder:
        if cache is None:
            run(engine, job, folder, on_shard=on_shard)
            return 0
        say = [] if said is None else said
        with closing(Cache(cache, most_bytes=10**9, say=say.append, names=LAYOUT.own)) as open_cache:
            cached = CachedEngine(engine, open_cache)
            run(cached, job, folder, on_shard=on_shard)
            assert said is not None or say == []
            return cached.taken


def scored(texts: list[Any]) -> int:
    """Tokens of the toy model: bytes; and the start token of each text."""
    return sum(len(text) + 1 for text in texts)


def test_each_text_is_scored_once_and_every_row_is_there(tmp_path: Path) -> None:
    model, texts = ToyModel(CORPUS), texts_of(random.Random(1), 90, 20)
    own = {text for text in texts if isinstance(text, str) and text and "\udc00" not in text}
    path = write(tmp_path / "rows.jsonl", texts)
    do(model, path, tmp_path / "plain.jsonl", None)
    assert model.tokens_read > scored(list(own))

    model.tokens_read = 0
    taken = do(model, path, tmp_path / "first.jsonl", tmp_path / "cache")
    assert model.tokens_read == scored(list(own))
    assert taken > 40
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()  # bigrams do not round

    model.tokens_read = model.forward_passes = 0
    do(model, path, tmp_path / "second.jsonl", tmp_path / "cache", rows=9)
    assert (model.tokens_read, model.forward_passes) == (0, 0)
    assert (tmp_path / "second.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()

    grown = ["something new", *texts, "and more", "something new"]
    do(model, write(tmp_path / "grown.jsonl", grown), tmp_path / "third.jsonl", tmp_path / "cache")
    assert model.tokens_read == scored(["something new", "and more"])
    assert [json.loads(line)["n"] for line in (tmp_path / "third.jsonl").read_text().splitlines() if '"n"' in line] == [
        n for n, text in enumerate(grown) if text != 7
    ]


def test_one_text_in_all_rows_of_many_shards(tmp_path: Path) -> None:
    """Shards are looked up ahead: the text is on its way, not in the cache, when the next ones are."""
    model = ToyModel(CORPUS)
    assert do(model, write(tmp_path / "rows.jsonl", ["to be"] * 100), tmp_path / "out.jsonl", tmp_path / "cache") == 99
    assert model.forward_passes == 1


def test_what_the_model_cannot_do_is_kept_too(tmp_path: Path) -> None:
    class Overflowing(ToyModel):
        def score(self, rows: Any, **named: Any) -> Any:
            self.forward_passes += 1
            if any(ord("Z") - 33 in row.ids.tolist() for row in rows):
                raise ModelError("The model's numbers overflow.")
            return super().score(rows, **named)

    model = Overflowing(CORPUS)
    path = write(tmp_path / "rows.jsonl", ["to", "Z", "be", "Z"])
    do(model, path, tmp_path / "a.jsonl", tmp_path / "cache", rows=2)
    model.forward_passes = 0
    do(model, path, tmp_path / "b.jsonl", tmp_path / "cache", rows=2)
    assert model.forward_passes == 0
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    assert [json.loads(line)["error"] for line in (tmp_path / "b.jsonl").read_text().splitlines()] == [
        None, "The model's numbers overflow.", None, "The model's numbers overflow."
    ]  # fmt: skip


def test_stopped_anywhere_and_resumed_with_its_cache_gives_the_same_bytes(tmp_path: Path, tiny_llama: Any) -> None:
    model, inner = tiny_llama(0)
    inner.float()  # now its last digits depend on who shares a batch with whom
    texts = [text for text in texts_of(random.Random(2), 30, 12) if text != "a\udc00"]
    path = write(tmp_path / "rows.jsonl", texts)
    do(model, path, tmp_path / "plain.jsonl", None, rows=6)
    do(model, path, tmp_path / "whole.jsonl", tmp_path / "whole.cache", rows=6)
    whole = (tmp_path / "whole.jsonl").read_bytes()
    assert whole != (tmp_path / "plain.jsonl").read_bytes()
    one, other = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("plain", "whole")
    )
    for a, b in zip(one, other, strict=True):
        assert a["error"] == b["error"]
        np.testing.assert_allclose(a["token_log_prob"] or [], b["token_log_prob"] or [], rtol=0, atol=1e-4)

    for after in range(5):  # shards
        for before_it_is_kept in (False, True):
            name = f"{after}{before_it_is_kept}"
            out, cache = tmp_path / f"{name}.jsonl", tmp_path / f"whole{name}" / "whole.cache"
            cache.parent.mkdir()

            def on_shard(done: Totals, rows: int = 6 * after) -> None:
                if done.rows == rows:
                    raise KeyboardInterrupt

            with pytest.MonkeyPatch.context() as patched:
                if before_it_is_kept:  # in the cache, not yet in the folder
                    keep = WorkFolder.write_shard

                    def full(self: WorkFolder, number: int, *given: Any, last: int = after, keep: Any = keep) -> None:
                        if number == last:
                            raise KeyboardInterrupt
                        keep(self, number, *given)

                    patched.setattr(WorkFolder, "write_shard", full)
                with pytest.raises(KeyboardInterrupt):
                    do(model, path, out, cache, rows=6, on_shard=None if before_it_is_kept else on_shard)
            do(model, path, out, cache, rows=6)
            assert out.read_bytes() == whole, name


def test_a_cache_that_fails_in_the_middle_loses_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "rows.jsonl", texts_of(random.Random(3), 60, 20))
    do(ToyModel(CORPUS), path, tmp_path / "plain.jsonl", None)
    said: list[str] = []

    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    other = sqlite3.connect(tmp_path / "cache", isolation_level=None)

    def harm(done: Totals) -> None:
        if done.rows == 24:
            other.execute("BEGIN IMMEDIATE")

    do(ToyModel(CORPUS), path, tmp_path / "out.jsonl", tmp_path / "cache", on_shard=harm, said=said)
    assert len(said) == 1
    assert "locked" in said[0]
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


PROCESSES = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from analyzer.analysis import Analyzer
from analyzer.batch.cache import Cache
from analyzer.batch.cached import CachedEngine
from analyzer.batch.engines import LocalEngine
from analyzer.batch.job import Job, run
from analyzer.batch.layout import Layout
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.models.toy import ToyModel

class Counted(Cache):
    puts, last = 0, None
    def put(self, parts):
        self.puts += 1
        if self.puts == self.last and self.before:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.execute("DELETE FROM parts")
        if self.puts == self.last and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(parts)
        if self.puts == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

def child(out, cache, last=None, before=False):
    pid = os.fork()
    if pid:
        return pid
    Counted.last, Counted.before = last, before
    layout = Layout(("perplexity",), (), tokens=True)
    model = ToyModel("to be or not to be. " * 9)
    job = Job([file_source(Path(sys.argv[1]))], "jsonl", layout, shard_rows=4, cache=cache)
    with WorkFolder.locked(Path(out)) as folder:
        with closing(Counted(Path(cache), most_bytes=10**9, say=print, names=layout.own)) as opened:
            run(CachedEngine(LocalEngine(Analyzer(model), threads=1), opened), job, folder)
    print(out, model.tokens_read, flush=True)
    os._exit(0)

def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

one, other = child("one.jsonl", "shared"), child("other.jsonl", "shared")
assert (ended(one), ended(other)) == (0, 0)
for last in range(1, 15, 2):
    for before in (False, True):
        assert ended(child(f"{last}{before}.jsonl", f"{last}{before}", last, before)) == -signal.SIGKILL
        assert ended(child(f"{last}{before}.jsonl", f"{last}{before}")) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills children of its own")
def test_two_processes_at_once_and_kills_in_the_middle(tmp_path: Path) -> None:
    texts = texts_of(random.Random(4), 70, 60)
    path = write(tmp_path / "rows.jsonl", texts)
    do(ToyModel(CORPUS), path, tmp_path / "plain.jsonl", None)
    done = subprocess.run(
        [sys.executable, "-c", PROCESSES, path], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert "fails" not in done.stdout
    assert sorted(names) == sorted(
        ["one.jsonl", "other.jsonl", *(f"{n}{b}.jsonl" for n in range(1, 15, 2) for b in (False, True))]
    )
    for name in names:
        assert (tmp_path / name).read_bytes() == (tmp_path / "plain.jsonl").read_bytes(), name
    read = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}
    assert read["13False.jsonl"] < read["1True.jsonl"]  # what was kept before the kill is not scored again


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["batch", *arguments])


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer import cli
    from analyzer.batch import job

    monkeypatch.setattr(cli, "_analyzer", lambda *_: Analyzer(ToyModel(CORPUS)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    write(Path("rows.jsonl"), ["to be", "or not", "to be"])
    result = batch("rows.jsonl", "--out", "out.parquet", "--cache", "seen")
    assert result.exit_code == 0, result.output
    assert "seen: 1 rows were taken from it" in result.output
    about = json.loads(parquet.read_schema("out.parquet").metadata[b"analyzer"])
    assert about["settings"]["cache"] == "seen"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(job, "write_output", stop)
        assert batch("rows.jsonl", "--out", "out.jsonl", "--cache", "seen", "--cache-size", "1").exit_code == 130
    refused = batch("rows.jsonl", "--out", "out.jsonl", "--resume")
    assert "settings cache was seen, is None" in refused.output
    assert batch("rows.jsonl", "--out", "out.jsonl", "--resume", "--cache", "seen").exit_code == 0

    Path("seen").write_bytes(b"no database" * 1000)
    result = batch("rows.jsonl", "--out", "again.jsonl", "--cache", "seen")
    assert result.exit_code == 0
    assert "The cache seen fails (file is not a database): the run goes on without it." in result.output
    assert Path("again.jsonl").read_bytes() == Path("out.jsonl").read_bytes()
