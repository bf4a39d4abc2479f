"""What a run was begun with, so that a resumed one goes on with the same, or says what is different.

Of an input up to 64 MB the whole content is hashed: a second for 700 MB, and neither a copy nor a touched
file is mistaken for a change. Of a larger one size, time of change, and its first and last megabyte: reading a terabyte
twice would take hours, and a change that keeps all four has to be made on purpose. The number of threads belongs to it,
and the kind of processor: both choose how sums are split, which moves the last digits.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analyzer.batch.about import About
from analyzer.batch.layout import Layout
from analyzer.batch.sources import Source
from analyzer.errors import InputError

__all__ = ["STATE", "changes", "fingerprint", "manifest", "refuse_changes"]

STATE = 2
"""Version of the work folder; another one cannot be resumed."""

_WHOLE = 64 << 20  # bytes of a file that is hashed whole
_END = 1 << 20  # bytes hashed at either end of a larger one
_CHANGES_SHOWN = 5


def manifest(about: About, sources: Iterable[Source], layout: Layout, *, reading: Mapping[str, Any]) -> dict[str, Any]:
    """All that the bytes of the output depend on, as JSON values.

    Parameters
    ----------
    about : About
        Of the engine. Which engine it is, and how many workers it has, changes nothing.
    sources : iterable of Source
    layout : Layout
    reading : mapping
        Settings of the run beside those of the layout: columns, shard size, format, cache.
    """
    return {
        "state": STATE,
        "version": about.version,
        "model": about.model,
        "calibration": about.calibration,
        "card": about.card,
        "settings": {**reading, **_listed(asdict(layout))},
        "machine": {"threads": about.threads, "processor": about.processor},
        "inputs": {source.name: fingerprint(source) for source in sources},
    }


def _listed(found: dict[str, Any]) -> dict[str, Any]:
    """Tuples as JSON gives them back."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def fingerprint(source: Source) -> str:
    """What changes with a file's content; see the module. Of a file that cannot be read, the reason."""
    if source.path is None:
        return f"bytes {hashlib.blake2b(source.data or b'', digest_size=16).hexdigest()}"
    try:
        return _fingerprint(source.path)
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _fingerprint(path: Path) -> str:
    status = path.stat()
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        if status.st_size <= _WHOLE:
            while block := file.read(_END):
                digest.update(block)
            return f"{status.st_size} bytes, {digest.hexdigest()}"
        digest.update(file.read(_END))
        file.seek(-_END, os.SEEK_END)
        digest.update(file.read(_END))
    return f"{status.st_size} bytes of {status.st_mtime_ns}, ends {digest.hexdigest()}"


def refuse_changes(before: Mapping[str, Any], now: Mapping[str, Any], *, folder: Path) -> None:
    """Refuse to go on where anything is different.

    Raises
    ------
    InputError
        Says what was what, and what it is now.
    """
    if found := changes(before, now):
        shown = "; ".join(found[:_CHANGES_SHOWN])
        more = f"; and {len(found) - _CHANGES_SHOWN} more" if len(found) > _CHANGES_SHOWN else ""
        raise InputError(
            f"{folder} was begun with something else: {shown}{more}.",
            hint=f"Give what it was begun with, or remove {folder} and begin anew.",
        )


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is different, one phrase each.

    Examples
    --------
    >>> changes({"model": {"dtype": "float32"}, "inputs": {"a": "1", "b": "2"}},
    ...         {"model": {"dtype": "bfloat16"}, "inputs": {"a": "9", "c": "3"}})
    ['model dtype was float32, is bfloat16', 'a has changed', 'b is no longer there', 'c is new']
    """
    found = []
    for part in [*before, *(name for name in now if name not in before)]:
        was, is_now = before.get(part), now.get(part)
        if part == "inputs":
            found += _input_changes(was or {}, is_now or {})
        elif was == is_now:
            continue
        elif isinstance(was, Mapping) and isinstance(is_now, Mapping):
            names = [*was, *(name for name in is_now if name not in was)]
            found += [
                f"{part} {name} was {_shown(was.get(name))}, is {_shown(is_now.get(name))}"
                for name in names
                if was.get(name) != is_now.get(name)
            ]
        else:
            found.append(f"{part} was {_shown(was)}, is {_shown(is_now)}")
    return found


def _input_changes(was: Mapping[str, str], is_now: Mapping[str, str]) -> list[str]:
    found = [
        f"{name} has changed" if name in is_now else f"{name} is no longer there"
        for name in was
        if was[name] != is_now.get(name)
    ]
    found += [f"{name} is new" for name in is_now if name not in was]
    if not found and list(was) != list(is_now):
        found.append("the inputs were in another order")
    return found


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
