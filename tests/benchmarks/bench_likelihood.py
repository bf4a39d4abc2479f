"""What the likelihood costs beside the forward pass and its scores, and what a bfloat16 body does to it.

    python tests/benchmarks/bench_likelihood.py

The same batches through the same model, taken in turn: scores alone, and whole analyses with statistics, detectors and
likelihood. Texts: the project's samples, cut to 200 words.
"""

import statistics
import time
from pathlib import Path

import numpy as np

from analyzer.analysis import Analyzer
from analyzer.models.loading import load
from analyzer.passes import plan, score_plans

ROUNDS = 7


def main() -> None:
    texts = [
        " ".join(path.read_text(encoding="utf-8").split()[start : start + 200])
        for path in sorted(Path("samples").glob("*.txt"))
        for start in (0, 50)
    ]
    model = load("SmolLM2-135M-Instruct", dtype="float32")
    analyzer = Analyzer(model)
    plans = [plan(model, text) for text in texts]
    ratios = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        score_plans(model, plans, top_k=10)
        middle = time.perf_counter()
        found = list(analyzer.analyze_many(texts))
        ratios.append((time.perf_counter() - middle) / (middle - began))
    print(f"whole analysis / scores alone: median {statistics.median(ratios):.3f}, all {np.round(sorted(ratios), 3)}")

    half = Analyzer(load("SmolLM2-135M-Instruct", dtype="bfloat16"), calibration=analyzer.calibration)
    shifts = [
        abs(a.likelihood.score - b.likelihood.score) for a, b in zip(found, half.analyze_many(texts), strict=True)
    ]
    spread = analyzer.calibration.bins[-1].half_width if analyzer.calibration else float("nan")
    print(f"bfloat16 against float32: score moves by {np.mean(shifts):.3f} on average, {max(shifts):.3f} at most;")
    print(f"the half width of the 90 % interval is {spread:.2f}")


if __name__ == "__main__":
    main()
