"""Working in advance: the items of an iterator, made in a thread while the last ones are being used."""

import threading
from collections.abc import Generator
from dataclasses import dataclass
from queue import Empty, Queue
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

_PATIENCE = 0.05  # seconds between looks at whether the thread has ended


@dataclass(frozen=True, slots=True)
class _End:
    """No more items: all are there, or what went wrong behind the last."""

    error: BaseException | None = None


def ahead(items: Generator[T, None, None], *, depth: int = 1) -> Generator[T, None, None]:
    """The same items in the same order, up to `depth` + 1 of them made in advance in a thread of its own.

    What `items` raises is raised here, behind the items before it. Closing, also by leaving a loop, waits until the
    item being made is done, and closes `items`.

    Examples
    --------
    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    queue: Queue[T | _End] = Queue(depth)
    unwanted = threading.Event()

    def work() -> None:
        end = _End()
        try:
            for item in items:
                queue.put(item)
                if unwanted.is_set():
                    break
        except BaseException as error:  # also KeyboardInterrupt: the caller's thread has to hear of it
            end = _End(error)
        finally:
            items.close()  # here, in the thread that runs it
        queue.put(end)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        while thread.is_alive():  # it may be waiting for room
            try:
                queue.get(timeout=_PATIENCE)
            except Empty:
                continue
