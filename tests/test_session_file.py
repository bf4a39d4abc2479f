"""A session that was saved is the session that is loaded."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.errors import InputError, ModelMismatch
from analyzer.guided import Session
from analyzer.guided.session_file import redrawn, to_json
from analyzer.models.toy import ToyModel
from analyzer.sampling import PRESETS, Sampler
from analyzer.sampling.watermark_keys import KGWKey

CORPUS = "the quick brown fox jumps over the lazy dog and the cat sat on the mat. "


def written(session: Session) -> Session:
    """A tree with all there can be in one."""
    session.write(" sat é👍")
    session.undo(3)  # within the character
    session.sampler = PRESETS["Greedy"]
    session.run(3)
    session.jump(session.start)
    session.sampler = Sampler(temperature=0.1, watermark=KGWKey(), logit_bias=(((5,), 1.0),))
    session.run(9)
    session.continuations(2, 4)
    session.undo(4)
    session.beam(3, 4)
    session.jump(session.start)
    session.pick(session.model.end_ids[0])
    session.jump(session.tree.nodes[12])
    session.sampler = PRESETS["Nucleus 0.9"]
    return session


def fields(session: Session) -> list[tuple[Any, ...]]:
    return [(n.number, n.parent, n.token, n.piece, n.chooser, n.rank, n.sampler, n.draw) for n in session.tree.nodes]


def test_a_loaded_session_is_the_saved_one_and_goes_on_alike() -> None:
    analyzer = Analyzer(ToyModel(CORPUS))
    session = written(analyzer.guide("the cat", context="Once ", seed=3))
    loaded = Analyzer(ToyModel(CORPUS)).resume(to_json(session))
    assert fields(loaded) == fields(session)
    for name in ("text", "seed", "context", "sampler", "prompt"):
        assert getattr(loaded, name) == getattr(session, name)
    assert (loaded.current.number, loaded.start.number) == (session.current.number, session.start.number)
    assert loaded.analysis().to_dict() == session.analysis().to_dict()
    assert to_json(loaded) == to_json(session)
    for one in (session, loaded):
        one.sampler = Sampler(temperature=0.1)
        one.run(20)
    assert loaded.text == session.text
    assert [n.draw for n in loaded.tree.nodes] == [n.draw for n in session.tree.nodes]


def test_every_draw_comes_out_again(tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
    model, _ = tiny_llama(0)
    session = written(Analyzer(model).guide("the cat", seed=8))
    place = session.current, session.sampler
    assert redrawn(session) == ()
    assert (session.current, session.sampler) == place
    loaded = Analyzer(model).resume(to_json(session))
    assert redrawn(loaded) == ()
    loaded.seed += 1
    assert len(redrawn(loaded)) > 3


def test_scores_are_made_by_the_model_not_believed(tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
    model, _ = tiny_llama(0)
    session = written(Analyzer(model).guide("the cat"))
    lying = json.loads(to_json(session))
    for node in lying["nodes"]:
        node |= {"log_prob": -1.0, "rank": 1, "entropy": 0.0}
    loaded = Analyzer(model).resume(json.dumps(lying))
    mine, its = ([n.log_prob for n in one.tree.nodes[1:]] for one in (session, loaded))
    np.testing.assert_allclose(its, mine, atol=1e-9)


def test_an_empty_session_and_one_without_start_token() -> None:
    for analyzer, prompt in ((Analyzer(ToyModel("ab")), ""), (Analyzer(ToyModel("ab", start=False)), "a")):
        loaded = analyzer.resume(to_json(analyzer.guide(prompt)))
        assert (loaded.text, len(loaded.tree.nodes)) == (prompt, 1)


def broken(**changes: Any) -> str:
    session = Analyzer(ToyModel(CORPUS)).guide("the")
    session.write(" cat")
    return json.dumps(json.loads(to_json(session)) | changes)


def node(number: int = -1, **changes: Any) -> str:
    """The same with one node changed."""
    found = json.loads(broken())
    found["nodes"][number] |= changes
    found.pop("text")  # which would tell too
    return json.dumps(found | {"text": "the cat"})


@pytest.mark.parametrize(
    "saved",
    [
        "",
        "nothing",
        "[]",
        "{}",
        broken(format=2),
        broken(nodes=[]),
        broken(nodes=[{"parent": 0}]),
        broken(current=99),
        broken(prompt="other"),
        broken(start=5),
        broken(samplers=[]),
        broken(samplers=[{"heat": 1}]),
        broken(seed=None),
        broken(seed=-1),
        broken(seed=float("inf")),
        broken(seed=True),
        broken(text="the dog"),
        broken(context=5),
        broken(prompt="\ud800"),
        broken(current=-1),
        broken(samplers=[{"temperature": 10**400}]),
        "[" * 200_000,
        *(
            node(**change)
            for change in (
                {"id": float("inf")},
                {"id": 5.5},
                {"id": True},
                {"id": 256},
                {"id": 10**9},
                {"draw": -5},
                {"draw": float("inf")},
                {"drawn": -1},
                {"drawn": float("inf")},
                {"drawn": "x"},
                {"offered": "nan"},
                {"offered": float("nan")},
                {"offered": 2},
                {"chooser": "pasted"},
                {"sampler": 7},
                {"sampler": -1},
                {"adds": "LIE"},
                {"adds": "\ud800"},
                {"adds": 5},
                {"span": [100, 5]},
                {"span": [-3, -2]},
                {"span": [6, 8]},
                {"pending": "c3"},
                {"pending": "4141"},
                {"pending": "x"},
            )
        ),
        node(-2, id=256, adds="", span=[5, 5]),  # the end of the text in its middle
        node(2, adds="x"),
        node(2, span=[0, 3]),
        node(0, adds="x"),
        broken().replace('"chooser": "user"', '"chooser": "nobody"'),
        broken().replace('"parent": 4', '"parent": 400'),
    ],
)
def test_what_is_no_session_is_refused_in_one_sentence(saved: str) -> None:
    with pytest.raises(InputError) as refused:
        Analyzer(ToyModel(CORPUS)).resume(saved)
    assert refused.value.hint


ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 6)),
    st.tuples(st.just("sample"), st.just(0)),
    st.tuples(st.just("pick"), st.integers(0, 4)),
    st.tuples(st.just("write"), st.text("the é", min_size=1, max_size=4)),
    st.tuples(st.just("undo"), st.integers(1, 6)),
    st.tuples(st.just("jump"), st.integers(0, 200)),
    st.tuples(st.just("continuations"), st.integers(1, 4)),
    st.tuples(st.just("beam"), st.integers(1, 4)),
    st.tuples(st.just("temperature"), st.sampled_from([0.0, 0.2, 1.0])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, max_size=12), st.integers(0, 3))
def test_a_loaded_session_draws_at_every_node_what_the_saved_one_draws(
    actions: list[tuple[str, Any]], seed: int
) -> None:
    analyzer = Analyzer(ToyModel(CORPUS * 20))
    session = analyzer.guide("the", seed=seed)
    for action, what in actions:
        try:
            match action:
                case "sample":
                    session.sample()
                case "pick":
                    session.pick(session.candidates(5).listed[what].token)
                case "jump":
                    session.jump(session.tree.nodes[what % len(session.tree.nodes)])
                case "continuations" | "beam":
                    getattr(session, action)(2, what)
                case "temperature":
                    session.sampler = Sampler(temperature=what)
                case _:
                    getattr(session, action)(what)
        except InputError:
            pass  # the text has ended, or ends within a character
    loaded = analyzer.resume(to_json(session))
    assert (fields(loaded), loaded.draws) == (fields(session), session.draws)
    for number in range(len(session.tree.nodes)):
        drawn = []
        for one in (session, loaded):
            one.jump(one.tree.nodes[number])
            if not one.ended:
                drawn.append([(n.number, n.token, n.draw) for n in (one.sample(), *one.run(0).nodes)])
        assert not drawn or drawn[0] == drawn[1]


def test_a_file_without_counts_of_draws_has_those_of_its_tokens() -> None:
    session = Analyzer(ToyModel(CORPUS)).guide("the", seed=3)
    session.run(6)
    older = json.loads(to_json(session))
    for one in older["nodes"]:
        del one["drawn"]
    loaded = Analyzer(ToyModel(CORPUS)).resume(json.dumps(older))
    assert loaded.draws == session.draws == dict.fromkeys(range(3, 9), 1)


def test_a_branch_of_a_text_that_was_chosen_token_by_token_is_read_again(
    tiny_llama: Callable[..., tuple[Any, Any]], default_model: Any
) -> None:
    for model, text, more in ((tiny_llama(0)[0], "in", " the"), (default_model, "A\x04b walked", " for|est")):
        analyzer = Analyzer(model)
        session = analyzer.guide(text)
        for part in more.split("|") if "|" in more else more:
            for token in model.tokenizer.encode(part).ids.tolist():
                session.pick(token)
        analysis = session.analysis()
        assert "Chosen token by token" in analysis.warnings[-1]
        branch = analyzer.branch(analysis, 1)
        branch.write(" sun")
        loaded = Analyzer(model).resume(to_json(branch))
        assert fields(loaded) == fields(branch)
        assert (loaded.prompt, loaded.text) == (session.text, branch.text)
        np.testing.assert_allclose(
            [n.log_prob for n in loaded.tree.nodes[1:]], [n.log_prob for n in branch.tree.nodes[1:]], atol=1e-4
        )
        lying = json.loads(to_json(branch))
        lying["nodes"][1]["id"] += 1
        with pytest.raises(InputError, match="damaged"):
            analyzer.resume(json.dumps(lying))


def test_written_characters_without_a_token_are_believed_where_the_tokenizer_drops_them(default_model: Any) -> None:
    analyzer = Analyzer(default_model)
    session = analyzer.guide("A\x04b", seed=1)
    session.write(" c\x06d")
    session.write(" e\x06\x06f")
    loaded = analyzer.resume(to_json(session))
    assert (loaded.text, fields(loaded)) == (session.text, fields(session))


def test_another_precision_is_said() -> None:
    model = ToyModel(CORPUS)
    saved = to_json(Analyzer(model).guide("the"))
    assert Analyzer(model).resume(saved).notes == ()
    model.info = replace(model.info, dtype="bfloat16")
    (note,) = Analyzer(model).resume(saved).notes
    assert "made in float64, and is read in bfloat16" in note


def test_toy_models_of_other_corpora_are_other_models() -> None:
    saved = to_json(Analyzer(ToyModel("abc")).guide("a"))
    with pytest.raises(ModelMismatch):
        Analyzer(ToyModel("xyz")).resume(saved)


def test_another_model_is_refused() -> None:
    saved = to_json(Analyzer(ToyModel(CORPUS)).guide("the"))
    with pytest.raises(ModelMismatch, match="was made with"):
        Analyzer(ToyModel("other")).resume(saved)
