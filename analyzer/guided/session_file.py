"""A guided session as JSON: everything that was tried, by whom and with which settings, so that it can be gone on with.

Tokens and choices are kept, with the numbers they had. Scores are made anew by the model when a file is read, some
hundred tokens in a pass; it must be the model that the session was made with.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isnan
from typing import Any

import numpy as np

from analyzer.errors import InputError, ModelMismatch
from analyzer.guided import Session
from analyzer.guided.growing import Piece
from analyzer.guided.tree import CHOOSERS, Node
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
    except ValueError as error:
        raise InputError("The session is not JSON.", hint=_BROKEN) from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise InputError(f"This is no session of format {_FORMAT}.", hint=_BROKEN)
    mine = {"name": scorer.model.info.name, "revision": scorer.model.info.revision}
    if found.get("model") != mine:
        raise ModelMismatch(
            f"The session was made with {found.get('model')}, not with {mine}.", hint="Load that model first."
        )
    try:
        return _session(scorer, found)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"The session is damaged: {error}.", hint=_BROKEN) from error


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
    session = Session.begin(
        scorer, found["prompt"], context=found["context"], sampler=samplers[0], seed=int(found["seed"])
    )
    begun = len(session.tree.nodes)
    if [node.token for node in session.tree.nodes] != [node["id"] for node in nodes[:begun]]:
        raise ValueError("its prompt is other tokens now")
    edges = [i for i in range(begun, len(nodes)) if i == begun or nodes[i]["parent"] != i - 1 or _other(nodes, i)]
    for first, last in pairwise([*edges, len(nodes)]):
        chain = nodes[first:last]
        _check(chain, first, scorer.model.info.vocabulary)
        number = chain[0]["sampler"]
        session.graft(
            session.tree.nodes[chain[0]["parent"]],
            [one["id"] for one in chain],
            [_piece(one) for one in chain],
            chain[0]["chooser"],
            offered=[np.nan if one["offered"] is None else float(one["offered"]) for one in chain],
            sampler=None if number is None else samplers[number],
            draw=int(chain[0]["draw"]),
        )
    if session.start.number != found["start"]:
        raise ValueError("it begins elsewhere")
    session.jump(session.tree.nodes[found["current"]])
    return session


def _other(nodes: Sequence[Mapping[str, Any]], i: int) -> bool:
    """Whether a node was chosen otherwise than the one before it."""
    return any(nodes[i][key] != nodes[i - 1][key] for key in ("chooser", "sampler", "draw"))


def _check(chain: Sequence[Mapping[str, Any]], first: int, vocabulary: int) -> None:
    if not 0 <= chain[0]["parent"] < first:
        raise ValueError("a token stands behind one that comes later")
    for one in chain:
        if not 0 <= int(one["id"]) < vocabulary:
            raise ValueError(f"the model has no token {one['id']}")
        if one["chooser"] not in CHOOSERS:
            raise ValueError(f"nobody is called {one['chooser']!r}")


def _piece(found: Mapping[str, Any]) -> Piece:
    start, end = found["span"]
    return Piece(str(found["adds"]), int(start), int(end), bytes.fromhex(found["pending"]))


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value
