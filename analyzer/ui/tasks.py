"""Work that takes a while: shown as it goes on, ended by a button, gone on with after a click elsewhere."""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.words import plain

__all__ = ["Task", "Tell", "bar"]

_Value = TypeVar("_Value")

Tell = Callable[[int, int], None]
"""Is given how many tokens' worth of work is done, and of how many."""

_PATIENCE = 0.5  # seconds without a bar


class Task(Generic[_Value]):
    """A place in this reader's session for one piece of work at a time; its pages draw it by ``go_on``.

    Parameters
    ----------
    name : str
        Different for each place.
    cancelled : str
        What to say when the reader has ended it.
    doing : str
        What to say while it is done.
    """

    def __init__(self, name: str, *, cancelled: str, doing: str = "Scoring each token …") -> None:
        self._work, self._error, self._note = (f"{name}-{what}" for what in ("job", "error", "note"))
        self._cancel, self._cancelled, self._doing = f"{name}-cancel", cancelled, doing

    def begin(self, work: Callable[[], _Value]) -> None:
        """Put work here; it is done by ``go_on``."""
        st.session_state.update({self._work: work, self._error: "", self._note: ""})

    def go_on(self) -> _Value | None:
        """Do what waits here, also what a click elsewhere broke off, and return what comes of it.

        The click raises at the next word of progress, and what was read till then stays in the analyzer's cache. None
        where nothing waits, and where it fails: why is said here until something else is begun.
        """
        state = st.session_state
        found: _Value | None = None
        place = st.empty()  # always there: what stands below keeps its place, and what is open stays open
        if (work := state.get(self._work)) is not None:
            with place.container():
                st.button("Cancel", key=self._cancel, on_click=self._end)
                try:
                    with st.spinner(self._doing, show_time=True):
                        found = work()
                except AnalyzerError as error:
                    state[self._error] = str(error)
                except Exception:  # a defect: shown by Streamlit, and not met again by every run; a click is none
                    state[self._work] = None
                    raise
            state[self._work] = None
            place.empty()
        if problem := state.get(self._error):
            place.error(plain(problem))
        elif note := state.get(self._note):
            place.info(note)
        return found

    def forget(self) -> None:
        """Say no more how the last work ended."""
        st.session_state.update({self._error: "", self._note: ""})

    @property
    def stopped(self) -> bool:
        """Whether the last work failed or was cancelled: there is nothing to see but the reason."""
        return bool(st.session_state.get(self._error) or st.session_state.get(self._note))

    def _end(self) -> None:
        st.session_state.update({self._work: None, self._note: self._cancelled})


def bar(what: str = "") -> Tell:
    """A bar, drawn here, that shows how far work is once it has taken half a second; and notices a click elsewhere."""
    place, begun = st.empty(), monotonic()
    name = f"{what}: " if what else ""

    def tell(done: int, total: int) -> None:
        if done == total:
            place.empty()
        elif monotonic() - begun > _PATIENCE:
            place.progress(done / total, f"{name}{done / total:.0%} of {total:,} tokens")

    return tell
