"""The page on which one text is analysed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError, EmptyText
from analyzer.reading import decode
from analyzer.ui.result import show_result
from analyzer.ui.samples import Sample, load_samples

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analyzer
    from analyzer.models import LanguageModel

__all__ = ["analyse_page", "load_model"]

# Keys of st.session_state: what this reader typed and got; never shared between sessions.
_TEXT, _CONTEXT, _FILE, _SAMPLE = "text", "context", "file", "sample"
_ANALYSIS, _RUN, _ERROR, _ANALYZER = "analysis", "run", "error", "analyzer"


@st.cache_resource(show_spinner=False)
def load_model(name: str) -> "LanguageModel":
    """Load a model once for all sessions; it holds nothing of anybody's text. "toy" is the tests' model of bytes."""
    if name == "toy":
        from analyzer.models.toy import ToyModel

        return ToyModel("the quick brown fox jumps over the lazy dog and the cat sat on the mat. ")
    from analyzer.models.loading import load

    return load(name)


def analyse_page() -> None:
    """Draw the page: the text to give, and below it what the model makes of it."""
    st.title("Analyse a text")
    st.markdown(
        "See how predictable each word is to a language model, and how likely that makes it that a machine wrote the "
        "text: with the measured error, or with the reason why nothing can be said. Evidence, never proof."
    )
    _offer_other_sources()
    with st.form("input", border=False):
        st.text_area("Your text", key=_TEXT, height=220, placeholder="Paste a text here.", persist_state="session")
        with st.expander("What stood before it (optional)"):
            st.text_area(
                "What stood before it",
                key=_CONTEXT,
                persist_state="session",
                height=100,
                label_visibility="collapsed",
                placeholder="Such as the question that the text answers. It is read first and not scored.",
            )
        pressed = st.form_submit_button("Analyse", type="primary")
    if pressed:
        _analyse(st.session_state[_TEXT] or "", st.session_state[_CONTEXT] or None)
    if error := st.session_state.get(_ERROR):
        st.error(error)
    if analysis := st.session_state.get(_ANALYSIS):
        if (analysis.text, analysis.context or "") != (st.session_state[_TEXT], st.session_state[_CONTEXT] or ""):
            st.info("The text above has changed since. What follows is about the earlier one: press Analyse again.")
        show_result(analysis, run=st.session_state[_RUN])


def _offer_other_sources() -> None:
    """A sample or a file puts its text into the box, where it can be read and changed before it is analysed."""
    samples = load_samples()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if samples:
            st.selectbox(
                "Sample", samples, index=None, key=_SAMPLE, format_func=lambda sample: sample.label,
                placeholder="Pick a sample", label_visibility="collapsed", on_change=_take_sample,
            )  # fmt: skip
        with st.popover("Open a file", icon=":material/upload_file:"):
            st.file_uploader("Plain text in UTF-8", type=["txt", "md"], key=_FILE, on_change=_take_file)
    sample = st.session_state.get(_SAMPLE)
    if sample and sample.text == st.session_state.get(_TEXT):
        st.caption(f"{sample.label}. {sample.origin}")


def _take_sample() -> None:
    sample: Sample | None = st.session_state[_SAMPLE]
    if sample:
        st.session_state[_TEXT] = sample.text
        st.session_state[_ERROR] = None


def _take_file() -> None:
    file = st.session_state[_FILE]
    if file is None:
        return
    st.session_state[_ERROR] = None
    try:
        st.session_state[_TEXT] = decode(file.getvalue(), name=file.name)
    except AnalyzerError as error:
        st.session_state[_ERROR] = str(error)


def _analyse(text: str, context: str | None) -> None:
    """Analyse and keep the result, or the reason why there is none; an old result never stands under a new error."""
    state = st.session_state
    state[_ANALYSIS], state[_ERROR] = None, None
    try:
        if not text.strip():
            raise EmptyText("There is no text to analyse.", hint="Paste one into the box, or pick a sample.")
        analyzer = _session_analyzer()
        place = st.empty()  # a bar appears after the first window of a long text

        def show(done: int, total: int) -> None:
            if done < total:
                place.progress(done / total, f"{done:,} of {total:,} tokens")

        with st.spinner("Scoring each token …", show_time=True):
            state[_ANALYSIS] = analyzer.analyze(text, context, progress=show)
        place.empty()
        state[_RUN] = state.get(_RUN, 0) + 1
    except AnalyzerError as error:
        state[_ERROR] = str(error)


def _session_analyzer() -> "Analyzer":
    """This session's analyzer over the shared model: its cache holds this reader's text."""
    if _ANALYZER not in st.session_state:
        with st.spinner("Reading the model (first time: about half a minute) …", show_time=True):
            from analyzer.analysis import Analyzer
            from analyzer.cards import load_card
            from analyzer.models.store import DEFAULT_MODEL

            # ANALYZER_MODEL: a hub id, a folder or a GGUF file instead of the embedded model; "toy" for fast tests.
            # ANALYZER_CALIBRATION: its calibration card, a file; the embedded model has its own.
            model = load_model(os.environ.get("ANALYZER_MODEL") or DEFAULT_MODEL)
            card = os.environ.get("ANALYZER_CALIBRATION")
            analyzer = Analyzer(model, calibration=load_card(Path(card)) if card else None)
        st.session_state[_ANALYZER] = analyzer
    found: Analyzer = st.session_state[_ANALYZER]
    return found
