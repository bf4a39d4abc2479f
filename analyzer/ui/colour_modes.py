"""The ways to colour a text: for each, what its steps mean, and the step of each token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from analyzer.analysis import Analysis

__all__ = ["Mode", "colour_modes"]

# Where the steps end. Surprise: 1 in 8, in 128, in 1,024, about as surprising as ranks of 10, 100 and 1,000 among
# equally likely tokens. First guess: half, a tenth, a hundredth of its probability. Beyond what was expected: not at
# all, 8 and 64 times as rare.
_SURPRISE_BITS = (3.0, 7.0, 10.0)
_FRAC_P = (0.5, 0.1, 0.01)
_EXCESS_BITS = (0.0, 3.0, 6.0)
# Evidence of single tokens is noisy and its size depends on the text: half of and twice its mean.
_PUSHES = (0.5, 2.0)
_PROBABILITIES = (0.1, 0.4, 0.6, 0.9)


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to colour.

    Attributes
    ----------
    name, label : str
        Key, and what a reader chooses it by.
    about : str
        What is shown, in a sentence.
    steps : tuple of str
        What each colour means, least surprising, or most like a person's, first.
    of : str
        A digit for each scored token: its step.
    scale : "sequential" or "diverging"
    """

    name: str
    label: str
    about: str
    steps: tuple[str, ...]
    of: str
    scale: str = "sequential"


def colour_modes(analysis: "Analysis", first: int, last: int) -> "Iterator[Mode]":
    """All ways to colour the scored tokens `first` to `last` - 1; those about the verdict where there is one."""
    import numpy as np

    from analyzer.markup import BUCKET_LABELS
    from analyzer.series import BITS_PER_NAT, frac_p, rank_buckets, surprise

    part = analysis.scores.part(first, last)
    yield Mode(
        "rank",
        "Rank",
        "Place of each token in the model’s list of guesses, 1 being its first.",
        BUCKET_LABELS,
        _digits(rank_buckets(part.rank)),
    )
    a, b, c = (f"{bound:g}" for bound in _SURPRISE_BITS)
    yield Mode(
        "surprise",
        "Surprise",
        f"Bits of surprise: {a} is as rare as 1 in 8, {b} as 1 in 128, {c} as 1 in 1,024.",
        (f"up to {a} bits", f"up to {b}", f"up to {c}", f"over {c}"),
        _digits(np.searchsorted(_SURPRISE_BITS, surprise(part) * BITS_PER_NAT, side="left")),
    )
    yield Mode(
        "excess",
        "Surprise minus expected",
        "What the model was sure of and the writer did otherwise: 3 bits beyond what it expected is 8 times as rare, "
        "6 bits 64 times.",
        ("no more than expected", "up to 3 bits more", "up to 6 more", "over 6 more"),
        _digits(np.searchsorted(_EXCESS_BITS, (surprise(part) - part.entropy) * BITS_PER_NAT, side="left")),
    )
    # Turned round, as a smaller share is more surprising; a probability equal to a bound belongs to the better step.
    yield Mode(
        "share",
        "Against the first guess",
        "Probability of each token, compared with that of the model’s first guess in its place.",
        ("at least half", "at least 1/10", "at least 1/100", "less"),
        _digits(np.searchsorted([-bound for bound in _FRAC_P], -frac_p(part), side="left")),
    )
    if analysis.calibration is not None and analysis.likelihood.verdict != "not judged":
        yield from _verdict_modes(analysis, first, last)


def _verdict_modes(analysis: "Analysis", first: int, last: int) -> "Iterator[Mode]":
    import numpy as np

    from analyzer.sentences import token_sentences

    shares = analysis.token_shares()
    mean = float(np.abs(shares).mean()) or 1.0
    low, high = (bound * mean for bound in _PUSHES)
    yield Mode(
        "verdict",
        "Share of the verdict",
        "What each token adds for a machine or for a person; together they make the verdict. Strongly: over twice the "
        "mean of the text; hardly: under half of it.",
        ("strongly towards a person", "towards a person", "hardly", "towards a machine", "strongly towards a machine"),
        _digits(np.searchsorted([-high, -low, low, high], shares[first:last])),
        "diverging",
    )
    sentences = analysis.sentences()
    probability = np.array([s.probability for s in sentences])
    of_token = token_sentences(analysis.tokenization.spans, np.array([(s.start, s.end) for s in sentences]))
    yield Mode(
        "sentence",
        "Sentences",
        "Probability that a machine wrote the sentence, seen together with its neighbours. A line above the words: "
        "like a person’s; below them: like a machine’s.",
        ("up to 10 % machine", "up to 40 %", "undecided", "over 60 %", "over 90 % machine"),
        _digits(np.searchsorted(_PROBABILITIES, probability[of_token[analysis.scores.start :][first:last]])),
        "diverging",
    )


def _digits(steps: "NDArray[np.int64]") -> str:
    return "".join(map(str, steps.tolist()))
