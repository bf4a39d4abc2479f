"""Who is scored together with whom: windows over a long text, batches over many texts. Plain integers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

__all__ = ["Window", "batches", "stretches", "window_start", "windows"]

T = TypeVar("T")


class Window(NamedTuple):
    """Tokens `start` to `end` - 1 go through the model together; those from `first` on are scored."""

    start: int
    first: int
    end: int


def windows(length: int, first: int, size: int) -> list[Window]:
    """Cover tokens `first` to `length` - 1: each scored once, with half a window before it or all there is.

    Where everything fits into one window there is one window; else each further one goes on by half its size. Where a
    window begins does not depend on what comes after it, so a text that grows is read on, never anew.

    Parameters
    ----------
    length : int
        Tokens in all, start token and preceding context included.
    first : int
        The first token to score, at least 1: something must stand before it.
    size : int
        Most tokens in one window, at least 2.

    Raises
    ------
    ValueError
        If `first` or `size` is too small.

    Examples
    --------
    >>> windows(7, 1, 10)
    [Window(start=0, first=1, end=7)]
    >>> windows(7, 1, 4)
    [Window(start=0, first=1, end=4), Window(start=2, first=4, end=6), Window(start=4, first=6, end=7)]
    """
    if size < 2 or first < 1:
        raise ValueError(f"windows: expected size of at least 2 and first of at least 1, got {size} and {first}")
    found: list[Window] = []
    while first < length:
        start = window_start(first, first, size)
        end = min(length, start + size)
        found.append(Window(start, first, end))
        first = end
    return found


def window_start(position: int, first: int, size: int) -> int:
    """Where the window begins in which token number `position` is scored; `first` and `size` as of `windows`.

    Examples
    --------
    >>> [window_start(position, 1, 4) for position in range(1, 9)]
    [0, 0, 0, 2, 2, 4, 4, 6]
    """
    anchor = max(first, size)  # while the beginning is in reach, all of it is read; later, half of a window is context
    if position < anchor:
        return 0
    half = size // 2
    return anchor + (position - anchor) // half * half - (size - half)


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group items of similar length so that the padded size of each group stays within `budget` tokens.

    Longest first; an item longer than the budget makes a group of its own.

    Examples
    --------
    >>> batches([5, 90, 6, 100], 200)
    [[3, 1], [2, 0]]
    """
    groups: list[list[int]] = []
    for item in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def stretches(items: Iterable[T], *, length: Callable[[T], int], most: int, longest: int) -> Iterator[list[T]]:
    """Cut a stream into runs of so many items, or fewer where they are long; a longer item is a run of its own.

    Where a run ends depends on its own items and the next one only.

    Parameters
    ----------
    items : iterable
        Read as they are needed, one item ahead.
    length : callable
        Of an item.
    most : int
        Items in a run, at least 1.
    longest : int
        Length of a run's items together.

    Examples
    --------
    >>> list(stretches(["a", "b", "c", "dddddd", "e"], length=len, most=2, longest=5))
    [['a', 'b'], ['c'], ['dddddd'], ['e']]
    """
    run: list[T] = []
    total = 0
    for item in items:
        size = length(item)
        if run and total + size > longest:
            yield run
            run, total = [], 0
        run.append(item)
        total += size
        if len(run) == most:
            yield run
            run, total = [], 0
    if run:
        yield run
