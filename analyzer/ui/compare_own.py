"""A text among its writer's own earlier ones: a strip of dots for each statistic, and one honest sentence."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, cast

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.compare_input import (
    EarlierText,
    compare_button,
    earlier_texts,
    offer_earlier_files,
    offer_sources,
    text_box,
)
from analyzer.ui.compare_state import ANALYSED, TEXT, Kept, answer, ask, scored, show_warnings
from analyzer.ui.compare_words import in_bits, offer_table
from analyzer.ui.session import session_analyzer
from analyzer.ui.verdict import sentence_case
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import pandas as pd

    from analyzer.comparing.baseline import Place, Placement

__all__ = ["Among", "placed", "show_own", "strip"]

_PASTED = "compare-own"
_THIS = "#B0731A"  # amber beside the text's own colour: at least 3:1 on a white and on a dark page
_NAMES = {
    "rank_share_1_10": "share in the top 10",
    "rank_share_over_1000": "share beyond rank 1,000",
}


@dataclass(frozen=True, slots=True, eq=False)
class Among:
    """A text's place, the names of the earlier texts in the order of their numbers, and those without a place."""

    placement: "Placement"
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def show_own() -> None:
    """The question: is this text like those that I wrote before?"""
    st.markdown(
        "A text among your own earlier ones of the same kind. Five are needed, twenty tell something. Letters are a "
        "poor measure for essays."
    )
    columns = st.columns(2, gap="medium", vertical_alignment="bottom")
    with columns[0]:
        offer_sources(TEXT, samples=True, other=ANALYSED)
        text = text_box(TEXT, "Your text", height=220, placeholder="Paste a text here.")
    with columns[1]:
        offer_earlier_files()
        pasted = text_box(_PASTED, "Earlier texts, a line of --- between two", height=220)
    inputs = (text, earlier_texts(pasted))
    if compare_button():
        ask("own", inputs, lambda: placed(*inputs))
    if found := answer("own", inputs):
        _show(cast("Kept[Among]", found))


def placed(text: str, earlier: Sequence[EarlierText]) -> Among:
    """Score all, and place the text among those that can be scored."""
    from analyzer.comparing.baseline import baseline

    this = scored(text)
    own, names, left_out = [], [], []
    bar, read = st.empty(), 0

    def tell(tokens: int) -> None:
        nonlocal read
        read += tokens
        bar.caption(f"{read:,} tokens of {len(earlier):,} earlier texts")

    each = session_analyzer().analyze_many([one.text for one in earlier], errors="return", progress=tell)
    for one, found in zip(earlier, each, strict=True):
        if isinstance(found, AnalyzerError):
            left_out.append(f"{one.name}: {found}")
        else:
            own.append(found)
            names.append(one.name)
    bar.empty()
    return Among(baseline(own, names=names).placement(this), tuple(names), tuple(left_out))


def _show(kept: Kept[Among]) -> None:
    found = kept.value.placement
    with st.container(border=True, key="compare-sentence"):
        st.markdown(f"**{plain(found.sentence)}**")
        st.caption(
            f"The first {found.n_tokens:,} tokens of this text beside those of {found.n_texts:,} earlier ones. Whoever "
            "wrote it, a text may be like these or unlike them."
        )
    show_warnings(found.warnings)
    for note in kept.value.left_out:
        st.caption(plain(f"Left out: {note}"))
    st.html(
        '<div style="display:grid;gap:.35rem">' + _legend() + "".join(strip(place) for place in found.places) + "</div>"
    )
    with st.expander("The earlier texts by their numbers"):
        st.markdown("\n".join(f"{n}. {plain(name)}" for n, name in enumerate(kept.value.names, 1)))
    offer_table(
        "Download CSV", partial(_frame, found), "own-texts.csv",
        about="One line a statistic: this text, the earlier ones, the p-values.",
    )  # fmt: skip


def _legend() -> str:
    return (
        '<div style="font-size:.85rem;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem"><span><span aria-hidden="true">●'
        f'</span> one of your earlier texts</span><span><span aria-hidden="true" style="color:{_THIS};font-weight:900">'
        "┃</span> this text</span><span>p: share of texts like yours that lie as far out, corrected for "
        "looking at all</span></div>"
    )


def strip(place: "Place") -> str:
    """One statistic as HTML in the page's own text colour: dots are earlier texts, the line is this one."""
    name = _NAMES.get(place.name, place.name.replace("_", " "))
    value, unit = in_bits(place.value, place.unit)
    low, median, high = (in_bits(one, place.unit)[0] for one in (place.low, place.median, place.high))
    p = f"{place.p_corrected:.2g}" if isfinite(place.p_corrected) else "–"
    told = f"{value} {unit}".strip()
    among = f"yours {low} to {high}"
    label = f"{name}: this text {told}; earlier texts {low} to {high}, the middle one {median}; corrected p {p}"
    known = [*place.own, *([place.value] if isfinite(place.value) else [])]
    least, width = (min(known), max(known) - min(known)) if known else (0.0, 0.0)

    def at(one: float) -> str:
        return f"{4 + 92 * ((one - least) / width if width else 0.5):.2f}%"

    dots = "".join(
        f'<i style="position:absolute;left:{at(one)};top:.5rem;width:.6rem;height:.6rem;margin-left:-.3rem;'
        'border-radius:50%;background:currentColor;opacity:.45"></i>'
        for one in place.own
    )
    line = (
        f'<i style="position:absolute;left:{at(place.value)};top:.1rem;bottom:.1rem;width:.25rem;margin-left:-.125rem;'
        f'border-radius:.1rem;background:{_THIS}"></i>'
        if isfinite(place.value)
        else ""
    )
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:0 1rem;align-items:center;font-size:.875rem">'
        f'<div style="flex:0 0 11.5rem" title="{html.escape(place.description, quote=True)}">'
        f"{html.escape(sentence_case(name))}</div>"
        f'<div role="img" aria-label="{html.escape(label, quote=True)}" style="flex:1 1 14rem;position:relative;'
        "height:1.6rem;background:linear-gradient(currentColor,currentColor) center/100% 1px no-repeat;"
        f'background-blend-mode:normal">{dots}{line}</div>'
        f'<div style="flex:0 0 18rem;font-variant-numeric:tabular-nums"><strong>{told}</strong> · {among} · p = {p}'
        "</div></div>"
    )


def _frame(found: "Placement") -> "pd.DataFrame":
    from dataclasses import asdict

    import pandas as pd

    rows = [asdict(place) for place in found.places]
    return pd.DataFrame([row | {"own": " ".join(map(str, row["own"]))} for row in rows])
