"""What there is to be read: files, folders, patterns, bytes with a name; and their bytes, unpacked."""

import glob
import gzip
import io
import os
import tempfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from analyzer.batch.rows import plain
from analyzer.errors import InputError, UnreadableFile
from analyzer.text import documents

__all__ = ["PACKED", "TABLES", "Source", "bytes_source", "file_source", "find_sources", "opened"]

TABLES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""Endings of files that hold a row a record; every other kind is one row."""

PACKED = (".gz", ".zst")

_WORK_FILES = frozenset({"lock", "manifest.json"})  # in a folder that ends in .part: an unfinished output

_UNREADABLE_ON_UNPACKING = (EOFError, zlib.error)  # gzip's, where a file is cut off or damaged


@dataclass(frozen=True, slots=True)
class Source:
    """Something that holds rows.

    Attributes
    ----------
    name : str
        As it was given, or as it was found in what was given.
    kind : str
        Ending that says what it holds, without that of packing: one of `TABLES`, or of ``documents.KINDS``.
    packing : str
        One of `PACKED`, or nothing.
    path : Path or None
    data : bytes or None
        Instead of a path.
    """

    name: str
    kind: str
    packing: str
    path: Path | None
    data: bytes | None

    @property
    def is_table(self) -> bool:
        """Whether it holds a row a record, not one in all."""
        return self.kind in TABLES


def file_source(path: Path, *, name: str | None = None, kind: str | None = None) -> Source:
    """A file, by the endings of its name; what has none that is known is plain text."""
    found, packing = _kind(path.name)
    # A file's name need not be UTF-8.
    return Source(plain(str(path)) if name is None else name, kind or found, packing, path, None)


def bytes_source(data: bytes, *, name: str) -> Source:
    """Bytes that came with a name, such as an upload."""
    return Source(name, *_kind(name), None, data)


def _kind(name: str) -> tuple[str, str]:
    """Kind and packing by a name's endings.

    >>> _kind("Notes.CSV.gz"), _kind("letter.docx"), _kind("README")
    (('.csv', '.gz'), ('.docx', ''), ('.txt', ''))
    """
    path = Path(name)
    packing = path.suffix.lower() if path.suffix.lower() in PACKED else ""
    return _kind_named(path) if _is_known(path) else ".txt", packing


def _kind_named(path: Path) -> str:
    """Ending of a name, less that of packing.

    >>> _kind_named(Path("Notes.CSV.gz")), _kind_named(Path("README"))
    ('.csv', '')
    """
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    if endings and endings[-1] in PACKED:
        endings.pop()
    return endings[-1] if endings else ""


def _is_known(path: Path) -> bool:
    return _kind_named(path) in (*TABLES, *documents.KINDS)


def find_sources(inputs: Sequence[str], *, leave_out: Collection[Path] = ()) -> list[Source]:
    """Files by name, folders with all below them, and patterns such as ``mail/**/*.txt``.

    Of folders, files of known kinds that are not hidden, in the order of their names, but no unfinished output of this
    program; a folder in them that cannot be read is a source that cannot. Of what is named or matched, every file. A
    file that was found twice is read once.

    Parameters
    ----------
    inputs : sequence of str
    leave_out : collection of Path
        Files and folders that are not read wherever they lie: the output of this very run.

    Raises
    ------
    InputError
        If there is nothing of that name, or nothing in it that can be read.
    """
    left_out = {path.resolve() for path in leave_out}
    found: dict[Path, Source] = {}
    for given in inputs:
        paths = [path for path in _paths(given) if left_out.isdisjoint([path.resolve(), *path.resolve().parents])]
        if not paths:
            raise InputError(f"{given}: there is no file to read.", hint="Check the name; kinds are told by endings.")
        for path in paths:
            shown = plain(str(path))
            if path.exists() and not path.is_file() and not path.is_dir():
                # A pipe would be empty after its fingerprint was taken.
                raise InputError(f"{shown} is no regular file.", hint="Pipe it into standard input: -.")
            if _kind_named(path) == ".json":
                raise InputError(f"{shown}: one JSON value is not read.", hint="Write an object a line, as .jsonl.")
            found.setdefault(path.resolve(), file_source(path))
    return list(found.values())


def _paths(given: str) -> list[Path]:
    path = Path(given)
    if path.is_dir():
        return sorted(_below(path))
    if path.exists() or not glob.has_magic(given):
        return [path] if path.exists() else []
    return [Path(one) for one in sorted(glob.glob(given, recursive=True)) if not Path(one).is_dir()]


def _below(folder: Path) -> Iterator[Path]:
    locked: list[OSError] = []
    for here, folders, files in os.walk(folder, onerror=locked.append):
        if _WORK_FILES.intersection(files) and here.endswith(".part"):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(here, name) for name in files if not name.startswith("."))
        yield from (path for path in paths if _is_known(path) and path.is_file())
    yield from (Path(os.fsdecode(error.filename)) for error in locked)


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The unpacked bytes of a source; what goes wrong while they are read is an UnreadableFile, too."""
    import pyarrow as pa

    try:
        with io.BytesIO(source.data) if source.path is None else source.path.open("rb") as raw:  # type: ignore[arg-type]
            if source.packing == ".gz":
                with gzip.open(raw, "rb") as stream:
                    yield cast(BinaryIO, stream)
            elif source.packing == ".zst":
                # Arrow is here for Parquet and knows zstd: no further library.
                packed = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
                yield cast(BinaryIO, io.BufferedReader(packed))
            else:
                yield cast(BinaryIO, raw)
    except (OSError, pa.ArrowException, *_UNREADABLE_ON_UNPACKING) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(f"{source.name} cannot be read ({reason}).", hint="Check that it is whole.") from error


@contextmanager
def seekable(source: Source) -> Iterator[BinaryIO]:
    """As `opened`, for readers that jump about: what is packed is unpacked into a temporary file first."""
    with opened(source) as stream:
        if not source.packing:
            yield stream
            return
        with tempfile.TemporaryFile() as whole:
            while block := stream.read(1 << 20):
                try:
                    whole.write(block)
                    whole.flush()
                except OSError as error:  # the file is well, and another time there is room
                    raise InputError(
                        f"{tempfile.gettempdir()} has no room to unpack {source.name} ({error.strerror}).",
                        hint="Make room or set TMPDIR to another folder, then run the same command with --resume.",
                    ) from error
            whole.seek(0)
            yield cast(BinaryIO, whole)
