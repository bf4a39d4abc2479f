"""A writer's text over the model's first choices, and where the two were most unlike and most alike."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from analyzer.ui.compare_input import compare_button, offer_sources, text_box
from analyzer.ui.compare_state import ANALYSED, TEXT, Kept, answer, ask, scored, show_warnings
from analyzer.ui.compare_view import Table, TableRow, marks, show_view
from analyzer.ui.compare_words import bits, offer_table, page_ends, said
from analyzer.ui.words import percent, plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import pandas as pd

    from analyzer.analysis import Analysis
    from analyzer.comparing.comparison import Choice, TokenRow

__all__ = ["PAGE_TOKENS", "Choices", "choices_data", "choices_tables", "compared", "show_choices"]

PAGE_TOKENS = 1000  # as on the page Analyse
_LISTED = 12
_WIDEST = 24  # characters of the model's choice in a cell; its line tells all of it
_FULL_BAR = 12.0  # bits that fill a bar: 1 in 4,096
_LEGEND = [
    ["ditto", "the model’s first choice, too"],
    ["bar", f"bits given up, full at {_FULL_BAR:.0f}: how much likelier the model’s own choice was"],
]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """A text and the model's choices beside it, by tokens and by words."""

    analysis: "Analysis"
    rows: "tuple[TokenRow, ...]"
    words: "tuple[Choice, ...]"


def compared(analysis: "Analysis") -> Choices:
    """All that the page shows of one text."""
    from analyzer.comparing.comparison import choices, rows

    return Choices(analysis, rows(analysis), choices(analysis))


def show_choices() -> None:
    """The question: what did I write that the model would not have, and what would it have written just so?"""
    st.markdown("Your words over those that the model would have written in their place, and what each choice gave up.")
    offer_sources(TEXT, samples=True, other=ANALYSED)
    text = text_box(TEXT, "Your text", height=160, placeholder="Paste a text here.")
    if compare_button():
        ask("choices", (text,), lambda: compared(scored(text)))
    if found := answer("choices", (text,)):
        _show(cast("Kept[Choices]", found))


def _show(kept: Kept[Choices]) -> None:
    from analyzer.comparing.comparison import totals

    found = kept.value
    of = totals(found.words)
    with st.container(horizontal=True):
        st.metric(
            "The model’s first choice", percent(of.share_followed), width=190,
            help=f"{of.n_followed:,} of {of.n_words:,} words, punctuation counted, are just what the model would have "
            "written first.",
        )  # fmt: skip
        st.metric(
            "Given up", f"{bits(of.bits_given_up)} bits", width=160,
            help="Over the first choice at each token, summed. Each bit makes the text half as likely to the model.",
        )  # fmt: skip
        st.metric("A word, on average", f"{bits(of.bits_given_up_per_word)} bits", width=160)
    st.caption(
        f"Model: {plain(found.analysis.model.name)}. Much or little says nothing yet of who wrote it: people take "
        "first choices too, and another model has others."
    )
    show_warnings(found.analysis.warnings)
    _show_text(kept)
    offer_table(
        "Download CSV", partial(_frame, found), "choices.csv",
        about="One line a token: the text, the model’s first choice, rank, bits.",
    )  # fmt: skip


@st.fragment
def _show_text(kept: Kept[Choices]) -> None:
    found = kept.value
    # A token that shares its characters with the one before has none of its own, and is not parted from it.
    pages = page_ends([1] * len(found.rows), PAGE_TOKENS)
    places = [(found.rows[a].start, found.rows[b - 1].end) for a, b in pages]
    show_view("choices", kept.run, places, lambda n: choices_data(found, *pages[n]), choices_tables(found))


def choices_data(found: Choices, first: int, last: int) -> dict[str, Any]:
    """What the component draws of the rows `first` to `last` - 1, as plain JSON values."""
    part = found.rows[first:last]
    return {
        "cells": [_cell(row) for row in part],
        "marks": marks(row.text for row in part),
        "legend": _LEGEND,
        "hint": "Point at a word, or move with the arrow keys, for its numbers. Rows of the tables lead into the text.",
    }


def _cell(row: "TokenRow") -> dict[str, Any]:
    from analyzer.markup import visible

    numbers = "no score"
    if row.rank is not None:
        numbers = (
            f"rank {row.rank:,} · {bits(row.bits)} bits, {bits(row.bits_expected)} expected · "
            f"{bits(row.bits_given_up)} given up"
        )
    return {
        "text": row.text,
        "said": said(row.text or row.token),
        "instead": None if row.instead is None else said(row.instead),
        "theirs": "" if row.instead is None else visible(row.instead)[:_WIDEST],
        "same": row.rank == 1,
        "scored": row.rank is not None,
        "numbers": numbers,
        "bar": min(1.0, row.bits_given_up / _FULL_BAR) if row.bits_given_up > 0 else 0,
        "from": row.start,
        "to": row.end,
    }


def choices_tables(found: Choices) -> list[Table]:
    """Where the writer was most unlike the model, and where the model would have written the same."""
    from analyzer.comparing.comparison import most_like, most_unlike

    unlike = tuple(
        TableRow(
            (said(c.text), "–" if c.instead is None else said(c.instead)), (bits(c.bits_given_up),), c.start, c.end
        )
        for c in most_unlike(found.words, _LISTED)
    )
    like = tuple(
        TableRow((said(run.text),), (f"{run.n_words:,}", bits(run.bits_expected)), run.start, run.end)
        for run in most_like(found.words, _LISTED)
    )
    return [
        Table(
            "Most unlike the model",
            "Where you gave up most over its first choice.",
            ("your word", "the model’s", "bits"),
            unlike,
        ),
        Table(
            "Just as the model",
            "Stretches it would have written the same; first where it was least sure, so that to agree means most.",
            ("your words", "words", "bits expected"),
            like,
        ),
    ]


def _frame(found: Choices) -> "pd.DataFrame":
    from dataclasses import asdict

    import pandas as pd

    return pd.DataFrame([asdict(row) for row in found.rows])
