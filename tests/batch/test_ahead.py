import threading
import time
from collections.abc import Generator

import pytest

from analyzer.batch.ahead import ahead


def numbers(n: int, taken: list[int], closed: list[str]) -> Generator[int, None, None]:
    try:
        for i in range(n):
            taken.append(i)
            yield i
    finally:
        closed.append(threading.current_thread().name)


def test_same_items_same_order_made_in_another_thread() -> None:
    taken: list[int] = []
    closed: list[str] = []
    assert list(ahead(numbers(100, taken, closed))) == list(range(100))
    assert closed != [threading.current_thread().name]
    assert len(closed) == 1


def test_no_more_is_made_than_wanted() -> None:
    taken: list[int] = []
    found = ahead(numbers(100, taken, []), depth=2)
    next(found)
    time.sleep(0.2)
    assert len(taken) <= 4  # one taken, two waiting, one in the hand of the thread


def test_an_error_comes_behind_the_items_before_it() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        raise KeyError("two")

    found = ahead(broken())
    assert next(found) == 1
    with pytest.raises(KeyError, match="two"):
        next(found)


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    closed: list[str] = []
    found = ahead(numbers(10**9, [], closed))
    next(found)
    found.close()
    assert len(closed) == 1
    assert threading.active_count() == before


def test_one_behind_the_other() -> None:
    closed: list[str] = []
    first = ahead(numbers(10**9, [], closed))

    def doubled() -> Generator[int, None, None]:
        try:
            for n in first:
                yield 2 * n
        finally:
            first.close()

    second = ahead(doubled())
    assert [next(second) for _ in range(5)] == [0, 2, 4, 6, 8]
    second.close()
    assert len(closed) == 1
