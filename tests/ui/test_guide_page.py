"""The page Guide without a browser: each action by a plain widget, and what the components are given to draw."""

import json
import threading
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from toy_card import toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration.cards import save_card
from analyzer.guided.session_file import to_json
from analyzer.models.toy import ToyModel
from analyzer.sampling import ORDER, PRESETS, Sampler
from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey
from analyzer.ui import guide_state
from analyzer.ui.guide_data import branches, effects_data, list_data, shown, text_data
from analyzer.ui.guide_figures import figures, fork, views
from analyzer.ui.guide_sampler import order_named
from analyzer.ui.guide_tools import found_in_words
from analyzer.ui.session import load_model

APP = str(Path(__file__).parents[2] / "app.py")
PAGE = "from analyzer.ui.guide import guide_page\nguide_page()\n"


@pytest.fixture
def app(monkeypatch, tmp_path):
    card = tmp_path / "card.json"
    save_card(toy_card(load_model("toy").info), card)
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.setenv("ANALYZER_CALIBRATION", str(card))
    return AppTest.from_string(PAGE, default_timeout=60).run()


def begin(app: AppTest, text: str, context: str = "") -> AppTest:
    app.text_area(key="guide-prompt").input(text)
    app.text_area(key="guide-context").input(context)
    return press(app, "Start")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def session_of(app: AppTest):
    return app.session_state["guide"].session


def toy_session(text="the cat", *, calibrated=True, **options):
    model = load_model("toy")
    return Analyzer(model, calibration=toy_card(model.info) if calibrated else None).guide(text, **options)


def captions(app: AppTest) -> str:
    return "\n".join(c.value for c in app.caption)


# Actions


def test_it_begins_with_a_text_or_with_nothing(app):
    begin(app, "the cat", "said ")
    assert (session_of(app).text, session_of(app).context) == ("the cat", "said ")
    begin(app, "")
    assert session_of(app).text == ""
    assert any("there is no token yet" in m.value for m in app.markdown)
    press(app, "Draw one")
    assert len(session_of(app).tree.path(session_of(app).current)) == 1


def test_a_model_without_start_token_says_what_it_needs(app):
    app.session_state["analyzer"] = Analyzer(ToyModel("the cat", start=False))
    app.text_area(key="guide-prompt").input("")
    next(button for button in app.button if button.label == "Start").click().run()
    assert "nothing to begin with" in app.error[0].value
    begin(app, "t")
    assert not app.error
    begin(app, "the cat")
    press(press(app, "Draw one"), "Undo")
    assert session_of(app).text == "the cat"


def test_pick_undo_branch_and_jump_by_number(app):
    begin(app, "the cat")
    twin = toy_session()
    app.number_input(key="guide-candidate").set_value(3).run()
    press(app, "Pick it")
    twin.pick(twin.candidates(10).listed[2].token)
    assert session_of(app).text == twin.text
    app.number_input(key="guide-token").set_value(4).run()
    app.button(key="guide-branch").click().run()
    assert session_of(app).text == "the"
    press(app, "Undo")
    assert session_of(app).text == "th"
    app.text_input(key="guide-find").input("at").run()
    assert any("**at**: 2 tokens, ranks" in m.value for m in app.markdown)
    app.button(key="guide-write-1").click().run()
    assert session_of(app).text == "that"
    assert app.session_state["guide-find"] == ""
    assert len(app.selectbox(key="guide-leaf").options) == 2
    app.number_input(key="guide-token").set_value(1).run()
    app.button(key="guide-jump").click().run()
    assert session_of(app).text == "t"
    app.selectbox(key="guide-leaf").select_index(0).run()
    press(app, "Go to it")
    assert session_of(app).text == twin.text


def test_a_run_is_that_of_the_engine(app):
    app.number_input(key="guide-seed").set_value(7)
    begin(app, "the cat")
    app.number_input(key="guide-run-length").set_value(11)
    press(app, "Run")
    twin = toy_session(seed=7)
    twin.run(11)
    assert session_of(app).tree.ids(session_of(app).current) == twin.tree.ids(twin.current)
    assert "Done: 11 tokens drawn." in captions(app)
    assert app.session_state["guide"].running is None


