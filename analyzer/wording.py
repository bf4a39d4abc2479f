"""What every rendering says of one ``Analysis``, in words: the page and the report say the same, as it stands once.

Nothing here is markup: who shows a sentence escapes it, and gives its key number the weight that it wants. Only words
and what to list are chosen here; nothing is computed about a text. Loads no torch, as the page's first paint must not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # these load torch
    from analyzer.analysis_result import Analysis, Sentence
    from analyzer.calibration import Likelihood
    from analyzer.text.hygiene import Finding

__all__ = [
    "ASKED",
    "CARRYING",
    "CARRYING_MEANS",
    "CHART_MEANS",
    "DETECTORS_MEAN",
    "EVIDENCE",
    "MARKS_MEAN",
    "MEANING",
    "NO_PROBABILITY",
    "ONE_ALONE",
    "RANKS_MEAN",
    "STANDS_OUT",
    "Phrase",
    "Row",
    "accused_in_words",
    "bar_label",
    "base_rate_phrase",
    "carrying",
    "chance",
    "cut_phrase",
    "hidden_phrases",
    "hidden_rows",
    "in_words",
    "interval",
    "kind_name",
    "length_phrase",
    "number",
    "p_value_phrase",
    "percent",
    "probability_phrase",
    "sentence_case",
    "told",
    "towards",
]

_PERCENT = "\u00a0%"  # no line ends before the sign
_LONGEST = 220  # characters of a sentence that are shown
_RARE = 0.05  # human p-value
_BEGINS = 60  # characters shown of what follows a place
_AROUND = 12  # characters shown on either side of a hidden one

ASKED = "Who wrote this?"
MEANING = MappingProxyType(
    {
        "likely AI": "Few people’s texts look like this one to the model.",
        "likely human": "Few machine texts look like this one to the model.",
        "unclear": "What the model sees fits people and machines: no verdict.",
        "not judged": "Nothing reliable can be said about this text.",
    }
)
EVIDENCE = (
    "This is evidence, not proof. It can be wrong about anybody, and is no ground for a punishment: ask the writer, "
    "look at drafts."
)
NO_PROBABILITY = "No probability is given."
RANKS_MEAN = "Place of each token in the model’s list of guesses, 1 being its first."
MARKS_MEAN = (
    "What cannot be seen has a mark: ⏎ for a line end, a code such as ‹200B› for a hidden character. A code also "
    "follows a letter that only looks Latin."
)
CARRYING = "The sentences that carry it"
CARRYING_MEANS = (
    "A bar to the right adds to a machine, to the left to a person: with all other sentences they add up to the "
    "log-odds of the text."
)
ONE_ALONE = "They count together. Nothing can be said of one sentence alone: people write sentences like any of these."
STANDS_OUT = (
    "“Stands out”: so much of machine is found nowhere in 39 of 40 texts that people wrote, counted kind by kind. In 1 "
    "of 40 it is, so it proves nothing."
)
DETECTORS_MEAN = (
    "Published formulas on the same scores. Larger is more machine-like, on a scale of each detector’s own: none of "
    "these is calibrated, so none is a probability, and what is large for one text may not be for another."
)
CHART_MEANS = MappingProxyType(
    {
        "surprise": "Points above the grey band: the text surprised the model more than it was ready for.",
        "ranks": "First bar: tokens among the model’s ten best guesses.",
        "fluctuation": "High: the text follows the model. Low: it goes its own way.",
        "frac-p": "Far right: the text took the model’s first guess. Far left: it took something far less likely.",
        "entropy": "Left: one guess stood out. Right: ten guesses were about equally likely.",
    }
)


class Phrase(NamedTuple):
    """A sentence around the number or word that matters in it."""

    before: str
    key: str
    after: str


# Numbers


def percent(share: float | None) -> str:
    r"""A measured share, its sign on the line of its number; a dash where there is none.

    Examples
    --------
    >>> [percent(share) for share in (0.5423, 0.0083, 0.0004, 0.0, 1.0, None, math.nan)]
    ['54\xa0%', '0.8\xa0%', '0.04\xa0%', '0\xa0%', '100\xa0%', '–', '–']
    """
    if share is None or not math.isfinite(share):
        return "–"
    value = 100 * share
    if value >= 10:
        return f"{value:.0f}{_PERCENT}"
    return f"{round(value, 1 if value >= 0.1 else 2):g}{_PERCENT}"


def chance(probability: float) -> str:
    r"""A likelihood, never surer than it can be.

    Examples
    --------
    >>> [chance(p) for p in (0.8712, 0.9999, 0.0001)]
    ['87\xa0%', 'over 99\xa0%', 'under 1\xa0%']
    """
    if not math.isfinite(probability):
        return "–"
    if probability > 0.99:
        return f"over 99{_PERCENT}"
    return f"under 1{_PERCENT}" if probability < 0.01 else f"{100 * probability:.0f}{_PERCENT}"


def interval(low: float, high: float) -> str:
    r"""The ends of an interval.

    Examples
    --------
    >>> interval(0.714, 0.949), interval(0.5, 0.9999)
    ('71 to 95\xa0%', '50 to over 99\xa0%')
    """
    return f"{chance(low).removesuffix(_PERCENT)} to {chance(high)}"


def in_words(share: float) -> str:
    """A share as a count of texts that one can picture.

    Examples
    --------
    >>> [in_words(share) for share in (1 / 234, 0.02, 1 / 3, 0.64)]
    ['1 in 230', '1 in 50', '33 in 100', '64 in 100']
    """
    if share > 0.1:
        return f"{100 * share:.0f} in 100"
    return f"1 in {float(f'{1 / share:.2g}'):,.0f}"


def number(value: float) -> str:
    """Three digits or so; a dash where it is undefined.

    Examples
    --------
    >>> [number(value) for value in (0.012345, 12.345, 1234.5, math.nan)]
    ['0.0123', '12.3', '1,234', '–']
    """
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# The verdict


def sentence_case(verdict: str) -> str:
    """``likely AI`` as the beginning of a sentence.

    Examples
    --------
    >>> sentence_case("likely AI")
    'Likely AI'
    """
    return verdict[0].upper() + verdict[1:]


def probability_phrase(likelihood: "Likelihood") -> Phrase:
    """How likely a machine wrote it, with the interval."""
    return Phrase(
        "Probability of a machine: ",
        chance(likelihood.probability),
        f" (90 % interval {interval(likelihood.low, likelihood.high)})",
    )


def base_rate_phrase(likelihood: "Likelihood") -> Phrase | None:
    """The same at the base rate that the reader expects; None where that is one half."""
    rate = likelihood.settings.base_rate
    if rate == 0.5:
        return None
    return Phrase(f"If machines wrote {percent(rate)} of texts like this: ", chance(likelihood.posterior), "")


def p_value_phrase(likelihood: "Likelihood", *, foreign: Callable[[str], str] = str) -> Phrase | None:
    """The human p-value in words; None where no such text of this length is known.

    `foreign` makes the name of a kind of writing, which is a card's, safe to show.
    """
    share, kind = likelihood.human_p_value, likelihood.settings.kind
    if not math.isfinite(share):
        return None
    compared = "human texts of this length" + (f" ({foreign(kind_name(kind))})" if kind else "")
    looks = "looks" if share <= 0.1 else "look"  # 1 in so many looks, so many in 100 look
    return Phrase("About ", in_words(share), f" {compared} {looks} at least this machine-like.")


def accused_in_words(false_positive_rate: float) -> str:
    """What a false-positive rate means.

    Examples
    --------
    >>> accused_in_words(0.005)
    'Of 1,000 innocent writers about 5 would be called likely AI at this setting, more among some kinds of writing.'
    """
    return (
        f"Of 1,000 innocent writers about {1000 * false_positive_rate:g} would be called likely AI at this setting, "
        "more among some kinds of writing."
    )


def bar_label(probability: float, low: float, high: float) -> str:
    """What a drawing of the probability and its interval shows, for who does not see it."""
    return f"Probability of a machine {chance(probability)}, 90 % interval {interval(low, high)}"


def kind_name(kind: str) -> str:
    """A kind of writing, or a population of writers, for a person.

    Examples
    --------
    >>> kind_name("toefl"), kind_name("my_letters")
    ('essays by learners of English (TOEFL)', 'my letters')
    """
    return _KINDS.get(kind, kind.replace("_", " "))


# The parts of the embedded card's corpus; other cards name their own.
_KINDS = {
    "collegeessay": "college admission essays",
    "cs224n": "students’ project abstracts (CS224N)",
    "hewlettstudentessay": "eighth-graders’ essays (Hewlett)",
    "pubmed": "answers to medical questions (PubMed)",
    "squad": "encyclopedia articles (SQuAD)",
    "toefl": "essays by learners of English (TOEFL)",
    "writing": "short stories (WritingPrompts)",
    "xsum": "news (XSum)",
}


def length_phrase(analysis: "Analysis") -> Phrase:
    """How long the text is, and how much of it is scored."""
    words = len(analysis.text.split())
    return Phrase(
        "",
        f"{words:,} {'word' if words == 1 else 'words'}",
        f" · {len(analysis.text):,} characters · {len(analysis.scores):,} of {len(analysis.tokenization):,} tokens "
        "scored",
    )


# Sentences


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence as it is listed.

    Attributes
    ----------
    text : str
        As in the analysed text, cut where it is long; not yet safe for HTML.
    share : float
        See ``Sentence``.
    stands_out : bool
    length : float
        Of its bar, -1 (person) to 1 (machine): the share beside the largest of the list.
    """

    text: str
    share: float
    stands_out: bool
    length: float


