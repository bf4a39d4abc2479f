"""The page Batch without a browser: what is given, done, judged again, shown, and said when something is wrong."""

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.batch.kept import judged_again, keep
from analyzer.batch.layout import Layout
from analyzer.batch.rows import Result, Row
from analyzer.calibration import Settings
from analyzer.calibration.cards import save_card
from analyzer.errors import EmptyText
from analyzer.models.toy import ToyModel
from analyzer.ui.batch_results import _file
from analyzer.ui.batch_table import likelihood_in_words, name_of, shown, table
from analyzer.ui.session import load_model

PAGE = "from analyzer.ui.batch import batch_page\nbatch_page()\n"
HOSTILE = '</span><img src=x onerror="window.pwned=1"> **bold** [a](javascript:1) =HYPERLINK("x") $x$ \u202eesrever.txt'


@pytest.fixture
def app(monkeypatch, tmp_path):
    card = tmp_path / "card.json"
    save_card(toy_card(load_model("toy").info), card)
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(card))
    return AppTest.from_string(PAGE, default_timeout=60).run()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    for name, data in files:
        app.file_uploader[0].upload(name, data, "application/octet-stream").run()
        assert not app.exception
    return app


def test_an_upload_that_is_sent_twice_is_taken_once():
    """As a browser does that has not drawn the emptied list when the next click comes."""

    def page() -> None:
        from types import SimpleNamespace

        import streamlit as st

        from analyzer.ui import batch_input

        def file(number: int) -> SimpleNamespace:
            return SimpleNamespace(file_id=str(number), name="a.txt", size=3, getvalue=lambda: b"the")

        for upload, files in (("one", [file(1)]), ("one", [file(1)]), ("two", [file(2)])):  # the third is another one
            st.session_state[upload] = files
            batch_input._take_files(upload)
        st.write(len(st.session_state["batch-sources"]))

    assert AppTest.from_function(page).run().markdown[0].value == "`2`"


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label.startswith(label)).click().run()
    assert not app.exception
    return app


def paste(app: AppTest, *texts: str) -> AppTest:
    app.text_area(key="batch-pasted").input("\n---\n".join(texts)).run()
    return app


def said(app: AppTest) -> str:
    every = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(one.value for one in every).replace("\\", "").replace("\u00a0", " ")


def rows(app: AppTest) -> list[dict[str, object]]:
    return app.dataframe[0].value.to_dict("records")


def lines(*records: dict[str, object]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in records).encode()


def test_first_paint_loads_no_torch():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_string({PAGE!r}, default_timeout=30).run()\n"
        "assert not app.exception and app.title[0].value == 'Analyse many texts'\n"
        "assert not {'torch', 'transformers', 'altair'} & set(sys.modules), 'heavy import'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"ANALYZER_MODEL": "toy"},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr


# What is given


def test_rows_and_words_are_known_beforehand(app):
    assert app.button(key="batch-analyse").disabled
    assert "Up to 2,000 rows and 5,000,000 characters at once, 5 MB a file" in said(app)
    assert "*analyzer batch*" in said(app)
    upload(app, ("a.txt", b"the cat sat"), ("b.docx", b"no"))
    upload(app, ("c.csv.gz", gzip.compress(b"id,body,by\n1,a much longer text,me\n2,another,you\n")))
    paste(app, MACHINE, HUMAN)
    assert "3 files: a.txt, b.docx, c.csv.gz" in said(app).replace("**", "")
    words = 3 + 4 + 1 + len(MACHINE.split()) + len(HUMAN.split())
    assert f"**6 rows** · {words} words · 1 cannot be read" in said(app)
    assert app.button(key="batch-analyse").label == "Analyse 6 texts"
    press(app, "Let them go")
    assert "**2 rows**" in said(app)
    assert app.button(key="batch-analyse").label == "Analyse 2 texts"


def test_columns_are_guessed_and_chosen(app):
    upload(app, ("t.jsonl", lines({"id": "x", "text": "the cat", "more": "the dog sat on it"}, {"id": "y"})))
    text, of_id = app.selectbox[0], app.selectbox[1]
    assert (text.label, text.value, list(text.options)) == (
        "Text",
        "text",
        ["id", "text", "more"],
    )
    assert list(of_id.options) == ["(number of the row)", "id", "text", "more"]
    assert "2 words · 1 cannot be read" in said(app)
    text.set_value("more").run()
    of_id = app.selectbox[1]
    of_id.set_value(0).run()
    assert "5 words" in said(app)
    press(app, "Analyse")
    assert [row["name"] for row in rows(app)] == ["1", "2"]
    assert "Row 2 has no column 'more', only: id." in str(rows(app)[1]["why"])


