"""The sentences that carry the verdict: what each adds, in which direction, and how it reads beside its neighbours."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.words import chance, escaped

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Sentence

__all__ = ["Row", "carrying", "show_sentences"]

_LONGEST = 220  # characters of a sentence that are shown
# Blue for a person, amber for a machine: at least 3:1 on a white and on a dark page, apart for every colour vision.
_PERSON, _MACHINE = "#3A82C4", "#B9731A"


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence as it is listed.

    Attributes
    ----------
    text : str
        As in the analysed text, cut where it is long; not yet safe for HTML.
    probability, share : float
        See ``Sentence``.
    stands_out : bool
    length : float
        Of its bar, -1 (person) to 1 (machine): the share beside the largest of the list.
    """

    text: str
    probability: float
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
        found.append(Row(text, s.probability, s.share, s.stands_out, s.share / largest))
    return found


def show_sentences(analysis: "Analysis") -> None:
    """List the sentences that carry the verdict; nothing where there is no verdict, or one sentence only."""
    if analysis.calibration is None or analysis.likelihood.verdict == "not judged":
        return
    sentences = analysis.sentences()
    rows = carrying(analysis, sentences)
    if len(rows) < 2:
        return
    st.markdown(
        "**The sentences that carry it**",
        help="A bar to the right adds to a machine, to the left to a person: with all other sentences they add up to "
        "the log-odds of the text. The probability sees a sentence together with its neighbours.",
    )
    st.html('<div style="display:grid;gap:.7rem">' + "".join(map(_entry, rows)) + "</div>")
    if any(row.stands_out for row in rows):
        st.caption(
            "“Stands out”: so much of machine is found nowhere in 99 of 100 texts that people wrote. "
            "In 1 of 100 it is, so it proves nothing."
        )


def _entry(row: Row) -> str:
    towards = "a machine" if row.share > 0 else "a person"
    colour = _MACHINE if row.share > 0 else _PERSON
    width = 50 * abs(row.length)
    left = 50 if row.share > 0 else 50 - width
    signed = f"{row.share:+.2f}".replace("-", "−")
    outstanding = " · <strong>stands out</strong>" if row.stands_out else ""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline">'
        '<div style="flex:0 0 11rem;font-size:.8rem">'
        f'<div aria-hidden="true" style="position:relative;height:.7rem;background:linear-gradient(currentColor,'
        f'currentColor) center/1px 100% no-repeat">'
        f'<div style="position:absolute;top:.1rem;height:.5rem;left:{left:.1f}%;width:{width:.1f}%;min-width:2px;'
        f'background:{colour}"></div></div>'
        f"towards {towards}, {signed}</div>"
        '<div style="flex:1 1 16rem;min-width:0;overflow-wrap:anywhere">'
        f'<bdi>{escaped(row.text)}</bdi><div style="font-size:.8rem;opacity:.85">probability of a machine '
        f"{chance(row.probability)}{outstanding}</div></div></div>"
    )
