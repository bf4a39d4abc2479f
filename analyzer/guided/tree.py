"""The tree of a guided text: its nodes, and the scores of each in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from analyzer.guided.growing import Piece, tokenization_of
from analyzer.sampling import Sampler
from analyzer.scoring import TokenScores, join
from analyzer.tokens import Tokenization

__all__ = ["CHOOSERS", "Node", "Tree"]

CHOOSERS = ("pasted", "user", "sampler", "greedy", "beam")
"""Who can have chosen a token."""


@dataclass(frozen=True, slots=True)
class Node:
    """One token in its place.

    Attributes
    ----------
    number : int
        From 0, in the order of making; 0 is the root, before the first token that can be scored.
    parent : int or None
        The node it follows; None for the root.
    token : int or None
        Vocabulary id. The root has one only where the model has no start token: the first of the text.
    piece : Piece
        What it adds to the text, and where.
    chooser : str
        One of ``CHOOSERS``.
    log_prob, rank, entropy : float, int, float
        Under the model, nats, from 1, nats; nan, 0, nan for the root.
    offered : float
        Probability with which `sampler` would have drawn it; nan for what was pasted, written or found by beam search.
    sampler : Sampler or None
        The settings when it was chosen; None for what was pasted, and for beam search, which looks at none.
    draw : int
        Which draw at its place it came from, counted from 0.
    """

    number: int
    parent: int | None
    token: int | None
    piece: Piece
    chooser: str
    log_prob: float
    rank: int
    entropy: float
    offered: float = nan
    sampler: Sampler | None = None
    draw: int = 0


class Tree:
    """Nodes, each with the scores of its token in its place. Grows only.

    Parameters
    ----------
    token : int or None
        Of the root.
    piece : Piece
    """

    def __init__(self, token: int | None, piece: Piece) -> None:
        self.nodes = [Node(0, None, token, piece, "pasted", nan, 0, nan)]
        self._children: list[list[int]] = [[]]
        self._scores: TokenScores | None = None  # of the nodes behind the root, in their order

    @property
    def root(self) -> Node:
        """Before the first token that can be scored."""
        return self.nodes[0]

    def add(
        self,
        parent: Node,
        tokens: Sequence[int],
        of_each: Sequence[Piece],
        scores: TokenScores,
        chooser: str,
        *,
        offered: Sequence[float] | None = None,
        sampler: Sampler | None = None,
        draw: int = 0,
    ) -> Node:
        """Grow a chain of tokens behind `parent`, one of them at least; its last node."""
        rows = zip(scores.log_prob.tolist(), scores.rank.tolist(), scores.entropy.tolist(), strict=True)
        chances = [nan] * len(tokens) if offered is None else offered
        for token, piece, chance, (log_prob, rank, entropy) in zip(tokens, of_each, chances, rows, strict=True):
            number = len(self.nodes)
            self._children[parent.number].append(number)
            parent = Node(number, parent.number, token, piece, chooser, log_prob, rank, entropy, chance, sampler, draw)
            self.nodes.append(parent)
            self._children.append([])
        self._scores = join([scores] if self._scores is None else [self._scores, scores], start=0)
        return parent

    def path(self, node: Node) -> tuple[Node, ...]:
        """From behind the root to a node."""
        found: list[Node] = []
        while node.parent is not None:
            found.append(node)
            node = self.nodes[node.parent]
        return tuple(reversed(found))

    def children(self, node: Node) -> tuple[Node, ...]:
        """What stands behind a node."""
        return tuple(self.nodes[n] for n in self._children[node.number])

    def child(self, node: Node, token: int, piece: Piece) -> Node | None:
        """The child with this token, and with the same characters that have none."""
        return next((one for one in self.children(node) if (one.token, one.piece) == (token, piece)), None)

    def ids(self, node: Node) -> list[int]:
        """The tokens of the text up to a node."""
        return [one.token for one in (self.root, *self.path(node)) if one.token is not None]

    def text(self, node: Node) -> str:
        """The text up to a node; without a character that is not complete."""
        return "".join(one.piece.adds for one in (self.root, *self.path(node)))

    def tokenization(self, node: Node, more: Sequence[tuple[int, Piece]] = ()) -> Tokenization:
        """The text up to a node and some tokens more."""
        own = [one.piece for one in (self.root, *self.path(node)) if one.token is not None]
        return tokenization_of([*self.ids(node), *(token for token, _ in more)], [*own, *(piece for _, piece in more)])

    def scores(self, node: Node) -> TokenScores | None:
        """The scores of the text up to a node; None for the root."""
        if self._scores is None or node.parent is None:
            return None
        rows = np.array([one.number - 1 for one in self.path(node)])
        return self._scores.at(rows, start=0 if self.root.token is None else 1)

    def alternatives(self, node: Node) -> tuple[tuple[int, float], ...]:
        """The likeliest tokens in a node's place, as ids and probabilities; none for the root."""
        if self._scores is None or node.parent is None:
            return ()
        ids, log_prob = (column[node.number - 1] for column in (self._scores.top_ids, self._scores.top_log_prob))
        return tuple(zip(ids.tolist(), np.exp(log_prob).tolist(), strict=True))
