"""The most memory that `analyzer batch` ever holds, by the number of rows.

    python tests/benchmarks/bench_memory.py [--rows 1000 10000 100000] [--form jsonl] [--tokens]

The toy model on rows of 9 to 63 tokens, with all statistics and detectors; each number of rows in a process of its own,
so that none inherits another's peak. What counts is that the last row of the table holds what the first does: the
difference is what would grow with the data. Peaks are the kernel's (VmHWM, Linux).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORPUS = "to be or not to be. " * 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--form", default="jsonl", choices=["jsonl", "csv", "parquet"])
    parser.add_argument("--tokens", action="store_true", help="Also lists over the tokens.")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child, options.form, tokens=options.tokens)))
        return
    print("   rows   peak MB   above loaded   seconds   output MB")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as place:
            asked = [sys.executable, str(Path(__file__).resolve()), "--child", str(rows), "--form", options.form]
            asked += ["--tokens"] if options.tokens else []
            done = subprocess.run(asked, cwd=place, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        print(
            f"{rows:7,}   {found['peak']:7.0f}   {found['peak'] - found['loaded']:12.0f}   {found['seconds']:7.0f}"
            f"   {found['output']:9.1f}",
            flush=True,
        )


def child(rows: int, form: str, *, tokens: bool) -> dict[str, float]:
    """Write so many rows, score them; megabytes and seconds."""
    from analyzer import cli
    from analyzer.analysis import Analyzer
    from analyzer.models.toy import ToyModel

    path, out = Path("rows.jsonl"), Path(f"out.{form}")
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            print(json.dumps({"id": n, "text": "to be or " * (1 + n % 7), "group": n % 10}), file=file)
    analyzer = Analyzer(ToyModel(CORPUS), cache_bytes=0)
    cli._analyzer = lambda *_: analyzer
    loaded, begun = peak(), time.perf_counter()
    asked = ["batch", str(path), "--out", str(out), "--threads", "1", *(["--tokens"] if tokens else [])]
    if status := cli.main(asked, standalone_mode=False):
        raise SystemExit(status)
    seconds = time.perf_counter() - begun
    return {"peak": peak(), "loaded": loaded, "seconds": seconds, "output": out.stat().st_size / 2**20}


def peak() -> float:
    """Megabytes, the most this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise SystemExit("This benchmark reads /proc: it needs Linux.")
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
