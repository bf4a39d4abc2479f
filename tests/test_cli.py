import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import main


@pytest.fixture(autouse=True)
def _toy_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands on the toy model; the last test runs the real one from the shell."""
    from analyzer import cli
    from analyzer.analysis import Analyzer
    from analyzer.models.toy import ToyModel

    monkeypatch.setattr(cli, "_analyzer", lambda *_: Analyzer(ToyModel("to be or not to be. " * 9)))


def run(*arguments: str, stdin: bytes | str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


def test_analyze_prints_the_text_and_its_statistics(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("to be\r\n\x1b[31mor 👍".encode())
    result = run("analyze", str(path))
    assert result.exit_code == 0
    assert "to be␍⏎" in result.output
    assert "\x1b" not in result.output  # the text cannot steer the terminal
    assert "19 of 19 tokens scored by toy" in result.output
    assert "perplexity" in result.output


def test_analyze_json_keeps_every_character(tmp_path: Path) -> None:
    text = "to be\r\n\x00<b>\u202e"
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    found = json.loads(run("analyze", "--json", str(path)).output)
    assert found["text"] == text
    assert {(t["start"], t["end"]) for t in found["tokens"]} >= {(0, 1), (5, 6), (6, 7)}


def test_analyze_reads_standard_input_and_context(tmp_path: Path) -> None:
    (tmp_path / "before.txt").write_text("to be ")
    result = run("analyze", "--json", "--context", str(tmp_path / "before.txt"), "-", stdin="or not")
    assert json.loads(result.output)["context"] == "to be "


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "There is no text to score. Give at least one word."),
        (b"abc\xff", "is not UTF-8 text (byte 4 is 0xff). Save it as plain text in UTF-8 and try again."),
    ],
)
def test_bad_input_is_one_line_and_status_2(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    result = run("analyze", str(path))
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert message in result.output


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_no_file_is_one_line_and_status_2(name: str, tmp_path: Path) -> None:
    result = run("analyze", str(tmp_path / name))
    assert result.exit_code == 2
    assert "cannot be read" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_characters_gets_escapes(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("to be 👍\n", encoding="utf-8")
    code = (
        "import sys\nfrom analyzer import cli\nfrom analyzer.analysis import Analyzer\n"
        "from analyzer.models.toy import ToyModel\ncli._analyzer = lambda *_: Analyzer(ToyModel('to be'))\n"
        "cli.main(sys.argv[1:])\n"
    )
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    for arguments in (["analyze", str(path)], ["analyze", "--json", str(path)], ["next", "to"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, env=environment, check=True
        )
        if "--json" in arguments:
            assert json.loads(done.stdout.decode("utf-8"))["text"] == "to be 👍\n"


def test_next_lists_tokens_with_visible_spaces() -> None:
    result = run("next", "to", "-k", "3", "--top-k", "1")
    assert result.exit_code == 0
    first = result.output.splitlines()[1].split()
    assert first[:2] == ["1", "␣"]
    assert first[-1] == "100.00%"
    rows = json.loads(run("next", "to", "-k", "3", "--json").output)
    assert [list(row) for row in rows] == [["token", "id", "probability", "cumulative", "offered"]] * 3


def test_next_refuses_impossible_settings_in_one_line() -> None:
    result = run("next", "to", "--top-p", "0")
    assert result.exit_code == 2
    assert "top-p: got 0" in result.output


def test_info_and_list_and_verify() -> None:
    assert "vocabulary      257" in run("models", "info").output
    assert "SmolLM2-135M-Instruct  (default)  ready" in run("models", "list").output
    assert "every file is as it was converted" in run("models", "verify").output


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    """Under half a second of processor time, measured as the child's own; the rest of this machine does not count."""
    code = (
        "import sys, time\nfrom analyzer.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'streamlit', 'numpy', 'pandas', 'rich'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy), file=sys.stderr)\nprint('CPU', time.process_time(), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert "HEAVY []" in done.stderr
    assert float(done.stderr.split("CPU ")[1]) < 0.5


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, analyzer\nassert 'Analyzer' in dir(analyzer)\n"
        "print(sorted({'torch', 'transformers', 'streamlit', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_is_there() -> None:
    import analyzer

    for name in analyzer.__all__:
        assert getattr(analyzer, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        analyzer.nothing  # noqa: B018


def test_the_real_command_on_the_real_model(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("The capital of France is Paris.", encoding="utf-8")
    command = [str(Path(sys.executable).with_name("analyzer")), "analyze", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["model"]["name"] == "SmolLM2-135M-Instruct"
    assert [t["rank"] for t in found["tokens"]][-3:] == [1, 1, 1]
