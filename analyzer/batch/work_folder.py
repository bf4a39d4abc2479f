"""The folder beside an unfinished output: what the run was begun with, and the shards that are done.

A kill may come between any two instructions, and power may fail. So a file here is written under another name, flushed
to the disk, and renamed: it is there whole or not at all. Shards are done in order, so those that are there are the
first ones, and a resumed run begins behind them.

::

    OUT.part/lock                one process at a time
             manifest.json       what the run was begun with; not there: nothing is done
             stdin               standard input, which cannot be read again
             shard-0000000.jsonl a line about the shard, then its records
             complete.json       size and hash of the output, written before it gets its name
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from filelock import FileLock, Timeout

from analyzer.batch.layout import Kind
from analyzer.errors import InputError

__all__ = ["Shard", "WorkFolder", "cannot_write", "work_folder_of"]

_BLOCK = 1 << 20


def work_folder_of(out: Path) -> Path:
    """Where the unfinished output `out` is kept."""
    return out.with_name(f"{out.name}.part")


@dataclass(frozen=True, slots=True)
class Shard:
    """What is said about a shard in its first line.

    Attributes
    ----------
    rows, errors, tokens : int
        How many; errors are rows without an analysis.
    columns : mapping of str to Kind
        Of the id and of what came from the input.
    """

    rows: int
    errors: int
    tokens: int
    columns: dict[str, Kind]


class WorkFolder:
    """See the module; use ``WorkFolder.locked``."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = work_folder_of(out)

    @classmethod
    @contextmanager
    def locked(cls, out: Path) -> Iterator["WorkFolder"]:
        """Make the folder where it is not there, and keep other processes out of it.

        Raises
        ------
        InputError
            If it cannot be made, or another process is at work in it.
        """
        folder = cls(out)
        with cannot_write(folder.path):
            folder.path.mkdir(exist_ok=True)
            lock = FileLock(folder.path / "lock")
            try:
                lock.acquire(timeout=0)
            except Timeout as error:  # an OSError, too
                hint = "Wait for it, or name another OUT."
                raise InputError(f"Another process is writing {out}.", hint=hint) from error
        try:
            yield folder
        finally:
            lock.release()
            with suppress(OSError):
                if folder.is_empty:
                    shutil.rmtree(folder.path)

    @property
    def manifest(self) -> dict[str, Any] | None:
        """What the run was begun with; None where nothing was begun."""
        return self._read("manifest.json")

    @manifest.setter
    def manifest(self, found: dict[str, Any]) -> None:
        self._write("manifest.json", lambda file: file.write(_json_line(found)))

    @property
    def stdin(self) -> Path | None:
        """Standard input as it was kept, once all of it was read."""
        path = self.path / "stdin"
        return path if path.exists() else None

    def keep_stdin(self, stream: BinaryIO) -> Path:
        """Read all of standard input into the folder."""

        def copy(file: BinaryIO) -> None:
            shutil.copyfileobj(stream, file, _BLOCK)

        return self._write("stdin", copy)

    def write_shard(self, number: int, shard: Shard, lines: Iterable[bytes]) -> None:
        """Add a shard: numbers go on from 0."""
        about = {"rows": shard.rows, "errors": shard.errors, "tokens": shard.tokens, "columns": shard.columns}

        def put(file: BinaryIO) -> None:
            file.write(_json_line(about))
            file.writelines(lines)

        self._write(f"shard-{number:07}.jsonl", put)

    def shards(self) -> Iterator[Shard]:
        """What is said about the shards that are done, in order."""
        for path in self._shard_paths():
            with path.open("rb") as file:
                yield Shard(**json.loads(file.readline()))

    def lines(self) -> Iterator[Iterator[bytes]]:
        """The records of each shard that is done, as lines of JSON, in order."""
        for path in self._shard_paths():
            with path.open("rb") as file:
                file.readline()
                yield file

    def finish(self, write: Callable[[BinaryIO], None], *, errors: int) -> None:
        """Write the output under another name, give it its own, and leave nothing else."""
        whole = self._write("output", write)
        about = {"output": _digest(whole), "errors": errors}
        self._write("complete.json", lambda file: file.write(_json_line(about)))
        with cannot_write(self.out):
            os.replace(whole, self.out)
            _flush_folder(self.out.parent)
        self.clear()

    @property
    def completed(self) -> int | None:
        """How many errors the output has, if it has its name already: a run was killed while it cleared up."""
        found = self._read("complete.json")
        if found is None or not self.out.is_file() or found["output"] != _digest(self.out):
            return None
        return int(found["errors"])

    @property
    def is_empty(self) -> bool:
        """Whether nothing was begun, or all is cleared."""
        return {one.name for one in self.path.iterdir()} <= {"lock"}

    def clear(self) -> None:
        """Remove everything but the lock; last of all what says that the output is complete."""
        with cannot_write(self.path):
            for path in sorted(self.path.iterdir(), key=lambda one: one.name == "complete.json"):
                if path.name != "lock":
                    path.unlink()

    def _shard_paths(self) -> list[Path]:
        return sorted(one for one in self.path.iterdir() if re.fullmatch(r"shard-\d{7,}\.jsonl", one.name))

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path / name} cannot be read ({error}).", hint=f"Remove {self.path} and begin anew."
            ) from error
        return found

    def _write(self, name: str, write: Callable[[BinaryIO], object]) -> Path:
        path, unfinished = self.path / name, self.path / f"{name}.tmp"
        with cannot_write(self.path):
            try:
                with unfinished.open("wb") as file:
                    write(cast(BinaryIO, file))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, path)
                _flush_folder(self.path)
            except BaseException:
                with suppress(OSError):  # gives the space back
                    unfinished.unlink(missing_ok=True)
                raise
        return path


@contextmanager
def cannot_write(path: Path) -> Iterator[None]:
    """A full disk, a folder without permission: one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}).",
            hint="Make room or give permission, then run the same command with --resume: what is done is kept.",
        ) from error


def _flush_folder(path: Path) -> None:
    """A new name is on the disk only once its folder is."""
    if os.name == "posix":  # elsewhere folders cannot be opened
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _json_line(found: dict[str, Any]) -> bytes:
    return json.dumps(found).encode() + b"\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
