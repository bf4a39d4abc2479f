"""The page on which one text is analysed."""

from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import EmptyText
from analyzer.ui.compare_input import offer_sources
from analyzer.ui.frame import set_width, show_title
from analyzer.ui.model_choice import short_name
from analyzer.ui.result import show_head, show_result
from analyzer.ui.session import chosen_model, session_analyzer
from analyzer.ui.tasks import Task, bar
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Analyzer

__all__ = ["analyse_page", "take_text"]

# Keys of st.session_state: what this reader typed and got; never shared between sessions.
_TEXT, _CONTEXT, _ANALYSIS, _BY, _RUN = "text", "context", "analysis", "analysis-by", "run"
_TASK: "Task[tuple[Analysis, Analyzer]]" = Task(
    "analyse", cancelled="Cancelled. Whole windows that were read are kept: press Analyse to go on from there."
)
_PHONE = """<style>
@media (max-width: 640px) {
  .st-key-text textarea { height: 11rem !important; min-height: 0; }  /* the verdict comes into view */
}
</style>"""


def analyse_page() -> None:
    """Draw the page: the text to give, beside it the verdict, and below what the model makes of each token."""
    set_width(84)
    st.html(_PHONE)
    show_title("Analyse a text")
    state = st.session_state
    left, right = st.columns([5, 7], gap="large")
    with left:
        if _ask():
            _begin(state[_TEXT] or "", state[_CONTEXT] or None)
    with right:
        if done := _TASK.go_on():
            state[_ANALYSIS], state[_BY] = done
            state[_RUN] = state.get(_RUN, 0) + 1
        analysis: Analysis | None = state.get(_ANALYSIS)
        if analysis is None and not _TASK.stopped:
            _introduce()
        elif analysis is not None:
            with st.container(
                key="changed"
            ):  # below it what is open stays open, whether there is something to say or not
                _say_what_changed(analysis)
            show_head(analysis)
    if analysis is not None:
        show_result(analysis, by=state[_BY], run=state[_RUN], take_over=_take_over)


def take_text(text: str) -> None:
    """Put a text into the box and have it analysed; for other pages, which then lead here."""
    st.session_state[_TEXT], st.session_state[_CONTEXT] = text, ""
    _begin(text, None)


def _begin(text: str, context: str | None) -> None:
    st.session_state[_ANALYSIS] = None  # an old result never stands under a new error
    _TASK.begin(lambda: _analysed(text, context))


def _analysed(text: str, context: str | None) -> "tuple[Analysis, Analyzer]":
    if not text.strip():
        raise EmptyText("There is no text to analyse.", hint="Paste one into the box, or pick a sample.")
    analyzer = session_analyzer()
    return analyzer.analyze(text, context, progress=bar()), analyzer


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


def _take_over(analysis: "Analysis") -> None:
    """Put a changed text, analysed already, into the box and in the place of the one before."""
    state = st.session_state
    state[_TEXT], state[_ANALYSIS], state[_RUN] = analysis.text, analysis, state[_RUN] + 1
