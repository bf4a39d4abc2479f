"""A guided session as JSON: everything that was tried, by whom and with which settings, so that it can be gone on with.

Tokens and choices are kept, with the numbers they had. Scores are made anew by the model when a file is read, some
hundred tokens in a pass; it must be the model that the session was made with. What its tokens add to the text is worked
out again, and a file that says otherwise is refused.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isnan
from typing import Any

from analyzer.errors import InputError, ModelMismatch
from analyzer.guided import Session
from analyzer.guided.believing import begun, check_text, check_token, piece_of, share, whole
from analyzer.guided.tree import Node
from analyzer.sampling import Sampler
from analyzer.scorer import Scorer

__all__ = ["from_json", "redrawn", "to_json"]

_FORMAT = 1
_BROKEN = "Give a file that was saved from a session."


def to_json(session: Session) -> str:
    """The whole session as one JSON object, see docs/reference.md."""
    samplers: list[Sampler] = [session.sampler]
    nodes = []
    for node in session.tree.nodes:
        if node.sampler is not None and node.sampler not in samplers:
            samplers.append(node.sampler)
        nodes.append(
            {
                "parent": node.parent,
                "id": node.token,
                "adds": node.piece.adds,
                "span": [node.piece.start, node.piece.end],
                "pending": node.piece.pending.hex(),
                "chooser": node.chooser,
                "log_prob": _or_none(node.log_prob),
                "rank": node.rank,
                "entropy": _or_none(node.entropy),
                "offered": _or_none(node.offered),
                "sampler": None if node.sampler is None else samplers.index(node.sampler),
                "draw": node.draw,
                "drawn": session.draws.get(node.number, 0),
            }
        )
    found = {
        "format": _FORMAT,
        "model": {"name": session.model.info.name, "revision": session.model.info.revision},
        "dtype": session.model.info.dtype,
        "libraries": session.model.info.libraries,
        "context": session.context,
        "prompt": session.prompt,
        "text": session.text,
        "seed": session.seed,
        "samplers": [sampler.to_dict() for sampler in samplers],
        "start": session.start.number,
        "current": session.current.number,
        "nodes": nodes,
    }
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)


def from_json(scorer: Scorer, text: str) -> Session:
    """Read what `to_json` wrote; every token is scored again.

    Raises
    ------
    InputError
        If it is no session, or a damaged one.
    ModelMismatch
        If it was made with another model.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("The session is not JSON.", hint=_BROKEN) from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise InputError(f"This is no session of format {_FORMAT}.", hint=_BROKEN)
    info = scorer.model.info
    mine = {"name": info.name, "revision": info.revision}
    if found.get("model") != mine:
        raise ModelMismatch(
            f"The session was made with {found.get('model')}, not with {mine}.", hint="Load that model first."
        )
    try:
        session = _session(scorer, found)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        why = error.message if isinstance(error, InputError) else str(error)
        raise InputError(f"The session is damaged: {why.rstrip('.')}.", hint=_BROKEN) from error
    if (dtype := found.get("dtype", info.dtype)) != info.dtype:
        session.notes = (
            f"This session was made in {dtype}, and is read in {info.dtype}: its numbers have moved a little, and a "
            "draw may come out otherwise.",
        )
    return session


def redrawn(session: Session) -> tuple[Node, ...]:
    """Draw every drawn token again, step by step, from the seed: the nodes at which another comes out.

    None on the machine and with the libraries that made the session; elsewhere rounding may tip a draw.
    """
    place = session.current, session.sampler
    different = []
    try:
        for node in session.tree.nodes:
            if node.chooser in ("sampler", "greedy") and node.sampler is not None:
                session.branch(node)
                session.sampler = node.sampler
                if session.drawn(node.draw) != node.token:
                    different.append(node)
    finally:
        session.sampler = place[1]
        session.jump(place[0])
    return tuple(different)


def _session(scorer: Scorer, found: Mapping[str, Any]) -> Session:
    """Begin with the prompt, then graft chain after chain in the order of making, so that nodes keep their numbers."""
    samplers = [Sampler.from_dict(one) for one in found["samplers"]]
    nodes: Sequence[Mapping[str, Any]] = found["nodes"]
    first_own = 1 + whole(found["start"], "start", below=len(nodes))
    session = begun(
        scorer,
        found["prompt"],
        found["context"],
        nodes[:first_own],
        sampler=samplers[0],
        seed=whole(found["seed"], "seed"),
    )
    edges = [
        i for i in range(first_own, len(nodes)) if i == first_own or nodes[i]["parent"] != i - 1 or _other(nodes, i)
    ]
    for first, last in pairwise([*edges, len(nodes)]):
        _graft(session, nodes[first:last], samplers)
    for node, one in zip(session.tree.nodes, nodes, strict=True):  # earlier versions did not write it
        if drawn := max(session.draws.get(node.number, 0), whole(one.get("drawn", 0), "drawn")):
            session.draws[node.number] = drawn
    session.jump(session.tree.nodes[whole(found["current"], "current", below=len(nodes))])
    if found["text"] != session.text:
        raise ValueError("its text is not what its tokens make")
    return session


def _graft(session: Session, chain: Sequence[Mapping[str, Any]], samplers: Sequence[Sampler]) -> None:
    place, sampler, draw = chain[0]["parent"], chain[0]["sampler"], whole(chain[0]["draw"], "draw")
    chooser = chain[0]["chooser"]
    for one in chain:
        check_token(session, one)
    made = session.graft(
        session.tree.nodes[whole(place, "parent", below=len(session.tree.nodes))],
        [one["id"] for one in chain],
        [piece_of(one) for one in chain],
        chooser,
        offered=[share(one["offered"]) for one in chain],
        sampler=None if sampler is None else samplers[whole(sampler, "sampler", below=len(samplers))],
        draw=draw,
    )
    added = session.tree.path(made)[-len(chain) :]
    check_text(session, added)
    if chooser in ("sampler", "greedy"):
        for node in added:
            session.count_draw(node, draw)


def _other(nodes: Sequence[Mapping[str, Any]], i: int) -> bool:
    """Whether a node was chosen otherwise than the one before it."""
    return any(nodes[i][key] != nodes[i - 1][key] for key in ("chooser", "sampler", "draw"))


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value