def test_a_run_stops_behind_a_string(app):
    begin(app, "the cat")
    app.number_input(key="guide-run-length").set_value(30)
    session_of(app).sampler = Sampler(logit_bias=(((256,), -inf),))  # without an end
    twin = toy_session(sampler=session_of(app).sampler)
    last = twin.run(30).nodes[3:5]  # the last of four, which are drawn at a time, and one more
    stop = "".join(node.piece.adds for node in last)
    app.text_input(key="guide-stop-at").input(stop)
    press(app, "Run")
    assert stop
    assert session_of(app).current.number == last[-1].number
    assert "Stopped at the string: " in captions(app)
    app.text_input(key="guide-stop-at").input("")
    press(app, "Run")
    assert "Done: 30 tokens drawn." in captions(app)


@pytest.fixture
def state(monkeypatch):
    """A desk, without a page."""
    here = guide_state.Desk(toy_session())
    monkeypatch.setattr(guide_state, "desk", lambda: here)
    return here


def test_stop_ends_a_run_and_any_other_action_too(state):
    state.running = guide_state.Running(3, 20)
    guide_state.handle({"kind": "stop"}, run_length=5)
    assert (state.running, state.ended) == (None, "Stopped: 3 tokens drawn.")
    guide_state.handle({"kind": "run"}, run_length=5)
    assert state.running == guide_state.Running(0, 5)
    guide_state.handle({"kind": "undo"}, run_length=5)
    assert state.running is None


@pytest.mark.usefixtures("state")
def test_a_second_run_of_the_page_waits_for_the_first():
    """Streamlit starts it in a thread of its own at a click, and the first goes on until it next draws."""
    inside, leave, order = threading.Event(), threading.Event(), []

    def first(_session):
        inside.set()
        order.append("first begins")
        leave.wait(20)
        order.append("first ends")

    threads = [
        threading.Thread(target=guide_state.act, args=(work,)) for work in (first, lambda _: order.append("second"))
    ]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    threads[1].join(0.3)
    leave.set()
    for thread in threads:
        thread.join(20)
    assert order == ["first begins", "first ends", "second"]


@pytest.mark.parametrize(
    "action",
    [
        None,
        {},
        {"kind": "pick", "number": 3, "serial": 99},
        {"kind": "pick", "number": -5, "serial": 0},
        {"kind": "pick", "number": 10**9, "serial": 0},
        {"kind": "jump", "number": 999},
        {"kind": "jump", "number": -1},
        {"kind": "branch", "number": 0},
        {"kind": "fly"},
    ],
)
def test_what_cannot_be_done_changes_nothing(state, action):
    guide_state.handle(action, run_length=5)
    assert state.session.text == "the cat"


def test_the_end_of_the_text_is_said_and_undone(app):
    begin(app, "the cat")
    listed = session_of(app).candidates(10).listed
    at = next(i for i, c in enumerate(listed) if c.kind == "end of text")
    app.number_input(key="guide-candidate").set_value(at + 1).run()
    press(app, "Pick it")
    assert session_of(app).ended
    assert "come to its end" in app.info[0].value
    press(app, "Undo")
    assert not session_of(app).ended


def test_best_of_and_beam_search_go_on(app):
    begin(app, "the cat")
    app.number_input(key="guide-length").set_value(3).run()
    press(app, "Best of")
    assert len(session_of(app).tree.nodes) > 4
    press(app, "Beam search")
    assert {node.chooser for node in session_of(app).tree.nodes} >= {"pasted", "sampler"}


