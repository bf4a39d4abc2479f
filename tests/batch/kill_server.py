"""Runs ``analyzer batch`` on the toy model in children that die when they are told to.

Importing torch takes seconds, and the tests kill dozens of runs: so one process imports, and forks a child a run. It
reads a JSON object a line: `arguments`; `event`, at which of the things that matter the child kills itself (a pass of
the model, a flush, a renaming, a removal: before or after it, by turns); `seconds`, after which it does; `pause`,
seconds that each pass of the model takes. It answers with the child's id, then with its status and how many such things
there were.
"""

import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import analyzer.batch.job  # noqa: F401  # heavy: once for all children
from analyzer import cli
from analyzer.analysis import Analyzer
from analyzer.models.toy import ToyModel


def counted(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*given: Any, **named: Any) -> Any:
        count()
        found = function(*given, **named)
        count()
        return found

    return wrapped


def child(order: dict[str, Any], tally: Path) -> None:
    happened = itertools.count(1)
    file = os.open(tally, os.O_WRONLY | os.O_APPEND)

    def count() -> None:
        number = next(happened)
        os.write(file, b".")
        if number == order.get("event"):
            os.kill(os.getpid(), signal.SIGKILL)

    def toy(*_: object) -> Analyzer:
        model = ToyModel("to be or not to be. " * 9)
        score = model.score

        def slow(*given: Any, **named: Any) -> Any:
            time.sleep(order.get("pause", 0))
            return score(*given, **named)

        model.score = counted(slow, count)  # type: ignore[method-assign]
        return Analyzer(model)

    cli._analyzer = toy  # type: ignore[assignment]
    for module, name in ((os, "fsync"), (os, "replace"), (os, "unlink"), (os, "mkdir"), (Path, "unlink")):
        setattr(module, name, counted(getattr(module, name), count))
    if seconds := order.get("seconds"):
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    cli.main(order["arguments"])


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        tally = Path(place) / "tally"
        for line in sys.stdin:
            tally.write_bytes(b"")
            pid = os.fork()
            if not pid:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                try:
                    child(json.loads(line), tally)
                except SystemExit as end:
                    sys.stderr.flush()
                    os._exit(int(end.code or 0))
                os._exit(70)
            print(pid, flush=True)
            _, status = os.waitpid(pid, 0)
            print(os.waitstatus_to_exitcode(status), tally.stat().st_size, flush=True)


if __name__ == "__main__":
    main()
