"""An engine behind a cache: a text is scored once, in this run or in one before it.

What a shard still needs depends on the cache as it was when the run began and on the shards before it, not on how far
ahead shards are taken: a text that is on its way counts as one that is there. Parts are on the disk before their shard
is. So a run that is killed and resumed gives the same bytes as one that was not, as long as nobody else writes into
the cache and nothing was dropped from it.
"""

import threading
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from analyzer.batch.about import About
from analyzer.batch.cache import Cache, context_of, key_of
from analyzer.batch.engines import Engine
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part
from analyzer.batch.rows import Row

__all__ = ["CachedEngine"]


@dataclass(frozen=True, slots=True)
class _Shard:
    """Its keys, None for rows without a text; the rows to be scored and their keys; what was in the cache."""

    keys: list[bytes | None]
    new: list[Row]
    new_keys: list[bytes | None]
    there: dict[bytes, Part]
    shared: set[bytes]


class CachedEngine:
    """Asks the cache first, and the engine for the rest.

    Parameters
    ----------
    engine : Engine
    cache : Cache

    Attributes
    ----------
    taken : int
        Rows that were not scored.
    """

    def __init__(self, engine: Engine, cache: Cache) -> None:
        self._engine = engine
        self._cache = cache
        self.taken = 0

    @property
    def about(self) -> About:
        """See ``Engine``."""
        return self._engine.about

    def parts(self, runs: Iterable[Sequence[Row]], layout: Layout) -> Generator[list[Part], None, None]:
        """See ``Engine``."""
        context = context_of(self.about, layout)
        soon = _Soon()
        waiting: deque[_Shard] = deque()

        def left() -> Iterator[list[Row]]:
            for rows in runs:
                waiting.append(self._looked_up(rows, context, soon))
                yield waiting[-1].new

        with closing(self._engine.parts(left(), layout)) as scored:
            for parts in scored:
                yield self._together(waiting.popleft(), parts, soon)

    def _looked_up(self, rows: Sequence[Row], context: bytes, soon: "_Soon") -> _Shard:
        keys = [None if row.text is None else key_of(context, row.text) for row in rows]
        wanted = dict.fromkeys(key for key in keys if key is not None)
        with soon.lock:
            shared = {key for key in wanted if key in soon.counts}
            there = self._cache.get(key for key in wanted if key not in shared)
            missing = [key for key in wanted if key not in shared and key not in there]
            soon.counts.update([*shared, *missing])
        new: list[Row] = []
        new_keys: list[bytes | None] = []
        first = set(missing)
        for row, key in zip(rows, keys, strict=True):
            if key is None or key in first:
                first.discard(key or b"")
                new.append(row)
                new_keys.append(key)
        return _Shard(keys, new, new_keys, there, shared | set(missing))

    def _together(self, shard: _Shard, scored: Sequence[Part], soon: "_Soon") -> list[Part]:
        """The parts of all rows; those that are new are kept first."""
        new = {key: part for key, part in zip(shard.new_keys, scored, strict=True) if key is not None}
        without_text = iter([part for key, part in zip(shard.new_keys, scored, strict=True) if key is None])
        self._cache.put(new)
        with soon.lock:
            soon.parts |= new
            known = shard.there | {key: soon.parts[key] for key in shard.shared}
            soon.release(shard.shared)
        self.taken += len(shard.keys) - len(shard.new)
        return [next(without_text) if key is None else known[key] for key in shard.keys]


class _Soon:
    """Texts of shards on their way: in how many each is, and its part once it is there."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[bytes] = Counter()
        self.parts: dict[bytes, Part] = {}

    def release(self, keys: Iterable[bytes]) -> None:
        """A shard that needed these is done."""
        for key in keys:
            self.counts[key] -= 1
            if not self.counts[key]:
                del self.counts[key]
                self.parts.pop(key, None)