def test_a_saved_session_is_opened_or_refused(app):
    twin = toy_session(sampler=Sampler(top_k=4), seed=5)
    twin.run(6)
    twin.undo(2)
    app.file_uploader[0].upload("session.json", to_json(twin).encode(), "application/json").run()
    assert not app.exception
    assert not app.error
    found = session_of(app)
    assert (found.text, found.sampler, found.seed) == (twin.text, twin.sampler, 5)
    assert app.number_input(key="sampler-top_k").value == 4
    app.file_uploader[0].upload("session.json", b"{}", "application/json").run()
    assert app.error
    assert session_of(app) is found


def shown_settings(app):
    """What the widgets show, by the names of the settings."""
    return {
        name: kind(key=f"sampler-{name}").value
        for kind, names in (
            (app.slider, ("temperature", "top_p")), (app.number_input, ("top_k", "repetition_penalty", "min_p")),
        )
        for name in names
    }  # fmt: skip


def test_the_widgets_show_the_sampler_of_whatever_session_is_open(app):
    begin(app, "the cat")
    press(app, "Top 40, T 0.7")
    twin = toy_session(sampler=Sampler(temperature=0, repetition_penalty=1.3))
    app.file_uploader[0].upload("session.json", to_json(twin).encode(), "application/json").run()
    assert shown_settings(app) == {
        "temperature": 0, "top_p": 1, "top_k": 0, "repetition_penalty": 1.3, "min_p": 0,
    }  # fmt: skip
    app.slider(key="sampler-top_p").set_value(0.9).run()
    assert session_of(app).sampler == Sampler(temperature=0, repetition_penalty=1.3, top_p=0.9)
    analyzer = Analyzer(load_model("toy"))  # as the page Analyse opens one
    app.session_state["guide"] = guide_state.Desk(analyzer.branch(analyzer.analyze("the dog"), 3))
    app.run()
    assert shown_settings(app)["temperature"] == 1
    app.slider(key="sampler-top_p").set_value(0.8).run()
    assert session_of(app).sampler == Sampler(top_p=0.8)


def test_branch_from_the_page_analyse(monkeypatch):
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.delenv("ANALYZER_CALIBRATION", raising=False)
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.text_area(key="text").input("the cat sat")
    press(app, "Analyse")
    app.number_input(key="branch-token-1").set_value(5).run()
    assert app.button(key="branch").label == "Branch at “c”"
    app.button(key="branch").click().run()
    assert not app.exception
    assert session_of(app).text == "the "
    assert session_of(app).tree.text(session_of(app).start) == "the cat sat"


# The sampler


def passes(app: AppTest) -> int:
    return session_of(app).model.forward_passes


def test_no_control_of_the_sampler_asks_the_model(app):
    app.session_state["analyzer"] = Analyzer(load_model("toy"))  # without effects, of which others may be needed
    begin(app, "the cat")
    before = passes(app)
    app.slider(key="sampler-temperature").set_value(0.5).run()
    app.slider(key="sampler-top_p").set_value(0.6).run()
    app.number_input(key="sampler-top_k").set_value(3).run()
    assert passes(app) == before
    app.number_input(key="sampler-presence_penalty").set_value(0.5).run()
    app.selectbox(key="sampler-watermark").select("none").run()
    assert "presence penalty 0\\.5 → temperature 0\\.5 → top\\-k 3 → top\\-p 0\\.6 → draw" in captions(app)
    app.selectbox(key="sampler-order").select_index(1).run()
    assert "top\\-k 3 → top\\-p 0\\.6 → temperature 0\\.5 → draw" in captions(app)
    app.selectbox(key="sampler-watermark").select("KGW").run()
    app.selectbox(key="sampler-watermark").select("SynthID").run()
    app.text_input(key="sampler-word").input("cat")
    press(app, "Add")
    assert session_of(app).sampler.logit_bias == (((66, 64, 83), -2.0),)
    assert not app.exception
    assert passes(app) == before
    press(app, "cat: −2")
    assert session_of(app).sampler.logit_bias == ()


