"""The batch engine beside the scorer's own peak, and beside a loop over single texts.

    python tests/benchmarks/bench_batch.py [--texts 128] [--turns 3] [--dtype auto] [--threads 1]

One process and one model; the ways take turns on the same texts, and ratios are medians over turns: of the time on the
clock, and of processor time, which other programs on a busy machine disturb less. Mixed-length real
texts (../shared/data/detection.jsonl.gz; else the project's samples, cut). The ways:

peak    the scorer alone on texts of equal length, in batches without padding: tokenised beforehand, no statistics.
rows    `analyzer.batch.engine.score_rows` on the mixed lengths, with all that a row holds, written as lines of JSON.
loop    `Analyzer.analyze` text by text, without its cache.
"""

import argparse
import gzip
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from analyzer import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.layout import Layout
from analyzer.batch.rows import rows_of
from analyzer.batch.sinks import line_of
from analyzer.batch.threads import choose_threads
from analyzer.models.loading import load
from analyzer.passes import plan, plan_tokens, score_plans
from analyzer.tokens import Tokenization

DATA = Path(__file__).parents[3] / "shared" / "data" / "detection.jsonl.gz"
SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--threads", default="auto")
    options = parser.parse_args()
    threads = choose_threads(options.threads)
    torch.set_num_threads(threads.count)
    model = load(options.model, dtype=options.dtype)
    analyzer = Analyzer(model, cache_bytes=0)
    texts = real_texts(options.texts)
    plans = [plan(model, text) for text in texts]
    lengths = sorted(len(one.tokenization) for one in plans)
    tokens, middle = sum(lengths), lengths[len(lengths) // 2]
    ids = np.concatenate([one.tokenization.ids for one in plans])
    nowhere = np.zeros((middle, 2), np.int64)
    equal = [
        plan_tokens(model, Tokenization("", ids[a : a + middle], nowhere))
        for a in range(0, tokens - middle + 1, middle)
    ]
    print(f"{model.info.name}, {model.info.dtype}, {threads.count} threads ({threads.reason}), {model.info.libraries}")
    print(f"{len(texts)} texts of {lengths[0]} to {lengths[-1]} tokens, median {middle}, {tokens} in all")

    layout, read_out = Layout(), analyzer.scorer.read_out

    def rows() -> int:
        return sum(len(line_of(layout.record(result))) for result in score_rows(analyzer, rows_of(texts)))

    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "peak": (middle * len(equal), lambda: score_plans(model, equal, top_k=10, read_out=read_out)),
        "rows": (tokens, rows),
        "loop": (tokens, lambda: [analyzer.analyze(text) for text in texts]),
    }
    list(analyzer.analyze_many(texts[:4]))
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    cheap: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(options.turns):
        for way, (count, do) in ways.items():
            begun, used = time.perf_counter(), time.process_time()
            do()
            speeds[way].append(count / (time.perf_counter() - begun))
            cheap[way].append(count / (time.process_time() - used))
        print(f"turn {turn + 1}: " + ", ".join(f"{way} {speed[-1]:,.0f} tokens/s" for way, speed in speeds.items()))
    for other in ("peak", "loop"):
        clock, processor = (
            statistics.median(ours / theirs for ours, theirs in zip(found["rows"], found[other], strict=True))
            for found in (speeds, cheap)
        )
        print(f"rows / {other}: {clock:.2f} by the clock, {processor:.2f} by processor time")


def real_texts(count: int) -> list[str]:
    """Texts of mixed lengths, always the same."""
    if DATA.exists():
        with gzip.open(DATA, "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        random.Random(0).shuffle(texts)
        return texts[:count]
    rng = random.Random(0)
    whole = " ".join(path.read_text("utf-8") for path in sorted(SAMPLES.glob("*.txt")))
    starts = [rng.randrange(max(1, len(whole) - 4000)) for _ in range(count)]
    return [whole[start : start + rng.randint(200, 4000)] for start in starts]


if __name__ == "__main__":
    main()
