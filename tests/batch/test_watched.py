"""Rows scored while somebody looks: each once, in order, whatever is stopped and gone on with, and when."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analyzer.analysis import Analyzer
from analyzer.batch import watched
from analyzer.batch.engine import score_rows
from analyzer.batch.kept import keep
from analyzer.batch.layout import Layout
from analyzer.batch.rows import Row, rows_of
from analyzer.batch.watched import Watched
from analyzer.errors import ModelError
from analyzer.models.toy import ToyModel

TEXTS = ["to be or not to be. " * (1 + n % 7) if n % 9 else "" for n in range(100)]


class Slow(ToyModel):
    """Waits before each batch, and counts them."""

    passes = 0
    problem: Exception | None = None

    def score(self, rows: Any, **options: Any) -> Any:
        time.sleep(0.02)
        self.passes += 1
        if self.problem is not None and self.passes > 2:
            raise self.problem
        return super().score(rows, **options)


def rows() -> list[Row]:
    return list(rows_of(TEXTS))


def until(work: Watched, what: Callable[[], bool]) -> None:
    for _ in range(1000):
        if what():
            return
        work.look(0.05)
    raise AssertionError("it took too long")


def test_results_are_those_of_the_engine() -> None:
    analyzer = Analyzer(ToyModel("to be or not"))
    work = Watched(analyzer, rows())
    until(work, lambda: work.finished)
    alone = [keep(one, Layout()) for one in score_rows(analyzer, rows())]
    assert [one.row.number for one in work.done] == list(range(1, 101))
    assert [one.error for one in work.done] == [one.error for one in alone]
    for one, other in zip(work.done, alone, strict=True):
        np.testing.assert_allclose(one.curve, other.curve, rtol=1e-6)
    assert work.tokens == sum(one.n_tokens for one in alone)
    assert work.seconds_left == 0
    work.look(0)  # nothing more
    assert not work.running


def test_stopped_and_gone_on_with_it_is_the_same() -> None:
    whole, parts = (Watched(Analyzer(Slow("to be or not")), rows()) for _ in range(2))
    until(whole, lambda: whole.finished)
    assert parts.seconds_left is None
    stops = 0
    while not parts.finished:
        before = len(parts.done)
        until(parts, lambda before=before: len(parts.done) > before)
        parts.stop()
        stopped = len(parts.done)
        time.sleep(0.1)
        assert len(parts.done) == stopped
        assert parts.tokens == sum(one.n_tokens for one in parts.done)
        assert parts.finished or not parts.running
        stops += 1
    assert stops > 3
    assert [dict(one.record) for one in parts.done] == [dict(one.record) for one in whole.done]


def test_nobody_looks_and_it_rests_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "_PATIENCE", 0.05)
    work = Watched(Analyzer(Slow("to be or not")), rows())
    work.look(0)
    for _ in range(100):
        if not work.running:
            break
        time.sleep(0.05)
    assert not work.running
    assert len(work.done) < len(TEXTS)
    monkeypatch.setattr(watched, "_PATIENCE", 10.0)
    until(work, lambda: work.finished)
    assert [one.row.number for one in work.done] == list(range(1, 101))
    assert threading.active_count() < 10


def test_what_goes_wrong_is_raised_once_and_what_is_done_stays() -> None:
    model = Slow("to be or not")
    model.problem = RuntimeError("out of memory")
    work = Watched(Analyzer(model), rows())
    with pytest.raises(RuntimeError, match="out of memory"):
        until(work, lambda: work.finished)
    assert not work.running
    model.problem = None
    until(work, lambda: work.finished)


def test_a_row_the_model_cannot_do_has_its_reason() -> None:
    class Bad(ToyModel):
        def score(self, rows: Any, **options: Any) -> Any:
            if any(len(row.ids) > 30 for row in rows):
                raise ModelError("Too much.")
            return super().score(rows, **options)

    work = Watched(Analyzer(Bad("to be or not")), list(rows_of(["to be", "to be " * 9, "not"])))
    until(work, lambda: work.finished)
    assert [one.error for one in work.done] == ["", "Too much.", ""]


def test_no_rows_are_done_at_once() -> None:
    work = Watched(Analyzer(ToyModel("to be")), [])
    assert work.finished
    work.look(0)
    assert not work.running
