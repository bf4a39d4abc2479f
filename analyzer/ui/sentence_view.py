"""The sentences that carry the verdict: what each adds, in which direction, and how it reads beside its neighbours."""

from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.words import escaped, plain
from analyzer.wording import CARRYING, CARRYING_MEANS, ONE_ALONE, STANDS_OUT, Row, carrying, cut_phrase, towards

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis

__all__ = ["Row", "carrying", "show_sentences"]

# Blue for a person, amber for a machine: at least 3:1 on a white and on a dark page, apart for every colour vision.
_PERSON, _MACHINE = "#3A82C4", "#B9731A"


def show_sentences(analysis: "Analysis") -> None:
    """List the sentences that carry the verdict; nothing where there is no verdict, or one sentence only."""
    if analysis.calibration is None or analysis.likelihood.verdict == "not judged":
        return
    sentences = analysis.sentences()
    rows = carrying(analysis, sentences)
    if len(rows) < 2:
        return
    st.markdown(f"**{CARRYING}**", help=CARRYING_MEANS)
    st.markdown(ONE_ALONE)
    if phrase := cut_phrase(analysis, sentences, foreign=plain):
        st.markdown(f"{phrase.before}**{phrase.key}**{phrase.after}")
    st.html('<div style="display:grid;gap:.7rem">' + "".join(map(_entry, rows)) + "</div>")
    if any(row.stands_out for row in rows):
        st.caption(STANDS_OUT)


def _entry(row: Row) -> str:
    colour = _MACHINE if row.share > 0 else _PERSON
    width = 50 * abs(row.length)
    left = 50 if row.share > 0 else 50 - width
    outstanding = '<div style="font-size:.8rem"><strong>stands out</strong></div>' if row.stands_out else ""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline">'
        '<div style="flex:0 0 11rem;font-size:.8rem">'
        f'<div aria-hidden="true" style="position:relative;height:.7rem;background:linear-gradient(currentColor,'
        f'currentColor) center/1px 100% no-repeat">'
        f'<div style="position:absolute;top:.1rem;height:.5rem;left:{left:.1f}%;width:{width:.1f}%;min-width:2px;'
        f'background:{colour}"></div></div>'
        f"{towards(row.share)}</div>"
        '<div style="flex:1 1 16rem;min-width:0;overflow-wrap:anywhere">'
        f"<bdi>{escaped(row.text)}</bdi>{outstanding}</div></div>"
    )
