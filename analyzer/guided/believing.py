"""What is read of a session's file, and what of it is believed: the tokens, and of the text only what they make.

A file may come from anybody. Numbers are checked before they are used; a token's characters and their place in the text
are worked out again, and refused where they are others.
"""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

from analyzer.errors import EmptyText
from analyzer.guided import Session
from analyzer.guided.candidates import CONTROL
from analyzer.guided.growing import Piece, grown, tokenization_of
from analyzer.guided.tree import CHOOSERS, Node
from analyzer.passes import plan_tokens, score_plans
from analyzer.sampling import Sampler
from analyzer.scorer import Scorer
from analyzer.scoring import TokenScores
from analyzer.tokens import Tokenization

__all__ = ["begun", "check_text", "check_token", "piece_of", "share", "whole"]

_NEAR = 64  # tokens, among which the end of what was written at once is looked for
_EMPTY = Piece("", 0, 0, b"")


def begun(
    scorer: Scorer,
    prompt: str,
    context: str | None,
    nodes: Sequence[Mapping[str, Any]],
    *,
    sampler: Sampler,
    seed: int,
) -> Session:
    """A session with its prompt alone, in the tokens that the nodes say.

    They need not be those of the tokenizer: an analysed text that was chosen token by token may have been branched off.

    Raises
    ------
    TypeError, ValueError
        If the nodes are not those of a prompt, or do not make this one.
    """
    if not isinstance(prompt, str) or not isinstance(context, str | None):
        raise TypeError("its prompt is no text")
    if [one["parent"] for one in nodes] != [None, *range(len(nodes) - 1)]:
        raise ValueError("its prompt has branches")
    own = nodes if nodes[0]["id"] is not None else nodes[1:]
    ids = [whole(one["id"], "id", below=scorer.model.info.vocabulary) for one in own]
    tokenizer, ends = scorer.model.tokenizer, scorer.model.end_ids
    if ids == tokenizer.encode(prompt).ids.tolist():
        session = Session.begin(scorer, prompt, context=context, sampler=sampler, seed=seed)
    else:
        found = tokenization_of(ids, grown(tokenizer, ids, last=_EMPTY, length=0, first=context is None, ends=ends))
        if stands := found.text == prompt and not any(map(tokenizer.is_control, ids)):
            tokenization = found
        else:  # some of its characters may have no token
            spans = np.array([piece_of(one)[1:3] for one in own], np.int64).reshape(-1, 2)
            tokenization = Tokenization(prompt, np.array(ids, np.int64), spans)
        session = Session(
            scorer, tokenization, _scores(scorer, tokenization, context), context=context, sampler=sampler, seed=seed
        )
        if not stands:
            root = session.tree.root
            check_text(session, [*([root] if root.token is not None else []), *session.tree.path(session.start)])
    mine = [(node.token, node.piece, node.chooser) for node in session.tree.nodes]
    if mine != [(one["id"], piece_of(one), one["chooser"]) for one in nodes]:
        raise ValueError("its prompt is not what its tokens make")
    return session


def _scores(scorer: Scorer, tokenization: Tokenization, context: str | None) -> TokenScores | None:
    try:
        plan = plan_tokens(scorer.model, tokenization, context)
    except EmptyText:  # one token that nothing predicts
        return None
    return score_plans(scorer.model, [plan], top_k=scorer.top_k, read_out=scorer.read_out)[0]


def check_token(session: Session, found: Mapping[str, Any]) -> None:
    """Refuse what cannot be a token behind a prompt.

    Raises
    ------
    TypeError, ValueError
        If it is none of the model's, or nobody's choice.
    """
    whole(found["id"], "id", below=session.model.info.vocabulary)
    if found["chooser"] not in CHOOSERS or found["chooser"] == "pasted":
        raise ValueError(f"nobody is called {found['chooser']!r}")


def check_text(session: Session, nodes: Sequence[Node]) -> None:
    """Refuse characters, or places of them, that the tokens of a chain do not make.

    Raises
    ------
    ValueError
        If they are others.
    """
    tree, last, length, ended = session.tree, _EMPTY, 0, False
    first = session.context is None
    if nodes[0].parent is not None and tree.ids(before := tree.nodes[nodes[0].parent]):
        last, length, first, ended = before.piece, len(tree.text(before)), False, session.is_end(before)
    text = tree.text(nodes[-1])
    written: set[tuple[int, int, int]] | None = None
    for n, node in enumerate(nodes):
        if ended:
            raise ValueError("a token stands behind the end of the text")
        token = node.token or 0
        (wanted,) = grown(
            session.model.tokenizer, [token], last=last, length=length, first=first, ends=session.model.end_ids
        )
        if node.piece != wanted or session.kind(token) == CONTROL:
            # Written text may have characters without a token. It is split whole, so its tokens show where it is.
            if written is None:
                written = _places(session.scorer, text)
            place = (token, node.piece.start, node.piece.end)
            if node.chooser not in ("user", "pasted") or node.piece.pending not in (b"", wanted.pending):
                raise ValueError(f"token {node.number} makes other characters than it says")
            if place not in written and not _written_alone(session, nodes[n : n + _NEAR], text, length, place):
                raise ValueError(f"token {node.number} makes other characters than it says")
        last, length, first, ended = node.piece, length + len(node.piece.adds), False, session.is_end(node)


def _written_alone(
    session: Session, nodes: Sequence[Node], text: str, length: int, place: tuple[int, int, int]
) -> bool:
    """Whether a token is one of a text that ends a little further on: more may have been written behind it later."""
    for node in nodes:
        length += len(node.piece.adds)
        if place in _places(session.scorer, text[:length]):
            return True
    return False


def _places(scorer: Scorer, text: str) -> set[tuple[int, int, int]]:
    """Tokens that the tokenizer makes of a text, each with where it stands."""
    found = scorer.model.tokenizer.encode(text)
    return {(i, start, end) for i, (start, end) in zip(found.ids.tolist(), found.spans.tolist(), strict=True)}


def piece_of(found: Mapping[str, Any]) -> Piece:
    """What a token is said to add.

    Raises
    ------
    TypeError, ValueError
        If that is no text, no place, or no bytes.
    """
    start, end = found["span"]
    if not isinstance(found["adds"], str):
        raise TypeError("what a token adds is no text")
    return Piece(found["adds"], whole(start, "span"), whole(end, "span"), bytes.fromhex(found["pending"]))


def whole(value: object, name: str, *, below: int = 2**63) -> int:
    """A whole number from 0 on, and below a limit; torch and numpy hold none beyond the default one.

    Raises
    ------
    ValueError
        If it is none; true and false are none.
    """
    if type(value) is not int or not 0 <= value < below:
        raise ValueError(f"{name} is {value!r}")
    return value


def share(value: object) -> float:
    """A probability; nan where there is none.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if value is None:
        return nan
    if not isinstance(value, int | float) or not 0 <= value <= 1 + 1e-9:
        raise ValueError(f"a probability is {value!r}")
    return float(value)
