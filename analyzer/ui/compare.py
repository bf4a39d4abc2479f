"""The page on which a text is compared: with the model's choices, a later draft, one's own texts, another reader."""

import streamlit as st

from analyzer.ui.compare_choices import show_choices
from analyzer.ui.compare_drafts import show_drafts
from analyzer.ui.compare_models import show_models
from analyzer.ui.compare_own import show_own
from analyzer.ui.frame import set_width, show_title

__all__ = ["compare_page"]

_QUESTION = "compare-question"  # key of st.session_state
_QUESTIONS = {
    "My text and the model": show_choices,
    "Two drafts": show_drafts,
    "My own earlier texts": show_own,
    "Two models": show_models,
}


def compare_page() -> None:
    """Draw the page: four questions, one at a time."""
    set_width(80)
    show_title("Compare")
    first, *_ = _QUESTIONS
    chosen = st.segmented_control(
        "What with what?", list(_QUESTIONS), default=first, required=True, key=_QUESTION, persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    _QUESTIONS[chosen or first]()
