"""How far the numbers move: by rounding, batching, caching, windows and the half-precision body.

    python tests/benchmarks/accuracy.py [--texts 40]

Each line compares one way of scoring with another on the same real texts: mean and largest |Δ log p| of a token, share
of tokens whose rank differs, share that enter or leave rank 1, and the mean |Δ| of a document's mean log p.
"""

import argparse
import gzip
import json
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from analyzer import Analyzer, TokenScores
from analyzer.models.loading import load

DATA = Path(__file__).parents[3] / "shared" / "data" / "detection.jsonl.gz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=40)
    options = parser.parse_args()
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    random.Random(1).shuffle(texts)
    texts = texts[: options.texts]

    def alone(analyzer: Analyzer) -> list[TokenScores]:
        return [analyzer.analyze(text).scores for text in texts]

    def batched(analyzer: Analyzer) -> list[TokenScores]:
        return [analysis.scores for analysis in analyzer.analyze_many(texts)]

    single = load(dtype="float32")
    double, half = load(dtype="float64"), load(dtype="bfloat16")
    float32 = alone(Analyzer(single, cache_bytes=0))
    bfloat16 = alone(Analyzer(half, cache_bytes=0))
    print(f"{'':44}{'mean':>10}{'max':>10}{'rank':>9}{'rank 1':>9}{'document':>10}")
    report("float32 against float64", float32, alone(Analyzer(double, cache_bytes=0)))
    report("float32: in a batch against alone", batched(Analyzer(single)), float32)
    report("float32: after an edit against fresh", edited(Analyzer(single), texts), float32)
    report("bfloat16 body against float32", bfloat16, float32)
    report("bfloat16: in a batch against alone", batched(Analyzer(half)), bfloat16)
    report("bfloat16: after an edit against fresh", edited(Analyzer(half), texts), bfloat16)

    long = "\n\n".join(texts)
    full = Analyzer(single, cache_bytes=0).analyze(long).scores
    for window in (2048, 1024, 512):
        cut = Analyzer(load(dtype="float32", window=window), cache_bytes=0).analyze(long).scores
        report(f"window {window} against {single.info.window} on {len(full):,} tokens", [cut], [full])


def edited(analyzer: Analyzer, texts: Iterable[str]) -> list[TokenScores]:
    """Score each text after one that differs from its middle on, so that half of it comes from the cache."""
    found = []
    for text in texts:
        analyzer.analyze(text[: len(text) // 2] + " And then, one day, everything was different.")
        found.append(analyzer.analyze(text).scores)
    return found


def report(name: str, found: list[TokenScores], wanted: list[TokenScores]) -> None:
    """Print one line."""
    log_prob = [np.concatenate([s.log_prob for s in scores]) for scores in (found, wanted)]
    rank = [np.concatenate([s.rank for s in scores]) for scores in (found, wanted)]
    moved = np.abs(log_prob[0] - log_prob[1])
    document = np.mean([abs(a.log_prob.mean() - b.log_prob.mean()) for a, b in zip(found, wanted, strict=True)])
    changed = (rank[0] != rank[1]).mean()
    first = ((rank[0] == 1) != (rank[1] == 1)).mean()
    print(
        f"{name:44}{moved.mean():10.2g}{moved.max():10.2g}{changed:9.2%}{first:9.2%}{document:10.2g}",
        flush=True,
    )


if __name__ == "__main__":
    main()
