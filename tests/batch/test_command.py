import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.analysis import Analyzer
from analyzer.cli import main
from analyzer.models.toy import ToyModel


@pytest.fixture(autouse=True)
def _toy_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from analyzer import cli

    monkeypatch.setattr(cli, "_analyzer", lambda *_: Analyzer(ToyModel("to be or not to be. " * 9)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)


def batch(*arguments: str, stdin: bytes | str = "") -> Result:
    return CliRunner().invoke(main, ["batch", *arguments], input=stdin)


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]


def test_files_of_all_kinds_into_one_table() -> None:
    Path("mail").mkdir()
    Path("mail/a.txt").write_text("to be")
    Path("mail/b.csv").write_text("id,body\n7,or not\n")
    result = batch("mail", "--out", "out.csv", "--statistics", "perplexity,lrr", "--detectors", "none")
    assert result.exit_code == 0, result.output
    assert "Threads: 1 (as OMP_NUM_THREADS says)." in result.output
    assert "Text column: body; id: id." in result.output
    assert "out.csv: 2 rows, 11 tokens, 0 rows with an error." in result.output
    with open("out.csv", encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == ["mail/a.txt", "7"]
    assert list(found[0])[-2:] == ["perplexity", "lrr"]


def test_some_rows_with_an_error_are_status_3() -> None:
    Path("rows.jsonl").write_bytes(b'{"text": "to be"}\n{"text": "\xff"}\n')
    result = batch("rows.jsonl", "--out", "out.jsonl")
    assert result.exit_code == 3
    assert [row["error"] is None for row in lines("out.jsonl")] == [True, False]


def test_standard_input_is_kept_for_a_run_that_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.batch import job

    def full(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(job, "write_output", full)
        result = batch("-", "--out", "out.jsonl", "--stdin-format", "csv", stdin="text,n\nto be,1\n")
    assert result.exit_code == 130
    assert "--resume" in result.output
    result = batch("-", "--out", "out.jsonl", "--stdin-format", "csv", "--resume", stdin="")
    assert result.exit_code == 0, result.output
    assert [(row["id"], row["n"]) for row in lines("out.jsonl")] == [(1, "1")]


def test_a_name_that_is_not_utf8_and_one_that_is_a_pipe() -> None:
    Path(os.fsdecode(b"a\xff.txt")).write_text("to be")
    Path(os.fsdecode(b"b\xff.pdf")).write_text("no pdf")
    assert batch(".", "--out", "out.jsonl").exit_code == 3
    assert [row["id"] for row in lines("out.jsonl")] == ["a\\xff.txt", "b\\xff.pdf"]
    os.mkfifo("pipe")
    assert "pipe is no regular file" in batch("pipe", "--out", "other.jsonl").output


def test_standard_input_that_is_refused_leaves_nothing() -> None:
    result = batch("-", "--out", "out.jsonl", stdin='{"a": "x", "b": "y"}')
    assert result.exit_code == 2
    assert "standard input: which column is the text?" in result.output
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.txt"], "missing.txt: there is no file to read"),
        (["a.txt", "--out", "out.xlsx"], "out.xlsx: which format?"),
        (["a.txt", "--out", "no/out.csv"], "no is no folder"),
        (["a.txt", "--statistics", "beauty"], "statistics: got 'beauty'"),
        (["a.txt", "--fpr", "0"], "false_positive_rate: got 0"),
        (["a.txt", "--kind", "letters"], "kind: the calibration does not know 'letters'"),
        (["a.txt", "--threads", "some"], "threads: got 'some'"),
        (["a.txt", "--tokens"], "CSV has no lists"),
        (["a.txt", "--cache", "out.csv"], "cache: out.csv is OUT, too"),
        (["-", "--stdin-format", "xml"], "stdin-format: got 'xml'"),
        (["two.csv"], "two.csv: which column is the text? Name one with --text-column: a, b."),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(arguments: list[str], message: str) -> None:
    Path("a.txt").write_text("to be")
    Path("two.csv").write_text("a,b\nx,y\n")
    before = set(os.listdir())
    result = batch(*(arguments if "--out" in arguments else [*arguments, "--out", "out.csv"]))
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]
    assert set(os.listdir()) == before


def test_the_output_is_not_read_and_not_overwritten() -> None:
    Path("a.txt").write_text("to be")
    assert batch(".", "--out", "out.csv").exit_code == 0
    again = batch(".", "--out", "out.csv")
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert "nothing to resume" in batch(".", "--out", "out.csv", "--resume").output
    more = batch(".", "--out", "more.jsonl")
    assert more.exit_code == 3
    assert "out.csv is an output of this program." in more.output
    assert [row["error"] is None for row in lines("more.jsonl")] == [True, False]


def test_a_dry_run_counts_and_writes_nothing() -> None:
    Path("rows.jsonl").write_bytes(b'{"text": "to be"}\n{"text": ""}\nbroken\n')
    before = set(os.listdir())
    result = batch("rows.jsonl", "--out", "out.jsonl", "--dry-run")
    assert result.exit_code == 0
    assert "3 rows, 5 tokens to read, 2 rows with an error." in result.output
    assert "1 × There is no text to score." in result.output
    assert "About 0 seconds: an estimate, from" in result.output
    assert set(os.listdir()) == before
    assert "4 rows" in batch("-", "--out", "x.csv", "--dry-run", stdin='{"text": "a"}\n' * 4).output


def test_inputs_are_read_in_the_order_given() -> None:
    Path("a.csv").write_text("text\nfirst\n")
    Path("b.csv").write_text("text\nlast\n")
    options = ("--out", "out.jsonl", "--tokens", "--statistics", "none", "--detectors", "none")
    assert batch("a.csv", "-", "b.csv", "a.csv", *options, stdin='{"text": "to"}').exit_code == 0
    assert [row["n_tokens"] for row in lines("out.jsonl")] == [5, 2, 4]


def test_standard_input_is_read_as_it_was_when_the_run_began(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.batch import job

    def full(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(job, "write_output", full)
        assert batch("-", "--out", "out.jsonl", "--stdin-format", "csv", stdin="text\nto be\n").exit_code == 130
    other = batch("-", "--out", "out.jsonl", "--resume")
    assert other.exit_code == 2
    assert "standard input was csv, is jsonl" in other.output
    assert batch("-", "--out", "out.jsonl", "--resume", "--stdin-format", "csv").exit_code == 0


def test_ctrl_c_is_heard_while_rows_are_read_and_while_the_output_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.batch import job

    Path("rows.jsonl").write_text('{"text": "to be"}\n' * 30)
    whole, rows = job.write_output, job.read_rows

    def slow_rows(*arguments: object, **options: object) -> Iterator[object]:
        for number, row in enumerate(rows(*arguments, **options), 1):  # type: ignore[arg-type]
            taken.append(number)
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.2)  # the main thread takes the signal
            yield row

    taken: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(job, "read_rows", slow_rows)
        assert batch("rows.jsonl", "--out", "out.jsonl").exit_code == 130
    assert len(taken) <= 4

    def interrupted(*arguments: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        whole(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(job, "write_output", interrupted)
        assert batch("rows.jsonl", "--out", "out.jsonl", "--resume").exit_code == 130
    assert not Path("out.jsonl").exists()
    assert batch("rows.jsonl", "--out", "out.jsonl", "--resume").exit_code == 0
    assert len(lines("out.jsonl")) == 30


def test_a_resumed_run_keeps_its_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.batch import job

    Path("a.txt").write_text("to be")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(job, "write_output", stop)
        assert batch("a.txt", "--out", "out.csv").exit_code == 130
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    refused = batch("a.txt", "--out", "out.csv", "--threads", "2", "--resume")
    assert "machine threads was 1, is 2" in refused.output
    assert "Threads: 1 (as this run was begun)." in batch("a.txt", "--out", "out.csv", "--resume").output


def test_importing_the_command_is_light() -> None:
    code = (
        "import sys, analyzer.batch.command\n"
        "print(sorted({'torch', 'transformers', 'pyarrow', 'numpy', 'pandas', 'rich'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
