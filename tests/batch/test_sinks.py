import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from analyzer.batch import sinks
from analyzer.batch.layout import Kind, Layout
from analyzer.batch.sinks import all_columns, format_of, line_of, write_output
from analyzer.batch.work_folder import Shard
from analyzer.errors import InputError

LAYOUT = Layout((), ())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c,\n"]), VALUES), max_size=12)


def written(rows: list[dict[str, Any]], form: str, shard_rows: int) -> io.BytesIO:
    records = [dict.fromkeys(LAYOUT.own) | {"id": n, "reasons": ["One.", "Two."]} | row for n, row in enumerate(rows)]
    parts = [records[a : a + shard_rows] for a in range(0, len(records), shard_rows)]
    shards = []
    for part in parts:
        columns: dict[str, Kind] = {}
        for record in part:
            columns = sinks.merged(columns, LAYOUT.input_columns(record).items())
        shards.append(Shard(len(part), 0, 0, columns))
    lines: Iterator[Iterator[bytes]] = (iter([line_of(record) for record in part]) for part in parts)
    file = io.BytesIO()
    write_output(file, lines, form=form, columns=all_columns(LAYOUT, shards), about="{}")
    file.seek(0)
    return file


@settings(max_examples=60)
@given(rows=ROWS, shard_rows=st.integers(1, 5))
def test_every_format_holds_every_row_once_in_order(rows: list[dict[str, Any]], shard_rows: int) -> None:
    found = [json.loads(line) for line in written(rows, "jsonl", shard_rows)]
    assert [{k: v for k, v in row.items() if k not in LAYOUT.own} for row in found] == rows
    text = io.TextIOWrapper(written(rows, "csv", shard_rows), "utf-8", newline="")
    table = list(csv.DictReader(text))
    assert [row["id"] for row in table] == [str(n) for n in range(len(rows))]
    assert all(row["reasons"] == "One. Two." for row in table)
    for cells, row in zip(table, rows, strict=True):
        for name, value in row.items():
            assert cells[name] == ("" if value is None else value if isinstance(value, str) else json.dumps(value))
    columns = parquet.read_table(written(rows, "parquet", shard_rows)).to_pydict()
    assert columns["id"] == list(range(len(rows)) if rows else [])
    for name in set(columns) - set(LAYOUT.own):
        for cell, row in zip(columns[name], rows, strict=True):
            same = cell == row.get(name) or json.dumps(row.get(name), ensure_ascii=False) == cell
            assert same or float(row[name]) == cell  # a column of floats and whole numbers


@settings(max_examples=30)
@given(rows=ROWS, first=st.integers(1, 5), second=st.integers(1, 5))
def test_the_output_does_not_depend_on_where_shards_end(rows: list[dict[str, Any]], first: int, second: int) -> None:
    for form in ("jsonl", "csv"):
        assert written(rows, form, first).read() == written(rows, form, second).read()
    tables = [parquet.read_table(written(rows, "parquet", size)) for size in (first, second)]
    assert tables[0].equals(tables[1])


def test_row_groups_are_large_where_rows_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_GROUP_ROWS", 10)
    file = parquet.ParquetFile(written([{}] * 25, "parquet", 4))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [12, 12, 1]


def test_the_format_is_told_by_the_ending() -> None:
    assert format_of(Path("a.b/out.CSV"), None) == "csv"
    assert format_of(Path("out.txt"), "parquet") == "parquet"
    with pytest.raises(InputError, match="which format"):
        format_of(Path("out"), None)
