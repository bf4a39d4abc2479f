"""Whatever the rows and however they are packed, each comes out once, in order, with its text or its reason."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import docx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from analyzer.batch.readers import Choice, check_columns, read_rows
from analyzer.batch.rows import Row
from analyzer.batch.sources import bytes_source, file_source, find_sources
from analyzer.errors import EmptyText, InputError, UnreadableFile

Given = list[tuple[str | None, int]]


def packed(data: bytes, packing: str) -> bytes:
    if packing == ".gz":
        return gzip.compress(data)
    return pa.compress(data, codec="zstd", asbytes=True) if packing == ".zst" else data


def table(rows: Given, kind: str) -> bytes:
    if kind == ".jsonl":
        return "".join(json.dumps({"text": text, "n": n}) + "\n" for text, n in rows).encode()
    if kind == ".parquet":
        file = io.BytesIO()
        columns = {"text": pa.array([t for t, _ in rows], pa.string()), "n": pa.array([n for _, n in rows], pa.int64())}
        parquet.write_table(pa.table(columns), file)
        return file.getvalue()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="," if kind == ".csv" else "\t")
    writer.writerows([("text", "n"), *((t, n) for t, n in rows)])
    return text.getvalue().encode()


def read(data: bytes, name: str, **columns: Any) -> list[Row]:
    return list(read_rows([bytes_source(data, name=name)], **columns))


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(st.none() | st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9))),
    kind=st.sampled_from([".jsonl", ".csv", ".tsv", ".parquet"]),
    packing=st.sampled_from(["", ".gz", ".zst"]),
)
def test_any_rows_in_any_table(rows: Given, kind: str, packing: str) -> None:
    found = read(packed(table(rows, kind), packing), f"rows{kind}{packing}")
    assert [row.number for row in found] == list(range(1, len(rows) + 1))
    for row, (text, n) in zip(found, rows, strict=True):
        no_null = kind in (".csv", ".tsv")  # there null is the empty text
        assert row.text == ((text or "") if no_null else text)
        assert row.columns == {"n": str(n) if no_null else n}
        assert row.text is not None or isinstance(row.error, EmptyText)


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(st.text("ab"), st.integers(0, 9)), max_size=9), skip=st.integers(0, 12))
def test_what_is_skipped_is_not_counted_anew(rows: Given, skip: int) -> None:
    sources = [
        bytes_source(b"one", name="a.txt"),
        bytes_source(table(rows, ".jsonl"), name="b.jsonl"),
        bytes_source(b"two", name="c.txt"),
    ]
    whole, rest = list(read_rows(sources)), list(read_rows(sources, skip=skip))
    assert [(row.number, row.id, row.text) for row in rest] == [(row.number, row.id, row.text) for row in whole[skip:]]


def test_documents_are_a_row_each(tmp_path: Path) -> None:
    paper = docx.Document()
    paper.add_paragraph("To be.")
    paper.save(str(tmp_path / "a.docx"))
    (tmp_path / "b.html").write_text("<p>Or <b>not</b>")
    (tmp_path / "c.md.gz").write_bytes(gzip.compress("# tö".encode()))
    (tmp_path / "d.txt").write_bytes(b"bad \xff")
    (tmp_path / "e.pdf").write_bytes(b"no pdf")
    (tmp_path / "f.docx.zst").write_bytes(packed((tmp_path / "a.docx").read_bytes(), ".zst"))
    found = list(read_rows(find_sources([str(tmp_path)])))
    assert [row.text for row in found] == ["To be.", "Or not", "# tö", None, None, "To be."]
    assert found[0].id == str(tmp_path / "a.docx")
    assert "byte 5 is 0xff" in str(found[3].error)
    assert "no readable PDF" in str(found[4].error)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 2 is not JSON"),
        (b"[1]", "line 2 is no JSON object"),
        (b'{"text": null}', "the value is null"),
        (b'{"text": 7}', "Expected text, got int"),
        (b'{"other": "x"}', "Row 2 has no column 'text', only: other"),
        (b'{"text": "a\xff"}', "The text is not UTF-8 (character 2 is byte 0xff)"),
        (b'{"text": ' + b"[" * 100_000, "line 2 is not JSON"),
        (b'{"text": "a", "n": ' + b"1" * 5000 + b"}", "line 2 is not JSON"),
        (b'{"text": "a", "n": ' + b"[" * 700 + b"]" * 700 + b"}", "Row 2 holds a value that is nested too deep"),
    ],
)
def test_a_bad_line_is_a_row_and_the_next_is_read(line: bytes, message: str) -> None:
    found = read(b'\xef\xbb\xbf{"text": "one"}\n' + line + b'\n\n{"text": "three", "x": NaN, "y": 1e999}', "rows.jsonl")
    assert [row.text for row in found] == ["one", None, "three"]
    assert message in str(found[1].error)
    assert found[2].columns == {"x": None, "y": None}


def test_a_bad_cell_that_is_not_the_text_is_shown_with_escapes() -> None:
    found = read(b'id,text,note\n1,"a\nb",\xff\n2,\xfe,ok\n,c\n1,2,3,4\n', "rows.csv")
    assert [(row.id, row.text, dict(row.columns)) for row in found] == [
        ("1", "a\nb", {"note": "\\xff"}),
        ("2", None, {"note": "ok"}),
        (3, "c", {}),
        (4, None, {}),
    ]
    assert "byte 0xfe" in str(found[1].error)
    assert "expected 3 cells, got 4" in str(found[3].error)


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
def test_a_quote_that_is_never_closed_costs_one_row(name: str) -> None:
    comma = "," if name == "rows.csv" else "\t"
    rows = [f"{n}{comma}to be" for n in range(1, 6)]
    rows[1] = f'2{comma}"Hello, she said'
    rows[3] = f'4{comma}"two\nlines"'
    found = read("\n".join([f"id{comma}text", *rows]).encode(), name)
    assert [(row.id, row.text) for row in found] == [
        ("1", "to be"), (2, None), ("3", "to be"), ("4", "two\nlines"), ("5", "to be"),
    ]  # fmt: skip
    assert "line 3 is not CSV (a quote is not closed)" in str(found[1].error)


def test_a_quote_closed_by_the_next_stray_one_costs_one_row_too() -> None:
    found = read(b'id,text\n1,"a\n2,"b\n3,"c\n4,d\n', "rows.csv")
    assert [row.text for row in found] == [None, None, None, "d"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_utf16_is_named(name: str) -> None:
    (row,) = read('{"text": "a"}\n{"text": "b"}\n'.encode("utf-16"), name)
    assert "is in UTF-16" in str(row.error)


def test_dates_that_python_does_not_know_are_carried_as_numbers() -> None:
    columns = {
        "text": pa.array(["a"]),
        "t": pa.array([-(2**62)]).cast(pa.timestamp("ms")),
        "d": pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
        "l": pa.array([2**62]).cast(pa.duration("s")),
        "z": pa.array([5]).cast(pa.timestamp("ms", tz="Mars/Base")),
    }
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    (row,) = read(file.getvalue(), "rows.parquet")
    assert row.columns == {"t": -(2**62), "d": 2**31 - 1, "l": 2**62, "z": 5}


def test_an_id_that_is_no_number_or_text_is_kept_as_text() -> None:
    (row,) = read(b'{"id": {"a": [1]}, "text": "x"}', "rows.jsonl")
    assert row.id == '{"a": [1]}'


def test_no_room_to_unpack_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    with pytest.raises(InputError, match=r"no room to unpack rows\.parquet\.gz"):
        read(packed(table([("a", 1)], ".parquet"), ".gz"), "rows.parquet.gz")


def test_parquet_with_strings_that_are_none() -> None:
    text = pa.array([b"ok", b"bad \xff", None], pa.binary()).view(pa.string())
    others = {
        "words": pa.array(["x", "y", "x"]).dictionary_encode(),
        "day": pa.array([1, 2, None], pa.date32()),
        "nested": pa.array([{"a": [1.5]}, None, {"a": []}]),
        "nan": pa.array([float("nan"), 1.0, None]),
    }
    file = io.BytesIO()
    parquet.write_table(pa.table({"text": text} | others), file)
    found = read(file.getvalue(), "rows.parquet")
    assert [row.text for row in found] == ["ok", None, None]
    assert "byte 0xff" in str(found[1].error)
    assert found[0].columns == {"words": "x", "day": "1970-01-02", "nested": {"a": [1.5]}, "nan": None}


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".parquet"])
@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_file_that_breaks_off_ends_with_its_reason(kind: str, packing: str) -> None:
    whole = packed(table([(str(n) * 50, n) for n in range(2000)], kind), packing)
    found = read(whole[: len(whole) // 2], f"rows{kind}{packing}")
    assert isinstance(found[-1].error, UnreadableFile)
    assert all(row.error is None for row in found[:-1][: 1 if kind == ".csv" else None])


@pytest.mark.parametrize("name", ["rows.parquet", "rows.jsonl.gz", "rows.csv.zst", "missing.jsonl", "letter.txt.gz"])
def test_what_is_not_what_its_name_says_is_one_row(name: str, tmp_path: Path) -> None:
    source = file_source(tmp_path / name) if "missing" in name else bytes_source(b"nothing of that kind", name=name)
    (row,) = read_rows([source])
    assert isinstance(row.error, UnreadableFile)
    assert name in str(row.error)


def test_concatenated_streams_are_one() -> None:
    data = b'{"text": "a"}\n'
    for packing in (".gz", ".zst"):
        assert len(read(packed(data, packing) * 2, f"rows.jsonl{packing}")) == 2


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".tsv", ".parquet"])
def test_a_row_of_ten_megabytes(kind: str) -> None:
    long = "to be, or\tnot\n" * 750_000
    assert [row.text for row in read(table([("a", 1), (long, 2), ("b", 3)], kind), f"rows{kind}")] == ["a", long, "b"]


def test_columns_are_chosen_by_their_names_or_for_want_of_others() -> None:
    assert check([{"id": 1, "body": "x", "n": 2}]) == [Choice("body", "id")]
    assert check([{"a": "x", "text": "y"}]) == [Choice("text", None)]
    assert check([{"a": "x", "b": "y"}], text_column="b", id_column="a") == [Choice("b", "a")]
    assert check([{"id": 1, "lang": "en"}, {"id": 2, "lang": "en", "text": "x"}]) == [Choice("text", "id")]
    assert check([{"a": None}, {"a": "x"}]) == [Choice("a", None)]
    with pytest.raises(InputError, match=r"which column is the text.*--text-column: a, b"):
        check([{"a": "x", "b": "y"}])
    with pytest.raises(InputError, match=r"no column 'c'.*Give another --id-column: a"):
        check([{"a": "x"}], id_column="c")
    with pytest.raises(InputError, match="only column is 'id;text'"):
        check([{"id;text": "1;x"}])
    with pytest.raises(InputError, match="is an output of this program"):
        check([{"id": 1, "n_tokens": 2, "human_p_value": 0.5, "verdict": "unclear", "reasons": []}])
    (row,) = read(b'{"a": "x", "b": "y"}', "rows.jsonl")
    assert "which column" in str(row.error)
    assert row.columns == {"a": "x", "b": "y"}


def test_short_rows_do_not_hide_the_column_of_the_text() -> None:
    found = read(b"id,lang,text\n1,en\n2,en,to be\n", "rows.csv")
    assert [row.text for row in found] == [None, "to be"]
    assert "Row 1 has no column 'text'" in str(found[0].error)


def test_a_table_that_cannot_be_read_is_no_reason_not_to_read_the_others() -> None:
    sources = [bytes_source(b"a,b\nx,y\n", name="two.csv"), bytes_source(b"text\nto be\n", name="one.csv")]
    problem, choice = check_columns(sources, text_column=None, id_column=None)
    assert (str(problem)[:8], choice) == ("two.csv:", Choice("text", None))
    assert [row.text for row in read_rows(sources)] == [None, "to be"]


def check(rows: list[dict[str, object]], **columns: Any) -> list[Choice | InputError]:
    data = "\n".join(map(json.dumps, rows)).encode()
    options = {"text_column": None, "id_column": None} | columns
    return check_columns([bytes_source(data, name="rows.jsonl")], **options)


def test_the_same_name_twice_is_two_columns() -> None:
    (row,) = read(b"text,n,n\na,1,2\n", "rows.csv")
    assert row.columns == {"n": "1", "n_2": "2"}
