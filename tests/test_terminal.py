"""`analyzer guide`: every command, every kind of bad input, with piped input and as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from toy_card import MACHINE, toy_card

from analyzer import cli
from analyzer.analysis import Analyzer
from analyzer.cli import main
from analyzer.guided.tree_export import to_dot, to_markdown, to_mermaid
from analyzer.models.toy import ToyModel
from analyzer.sampling import ORDER
from analyzer.terminal import loop as terminal

MODEL = ToyModel("to be or not to be. ")
PROGRAM = (
    "import sys\nfrom analyzer import cli\nfrom analyzer.analysis import Analyzer\n"
    "from analyzer.models.toy import ToyModel\n"
    "cli._analyzer = lambda *_: Analyzer(ToyModel('to be or not to be. '))\ncli.main(sys.argv[1:])\n"
)
UNENDING = 'set logit_bias [[[256], "-inf"]]'  # of the toy model's vocabulary the one end of text


@pytest.fixture(autouse=True)
def _toy_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "_analyzer", lambda *_: Analyzer(MODEL))
    monkeypatch.chdir(tmp_path)


def run(*commands: str, prompt: str | None = "to ", options: tuple[str, ...] = ()) -> Result:
    given = () if prompt is None else (prompt,)
    result = CliRunner().invoke(main, ["guide", *given, *options], input="".join(f"{c}\n" for c in commands))
    assert result.exit_code == 0, result.output
    return result


def screens(result: Result) -> list[str]:
    """What was printed first, and after each command."""
    return result.output.split("\n> ")


def text_of(screen: str) -> str:
    return screen.strip("\n ").split("\n\n")[0].strip("\n ")


def test_the_first_screen() -> None:
    (screen, _) = screens(run(options=("-k", "3")))
    assert text_of(screen) == "to"
    lines = [line.split() for line in screen.splitlines()]
    assert ["1", "b", "1.15%", "1.15%", "1.15%", "65", "1"] in lines
    assert any(line[:4] == ["4", "<start>", "(end", "of"] for line in lines)
    assert any(line[1:2] == ["others"] and line[2] == line[3] for line in lines)
    assert "Sampler: the model as it is." in screen
    assert "3 tokens | not judged, no likelihood is given | " in screen
    assert "\x1b" not in screen


@pytest.mark.parametrize("last", ["q", "quit", " quit ", "", None])
def test_q_and_the_end_of_input_leave_with_status_0(last: str | None) -> None:
    if last is not None:
        assert len(screens(run("g", last))) >= 2
        assert "no command" not in run("g", last).output
    assert CliRunner().invoke(main, ["guide", "to"], input="g").exit_code == 0  # no line end


def test_picking_writing_and_guessing() -> None:
    found = screens(run("1", "=e", "= or", "w  not", "g"))[1:6]
    assert [text_of(screen) for screen in found] == ["to b", "to be", "to be or", "to be or not", "to be or noto"]
    assert f"1   {text_of(found[-1])[-1]} " in found[-2]  # what stood first in the list before


def test_blanks_before_a_command_are_none_of_it() -> None:
    found = screens(run(" =b", "  w e", " = or", "\t/ be"))
    assert [text_of(screen) for screen in found[1:4]] == ["to b", "to be", "to be or"]
    assert found[4].startswith("“ ” rank")


def test_a_run_stops_behind_a_text() -> None:
    shown = screens(run("set temperature 0", "stop e.", "r 20", "stop  ", "r 20", "stop", "r 3"))
    assert "A run stops behind “e.”." in shown[2]
    assert "3 tokens: stop string." in shown[3]
    assert "1 tokens: stop string." in shown[5]
    assert "A run stops behind no text." in shown[6]
    assert "3 tokens: length." in shown[7]


def test_enter_samples_and_undo_goes_back() -> None:
    shown = screens(run("set temperature 0", "", "s", "r 2", "u", "u 2", "u 99"))
    assert "2 tokens: length.\n\nto be. " in shown[4]
    found = [text_of(shown[n]) for n in (2, 3, 5, 6)]
    assert found == ["to b", "to be", "to be.", "to b"]
    assert shown[7].startswith("\n\n")  # nothing is left


def test_the_seed_makes_the_text() -> None:
    one, again, other = (run("r 12", options=("--seed", seed)).output for seed in ("1", "1", "2"))
    assert one == again != other


def test_finding_says_rank_and_probability_and_stays() -> None:
    found = screens(run("/be", "/ be"))
    assert found[1].startswith("“b” rank 1, 1.15 %; “e” rank 1, 1.16 %; together 0.000133")
    assert found[2].startswith("“ ” rank")


def test_the_tree_jumps_and_branches() -> None:
    shown = screens(run("=be", "u 2", "=not", "t", "j 5", "b 5", "t"))
    assert "4–5  “be”  (user, 2 tokens" in shown[4]
    assert "* " in shown[4]
    assert "6–8  “not”" in shown[4]
    assert "← here" in shown[4]
    assert text_of(shown[5]) == "to be"
    assert text_of(shown[6]) == "to b"


def test_effects_are_shown_and_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ToyModel(MACHINE * 3)
    monkeypatch.setattr(cli, "_analyzer", lambda *_: Analyzer(model, calibration=toy_card(model.info)))
    first, on, off, written = screens(run("e", "e", f"={MACHINE[40:]}", prompt=MACHINE[:40]))[:4]
    assert "to a machine" in on
    assert any(line.split()[-1][0] in "+-" for line in on.splitlines() if line.startswith("1 "))
    assert "to a machine" not in first + off
    assert "likely a machine's (90 % interval" in written
    assert "points since the start" in written


def test_differences_to_the_start_and_to_the_last_pick() -> None:
    figures = [next(line for line in s.splitlines() if " tokens | " in line) for s in screens(run("=b", "=q", "u"))[:4]]
    assert "since the last pick" not in figures[0]

    def bits(line: str) -> float:
        return float(line.split(" bits a token")[0].split("| ")[-1])

    for before, now in pairwise(figures):
        change = float(now.split("bits a token (")[1].split(", ")[1].split()[0])
        assert change == pytest.approx(bits(now) - bits(before), abs=0.011)
        start = float(now.split("bits a token (")[1].split()[0])
        assert start == pytest.approx(bits(now) - bits(figures[0]), abs=0.011)


def test_settings_presets_and_length() -> None:
    shown = screens(run("k 2", "set top-k 1", "preset nuc", "set", "set top_k none", "set order " + ",".join(
        reversed(ORDER)), "preset greedy"))  # fmt: skip
    assert "254 others" in shown[1]
    assert "Sampler: top-k 1." in shown[2]
    assert "filtered out" in shown[2]
    assert "Sampler: top-p 0.9." in shown[3]
    assert "top_p = 0.9\n" in shown[4]
    assert "Sampler: top-p 0.9." in shown[5]
    assert "Sampler: greedy." in shown[7]


def test_best_and_beam_go_on() -> None:
    for command, chooser in (("best 3 4", "sampler"), ("beam 2 4", "beam")):
        shown = screens(run(UNENDING, command, "t"))
        assert f"({chooser}, 4 tokens" in shown[3]


def test_figures_are_the_whole_analysis() -> None:
    assert "perplexity" in screens(run("figures"))[1]


def test_a_session_is_saved_and_gone_on_with() -> None:
    run("=be", "u 1", "save my session.json")
    assert text_of(screens(run(prompt=None, options=("--load", "my session.json")))[0]) == "to b"
    shown = screens(CliRunner().invoke(main, ["guide", "--load", "my session.json"], input="t\nj 5\n"))
    assert "“e”" in shown[1]
    assert text_of(shown[2]) == "to be"


def test_exports() -> None:
    run("=be", *(f"export tree{suffix}" for suffix in (".md", ".dot", ".mmd", ".txt")))
    session = Analyzer(MODEL).guide("to ")
    session.write("be")
    found = {file.suffix: file.read_text("utf-8") for file in Path().glob("tree.*")}
    assert found == {
        ".md": to_markdown(session), ".dot": to_dot(session), ".mmd": to_mermaid(session), ".txt": "to be",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["save my.json", "export my.txt"])
def test_a_file_that_is_there_is_written_over_only_when_asked(command: str) -> None:
    file = Path(command.split()[1])
    file.write_text("mine")
    assert f"{file} is there already. Put a ! behind the name to write over it." in run(command).output
    assert file.read_text() == "mine"
    for mark in ("!", " !"):
        file.write_text("mine")
        assert f"Written: {file}\n" in run(command + mark).output
        assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("x", "There is no command “x”."),
        ("0", "Expected a whole number from 1 on, got “0”."),
        ("99", "There is no 99 in the list."),
        ("9" * 5000, "Expected a whole number"),
        ("-1", "There is no command “-1”."),
        ("=", "There is nothing to write."),
        ("w", "There is nothing to write."),
        ("/", "There is nothing to write."),
        ("r", "Expected a whole number from 1 on, got “”."),
        ("r many", "got “many”."),
        ("u -1", "got “-1”."),
        ("j 99", "There is no node 99. Give a number up to 3"),
        ("b x", "got “x”."),
        ("k 0", "got “0”."),
        ("set heat 1", "there is no setting 'heat'"),
        ("set temperature", "temperature: got ."),
        ("set temperature -1", "temperature: got -1."),
        ("set temperature 1" + 400 * "0", "temperature: got 1000"),
        ("set order " + 100_000 * "[", "order: got"),
        ("save ~nobody-of-this-name/x.json", "cannot be written"),
        ("save !", "There is no file named."),
        ("set temperature NaN", "temperature: got nan."),
        ("set order 1", "sampler: cannot read"),
        ("preset", "preset: got “”. Give one of: Plain; Greedy"),
        ("preset x", "preset: got “x”."),
        ("best 2", "best: expected two numbers, got “2”. Such as: best 4 20."),
        ("beam 100 2", "beam: got 100 side by side. Give at most 64."),
        ("beam 2 99999", "do not fit into the model's window"),
        ("save", "There is no file named."),
        ("save no/such/folder.json", "cannot be written"),
        ("save \0", "cannot be written"),
        ("export tree.pdf", "Give a file that ends in one of: .md, .dot, .mmd, .txt."),
        ("[bold]x", "There is no command “[bold]x”."),
        ("\x1b[31m", "There is no command “␛[31m”."),
    ],
)
def test_bad_input_is_one_sentence_and_the_session_goes_on(command: str, message: str) -> None:
    _, answer, then, *_ = screens(run(command, "=b"))
    assert message in answer
    assert answer.count("\n") <= 1
    assert text_of(then) == "to b"


def test_a_sampler_that_leaves_nothing_can_be_changed() -> None:
    forbidden = "set logit_bias [" + ",".join(f'[[{n}], "-inf"]' for n in range(257)) + "]"
    _, nothing, drawn, mended, *_ = screens(run(forbidden, "s", "preset plain"))
    assert "No token is left" in nothing
    assert "No token is left" in drawn
    assert "Sampler: the model as it is." in mended


def test_the_end_of_the_text_can_be_left() -> None:
    _, ended, refused, back, *_ = screens(run("11", "s", "u"))
    assert "The text has come to its end." in ended
    assert "The text has come to its end." in refused
    assert "252 others" in back or "246 others" in back


def test_nothing_to_begin_with() -> None:
    first, then, *_ = screens(run("=to", prompt=""))
    assert "Expected surprise" in first
    assert text_of(then) == "to"


def test_hostile_text_cannot_steer_the_terminal() -> None:
    output = run("=\x1b[31m[bold]red[/bold]:smile:\u202e", "t", "figures", "save \x1b[2J.json").output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "␛[31m[bold]red[/bold]:smile:‹202E›" in output


def test_a_long_text_shows_its_end() -> None:
    screen = screens(run(prompt="to be or not " * 300))[0]
    assert text_of(screen).startswith("… ")
    assert len(screen) < 4000


@pytest.mark.parametrize("options", [("--seed", "1"), ("--top-k", "3"), ("--context", "x")])
def test_a_saved_session_brings_its_own_settings(options: tuple[str, str]) -> None:
    run("save s.json")
    result = CliRunner().invoke(main, ["guide", "--load", "s.json", *options])
    assert result.exit_code == 2
    assert "A saved session has its own text, seed and sampler." in result.output


@pytest.mark.parametrize(
    "options", [("--seed", "-1"), ("--temperature", "-1"), ("--load", "none"), ("--context", "none")]
)
def test_impossible_options_are_one_line_and_status_2(options: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, ["guide", *options])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_context_conditions() -> None:
    Path("before.txt").write_text("to b")
    screen = screens(run(prompt="", options=("--context", "before.txt", "-k", "1")))[0]
    assert "1  e" in screen


def test_ctrl_c_while_waiting_stays() -> None:
    answers = iter([KeyboardInterrupt(), "=b"])

    def read() -> str:
        answer = next(answers, EOFError())
        if isinstance(answer, BaseException):
            raise answer
        return answer

    console = Console(record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    session = Analyzer(MODEL).guide("to ")
    terminal.guide(session, console, read=read)
    assert "Type q to leave." in console.export_text()
    assert session.text == "to b"


def start(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "guide", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", **options,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


@pytest.mark.parametrize("long", ["r 100000", "best 8 900", "beam 8 900"])
def test_ctrl_c_stops_what_runs_and_stays_in_the_program(long: str) -> None:
    process = start("to ")
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{UNENDING}\n{long}\n")
    process.stdin.flush()
    seen = ""
    while "bias on 1 sequence" not in seen:
        seen += process.stdout.readline()
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate("k 1\nq\n", timeout=60)
    assert process.returncode == 0, errors
    assert "tokens: stopped." in output if long[0] == "r" else "Stopped." in output
    assert "others" in output.rsplit("> ", 2)[-2]


def test_input_that_is_no_text_gets_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "guide", "to "], input=b"=\xff\n\xfe\n=b\n", capture_output=True, check=True,
        env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert b"is half of a surrogate pair, not text." in done.stdout
    assert b"Traceback" not in done.stderr
    assert b"to b\n" in done.stdout