def carrying(analysis: "Analysis", sentences: "tuple[Sentence, ...]", *, count: int = 5) -> list[Row]:
    """The sentences that add most to the verdict or take most from it, and all that stand out, in the text's order."""
    from analyzer.markup import visible

    scored = [s for s in sentences if s.n_tokens and math.isfinite(s.share)]
    chosen = {s.start for s in sorted(scored, key=lambda s: -abs(s.share))[:count]}
    chosen |= {s.start for s in sorted(scored, key=lambda s: -s.share)[:20] if s.stands_out}
    rows = [s for s in scored if s.start in chosen]
    largest = max((abs(s.share) for s in rows), default=0.0) or 1.0
    found = []
    for s in rows:
        text = visible(" ".join(analysis.text[s.start : s.end].split()))
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        found.append(Row(text, s.share, s.stands_out, s.share / largest))
    return found


def towards(share: float) -> str:
    """Which way a sentence pushes the log-odds, and how far, nats.

    Examples
    --------
    >>> towards(0.312), towards(-1.5)
    ('towards a machine, +0.31', 'towards a person, −1.50')
    """
    return f"towards {'a machine' if share > 0 else 'a person'}, {share:+.2f}".replace("-", "−")


def cut_phrase(
    analysis: "Analysis", sentences: "tuple[Sentence, ...]", *, foreign: Callable[[str], str] = str
) -> Phrase | None:
    """Where a machine seems to have gone on from a person's beginning; None where nothing speaks for that.

    Something does where at most one in twenty human texts looks as machine-like as this one, a sentence behind the cut
    stands out, and a whole one stands before all places where the cut may be. Tokens are numbered from 1, as on the
    page. `foreign` makes words of the text safe to show.
    """
    from analyzer.markup import visible

    cut = analysis.cut()
    if cut is None or cut.token == len(analysis.scores) or not analysis.likelihood.human_p_value <= _RARE:
        return None
    spans, before = analysis.tokenization.spans, analysis.scores.start
    low, place = int(spans[before + cut.low, 0]), int(spans[before + cut.token, 0])
    whole_before = any(s.n_tokens and s.end <= low for s in sentences)
    if not whole_before or not any(s.stands_out and s.end > place for s in sentences):
        return None
    begins = visible(" ".join(analysis.text[place : place + 4 * _BEGINS].split()))
    begins = begins if len(begins) <= _BEGINS else f"{begins[: _BEGINS - 1]}…"
    last = min(cut.high + 1, len(analysis.scores))
    return Phrase(
        "If a machine went on from a person’s beginning, it most likely did so at ",
        f"“{foreign(begins)}”",
        f" (token {before + cut.token + 1:,}; nine times in ten between tokens {before + cut.low + 1:,} and "
        f"{before + last:,}).",
    )


