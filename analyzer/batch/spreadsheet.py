"""Records as spreadsheet programs may safely open them.

A cell that begins with ``=`` is a formula to them, and a formula can send what stands in other cells to a stranger. So
in a table made to be opened with a double click, text that looks like one has an apostrophe before it, as OWASP advises
("CSV Injection"): it is then shown as text. Numbers stay as they are. Tables for programs are not touched.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["disarmed"]

_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # the wide forms are read alike in some languages


def disarmed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with no text in it that a spreadsheet would take for a formula, nor a column's name.

    Examples
    --------
    >>> disarmed({"id": "=HYPERLINK(A1)", "low": -1.5, "reasons": ["+1"], "-": None})
    {'id': "'=HYPERLINK(A1)", 'low': -1.5, 'reasons': ["'+1"], "'-": None}
    """
    return {_safe(name): _safe(value) for name, value in record.items()}


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    if isinstance(value, list) and value:  # cells of lists are joined: their beginning is what counts
        return [_safe(value[0]), *value[1:]]
    return value