def test_a_table_without_text_has_a_column_chosen_first(app):
    upload(app, ("n.jsonl", lines({"n": 1, "m": 2})))
    assert app.selectbox[0].value is None
    assert "Choose the column of the text." in said(app)
    assert app.button(key="batch-analyse").disabled


def test_more_than_the_page_holds_is_said(app, monkeypatch):
    from analyzer.batch import taking

    monkeypatch.setattr(taking.take, "__kwdefaults__", taking.take.__kwdefaults__ | {"most_rows": 2})
    paste(app, "one", "two", "three")
    assert "Only the first 2 rows are taken" in said(app)
    press(app, "Analyse 2 texts")
    assert len(rows(app)) == 2


# What is done


def test_a_row_each_with_words_for_the_verdict(app):
    upload(app, ("a.txt", MACHINE.encode()), ("b.txt", HUMAN.encode()), ("c.txt", b"the cat"), ("d.docx", b"no"))
    press(app, "Analyse 4 texts")
    found = rows(app)
    assert [row["name"] for row in found] == ["a.txt", "b.txt", "c.txt", "d.docx"]
    assert [row["verdict"] for row in found] == ["Likely AI", "Likely human", "Not judged", "Failed"]
    judged = next(kept for kept in app.session_state["batch-job"].work.done)
    assert found[0]["range"] == likelihood_in_words(judged.likelihood)
    assert [len(row["curve"]) if row["curve"] is not None else 0 for row in found] == [30, 30, 7, 0]
    assert "Too short" in str(found[2]["why"])
    assert "d.docx is no readable Word file" in str(found[3]["why"])
    assert [e.label for e in app.expander] == ["Other texts", "1 row without numbers, and why"]
    assert "**d.docx**: d.docx is no readable Word file. Save it again as .docx." in said(app)
    assert "**4 rows** · " in said(app)
    assert "of 2 human texts one would be called likely AI by chance alone in about 1 in 50 such tables" in said(app)
    assert "Do not pick people by this table." in said(app)
    shown_charts = [json.loads(one.proto.spec)["description"] for one in app.get("vega_lite_chart")]
    assert shown_charts[0] == "Texts by verdict: Likely AI 1, Unclear 0, Likely human 1, Not judged 1, Failed 1."


def test_another_rate_judges_again_without_a_forward_pass(app, monkeypatch):
    texts = [MACHINE[: 60 + n] + HUMAN[n * 5 :] for n in range(30)]
    press(paste(app, *texts), "Analyse")
    before = [row["verdict"] for row in rows(app)]
    passes = []
    score = ToyModel.score
    monkeypatch.setattr(ToyModel, "score", lambda *args, **more: passes.append(1) or score(*args, **more))
    app.select_slider(key="false-positive-rate").set_value(0.05).run()
    after = [row["verdict"] for row in rows(app)]
    app.select_slider(key="false-positive-rate").set_value(0.001).run()
    assert "unclear" not in after
    assert not passes
    assert after != before
    work = app.session_state["batch-job"].work
    for row, kept in zip(rows(app), work.done, strict=True):
        asked = judged_again(work.analyzer.calibration, kept.likelihood, kept.n_tokens, Settings(0.001))
        assert str(row["verdict"]).lower() == asked.verdict.lower()
    assert "of 30 human texts one would be called likely AI by chance alone in about 1 in 33 such tables" in said(app)


def test_stop_keeps_what_is_done_and_go_on_does_the_rest(app):
    press(paste(app, *[f"{MACHINE} {n}" for n in range(40)]), "Analyse")
    job = app.session_state["batch-job"]
    whole = [dict(one.record) for one in job.work.done]
    del job.work.done[16:]
    job.likelihoods.clear()
    job.wanted = False
    app.run()
    assert "**Stopped** after 16 of 40 rows." in said(app)
    assert len(rows(app)) == 16
    app.button(key="batch-go-on").click().run()
    assert not app.exception
    assert len(rows(app)) == 40
    assert [dict(one.record) for one in job.work.done] == whole


def test_filters_by_verdict_and_by_name(app):
    upload(app, ("a.txt", MACHINE.encode()), ("b.txt", HUMAN.encode()), ("c.docx", b"no"), ("A2.txt", MACHINE.encode()))
    press(app, "Analyse")
    pills = app.button_group[0] if app.get("button_group") else None
    assert pills is not None
    app.session_state["batch-verdicts"] = ["likely AI"]
    app.run()
    assert [row["name"] for row in rows(app)] == ["a.txt", "A2.txt"]
    assert "2 of 4 rows are shown." in said(app)
    app.text_input(key="batch-words").input("a2").run()
    assert [row["name"] for row in rows(app)] == ["A2.txt"]
    app.session_state["batch-verdicts"] = ["failed"]
    app.run()
    assert not app.dataframe
    assert "No row is like that" in said(app)
    app.text_input(key="batch-words").input("").run()
    assert [row["verdict"] for row in rows(app)] == ["Failed"]