def test_temperature_and_cuts_need_no_new_effects(app):
    begin(app, "the cat")
    before = passes(app)
    app.slider(key="sampler-temperature").set_value(0.5).run()
    app.slider(key="sampler-top_p").set_value(0.6).run()
    app.number_input(key="sampler-top_k").set_value(3).run()
    assert passes(app) == before


def test_presets_and_own_settings(app):
    begin(app, "the cat")
    press(app, "Top 40, T 0.7")
    assert session_of(app).sampler == PRESETS["Top 40, T 0.7"]
    assert (app.slider(key="sampler-temperature").value, app.number_input(key="sampler-top_k").value) == (0.7, 40)
    app.number_input(key="sampler-top_k").set_value(41).run()
    begin(app, "the dog")  # another text keeps them
    assert session_of(app).sampler == Sampler(temperature=0.7, top_k=41)


def test_a_setting_that_cannot_be_is_said(app):
    begin(app, "the cat")
    app.selectbox(key="sampler-watermark").select("SynthID").run()
    app.text_input(key="sampler-synth_keys").input("1, two").run()
    assert "Give whole numbers" in app.error[0].value


def test_both_orders_are_whole():
    for name in ("transformers: temperature first", "llama.cpp: temperature last"):
        order = order_named(name)
        assert sorted(order) == sorted(ORDER)
        Sampler(order=order)
    assert order.index("temperature") > order.index("top_p")
    assert order_named("as loaded") is None


def test_settings_from_a_file_that_no_widget_can_show_do_not_break_the_page(app):
    odd = Sampler(temperature=7.5, min_p=0.0001, logit_bias=(((1,), -inf),), order=tuple(reversed(ORDER)))
    twin = toy_session(sampler=odd)
    app.file_uploader[0].upload("session.json", to_json(twin).encode(), "application/json").run()
    assert not app.exception
    assert session_of(app).sampler == odd


@pytest.mark.parametrize(
    "odd",
    [
        Sampler(temperature=7.53), Sampler(temperature=1e308), Sampler(temperature=5e-324), Sampler(top_p=0.005),
        Sampler(top_p=5e-324), Sampler(typical_p=0.005), Sampler(epsilon=0.95), Sampler(eta=0.95),
        Sampler(min_p=0.00001), Sampler(frequency_penalty=5000), Sampler(presence_penalty=-(10**6)),
        Sampler(heat_per_use=5000), Sampler(heat_if_used=10**6), Sampler(no_repeat_ngram=10**6),
        Sampler(watermark_bias=10**6), Sampler(logit_bias=(((2**31 - 1,), 10**6),)),
        Sampler(order=tuple(reversed(ORDER))),
        Sampler(watermark=KGWKey(hashing_key=2**63 - 1, greenlist_ratio=0.001, context_width=4), watermark_bias=500),
        Sampler(watermark=KGWKey(seeding_scheme="selfhash", device="cuda")),
        Sampler(watermark=SynthIDKey(keys=(2**63 - 1, 5), ngram_len=3, sampling_table_seed=9)),
    ],
    ids=str,
)  # fmt: skip
def test_whatever_a_sampler_may_have_stays_when_another_control_moves(app, odd):
    app.file_uploader[0].upload("s.json", to_json(toy_session(sampler=odd)).encode(), "application/json").run()
    assert not app.exception
    app.number_input(key="sampler-top_k").set_value(3).run()
    assert not app.exception
    assert session_of(app).sampler == replace(odd, top_k=3)
    app.number_input(key="sampler-repetition_penalty").set_value(1.1).run()
    assert session_of(app).sampler == replace(odd, top_k=3, repetition_penalty=1.1)


