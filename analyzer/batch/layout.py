"""Results to records: which columns, in which order, under which names.

A record is what one line of JSON holds. Its columns are, in this order: what is always there, the chosen statistics
under their names, the chosen detectors as ``detector_NAME`` (some statistics have the same names), with `tokens` a list
for each column of ``TOKEN_COLUMNS``, and what the row brought along. A column of the row's that has one of the names
before it becomes ``input_NAME``.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analyzer.analysis_result import Analysis
from analyzer.batch.rows import Result, Row
from analyzer.calibration import Likelihood, Settings
from analyzer.detectors import DETECTORS
from analyzer.errors import AnalyzerError, InputError
from analyzer.statistics import STATISTICS

__all__ = ["FIXED", "TOKEN_COLUMNS", "Kind", "Layout", "chosen", "kind_of", "merged"]

Kind = Literal["null", "bool", "int", "long", "float", "text", "texts", "ints", "floats"]
"""What the values of a column are, nulls aside; "null" where there are no others; a "long" may be no float."""

FIXED: Mapping[str, Kind] = {
    "id": "text",
    "n_tokens": "int",
    "probability": "float",
    "low": "float",
    "high": "float",
    "human_p_value": "float",
    "verdict": "text",
    "reasons": "texts",
    "error": "text",
}
"""Columns that are always there. The kind of `id` is that of the ids."""

TOKEN_COLUMNS: Mapping[str, Kind] = {
    "token_start": "ints",
    "token_end": "ints",
    "token_id": "ints",
    "token_log_prob": "floats",
    "token_rank": "ints",
    "token_entropy": "floats",
}
"""Lists over the scored tokens: offsets in the text, id, and scores in nats, ranks from 1."""

_STATISTICS = tuple(one.name for one in STATISTICS)
_DETECTORS = tuple(one.name for one in DETECTORS)
_EXACT = 2**53  # integers up to it are floats as well
_LONGEST = 2**63  # integers beyond it are text: no table format holds them


def chosen(names: str, *, known: Collection[str], option: str) -> tuple[str, ...]:
    """What "all", "none" or names with commas between them choose.

    Raises
    ------
    InputError
        If a name is not known.

    Examples
    --------
    >>> chosen("lrr, perplexity", known=["lrr", "perplexity"], option="statistics")
    ('lrr', 'perplexity')
    """
    if names in ("all", "none"):
        return tuple(known) if names == "all" else ()
    found = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    if unknown := [name for name in found if name not in known]:
        raise InputError(f"{option}: got {unknown[0]!r}.", hint=f"Give all, none, or some of: {', '.join(known)}.")
    return found


@dataclass(frozen=True, slots=True)
class Layout:
    """What is kept of a result.

    Attributes
    ----------
    statistics, detectors : tuple of str
        Names, see ``analyzer.statistics`` and ``analyzer.detectors``.
    tokens : bool
        Whether to keep lists over the tokens.
    settings : Settings
        Of the verdict.
    """

    statistics: tuple[str, ...] = _STATISTICS
    detectors: tuple[str, ...] = _DETECTORS
    tokens: bool = False
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def of(cls, *, statistics: str, detectors: str, tokens: bool, settings: Settings) -> "Layout":
        """From "all", "none" or names with commas; raises InputError for a name that is not known."""
        return cls(
            chosen(statistics, known=_STATISTICS, option="statistics"),
            chosen(detectors, known=_DETECTORS, option="detectors"),
            tokens,
            settings,
        )

    @property
    def own(self) -> dict[str, Kind]:
        """The columns that do not come from the input, and what they hold."""
        found = dict(FIXED)
        found |= dict.fromkeys(self.statistics, "float")
        found |= {f"detector_{name}": "float" for name in self.detectors}
        return found | dict(TOKEN_COLUMNS) if self.tokens else found

    def input_columns(self, record: Mapping[str, Any]) -> dict[str, Kind]:
        """What the columns of a record hold that depends on the input: the id, and what the row brought along."""
        own = self.own
        return {name: kind_of(value) for name, value in record.items() if name == "id" or name not in own}

    def record(self, result: Result) -> dict[str, Any]:
        """One row of the output; what is undefined or missing is None, lists over tokens are arrays."""
        found = result.analysis if result.error is None else result.error
        assert found is not None
        return {"id": result.row.id, **self.computed(found), **self.carried(result.row)}

    def computed(self, found: Analysis | AnalyzerError) -> dict[str, Any]:
        """The part of a record that follows from the text: all of its own columns but the id."""
        record: dict[str, Any] = dict.fromkeys(self.own)
        del record["id"]
        if isinstance(found, AnalyzerError):
            record["error"] = str(found)
        else:
            self._fill(record, found)
        return record

    def carried(self, row: Row) -> dict[str, Any]:
        """The part of a record that the row brought along, under names that are free."""
        if not row.columns:
            return {}
        own, found = self.own, dict[str, Any]()
        for name, value in row.columns.items():
            found[_free(name, own.keys() | found.keys(), row.columns)] = value
        return found

    def _fill(self, record: dict[str, Any], analysis: Analysis) -> None:
        same = analysis.likelihood.settings == self.settings
        likelihood: Likelihood = analysis.likelihood if same else analysis.judge(self.settings)
        record["n_tokens"] = len(analysis.scores)
        for name in ("probability", "low", "high", "human_p_value"):
            record[name] = _finite(getattr(likelihood, name))
        record["verdict"] = likelihood.verdict
        record["reasons"] = list(likelihood.reasons)
        for name in self.statistics:
            record[name] = _finite(analysis.statistics[name])
        for name in self.detectors:
            record[f"detector_{name}"] = _finite(analysis.detections[name].score)
        if self.tokens:
            scores, tokens = analysis.scores, analysis.tokenization
            spans = tokens.spans[scores.start :]
            record["token_start"], record["token_end"] = spans[:, 0], spans[:, 1]
            record["token_id"] = tokens.ids[scores.start :]
            record["token_log_prob"], record["token_rank"] = scores.log_prob, scores.rank
            record["token_entropy"] = scores.entropy


def _free(name: str, taken: Collection[str], others: Collection[str]) -> str:
    """The name itself, or with "input_" before it where it is taken.

    >>> _free("error", ["id", "error"], ["error", "input_error"])
    'input_input_error'
    """
    new = name
    while new in taken or (new != name and new in others):
        new = f"input_{new}"
    return new


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def kind_of(value: Any) -> Kind:
    """What a table column must hold for a JSON value; what tables do not have is JSON text.

    >>> [kind_of(value) for value in (None, True, 7, 2**60, 0.5, "a", [1])]
    ['null', 'bool', 'int', 'long', 'float', 'text', 'text']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= _EXACT else "long" if -_LONGEST <= value < _LONGEST else "text"
    return "float" if isinstance(value, float) else "text"


_BOTH: Mapping[frozenset[Kind], Kind] = {frozenset(("int", "float")): "float", frozenset(("int", "long")): "long"}


def merged(columns: Mapping[str, Kind], more: Iterable[tuple[str, Kind]]) -> dict[str, Kind]:
    """Columns with more of them seen: in order of first appearance, of a kind that holds all values.

    Examples
    --------
    >>> merged({"year": "int", "by": "text", "old": "null"}, [("year", "float"), ("by", "int"), ("old", "bool")])
    {'year': 'float', 'by': 'text', 'old': 'bool'}
    """
    found = dict(columns)
    for name, kind in more:
        before = found.get(name, "null")
        if "null" in (before, kind):
            found[name] = kind if before == "null" else before
        elif before != kind:
            found[name] = _BOTH.get(frozenset((before, kind)), "text")
    return found
