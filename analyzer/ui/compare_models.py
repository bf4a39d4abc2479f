"""One text as two models read it, word by word."""

from bisect import bisect
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from analyzer.ui.compare_input import compare_button, offer_sources, text_box
from analyzer.ui.compare_state import ANALYSED, TEXT, Kept, answer, ask, scored
from analyzer.ui.compare_view import Table, TableRow, marks, show_view
from analyzer.ui.compare_words import bits, offer_table, page_ends, said, signed
from analyzer.ui.model_choice import NAMES_A_MODEL, short_name
from analyzer.ui.session import get_model
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import pandas as pd

    from analyzer.comparing.agreement import Agreement, Reading
    from analyzer.models import ModelInfo

__all__ = ["Readers", "models_data", "models_table", "read_by_both", "show_models"]

_MODEL = "compare-model"
_PAGE = 1000  # words
_LISTED = 15
_STEPS = (-6.0, -2.0, 2.0, 6.0)  # bits: 64 and 4 times as likely


@dataclass(frozen=True, slots=True, eq=False)
class Readers:
    """What two models make of one text."""

    first: "ModelInfo"
    second: "ModelInfo"
    found: "Agreement"

    @property
    def names(self) -> tuple[str, str]:
        """Short ones, that differ."""
        first, second = short_name(self.first.name), short_name(self.second.name)
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")


def show_models() -> None:
    """The question: would another model be surprised by the same?"""
    st.markdown("The same text read by two models: where they differ, and how far they agree.")
    offer_sources(TEXT, samples=True, other=ANALYSED)
    text = text_box(TEXT, "Your text", height=160, placeholder="Paste a text here.")
    name = st.text_input(
        "Second model", key=_MODEL, placeholder="Such as gpt2", persist_state="session", help=NAMES_A_MODEL
    )
    if compare_button():
        ask("models", (text, name.strip()), lambda: read_by_both(text, name.strip()))
    if found := answer("models", (text, name.strip())):
        _show(cast("Kept[Readers]", found))


def read_by_both(text: str, name: str) -> Readers:
    """Score a text with the page's model and with another; that one keeps nothing of it."""
    from analyzer.analysis import Analyzer
    from analyzer.comparing.agreement import agreement
    from analyzer.errors import ModelUnavailable

    if not name:
        raise ModelUnavailable("The second model has no name.", hint="Give a hub id, a folder or a GGUF file.")
    first = scored(text)
    with st.spinner("Reading the second model …", show_time=True):
        other = Analyzer(get_model(name))
    second = scored(text, by=other)
    return Readers(first.model, second.model, agreement(first, second))


def _show(kept: Kept[Readers]) -> None:
    readers = kept.value
    found, (one, other) = readers.found, readers.names
    with st.container(horizontal=True):
        st.metric(
            "Correlation", "–" if isnan(found.correlation) else f"{found.correlation:.2f}".replace("-", "−"), width=150,
            help="Of the two models’ bits, word by word: 1 where they are surprised by the same words, 0 where the one "
            "says nothing of the other.",
        )  # fmt: skip
        for name, value in ((one, found.bits_per_character_a), (other, found.bits_per_character_b)):
            st.metric(
                plain(name), "–" if isnan(value) else f"{value:.2f} bits a character", width=260,
                help="Surprise over the characters of the words that both scored whole: so tokenizers do not matter.",
            )  # fmt: skip
    if (readers.first.name, readers.first.revision) == (readers.second.name, readers.second.revision):
        st.info("Both are the same model: of course they agree.")
    for note in (*readers.second.notes, *found.warnings):
        st.caption(plain(note))
    _show_text(kept)
    offer_table(
        "Download CSV", partial(_frame, readers), "two-models.csv", about="One line a word: its bits under each model."
    )


@st.fragment
def _show_text(kept: Kept[Readers]) -> None:
    readings = kept.value.found.readings
    pages = page_ends([1] * len(readings), _PAGE)
    places = [(readings[a].start, readings[b - 1].end) for a, b in pages]
    show_view("models", kept.run, places, lambda n: models_data(kept.value, *pages[n]), [models_table(kept.value)])


def models_data(readers: Readers, first: int, last: int) -> dict[str, Any]:
    """What the component draws of the words `first` to `last` - 1, as plain JSON values."""
    from analyzer.markup import DIVERGING, DIVERGING_LINES

    part = readers.found.readings[first:last]
    one, other = readers.names
    a, b = (f"{bound:g}" for bound in _STEPS[2:])
    labels = (f"over {b} bits less likely to {one}", f"over {a}", "much the same", f"over {a}",
              f"over {b} bits less likely to {other}")  # fmt: skip
    return {
        "words": [_word(reading, one, other) for reading in part],
        "marks": marks(reading.text for reading in part),
        "palettes": {name: [list(p.background), list(p.text)] for name, p in DIVERGING.items()},
        "lines": list(DIVERGING_LINES),
        "legend": [[f"step-{step}", label] for step, label in enumerate(labels)],
        "hint": "Point at a word, or move with the arrow keys, for its bits under each model.",
    }


def _word(reading: "Reading", one: str, other: str) -> dict[str, Any]:
    known = reading.complete and not isnan(reading.difference)
    numbers = f"{one} {bits(reading.bits_a)} bits · {other} {bits(reading.bits_b)} bits"
    return {
        "text": reading.text,
        "said": said(reading.text),
        "step": bisect(_STEPS, reading.difference) if known else None,
        "numbers": f"{numbers} · {signed(reading.difference)}" if known else f"{numbers} · not scored whole by both",
        "from": reading.start,
        "to": reading.end,
    }


def models_table(readers: Readers) -> Table:
    """The words on which the two models differ most, most first."""
    known = [r for r in readers.found.readings if r.complete and not isnan(r.difference) and r.difference]
    known.sort(key=lambda r: (-abs(r.difference), r.start))
    one, other = readers.names
    rows = tuple(
        TableRow((said(r.text),), (bits(r.bits_a), bits(r.bits_b), signed(r.difference)), r.start, r.end)
        for r in known[:_LISTED]
    )
    return Table(
        "Read most differently",
        "Bits of surprise under each; above 0 where the second was the more surprised.",
        ("word", one, other, "difference"),
        rows,
    )


def _frame(readers: Readers) -> "pd.DataFrame":
    from dataclasses import asdict

    import pandas as pd

    return pd.DataFrame([asdict(reading) for reading in readers.found.readings])
