"""What the commands of ``analyzer guide`` work on, and how they read numbers."""

from dataclasses import dataclass

from rich.console import Console

from analyzer.errors import InputError
from analyzer.guided import Session
from analyzer.guided.candidates import Candidates
from analyzer.guided.tree import Node

__all__ = ["Desk", "node_of", "two_numbers", "whole_number"]

_SIDE_BY_SIDE = 64  # continuations: each keeps a state of the model


@dataclass(slots=True)
class Desk:
    """A session, and how it is shown.

    Attributes
    ----------
    k : int
        How many candidates to list.
    effects : bool
        Whether the list says what each would do to the log-odds.
    listing : Candidates or None
        The list last shown: numbers pick from it.
    last : Node or None
        Where the session stood before it moved last.
    stop : tuple of str
        Behind the token that completes one of these a run ends.
    """

    session: Session
    console: Console
    k: int
    effects: bool = False
    listing: Candidates | None = None
    last: Node | None = None
    stop: tuple[str, ...] = ()

    def say(self, line: str) -> None:
        """A line of the program's own words."""
        self.console.print(line, markup=False)


def whole_number(given: str, *, lowest: int = 1) -> int:
    """A number that somebody typed.

    Raises
    ------
    InputError
        If it is none, or below `lowest`.
    """
    try:
        number = int(given)
    except ValueError:
        number = lowest - 1
    if number < lowest:
        raise InputError(f"Expected a whole number from {lowest} on, got “{given}”.", hint="Type ? for help.")
    return number


def two_numbers(given: str, name: str) -> tuple[int, int]:
    """How many side by side, and how long, for the command `name`.

    Raises
    ------
    InputError
        If these are not two numbers, or too many side by side.
    """
    words = given.split()
    if len(words) != 2:
        raise InputError(f"{name}: expected two numbers, got “{given}”.", hint=f"Such as: {name} 4 20.")
    width, length = map(whole_number, words)
    if width > _SIDE_BY_SIDE:
        raise InputError(f"{name}: got {width} side by side.", hint=f"Give at most {_SIDE_BY_SIDE}.")
    return width, length


def node_of(desk: Desk, given: str) -> Node:
    """The node with the number that somebody typed.

    Raises
    ------
    InputError
        If there is none.
    """
    nodes = desk.session.tree.nodes
    number = whole_number(given, lowest=0)
    if number >= len(nodes):
        raise InputError(f"There is no node {number}.", hint=f"Give a number up to {len(nodes) - 1}; t shows them.")
    return nodes[number]
