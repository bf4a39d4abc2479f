"""The page on which a person writes with the model, token by token, and sees what each choice does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from analyzer.errors import AnalyzerError
from analyzer.text.reading import decode
from analyzer.ui.decoders_view import decoders_view
from analyzer.ui.frame import set_width, show_title
from analyzer.ui.guide_data import effects_data, list_data, text_data
from analyzer.ui.guide_figures import Views, show_charts, show_figures, show_likelihood, views
from analyzer.ui.guide_sampler import show_sampler, show_steps
from analyzer.ui.guide_state import SEARCH, Desk, act, close_run, desk, handle, open_session, start_run, step_run
from analyzer.ui.guide_tools import show_downloads, show_find, show_numbers, show_search
from analyzer.ui.guide_view import show_effects, show_list, show_text
from analyzer.ui.model_choice import short_name
from analyzer.ui.session import chosen_model, session_analyzer
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.guided.candidates import Candidates

__all__ = ["guide_page"]

# Keys of st.session_state: what this reader typed and set.
_PROMPT, _CONTEXT, _SEED, _FILE, _ERROR = "guide-prompt", "guide-context", "guide-seed", "guide-file", "guide-error"
_RUN_LENGTH, _STOP, _GREEDY, _ROWS = "guide-run-length", "guide-stop-at", "guide-greedy", "guide-rows"
_VIEW, _WRITE, _DECODERS = "guide-view", "Write with the model", "What decoders do to text"
_STEP = 4  # tokens of a run between two looks at whether to stop
# What was begun far below is ended here: the button comes into view.
_STICKY = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-guide-search) {
  position: sticky; top: 3.75rem; z-index: 5; background: Canvas; background: light-dark(#FFFFFF, #11151B);
}
</style>"""


def guide_page() -> None:
    """Draw the page: where to begin, and the writing."""
    set_width(90)
    show_title("Guide", small=desk() is not None)
    here = desk()
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View", (_WRITE, _DECODERS), default=_WRITE, key=_VIEW, label_visibility="collapsed",
            persist_state="session",
        )  # fmt: skip
        if here is not None and view != _DECODERS:
            with st.popover("Begin another text", width="content"):
                _show_start()
    if view == _DECODERS:
        decoders_view(session_analyzer)
        return
    if here is None:
        st.markdown(
            "Choose what comes next, one token at a time, and see what each choice does: to ranks, to surprise, to the "
            "likelihood that a machine wrote it."
        )
        _show_start()
    with st.container():  # always there, as all places of messages here: what is open below stays open
        if error := st.session_state.get(_ERROR):
            st.error(plain(error))
        if here is not None:
            _say_who_reads(here)
    if here is not None:
        st.html(_STICKY)
        with st.container(key="guide-search"):
            SEARCH.go_on()
        _write()


def _say_who_reads(here: Desk) -> None:
    model = here.session.model
    if model is not session_analyzer().model:
        st.info(
            f"This text is written with {plain(short_name(model.info.name))}. Begin another one to write it with "
            f"{plain(short_name(chosen_model().name))}, as chosen now."
        )


def _show_start() -> None:
    with st.form("guide-start", border=False):
        st.text_area(
            "Opening", key=_PROMPT, height=100, placeholder="Once upon a time…", persist_state="session",
            help="The text goes on from here. It may be empty.",
        )  # fmt: skip
        with st.expander("What stands before it, and the seed (optional)"):
            st.text_area(
                "What stands before it", key=_CONTEXT, height=80, persist_state="session",
                help="Such as a question that the text answers. It is read first and not scored.",
            )  # fmt: skip
            st.number_input(
                "Seed", 0, 2**31, step=1, key=_SEED, persist_state="session", width=200,
                help="The same seed and the same choices draw the same tokens again.",
            )  # fmt: skip
        pressed = st.form_submit_button("Start", type="primary")
    if pressed:
        _begin()
    st.file_uploader("Or open a session saved here (.json)", type=["json"], key=_FILE, on_change=_take_file)


def _begin() -> None:
    state, before = st.session_state, desk()
    state[_ERROR] = None
    try:
        with st.spinner("Reading the opening …", show_time=True):
            session = session_analyzer().guide(
                state[_PROMPT] or "",
                state[_CONTEXT] or None,
                sampler=None if before is None else before.session.sampler,
                seed=int(state[_SEED]),
            )
    except AnalyzerError as error:
        state[_ERROR] = str(error)
        return
    open_session(session)
    st.rerun()


def _take_file() -> None:
    state = st.session_state
    file = state[_FILE]
    state[_ERROR] = None
    if file is None:
        return
    try:
        open_session(session_analyzer().resume(decode(file.getvalue(), name=file.name)))
    except AnalyzerError as error:
        state[_ERROR] = str(error)


