"""The page Compare without a browser: what is typed, kept and said; and that what is drawn is the engine's."""

import json
import math
import os
import subprocess
import sys
from io import BytesIO
from itertools import pairwise

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from made_analysis import made
from streamlit.testing.v1 import AppTest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration import UNCALIBRATED
from analyzer.calibration.cards import save_card
from analyzer.comparing.agreement import agreement
from analyzer.comparing.baseline import baseline
from analyzer.comparing.comparison import choices, most_unlike, rows, totals
from analyzer.comparing.drafts import drafts
from analyzer.models.toy import ToyModel
from analyzer.ui.compare_choices import choices_data, choices_tables, compared
from analyzer.ui.compare_drafts import paired, statistics_frame
from analyzer.ui.compare_input import split_texts
from analyzer.ui.compare_models import Readers, models_data, models_table
from analyzer.ui.compare_own import strip
from analyzer.ui.compare_rows import change_data, changes_table, draft_rows, rows_data
from analyzer.ui.compare_words import bits, in_bits, signed
from analyzer.ui.session import load_model

PAGE = "from analyzer.ui.compare import compare_page\ncompare_page()"
HOSTILE = "</span><img src=x onerror=alert(1)> **b** [a](javascript:1) $x$ \u202eesrever \x1b[31m 👍 汉字\n\n\tend"
OWN = [f"the cat number {n} sat on the mat and the dog had {n} more" for n in range(7)]

texts = st.one_of(st.text(min_size=2, max_size=60), st.text("the dog.'\n👍 é\u202e汉", min_size=2, max_size=60))


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.delenv("ANALYZER_CALIBRATION", raising=False)
    return AppTest.from_string(PAGE, default_timeout=60).run()


def toy() -> Analyzer:
    return Analyzer(load_model("toy"))


def ask(app: AppTest, question: str, **typed: str) -> AppTest:
    app.segmented_control[0].set_value(question).run()
    for key, text in typed.items():
        name = f"compare-{key}"
        (app.text_input(key=name) if key == "model" else app.text_area(key=name)).input(text)
    next(button for button in app.button if button.label == "Compare").click().run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(one.value for one in found).replace("\\", "")


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def test_first_paint_loads_no_torch():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_string({PAGE!r}, default_timeout=30).run()\n"
        "assert not app.exception and app.title[0].value == 'Compare'\n"
        "assert not {'torch', 'transformers', 'altair'} & set(sys.modules), 'heavy import'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"ANALYZER_MODEL": "toy"},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_text_and_the_model(app):
    text = "the cat sat on the fox"
    ask(app, "My text and the model", text=text)
    of = totals(choices(toy().analyze(text)))
    shown = metrics(app)
    assert shown["Given up"] == f"{of.bits_given_up:.1f} bits"
    assert shown["A word, on average"] == f"{of.bits_given_up_per_word:.1f} bits"
    assert shown["The model’s first choice"] == f"{100 * of.share_followed:.0f}\u00a0%"
    assert "says nothing yet of who wrote it" in words(app)


def test_two_drafts(app):
    before, after = "the cat sat on the mat", "the cat ran on the mat"
    ask(app, "Two drafts", before=before, after=after)
    found = drafts(toy().analyze(before), toy().analyze(after))
    assert found.sentence in words(app)
    shown = metrics(app)
    assert shown["Surprise in all"] == f"{bits(found.bits_before)} → {bits(found.bits_after)} bits"
    assert shown["Of it, in words that stayed"] == f"{signed(found.moved_behind)} bits"
    table = app.table[0].value
    assert table["statistic"].tolist() == [moved.name.replace("_", " ") for moved in found.statistics]
    assert table["before"].tolist() == [in_bits(moved.before, moved.unit)[0] for moved in found.statistics]


def test_two_judged_drafts(app, monkeypatch, tmp_path):
    card = toy_card(load_model("toy").info)
    save_card(card, tmp_path / "card.json")
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(tmp_path / "card.json"))
    before, after = HUMAN, MACHINE
    ask(app, "Two drafts", before=before, after=after)
    analyzer = Analyzer(load_model("toy"), calibration=card)
    found = drafts(analyzer.analyze(before), analyzer.analyze(after))
    assert not math.isnan(found.likelihood_before.probability)
    assert found.sentence in words(app)
    assert words(app).count("90 % interval") == 4  # in the sentence, and beside each draft


