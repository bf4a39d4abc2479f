"""Tables to records, one at a time: JSON lines, CSV, TSV and Parquet.

A record that cannot be read is an error in its place, and the next one is read. Bytes that are not UTF-8 are kept apart
as lone surrogates (Python's ``surrogateescape``), so that one bad cell spoils neither its row's other cells nor the
file; for this CSV is read by Python's own reader: Arrow's refuses the whole block, and rows longer than a block.
"""

import io
import json
from collections.abc import Generator, Iterator
from math import isfinite
from typing import Any, BinaryIO

from analyzer.batch.csv_rows import csv_rows
from analyzer.batch.rows import plain
from analyzer.batch.sources import Source, opened, seekable
from analyzer.errors import InputError, UnreadableFile

__all__ = ["Record", "records"]

Record = dict[str, Any]

_BOM = b"\xef\xbb\xbf"
_ROWS_AT_ONCE = 64  # of a Parquet file: a row may have 10 MB


def records(source: Source) -> Generator[Record | InputError, None, None]:
    """The records of a table, in order; each a mapping of column to JSON value, or why it cannot be read.

    A file that breaks off ends with an error.
    """
    read = {".csv": _csv, ".tsv": _tsv, ".parquet": _parquet}.get(source.kind, _json_lines)
    try:
        with seekable(source) if source.kind == ".parquet" else opened(source) as stream:
            yield from read(stream, source.name)
    except UnreadableFile as error:
        yield error


def _json_lines(stream: BinaryIO, name: str) -> Iterator[Record | InputError]:
    for number, line in enumerate(stream, 1):
        if number == 1:
            _refuse_utf16(line, name)
            line = line.removeprefix(_BOM)
        if not line.strip():
            continue
        try:
            # Python reads NaN, Infinity and 1e999, which JSON does not have or which could not be written.
            found = json.loads(
                line.decode("utf-8", "surrogateescape"), parse_constant=lambda _: None, parse_float=_finite
            )
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long a number"
            yield InputError(f"{name}, line {number} is not JSON ({reason}).", hint="Write one object a line.")
            continue
        if isinstance(found, dict):
            yield found
        else:
            yield InputError(f"{name}, line {number} is no JSON object.", hint="Write one object a line.")


def _tsv(stream: BinaryIO, name: str) -> Iterator[Record | InputError]:
    return _csv(stream, name, delimiter="\t")


def _csv(stream: BinaryIO, name: str, *, delimiter: str = ",") -> Iterator[Record | InputError]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    header: list[str] | None = None
    for line, cells in csv_rows(text, delimiter):
        if isinstance(cells, str):
            yield InputError(f"{name}, line {line} is not CSV ({cells}).", hint="Check its quotes.")
        elif not cells:
            continue
        elif header is None:
            _refuse_utf16(cells[0].encode("utf-8", "surrogateescape"), name)
            header = _unlike(plain(cells))
        elif len(cells) > len(header):
            yield InputError(
                f"{name}, line {line}: expected {len(header)} cells, got {len(cells)}.",
                hint="Put quotes around cells that hold the separator.",
            )
        else:
            yield dict(zip(header, cells, strict=False))  # cells missing at the end are missing columns
    text.detach()  # the stream is closed by who opened it


def _refuse_utf16(begins: bytes, name: str) -> None:
    if begins.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{name} is in UTF-16.", hint="Save it in UTF-8.")


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if isfinite(value) else None


def _unlike(names: list[str]) -> list[str]:
    """Column names, each once.

    >>> _unlike(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    found: list[str] = []
    for name in names:
        new, count = name, 1
        while new in found:
            count += 1
            new = f"{name}_{count}"
        found.append(new)
    return found


def _parquet(stream: BinaryIO, _: str) -> Iterator[Record | InputError]:
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.ParquetFile(stream)
    names = _unlike(table.schema_arrow.names)
    for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE):
        columns = []
        for column in batch.columns:
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                # As bytes: Arrow takes strings at their word, and Python refuses the whole column for one bad byte.
                values = [None if v is None else v.decode("utf-8", "surrogateescape") for v in _bytes(column)]
            else:
                values = [_json_value(_python(v)) for v in column]
            columns.append(values)
        for cells in zip(*columns, strict=True):
            yield dict(zip(names, cells, strict=True))


def _bytes(column: Any) -> list[bytes | None]:
    import pyarrow as pa

    large = pa.types.is_large_string(column.type)
    found: list[bytes | None] = column.cast(pa.large_binary() if large else pa.binary()).to_pylist()
    return found


def _python(scalar: Any) -> Any:
    unknown = (ValueError, OverflowError, KeyError)  # a string that is not UTF-8; a date or time zone unknown to Python
    try:
        return scalar.as_py()
    except unknown:
        try:
            return str(scalar)
        except unknown:  # dates and times as the number that they are kept as
            return getattr(scalar, "value", f"a {scalar.type} that cannot be shown")


def _json_value(value: Any) -> Any:
    """What JSON cannot hold as text: dates in ISO form, exact decimals, bytes with escapes."""
    if isinstance(value, float) and value - value != 0:  # nan, infinity
        return None
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {str(key): _json_value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
