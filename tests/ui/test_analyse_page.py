"""The page's logic, without a browser: what is typed, shown, kept, and said when something is wrong."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analyzer.analysis import Analyzer
from analyzer.models.toy import ToyModel
from analyzer.ui import samples
from analyzer.ui.session import load_model
from analyzer.ui.token_view import pages, view_data

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.delenv("ANALYZER_CALIBRATION", raising=False)
    samples.load_samples.clear()
    yield AppTest.from_file(APP, default_timeout=30)
    samples.load_samples.clear()


def analyse(app: AppTest, text: str, context: str = "") -> AppTest:
    app.run()
    app.text_area(key="text").input(text)
    app.text_area(key="context").input(context)
    press(app)
    assert not app.exception
    return app


def unescaped(shown: str) -> str:
    return shown.replace("\\", "").replace("\u00a0", " ")


def press(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Analyse").click().run()


def test_first_paint_loads_no_torch():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({APP!r}, default_timeout=30).run()\n"
        "assert not app.exception and app.title[0].value == 'Analyse a text'\n"
        "assert not {'torch', 'transformers', 'altair'} & set(sys.modules), 'heavy import'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"ANALYZER_MODEL": "toy"},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_an_analysis_is_summed_up_and_stays(app):
    analyse(app, "the cat sat")
    assert any("**3 words** · 11 characters · 11 of 11 tokens scored" in m.value for m in app.markdown)
    assert any("Model: toy (float64, cpu)" in c.value for c in app.caption)
    assert [m.label for m in app.metric] == [
        "Perplexity", "Median rank", "In the top 10", "Mean surprise", "Curvature",
    ]  # fmt: skip
    assert all(m.help for m in app.metric)
    before = app.session_state["analysis"]
    app.run()
    assert app.session_state["analysis"] is before
    assert len(app.metric) == 5


@pytest.mark.parametrize("text", ["", "  \n "])
def test_no_text_gives_one_sentence_and_no_old_result(app, text):
    analyse(app, "the cat")
    app.text_area(key="text").input(text)
    press(app)
    assert [unescaped(e.value) for e in app.error] == [
        "There is no text to analyse. Paste one into the box, or pick a sample."
    ]
    assert not app.metric
    assert not app.exception


def test_an_unknown_model_gives_a_sentence(app, monkeypatch, tmp_path):
    monkeypatch.setenv("ANALYZER_MODEL", str(tmp_path))  # an empty folder
    analyse(app, "the cat")
    assert len(app.error) == 1
    assert not app.metric


def test_context_conditions_and_is_not_scored(app):
    analyse(app, "at", "the c")
    scores = app.session_state["analysis"].scores
    assert len(scores) == 2
    assert scores.context_len.tolist() == [6, 7]


def test_the_text_is_kept_byte_exact(app):
    text = "  tab\tand\u00a0space\n\n“quotes” ﬁ e\u0301 "
    analyse(app, text)
    assert app.session_state["analysis"].text == text


def test_a_sample_fills_the_box_and_leaves_a_note_about_the_old_result(app, monkeypatch, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"the mat\r\nsat")
    entry = {"file": "a.txt", "title": "A mat", "kind": "human", "origin": "Made up."}
    (tmp_path / "index.json").write_text(json.dumps([entry]))
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    analyse(app, "the cat")
    app.selectbox(key="text-sample").select_index(0).run()
    assert app.session_state["text"] == "the mat\r\nsat"
    assert any("A mat (written by a person). Made up." in unescaped(c.value) for c in app.caption)
    assert "changed since" in app.info[0].value
    press(app)
    assert app.session_state["analysis"].text == "the mat\r\nsat"
    assert not app.info


def test_without_samples_the_page_works(app, monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "FOLDER", tmp_path / "missing")
    app.run()
    assert not app.exception
    assert not [box for box in app.selectbox if box.label == "Sample"]


def test_a_file_fills_the_box_or_says_why_not(app):
    app.run()
    app.file_uploader[0].upload("notes.txt", "naïve".encode(), "text/plain").run()
    assert app.session_state["text"] == "naïve"
    app.file_uploader[0].upload("bad.txt", "naïve".encode("latin-1"), "text/plain").run()
    (error,) = app.error
    assert "bad.txt is not UTF-8 text" in unescaped(error.value)
    assert "Save it as plain text in UTF-8" in unescaped(error.value)
    assert app.session_state["text"] == "naïve"
    app.file_uploader[0].upload("none.txt", b" \n", "text/plain").run()
    assert [unescaped(error.value) for error in app.error] == ["none.txt is empty. The box is as it was."]
    assert app.session_state["text"] == "naïve"


def word_file() -> bytes:
    import docx

    made, file = docx.Document(), io.BytesIO()
    made.add_paragraph("One word.")
    made.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "text", "note"),
    [
        ("a.html", b"<nav>Menu</nav><p>One</p><script>no</script>", "Menu\n\nOne", "Menus and other text"),
        ("a.docx", word_file(), "One word.", "a.docx."),
        ("a.md", b"# *One*", "# *One*", "a.md."),
    ],
)
def test_files_of_other_kinds_say_what_was_left_out(app, name, data, text, note):
    app.run()
    app.file_uploader[0].upload(name, data, "application/octet-stream").run()
    assert not app.exception
    assert app.session_state["text"] == text
    assert any(note in unescaped(c.value) for c in app.caption)
    app.text_area(key="text").input(text + " and more").run()
    assert not any(note in unescaped(c.value) for c in app.caption)  # it is another text now


def test_a_broken_file_gives_one_sentence(app):
    app.run()
    app.file_uploader[0].upload("a.pdf", b"no pdf", "application/pdf").run()
    assert [unescaped(e.value) for e in app.error] == [
        "a.pdf is no readable PDF. Copy its text into a plain text file."
    ]  # fmt: skip
    assert not app.exception


def test_what_is_typed_is_noticed_before_it_is_analysed(app):
    analyse(app, "the cat")
    assert not app.info
    app.text_area(key="text").input("the dog").run()
    assert "changed since" in app.info[0].value
    app.text_area(key="text").input("the cat").run()
    assert not app.info


def test_an_analysis_that_was_broken_off_goes_on(app):
    app.run()
    app.text_area(key="text").input("the cat")
    analyzer = Analyzer(load_model("toy"))
    app.session_state["analyse-job"] = lambda: (
        analyzer.analyze("the cat"),
        analyzer,
    )  # as a click in the middle leaves it
    app.run()
    assert app.session_state["analysis"].text == "the cat"
    assert app.session_state["analyse-job"] is None
    assert not [button for button in app.button if button.key == "analyse-cancel"]


def test_long_texts_are_paged_and_every_token_is_reachable(app):
    analyse(app, "the cat sat. " * 200)  # 2,600 tokens
    assert any("Page 1 of 3: tokens 1 to 1,000 of 2,600." in c.value for c in app.caption)
    app.pagination[0].set_value(3).run()
    assert any("Page 3 of 3: tokens 2,001 to 2,600 of 2,600." in c.value for c in app.caption)
    analyse(app, "the cat")  # a new text begins at its first page
    assert not app.pagination


@pytest.mark.parametrize(
    ("text", "start"),
    # One token alone has no score without a start token, so that pair is not there.
    [("the cat " * 30, True), ("the cat " * 30, False), ("👍" * 9 + "x", True), ("👍" * 9 + "x", False), ("a", True)],
)
def test_pages_join_up_to_the_text(text, start):
    analysis = Analyzer(ToyModel("the cat", start=start)).analyze(text)
    found = pages(analysis, size=7)
    drawn = [view_data(analysis, page) for page in found]
    assert "".join(piece for data in drawn for piece in data["pieces"]) == text
    assert [rank for data in drawn for rank in data["rank"]] == analysis.scores.rank.tolist()
    assert [page.first for page in found[1:]] == [page.last for page in found[:-1]]
    for data in drawn:
        assert sum(data["count"]) == len(data["rank"]) == len(data["own"])
        assert all(len(mode["of"]) == len(data["rank"]) for mode in data["modes"])
        json.dumps(data, allow_nan=False)


def test_steps_of_the_scales():
    # a: 2/258 = 7.01 bits, the first guess; b, a: about 2/3; q: 1/757 = 9.6 bits, a 501st of the first guess.
    # The model expects 8.0 bits of the first token and 3.6 of the others, of which 0.6, 0.6 and 9.6 come.
    analysis = Analyzer(ToyModel("ab" * 500)).analyze("abaq")
    data = view_data(analysis, pages(analysis)[0])
    assert [(mode["name"], mode["of"]) for mode in data["modes"]] == [
        ("rank", "0000"), ("surprise", "2002"), ("expected", "3222"), ("excess", "2004"), ("probability", "2002"),
        ("share", "0003"),
    ]  # fmt: skip


def test_diverging_steps_have_their_middle_at_nothing():
    analysis = Analyzer(ToyModel("the cat sat on the mat. " * 3)).analyze("the cat zat on")
    excess = next(m for m in view_data(analysis, pages(analysis)[0])["modes"] if m["name"] == "excess")
    bits = (-analysis.scores.log_prob - analysis.scores.entropy) / np.log(2)
    assert [int(d) for d in excess["of"]] == [sum(b > bound for bound in (-3, -1, 1, 3)) for b in bits]
    assert excess["scale"] == "diverging"
    assert len(excess["steps"]) == 5