def test_own_texts(app):
    new = "zzzz the quick dog and some more words to be long enough"
    ask(app, "My own earlier texts", text=new, own="\n---\n".join(OWN))
    found = baseline([toy().analyze(one) for one in OWN]).placement(toy().analyze(new))
    said = words(app)
    assert found.sentence in said
    assert all(warning in said for warning in found.warnings)
    assert "not yours" not in said.lower()
    assert (
        f"the first {found.n_tokens} tokens of this text beside those of {found.n_texts} earlier ones" in said.lower()
    )


def test_own_texts_from_files_stay_and_can_be_let_go(app):
    app.segmented_control[0].set_value("My own earlier texts").run()
    packed = BytesIO()
    document = Document()
    document.add_paragraph("the dog in a Word file sat on the mat")
    document.save(packed)
    for name, data in (("a**b**.txt", OWN[0].encode()), ("c.docx", packed.getvalue()), ("bad.txt", b"na\xefve")):
        app.file_uploader[-1].upload(name, data, "text/plain").run()
    assert "2 files** taken: a**b**.txt, c.docx" in words(app)
    assert "Left out: bad.txt" in words(app)
    app.segmented_control[0].set_value("Two drafts").run()
    ask(app, "My own earlier texts", text=OWN[6], own="\n---\n".join(OWN[:4]))
    assert not app.error  # five different ones: one was both in a file and pasted
    assert "c.docx" in words(app)
    next(button for button in app.button if button.label == "Let them go").click().run()
    assert "taken" not in words(app)
    assert "have changed since" in words(app)


def test_too_few_own_texts_are_one_sentence(app):
    ask(app, "My own earlier texts", text="the cat", own="the mat")
    assert len(app.error) == 1
    assert "A baseline needs at least 5 different texts of yours; there is 1. Add 4 more" in app.error[0].value.replace(
        "\\", ""
    )


def test_own_texts_that_are_too_short_are_called_by_their_names(app):
    app.segmented_control[0].set_value("My own earlier texts").run()
    app.file_uploader[-1].upload("a*short*.txt", b"the dog", "text/plain").run()
    ask(app, "My own earlier texts", text=f"{OWN[0]} and more", own="\n---\n".join(OWN))
    assert f"being shorter than {len(OWN[0])} tokens: a*short*.txt." in words(app)


def test_one_model_twice(app):
    ask(app, "Two models", text="the cat sat on the mat", model="toy")
    shown = metrics(app)
    assert shown["Correlation"] == "1.00"
    assert "Both are the same model" in words(app)
    assert r"toy \(1\)" in shown


def test_two_different_models(app, monkeypatch):
    other = ToyModel("to be or not to be", start=False)
    monkeypatch.setattr("analyzer.ui.compare_models.get_model", lambda _: other)
    text = "the cat to be or not"
    ask(app, "Two models", text=text, model="other")
    found = agreement(toy().analyze(text), Analyzer(other).analyze(text))
    assert metrics(app)["Correlation"] == f"{found.correlation:.2f}".replace("-", "−")
    assert f"{found.bits_per_character_b:.2f} bits a character" in metrics(app).values()
    assert all(warning in words(app) for warning in found.warnings)


def test_an_unknown_model_is_one_sentence_with_a_hint(app, tmp_path):
    ask(app, "Two models", text="the cat", model=str(tmp_path))
    assert len(app.error) == 1
    assert "Check the name" in app.error[0].value
    ask(app, "Two models", text="the cat", model="  ")
    assert "Give a hub id" in app.error[0].value


@pytest.mark.parametrize(
    ("question", "typed", "message"),
    [
        ("My text and the model", {"text": " \n"}, "Your text is empty"),
        ("Two drafts", {"before": "the cat", "after": ""}, "The later draft is empty"),
        ("My own earlier texts", {"text": "", "own": ""}, "Your text is empty"),
        ("Two models", {"text": "", "model": "toy"}, "Your text is empty"),
    ],
)
def test_nothing_to_compare_is_one_sentence_and_no_old_answer(app, question, typed, message):
    full = {"text": "the cat", "before": "the cat", "after": "the dog", "own": "\n---\n".join(OWN), "model": "toy"}
    ask(app, question, **{key: full[key] for key in typed})
    assert not app.error
    ask(app, question, **typed)
    assert len(app.error) == 1
    assert message in app.error[0].value
    assert not app.metric


