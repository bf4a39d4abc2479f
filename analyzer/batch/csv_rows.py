"""Lines to the rows of a CSV file, by Python's own reader, so that one stray quote costs one row."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator

__all__ = ["csv_rows"]

_LARGEST_CELL = 2**31 - 1  # characters; the most that the csv module can be told on every platform


def csv_rows(text: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The number of a row's last line, and its cells or what is wrong with them.

    A quote that is never closed, or closed by the next stray one, would make one cell of all lines between. So where
    quotes do not fit and the row has several lines, its first line is an error, and the next ones are read anew.

    >>> list(csv_rows(['a,"b\\n', 'c,d\\n', 'e,"f"g\\n'], ","))
    [(1, 'a quote is not closed'), (2, ['c', 'd']), (3, ['e', 'fg'])]
    """
    csv.field_size_limit(_LARGEST_CELL)  # of the process; raising it harms nobody
    lines, number = _Lines(text), 0
    while True:
        lines.taken.clear()
        try:
            cells: list[str] | str = next(csv.reader(lines, delimiter=delimiter, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            first, *rest = lines.taken
            if lines.at_end or rest:
                lines.put_back(rest)
                cells = "a quote is not closed"
            else:
                cells = _loosely(first, delimiter, str(error))
        number += len(lines.taken)
        yield number, cells


def _loosely(line: str, delimiter: str, problem: str) -> list[str] | str:
    """The cells of one line whose quotes do not fit, as most programs read it."""
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return problem


class _Lines:
    """Lines, with those taken for one row, which can be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.at_end = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.at_end = True
                raise
        self.taken.append(line)
        return line

    def put_back(self, lines: list[str]) -> None:
        """Give these again, before all others."""
        self._again.extendleft(reversed(lines))
        del self.taken[len(self.taken) - len(lines) :]
        self.at_end = False
