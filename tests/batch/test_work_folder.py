from pathlib import Path

import pytest

from analyzer.batch.work_folder import Shard, WorkFolder
from analyzer.errors import InputError


def test_shards_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    with WorkFolder.locked(tmp_path / "out.csv") as folder:
        folder.manifest = {"state": 1}
        for number in range(3):
            folder.write_shard(number, Shard(1, 0, 5, {"id": "int"}), [b"line\n"])

        def broken() -> object:
            yield b"half"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            folder.write_shard(3, Shard(1, 0, 5, {}), broken())  # type: ignore[arg-type]
        (folder.path / "shard-0000003.jsonl.tmp").write_bytes(b"what a kill leaves")
    with WorkFolder.locked(tmp_path / "out.csv") as folder:
        assert folder.manifest == {"state": 1}
        assert list(folder.shards()) == [Shard(1, 0, 5, {"id": "int"})] * 3
        assert [list(lines) for lines in folder.lines()] == [[b"line\n"]] * 3
        folder.finish(lambda file: file.write(b"done") and None, errors=2)
        assert folder.is_empty
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_complete_output_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    with WorkFolder.locked(out) as folder:
        monkeypatch.setattr(WorkFolder, "clear", lambda _: None)
        folder.finish(lambda file: file.write(b"abc") and None, errors=2)
        assert folder.completed == 2
        out.write_bytes(b"another file")
        assert folder.completed is None


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "out.csv.part").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"), WorkFolder.locked(tmp_path / "out.csv"):
        pass
