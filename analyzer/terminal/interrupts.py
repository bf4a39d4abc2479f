"""Ctrl-C as a wish to stop: what is being done ends between two tokens, and leaves everything whole."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from analyzer.terminal.printing import progress

__all__ = ["Stopped", "interruptible", "stoppable"]


class Stopped(Exception):
    """Ctrl-C in the middle of something long."""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks to stop after the token being made; a second one breaks in."""
    asked: list[bool] = []

    def note(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    if threading.current_thread() is not threading.main_thread():  # only there signals can be taken
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stoppable() -> Iterator[Callable[[int, int], None]]:
    """The bar of something that takes its result over only at the end: Ctrl-C leaves it between two tokens."""
    with interruptible() as stopped, progress() as show:

        def step(done: int, total: int) -> None:
            if stopped():
                raise Stopped
            show(done, total)

        yield step
