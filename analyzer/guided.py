"""A text written token by token with a model, and everything that was tried on the way.

A ``Session`` stands at a node of a tree. There it lists what may come next, and goes on: with a token that the user
picks, a text that the user types, one that the sampler draws. Going back and taking another token makes a branch;
nothing is ever lost. One live state of the model follows: a pick is one cached step, going back crops.

>>> from analyzer.analysis import Analyzer
>>> from analyzer.models.toy import ToyModel
>>> session = Analyzer(ToyModel("to be or not to be")).guide("to b")
>>> best = session.candidates(1).listed[0]
>>> best.text, session.pick(best.token).rank, session.text
('e', 1, 'to be')
>>> session.undo().rank, session.write("in").rank, [child.piece.adds for child in session.tree.children(session.start)]
(1, 1, ['e', 'i'])
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import nan
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analyzer.analysis_result import Analysis
from analyzer.candidates import CONTROL, END, PART, TEXT, Candidates, candidates
from analyzer.decoding import Continuation, beam_search, sample_many
from analyzer.errors import EmptyText, InputError
from analyzer.growing import Piece, grow, joint, pieces, retokenised
from analyzer.passes import plan_tokens, start_ids
from analyzer.sampling import Sampler, draw
from analyzer.scorer import Scorer
from analyzer.scoring import TokenScores, join, log_softmax
from analyzer.tokens import Tokenization
from analyzer.tree import Node, Tree

__all__ = ["Found", "Run", "Session"]

Progress = Callable[[int, int], None]

_KEPT = 32  # nodes whose logits and analyses are remembered; 200 kB each for the default model


class Found(NamedTuple):
    """A text that might come next: its tokens, each with rank and probability there, and what all have together.

    `after` is the node behind which they stand: an earlier one than the current where the last tokens of the text and
    the new characters make other tokens together.
    """

    after: Node
    tokens: tuple[int, ...]
    ranks: tuple[int, ...]
    probabilities: tuple[float, ...]
    probability: float


class Run(NamedTuple):
    """What `Session.run` made, and why it ended: "length", "end of text", "stop string" or "stopped"."""

    nodes: tuple[Node, ...]
    reason: str


class Session:
    """Made by ``Analyzer.guide`` and ``Analyzer.branch``.

    Parameters
    ----------
    scorer : Scorer
    tokenization, scores
        The text to begin with, which may be empty where the model has a start token; and its scores, None if empty.
    context : str, optional
        What stands before it: conditions, is not scored.
    sampler : Sampler, optional
    seed : int
        Of all draws, from 0. A draw depends on it, on how many tokens stand before, and on how often was drawn there.

    Attributes
    ----------
    tree : Tree
        Everything that was tried.
    current, start : Node
        Where the session stands, and where it began.
    sampler : Sampler
        May be set at any time: it shapes what is offered and drawn, and costs no forward pass.

    Raises
    ------
    EmptyText
        If there is nothing to begin with and the model has no start token.
    InputError
        If the seed is negative.
    """

    def __init__(
        self,
        scorer: Scorer,
        tokenization: Tokenization,
        scores: TokenScores | None,
        *,
        context: str | None = None,
        sampler: Sampler | None = None,
        seed: int = 0,
    ) -> None:
        if seed < 0:
            raise InputError(f"seed: got {seed}.", hint="Give a whole number from 0 on.")
        self._scorer = scorer
        self.model = scorer.model
        self.context = context
        self.sampler = sampler or Sampler()
        self.seed = seed
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
        self._never = sorted(self.model.tokenizer.control_ids - {*self.model.end_ids})
        self._draws: dict[int, int] = {}  # how often was drawn behind a node
        first = max(1, len(before))
        self._cursor = scorer.cursor(first=first, known=self._ids(self.start))
        self._cursor.move(self._ids(self.start))
        self._ahead = scorer.cursor(first=first)  # walks greedy paths
        self._guesses: dict[int, tuple[list[int], list[TokenScores]]] = {}  # greedy paths as far as they are known
        self._logits: OrderedDict[int, Tensor] = OrderedDict()
        self._analyses: OrderedDict[int, Analysis] = OrderedDict()

    @classmethod
    def begin(
        cls,
        scorer: Scorer,
        prompt: str,
        *,
        context: str | None = None,
        sampler: Sampler | None = None,
        seed: int = 0,
    ) -> Self:
        """Begin with a text that is not scored yet.

        Raises
        ------
        EmptyText, InputError
            As above; InvalidText for lone surrogates.
        """
        tokenization, scores = scorer.model.tokenizer.encode(prompt), None
        if prompt and not len(tokenization):
            raise EmptyText("The model's tokenizer has no token for this prompt.", hint="Give a word.")
        if len(tokenization) > 1 or (prompt and (context or scorer.model.start_id is not None)):
            scores = scorer.analyze(prompt, context).scores
        return cls(scorer, tokenization, scores, context=context, sampler=sampler, seed=seed)

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
        return self._is_end(self.current)

    # What may come next

    def candidates(self, k: int = 10) -> Candidates:
        """What may come next, by the model and by the sampler; no forward pass after the one of the last pick.

        Raises
        ------
        InputError
            If the text has ended, `k` is less than 1, or the sampler filters out everything.
        """
        if k < 1:
            raise InputError(f"k: got {k}.", hint="Give a number from 1 on.")
        logits = self._next()
        return candidates(
            names=self.model.tokenizer.text_of,
            log_prob=log_softmax(logits),
            offered=self._offered(logits),
            k=k,
            kind=self.kind,
            ends=self.model.end_ids,
        )

    def kind(self, token: int) -> str:
        """What a vocabulary entry is to a text, see ``analyzer.candidates``."""
        tokenizer = self.model.tokenizer
        if token in self.model.end_ids:
            return END
        if tokenizer.is_control(token):
            return CONTROL
        return TEXT if tokenizer.is_text(token) else PART

    def effects(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """By how much each token (n,), were it picked, would change the log-odds that a machine wrote the text, nats.

        Above 0: towards a machine. One batched step of the model. nan without a calibration, before the first token,
        and for tokens that add no text.
        """
        card, logits, now = self._scorer.calibration, self._next(), self.tree.scores(self.current)
        found = np.full(len(tokens), nan)
        adding = [i for i, token in enumerate(tokens) if self.kind(token) in (TEXT, PART)]
        if card is None or now is None or not adding:
            return found
        chosen = [tokens[i] for i in adding]
        scored = self._cursor.look(chosen, logits)
        before = card.log_odds(self.tree.tokenization(self.current), now)
        for n, (i, token) in enumerate(zip(adding, chosen, strict=True)):
            longer = self.tree.tokenization(self.current, [(token, self._pieces(self.current, [token])[0])])
            found[i] = card.log_odds(longer, join([now, scored.part(n, n + 1)], start=now.start)) - before
        return found

    def find(self, text: str) -> Found:
        """How likely a word, or any text, is to come next; over several tokens if it needs them. Stays here.

        Raises
        ------
        InputError
            As `write`.
        """
        after, ids, _ = self._joint(text)
        self._cursor.move(self._ids(after))
        scores = self._cursor.append(ids)
        self._cursor.move(self._ids(self.current))
        p = np.exp(scores.log_prob)
        return Found(after, tuple(ids.tolist()), tuple(scores.rank.tolist()), tuple(p.tolist()), float(p.prod()))

    # Going on

    def pick(self, token: int) -> Node:
        """Go on with a token that the user chose, likely or not.

        Raises
        ------
        InputError
            If the text has ended, or no text can hold the token.
        """
        if not 0 <= token < self.model.info.vocabulary or self.kind(token) == CONTROL:
            raise InputError(f"Token {token} is no text.", hint="Pick one that adds text, or the end of the text.")
        return self._go_on(token, "user")

    def write(self, text: str) -> Node:
        """Go on with a text that the user typed.

        It is split into tokens together with what stands before it, so the last tokens there may become others; those
        stay in the tree as a branch.

        Raises
        ------
        InputError
            If the text has ended or ends within a character, or nothing is given; InvalidText for lone surrogates.
        """
        place, ids, of_each = self._joint(text)
        while len(ids) and (child := self.tree.child(place, int(ids[0]), of_each[0])):
            place, ids, of_each = child, ids[1:], of_each[1:]
        if not len(ids):
            return self.jump(place)
        return self.graft(place, ids.tolist(), of_each, "user", sampler=self.sampler)

    def sample(self) -> Node:
        """Go on with a token that the sampler draws, its favourite at temperature 0; from the same place it draws anew.

        Raises
        ------
        InputError
            If the text has ended, or the sampler filters out everything.
        """
        number = self._draws.get(self.current.number, 0)
        token = self.drawn(number)
        self._draws[self.current.number] = number + 1
        return self._go_on(token, self._drawer, number=number)

    def drawn(self, number: int) -> int:
        """The token that draw `number`, from 0, gives here; nothing is gone on with."""
        return draw(self._offered(self._next()), self._uniform(len(self.tree.path(self.current)), number))

    def run(
        self,
        n: int,
        *,
        stop: Sequence[str] = (),
        progress: Progress | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Run:
        """Draw up to `n` tokens.

        Parameters
        ----------
        n : int
        stop : sequence of str
            Stop behind the token that completes one of these.
        progress : callable, optional
            Is given the number of tokens drawn, and `n`.
        stopped : callable, optional
            Is asked before each token; True stops.
        """
        made: list[Node] = []
        already = len(self.text)
        while len(made) < n:
            if stopped():
                return Run(tuple(made), "stopped")
            made.append(self.sample())
            if progress is not None:
                progress(len(made), n)
            if self.ended:
                return Run(tuple(made), "end of text")
            if any(word in self.text[max(0, already - len(word) + 1) :] for word in stop):
                return Run(tuple(made), "stop string")
        return Run(tuple(made), "length")

    def continuations(self, count: int, length: int, *, progress: Progress | None = None) -> tuple[Node, ...]:
        """Draw several continuations side by side, of `length` tokens at most; the last node of each. Stays here.

        Raises
        ------
        InputError
            If the text has ended, or they would not fit into the model's window.
        """
        self._next()
        place, number = self.current, self._draws.get(self.current.number, 0)
        self._draws[place.number] = number + count
        depth, before = len(self.tree.path(place)), self.tree.ids(place)
        uniforms = [[self._uniform(depth + i, number + c) for i in range(length)] for c in range(count)]
        found = sample_many(
            self._cursor,
            np.array(uniforms).reshape(count, length),
            offer=lambda logits, drawn: self._offered(logits, [*before, *drawn]),
            ends=self.model.end_ids,
            progress=progress,
        )
        return tuple(self._adopt(place, one, self._drawer, number=number + c) for c, one in enumerate(found))

    def best_of(self, count: int, length: int, *, progress: Progress | None = None) -> Node:
        """Draw several continuations; go on with the one whose tokens the model finds likeliest on average."""
        depth = len(self.tree.path(self.current))
        leaves = self.continuations(count, length, progress=progress)
        return self.jump(max(leaves, key=lambda leaf: np.mean([n.log_prob for n in self.tree.path(leaf)[depth:]])))

    def beam(self, width: int, length: int, *, progress: Progress | None = None) -> Node:
        """Go on with the continuation that a beam search of this width finds likeliest under the model's distribution.

        Raises
        ------
        InputError
            If the text has ended, or it would not fit into the model's window.
        """
        self._next()
        found = beam_search(
            self._cursor, width=width, length=length, allowed=self._allowed, ends=self.model.end_ids, progress=progress
        )
        return self.jump(self._adopt(self.current, found, "beam"))

    # Going back and elsewhere

    def undo(self, n: int = 1) -> Node:
        """Go back by `n` tokens, to the root at most; nothing is forgotten."""
        place = [self.tree.root, *self.tree.path(self.current)]
        return self.jump(place[max(0, len(place) - 1 - n)])

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
        self._cursor.move(self._ids(node))
        return node

    def branch(self, node: Node) -> Node:
        """Go to before a node's token, to choose another in its place."""
        return self.jump(self.tree.nodes[node.parent or 0])

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
        scores = self._cursor.append(np.array(tokens, np.int64))
        self.current = self.tree.add(
            node, tokens, of_each, scores, chooser, offered=offered, sampler=sampler, draw=draw
        )
        if chooser in ("sampler", "greedy"):
            self._draws[node.number] = max(self._draws.get(node.number, 0), draw + 1)
        return self.current

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
            last = self.tree.nodes[node.parent or 0] if self._is_end(node) else node
            scores = self.tree.scores(last)
            self._analyses[node.number] = self._analysis(self.tree.tokenization(last), [scores] if scores else [])
            if len(self._analyses) > _KEPT:
                self._analyses.popitem(last=False)
        return self._analyses[node.number]

    def fresh_analysis(self) -> Analysis:
        """The current text analysed afresh, in the tokens that the model's tokenizer makes of it."""
        return self._scorer.analyze(self.text, self.context)

    def greedy_path(self, n: int, *, node: Node | None = None) -> Analysis:
        """What stood here if the model's first guess had been taken `n` times behind a node, `start` by default.

        Shorter where the model ends the text. What was found is kept: a longer path costs the further steps only.
        """
        node = node or self.start
        tokens, parts = self._guesses.setdefault(node.number, ([], []))
        while len(tokens) < n and not (tokens and tokens[-1] in self.model.end_ids):
            self._ahead.move(np.concatenate([self._ids(node), np.array(tokens, np.int64)]))
            logits = self._ahead.logits()
            tokens.append(int(self._allowed(logits).argmax()))
            parts.append(self._ahead.take(tokens[-1], logits))
        text = [token for token in tokens[:n] if token not in self.model.end_ids]
        own = self.tree.scores(node)
        tokenization = self.tree.tokenization(node, list(zip(text, self._pieces(node, text), strict=True)))
        return self._analysis(tokenization, [*([own] if own else []), *parts[: len(text)]])

    # Inside

    @property
    def _drawer(self) -> str:
        return "greedy" if self.sampler.temperature == 0 else "sampler"

    def _uniform(self, depth: int, number: int) -> float:
        """The random number in [0, 1) by which draw `number` behind `depth` tokens is made."""
        return float(np.random.default_rng([self.seed, depth, number]).random())

    def _ids(self, node: Node) -> NDArray[np.int64]:
        """All that the model reads up to a node: start token and context too."""
        return np.concatenate([self._before, np.array(self.tree.ids(node), np.int64)])

    def _next(self) -> Tensor:
        """Logits (V,) behind the current node."""
        if self.ended:
            raise InputError("The text has come to its end.", hint="Go back to go on otherwise.")
        number = self.current.number
        if number not in self._logits:
            self._logits[number] = self._cursor.logits()
            if len(self._logits) > _KEPT:
                self._logits.popitem(last=False)
        self._logits.move_to_end(number)
        return self._logits[number]

    def _allowed(self, logits: Tensor) -> Tensor:
        """Logits without the control tokens that no text can hold."""
        allowed = logits.clone()
        allowed[self._never] = -float("inf")
        allowed[self.model.tokenizer.vocabulary_size :] = -float("inf")
        return allowed

    def _offered(self, logits: Tensor, before: Sequence[int] | None = None) -> NDArray[np.float64]:
        """With which probabilities (V,) the sampler would draw."""
        ids = self.tree.ids(self.current) if before is None else before
        return self.sampler.offered(self._allowed(logits), np.array(ids, np.int64))

    def _go_on(self, token: int, chooser: str, *, number: int = 0) -> Node:
        logits, of_each = self._next(), self._pieces(self.current, [token])
        child = self.tree.child(self.current, token, of_each[0])
        if child is not None:
            return self.jump(child)
        offered = float(self._offered(logits)[token])
        self.current = self.tree.add(
            self.current, [token], of_each, self._cursor.take(token, logits), chooser,
            offered=[offered], sampler=self.sampler, draw=number,
        )  # fmt: skip
        return self.current

    def _adopt(self, place: Node, found: Continuation, chooser: str, *, number: int = 0) -> Node:
        """Put a continuation into the tree; what of it is there already stays as it is."""
        of_each = self._pieces(place, found.tokens)
        for token, piece, part, offered in zip(found.tokens, of_each, found.parts, found.offered, strict=True):
            place = self.tree.child(place, token, piece) or self.tree.add(
                place, [token], [piece], part, chooser, offered=[offered], sampler=self.sampler, draw=number
            )
        return place

    def _pieces(self, node: Node, tokens: Sequence[int]) -> list[Piece]:
        """What tokens add behind a node."""
        pending, length = node.piece.pending, len(self.tree.text(node))
        first = not len(self.tree.ids(node)) and self.context is None
        found = []
        for token in tokens:
            data = b"" if token in self.model.end_ids else self.model.tokenizer.bytes_of(token, first=first)
            found.append(grow(pending, length, data))
            pending, length, first = found[-1].pending, length + len(found[-1].adds), False
        return found

    def _joint(self, text: str) -> tuple[Node, NDArray[np.int64], list[Piece]]:
        """Where new characters join: the node behind which new tokens stand, those tokens, and what each adds."""
        if not text:
            raise InputError("There is nothing to write.", hint="Give at least one character.")
        self._next()
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

    def _is_end(self, node: Node) -> bool:
        return node.parent is not None and node.token in self.model.end_ids

    def _analysis(self, tokenization: Tokenization, parts: Sequence[TokenScores]) -> Analysis:
        found = plan_tokens(self.model, tokenization, self.context)
        analysis = self._scorer.analysis(found, join(parts, start=found.start))
        note = retokenised(self.model.tokenizer.encode(tokenization.text), tokenization)
        return replace(analysis, warnings=(*analysis.warnings, note)) if note else analysis
