"""A place in a tree of tokens, with the model's state behind it: everything about writing but choosing.

The state follows from place to place, reading only what it has not read. What a text comes to is put together from the
scores in the tree, so a finished analysis of any path costs no forward pass.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analyzer.analysis_result import Analysis
from analyzer.errors import EmptyText, InputError
from analyzer.guided.decoding import Continuation
from analyzer.guided.growing import Piece, grown, joint, pieces, retokenised
from analyzer.guided.tree import Node, Tree
from analyzer.passes import plan_tokens, start_ids
from analyzer.sampling import Sampler
from analyzer.scorer import Scorer
from analyzer.scoring import TokenScores, join
from analyzer.tokens import Tokenization

__all__ = ["Walk"]

_KEPT = 32  # nodes whose logits and analyses are remembered; 200 kB each for the default model


class Walk:
    """Where one stands in a tree.

    Parameters
    ----------
    scorer : Scorer
    tokenization, scores
        The text to begin with, which may be empty where the model has a start token; and its scores, None if it has
        none.
    context : str, optional
        What stands before it: conditions, is not scored.

    Attributes
    ----------
    tree : Tree
        Everything that was tried.
    current, start : Node
        Where one stands, and where one began.
    replaced : dict of int to Node
        By the number of the first node of a text that was written in place of other tokens: the last of those.
    cursor : Cursor
        The model's state; stands behind the current node.

    Raises
    ------
    EmptyText
        If there is nothing to begin with and the model has no start token.
    """

    def __init__(
        self,
        scorer: Scorer,
        tokenization: Tokenization,
        scores: TokenScores | None,
        *,
        context: str | None = None,
    ) -> None:
        self.scorer = scorer
        self.model = scorer.model
        self.context = context
        before = np.concatenate([start_ids(self.model), self.model.tokenizer.encode(context or "").ids])
        self._before = before.astype(np.int64)  # start token and context
        begun = pieces(tokenization, self.model.tokenizer)
        unscored = len(begun) - (0 if scores is None else len(scores))
        if not len(before) + unscored:
            raise EmptyText("There is nothing to begin with, and this model has no start token.", hint="Give a word.")
        ids = tokenization.ids.tolist()
        self.tree = Tree(*((ids[0], begun[0]) if unscored else (None, Piece("", 0, 0, b""))))
        self.current = self.tree.root
        if scores is not None:
            self.current = self.tree.add(self.current, ids[unscored:], begun[unscored:], scores, "pasted")
        self.start = self.current
        self.replaced: dict[int, Node] = {}
        self._never = sorted(self.model.tokenizer.control_ids - {*self.model.end_ids})
        first = max(1, len(before))
        self.cursor = scorer.cursor(first=first, known=self._ids(self.start))
        self.cursor.move(self._ids(self.start))
        self._ahead = scorer.cursor(first=first)  # walks greedy paths
        self._guesses: dict[int, tuple[list[int], list[TokenScores]]] = {}  # greedy paths as far as they are known
        self._logits: OrderedDict[int, Tensor] = OrderedDict()
        self._analyses: OrderedDict[int, Analysis] = OrderedDict()

    @property
    def prompt(self) -> str:
        """The text that the session began with."""
        return self.tree.text(self.start)

    @property
    def text(self) -> str:
        """The text up to the current node; without a character that is not complete."""
        return self.tree.text(self.current)

    @property
    def ended(self) -> bool:
        """Whether the text has come to its end: then only going back goes on."""
        return self.is_end(self.current)

    def is_end(self, node: Node) -> bool:
        """Whether a node's token ends the text."""
        return node.parent is not None and node.token in self.model.end_ids

    def jump(self, node: Node) -> Node:
        """Go to any node of this tree.

        Raises
        ------
        InputError
            If the node is another tree's.
        """
        if node.number >= len(self.tree.nodes) or self.tree.nodes[node.number] is not node:
            raise InputError("The node is not of this session.", hint="Take one of session.tree.nodes.")
        self.current = node
        self.cursor.move(self._ids(node))
        return node

    def undo(self, n: int = 1) -> Node:
        """Go back by `n` tokens, to the root at most; nothing is forgotten.

        Behind a text that was written in place of the last tokens, they are what one comes back to. A loaded session
        does not know that any more: there it is what stands before both.

        Raises
        ------
        InputError
            If `n` is negative.
        """
        if n < 0:
            raise InputError(f"n: got {n}.", hint="Give a number from 0 on.")
        place = self.current
        for _ in range(n):
            if place.parent is None:
                break
            # Each only once: two such ways could lead in a circle.
            place = self.replaced.pop(place.number, self.tree.nodes[place.parent])
        return self.jump(place)

    def branch(self, node: Node) -> Node:
        """Go to before a node's token, to choose another in its place."""
        return self.jump(self.tree.nodes[node.parent or 0])

    def logits(self) -> Tensor:
        """Logits (V,) behind the current node; those of places visited lately are remembered.

        Raises
        ------
        InputError
            If the text has ended.
        """
        self._check_open()
        number = self.current.number
        if number not in self._logits:
            self._logits[number] = self.cursor.logits()
            if len(self._logits) > _KEPT:
                self._logits.popitem(last=False)
        self._logits.move_to_end(number)
        return self._logits[number]

    def allowed(self, logits: Tensor) -> Tensor:
        """Logits without the control tokens that no text can hold."""
        allowed = logits.clone()
        allowed[self._never] = -float("inf")
        allowed[self.model.tokenizer.vocabulary_size :] = -float("inf")
        return allowed

    def graft(
        self,
        node: Node,
        tokens: Sequence[int],
        of_each: Sequence[Piece],
        chooser: str,
        *,
        offered: Sequence[float] | None = None,
        sampler: Sampler | None = None,
        draw: int = 0,
    ) -> Node:
        """Put tokens behind a node, all read and scored in one go; their last node. The session stands there then."""
        self.jump(node)
        scores = self.cursor.append(np.array(tokens, np.int64))
        self.current = self.tree.add(
            node, tokens, of_each, scores, chooser, offered=offered, sampler=sampler, draw=draw
        )
        return self.current

    def adopt(self, place: Node, found: Continuation, chooser: str, *, sampler: Sampler | None, draw: int = 0) -> Node:
        """Put a continuation into the tree; what of it is there already stays as it is."""
        of_each = self.grown(place, found.tokens)
        for token, piece, part, offered in zip(found.tokens, of_each, found.parts, found.offered, strict=True):
            place = self.tree.child(place, token, piece) or self.tree.add(
                place, [token], [piece], part, chooser, offered=[offered], sampler=sampler, draw=draw
            )
        return place

    def grown(self, node: Node, tokens: Sequence[int]) -> list[Piece]:
        """What tokens add behind a node."""
        return grown(
            self.model.tokenizer,
            tokens,
            last=node.piece,
            length=len(self.tree.text(node)),
            first=not self.tree.ids(node) and self.context is None,
            ends=self.model.end_ids,
        )

    def joining(self, text: str) -> tuple[Node, NDArray[np.int64], list[Piece]]:
        """Where new characters join: the node behind which new tokens stand, those tokens, and what each adds.

        Raises
        ------
        InputError
            If the text has ended or ends within a character, or nothing is given; InvalidText for lone surrogates.
        """
        if not text:
            raise InputError("There is nothing to write.", hint="Give at least one character.")
        self._check_open()
        if self.current.piece.pending:
            raise InputError("The text ends within a character.", hint="Pick the rest of it, or go back.")
        old = self.tree.tokenization(self.current)
        new = self.model.tokenizer.encode(old.text + text)
        kept, taken = joint(old, new)
        line = [self.tree.root, *self.tree.path(self.current)]
        if self.tree.root.token is not None:
            kept -= 1
        if kept < 0:  # the first token, which nothing predicts, stays: what is written is split on its own
            kept, taken, new = len(line) - 1, 0, self.model.tokenizer.encode(text)
            new = Tokenization(old.text + text, new.ids, new.spans + len(old.text))
        if taken == len(new):
            raise InputError("The model's tokenizer has no token for this.", hint="Write something else.")
        written = len(self.tree.text(line[kept]))
        return line[kept], new.ids[taken:], pieces(new, self.model.tokenizer, first=taken, written=written)

    def scores_behind(self, node: Node, tokens: NDArray[np.int64]) -> TokenScores:
        """Scores of tokens (n,) behind a node, n at least 1; one stays where one is."""
        self.cursor.move(self._ids(node))
        scores = self.cursor.append(tokens)
        self.cursor.move(self._ids(self.current))
        return scores

    # What it comes to

    def analysis(self, node: Node | None = None) -> Analysis:
        """The text up to a node as any text is analysed, from scores that are there: no forward pass.

        Only a text with hidden characters is read once more, without them.

        Raises
        ------
        EmptyText
            Before the first token.
        """
        node = node or self.current
        if node.number not in self._analyses:
            last = self.tree.nodes[node.parent or 0] if self.is_end(node) else node
            scores = self.tree.scores(last)
            self._analyses[node.number] = self._analysis(self.tree.tokenization(last), [scores] if scores else [])
            if len(self._analyses) > _KEPT:
                self._analyses.popitem(last=False)
        return self._analyses[node.number]

    def fresh_analysis(self) -> Analysis:
        """The current text analysed afresh, in the tokens that the model's tokenizer makes of it."""
        return self.scorer.analyze(self.text, self.context)

    def greedy_path(self, n: int, *, node: Node | None = None) -> Analysis:
        """What stood here if the model's first guess had been taken `n` times behind a node, `start` by default.

        Shorter where the model ends the text. What was found is kept: a longer path costs the further steps only.
        """
        node = node or self.start
        tokens, parts = self._guesses.setdefault(node.number, ([], []))
        while len(tokens) < n and not (tokens and tokens[-1] in self.model.end_ids):
            self._ahead.move(np.concatenate([self._ids(node), np.array(tokens, np.int64)]))
            logits = self._ahead.logits()
            tokens.append(int(self.allowed(logits).argmax()))
            parts.append(self._ahead.take(tokens[-1], logits))
        text = [token for token in tokens[:n] if token not in self.model.end_ids]
        own = self.tree.scores(node)
        tokenization = self.tree.tokenization(node, list(zip(text, self.grown(node, text), strict=True)))
        return self._analysis(tokenization, [*([own] if own else []), *parts[: len(text)]])

    def _check_open(self) -> None:
        if self.ended:
            raise InputError("The text has come to its end.", hint="Go back to go on otherwise.")

    def _ids(self, node: Node) -> NDArray[np.int64]:
        """All that the model reads up to a node: start token and context too."""
        return np.concatenate([self._before, np.array(self.tree.ids(node), np.int64)])

    def _analysis(self, tokenization: Tokenization, parts: Sequence[TokenScores]) -> Analysis:
        found = plan_tokens(self.model, tokenization, self.context)
        analysis = self.scorer.analysis(found, join(parts, start=found.start))
        note = retokenised(self.model.tokenizer.encode(tokenization.text), tokenization)
        return replace(analysis, warnings=(*analysis.warnings, note)) if note else analysis
