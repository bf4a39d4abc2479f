"""A session that was saved is the session that is loaded."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

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
        broken().replace('"chooser": "user"', '"chooser": "nobody"'),
        broken().replace('"parent": 4', '"parent": 400'),
    ],
)
def test_what_is_no_session_is_refused_in_one_sentence(saved: str) -> None:
    with pytest.raises(InputError) as refused:
        Analyzer(ToyModel(CORPUS)).resume(saved)
    assert refused.value.hint


def test_another_model_is_refused() -> None:
    saved = to_json(Analyzer(ToyModel(CORPUS)).guide("the"))
    with pytest.raises(ModelMismatch, match="was made with"):
        Analyzer(ToyModel("other")).resume(saved)