def test_answers_stay_beside_one_another_and_say_when_they_are_old(app):
    ask(app, "My text and the model", text="the cat sat")
    before = metrics(app)
    ask(app, "Two drafts", before="the cat", after="the dog")
    app.segmented_control[0].set_value("My text and the model").run()
    assert metrics(app) == before
    assert app.text_area(key="compare-text").value == "the cat sat"
    app.file_uploader[0].upload("other.txt", b"the dog", "text/plain").run()
    assert app.text_area(key="compare-text").value == "the dog"
    assert "have changed since" in words(app)
    assert metrics(app) == before


@pytest.mark.parametrize("question", ["My text and the model", "My own earlier texts", "Two drafts", "Two models"])
def test_what_is_typed_stays_without_the_button_and_an_answer_says_that_it_is_old(app, question):
    full = {
        "My text and the model": {"text": "the cat"},
        "My own earlier texts": {"text": "the cat", "own": "\n---\n".join(OWN)},
        "Two drafts": {"before": "the cat", "after": "the dog"},
        "Two models": {"text": "the cat", "model": "toy"},
    }[question]
    ask(app, question, **full)
    for key in full:
        assert "have changed since" not in words(app)
        name = f"compare-{key}"
        (app.text_input if key == "model" else app.text_area)(key=name).input("another").run()
        assert "have changed since" in words(app)
        assert app.metric or key in ("text", "own")
        for other in ("Two drafts" if question != "Two drafts" else "Two models", question):
            app.segmented_control[0].set_value(other).run()
        assert (app.text_input if key == "model" else app.text_area)(key=name).value == "another"
        (app.text_input if key == "model" else app.text_area)(key=name).input(full[key]).run()


def test_what_was_said_of_a_file_goes_with_the_text_it_stood_over(app):
    app.text_area(key="compare-text").input("the cat").run()
    app.file_uploader[0].upload("latin.txt", b"na\xefve", "text/plain").run()
    assert "encoding UTF-8" in app.error[0].value.replace("\\", "")
    app.segmented_control[0].set_value("Two models").run()
    assert len(app.error) == 1  # the text is the same
    app.text_area(key="compare-text").input("the dog").run()
    assert not app.error
    app.text_area(key="compare-text").input("the cat").run()
    assert not app.error


def test_the_text_of_the_other_page_can_be_taken(app):
    assert not [button for button in app.button if button.label == "The text of Analyse"]
    app.session_state["text"] = "the cat sat"
    app.run()
    next(button for button in app.button if button.label == "The text of Analyse").click().run()
    assert app.text_area(key="compare-text").value == "the cat sat"
    assert not [button for button in app.button if button.label == "The text of Analyse"]


def test_a_file_fills_its_box(app):
    app.file_uploader[0].upload("page.html", b"<p>the <b>cat</b></p><script>1</script>", "text/html").run()
    assert app.text_area(key="compare-text").value == "the cat"
    assert "page.html" in words(app)
    app.file_uploader[0].upload("![x](http:y).txt", b"na\xefve", "text/plain").run()
    assert app.text_area(key="compare-text").value == "the cat"
    assert r"\!\[x\]" in app.error[0].value  # a file's name is no markdown


def test_hostile_text_is_answered(app):
    for question, typed in (
        ("My text and the model", {"text": HOSTILE}),
        ("Two drafts", {"before": HOSTILE, "after": HOSTILE[::-1]}),
        ("My own earlier texts", {"text": HOSTILE, "own": "\n---\n".join([*OWN, HOSTILE[::-1]])}),
        ("Two models", {"text": HOSTILE, "model": "toy"}),
    ):
        ask(app, question, **typed)
        assert not app.error


# What is drawn


@settings(max_examples=50)
@given(texts)
def test_cells_join_up_to_the_text(text):
    for analyzer in (Analyzer(ToyModel("the cat")), Analyzer(ToyModel("the cat", start=False))):
        if len(text.encode()) < 2:
            continue
        analysis = analyzer.analyze(text)
        found = compared(analysis)
        data = choices_data(found, 0, len(found.rows))
        json.dumps([data, [table.data() for table in choices_tables(found)]], allow_nan=False)
        assert "".join(cell["text"] for cell in data["cells"]) == text
        assert [cell["same"] for cell in data["cells"]] == [row.rank == 1 for row in rows(analysis)]
        assert all(0 <= cell["bar"] <= 1 for cell in data["cells"])


