import os
from pathlib import Path

import pytest
import torch

from analyzer.batch import threads
from analyzer.batch.ahead import ahead
from analyzer.batch.threads import choose_threads, choose_worker_threads
from analyzer.errors import InputError


@pytest.fixture
def _four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(Path, "read_text", lambda _: "max 100000")


@pytest.mark.usefixtures("_four_processors")
def test_only_idle_processors_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1.6, 9, 9))
    assert choose_threads("auto") == threads.Threads(2, "4 processors, load 1.6")
    assert choose_threads("auto", resumed=3).count == 3
    assert choose_threads("4", resumed=3).count == 4


@pytest.mark.usefixtures("_four_processors")
def test_a_quota_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _: "250000 100000")
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0, 0))
    assert choose_threads("auto").count == 2


def test_what_the_environment_says_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert choose_threads("auto") == threads.Threads(7, "as OMP_NUM_THREADS says")


@pytest.mark.parametrize("asked", ["0", "-1", "many", ""])
def test_anything_else_is_refused(asked: str) -> None:
    with pytest.raises(InputError, match="threads: got"):
        choose_threads(asked)


def test_the_models_thread_takes_the_number_over() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        assert list(ahead(torch.get_num_threads() for _ in range(1))) == [before + 1]
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("_four_processors")
def test_workers_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0, 0))
    assert choose_worker_threads("auto", workers=2, machines=None, gpus=0) == threads.Threads(
        2, "4 processors, load 0.0"
    )
    assert choose_worker_threads("auto", workers=9, machines=None, gpus=0).count == 1
    assert choose_worker_threads("auto", workers=3, machines=[8, 8], gpus=0).count == 4
    assert choose_worker_threads("auto", workers=3, machines=[8, 8], gpus=0.5).count == 1
    assert choose_worker_threads("auto", workers=3, machines=[8, 8], gpus=1, resumed=7).count == 7
    assert choose_worker_threads("6", workers=3, machines=[8, 8], gpus=0, resumed=7).count == 6
