"""Records as Arrow tables and data frames."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from analyzer.analysis_result import Analysis
from analyzer.batch.layout import Kind, Layout, merged
from analyzer.batch.rows import Result, Row, cell_text
from analyzer.errors import AnalyzerError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["columns_of", "schema", "table_of", "to_frame", "to_table"]

_TYPES: Mapping[Kind, Any] = {
    "null": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "long": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "ints": pa.list_(pa.int64()),
    "floats": pa.list_(pa.float64()),
}


def to_frame(results: Iterable[Result | Analysis | AnalyzerError], layout: Layout | None = None) -> "pd.DataFrame":
    """One row a result, as the command writes it."""
    frame: pd.DataFrame = to_table(results, layout).to_pandas()
    return frame


def to_table(results: Iterable[Result | Analysis | AnalyzerError], layout: Layout | None = None) -> Any:
    """A ``pyarrow.Table``, one row a result; lists over tokens are put end to end once, and not copied again.

    What ``Analyzer.analyze_many`` gives is numbered from 1.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.batch.engine import score_rows
    >>> from analyzer.batch.rows import rows_of
    >>> from analyzer.models.toy import ToyModel
    >>> results = score_rows(Analyzer(ToyModel("to be")), rows_of(["to be", ""]))
    >>> to_table(results, Layout((), (), tokens=True)).select(["id", "error", "token_rank"]).to_pydict()
    {'id': [1, 2], 'error': [None, 'There is no text to score. Give at least one word.'], \
'token_rank': [[1, 1, 1, 1, 1], None]}
    """
    layout = layout or Layout()
    records = [layout.record(_result(number, one)) for number, one in enumerate(results, 1)]
    return table_of(records, columns_of(records, layout))


def _result(number: int, found: Result | Analysis | AnalyzerError) -> Result:
    if isinstance(found, Result):
        return found
    if isinstance(found, AnalyzerError):
        return Result(Row(number, number, None, error=found), None, found)
    return Result(Row(number, number, found.text), found, None)


def columns_of(records: Sequence[Mapping[str, Any]], layout: Layout) -> dict[str, Kind]:
    """The columns of records and what they hold: the layout's own, then those of the input."""
    seen: dict[str, Kind] = {}
    for record in records:
        seen = merged(seen, layout.input_columns(record).items())
    return layout.own | seen


def schema(columns: Mapping[str, Kind], *, about: str | None = None) -> Any:
    """The ``pyarrow.Schema`` of columns; `about` is kept in its metadata."""
    fields = [pa.field(name, _TYPES[kind]) for name, kind in columns.items()]
    return pa.schema(fields, metadata=None if about is None else {"analyzer": about})


def table_of(records: Sequence[Mapping[str, Any]], columns: Mapping[str, Kind]) -> Any:
    """A ``pyarrow.Table`` of records, whose lists over tokens are arrays or lists."""
    arrays = [_column([record.get(name) for record in records], kind) for name, kind in columns.items()]
    return pa.Table.from_arrays(arrays, schema=schema(columns))


def _column(values: list[Any], kind: Kind) -> Any:
    if kind in ("ints", "floats"):
        return _lists(values, np.int64 if kind == "ints" else np.float64)
    if kind == "text":
        values = [None if value is None else cell_text(value) for value in values]
    elif kind == "float":
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, _TYPES[kind])


def _lists(values: list[Any], dtype: type) -> Any:
    """Lists of numbers as one array and where each begins: Arrow takes both as they are."""
    parts: list[Any] = [np.empty(0, dtype) if value is None else np.asarray(value, dtype) for value in values]
    offsets = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(np.concatenate([*parts, np.empty(0, dtype)])), mask=mask
    )
