"""Numbers and foreign words as a reader should see them; nothing here computes anything about a text."""

import html
import math
import re

__all__ = ["chance", "escaped", "in_words", "kind_name", "percent", "plain"]

_PERCENT = "\u00a0%"  # no line ends before the sign
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


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


def plain(text: str) -> str:
    r"""Text that is shown as it stands where Streamlit reads markdown.

    Examples
    --------
    >>> print(plain("a_b *c*"))
    a\_b \*c\*
    """
    return _MARKDOWN.sub(r"\\\1", text)


def escaped(text: str) -> str:
    """Text that is shown as it stands where HTML is read; line ends become spaces."""
    return html.escape(" ".join(text.split()), quote=True)
