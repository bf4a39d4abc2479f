"""The ways to colour a text: for each, what its steps mean, and the step of each token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from analyzer.analysis import Analysis
    from analyzer.scoring import TokenScores

__all__ = ["Mode", "colour_modes"]

# Where the steps end. Surprise: 1 in 8, in 128, in 1,024, about as surprising as ranks of 10, 100 and 1,000 among
# equally likely tokens; probability likewise. First guess: half, a tenth, a hundredth of its probability. Expected: as
# unsure as between 2, 8 and 32 equally likely tokens. Beyond what was expected: twice and 8 times as rare, or as
# likely.
_SURPRISE_BITS = (3.0, 7.0, 10.0)
_PROBABILITY = (0.1, 0.01, 0.001)
_FRAC_P = (0.5, 0.1, 0.01)
_EXPECTED_BITS = (1.0, 3.0, 5.0)
_EXCESS_BITS = (-3.0, -1.0, 1.0, 3.0)
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
        What each colour means, in order.
    of : str
        A digit for each scored token: its step.
    ends : str
        From what to what the steps go, for who does not see them.
    scale : "sequential" or "diverging"
    """

    name: str
    label: str
    about: str
    steps: tuple[str, ...]
    of: str
    ends: str = "from expected to surprising"
    scale: str = "sequential"


def colour_modes(analysis: "Analysis", first: int, last: int) -> "Iterator[Mode]":
    """All ways to colour the scored tokens `first` to `last` - 1; those about the verdict where there is one.

    The steps of "rank" are GLTR's; the view lets its reader move them.
    """
    from analyzer.markup import BUCKET_LABELS
    from analyzer.series import rank_buckets
    from analyzer.wording import RANKS_MEAN

    part = analysis.scores.part(first, last)
    yield Mode("rank", "Rank", RANKS_MEAN, BUCKET_LABELS, _digits(rank_buckets(part.rank)))
    yield from _surprise_modes(part)
    yield from _probability_modes(part)
    if analysis.calibration is not None and analysis.likelihood.verdict != "not judged":
        yield from _verdict_modes(analysis, first, last)


def _surprise_modes(part: "TokenScores") -> "Iterator[Mode]":
    import numpy as np

    from analyzer.series import BITS_PER_NAT, surprise

    bits, expected = surprise(part) * BITS_PER_NAT, part.entropy * BITS_PER_NAT
    a, b, c = (f"{bound:g}" for bound in _SURPRISE_BITS)
    yield Mode(
        "surprise",
        "Surprise",
        f"Bits of surprise: {a} is as rare as 1 in 8, {b} as 1 in 128, {c} as 1 in 1,024.",
        (f"up to {a} bits", f"up to {b}", f"up to {c}", f"over {c}"),
        _digits(np.searchsorted(_SURPRISE_BITS, bits, side="left")),
    )
    a, b, c = (f"{bound:g}" for bound in _EXPECTED_BITS)
    yield Mode(
        "expected",
        "Expected surprise",
        f"How unsure the model was before it saw the token, its entropy: {a} bit is as unsure as between 2 tokens, {b} "
        f"as between 8, {c} as between 32.",
        (f"up to {a} bit", f"up to {b}", f"up to {c}", f"over {c}"),
        _digits(np.searchsorted(_EXPECTED_BITS, expected, side="left")),
        ends="from sure to unsure",
    )
    yield Mode(
        "excess",
        "Surprise minus expected",
        "Whether the token was more of a surprise than the model was ready for, or less: 3 bits more is 8 times as "
        "rare.",
        ("over 3 bits less", "1 to 3 bits less", "as expected, within 1 bit", "1 to 3 bits more", "over 3 bits more"),
        _digits(np.searchsorted(_EXCESS_BITS, bits - expected, side="left")),
        ends="from less to more surprising than expected",
        scale="diverging",
    )


def _probability_modes(part: "TokenScores") -> "Iterator[Mode]":
    import numpy as np

    from analyzer.series import frac_p

    # Turned round, as a smaller share is more surprising; a probability equal to a bound belongs to the better step.
    yield Mode(
        "probability",
        "Probability",
        "How likely the model held each token to be, before it saw it.",
        ("at least 10 %", "at least 1 %", "at least 0.1 %", "less"),
        _digits(np.searchsorted([-bound for bound in _PROBABILITY], -np.exp(part.log_prob))),
        ends="from likely to unlikely",
    )
    yield Mode(
        "share",
        "Against the first guess",
        "Probability of each token over that of the model’s first guess in its place: frac(p).",
        ("at least half", "at least 1/10", "at least 1/100", "less"),
        _digits(np.searchsorted([-bound for bound in _FRAC_P], -frac_p(part), side="left")),
    )


def _verdict_modes(analysis: "Analysis", first: int, last: int) -> "Iterator[Mode]":
    import numpy as np

    from analyzer.text.sentences import token_sentences

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
        ends="from person to machine",
        scale="diverging",
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
        ends="from person to machine",
        scale="diverging",
    )


def _digits(steps: "NDArray[np.int64]") -> str:
    return "".join(map(str, steps.tolist()))
