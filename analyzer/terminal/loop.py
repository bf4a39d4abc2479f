"""``analyzer guide``: a text written token by token, one command a line, from a person or from a file.

Whatever a command makes of bad input is one sentence, and the session goes on.
"""

from collections.abc import Callable

from rich.console import Console

from analyzer.analysis import Analysis
from analyzer.errors import AnalyzerError, EmptyText
from analyzer.guided import Session
from analyzer.guided.tree import Node
from analyzer.markup import visible
from analyzer.terminal.commands import obey
from analyzer.terminal.desk import Desk
from analyzer.terminal.interrupts import Stopped
from analyzer.terminal.printing import coloured, figures_line, print_candidates

__all__ = ["ask", "guide"]

_TEXT_SHOWN = 1500  # characters; the command `figures` shows all


def ask() -> str:
    """The next line of standard input.

    Raises
    ------
    EOFError
        At its end.
    """
    return input("> ")


def guide(session: Session, console: Console, *, read: Callable[[], str], k: int = 10) -> None:
    """Show, read a command, do it, until `q`, `quit` or the end of input.

    Parameters
    ----------
    read : callable
        The next command; raises EOFError where there is none.
    k : int
        How many candidates to list.
    """
    desk = Desk(session, console, k)
    _show(desk)
    while True:
        try:
            line = read()
            if line.strip() in ("q", "quit"):
                return
        except EOFError:
            return
        except KeyboardInterrupt:
            desk.say("\nType q to leave.")
            continue
        try:
            _do(desk, line)
        except (Stopped, KeyboardInterrupt):
            desk.say("Stopped.")


def _do(desk: Desk, line: str) -> None:
    place, problem, changed = desk.session.current, "", False
    try:
        changed = obey(desk, line)
    except AnalyzerError as error:  # a draw may have gone some way before
        problem = str(error)
    if desk.session.current is not place:
        desk.last = place
    if changed or desk.session.current is not place:
        _show(desk)
    if problem:
        desk.say(visible(problem))


def _show(desk: Desk) -> None:
    """Text, list, figures, warnings."""
    session, console = desk.session, desk.console
    now = _analysis(session, session.current)
    console.print()
    console.print(coloured(now, last=_TEXT_SHOWN) if now else visible(session.text), markup=False)
    console.print()
    desk.listing = None
    try:
        desk.listing = session.candidates(desk.k)
        effects = session.effects([one.token for one in desk.listing.listed]).tolist() if desk.effects else None
        print_candidates(desk.listing, console, effects=effects)
        if desk.listing.refused:
            desk.say(desk.listing.refused)
    except AnalyzerError as error:  # the text has ended, which can be changed
        desk.say(str(error))
    desk.say(f"Sampler: {', '.join(session.sampler.steps()) or 'the model as it is'}.")
    for note in session.notes:
        desk.say(f"Note: {visible(note)}")
    if now is not None:
        last = None if desk.last is None else _analysis(session, desk.last)
        desk.say(figures_line(now, start=_analysis(session, session.start), last=last))
        for warning in now.warnings:
            desk.say(f"Note: {visible(warning)}")


def _analysis(session: Session, node: Node) -> Analysis | None:
    try:
        return session.analysis(node)
    except EmptyText:
        return None
