"""The page on which one text is analysed."""

from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError, EmptyText
from analyzer.ui.compare_input import offer_sources
from analyzer.ui.model_choice import short_name, show_model_choice
from analyzer.ui.result import show_head, show_result
from analyzer.ui.session import chosen_model, session_analyzer
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Analyzer

__all__ = ["analyse_page"]

# Keys of st.session_state: what this reader typed and got; never shared between sessions.
_TEXT, _CONTEXT, _JOB, _NOTE, _ERROR = "text", "context", "job", "note", "error"
_ANALYSIS, _BY, _RUN = "analysis", "analysis-by", "run"
# st.set_page_config(layout="wide") would be undone at times: see the page Guide.
_WIDE = """<style>
[data-testid="stMainBlockContainer"] { max-width: 84rem; padding-top: 4.5rem; }
@media (min-width: 641px) { [data-testid="stMainBlockContainer"] { padding-inline: 3rem; } }
@media (max-width: 640px) {
  h1 { font-size: 2rem !important; }
  .st-key-text textarea { height: 11rem !important; min-height: 0; }  /* the verdict comes into view */
}
</style>"""


def analyse_page() -> None:
    """Draw the page: the text to give, beside it the verdict, and below what the model makes of each token."""
    st.html(_WIDE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Analyse a text", anchor=False, width="content")
        show_model_choice()
    state = st.session_state
    left, right = st.columns([5, 7], gap="large")
    with left:
        if _ask():
            state[_JOB], state[_NOTE] = (state[_TEXT] or "", state[_CONTEXT] or None), ""
            state[_ANALYSIS], state[_ERROR] = None, ""
    with right:
        if job := state.get(_JOB):  # also one that a click elsewhere broke off: it goes on where it was
            _analyse(*job)
        analysis: Analysis | None = state.get(_ANALYSIS)
        if error := state.get(_ERROR):
            st.error(plain(error))
        elif note := state.get(_NOTE):
            st.info(note)
        elif analysis is None:
            _introduce()
        else:
            _say_what_changed(analysis)
            show_head(analysis)
    if analysis is not None:
        show_result(analysis, by=state[_BY], run=state[_RUN], take_over=_take_over)


def _ask() -> bool:
    """The box and what fills it; whether its text is to be analysed."""
    offer_sources(_TEXT, samples=True)
    st.text_area("Your text", key=_TEXT, height=340, placeholder="Paste a text here.", persist_state="session")
    with st.expander("What stood before it (optional)"):
        st.text_area(
            "What stood before it", key=_CONTEXT, height=100, persist_state="session", label_visibility="collapsed",
            placeholder="Such as the question that the text answers. It is read first and not scored.",
        )  # fmt: skip
    return st.button("Analyse", type="primary", shortcut="Mod+Enter")


def _introduce() -> None:
    st.markdown(
        "See how predictable each word is to a language model, and how likely that makes it that a machine wrote the "
        "text: with the measured error, or with the reason why nothing can be said.\n\n"
        "- **The verdict** comes with an interval, and may be that there is none.\n"
        "- **Each token** has its rank, its surprise, and what the model would have written.\n"
        "- **Change a word** and see what moves.\n\n"
        "Evidence, never proof. Your words stay on this machine."
    )


def _say_what_changed(analysis: "Analysis") -> None:
    """Whether the result is still about what the reader sees above."""
    state = st.session_state
    if (analysis.text, analysis.context or "") != (state[_TEXT] or "", state[_CONTEXT] or ""):
        st.info("The text in the box has changed since. What follows is about the earlier one: press Analyse again.")
    by: Analyzer = state[_BY]
    if by is not session_analyzer():
        st.info(
            f"What follows was read by {plain(short_name(by.model.info.name))}. Press Analyse to have it read by "
            f"{plain(short_name(chosen_model().name))}, as chosen now."
        )


def _analyse(text: str, context: str | None) -> None:
    """Analyse and keep the result, or the reason why there is none; an old result never stands under a new error.

    A click breaks off at the next word of progress; what was read till then stays in the analyzer's cache.
    """
    state = st.session_state
    place = st.empty()
    try:
        if not text.strip():
            raise EmptyText("There is no text to analyse.", hint="Paste one into the box, or pick a sample.")
        with place.container():
            analyzer = session_analyzer()
            bar = st.empty()  # a bar appears after the first window of a long text

            def show(done: int, total: int) -> None:
                if done < total:
                    bar.progress(done / total, f"{done:,} of {total:,} tokens")

            st.button("Cancel", key="cancel", on_click=_cancel)
            with st.spinner("Scoring each token …", show_time=True):
                found = analyzer.analyze(text, context, progress=show)
        state[_ANALYSIS], state[_BY], state[_RUN] = found, analyzer, state.get(_RUN, 0) + 1
    except AnalyzerError as error:
        state[_ERROR] = str(error)
    state[_JOB] = None
    place.empty()


def _cancel() -> None:
    st.session_state[_JOB] = None
    st.session_state[_NOTE] = "Cancelled. What was read so far is kept: press Analyse to go on from there."


def _take_over(analysis: "Analysis") -> None:
    """Put a changed text, analysed already, into the box and in the place of the one before."""
    state = st.session_state
    state[_TEXT], state[_ANALYSIS], state[_RUN] = analysis.text, analysis, state[_RUN] + 1
