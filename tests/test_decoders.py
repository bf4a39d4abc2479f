"""What decoders do: loops and repetitions by hand, figures of the continuation alone, charts, the view."""

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from analyzer.analysis import Analyzer
from analyzer.charts.decoder_charts import probability_curve, surprise_chart
from analyzer.decoders import DECODERS, Decoded, compare
from analyzer.errors import EmptyText, InputError
from analyzer.models.toy import ToyModel
from analyzer.text.repetition import Loop, distinct, loop, repeated
from analyzer.ui.decoders_view import seen, text_html

# Long enough that counts outweigh the one that every pair of bytes has.
MODEL = ToyModel("the cat sat on the mat and the dog ran. " * 60)


def test_each_decoder_is_what_a_session_with_the_same_seed_draws() -> None:
    analyzer = Analyzer(MODEL)
    for one, (name, sampler) in zip(compare(analyzer, "the cat", n=30, seed=5), DECODERS, strict=True):
        if sampler is not None:
            session = analyzer.guide("the cat", sampler=sampler, seed=5)
            session.run(30)
            assert (one.name, one.text) == (name, session.text)


def test_the_prompt_is_read_once() -> None:
    model, prompt = ToyModel("the cat sat on the mat. " * 9), "the cat sat on the mat. " * 20
    compare(Analyzer(model), prompt, n=1)
    assert model.tokens_read < len(prompt) + 100


@pytest.fixture(scope="module")
def found() -> tuple[Decoded, ...]:
    return compare(Analyzer(MODEL), "the cat", n=40, seed=3)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], None),
        ([1], None),
        ([1, 2, 1, 2], None),
        ([1, 2, 1, 2, 1, 2], Loop(0, 2, 3)),
        ([9, 1, 2, 1, 2, 1, 2, 1], Loop(1, 2, 3)),  # the last is only begun: 7 tokens are three times two and one
        ([9, 2, 1, 2, 1, 2, 1], Loop(1, 2, 3)),
        ([1, 2, 1, 2, 1, 2, 9], None),  # over
        ([5] * 5, None),
        ([5] * 6, Loop(0, 1, 6)),
        ([1, 1, 2] * 3, Loop(0, 3, 3)),
        ([1, 2, 3, 4] * 4, Loop(0, 4, 4)),  # not eight tokens twice
        ([1, 2, 3] * 2 + [1, 2], None),
    ],
)
def test_loops_by_hand(ids: list[int], expected: Loop | None) -> None:
    assert loop(ids) == expected


@given(st.lists(st.integers(0, 2), max_size=8), st.lists(st.integers(0, 2), min_size=2, max_size=5), st.integers(3, 6))
def test_whatever_is_repeated_three_times_is_a_loop(before: list[int], phrase: list[int], times: int) -> None:
    ids = before + phrase * times
    result = loop(ids)
    assert result is not None
    tail = ids[result.start :]
    assert tail[result.period :] == tail[: -result.period]
    assert len(tail) // result.period == result.times
    assert result.period <= len(phrase)
    assert result.start <= len(before)


def test_distinct_and_repeated_by_hand() -> None:
    ids = [1, 2, 3, 1, 2, 3]  # pairs: 12 23 31 12 23
    assert distinct(ids, 2) == 3 / 6
    assert repeated(ids, 2) == pytest.approx(2 / 5)
    assert repeated(ids, 4) == 0  # 1231 2312 3123
    assert math.isnan(distinct([], 2))
    assert math.isnan(repeated([1], 2))


def test_every_decoder_goes_on_from_the_prompt(found: tuple[Decoded, ...]) -> None:
    assert [one.name for one in found] == [name for name, _ in DECODERS]
    for one in found:
        assert one.text.startswith("the cat")
        assert one.begins == len("the cat")
        assert len(one.ids) == len(one.scores) == 40 or one.ended
        assert one.steps


def test_figures_are_those_of_the_continuation(found: tuple[Decoded, ...]) -> None:
    for one in found:
        own = Analyzer(MODEL).analyze(one.text[7:], "the cat").scores
        if one.analysis.warnings:  # bytes that are no characters: read afresh they would be others
            continue
        assert one.mean_surprise == pytest.approx(-own.log_prob.mean())
        assert one.mean_entropy == pytest.approx(own.entropy.mean())
        assert one.mean_probability == pytest.approx(np.exp(own.log_prob).mean())
        assert one.first_guesses == pytest.approx((own.rank == 1).mean())
        assert one.drift == pytest.approx([np.exp(q).mean() for q in np.array_split(own.log_prob, 4)])


def test_greedy_loops_in_a_model_of_pairs_and_the_loop_is_found_in_the_text(found: tuple[Decoded, ...]) -> None:
    greedy = found[0]
    assert greedy.first_guesses == 1
    assert greedy.loop is not None
    begins = greedy.loop_begins
    assert begins is not None
    tail = greedy.text[begins:]
    phrase = tail[: greedy.loop.period]
    assert tail.startswith(phrase * greedy.loop.times)
    assert greedy.repeated_4 > 0.5