def test_watermarks_by_their_widgets(app):
    begin(app, "the cat")
    odd = KGWKey(hashing_key=2**60 + 1, context_width=4)
    session_of(app).sampler = Sampler(watermark=odd)
    app.run()
    assert app.text_input(key="sampler-kgw_key").value == str(2**60 + 1)
    app.number_input(key="sampler-kgw_share").set_value(0.5).run()
    app.number_input(key="sampler-kgw_bias").set_value(3.0).run()
    assert session_of(app).sampler == Sampler(watermark=replace(odd, greenlist_ratio=0.5), watermark_bias=3)
    app.text_input(key="sampler-kgw_key").input("x").run()
    assert "Give whole numbers" in app.error[0].value
    app.text_input(key="sampler-kgw_key").input("77").run()
    assert not app.error
    assert session_of(app).sampler.watermark == replace(odd, greenlist_ratio=0.5, hashing_key=77)
    for kind, mark in (("none", type(None)), ("SynthID", SynthIDKey), ("KGW", KGWKey), ("SynthID", SynthIDKey)):
        app.selectbox(key="sampler-watermark").select(kind).run()
        assert not app.exception
        assert type(session_of(app).sampler.watermark) is mark


def test_a_sampler_that_bans_everything_says_so_and_leaves_the_list(app):
    begin(app, "the cat")
    session_of(app).sampler = Sampler(logit_bias=tuple(((i,), -inf) for i in range(257)))
    app.run()
    assert not app.exception
    assert "No token is left" in app.error[0].value
    press(app, "Pick it")
    assert len(session_of(app).text) == 8
    press(app, "Run")
    assert "No token is left" in app.error[0].value
    assert len(session_of(app).text) == 8


def test_a_word_that_was_looked_up_is_not_read_again(app):
    app.session_state["analyzer"] = Analyzer(load_model("toy"))
    begin(app, "the cat")
    app.text_input(key="guide-find").input("sat").run()
    before = passes(app)
    app.slider(key="sampler-temperature").set_value(0.5).run()
    press(app, "Greedy")
    assert passes(app) == before
    assert any("sat**: 4 tokens" in m.value for m in app.markdown)
    press(app, "Draw one")
    assert passes(app) > before


def test_what_is_known_of_a_loaded_session_is_said(app):
    saved = to_json(toy_session()).replace('"dtype": "float64"', '"dtype": "float16"')
    app.file_uploader[0].upload("s.json", saved.encode(), "application/json").run()
    assert "made in float16" in captions(app)


# What is drawn


def test_the_list_says_what_the_engine_says():
    session = toy_session("the c", sampler=Sampler(top_k=2))
    found = session.candidates(5)
    data = list_data(session, found, serial=4, running=False)
    json.dumps(data, allow_nan=False)
    assert [row["token"] for row in data["rows"]] == [c.token for c in found.listed]
    assert data["rows"][-1]["kind"] == "end of text"
    assert sum(row["p"] for row in data["rows"]) + data["others"]["p"] == pytest.approx(1)
    known = {}
    effects = effects_data(session, found, known)
    np.testing.assert_allclose(
        [effects["of"][str(c.token)] for c in found.listed[:3]], session.effects([c.token for c in found.listed[:3]])
    )
    json.dumps(effects, allow_nan=False)
    before = session.model.forward_passes
    assert effects_data(session, session.candidates(4), known)["place"] == session.current.number
    assert session.model.forward_passes == before
    assert list_data(session, None, serial=4, running=False)["rows"] == []


def test_the_text_is_drawn_whole_and_parts_of_characters_are_marked():
    session = toy_session("naïve 👍\n")
    session.pick(session.model.tokenizer.encode("é").ids[0].item())
    data = text_data(session, serial=1)
    json.dumps(data, allow_nan=False)
    assert "".join(piece for _, piece, *_ in data["tokens"]) == session.text
    assert data["tokens"][-1][-1] == "‹C3›"
    assert "\n" in data["marks"]


def test_a_long_text_is_drawn_from_its_end():
    session = toy_session("the cat sat. " * 100)
    data = text_data(session, serial=1)
    assert (data["hidden"], len(data["tokens"])) == (700, 600)
    assert data["tokens"][-1][0] == session.current.number


