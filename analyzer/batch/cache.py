"""What came of texts, kept in one file between runs: an SQLite database that several processes may use at once.

A part is kept under a hash of its text and of all that it depends on: program, model, libraries, calibration, and the
layout with the settings of the verdict. It is compressed with the names of the columns as a dictionary, so a record of
numbers takes about as many bytes as its digits.

A cache may only ever save time. One that is locked for too long, damaged or on a full disk is left alone from then on,
which is said once; the run goes on without it.
"""

import hashlib
import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from analyzer.batch.about import About
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part

__all__ = ["Cache", "context_of", "key_of"]

_FORMAT = 1
_PATIENCE = 30.0  # seconds that another process may write
_AT_ONCE = 500  # keys in a query
_FRESH = 3600  # seconds in which a use is not noted again: reading stays reading
_DROPPED = 64  # parts at a time

_TABLES = """
CREATE TABLE IF NOT EXISTS parts (key BLOB PRIMARY KEY, used INTEGER NOT NULL, tokens INTEGER NOT NULL,
    failed INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS parts_used ON parts (used);
"""


def context_of(about: About, layout: Layout) -> bytes:
    """All that a part depends on beside its text; not threads and processor, which move the last digits only."""
    found = {
        "format": _FORMAT,
        "version": about.version,
        "model": about.model,
        "calibration": about.calibration,
        "card": about.card,
        "layout": asdict(layout),
    }
    return hashlib.blake2b(json.dumps(found, sort_keys=True).encode(), digest_size=16).digest()


def key_of(context: bytes, text: str) -> bytes:
    """The key of a text; texts that no encoding can hold have one, too."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=context).digest()


class Cache:
    """An open cache; usable from several threads.

    Parameters
    ----------
    path : Path
        Made where it is not there. On a disk of this machine: network file systems do not lock as SQLite needs it.
    most_bytes : int
        Of the file; what was longest unused goes.
    say : callable
        Is given one sentence if the cache fails.
    names : iterable of str
        Of the columns, for compression.
    clock : callable, optional
        Seconds, as ``time.time``.
    """

    def __init__(
        self,
        path: Path,
        *,
        most_bytes: int,
        say: Callable[[str], None],
        names: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._say = say
        self._names = json.dumps(dict.fromkeys(names)).encode()
        self._clock = clock
        self._lock = threading.Lock()
        self._used: set[bytes] = set()
        self._base: sqlite3.Connection | None = None
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    @property
    def working(self) -> bool:
        """Whether it has not failed."""
        return self._base is not None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def get(self, keys: Iterable[bytes]) -> dict[bytes, Part]:
        """What is there of these."""
        wanted, found = list(keys), dict[bytes, Part]()
        with self._lock:
            if self._base is None:
                return found
            try:
                for start in range(0, len(wanted), _AT_ONCE):
                    some = wanted[start : start + _AT_ONCE]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, used, tokens, failed, body FROM parts WHERE key IN ({marks})"
                    for key, used, tokens, failed, body in self._base.execute(query, some):
                        with suppress(zlib.error):  # a part with a wrong checksum is made anew
                            found[key] = Part(self._unpacked(body), tokens, bool(failed))
                            if used < self._clock() - _FRESH:
                                self._used.add(key)
            except sqlite3.Error as error:
                self._give_up(error)
        return found

    def put(self, parts: Mapping[bytes, Part]) -> None:
        """Keep parts, all of them or none, and note what was used; they are on the disk when this returns."""
        now = int(self._clock())
        rows = [(key, now, one.tokens, one.failed, self._packed(one.body)) for key, one in parts.items()]
        with self._lock:
            if self._base is None or not (rows or self._used):
                return
            try:
                self._base.execute("BEGIN IMMEDIATE")
                self._base.executemany("UPDATE parts SET used = ? WHERE key = ?", [(now, key) for key in self._used])
                self._base.executemany("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?)", rows)
                self._end()
            except sqlite3.Error as error:
                self._give_up(error)
            self._used.clear()

    def _open(self) -> None:
        base = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        self._base = base
        (found,) = base.execute("PRAGMA user_version").fetchone()
        (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found != _FORMAT and tables:
            raise sqlite3.DatabaseError("no cache of this program, or of another version")
        if not tables:
            base.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")  # what a shard was made of is there as long as the shard is
        base.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;")
        base.execute("BEGIN IMMEDIATE")
        self._end()

    def _end(self) -> None:
        """End the transaction: drop what was longest unused until the rest fits, and give the room back."""
        assert self._base is not None
        query = f"DELETE FROM parts WHERE key IN (SELECT key FROM parts ORDER BY used, rowid LIMIT {_DROPPED})"
        dropped = 0
        while self._bytes() > self._most_bytes and (count := self._base.execute(query).rowcount):
            dropped += count
        self._base.execute("COMMIT")
        if dropped:
            self._base.executescript("PRAGMA incremental_vacuum")  # `execute` would take one step of it: one page

    def _bytes(self) -> int:
        assert self._base is not None
        pages, free, size = (
            self._base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _packed(self, body: bytes) -> bytes:
        packing = zlib.compressobj(6, zdict=self._names)
        return packing.compress(body) + packing.flush()

    def _unpacked(self, body: bytes) -> bytes:
        return zlib.decompressobj(zdict=self._names).decompress(body)

    def _give_up(self, error: Exception) -> None:
        self._close()
        self._say(
            f"The cache {self.path} fails ({error}): the run goes on without it. "
            "Remove the file if it is damaged; give another with the next run if it is in use."
        )

    def _close(self) -> None:
        if self._base is not None:
            with suppress(sqlite3.Error):
                self._base.close()
            self._base = None
