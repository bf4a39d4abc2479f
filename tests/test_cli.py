import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from toy_card import HUMAN, MACHINE, toy_card
from toy_corpus import toy_texts

from analyzer.analysis import Analyzer
from analyzer.calibration import Settings
from analyzer.calibration.cards import load_card, save_card
from analyzer.cli import main
from analyzer.models.toy import ToyModel


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


def test_analyze_takes_the_words_of_a_page_and_writes_a_report(tmp_path: Path) -> None:
    path, report = tmp_path / "page.html", tmp_path / "report.html"
    path.write_text("<p>to be</p><script>let not = 1</script><p>or &lt;b&gt;</p>")
    result = run("analyze", "--html", str(report), str(path))
    assert result.exit_code == 0
    assert "to be⏎\n⏎\nor <b>" in result.output
    assert "<title>page.html</title>" in (found := report.read_text("utf-8"))
    assert "&lt;" in found
    assert "<b>" not in found
    assert run("analyze", "--html", str(tmp_path / "no" / "report.html"), str(path)).exit_code == 2


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


class TestLikelihood:
    """Verdicts on the toy model with its invented card."""

    MODEL = ToyModel(MACHINE * 3)

    @pytest.fixture(autouse=True)
    def _with_card(self, _toy_model: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        from analyzer import cli

        def analyzer(*given: Any) -> Analyzer:
            """As the real one: a card from the command line counts; the model's own is the toy card here."""
            card = given[4] if len(given) > 4 else None
            return Analyzer(self.MODEL, calibration=card or toy_card(self.MODEL.info))

        monkeypatch.setattr(cli, "_analyzer", analyzer)
        save_card(toy_card(self.MODEL.info), tmp_path / "card.json")
        (tmp_path / "machine.txt").write_text(MACHINE)
        (tmp_path / "human.txt").write_text(HUMAN)
        (tmp_path / "hidden.txt").write_text(MACHINE.replace(" ", " \u200b", 6))
        rows = [{"text": e.text, "label": e.label, "group": e.group, "domain": e.domain, "generator": e.generator}
                for e in toy_texts(130)]  # fmt: skip
        (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, rows[:20])))
        monkeypatch.chdir(tmp_path)

    def test_analyze_says_how_likely_and_what_carries_it(self) -> None:
        result = run("analyze", "machine.txt")
        assert result.exit_code == 0
        assert "likely AI   over 99 % likely a machine's (90 % interval" in result.output
        (reason,) = Analyzer(self.MODEL, calibration=toy_card(self.MODEL.info)).analyze(MACHINE).likelihood.reasons
        assert reason in result.output
        carrying = result.output.split("Sentences that carry it")[1]
        assert "the cat sat on the mat and the dog" in carrying
        assert "If " not in result.output

    def test_analyze_says_where_a_machine_seems_to_have_gone_on(self) -> None:
        result = run("analyze", "-", stdin=HUMAN * 2 + "\n\n" + MACHINE * 2)
        assert "If a machine went on from a person’s beginning, it most likely did so at “" in result.output

    def test_analyze_gives_reasons_where_it_gives_no_number(self) -> None:
        result = run("analyze", "-", stdin="the cat")
        assert "not judged   no likelihood is given" in result.output
        assert "Too short: 7 tokens." in result.output
        assert "carry it" not in result.output

    def test_analyze_shows_hidden_characters_and_the_verdict_without_them(self) -> None:
        output = run("analyze", "hidden.txt").output
        assert "6 zero-width characters." in output
        assert "Without them: over 99 % likely" in output

    def test_settings_are_the_readers(self) -> None:
        found = json.loads(
            run("analyze", "human.txt", "--json", "--fpr", "0.05", "--base-rate", "0.1", "--kind", "letters").output
        )["likelihood"]
        assert found["settings"] == {"false_positive_rate": 0.05, "base_rate": 0.1, "kind": "letters"}
        analysis = Analyzer(self.MODEL, calibration=toy_card(self.MODEL.info)).analyze(HUMAN)
        wanted = analysis.judge(Settings(0.05, 0.1, "letters"))
        assert (found["verdict"], found["posterior"]) == (wanted.verdict, wanted.posterior)
        assert "If 10 % of such texts" in run("analyze", "human.txt", "--base-rate", "0.1").output
        long = json.loads(run("analyze", "human.txt", "--json", "--false-positive-rate", "0.05").output)["likelihood"]
        assert long["settings"]["false_positive_rate"] == 0.05

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["analyze", "human.txt", "--fpr", "0"], "false_positive_rate: got 0.0."),
            (["analyze", "human.txt", "--base-rate", "1"], "base_rate: got 1.0."),
            (["analyze", "human.txt", "--kind", "poems"], "does not know 'poems'. Give one of letters, news_2019."),
            (["analyze", "human.txt", "--card", "none.json"], "none.json cannot be read."),
            (["analyze", "human.txt", "--card", "human.txt"], "human.txt is not JSON."),
            (["calibrate", "few.jsonl"], "Too few human texts"),
            (["calibrate", "human.txt"], "human.txt, line 1: not an object with a text."),
            (["calibrate", "texts.jsonl", "--family", "old"], "expected NAME=PATTERN, got 'old'."),
            (["calibrate", "."], "Too few texts: 20 of one length"),
            (["evaluate", "human.txt"], "human.txt, line 1: not an object with a text."),
            (["evaluate", "few.jsonl", "--fpr", "2"], "false_positive_rate: got 2.0."),
            (["evaluate", "few.jsonl", "--card", "few.jsonl"], "few.jsonl is not JSON."),
            (["card", "human.txt"], "human.txt is not JSON."),
        ],
    )
    def test_bad_input_is_one_line_and_status_2(self, arguments: list[str], message: str) -> None:
        result = run(*arguments)
        assert result.exit_code == 2
        assert message in result.output
        assert result.output.count("\n") == 1

    def test_a_card_for_another_model_is_one_line_and_status_2(self) -> None:
        save_card(
            replace(toy_card(self.MODEL.info), model={"name": "x", "revision": "y", "dtype": "z"}), Path("x.json")
        )
        result = run("analyze", "human.txt", "--card", "x.json")
        assert result.exit_code == 2
        assert result.output.count("\n") == 1
        assert "for name x, the model has toy" in result.output

    def test_another_card_counts(self) -> None:
        strict = replace(toy_card(self.MODEL.info), calibration_id="mine", offset=(-50.0, 0.0))
        save_card(strict, Path("mine.json"))
        found = json.loads(run("analyze", "machine.txt", "--json", "--card", "mine.json").output)["likelihood"]
        assert found["calibration_id"] == "mine"
        assert found["probability"] < 0.01

    def test_calibrate_then_evaluate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("analyzer.fitting.evaluation._RESAMPLES", 5)
        made = run("calibrate", "texts.jsonl", "--out", "new.json", "--work", "parts", "--family", "tuned=ch*")
        assert made.exit_code == 0, made.output
        card = load_card(Path("new.json"))
        assert f"new.json: {card.calibration_id}" in made.output
        assert "AUROC" in made.output
        assert list(Path("parts").glob("*.npz"))
        assert len(card.evidence) == 2  # those tuned, and the rest
        shown = run("card", "new.json").output
        assert shown.strip() in made.output
        result = run("evaluate", "few.jsonl", "--card", "new.json", "--html", "page.html")
        assert result.exit_code == 0
        assert f"Calibration `{card.calibration_id}`" in result.output
        assert Path("page.html").read_text().startswith("<!doctype html>")
        found = json.loads(run("evaluate", "few.jsonl", "--card", "new.json", "--json", "--fpr", "0.1").output)
        assert found["false_positive_rate"] == 0.1
        assert found["all"]["auroc"]["value"] > 0.9

    def test_calibrate_takes_a_folder_of_peoples_texts(self, tmp_path: Path) -> None:
        for n, example in enumerate(e for e in toy_texts(60) if not e.label):
            folder = tmp_path / "people" / example.domain
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{n}.txt").write_text(example.text, encoding="utf-8")
        result = run("calibrate", "people", "--out", "own.json")
        assert result.exit_code == 0, result.output
        assert "own.json: toy-1-own-60" in result.output
        assert load_card(Path("own.json")).kinds == ("letters", "news_2019")

    def test_card_prints_the_embedded_models_figures(self) -> None:
        result = run("card")
        assert result.exit_code == 0
        assert "SmolLM2-135M-Instruct" in result.output
        assert "| source not seen |" in result.output
