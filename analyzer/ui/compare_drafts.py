"""Two drafts side by side: what changed, what each change did, and what may be said of both."""

from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import TYPE_CHECKING, cast

import pandas as pd
import streamlit as st

from analyzer.ui.compare_input import compare_button, offer_sources, text_box
from analyzer.ui.compare_rows import change_data, changes_table, draft_rows, rows_data
from analyzer.ui.compare_state import Kept, answer, ask, scored, show_warnings
from analyzer.ui.compare_view import show_view
from analyzer.ui.compare_words import bits, in_bits, offer_table, page_ends, signed
from analyzer.ui.verdict import interval_bar, sentence_case
from analyzer.ui.words import plain
from analyzer.wording import probability_phrase

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis
    from analyzer.calibration import Likelihood
    from analyzer.comparing.drafts import Drafts

__all__ = ["Pair", "paired", "show_drafts", "statistics_frame"]

_BEFORE, _AFTER = "compare-before", "compare-after"
_PAGE = 6000  # characters of a draft, about a thousand words
_SHOWN = ("surprise_mean", "rank_share_1_10", "curvature")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two analysed drafts and what the engine says of them."""

    before: "Analysis"
    after: "Analysis"
    found: "Drafts"

    @property
    def judged(self) -> bool:
        """Whether both have a likelihood, of which a change may have a share."""
        found = self.found
        return not isnan(found.likelihood_before.probability) and not isnan(found.likelihood_after.probability)


def paired(before: "Analysis", after: "Analysis") -> Pair:
    """Compare two drafts."""
    from analyzer.comparing.drafts import drafts

    return Pair(before, after, drafts(before, after))


def show_drafts() -> None:
    """The question: what did my changes do?"""
    st.markdown("What changed between two drafts, and what each change did to the numbers.")
    columns = st.columns(2, gap="medium", vertical_alignment="bottom")
    with columns[0]:
        offer_sources(_BEFORE, label="Open the earlier draft")
        before = text_box(_BEFORE, "Earlier draft", height=200)
    with columns[1]:
        offer_sources(_AFTER, label="Open the later draft")
        after = text_box(_AFTER, "Later draft", height=200)
    if compare_button():
        ask(
            "drafts",
            (before, after),
            lambda: paired(scored(before, what="The earlier draft"), scored(after, what="The later draft")),
        )
    if found := answer("drafts", (before, after)):
        _show(cast("Kept[Pair]", found))


def _show(kept: Kept[Pair]) -> None:
    pair = kept.value
    with st.container(border=True, key="compare-sentence"):
        st.markdown(f"**{plain(pair.found.sentence)}**")
        columns = st.columns(2, gap="medium")
        for column, title, likelihood in (
            (columns[0], "Earlier draft", pair.found.likelihood_before),
            (columns[1], "Later draft", pair.found.likelihood_after),
        ):
            with column:
                _show_likelihood(title, likelihood)
    show_warnings([*pair.found.warnings, *pair.before.warnings, *pair.after.warnings])
    _show_moved(pair.found)
    _show_text(kept)
    with st.expander("Every statistic, before and after"):
        st.table(statistics_frame(pair.found), hide_index=True)
    with st.container(horizontal=True):
        offer_table(
            "Changes as CSV", partial(_changes_frame, pair.found), "changes.csv",
            about="One line for each change and each stretch that stayed.",
        )  # fmt: skip
        offer_table(
            "Statistics as CSV", partial(statistics_frame, pair.found), "statistics.csv",
            about="Every statistic before, after, and the difference.",
        )  # fmt: skip


def _show_likelihood(title: str, likelihood: "Likelihood") -> None:
    st.caption(title)
    st.markdown(f"**{sentence_case(likelihood.verdict)}**")
    if isnan(likelihood.probability):
        return
    phrase = probability_phrase(likelihood)
    st.markdown(f"{phrase.before}**{phrase.key}**{phrase.after}")
    st.html(interval_bar(likelihood.probability, likelihood.low, likelihood.high))


def _show_moved(found: "Drafts") -> None:
    """The level of the text before and after, and what the changes did to the words that stayed."""
    by_name = {moved.name: moved for moved in found.statistics}
    with st.container(horizontal=True):
        for name in _SHOWN:
            moved = by_name[name]
            before, _ = in_bits(moved.before, moved.unit)
            after, unit = in_bits(moved.after, moved.unit)
            st.metric(_name(name), f"{before} → {after} {unit}".strip(), width=220, help=moved.description)
        st.metric(
            "Surprise in all", f"{bits(found.bits_before)} → {bits(found.bits_after)} bits", width=230,
            help="Summed over the tokens; a longer text has more.",
        )  # fmt: skip
        st.metric(
            "Of it, in words that stayed", f"{signed(found.moved_behind)} bits", width=220,
            help="Words that nobody touched surprise more (+) or less (−) by what changed before them.",
        )  # fmt: skip


def _name(name: str) -> str:
    return {"rank_share_1_10": "Share in the top 10"}.get(name, sentence_case(name.replace("_", " ")))


@st.fragment
def _show_text(kept: Kept[Pair]) -> None:
    pair = kept.value
    rows = draft_rows(pair.before.text, pair.after.text, pair.found.stretches)
    pages = page_ends([max(row.n_before, row.n_after) for row in rows], _PAGE)
    ends = [rows[last - 1].parts[-1].stretch + 1 if last else 0 for _, last in pages]
    places = list(zip([0, *ends[:-1]], ends, strict=True))
    changes = change_data(pair.found.stretches, judged=pair.judged)
    show_view(
        "drafts",
        kept.run,
        places,
        lambda n: rows_data(rows[slice(*pages[n])], changes),
        [changes_table(pair.found.stretches, judged=pair.judged)],
    )


def statistics_frame(found: "Drafts") -> pd.DataFrame:
    """Every statistic as text, in bits where it is kept in nats."""
    rows = []
    for moved in found.statistics:
        (before, unit), (after, _), (difference, _) = (
            in_bits(value, moved.unit) for value in (moved.before, moved.after, moved.difference)
        )
        sign = "+" if moved.difference > 0 else ""
        rows.append((moved.name.replace("_", " "), before, after, f"{sign}{difference}", unit, moved.description))
    return pd.DataFrame(rows, columns=["statistic", "before", "after", "difference", "unit", "meaning"])


def _changes_frame(found: "Drafts") -> pd.DataFrame:
    from dataclasses import asdict

    return pd.DataFrame([asdict(stretch) for stretch in found.stretches])
