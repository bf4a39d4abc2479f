"""The components of the page Compare: a text of items that can be pointed at, and tables that lead into it.

Python sends strings and numbers, a page at a time; a row of a table whose place is on another page asks for it with a
trigger ``go``. Text travels as data and becomes text nodes: nothing in it is ever markup.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analyzer.ui.component_files import joined

__all__ = ["Table", "TableRow", "marks", "show_view"]

_components = {
    kind: st.components.v2.component(
        f"text_provenance_compare_{kind}",
        html='<div class="compare"></div>',
        css=joined("coloured_text.css", "compare.css"),
        js=joined("drawing.js", "compare_dom.js", f"compare_{kind}.js"),
        isolate_styles=True,
    )
    for kind in ("choices", "drafts", "models")
}


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: `foreign` cells hold words of a text, the others numbers; it leads to the places `start` to `end`."""

    foreign: tuple[str, ...]
    numbers: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table beside a text; its rows may be on any page."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def data(self) -> dict[str, Any]:
        """As plain JSON values."""
        rows = [
            {
                "cells": [
                    *({"text": text, "foreign": True} for text in row.foreign),
                    *({"text": text, "foreign": False} for text in row.numbers),
                ],
                "from": row.start,
                "to": row.end,
            }
            for row in self.rows
        ]
        return {"title": self.title, "about": self.about, "columns": list(self.columns), "rows": rows}


def show_view(
    kind: str,
    run: int,
    pages: Sequence[tuple[int, int]],
    draw: Callable[[int], dict[str, Any]],
    tables: Sequence[Table],
) -> None:
    """Draw one page of a view, and a way to the others; to be called in a fragment.

    Parameters
    ----------
    kind : "choices", "drafts" or "models"
    run : int
        Tells one result from the next, which begins at its first page.
    pages : sequence of (int, int)
        From which place to which each page reaches, half-open; in order.
    draw : callable
        The data of a page, by its number from 0.
    tables : sequence of Table
    """
    key, page_key, goal_key = f"compare-{kind}", f"compare-page-{kind}-{run}", f"compare-goal-{kind}"

    def go() -> None:
        place = st.session_state[key].get("go")
        rows = [row for table in tables for row in table.rows if row.start == place]
        if not rows:
            return
        st.session_state[page_key] = 1 + next(n for n, (start, end) in enumerate(pages) if start <= place < end)
        serial = st.session_state.get(f"{goal_key}-serial", 0) + 1
        st.session_state[f"{goal_key}-serial"] = serial
        st.session_state[goal_key] = {"serial": serial, "from": rows[0].start, "to": rows[0].end}

    number = st.pagination(len(pages), key=page_key, persist_state="session") if len(pages) > 1 else 1
    if len(pages) > 1:
        st.caption(f"Page {number} of {len(pages)}.")
    start, end = pages[number - 1]
    data = draw(number - 1) | {
        "from": start,
        "to": end,
        "tables": [table.data() for table in tables],
        "goal": st.session_state.pop(goal_key, None),  # once: coming back to the page later does not lead there again
    }
    _components[kind](key=key, data=data, on_go_change=go)


def marks(pieces: Iterable[str]) -> dict[str, str]:
    """What is drawn in place of characters that cannot be seen; a tab shows by its width."""
    from analyzer.markup import visible

    characters = sorted(set().union(*pieces))
    return {c: visible(c) for c in characters if visible(c) != c and c != "\t"}
