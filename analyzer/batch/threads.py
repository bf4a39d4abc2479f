"""How many threads the model gets on a CPU.

The threads of a matrix product wait for each other many thousand times a second, spinning. Where another process takes
one of their processors, all wait for the one that lost its own: two threads on two processors of which one is busy are
many times slower than one thread. So only processors that are idle now are counted.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import InputError

__all__ = ["Threads", "choose_threads", "choose_worker_threads", "usable_processors"]

_IDLE = 0.3  # a load below it, of a processor, is background noise


@dataclass(frozen=True, slots=True)
class Threads:
    """How many, and why so many: one phrase."""

    count: int
    reason: str


def choose_threads(asked: str, *, resumed: int | None = None) -> Threads:
    """As asked for, or as many as there are idle processors.

    Parameters
    ----------
    asked : str
        "auto" or a number.
    resumed : int, optional
        What the run was begun with: another number would move the last digits.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> choose_threads("3")
    Threads(count=3, reason='as asked for')
    """
    if (told := _told(asked, resumed)) is not None:
        return told
    processors, load = usable_processors(), _load()
    count = idle_processors(processors, load)
    return Threads(count, f"{processors} processors, load {load:.1f}")


def choose_worker_threads(
    asked: str, *, workers: int, machines: Sequence[int] | None, gpus: float, resumed: int | None = None
) -> Threads:
    """How many each of several workers gets.

    Parameters
    ----------
    asked : str
        "auto" or a number.
    workers : int
    machines : sequence of int, optional
        Processors of each machine of a cluster; none: this machine, where only idle ones count.
    gpus : float
        Of each worker: where the model is on one, a thread is enough.
    resumed : int, optional
        See ``choose_threads``.

    Raises
    ------
    InputError
        If `asked` is neither.
    """
    if (told := _told(asked, resumed)) is not None:
        return told
    if gpus:
        return Threads(1, "the model is on a GPU")
    if machines is not None:
        return Threads(fitting_threads(machines, workers), f"{sum(machines)} processors of the cluster")
    own, load = usable_processors(), _load()
    return Threads(max(1, idle_processors(own, load) // workers), f"{own} processors, load {load:.1f}")


def fitting_threads(machines: Sequence[int], workers: int) -> int:
    """The most that so many workers can each have, where none stretches over two machines; at least 1.

    >>> fitting_threads([16, 8], 3), fitting_threads([16, 8], 4), fitting_threads([2], 8)
    (8, 5, 1)
    """
    each = range(max(machines, default=1), 0, -1)
    return next((count for count in each if sum(one // count for one in machines) >= workers), 1)


def _told(asked: str, resumed: int | None) -> Threads | None:
    """The number where it is given: by the option, by the run that is gone on with, or by the environment."""
    if asked.isdecimal() and int(asked) > 0:
        return Threads(int(asked), "as asked for")
    if asked != "auto":
        raise InputError(f"threads: got {asked!r}.", hint="Give auto, or a number from 1 on.")
    if resumed is not None:
        return Threads(resumed, "as this run was begun")
    fixed = os.environ.get("OMP_NUM_THREADS", "")
    if fixed.isdecimal() and int(fixed) > 0:
        return Threads(int(fixed), "as OMP_NUM_THREADS says")
    return None


def idle_processors(processors: int, load: float) -> int:
    """How many processors a load leaves, at least 1.

    >>> [idle_processors(4, load) for load in (0.0, 0.2, 1.0, 2.5, 9.0)]
    [4, 4, 3, 1, 1]
    """
    busy = int(load) + (load % 1 > _IDLE)
    return max(1, processors - busy)


def usable_processors() -> int:
    """Those this process may run on, within what a container's quota allows."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, int(quota) // int(period)))
    except (OSError, ValueError):  # no control groups, or "max"
        return count


def _load() -> float:
    """Processes that were running in the last minute, on average."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):  # Windows has none
        return 0.0
