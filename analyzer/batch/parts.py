"""The part of a record that follows from the text alone, and the line that it makes together with its row.

A record is the row's id, then what was computed, then what the row brought along. Only the middle part costs anything:
it can be made on another machine, and be kept for the next row with the same text.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.analysis_result import Analysis
from analyzer.batch.layout import Layout
from analyzer.batch.rows import Row
from analyzer.errors import AnalyzerError

__all__ = ["Part", "json_of", "line_with", "part_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a text, as it stands in the output.

    Attributes
    ----------
    body : bytes
        Members of a JSON object, without the braces.
    tokens : int
        Scored.
    failed : bool
        Whether it holds an error in the place of numbers.
    """

    body: bytes
    tokens: int
    failed: bool


def part_of(found: Analysis | AnalyzerError, layout: Layout) -> Part:
    """The part of a text that was scored, or that cannot be."""
    record = layout.computed(found)
    return Part(json_of(record)[1:-1], record["n_tokens"] or 0, record["error"] is not None)


def line_with(row: Row, part: Part, carried: dict[str, Any]) -> bytes:
    """A line of the output: ``sinks.line_of`` of the whole record, byte for byte.

    Parameters
    ----------
    row : Row
    part : Part
        Of its text.
    carried : dict of str to Any
        As ``Layout.carried`` gives it.
    """
    tail = b", " + json_of(carried)[1:-1] if carried else b""
    return b'{"id": ' + json_of(row.id) + b", " + part.body + tail + b"}\n"


def json_of(value: Any) -> bytes:
    """Strict JSON in UTF-8; arrays become lists, in which what is not finite is null.

    >>> json_of({"token_rank": np.array([1, 7]), "token_entropy": np.array([0.5, np.inf])})
    b'{"token_rank": [1, 7], "token_entropy": [0.5, null]}'
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_list).encode()


def _list(values: Any) -> list[Any]:
    found: list[Any] = values.tolist()
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return found
    return [value if np.isfinite(value) else None for value in found]
