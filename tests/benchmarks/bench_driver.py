"""How fast the process that reads and writes is, when scoring costs it nothing: the bottleneck of many workers.

    python tests/benchmarks/bench_driver.py [--rows 50000] [--turns 3]

Rows of about 1,400 characters (some 300 tokens of English) with an id and one more column go through `job.run` with an
engine that gives each the same ready part: so what is measured is reading, cutting, putting lines together, writing
shards with a flush to the disk, and the output. `--ray`: with a worker of Ray that gives the same part, so that sending
and fetching count, too; it takes processor time of its own. Output as JSON lines and as Parquet.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from analyzer.analysis import Analyzer
from analyzer.analysis_result import Analysis
from analyzer.batch.about import About, about
from analyzer.batch.engines import Engine
from analyzer.batch.job import Job, run
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part, part_of
from analyzer.batch.rows import Row
from analyzer.batch.sources import file_source
from analyzer.batch.work_folder import WorkFolder
from analyzer.models.toy import ToyModel

SENTENCE = "the of and to a in that it was his he with as had for at by on not be is but from this have which"
CHARACTERS = 1400
TOKENS = 300
WORKER_THREADS = 1


class Nothing:
    """Gives each row the same part."""

    def __init__(self) -> None:
        analyzer = Analyzer(ToyModel(SENTENCE))
        self.about: About = about(analyzer, threads=WORKER_THREADS)
        self.part = ready_part(analyzer)

    def parts(self, runs: Iterable[Sequence[Row]], layout: Layout) -> Generator[list[Part], None, None]:
        del layout
        for run_ in runs:
            yield [self.part] * len(run_)


def ready_part(analyzer: Analyzer) -> Part:
    """All statistics and detectors of some text."""
    return part_of(analyzer.analyze(SENTENCE), Layout())


class Idle:
    """In the place of a scorer: every text is the same."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.found = analyzer.analyze(SENTENCE)

    def prepare(self, text: str) -> str:
        return text

    def score(self, prepared: Sequence[str], **_: Any) -> Sequence[str]:
        return prepared

    def finish(self, _: str) -> Analysis:
        return self.found


def idle_analyzer() -> Analyzer:
    analyzer = Analyzer(ToyModel(SENTENCE))
    analyzer._scorer = Idle(analyzer)  # type: ignore[assignment]
    return analyzer


@contextmanager
def idle_worker() -> Iterator[Engine]:
    """Workers of Ray that only write the same part again and again."""
    from analyzer.batch.ray_cluster import connected
    from analyzer.batch.ray_engine import RayEngine

    with connected(None, workers=1, gpus=0), closing(RayEngine(idle_analyzer, workers=1)) as engine:
        yield engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "rows.jsonl"
        megabytes = write_rows(source, options.rows)
        print(f"{options.rows:,} rows, {megabytes:.0f} MB of JSON lines, {options.turns} turns, medians")
        print("engine    output    rows/s   MB/s read   tokens/s at 300 a row")
        if options.ray:
            with idle_worker() as engine:
                measure("ray", engine, source, megabytes, options.rows, options.turns)
        else:
            measure("none", Nothing(), source, megabytes, options.rows, options.turns)


def write_rows(path: Path, count: int) -> float:
    """Write rows; megabytes."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            words = rng.choices(SENTENCE.split(), k=CHARACTERS // 4)
            text = " ".join(words)[: rng.randint(CHARACTERS // 2, CHARACTERS * 3 // 2)]
            print(json.dumps({"id": f"r{number}", "text": text, "source": "made up"}), file=file)
    return path.stat().st_size / 1e6


def measure(name: str, engine: Engine, source: Path, megabytes: float, rows: int, turns: int) -> None:
    for form in ("jsonl", "parquet"):
        seconds = []
        for _ in range(turns):
            out = source.with_name(f"out.{form}")
            job = Job([file_source(source)], form, Layout())
            begun = time.perf_counter()
            with WorkFolder.locked(out) as folder:
                run(engine, job, folder)
            seconds.append(time.perf_counter() - begun)
            out.unlink()
        speed = rows / statistics.median(seconds)
        print(f"{name:9} {form:9} {speed:7,.0f}   {megabytes * speed / rows:9.1f}   {TOKENS * speed:19,.0f}")


if __name__ == "__main__":
    main()