def test_branches_are_chains_and_the_current_ones_are_always_listed():
    session = toy_session("the cat")
    session.write("s")
    session.jump(session.start)
    session.run(3)
    rows, more = branches(session)
    assert [(row.text, row.who, row.depth) for row in rows][:2] == [("the cat", "pasted", 0), ("s", "you", 1)]
    assert [row.here for row in rows] == [False, False, True]
    assert more == 0
    rows, more = branches(session, most=0)
    assert [row.on_path for row in rows] == [True, True]
    assert more == 1
    session.undo(99)
    assert [(row.text, row.here) for row in branches(session)[0]][:2] == [("the beginning", True), ("the cat", False)]
    assert branches(toy_session(""))[0][0].text == "the beginning"


def test_deep_trees_indent_little():
    session = toy_session("the cat", sampler=Sampler(top_k=1))
    for _ in range(100):
        session.sample()
        session.pick(session.candidates(1).listed[0].token)
    rows, _ = branches(session)
    assert len(rows) > 100
    assert {row.depth for row in rows} == {0}


def test_figures_are_those_of_the_analyses_and_their_differences():
    session = toy_session("the cat sat on")
    session.run(5)
    found = views(session, greedy=True, fresh=None)
    heads, rows = figures(found)
    assert heads == ["since the start", "by last token", "against greedy"]
    bits = np.log(2)
    now, start = session.analysis(), session.analysis(session.start)
    expected = (now.statistics["surprise_mean"] - start.statistics["surprise_mean"]) / bits
    mean = next(row for row in rows if row.label == "Mean surprise")
    assert mean.now == f"{now.statistics['surprise_mean'] / bits:.2f} bits"
    assert float(mean.differences[0].replace("−", "-")) == pytest.approx(expected, abs=0.005)
    greedy = session.greedy_path(5)
    assert float(mean.differences[2].replace("−", "-")) == pytest.approx(
        (now.statistics["surprise_mean"] - greedy.statistics["surprise_mean"]) / bits, abs=0.005
    )


def test_without_a_token_or_a_calibration_there_is_nothing_to_compare():
    assert figures(views(toy_session(""), greedy=True, fresh=None)) == ([], [])
    _, rows = figures(views(toy_session(calibrated=False), greedy=False, fresh=None))
    assert "Log-odds" not in [row.label for row in rows]


def test_a_branch_before_the_start_is_compared_from_where_it_leaves():
    session = toy_session("the cat")
    session.branch(session.tree.path(session.start)[4])
    assert session.tree.text(fork(session)) == "the "
    session.write("dog")
    assert session.tree.text(fork(session)) == "the "


def test_words_are_found_and_hostile_ones_are_plain():
    session = toy_session("the ")
    assert found_in_words(session, "c").startswith("**c**: rank ")
    assert found_in_words(session, "qqqq").endswith("together under 0.01\u00a0%")
    assert "**\\*\\*␣\\<b\\>**: 6 tokens" in found_in_words(session, "** <b>")
    assert shown(" \u202e\n") == "␣‹202E›⏎"


def test_a_word_that_takes_the_place_of_tokens_says_so(tiny_llama):
    session = Analyzer(tiny_llama(0)[0]).guide("in t")
    assert found_in_words(session, "he").startswith("**he** as ␣the in place of ␣t: ")
    assert found_in_words(session, " x").startswith("**␣x**: ")


def test_fresh_numbers_stand_beside(app):
    begin(app, "the cat")
    session = session_of(app)
    byte = session.model.tokenizer.encode("é").ids[0].item()
    session.pick(byte)
    session.pick(0)  # breaks the character
    app.run()
    assert "Analysed afresh" in captions(app)
    press(app, "Analyse afresh")
    assert not app.error
    node, analysis = app.session_state["guide"].fresh
    assert (node, analysis.text) == (session.current, session.text)


def test_the_desk_is_this_readers(app):
    begin(app, "the cat")
    assert session_of(app).sampler == Sampler()
    other = AppTest.from_string(PAGE, default_timeout=60).run()
    assert "guide" not in other.session_state
