"""The engine of several processes: workers of Ray, on this machine or on many, each with a model.

This process alone reads and writes; workers get texts and give parts, so no file system has to be shared. A few shards
for each worker are on their way or done ahead of their turn, never more; what is done ahead stays in Ray's store until
then. A worker whose process ends is started again by Ray, and its shards go to whoever is free.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from typing import Any

from analyzer import __version__
from analyzer.analysis import Analyzer
from analyzer.batch.about import About
from analyzer.batch.ahead import ahead
from analyzer.batch.engine import Progress
from analyzer.batch.layout import Layout
from analyzer.batch.manifest import changes
from analyzer.batch.parts import Part
from analyzer.batch.ray_worker import Done, Said, Worker
from analyzer.batch.rows import Row
from analyzer.errors import AnalyzerError, InputError, ModelError

__all__ = ["RayEngine"]

_AT_ONCE = 2  # shards in a worker: one in the model, one before or behind it
_AHEAD = 4  # shards a worker, in it or waiting for their turn
_ATTEMPTS = 4  # at a shard, before it is taken for the reason why processes end
_PATIENCE = 0.5  # seconds between looks at whether to stop


@dataclass(eq=False)
class _Task:
    """A shard on its way; `whole` is the reference to its parts, once it is done."""

    rows: Sequence[Row]
    attempts: int = 0
    whole: Any = None
    wanted: bool = True


@dataclass(eq=False)
class _Worker:
    """An actor; not ready while its process is being started."""

    actor: Any
    ready: bool = False
    busy: int = 0
    tokens: int = 0
    asked: float = 0.0


class RayEngine:
    """Workers of the cluster that this process is connected to, see ``ray_cluster``.

    Parameters
    ----------
    make : callable
        Makes the analyzer in a worker.
    workers : int
    gpus : float
        Of each.
    threads : int
        Of each.
    progress : callable, optional
        Is given how many more tokens are scored, about once a second, in the caller's thread; what it raises ends the
        run.
    say : callable, optional
        Is given a sentence when a process has ended.

    Raises
    ------
    AnalyzerError
        If no worker can be started, for its reason.
    """

    def __init__(
        self,
        make: Callable[[], Analyzer],
        *,
        workers: int,
        gpus: float = 0.0,
        threads: int = 1,
        progress: Progress | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        import ray

        self._ray = ray
        self._say = say or (lambda _: None)
        self.progress = progress or (lambda _: None)
        self._done_tokens = self._told = 0
        actor = ray.remote(Worker).options(
            num_cpus=threads, num_gpus=gpus, max_restarts=-1, max_concurrency=_AT_ONCE + 2
        )
        self._workers = [_Worker(actor.remote(make, threads)) for _ in range(workers)]
        self._waits: dict[Any, tuple[str, _Worker, _Task | None, Any]] = {}  # by reference: what it is
        self._about: About | None = None
        for worker in self._workers:
            self._probe(worker)
        try:
            while not any(worker.ready for worker in self._workers):
                self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def about(self) -> About:
        """See ``Engine``."""
        assert self._about is not None
        return self._about

    @property
    def processes(self) -> list[int]:
        """Ids of the workers' processes; waits for those that are being started again."""
        said: list[Said] = self._ray.get([w.actor.said.options(max_task_retries=-1).remote() for w in self._workers])
        return [one.process for one in said]

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(worker.actor)

    def parts(self, runs: Iterable[Sequence[Row]], layout: Layout) -> Generator[list[Part], None, None]:
        """See ``Engine``."""
        shared = self._ray.put(layout)
        with closing(ahead(_generated(runs))) as source:
            yield from self._parts(source, shared)

    def _parts(self, source: Iterator[Sequence[Row]], layout: Any) -> Generator[list[Part], None, None]:
        turn: deque[_Task] = deque()  # in the order of the rows
        try:
            yield from self._in_turn(source, layout, turn)
        finally:
            for task in turn:
                task.wanted = False

    def _in_turn(
        self, source: Iterator[Sequence[Row]], layout: Any, turn: deque[_Task]
    ) -> Generator[list[Part], None, None]:
        ready: deque[_Task] = deque()  # for whoever is free; those that were lost go first
        more = True
        while more or turn:
            while more and not ready and len(turn) < _AHEAD * len(self._workers) and (not turn or self._free()):
                rows = next(source, None)
                if rows is None:
                    more = False
                else:
                    turn.append(_Task(rows, whole=None if rows else ()))
                    ready += [turn[-1]] if rows else []
            while ready and (worker := self._free()):
                self._send(ready.popleft(), worker, layout)
            if turn and turn[0].whole is not None:
                parts = self._get(turn[0])
                if parts is None:
                    ready.appendleft(turn[0])
                else:
                    turn.popleft()
                    yield parts
            elif turn:
                ready.extendleft(self._wait())

    def _free(self) -> _Worker | None:
        """The ready worker with the least to do, if one has room."""
        free = [worker for worker in self._workers if worker.ready and worker.busy < _AT_ONCE]
        return min(free, key=lambda worker: worker.busy, default=None)

    def _send(self, task: _Task, worker: _Worker, layout: Any) -> None:
        if task.attempts == _ATTEMPTS:
            first, last = task.rows[0].number, task.rows[-1].number
            raise ModelError(
                f"Rows {first:,} to {last:,}: a worker's process ended {_ATTEMPTS} times over them.",
                hint="Memory, most likely: give fewer --shard-rows or workers. --resume goes on with what is done.",
            )
        task.attempts += 1
        texts = [row.error or row.text for row in task.rows]
        said, whole = worker.actor.parts.options(num_returns=2).remote(texts, layout)
        worker.busy += 1
        self._waits[said] = ("shard", worker, task, whole)

    def _get(self, task: _Task) -> list[Part] | None:
        """The parts of a shard that is done; None where they were lost with the machine that had them."""
        if not task.rows:
            return []
        try:
            found: list[Part] = self._ray.get(task.whole)
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError:
            task.whole = None
            return None
        return found

    def _probe(self, worker: _Worker) -> None:
        """Hear from it once its process is there and has its model; Ray waits for a process that is started again."""
        worker.ready, worker.tokens = False, 0
        self._waits[worker.actor.about.options(max_task_retries=-1).remote()] = ("about", worker, None, None)

    def _wait(self) -> list[_Task]:
        """Wait until there is news, but not for long; the shards that were lost."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.ready and worker.busy and now > worker.asked + 2 * _PATIENCE:
                worker.asked = now + 3600.0  # until it answers
                self._waits[worker.actor.said.remote()] = ("said", worker, None, None)
        news, _ = self._ray.wait(list(self._waits), num_returns=1, timeout=_PATIENCE)
        lost = [task for reference in news if (task := self._hear(reference)) is not None]
        total = self._done_tokens + sum(worker.tokens for worker in self._workers)
        self.progress(max(0, total - self._told))  # what was lost is not counted twice
        self._told = max(self._told, total)
        return lost

    def _hear(self, reference: Any) -> _Task | None:
        """Take a piece of news in; the shard if it was lost."""
        kind, worker, task, whole = self._waits.pop(reference)
        if task is not None:
            worker.busy -= 1
        try:
            found: Done | Said | About | AnalyzerError = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError:  # what our own code raised there
            raise
        except self._ray.exceptions.RayError as error:  # its process has ended
            self._lost(worker, kind, error)
            return task if task is not None and task.wanted else None
        if isinstance(found, AnalyzerError):
            raise found
        if isinstance(found, Said):
            worker.tokens, worker.asked = found.tokens, time.monotonic()
        elif isinstance(found, About):
            self._check(found)
            worker.ready, worker.asked = True, 0.0
        else:
            self._check(found.about)
            worker.tokens = 0  # until it says how far it is with the next
            self._done_tokens += found.tokens
            assert task is not None
            task.whole = whole
        return None

    def _lost(self, worker: _Worker, kind: str, error: Exception) -> None:
        if kind == "about":  # Ray has given it up
            self._workers.remove(worker)
            if not self._workers:
                reason = (str(error).strip().splitlines() or [""])[0]
                raise InputError(f"No worker could be started ({reason}).", hint="See the logs of Ray.") from error
        elif worker.ready:
            self._say("A worker's process has ended. Ray starts another; the rows it had are done again.")
            self._probe(worker)

    def _check(self, found: About) -> None:
        """All workers must give the same bytes."""
        if found.version != __version__:
            hint = "Install the same version on all machines."
            raise InputError(f"A worker has version {found.version} of the analyzer, this is {__version__}.", hint=hint)
        if self._about is None:
            self._about = found
        elif found != self._about:
            different = "; ".join(changes(asdict(self._about), asdict(found)))
            raise InputError(f"The machines of the cluster differ: {different}.", hint="Use machines of one kind.")


def _generated(runs: Iterable[Sequence[Row]]) -> Generator[Sequence[Row], None, None]:
    yield from runs
