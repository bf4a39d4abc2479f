import os
from pathlib import Path

import pytest

from analyzer.batch.readers import read_rows
from analyzer.batch.sources import file_source, find_sources
from analyzer.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a/x.jsonl.gz", "a/y.PDF", ".hidden/z.txt", "a/.secret.txt", "picture.png", "out.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def names(folder: Path, *inputs: str, **options: object) -> list[str]:
    found = find_sources([str(folder / one) for one in inputs], **options)  # type: ignore[arg-type]
    return [str(Path(source.name).relative_to(folder)) for source in found]


def test_folders_hold_what_is_known_and_not_hidden(folder: Path) -> None:
    assert names(folder, ".") == ["a/x.jsonl.gz", "a/y.PDF", "b.txt", "out.csv"]
    assert names(folder, ".", leave_out=[folder / "out.csv", folder / "a"]) == ["b.txt"]


def test_patterns_and_names_take_what_they_say_once(folder: Path) -> None:
    assert names(folder, "*.png", "**/*.gz", "picture.png") == ["picture.png", "a/x.jsonl.gz"]
    kinds = [(s.kind, s.packing, s.is_table) for s in find_sources([str(folder / "a"), str(folder / "picture.png")])]
    assert kinds == [(".jsonl", ".gz", True), (".pdf", "", False), (".txt", "", False)]


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "[1].txt").write_text("x")
    assert names(tmp_path, "[1].txt") == ["[1].txt"]


@pytest.mark.parametrize("given", ["missing.txt", "*.docx", "empty"])
def test_nothing_to_read_is_refused(given: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="no file to read"):
        find_sources([str(folder / given)])


def test_a_kind_can_be_said() -> None:
    assert file_source(Path("data"), kind=".csv").is_table


def test_unfinished_outputs_are_no_input(folder: Path) -> None:
    (folder / "other.jsonl.part").mkdir()
    for name in ("lock", "manifest.json", "shard-0000000.jsonl"):
        (folder / "other.jsonl.part" / name).write_text("{}")
    (folder / "mine.part").mkdir()
    (folder / "mine.part" / "c.txt").write_text("x")
    assert names(folder, ".") == ["a/x.jsonl.gz", "a/y.PDF", "b.txt", "mine.part/c.txt", "out.csv"]


def test_a_folder_that_cannot_be_read_is_a_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, scandir = str(folder / "a"), os.scandir

    def refused(path: str) -> object:
        if path == locked:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refused)
    assert names(folder, ".") == ["a", "b.txt", "out.csv"]
    found = list(read_rows(find_sources([str(folder)]), text_column="x"))
    assert "a cannot be read" in str(found[0].error)
    assert found[1].text == "x"


def test_an_array_of_json_is_refused(folder: Path) -> None:
    (folder / "rows.json.gz").write_text("[]")
    with pytest.raises(InputError, match=r"as \.jsonl"):
        find_sources([str(folder / "rows.json.gz")])