# Hidden characters


def hidden_phrases(analysis: "Analysis", likelihood: "Likelihood") -> tuple[str, tuple[Phrase, ...]]:
    """What hidden characters were found, and what they do to `likelihood`, where that is known."""
    from analyzer.text.hygiene import summary

    found = f"{summary(analysis.findings)} The text was analysed as it stands."
    if analysis.cleaned is None:
        return found, ()
    after = analysis.cleaned.judge(likelihood.settings)
    return found, (
        Phrase("As given: ", told(likelihood), "."),
        Phrase("With what a plain text would have in their place: ", told(after), "."),
    )


def told(likelihood: "Likelihood") -> str:
    """A verdict with its probability, in a few words."""
    if likelihood.verdict == "not judged":
        return likelihood.verdict
    return f"{likelihood.verdict}, {chance(likelihood.probability)} machine"


def hidden_rows(text: str, found: "tuple[Finding, ...]") -> list[tuple[str, str, str]]:
    r"""What, where and what instead, of each finding: words for a person, not yet safe for HTML.

    Examples
    --------
    >>> from analyzer.text.hygiene import findings
    >>> hidden_rows("The pr\u200bice", findings("The pr\u200bice"))
    [('U+200B ZERO WIDTH SPACE', 'character 7: The pr▯ice', 'nothing')]
    """
    from analyzer.markup import visible

    rows = []
    for one in found:
        before, after = text[max(0, one.start - _AROUND) : one.start], text[one.end : one.end + _AROUND]
        shown = one.found if one.kind == "homoglyph" else "▯" * len(one.found)
        names = list(dict.fromkeys(one.names))
        what = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        if one.end - one.start > 1:
            what = f"{one.end - one.start} characters: {what}"
        instead = {"": "nothing", " ": "a space", "\n": "a line end"}.get(one.replacement, visible(one.replacement))
        rows.append((what, f"character {one.start + 1:,}: {visible(f'{before}{shown}{after}')}", instead))
    return rows
