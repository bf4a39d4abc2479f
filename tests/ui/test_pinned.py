"""A token looked at closely, a stretch of the text: what they say, what they cost, and what they never do."""

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.comparing.drafts import drafts
from analyzer.models.toy import ToyModel
from analyzer.ui import brushing
from analyzer.ui.pinned import pinned
from analyzer.ui.replacing import moves, word_at, words_of
from analyzer.ui.session import load_model
from analyzer.wording import chance

LONG = "the cat sat on the mat. " * 60  # 1,440 tokens, two pages


def analyse(app: AppTest, text: str) -> AppTest:
    app.run()
    app.text_area(key="text").input(text)
    press(app, "Analyse")
    assert not app.exception
    assert not app.error
    return app


def words(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.markdown, *app.caption]).replace("\u00a0", " ")


def toy(text: str, **options: bool):
    return Analyzer(ToyModel("the cat sat on the mat. ", **options)).analyze(text)


def passes() -> tuple[int, int]:
    model = load_model("toy")
    return model.forward_passes, model.tokens_read


def html_of(app: AppTest) -> str:
    return "\n".join(one.value for one in app.get("html"))


def pin(app: AppTest, number: int, run: int = 1) -> AppTest:
    return app.number_input(key=f"branch-token-{run}").set_value(number).run()


def type_word(app: AppTest, word: str) -> AppTest:
    box = next(one for one in app.text_input if one.label == "Any word")
    return box.input(word).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


# Pinned


@pytest.mark.parametrize("start", [True, False])
def test_what_is_known_of_a_token(start):
    analysis = toy("the bat", start=start)
    found = pinned(analysis, 4)
    s = 4 - analysis.scores.start
    assert found.text == "b"
    assert found.rank == analysis.scores.rank[s]
    assert found.probability == pytest.approx(math.exp(analysis.scores.log_prob[s]))
    assert found.surprise == pytest.approx(-math.log2(found.probability))
    assert [p for _, p, _ in found.alternatives[:7]] == sorted((p for _, p, _ in found.alternatives[:7]), reverse=True)
    assert [text for text, _, own in found.alternatives if own] == ["b"]  # behind them, as it is none of the likeliest
    assert found.alternatives[-1] == ("b", pytest.approx(found.probability), True)


def test_pinning_costs_no_forward_pass_and_says_what_the_model_would_have_written(app):
    analyse(app, MACHINE)
    assert "A closer look" in words(app)
    before = passes()
    pin(app, 5)  # "the c": behind a space
    found = pinned(app.session_state["analysis"], 4)
    shown = html_of(app)
    assert f"rank {found.rank:,} of 257" in shown
    for text, _, _ in found.alternatives:
        assert f"<bdi>{text.replace(' ', '␣')}</bdi>" in shown
    assert passes() == before
    assert "A closer look" not in words(app)
    pin(app, None)
    assert "A closer look" in words(app)
    assert not app.exception


def test_any_word_is_looked_up_as_typed_and_behind_a_space(app):
    analyse(app, MACHINE)
    pin(app, 5)
    app.toggle(key="whole-word-1").set_value(False).run()
    type_word(app, "d")
    session = Analyzer(load_model("toy")).branch(app.session_state["analysis"], 4)
    typed, spaced = session.find("d"), session.find(" d")
    assert f"**d**: rank {typed.ranks[0]}" in words(app)
    assert f"**␣d**: 2 tokens, ranks {spaced.ranks[0]}, {spaced.ranks[1]}" in words(app)
    first, before = app.session_state["pinned-lookup"], passes()
    app.run()
    assert passes() == before  # looked up once
    type_word(app, "fox")
    assert app.session_state["pinned-lookup"] is first  # made once for each token
    assert not app.exception


def test_a_guess_is_put_into_the_box(app):
    analyse(app, MACHINE)
    pin(app, 5)
    app.toggle(key="whole-word-1").set_value(False).run()
    found = pinned(app.session_state["analysis"], 4)
    guess = next(text for text, _, own in found.alternatives if not own and text.strip())
    pills = next(one for one in app.button_group if one.key == "guess-1-4")
    pills.select(guess).run()
    assert not app.exception
    assert next(one for one in app.text_input if one.label == "Any word").value == guess
    assert f"**{guess}**: rank" in words(app)


def test_replacing_rescores_from_there_on_and_says_what_moved(app):
    text = MACHINE + HUMAN
    analyse(app, text)
    analysis = app.session_state["analysis"]
    place = text.index("jumps over")
    pin(app, place + 1)
    app.toggle(key="whole-word-1").set_value(False).run()
    type_word(app, "b")
    read = passes()[1]
    app.button(key="replace-1").click().run()
    assert not app.exception
    changed = text[:place] + "b" + text[place + 1 :]
    after = app.session_state["replacement-1"].after
    assert after.text == changed
    assert passes()[1] - read == len(changed.encode()) - place  # bytes are tokens: nothing before it is read again
    table = html_of(app)
    found = drafts(analysis, after)
    changed_word = next(s for s in found.stretches if s.kind == "replaced")
    assert "“␣jumps” → “␣bumps”" in table
    assert f"{changed_word.difference:+.1f}".replace("-", "−") in table
    assert chance(analysis.likelihood.probability) in table
    assert "What follows" in table
    assert f"**What that moves:** “j” → “b”, token {place + 1}" in words(app)
    pin(app, 1)  # it still says of which token it is
    assert f"“j” → “b”, token {place + 1}" in words(app)
    assert found.sentence[:30] in words(app).replace("\\", "")
    assert app.text_area(key="text").value == text  # until it is taken over
    press(app, "Take it over")
    assert app.text_area(key="text").value == changed
    assert app.session_state["analysis"] is after
    assert not app.info
    assert app.number_input(key="branch-token-2").value is None