def test_maximising_is_likelier_than_drawing(found: tuple[Decoded, ...]) -> None:
    by_name = {one.name: one for one in found}
    assert by_name["greedy"].mean_surprise < by_name["pure sampling"].mean_surprise
    assert by_name["beam search"].mean_surprise <= by_name["greedy"].mean_surprise + 1e-9
    assert by_name["greedy, frequency penalty"].repeated_4 < by_name["greedy"].repeated_4


def test_the_prompt_is_read_once_and_the_seed_makes_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(MODEL, "tokens_read", 0)
    texts = [[one.text for one in compare(Analyzer(MODEL), "the cat" * 20, n=4, seed=seed)] for seed in (1, 1, 2)]
    reads.append(MODEL.tokens_read)
    assert texts[0] == texts[1]
    assert texts[0][:4] == texts[2][:4]  # those that do not draw
    assert reads[0] < 3 * (140 + 8 * 4 * 9)


def test_progress_reaches_its_end() -> None:
    calls: list[tuple[int, int]] = []
    compare(Analyzer(MODEL), "the", n=5, progress=lambda *now: calls.append(now))
    assert calls == sorted(calls)
    assert calls[-1] == (40, 40)


@pytest.mark.parametrize(("prompt", "n", "error"), [("", 5, EmptyText), (" \n", 5, EmptyText), ("the", 0, InputError),
                                                    ("the", 5000, InputError)])  # fmt: skip
def test_what_cannot_be_compared(prompt: str, n: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        compare(Analyzer(MODEL), prompt, n=n)


def test_a_model_without_start_token() -> None:
    for one in compare(Analyzer(ToyModel("the cat sat. " * 20, start=False)), "the", n=8):
        assert one.begins == 3
        assert len(one.ids) == len(one.scores)


def test_a_continuation_that_ends_at_once() -> None:
    (one,) = (d for d in compare(Analyzer(MODEL), "the", n=1) if d.name == "greedy")
    nothing = Decoded("nothing", (), Analyzer(MODEL).analyze("the"), 3, True)
    assert math.isnan(nothing.mean_surprise)
    assert nothing.loop is None
    assert nothing.begins == 3
    assert seen(nothing) == "It ended the text at once."
    assert math.isnan(one.drift[0])
    assert seen(one) == "It ends in no loop."


def test_charts_are_valid_described_and_mark_the_loop(found: tuple[Decoded, ...]) -> None:
    for one in found:
        chart = probability_curve(one, longest=40).to_dict()
        assert one.name in chart["description"]
        assert len(chart["layer"]) == (1 if one.loop is None else 2)
        assert "NaN" not in json.dumps(chart)
    chart = surprise_chart(found).to_dict()
    assert all(name in chart["description"] for name, _ in DECODERS)
    assert len(json.dumps(chart)) < 20_000


def test_texts_are_escaped_and_the_loop_is_marked() -> None:
    analysis = Analyzer(MODEL).analyze("<b>&" + "ab" * 4 + "\x1b")
    one = Decoded("x", (), analysis, 4, False)
    assert "&lt;b&gt;&amp;" in text_html(one)
    assert "<mark" not in text_html(one)
    assert "␛" in text_html(one)
    looping = Decoded("x", (), Analyzer(MODEL).analyze("<b>&" + "ab" * 4), 3, False)
    assert ">abababab</mark>" in text_html(looping)
    assert seen(looping).startswith("From its token 2 on it goes round in a loop of 2, 4 times; ")


def view() -> None:
    from analyzer.analysis import Analyzer
    from analyzer.models.toy import ToyModel
    from analyzer.ui.decoders_view import decoders_view

    decoders_view(lambda: Analyzer(ToyModel("the cat sat on the mat. " * 30)))


def test_the_view_shows_table_texts_and_sentences() -> None:
    app = AppTest.from_function(view, default_timeout=60).run()
    app.text_area(key="decoders-prompt").input("the cat")
    app.number_input(key="decoders-n").set_value(30)
    app.button(key="decoders-run").click().run()
    assert not app.exception
    (table,) = (one.value for one in app.table)
    assert list(table["decoder"]) == [name.replace("-", "\\-") for name, _ in DECODERS]
    assert table["loop"][0] != "no"
    assert set(table["verdict (chance of a machine)"]) == {"not judged"}
    assert any(caption.value.startswith("From its token") for caption in app.caption)
    app.run()
    assert len(app.table) == 1  # stays


def test_the_view_can_be_imported_without_anything_heavy() -> None:
    code = "import sys, analyzer.ui.decoders_view\nassert not {'torch', 'transformers', 'altair'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_view_says_what_is_wrong() -> None:
    app = AppTest.from_function(view, default_timeout=60).run()
    app.text_area(key="decoders-prompt").input(" ")
    app.button(key="decoders-run").click().run()
    assert [error.value.replace("\\", "") for error in app.error] == [
        "There is no prompt. Give some words to go on from."
    ]
    assert not app.table


def test_greedy_text_of_the_default_model_is_likelier_than_pure_sampling(default_model: Any) -> None:
    made = {one.name: one for one in compare(Analyzer(default_model), "The house at the end of the road", n=24, seed=1)}
    assert made["greedy"].mean_probability > made["pure sampling"].mean_probability
    assert made["beam search"].mean_surprise < made["pure sampling"].mean_surprise
    assert made["greedy"].first_guesses == 1
