"""What a reader does on the page Guide: each action, as a change of the session that is kept for this reader alone.

Actions come from buttons or from the components, and both end here. What cannot be done leaves a message in place of
an error.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.tasks import Task, Tell, bar

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis_result import Analysis
    from analyzer.guided import Session
    from analyzer.guided.tree import Node

__all__ = [
    "GUIDE_PAGE",
    "SEARCH",
    "Desk",
    "Running",
    "act",
    "begin_search",
    "close_run",
    "desk",
    "handle",
    "open_session",
    "start_run",
    "step_run",
]

_DESK = "guide"  # key of st.session_state
SEARCH: "Task[None]" = Task("guide-search", cancelled="", doing="Writing …")
"""Best of several, and beam search. The page draws it outside of its fragment, which no click can interrupt."""

_ENDS = {"end of text": "The model ended the text", "stop string": "Stopped at the string"}

GUIDE_PAGE = "guide-page"
"""Key of st.session_state under which the page stands, for who wants to lead there."""


@dataclass(slots=True)
class Running:
    """Tokens that are being drawn, some in each run of the fragment: a click cannot interrupt one.

    Attributes
    ----------
    done, total : int
    stop : tuple of str
        Behind the token that completes one of these it ends.
    """

    done: int
    total: int
    stop: tuple[str, ...] = ()


@dataclass(slots=True)
class Desk:
    """What is kept of one reader's guided writing.

    Attributes
    ----------
    session : Session
    serial : int
        Grows with each action: tells the list of candidates that its last one has been dealt with.
    message : str
        Why the last action was not possible; empty if it was.
    running : Running or None
    ended : str
        How the last run ended, for people.
    fresh : (Node, Analysis) or None
        The text up to a node, analysed as if it had been pasted.
    effects : dict
        Of the candidates behind each node that was visited, by node and token.
    found : dict
        What was said of words that were looked up, by node and word.
    lock : RLock
        Held by who works with the session: a click starts a run of the page beside the one before, which goes on until
        it next draws.
    """

    session: "Session"
    serial: int = 0
    message: str = ""
    running: Running | None = None
    ended: str = ""
    fresh: "tuple[Node, Analysis] | None" = None
    effects: defaultdict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    found: dict[tuple[int, str], str] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


def desk() -> Desk | None:
    """This reader's; None before there is a session."""
    found: Desk | None = st.session_state.get(_DESK)
    return found


def open_session(session: "Session") -> None:
    """Put a session on this reader's desk; the one before is let go."""
    st.session_state[_DESK] = Desk(session)


def act(work: "Callable[[Session], object]") -> None:
    """Do something with the session; it ends a run, and where it is not possible leaves a message."""
    here = desk()
    if here is None:
        return
    SEARCH.forget()
    with here.lock:
        here.message, here.running, here.ended = "", None, ""
        here.serial += 1
        try:
            work(here.session)
        except AnalyzerError as error:
            here.message = str(error)


def handle(action: Mapping[str, Any] | None, *, run_length: int, stop: str = "") -> None:
    """Do what a component asks for; what was asked of an earlier list is not done to a later one."""
    here = desk()
    if here is None or not action:
        return
    nodes = here.session.tree.nodes
    number = action.get("number", -1)
    match action.get("kind"):
        case "pick" if action.get("serial") == here.serial:
            act(lambda session: session.pick(number))
        case "undo":
            act(lambda session: session.undo())
        case "sample":
            act(lambda session: session.sample())
        case "run":
            start_run(run_length, stop)
        case "stop":
            close_run("Stopped")
        case "jump" if 0 <= number < len(nodes):
            act(lambda session: session.jump(nodes[number]))
        case "branch" if 0 < number < len(nodes):
            act(lambda session: session.branch(nodes[number]))
        case _:
            here.serial += 1


def begin_search(work: "Callable[[Session, Tell], object]") -> None:
    """Have whole continuations looked for by the next run of the page, which shows how far it is and can be ended."""

    def search(session: "Session") -> None:
        here = desk()
        assert here is not None
        here.ended = "Cancelled: the text stays as it is."  # which it is, if this is left before its end
        try:
            work(session, bar())
        except AnalyzerError:
            here.ended = ""
            raise
        here.ended = ""

    SEARCH.begin(lambda: act(search))


def start_run(total: int, stop: str = "") -> None:
    """Have tokens drawn, by the runs of the fragment that follow; behind `stop`, if it is given, they end."""
    here = desk()
    act(lambda session: session.offered())  # where nothing can come next, nothing runs
    if here is not None and not here.message:
        here.running = Running(0, total, (stop,) if stop else ())


def step_run(size: int) -> None:
    """Draw the next few tokens of a run; the last ones end it."""
    here = desk()
    if here is None or here.running is None:
        return
    running = here.running
    try:
        run = here.session.run(min(size, running.total - running.done), stop=running.stop)
    except AnalyzerError as error:
        here.message = str(error)
        close_run("Stopped")
        return
    running.done += len(run.nodes)
    if run.reason != "length" or running.done >= running.total:
        close_run(_ENDS.get(run.reason, "Done"))


def close_run(how: str) -> None:
    """End a run, if there is one."""
    here = desk()
    if here is None:
        return
    here.serial += 1
    if here.running is not None:
        done = here.running.done
        here.ended = f"{how}: {done} {'token' if done == 1 else 'tokens'} drawn."
        here.running = None
