"""The tree of a guided text in stretches: every node once, broken where a reader needs it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.guided import Session
from analyzer.guided.chains import Chain, chains, depths
from analyzer.models.toy import ToyModel
from analyzer.sampling import Sampler

MODEL = ToyModel("to be or not to be. ")


def guide(prompt: str = "to ") -> Session:
    return Analyzer(MODEL).guide(prompt)


def token(text: str) -> int:
    """The first byte's."""
    return int(MODEL.tokenizer.encode(text).ids[0])


def of(session: Session) -> tuple[Chain, ...]:
    return chains(session.tree, breaks=(session.start, session.current))


def shown(found: tuple[Chain, ...]) -> list[tuple[int | None, str, str]]:
    return [(chain.parent, chain.text, chain.chooser) for chain in found]


def test_a_prompt_is_one_chain() -> None:
    assert shown(of(guide())) == [(None, "to ", "pasted")]


def test_nothing_to_begin_with_is_the_root_alone() -> None:
    (root,) = of(guide(""))
    assert (root.text, len(root.nodes)) == ("", 1)
    assert math.isnan(root.mean_surprise)


def test_a_model_without_start_token_has_its_first_token_in_the_first_chain() -> None:
    (first,) = of(Analyzer(ToyModel("to be", start=False)).guide("to"))
    assert (first.text, len(first.nodes)) == ("to", 2)
    assert first.mean_surprise == pytest.approx(-first.nodes[1].log_prob)  # the first token has none


def test_another_chooser_breaks() -> None:
    session = guide()
    session.write("be")
    session.sampler = Sampler(temperature=0)
    session.run(2)
    assert [chooser for _, _, chooser in shown(of(session))] == ["pasted", "user", "greedy"]


def test_branches_break_and_stand_in_depth_first_order() -> None:
    session = guide()
    place = session.write("be")
    session.write(" or")
    session.jump(place)
    session.write("d")
    session.jump(session.start)
    session.write("not")
    assert shown(of(session)) == [
        (None, "to ", "pasted"),
        (0, "be", "user"),
        (1, " or", "user"),
        (1, "d", "user"),
        (0, "not", "user"),
    ]
    assert depths(of(session)) == [0, 1, 2, 2, 1]


def test_an_only_child_is_no_further_in() -> None:
    session = guide()
    session.write("be")
    session.sample()
    assert depths(of(session)) == [0, 0, 0]


def test_start_and_current_break() -> None:
    session = guide()
    session.write("be or")
    session.undo(3)
    assert [text for _, text, _ in shown(of(session))] == ["to ", "be", " or"]
    session.jump(session.tree.nodes[1])  # inside the prompt
    assert [text for _, text, _ in shown(of(session))] == ["t", "o ", "be or"]


def test_mean_surprise_is_that_of_its_tokens() -> None:
    session = guide()
    session.write("be")
    chain = of(session)[-1]
    assert chain.mean_surprise == pytest.approx(-sum(node.log_prob for node in chain.nodes) / 2)


def test_a_tree_deeper_than_pythons_stack() -> None:
    session = guide()
    for _ in range(1500):
        session.pick(token("b"))
        session.sampler = Sampler(temperature=0)
    node = session.current
    for step in range(0, 1200, 2):  # a break at every second node
        session.jump(session.tree.nodes[node.number - step])
        session.pick(token("q"))
    assert sum(len(chain.nodes) for chain in of(session)) == len(session.tree.nodes)


@given(st.lists(st.tuples(st.sampled_from(["write", "sample", "undo", "jump"]), st.integers(0, 30)), max_size=25))
def test_every_node_is_in_one_chain_and_chains_join(steps: list[tuple[str, int]]) -> None:
    session = guide()
    for what, number in steps:
        if session.ended or what == "undo":
            session.undo(1 + number % 4)
        elif what == "write":
            if not session.current.piece.pending:  # nothing is written into a character
                session.write("be or not"[number % 8 :])
        elif what == "sample":
            session.sample()
        else:
            session.jump(session.tree.nodes[number % len(session.tree.nodes)])
    found = of(session)
    assert sorted(node.number for chain in found for node in chain.nodes) == list(range(len(session.tree.nodes)))
    assert [chain.number for chain in found] == list(range(len(found)))
    for chain in found:
        assert {node.chooser for node in chain.nodes} == {chain.chooser}
        assert all(b.parent == a.number for a, b in zip(chain.nodes, chain.nodes[1:], strict=False))
        if chain.parent is not None:
            assert chain.parent < chain.number
            assert chain.nodes[0].parent == found[chain.parent].nodes[-1].number