def test_the_table_of_the_unlike_is_the_engines():
    analysis = toy().analyze("the cat sat on a zebra, quickly")
    unlike, like = choices_tables(compared(analysis))
    for row, choice in zip(unlike.rows, most_unlike(choices(analysis), 12), strict=True):
        assert (row.start, row.end) == (choice.start, choice.end)
        assert row.numbers == (bits(choice.bits_given_up),)
        assert row.foreign[0] == choice.text.strip()
    assert like.rows


def test_impossible_tokens_can_be_drawn():
    found = compared(made("a b", [(0, 1), (1, 3)], bits=[math.inf, 1], best=[1, 1], rank=[7, 1]))
    data = choices_data(found, 0, 2)
    json.dumps(data, allow_nan=False)
    assert data["cells"][0]["bar"] == 1
    assert "∞ bits" in data["cells"][0]["numbers"]


@settings(max_examples=50)
@given(texts, texts)
def test_rows_join_up_to_both_drafts(before, after):
    pair = paired(toy().analyze(before), toy().analyze(after))
    stretches = pair.found.stretches
    found = draft_rows(before, after, stretches)
    assert "".join(part.before for row in found for part in row.parts) == before
    assert "".join(part.after for row in found for part in row.parts) == after
    for earlier, later in pairwise(found):
        assert earlier.parts[-1].stretch <= later.parts[0].stretch
    data = rows_data(found, change_data(stretches, judged=False))
    assert len(data["changes"]) == sum(one.kind != "unchanged" for one in stretches)
    json.dumps([data, changes_table(stretches, judged=False).data()], allow_nan=False)
    assert len(statistics_frame(pair.found)) == len(pair.found.statistics)


def test_rows_end_with_sentences_that_stayed():
    before, after = "One two. Three four. Five six.", "One two. Three FOUR. Five six."
    found = drafts(toy().analyze(before), toy().analyze(after))
    parts = [[(p.kind, p.before, p.after) for p in row.parts] for row in draft_rows(before, after, found.stretches)]
    assert parts == [
        [("unchanged", "One two. ", "One two. ")],
        [("unchanged", "Three", "Three"), ("replaced", " four", " FOUR"), ("unchanged", ". ", ". ")],
        [("unchanged", "Five six.", "Five six.")],
    ]


def test_words_of_two_models_have_the_steps_of_their_difference():
    a = made("a b c d e", [(0, 1), (1, 3), (3, 5), (5, 7), (7, 9)], bits=[9, 5, 1, 1, 1])
    b = made("a b c d e", [(0, 1), (1, 3), (3, 5), (5, 7), (7, 9)], bits=[1, 2, 1, 4, 9])
    readers = Readers(a.model, b.model, agreement(a, b))
    data = models_data(readers, 0, 5)
    assert [word["step"] for word in data["words"]] == [0, 1, 2, 3, 4]
    assert data["words"][3]["numbers"].endswith("1.0 bits · made (2) 4.0 bits · +3.0")
    table = models_table(readers)
    assert [row.foreign[0] for row in table.rows] == ["a", "e", "b", "d"]  # the same in both is no difference
    assert [row.numbers[2] for row in table.rows] == ["−8.0", "+8.0", "−3.0", "+3.0"]


def test_a_strip_says_what_it_shows():
    new = "zzzz the quick dog and some more words to be long enough"
    for place in baseline([toy().analyze(one) for one in OWN]).placement(toy().analyze(new)).places:
        drawn = strip(place)
        assert drawn.count("border-radius:50%") == len(place.own)
        assert f"this text {in_bits(place.value, place.unit)[0]}" in drawn
        assert "nan" not in drawn


def test_texts_are_parted_by_lines_of_hyphens():
    assert split_texts("a\n---\nb\r\n----\r\n\n  \n---\nc -- d\n--\n--- e") == ["a", "b", "c -- d\n--\n--- e"]
    assert split_texts(" \n") == []


def test_no_likelihood_is_no_share():
    pair = paired(toy().analyze("the cat"), toy().analyze("the dog"))
    assert not pair.judged
    assert math.isnan(UNCALIBRATED.probability)
    told = change_data(pair.found.stretches, judged=pair.judged)
    assert all("log-odds" not in change["did"] for change in told.values())