def test_a_row_is_looked_at_closer(app):
    upload(app, ("a.txt", f"{MACHINE}{HUMAN}Then we went home, slowly.".encode()), ("d.docx", b"no"))
    press(app, "Analyse")
    assert app.button(key="batch-open-button").disabled
    app.selectbox(key="batch-open").set_value(1).run()
    assert re.search(r"\*\*(Likely AI|Unclear|Likely human), probability of a machine \d+ % \(90 % interval", said(app))
    assert f"It begins: {MACHINE[:50]}" in said(app)
    assert not app.button(key="batch-open-button").disabled
    app.selectbox(key="batch-open").set_value(2).run()
    assert "**Failed.** d.docx is no readable Word file" in said(app)
    assert app.button(key="batch-open-button").disabled


def test_new_texts_take_the_place_of_the_old_and_no_old_choice_stays(app):
    press(paste(app, MACHINE, HUMAN), "Analyse")
    app.selectbox(key="batch-open").set_value(2).run()
    press(paste(app, "the cat"), "Analyse")
    assert [row["verdict"] for row in rows(app)] == ["Not judged"]
    assert app.selectbox(key="batch-open").value is None


def test_results_of_other_texts_than_those_chosen_are_said_to_be(app):
    upload(app, ("two.jsonl", lines({"essay": HUMAN, "comment": MACHINE})))
    app.selectbox[0].select("essay").run()
    press(app, "Analyse")
    assert "of the texts before" not in said(app)
    app.selectbox[0].select("comment").run()
    assert "of the texts before" in said(app)
    press(app, "Analyse")
    assert "of the texts before" not in said(app)


def test_a_model_without_calibration_has_no_rate_and_accuses_nobody(app, monkeypatch):
    monkeypatch.delenv("ANALYZER_CALIBRATION")
    press(paste(app, MACHINE, HUMAN), "Analyse")
    assert not app.select_slider
    assert {row["verdict"] for row in rows(app)} == {"Not judged"}
    assert "by chance alone" not in said(app)
    assert "Do not pick people by this table." in said(app)


def test_a_model_that_cannot_be_loaded_gives_one_sentence(app, monkeypatch, tmp_path):
    monkeypatch.setenv("ANALYZER_MODEL", str(tmp_path))
    monkeypatch.delenv("ANALYZER_CALIBRATION")
    press(paste(app, MACHINE), "Analyse")
    assert len(app.error) == 1
    assert not app.dataframe


# Pure parts


def test_names_and_texts_are_only_text(app):
    upload(
        app,
        (HOSTILE.replace("/", "∕"), MACHINE.encode()),
        ("t.jsonl", lines({"id": "=1+1", "text": MACHINE}, {"id": HOSTILE, "text": HOSTILE})),
    )
    press(app, "Analyse")
    assert rows(app)[2]["name"] == HOSTILE.replace("\u202e", "‹202E›")[:79] + "…"
    app.selectbox(key="batch-open").set_value(3).run()
    for one in (*app.markdown, *app.caption):
        assert not re.search(r"(?<!\\)(<img|\*\*bold|\]\()|\u202e", one.value)
    job = app.session_state["batch-job"]
    found = list(zip(job.work.done, job.likelihoods, strict=True))
    ids = [row["id"] for row in csv.DictReader(io.StringIO(_file(job, found, "csv", Settings()).decode()))]
    assert ids == [HOSTILE.replace("/", "∕"), "'=1+1", HOSTILE]


def test_a_table_holds_numbers_as_numbers_and_long_names_cut():
    failed = Row(1, "x" * 200 + "\n", None, error=EmptyText("No text."))
    kept = keep(Result(failed, None, failed.error), Layout())
    assert len(name_of(kept)) == 80
    frame = table([(kept, None)])
    assert list(frame["verdict"]) == ["Failed"]
    assert [str(frame[name].dtype) for name in ("bar", "p", "words", "bits")] == [
        "Float64",
        "Float64",
        "Int64",
        "Float64",
    ]
    assert shown([(kept, None)], verdicts=["likely AI"], words="") == []
    assert shown([(kept, None)], verdicts=[], words="XXX") == [(kept, None)]