@st.fragment
def _write() -> None:
    """All of the writing; an action runs this function again and nothing else."""
    if here := desk():
        with here.lock:
            _draw(here)


def _draw(here: Desk) -> None:
    """The list of candidates first."""
    step_run(_STEP)
    found, problem = _candidates(here)
    left, middle, right = st.columns([9, 17, 10], gap="medium")
    with middle:
        place = st.empty()
        if here.message or problem:
            place.error(here.message or problem)
        show_list(
            list_data(here.session, found, serial=here.serial, running=here.running is not None),
            _handle,
        )
    with left:
        show_text(text_data(here.session, serial=here.serial), _handle)
    with middle:
        _show_buttons(here)
        with st.container(key="guide-find-box"):
            show_find(here)
        show_steps(here.session)
        show_sampler(here.session)
        show_search(here)
        show_numbers(here, found)
    with left:
        show_downloads(here)
        _show_notes(here)
    with right:
        found_views = _show_what_it_does(here)
    if here.session.scorer.calibration is not None and here.running is None:
        with middle:
            show_effects(effects_data(here.session, found, here.effects[here.session.current.number]))
    with right:
        show_charts(found_views)
    if here.running is not None:
        _go_on()


def _go_on() -> None:
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # in a run of the whole page, as after coming back to it
        st.rerun()


def _candidates(here: Desk) -> "tuple[Candidates | None, str]":
    """What may come next, and why nothing does, or is drawn."""
    if here.session.ended:
        return None, ""
    try:
        found = here.session.candidates(int(st.session_state.get(_ROWS, 10)))
        return found, found.refused
    except AnalyzerError as error:
        return None, str(error)


def _handle(action: Mapping[str, Any] | None) -> None:
    state = st.session_state
    handle(action, run_length=int(state.get(_RUN_LENGTH, 20)), stop=state.get(_STOP) or "")


def _start_run() -> None:
    start_run(int(st.session_state[_RUN_LENGTH]), st.session_state[_STOP] or "")


def _show_buttons(here: Desk) -> None:
    running, ended = here.running, here.session.ended
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Undo", key="guide-undo", on_click=act, args=(lambda session: session.undo(),), icon=":material/undo:",
            disabled=here.session.current.parent is None,
            help="Back by one token, or to those that a written word took the place of; the branch is kept.",
        )  # fmt: skip
        st.button(
            "Draw one", key="guide-sample", on_click=act, args=(lambda session: session.sample(),), disabled=ended,
            help="Let the sampler choose the next token.",
        )  # fmt: skip
        if running is None:
            st.button(
                "Run", key="guide-run", on_click=_start_run, disabled=ended,
                help="Let the sampler choose so many tokens.",
            )  # fmt: skip
        else:
            st.button("Stop", key="guide-stop", on_click=close_run, args=("Stopped",), type="primary")
        st.number_input(
            "Tokens to run", 1, 1000, 20, key=_RUN_LENGTH, width=130, persist_state="session",
            label_visibility="collapsed", help="How many tokens a run draws.",
        )  # fmt: skip
        st.text_input(
            "Stop at", key=_STOP, width=130, placeholder="Stop at", persist_state="session", autocomplete="off",
            label_visibility="collapsed", help="A run ends behind these characters, wherever they come first.",
        )  # fmt: skip
    place = st.empty()
    if running is not None:
        place.progress(running.done / running.total, f"{running.done} of {running.total} tokens")
    elif here.session.ended:
        place.info("The text has come to its end. Undo to go on otherwise.")
    elif here.ended:
        place.caption(here.ended)


def _show_what_it_does(here: Desk) -> Views:
    greedy = st.toggle(
        "Compare with greedy", key=_GREEDY, persist_state="session",
        help="What if the model’s first guess had been taken each time? Costs a step of the model for each token.",
    )  # fmt: skip
    found = views(here.session, greedy=greedy, fresh=here.fresh)
    show_likelihood(found.now)
    show_figures(found)
    return found


def _show_notes(here: Desk) -> None:
    """What a reader of the numbers should know about this text and this model."""
    session = here.session
    for note in session.notes:
        st.caption(plain(note))
    if session.current.parent is None:
        return
    try:
        analysis = session.analysis()
    except AnalyzerError:
        return
    for note in (*analysis.warnings, *session.model.info.notes):
        st.caption(plain(note))
    if any("nalysed afresh" in warning for warning in analysis.warnings):
        st.button("Analyse afresh", key="guide-fresh", on_click=_analyse_afresh)


def _analyse_afresh() -> None:
    here = desk()
    if here is None:
        return
    here.message = ""
    try:
        with here.lock:
            here.fresh = (here.session.current, here.session.fresh_analysis())
    except AnalyzerError as error:
        here.message = str(error)
