"""What decoders do to a text: one prompt, gone on with by each, and what the model makes of the results.

Decoders that maximise probability fall into loops, in which the model grows surer with each repetition; drawing from
the whole distribution takes up what the model finds unlikely, and the text goes its own way: Holtzman et al. 2020, "The
Curious Case of Neural Text Degeneration" (arXiv 1904.09751). All numbers are under the model's own distribution.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analyzer.analysis import Analysis, Analyzer
from analyzer.errors import EmptyText, InputError
from analyzer.guided import Session
from analyzer.sampling import PRESETS, Sampler
from analyzer.scoring import TokenScores
from analyzer.series import surprise
from analyzer.text.repetition import Loop, distinct, loop, repeated

__all__ = ["BEAM_WIDTH", "DECODERS", "Decoded", "compare"]

Progress = Callable[[int, int], None]

BEAM_WIDTH = 4

DECODERS: tuple[tuple[str, Sampler | None], ...] = (
    ("greedy", PRESETS["Greedy"]),
    ("beam search", None),
    ("greedy, repetition penalty", Sampler(temperature=0, repetition_penalty=1.2)),
    ("greedy, frequency penalty", Sampler(temperature=0, frequency_penalty=0.5)),
    ("temperature and top-k", PRESETS["Top 40, T 0.7"]),
    ("top-k", Sampler(top_k=40)),
    ("top-p", PRESETS["Nucleus 0.9"]),
    ("pure sampling", PRESETS["Plain"]),
)
"""By name, from those that maximise to those that draw; None is beam search. The penalty of 1.2 is the one that its
source (Keskar et al. 2019) found to work, top-p 0.9 and top-k 40 are common settings of Holtzman et al. 2020."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What one decoder made of a prompt.

    Attributes
    ----------
    name : str
    steps : tuple of str
        What the decoder does, for people.
    analysis : Analysis
        Of prompt and continuation together, as any text is analysed.
    first : int
        Which of the scored tokens is the first of the continuation.
    ended : bool
        Whether it came to the end of the text before it was as long as asked.
    """

    name: str
    steps: tuple[str, ...]
    analysis: Analysis
    first: int
    ended: bool

    @property
    def scores(self) -> TokenScores:
        """Of the continuation alone; an end of the text is not among them."""
        return self.analysis.scores.part(self.first, len(self.analysis.scores))

    @property
    def ids(self) -> list[int]:
        """The continuation's tokens."""
        return [int(token) for token in self.analysis.tokenization.ids[self._first_token :]]

    @property
    def text(self) -> str:
        """Prompt and continuation."""
        return self.analysis.text

    @property
    def begins(self) -> int:
        """Offset in the text at which the continuation begins."""
        return self._offset(self._first_token)

    @property
    def mean_probability(self) -> float:
        """Of the continuation's tokens."""
        return _mean(np.exp(self.scores.log_prob))

    @property
    def mean_surprise(self) -> float:
        """Of the continuation's tokens, nats."""
        return _mean(surprise(self.scores))

    @property
    def mean_entropy(self) -> float:
        """The surprise that the model expected of the continuation's tokens, nats."""
        return _mean(self.scores.entropy)

    @property
    def first_guesses(self) -> float:
        """Share of the continuation's tokens that were the model's first guess."""
        return _mean(self.scores.rank == 1)

    @property
    def distinct_2(self) -> float:
        """Different pairs of tokens in the continuation over its tokens."""
        return distinct(self.ids, 2)

    @property
    def distinct_3(self) -> float:
        """Different triples of tokens in the continuation over its tokens."""
        return distinct(self.ids, 3)

    @property
    def repeated_4(self) -> float:
        """Share of the continuation's runs of four tokens that it had before."""
        return repeated(self.ids, 4)

    @property
    def loop(self) -> Loop | None:
        """The loop that the continuation ends in, counted in its tokens."""
        return loop(self.ids)

    @property
    def loop_begins(self) -> int | None:
        """Offset in the text at which that loop begins."""
        found = self.loop
        return None if found is None else self._offset(self._first_token + found.start)

    @property
    def drift(self) -> tuple[float, ...]:
        """Mean probability of each quarter of the continuation; nan where there are fewer than four tokens."""
        if len(self.scores) < 4:
            return (nan,) * 4
        return tuple(float(quarter.mean()) for quarter in np.array_split(np.exp(self.scores.log_prob), 4))

    @property
    def _first_token(self) -> int:
        return self.first + self.analysis.scores.start

    def _offset(self, token: int) -> int:
        spans = self.analysis.tokenization.spans
        return int(spans[token, 0]) if token < len(spans) else len(self.text)


def compare(
    analyzer: Analyzer, prompt: str, *, n: int = 120, seed: int = 0, progress: Progress | None = None
) -> tuple[Decoded, ...]:
    """Go on from a prompt with each of ``DECODERS``, by up to `n` tokens.

    Each in a session of its own with the same seed: what is drawn at one depth is drawn with the same random number, so
    that decoders differ by what they do and less by luck. The prompt is read once where the analyzer has a cache.

    Parameters
    ----------
    progress : callable, optional
        Is given how many tokens are made, and of how many.

    Raises
    ------
    EmptyText
        If there is no prompt.
    InputError
        If `n` is less than 1, or prompt and continuation are longer than the model's window.
    """
    if not prompt.strip():
        raise EmptyText("There is no prompt.", hint="Give some words to go on from.")
    if n < 1:
        raise InputError(f"n: got {n}.", hint="Give a number from 1 on.")
    found = []
    for number, (name, sampler) in enumerate(DECODERS):

        def show(done: int, _: int, before: int = number * n) -> None:
            if progress is not None:
                progress(before + done, n * len(DECODERS))

        session = analyzer.guide(prompt, sampler=sampler, seed=seed)
        found.append(_decoded(session, name, sampler, n, show))
        show(n, n)
    return tuple(found)


def _decoded(session: Session, name: str, sampler: Sampler | None, n: int, progress: Progress) -> Decoded:
    if sampler is None:
        session.beam(BEAM_WIDTH, n, progress=progress)
        steps: tuple[str, ...] = (f"beam width {BEAM_WIDTH}",)
    else:
        session.run(n, progress=progress)
        steps = sampler.steps()
    first = len(session.tree.path(session.start))
    return Decoded(name, steps or ("the model as it is",), session.analysis(), first, session.ended)


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else nan
