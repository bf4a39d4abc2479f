"""The results of the page Batch while they come and when they are there: one fragment, which runs itself again."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.analyse import take_text
from analyzer.ui.batch_state import ANALYSE_PAGE, OPEN, Job, go_on, look, now, run_again, stop
from analyzer.ui.batch_table import (
    beginning_of,
    columns,
    likelihood_in_words,
    name_of,
    reasons,
    shown,
    table,
    verdict_name,
)
from analyzer.ui.batch_words import NOT_FOR_PICKING, by_chance_in_words, duration
from analyzer.ui.model_choice import short_name
from analyzer.ui.session import chosen_model
from analyzer.ui.verdict import ask_rate
from analyzer.ui.words import plain
from analyzer.wording import sentence_case

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.batch.kept import Kept
    from analyzer.calibration import Likelihood, Settings

    Found = list[tuple[Kept, Likelihood | None]]

__all__ = ["show_results"]

_VERDICTS, _WORDS = "batch-verdicts", "batch-words"
_LOOK = 1.5  # seconds between two looks at what has come; a click waits so long at most
_HEADER, _LINE, _MOST_LINES = 38, 35, 14  # pixels, pixels, rows of the table before it scrolls
_MOST_LISTED = 200  # rows that failed; more are in the table
_FORMATS = {"csv": "text/csv", "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}
_HELP = {
    "csv": "For spreadsheets. Text that one would take for a formula (=, +, -, @) has an apostrophe before it.",
    "jsonl": "One JSON object a line, every number as it is: what analyzer batch writes.",
    "parquet": "Typed columns, for pandas and the like: what analyzer batch writes.",
}


def show_results(here: Job) -> None:
    """All that came of the rows so far; called in a fragment, which runs again by itself while more is to come."""
    more = here.active  # by what is drawn: the last rows may come meanwhile
    with st.container():  # as all below that is now more, now less: what is open under it stays open
        _show_progress(here)
    if here.work.done:
        left, right = st.columns([4, 7], gap="medium", vertical_alignment="center")
        with left:
            settings = _settings(here)
        found = now(here, settings)
        with right:
            _show_caution(found)
        with st.container():
            _show_table(here, found)
        with st.container():
            _offer_opening(found)
        _show_downloads(here, found, settings)
        _show_charts(found)
        _show_failed(found)
    if more:
        look(_LOOK)
        run_again()


def _show_progress(here: Job) -> None:
    work = here.work
    done, total = len(work.done), len(work.rows)
    with st.container(horizontal=True, vertical_alignment="center", key="batch-progress"):
        if here.active:
            left = work.seconds_left
            st.progress(
                done / total,
                f"{done:,} of {total:,} rows · {work.tokens:,} tokens"
                + (f" · about {duration(left)} left" if left is not None else ""),
                width="stretch",
            )
            st.button("Stop", key="batch-stop", on_click=stop, type="primary")
        elif not work.finished:
            st.markdown(f"**Stopped** after {done:,} of {total:,} rows. What is done stays.", width="stretch")
            st.button("Go on", key="batch-go-on", on_click=go_on, type="primary")
        else:
            st.markdown(
                f"**{done:,} {'row' if done == 1 else 'rows'}** · {work.tokens:,} tokens in {duration(work.seconds)}",
                width="stretch",
            )
    if here.problem:
        st.error(plain(here.problem))
    name = work.analyzer.model.info.name
    if short_name(chosen_model().name) != short_name(name) and chosen_model().name not in name:
        st.caption(f"Read by {plain(short_name(name))}. Press Analyse to have it read by the model chosen now.")


def _settings(here: Job) -> "Settings":
    from analyzer.calibration import Settings

    if here.work.analyzer.calibration is None:
        return Settings()
    return Settings(ask_rate())


def _show_caution(found: "Found") -> None:
    """What a table of verdicts is not for, and what chance alone does to it."""
    from analyzer.batch.overview import by_chance

    judged = [likelihood for _, likelihood in found if likelihood is not None and likelihood.verdict != "not judged"]
    said = NOT_FOR_PICKING
    if judged:
        rate = judged[0].settings.false_positive_rate
        said = f"{by_chance_in_words(len(judged), by_chance(len(judged), rate))} {said}"
    st.info(said)


def _show_table(here: Job, found: "Found") -> None:
    from analyzer.batch.overview import verdict_counts

    counts = verdict_counts(likelihood for _, likelihood in found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        verdicts = st.pills(
            "Show only", list(counts), selection_mode="multi", key=_VERDICTS, persist_state="session", wrap=True,
            format_func=lambda name: f"{sentence_case(name)} ({counts[name]:,})",
        )  # fmt: skip
        words = st.text_input(
            "Name contains", key=_WORDS, persist_state="session", width=220, autocomplete="off"
        )  # fmt: skip
    rows = shown(found, verdicts=verdicts, words=words)
    if not rows:
        st.markdown("No row is like that: take a filter away.")
        return
    frame = table(rows)
    key = f"batch-table-{here.run}-{hash((tuple(verdicts), words, here.settings if verdicts else None))}"
    numbers = tuple(kept.row.number for kept, _ in rows)
    st.dataframe(
        frame, key=key, hide_index=True, column_config=columns(), on_select=partial(_select, key, numbers),
        selection_mode="single-row", placeholder="–", height=_HEADER + _LINE * min(max(len(frame), 2), _MOST_LINES),
        alt=f"Table of {len(frame):,} texts with verdict, probability, p-value, words, surprise and reasons",
    )  # fmt: skip
    if len(rows) < len(found):
        st.caption(f"{len(rows):,} of {len(found):,} rows are shown.")


def _select(key: str, numbers: tuple[int, ...]) -> None:
    """A row marked in the table is the one to open."""
    marked = st.session_state[key]["selection"]["rows"]
    if marked and marked[0] < len(numbers):
        st.session_state[OPEN] = numbers[marked[0]]


def _offer_opening(found: "Found") -> None:
    """One row, marked in the table or named here: what is said of it, and its text in full on the page Analyse."""
    rows = {kept.row.number: (kept, likelihood) for kept, likelihood in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            "Look closer at", list(rows), index=None, key=OPEN, persist_state="session", width=420,
            format_func=lambda n: f"{n}. {name_of(rows[n][0])}", placeholder="Mark a row above, or pick one here",
        )  # fmt: skip
        text = None if number is None else rows[number][0].row.text
        pressed = st.button("Open in Analyse", key="batch-open-button", disabled=text is None)
    if number is not None:
        kept, likelihood = rows[number]
        said = likelihood_in_words(likelihood).replace("(", "(90 % interval ")
        verdict = sentence_case(verdict_name(likelihood)) + (f", probability of a machine {said}" if said else "")
        st.markdown(f"**{plain(verdict)}.** {plain(reasons(kept, likelihood))}")
        if beginning := beginning_of(kept):
            st.caption(f"It begins: {plain(beginning)}")
    if pressed and text is not None:
        _open(text)


def _open(text: str) -> None:
    """Have the page Analyse read this text."""
    take_text(text)
    st.switch_page(st.session_state[ANALYSE_PAGE])


def _show_downloads(here: Job, found: "Found", settings: "Settings") -> None:
    with st.container(horizontal=True, key="batch-downloads", gap="small"):
        for form, mime in _FORMATS.items():
            st.download_button(
                "JSON lines" if form == "jsonl" else "CSV" if form == "csv" else "Parquet",
                partial(_file, here, found, form, settings), f"batch.{form}", mime, key=f"batch-{form}",
                on_click="ignore", icon=":material/download:", help=f"All {len(found):,} rows. {_HELP[form]}",
            )  # fmt: skip


def _file(here: Job, found: "Found", form: str, settings: "Settings") -> bytes:
    from analyzer.batch.downloads import file_of

    return file_of(here.work.analyzer, found, form=form, settings=settings)


def _show_charts(found: "Found") -> None:
    from analyzer.batch.overview import likelihood_histogram, verdict_bars, verdict_counts

    likelihoods = [likelihood for _, likelihood in found]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Verdicts**")
        st.altair_chart(verdict_bars(verdict_counts(likelihoods)), key="batch-chart-verdicts", theme="streamlit")
    with right:
        st.markdown("**How likely a machine wrote them**")
        st.altair_chart(likelihood_histogram(likelihoods), key="batch-chart-likelihoods", theme="streamlit")


def _show_failed(found: "Found") -> None:
    failed = [kept for kept, likelihood in found if likelihood is None]
    if not failed:
        return
    with st.expander(f"{len(failed):,} {'row' if len(failed) == 1 else 'rows'} without numbers, and why"):
        st.markdown("\n".join(f"- **{plain(name_of(kept))}**: {plain(kept.error)}" for kept in failed[:_MOST_LISTED]))
        if len(failed) > _MOST_LISTED:
            st.caption(f"And {len(failed) - _MOST_LISTED:,} more: the filter “Failed” shows all.")
