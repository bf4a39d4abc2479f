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

from collections.abc import Callable, Sequence
from math import nan
from numbers import Integral
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import EmptyText, InputError
from analyzer.guided.candidates import CONTROL, END, PART, TEXT, Candidates, candidates
from analyzer.guided.decoding import beam_search, sample_many
from analyzer.guided.tree import Node
from analyzer.guided.walk import Walk
from analyzer.sampling import Sampler, draw
from analyzer.scorer import Scorer
from analyzer.scoring import TokenScores, join, log_softmax
from analyzer.tokens import Tokenization

__all__ = ["Found", "Run", "Session"]

Progress = Callable[[int, int], None]


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


class Session(Walk):
    """A walk on which somebody chooses; made by ``Analyzer.guide`` and ``Analyzer.branch``.

    Parameters
    ----------
    scorer, tokenization, scores, context
        As of ``Walk``, whose attributes it has: `tree`, `current` and `start` among them.
    sampler : Sampler, optional
    seed : int
        Of all draws, from 0. A draw depends on it, on how many tokens stand before, and on how often was drawn there.

    Attributes
    ----------
    sampler : Sampler
        May be set at any time: it shapes what is offered and drawn, and costs no forward pass.
    draws : dict of int to int
        How often was drawn behind each node, by its number; nodes behind which nothing was drawn are not in it.
    notes : tuple of str
        What to know of how it came here, for people.

    Raises
    ------
    EmptyText
        If there is nothing to begin with and the model has no start token.
    InputError
        If the seed is no whole number from 0 on.
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
        if not isinstance(seed, Integral) or seed < 0:
            raise InputError(f"seed: got {seed}.", hint="Give a whole number from 0 on.")
        super().__init__(scorer, tokenization, scores, context=context)
        self.sampler: Sampler = sampler or Sampler()
        self.seed: int = int(seed)
        self.draws: dict[int, int] = {}
        self.notes: tuple[str, ...] = ()
        self._offer: tuple[int, Sampler, NDArray[np.float64]] | None = None  # the last one made

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

    # What may come next

    def candidates(self, k: int = 10) -> Candidates:
        """What may come next, by the model and by the sampler; no forward pass after the one of the last pick.

        Raises
        ------
        InputError
            If the text has ended, or `k` is less than 1.
        """
        if k < 1:
            raise InputError(f"k: got {k}.", hint="Give a number from 1 on.")
        logits = self.logits()
        offered, refused = self._offered_or_not()
        return candidates(
            names=self.model.tokenizer.text_of,
            log_prob=log_softmax(logits),
            offered=offered,
            k=k,
            kind=self.kind,
            ends=self.model.end_ids,
            refused=refused,
        )

    def offered(self) -> NDArray[np.float64]:
        """With which probability the sampler would draw each token (V,) here.

        Raises
        ------
        InputError
            If the text has ended, or the sampler filters out everything.
        """
        number = self.current.number
        if self._offer is None or self._offer[:2] != (number, self.sampler):
            ids = np.array(self.tree.ids(self.current), np.int64)
            self._offer = number, self.sampler, self.sampler.offered(self.allowed(self.logits()), ids)
        return self._offer[2]

    def kind(self, token: int) -> str:
        """What a vocabulary entry is to a text, see ``analyzer.guided.candidates``."""
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
        card, logits, now = self.scorer.calibration, self.logits(), self.tree.scores(self.current)
        found = np.full(len(tokens), nan)
        adding = [i for i, token in enumerate(tokens) if self.kind(token) in (TEXT, PART)]
        if card is None or now is None or not adding:
            return found
        chosen = [tokens[i] for i in adding]
        scored = self.cursor.look(chosen, logits)
        before = card.log_odds(self.tree.tokenization(self.current), now)
        for n, (i, token) in enumerate(zip(adding, chosen, strict=True)):
            longer = self.tree.tokenization(self.current, [(token, self.grown(self.current, [token])[0])])
            found[i] = card.log_odds(longer, join([now, scored.part(n, n + 1)], start=now.start)) - before
        return found

    def find(self, text: str) -> Found:
        """How likely a word, or any text, is to come next; over several tokens if it needs them. Stays here.

        Raises
        ------
        InputError
            As `write`.
        """
        after, ids, _ = self.joining(text)
        scores = self.scores_behind(after, ids)
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
        stay in the tree as a branch, and `undo` comes back to them.

        Raises
        ------
        InputError
            If the text has ended or ends within a character, or nothing is given; InvalidText for lone surrogates.
        """
        place, ids, of_each = self.joining(text)
        stood, joint = self.current, place
        while len(ids) and (child := self.tree.child(place, int(ids[0]), of_each[0])):
            place, ids, of_each = child, ids[1:], of_each[1:]
        if len(ids):
            place = self.graft(place, ids.tolist(), of_each, "user", sampler=self.sampler)
        else:
            self.jump(place)
        if joint is not stood:
            self.replaced[self.tree.path(place)[len(self.tree.path(joint))].number] = stood
        return place

    def sample(self) -> Node:
        """Go on with a token that the sampler draws, its favourite at temperature 0; from the same place it draws anew.

        Raises
        ------
        InputError
            If the text has ended, or the sampler filters out everything.
        """
        number = self.draws.get(self.current.number, 0)
        token = self.drawn(number)
        self.draws[self.current.number] = number + 1
        return self._go_on(token, self._drawer, number=number)

    def drawn(self, number: int) -> int:
        """The token that draw `number`, from 0, gives here; nothing is gone on with."""
        return draw(self.offered(), self._uniform(len(self.tree.path(self.current)), number))

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
            Stop behind the token that completes one of these, what stands there already counted.
        progress : callable, optional
            Is given the number of tokens drawn, and `n`.
        stopped : callable, optional
            Is asked before each token; True stops.

        Raises
        ------
        InputError
            As `sample`, what was drawn before stays; and if a stop string is empty.
        """
        if isinstance(stop, str) or not all(stop):
            raise InputError(f"stop: got {stop!r}.", hint="Give strings of one character or more.")
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
            If the text has ended, `count` or `length` is less than 1, or they would not fit into the model's window.
        """
        self._check_open()
        place, number = self.current, self.draws.get(self.current.number, 0)
        depth, before = len(self.tree.path(place)), self.tree.ids(place)
        uniforms = [[self._uniform(depth + i, number + c) for i in range(length)] for c in range(count)]
        found = sample_many(
            self.cursor,
            np.array(uniforms).reshape(max(0, count), max(0, length)),
            offer=lambda logits, drawn: self.sampler.offered(
                self.allowed(logits), np.array([*before, *drawn], np.int64)
            ),
            ends=self.model.end_ids,
            progress=progress,
        )
        leaves = []
        for c, one in enumerate(found):
            leaves.append(self.adopt(place, one, self._drawer, sampler=self.sampler, draw=number + c))
            for node in self.tree.path(leaves[-1])[depth:]:
                self.count_draw(node, number + c)
        return tuple(leaves)

    def best_of(self, count: int, length: int, *, progress: Progress | None = None) -> Node:
        """Draw several continuations; go on with the one whose tokens the model finds likeliest on average.

        Raises
        ------
        InputError
            As `continuations`.
        """
        depth = len(self.tree.path(self.current))
        leaves = self.continuations(count, length, progress=progress)
        return self.jump(max(leaves, key=lambda leaf: np.mean([n.log_prob for n in self.tree.path(leaf)[depth:]])))

    def beam(self, width: int, length: int, *, progress: Progress | None = None) -> Node:
        """Go on with the continuation that a beam search of this width finds likeliest under the model's distribution.

        Raises
        ------
        InputError
            If the text has ended, `width` or `length` is less than 1, or it would not fit into the model's window.
        """
        self._check_open()
        found = beam_search(
            self.cursor, width=width, length=length, allowed=self.allowed, ends=self.model.end_ids, progress=progress
        )
        return self.jump(self.adopt(self.current, found, "beam", sampler=None))

    # Inside

    @property
    def _drawer(self) -> str:
        return "greedy" if self.sampler.temperature == 0 else "sampler"

    def _uniform(self, depth: int, number: int) -> float:
        """The random number in [0, 1) by which draw `number` behind `depth` tokens is made."""
        return float(np.random.default_rng([self.seed, depth, number]).random())

    def count_draw(self, node: Node, number: int) -> None:
        """Note that draw `number` before a node gave it: what is drawn there next is another one."""
        if node.parent is not None:
            self.draws[node.parent] = max(self.draws.get(node.parent, 0), number + 1)

    def _offered_or_not(self) -> tuple[NDArray[np.float64], str]:
        """As `offered`; zeros, and why, where the sampler offers nothing: a person may pick all the same."""
        try:
            return self.offered(), ""
        except InputError as error:
            return np.zeros(self.model.info.vocabulary), str(error)

    def _go_on(self, token: int, chooser: str, *, number: int = 0) -> Node:
        logits, of_each = self.logits(), self.grown(self.current, [token])
        child = self.tree.child(self.current, token, of_each[0])
        if child is not None:
            self.replaced.pop(child.number, None)  # now one comes from before it
            return self.jump(child)
        offered = float(self._offered_or_not()[0][token])
        self.current = self.tree.add(
            self.current, [token], of_each, self.cursor.take(token, logits), chooser,
            offered=[offered], sampler=self.sampler, draw=number,
        )  # fmt: skip
        return self.current
