"""One row that goes in, and what comes out for it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.analysis_result import Analysis
from analyzer.errors import AnalyzerError, EmptyText, InputError

__all__ = ["Result", "Row", "cell_text", "no_text", "plain", "rows_of"]

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A text to be scored, or why there is none.

    Attributes
    ----------
    number : int
        Place in the input, from 1.
    id : str or int or float
        The row's own, or its number.
    text : str or None
        None where `error` says why.
    columns : mapping of str to Any
        What else the row holds: JSON values, carried through.
    error : AnalyzerError or None
    source : str
        Where it comes from.
    """

    number: int
    id: str | int | float
    text: str | None
    columns: Mapping[str, Any] = field(default_factory=dict)
    error: AnalyzerError | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if (self.text is None) == (self.error is None):
            raise ValueError("Row: expected either a text or an error")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came of a row: an analysis, or the reason why there is none.

    Attributes
    ----------
    row : Row
    analysis : Analysis or None
    error : AnalyzerError or None
    """

    row: Row
    analysis: Analysis | None
    error: AnalyzerError | None


def rows_of(texts: Iterable[object], *, source: str = "") -> Iterator[Row]:
    """Rows of texts alone: a list, a column of a data frame or of a Hugging Face data set.

    Examples
    --------
    >>> [(row.id, row.text, row.error and row.error.message) for row in rows_of(["to be", None, 7])]
    [(1, 'to be', None), (2, None, 'There is no text: the value is null.'), (3, None, 'Expected text, got int.')]
    """
    for number, text in enumerate(texts, 1):
        if isinstance(text, str):
            yield Row(number, number, text, source=source)
        else:
            yield Row(number, number, None, error=no_text(text), source=source)


def no_text(value: object) -> InputError:
    """Why a value of another type cannot be scored; a missing number, or its NA, is how pandas writes null."""
    if value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType"):
        return EmptyText("There is no text: the value is null.")
    return InputError(f"Expected text, got {type(value).__name__}.", hint="Choose another text column.")


def plain(value: Any) -> Any:
    r"""A JSON value with everything in it that UTF-8 can hold: lone surrogates are shown as escapes.

    >>> plain({"a": ["x\udcff", 1]})
    {'a': ['x\\xff', 1]}
    """
    if isinstance(value, str):
        return _SURROGATE.sub(_escape, value) if _SURROGATE.search(value) else value
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    return value


def cell_text(value: Any) -> str:
    """A value where only text fits: strings as they are, others as JSON.

    >>> cell_text("a"), cell_text(True), cell_text(0.5), cell_text({"é": [1]})
    ('a', 'true', '0.5', '{"é": [1]}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
