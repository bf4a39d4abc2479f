"""Uploads and pasted texts as rows: numbered through, up to the limits, with a guess of the columns."""

import gzip
import json

import pytest

from analyzer.batch import taking
from analyzer.batch.readers import Choice, read_rows
from analyzer.batch.sources import Source, bytes_source
from analyzer.batch.taking import Header, header_of, take


def table(name: str, *records: dict[str, object]) -> Source:
    return bytes_source("".join(json.dumps(one) + "\n" for one in records).encode(), name=name)


FILES = [
    bytes_source(b"One file.", name="one.txt"),
    table("a.jsonl", {"id": "x", "text": "two words"}, {"id": "y", "text": None}),
    table("b.jsonl", {"title": "t", "body": "a longer one"}, {"title": "u", "body": "and another"}),
    bytes_source(b"no", name="broken.docx"),
]


def test_rows_of_all_kinds_are_numbered_through() -> None:
    found = take(FILES, ["pasted"])
    assert [(row.number, row.id) for row in found.rows] == [
        (1, "one.txt"), (2, "x"), (3, "y"), (4, 4), (5, 5), (6, "broken.docx"), (7, "pasted 1"),
    ]  # fmt: skip
    assert [row.text for row in found.rows][:3] == ["One file.", "two words", None]
    assert (found.words, found.errors, found.more) == (10, 2, False)
    header = header_of(FILES[2])
    assert header == Header(("title", "body"), Choice("body", None))
    chosen = take(FILES, columns={header: Choice("title", "body")})
    assert [(row.id, row.text) for row in chosen.rows[3:5]] == [("a longer one", "t"), ("and another", "u")]


def test_with_the_same_columns_they_are_the_rows_of_the_command() -> None:
    for row, other in zip(take(FILES[:2]).rows, read_rows(FILES[:2]), strict=True):
        assert (row.number, row.id, row.text, dict(row.columns), str(row.error), row.source) == (
            other.number, other.id, other.text, dict(other.columns), str(other.error), other.source,
        )  # fmt: skip


def test_headers_and_guesses() -> None:
    assert header_of(FILES[0]) is None
    assert header_of(bytes_source(b"", name="empty.csv")) is None
    assert header_of(bytes_source(b"id,a,b\n1,x,a much longer text\n", name="t.csv")) == Header(
        ("id", "a", "b"), Choice("b", "id")
    )
    assert header_of(bytes_source(b"id,year\n1,\n", name="t.csv")) == Header(("id", "year"), Choice("year", "id"))
    assert header_of(table("n.jsonl", {"id": 1, "n": 2})) == Header(("id", "n"), None)


@pytest.mark.parametrize(("rows", "characters", "kept"), [(3, 99, 3), (9, 18, 3), (9, 17, 1), (3, 5, 0)])
def test_what_is_beyond_the_limits_is_left_out_and_said(rows: int, characters: int, kept: int) -> None:
    found = take(FILES, most_rows=rows, most_characters=characters)
    assert (len(found.rows), found.more) == (kept, True)


def test_a_small_file_packed_from_a_huge_one_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "_MOST_UNPACKED", 1000)
    large = bytes_source(gzip.compress(b"a " * 600), name="large.txt.gz")
    small = bytes_source(gzip.compress(b"a " * 400), name="small.txt.gz")
    cut = bytes_source(gzip.compress(b"a " * 400)[:20], name="cut.txt.gz")
    packed = bytes_source(gzip.compress(b'{"text": "a"}\n' * 90), name="t.jsonl.gz")
    found = take([large, small, cut, packed]).rows
    assert ["unpacks to more" in str(row.error) for row in found] == [True, False, False, True]
    assert found[1].text == "a " * 400
    assert "cannot be read" in str(found[2].error)
    assert header_of(packed) is None
