"""Rows scored in a thread of their own for as long as somebody looks; what is done stays, and can be gone on with.

For a page, which cannot hear a click while it computes: it looks in every second or two, shows what is there, and says
stop between two batches of the model.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import closing

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_shards
from analyzer.batch.kept import Kept, keep
from analyzer.batch.layout import Layout
from analyzer.batch.rows import Row

__all__ = ["Watched"]

_ROWS = 16  # of a shard: few, so that rows come one after another
_CHARACTERS = 6000  # of a shard: about 1,500 tokens, a few seconds of one slow processor
_PATIENCE = 10.0  # seconds after the last look


class _Unwanted(Exception):
    """Nobody wants more."""


class _Turn:
    """One thread's permission to work: ends when it is taken away, or when nobody has looked for a while."""

    def __init__(self) -> None:
        self.wanted = True
        self.until = time.monotonic() + _PATIENCE

    def check(self) -> None:
        if not self.wanted or time.monotonic() > self.until:
            raise _Unwanted


class Watched:
    """Results of rows, in order, as they come.

    Shards are cut from the rows that are left, behind whole ones: a run that was stopped and gone on with has the same
    batches, and so the same numbers, as one that was not.

    Parameters
    ----------
    analyzer : Analyzer
    rows : sequence of Row

    Attributes
    ----------
    done : list of Kept
        Grows shard by shard.
    tokens : int
        Scored so far, also of the shard being scored.
    seconds : float
        Spent so far.
    """

    def __init__(self, analyzer: Analyzer, rows: Sequence[Row]) -> None:
        self.analyzer = analyzer
        self.rows = rows
        self.done: list[Kept] = []
        self.tokens = 0
        self.seconds = 0.0
        self._turn: _Turn | None = None
        self._error: BaseException | None = None
        self._news = threading.Condition()
        self._length = sum(len(row.text or "") for row in rows)
        self._done_length = 0

    @property
    def finished(self) -> bool:
        """Whether every row is done."""
        return len(self.done) == len(self.rows)

    @property
    def running(self) -> bool:
        """Whether a thread is at work."""
        return self._turn is not None

    @property
    def seconds_left(self) -> float | None:
        """As long as the rest takes at the speed so far; None before anything is done."""
        if not self._done_length:
            return None
        return self.seconds * (self._length - self._done_length) / self._done_length

    def look(self, seconds: float) -> None:
        """Have the work go on, and wait until there is something new, but no longer than so many seconds.

        Raises
        ------
        Exception
            What ended the work.
        """
        with self._news:
            if self._turn is None and not self.finished:
                self._turn = _Turn()
                threading.Thread(target=self._work, args=(self._turn,), daemon=True).start()
            if self._turn is not None:
                self._turn.until = time.monotonic() + _PATIENCE
                before = len(self.done)
                self._news.wait_for(lambda: self._turn is None or len(self.done) > before, seconds)
            if self._error is not None:
                error, self._error = self._error, None
                raise error

    def stop(self) -> None:
        """Let nothing more be done: the batch being scored is the last, and is not kept."""
        with self._news:
            if self._turn is not None:
                self._turn.wanted, self._turn = False, None
                self.tokens = sum(one.n_tokens for one in self.done)

    def _work(self, turn: _Turn) -> None:
        layout, begun = Layout(), time.monotonic()
        error: BaseException | None = None

        def progress(tokens: int) -> None:
            turn.check()
            with self._news:
                if turn.wanted:
                    self.tokens += tokens

        try:
            left = iter(self.rows[len(self.done) :])
            scored = score_shards(
                self.analyzer, left, shard_rows=_ROWS, shard_characters=_CHARACTERS, progress=progress
            )
            with closing(scored):
                for shard in scored:
                    turn.check()
                    found = [keep(result, layout) for result in shard]
                    with self._news:
                        turn.check()
                        self._done_length += sum(len(one.row.text or "") for one in found)
                        self.seconds, begun = self.seconds + time.monotonic() - begun, time.monotonic()
                        self.done.extend(found)
                        self._news.notify_all()
        except _Unwanted:
            pass
        except BaseException as problem:  # shown by who looks
            error = problem
        with self._news:
            if self._turn is turn:
                self._turn, self._error = None, error
                self.tokens = sum(one.n_tokens for one in self.done)
            self._news.notify_all()
