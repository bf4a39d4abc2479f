"""Shards to the output: JSON lines, CSV or Parquet, one row for each input row.

Only here all columns of the input are known: rows of JSON lines need not have the same, nor files.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from analyzer.batch.layout import Kind, Layout, merged
from analyzer.batch.parts import json_of
from analyzer.batch.rows import cell_text
from analyzer.batch.work_folder import Shard
from analyzer.errors import InputError

__all__ = ["FORMATS", "all_columns", "format_of", "line_of", "write_output"]

FORMATS = ("jsonl", "csv", "parquet")

_GROUP_ROWS = 8192  # of a row group: Parquet packs few rows badly
_GROUP_BYTES = 16 << 20  # which bounds memory where lists over tokens make rows long


def format_of(out: Path, asked: str | None) -> str:
    """The format by its name, or by the output's ending.

    Raises
    ------
    InputError
        If neither tells.
    """
    found = asked or out.suffix.lower().removeprefix(".").replace("ndjson", "jsonl")
    if found not in FORMATS:
        raise InputError(f"{out}: which format?", hint="End its name in .jsonl, .csv or .parquet, or give --format.")
    return found


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON.

    >>> line_of({"id": 1, "error": None})
    b'{"id": 1, "error": null}\\n'
    """
    return json_of(record) + b"\n"


def all_columns(layout: Layout, shards: Iterable[Shard]) -> dict[str, Kind]:
    """The layout's own columns and those of the input, in order of first appearance."""
    seen: dict[str, Kind] = {}
    for shard in shards:
        seen = merged(seen, shard.columns.items())
    return layout.own | seen


def write_output(
    file: BinaryIO, lines: Iterable[Iterator[bytes]], *, form: str, columns: Mapping[str, Kind], about: str
) -> None:
    """Write the records of all shards.

    Parameters
    ----------
    file : binary file
    lines : iterable of iterator of bytes
        The records of each shard, as lines of JSON.
    form : str
        One of `FORMATS`.
    columns : mapping of str to Kind
        Of the table; lines of JSON keep their own.
    about : str
        JSON on what made the numbers: kept in a Parquet file's metadata, under "analyzer".
    """
    if form == "jsonl":
        for shard in lines:
            file.writelines(shard)
    elif form == "csv":
        _csv(file, lines, columns)
    else:
        _parquet(file, lines, columns, about)


def _csv(file: BinaryIO, lines: Iterable[Iterator[bytes]], columns: Mapping[str, Kind]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text)  # lines end as RFC 4180 has it; else a lone carriage return would not be quoted
    table.writerow(columns)
    for shard in lines:
        for record in map(json.loads, shard):
            record["reasons"] = " ".join(record["reasons"] or ())
            values = (record.get(name) for name in columns)
            table.writerow(["" if value is None else cell_text(value) for value in values])
    text.flush()
    text.detach()  # who opened the file closes it


def _parquet(file: BinaryIO, lines: Iterable[Iterator[bytes]], columns: Mapping[str, Kind], about: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    from analyzer.batch.frames import schema

    described = schema(columns, about=about)
    with parquet.ParquetWriter(file, described, compression="zstd") as writer:
        for group in _groups(lines, columns):
            writer.write_table(pa.concat_tables(group).replace_schema_metadata(described.metadata))


def _groups(lines: Iterable[Iterator[bytes]], columns: Mapping[str, Kind]) -> Iterator[list[Any]]:
    """Tables of neighbouring shards together, up to the size of a row group."""
    from analyzer.batch.frames import table_of

    group: list[Any] = []
    for shard in lines:
        # Shard by shard: as Python's numbers, lists over tokens take many times the memory.
        group.append(table_of([json.loads(line) for line in shard], columns))
        if sum(map(len, group)) >= _GROUP_ROWS or sum(table.nbytes for table in group) >= _GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group
