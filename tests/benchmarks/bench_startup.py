"""From the shell to the numbers: `analyzer analyze` on a 200-word text beside importing torch and transformers alone.

    python tests/benchmarks/bench_startup.py [--repeats 7]

Both are whole processes, taking turns; printed are medians and the median ratio (wanted: under 3).
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = "The wind had fallen by evening, and three boats lay off the point where nobody had seen them come in. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.txt")
        text.write_text(WORDS * 10, encoding="utf-8")  # 200 words
        ours = [str(Path(sys.executable).with_name("analyzer")), "analyze", str(text)]
        imports = [sys.executable, "-c", "import torch, transformers"]
        times: dict[str, list[float]] = {"ours": [], "imports": []}
        for turn in range(repeats + 1):
            for name, command in (("ours", ours), ("imports", imports)):
                begun = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                if turn:  # the first turn warms the disk cache
                    times[name].append(time.perf_counter() - begun)
    ratio = statistics.median(a / b for a, b in zip(times["ours"], times["imports"], strict=True))
    print(f"analyze: {statistics.median(times['ours']):.2f} s, imports: {statistics.median(times['imports']):.2f} s")
    print(f"median ratio over {repeats} turns: {ratio:.2f}")


if __name__ == "__main__":
    main()
