"""A guided text's tree in as few pieces as a reader needs: stretches that one chooser wrote without a branch.

>>> from analyzer.analysis import Analyzer
>>> from analyzer.models.toy import ToyModel
>>> session = Analyzer(ToyModel("to be or not to be")).guide("to ")
>>> _ = session.write("be")
>>> _ = session.jump(session.start)
>>> _ = session.write("bad")
>>> [(c.number, c.parent, c.text) for c in chains(session.tree, breaks=[session.start, session.current])]
[(0, None, 'to '), (1, 0, 'b'), (2, 1, 'e'), (3, 1, 'ad')]
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import nan

import numpy as np

from analyzer.guided.tree import Node, Tree

__all__ = ["Chain", "chains", "depths"]


@dataclass(frozen=True, slots=True)
class Chain:
    """Nodes that follow each other, chosen by one chooser, with no other way in between.

    Attributes
    ----------
    number : int
        From 0, depth first: the first chain of a branch stands right before all that follows it.
    parent : int or None
        The chain it goes on from; None for the first, which begins with the root.
    nodes : tuple of Node
        At least one.
    chooser : str
        Of all of them.
    """

    number: int
    parent: int | None
    nodes: tuple[Node, ...]
    chooser: str

    @property
    def text(self) -> str:
        """What its nodes add; nothing where they only begin a character, or end the text."""
        return "".join(node.piece.adds for node in self.nodes)

    @property
    def mean_surprise(self) -> float:
        """Of its scored tokens, nats; nan where there are none."""
        scored = [-node.log_prob for node in self.nodes if node.parent is not None]
        return float(np.mean(scored)) if scored else nan


def chains(tree: Tree, *, breaks: Iterable[Node] = ()) -> tuple[Chain, ...]:
    """Every node of a tree in exactly one chain.

    A chain ends before a branching, before another chooser, and behind the nodes in `breaks`: a session's start and
    current node, so that what it shows of them is whole chains.
    """
    ends = {node.number for node in breaks}
    found: list[Chain] = []
    waiting: list[tuple[Node, int | None]] = [(tree.root, None)]  # a stack: trees are deeper than Python's
    while waiting:
        first, parent = waiting.pop()
        nodes = tuple(_stretch(tree, first, ends))
        found.append(Chain(len(found), parent, nodes, first.chooser))
        waiting += [(child, found[-1].number) for child in reversed(tree.children(nodes[-1]))]
    return tuple(found)


def _stretch(tree: Tree, node: Node, ends: set[int]) -> Iterator[Node]:
    yield node
    while node.number not in ends:
        children = tree.children(node)
        if len(children) != 1 or children[0].chooser != node.chooser:
            return
        (node,) = children
        yield node


def depths(found: Iterable[Chain]) -> list[int]:
    """How many branchings lie before each chain: an only child is no further in than what it goes on from."""
    found = list(found)
    children = [0] * len(found)
    for chain in found:
        if chain.parent is not None:
            children[chain.parent] += 1
    depth: list[int] = []
    for chain in found:
        depth.append(0 if chain.parent is None else depth[chain.parent] + (children[chain.parent] > 1))
    return depth
