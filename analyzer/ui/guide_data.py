"""What the components of the page Guide draw, as plain JSON values: candidates, the text token by token, its tree.

Pure functions of a session. They choose words and cut texts to length; the numbers are the session's.
"""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.guided import Session
    from analyzer.guided.candidates import Candidates
    from analyzer.guided.tree import Node

__all__ = ["WHO", "Branch", "branches", "effects_data", "list_data", "shown", "text_data"]

WHO = {"pasted": "pasted", "user": "you", "sampler": "sampler", "greedy": "greedy", "beam": "beam search"}
SHOWN_TOKENS = 600  # of the text, before the place where the session stands
SHOWN_BRANCHES = 150
_LONGEST = 48  # characters of a chain


def shown(text: str) -> str:
    r"""A token as it is shown: what cannot be seen as a symbol, spaces too.

    Examples
    --------
    >>> shown(" a\n")
    '␣a⏎'
    """
    from analyzer.markup import visible

    return visible(text).replace(" ", "␣")


def list_data(session: "Session", found: "Candidates | None", *, serial: int, running: bool) -> dict[str, Any]:
    """What may come next; nothing where the text has ended, or where the sampler leaves nothing."""
    from analyzer.guided.candidates import END

    return {
        "serial": serial,
        "place": session.current.number,
        "running": running,
        "calibrated": session.scorer.calibration is not None,
        "rows": []
        if found is None
        else [
            {
                "token": c.token,
                "text": "" if c.kind == END else shown(c.text),
                "kind": c.kind,
                "rank": c.rank,
                "p": c.probability,
                "sum": c.cumulative,
                "offered": c.offered,
            }
            for c in found.listed
        ],
        "others": None
        if found is None
        else {"count": found.others, "p": found.others_probability, "offered": found.others_offered},
    }


def effects_data(session: "Session", found: "Candidates | None", known: dict[int, float]) -> dict[str, Any]:
    """What each candidate would do to the likelihood, nats; null where that cannot be said.

    `known` are the effects of tokens here that were worked out before, and takes the new ones: those cost a step of
    the model together.
    """
    tokens = [] if found is None else [c.token for c in found.listed]
    new = [token for token in tokens if token not in known]
    if new:
        known.update(zip(new, session.effects(new).tolist(), strict=True))
    return {
        "place": session.current.number,
        "of": {str(token): known[token] if isfinite(known[token]) else None for token in tokens},
    }


def text_data(session: "Session", *, serial: int) -> dict[str, Any]:
    """The text up to the current node, its last tokens one by one, and the branches of its tree."""
    import numpy as np

    from analyzer.markup import PALETTES, UNDERLINES, visible
    from analyzer.series import rank_buckets

    path = session.tree.path(session.current)
    hidden = max(0, len(path) - SHOWN_TOKENS)
    part = path[hidden:]
    buckets = rank_buckets(np.array([node.rank for node in part], np.int64)).tolist() if part else []
    characters = set("".join(node.piece.adds for node in part))
    rows, more = branches(session)
    return {
        "serial": serial,
        "before": session.tree.root.piece.adds if not hidden else "",
        "hidden": hidden,
        "tokens": [
            [
                node.number,
                node.piece.adds,
                bucket,
                node.rank,
                node.log_prob,
                WHO[node.chooser],
                _unfinished(session, node),
            ]
            for node, bucket in zip(part, buckets, strict=True)
        ],
        "start": session.start.number,
        "marks": {c: visible(c) for c in sorted(characters) if visible(c) != c},
        "ended": session.ended,
        "palettes": {name: [list(p.background), list(p.text)] for name, p in PALETTES.items() if name != "gltr"},
        "lines": [f"underline {line}" if line != "none" else line for line in UNDERLINES],
        "branches": [asdict(row) for row in rows],
        "more": more,
    }


def _unfinished(session: "Session", node: "Node") -> str:
    """What stands for a token that adds no character: the end of the text, or some bytes of a character."""
    if node.piece.adds:
        return ""
    if node.token in session.model.end_ids:
        return "‹end›"
    return "".join(f"‹{byte:02X}›" for byte in node.piece.pending[-1:]) or "‹›"


@dataclass(frozen=True, slots=True)
class Branch:
    """A chain of the tree as it is listed.

    Attributes
    ----------
    node : int
        Its last.
    text : str
        As it is shown, cut in its middle where it is long.
    tokens : int
    who : str
        See `WHO`.
    depth : int
        How many branchings stand before it.
    on_path, here : bool
        Whether it belongs to the current text; whether the session stands at its end.
    """

    node: int
    text: str
    tokens: int
    who: str
    depth: int
    on_path: bool
    here: bool


def branches(session: "Session", *, most: int = SHOWN_BRANCHES) -> tuple[list[Branch], int]:
    """The tree, condensed, and how many branches more there are than listed; those of the current text always are."""
    from analyzer.guided.chains import chains, depths

    tree, current = session.tree, session.current
    path = {0, *(node.number for node in tree.path(current))}
    found = chains(tree, breaks=(session.start, current))
    listed: list[Branch] = []
    for chain, depth in zip(found, depths(found), strict=True):
        last = chain.nodes[-1]
        on_path = last.number in path
        if len(listed) >= most and not on_path:
            continue
        text = chain.text
        edges = len(text) - len(text.lstrip(" ")), len(text.rstrip(" "))
        words = shown(text[: edges[0]]) + shown(text[edges[0] : edges[1]]).replace("␣", " ") + shown(text[edges[1] :])
        if not words:
            words = "the beginning" if last.parent is None else _unfinished(session, last)
        tokens = sum(node.token is not None for node in chain.nodes)
        listed.append(Branch(last.number, _cut(words), tokens, WHO[chain.chooser], depth, on_path, last is current))
    return listed, len(found) - len(listed)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}…{text[-half:]}"