def test_a_whole_word_is_replaced_with_the_space_before_it(app):
    analyse(app, MACHINE)
    place = MACHINE.index("jumps")
    pin(app, place + 3)  # the m
    analysis = app.session_state["analysis"]
    word = word_at(analysis, words_of(analysis), place + 2)
    assert (word.text, word.first, word.start, word.end) == (" jumps", place - 1, place - 1, place + 5)
    assert app.toggle(key="whole-word-1").value
    type_word(app, "runs")
    assert not [button for button in app.button if button.key == "replace-1"]  # one way: nothing is glued together
    app.button(key="replace-0").click().run()
    assert f"“␣jumps” → “␣runs”, token {place}" in words(app)
    assert app.session_state["replacement-1"].after.text == MACHINE.replace(" jumps", " runs", 1)
    press(app, "Forget it")
    assert "What that moves" not in words(app)


def test_moves_are_those_of_the_drafts():
    model = ToyModel("the quick brown fox jumps over the lazy dog and the cat sat on the mat. ")
    analyzer = Analyzer(model, calibration=toy_card(model.info))
    before, after = analyzer.analyze(MACHINE), analyzer.analyze(MACHINE.replace("cat", "zebra", 1))
    rows = list(moves(before, after, drafts(before, after)))
    assert [row.what for row in rows] == [
        "Machine, 90 % interval", "“␣cat” → “␣zebra”", "What follows", "Perplexity", "Median rank", "In the top 10",
        "Mean surprise", "Curvature",
    ]  # fmt: skip
    place = MACHINE.index(" cat") + 4  # bigrams: behind the word, only the space is another surprise
    moved = (before.scores.log_prob[place] - after.scores.log_prob[place + 2]) / math.log(2)
    assert rows[2].after.endswith(f"({moved:+.1f})")


def test_a_hostile_word_and_text_stay_text(app):
    hostile = "<img src=x onerror=alert(1)> **b** $x$ "
    analyse(app, hostile + MACHINE)
    pin(app, 1)
    assert "<bdi>&lt;</bdi>" in html_of(app)
    type_word(app, "<b>*x*")
    assert "<b>" not in html_of(app).replace("<bdi>", "")
    assert "**\\<b\\>\\*x\\***" in words(app)
    app.button(key="replace-1").click().run()
    assert not app.exception
    assert "b&gt;*x*" in html_of(app)


def test_a_pinned_token_turns_to_its_page(app):
    analyse(app, LONG)
    pin(app, 1200)
    assert any("Page 2 of 2" in c.value for c in app.caption)
    app.pagination[0].set_value(1).run()
    assert any("Page 1 of 2" in c.value for c in app.caption)  # and leaves the reader free to go


def test_without_a_start_token_the_first_token_cannot_be_pinned(app):
    analyzer = Analyzer(ToyModel("the cat", start=False))
    app.run()
    app.session_state["analyzer"] = analyzer
    app.text_area(key="text").input("the cat")
    press(app, "Analyse")
    assert app.number_input(key="branch-token-1").min == 2
    pin(app, 2)
    type_word(app, "x")
    assert not app.exception


# Brushing


def test_what_a_stretch_comes_to_is_that_of_its_tokens():
    model = ToyModel("the quick brown fox jumps over the lazy dog and the cat sat on the mat. ")
    analysis = Analyzer(model, calibration=toy_card(model.info)).analyze(MACHINE + HUMAN)
    found = brushing.stretch(analysis, 10, 30)
    assert found.n_tokens == 20
    assert found.surprise == pytest.approx(-np.log2(np.exp(1)) * analysis.scores.log_prob[10:30].mean())
    assert found.share == pytest.approx(analysis.token_shares()[10:30].sum())
    whole = brushing.stretch(analysis, 0, len(analysis.tokenization))
    assert whole.n_tokens == len(analysis.scores)
    assert whole.share == pytest.approx(analysis.token_shares().sum())
    halves = [brushing.stretch(analysis, a, b).share for a, b in ((0, 50), (50, len(analysis.tokenization)))]
    assert sum(halves) == pytest.approx(whole.share)


def test_without_a_verdict_a_stretch_has_no_share():
    found = brushing.stretch(toy("the cat sat", start=False), 0, 3)  # the first token has no score
    assert found.n_tokens == 2
    assert math.isnan(found.share)
    assert "towards" not in brushing.in_words(found)


@pytest.mark.parametrize(
    ("ends", "interval"),
    [([0.2, 3.9], (1, 3)), ([7.1, 3.0], (3, 7)), ([-5, 99], (1, 10)), ([3.2, 3.8], (1, 10)), ([], (1, 10))],
)
def test_a_selection_becomes_whole_tokens(ends, interval):
    assert brushing.interval_of({"brush": {"token": ends} if ends else {}}, 1, 10) == interval


def test_a_stretch_marks_its_tokens_turns_to_their_page_and_asks_the_model_nothing(app):
    analyse(app, LONG)
    before = passes()
    app.slider(key="stretch-1").set_value((1101, 1110)).run()
    assert any("Page 2 of 2" in c.value for c in app.caption)
    assert "**10 tokens** · on average" in words(app)
    assert passes() == before
    press(app, "Clear")
    assert "10 tokens" not in words(app)
    assert app.slider(key="stretch-1").value == (1, 1440)
    assert not app.exception
