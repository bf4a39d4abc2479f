"""The batch engine beside the scorer's own peak, beside a loop over single texts, and beside two scripts people write.

    python tests/benchmarks/bench_batch.py [--texts 128] [--cut 40] [--turns 3] [--ways rows peak] [--threads 1]

One process and one model; the ways take turns on the same texts, and ratios are medians over turns: of the time on the
clock, and of processor time, which other programs on a busy machine disturb less. Real texts of mixed lengths
(../shared/data/detection.jsonl.gz; else the project's samples, cut); with --cut N the first N / 2 to 3 N / 2 tokens
of each, always the same. The ways:

peak    the scorer alone on texts of equal length, in batches without padding: tokenised beforehand, no statistics.
rows    `analyzer.batch.engine.score_rows` on the mixed lengths, with all that a row holds, written as lines of JSON.
loop    `Analyzer.analyze` text by text, without its cache: as much as of rows is computed, but the lines.
fast    a script in the manner of Fast-DetectGPT's: one text at a time, full logits, log_softmax, softmax, curvature.
padded  a script with padded batches of 16 in the order given: full logits of all positions, curvature text by text.

The two scripts compute one number a text, rows some forty; they run on the model as transformers has it, with our
weights in memory, and keep nothing.
"""

import argparse
import gzip
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_scoring import fast_detect_gpt

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
WAYS = ("rows", "peak", "loop", "fast", "padded")
PADDED = 16  # texts in a batch of the padded script


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--cut", type=int, help="tokens of a text that are kept, on average")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--threads", default="auto")
    options = parser.parse_args()
    threads = choose_threads(options.threads)
    torch.set_num_threads(threads.count)
    model = load(options.model, dtype=options.dtype)
    analyzer = Analyzer(model, cache_bytes=0)
    texts = real_texts(options.texts)
    if options.cut:
        rng = random.Random(0)
        texts = [cut(model, text, rng.randint(options.cut // 2, options.cut * 3 // 2)) for text in texts]
    plans = [plan(model, text) for text in texts]
    lengths = sorted(len(one.tokenization) for one in plans)
    tokens, middle = sum(lengths), lengths[len(lengths) // 2]
    print(f"{model.info.name}, {model.info.dtype}, {threads.count} threads ({threads.reason}), {model.info.libraries}")
    print(f"{len(texts)} texts of {lengths[0]} to {lengths[-1]} tokens, median {middle}, {tokens} in all")

    equal = of_equal_length(model, np.concatenate([one.tokenization.ids for one in plans]), middle)
    read_out = analyzer.scorer.read_out
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "peak": (middle * len(equal), lambda: score_plans(model, equal, top_k=10, read_out=read_out)),
        "rows": (tokens, lambda: lines(analyzer, texts)),
        "loop": (tokens, lambda: [analyzer.analyze(text) for text in texts]),
        "fast": (tokens, lambda: [fast_detect_gpt(model._model, ids[None]) for ids in encoded(model, texts)]),
        "padded": (tokens, lambda: padded(model._model, encoded(model, texts))),
    }
    ways = {way: ways[way] for way in WAYS if way in options.ways}
    lines(analyzer, texts[:2])
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    cheap: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(options.turns):
        for way, (count, do) in ways.items():
            begun, used = time.perf_counter(), time.process_time()
            with torch.inference_mode():
                do()
            speeds[way].append(count / (time.perf_counter() - begun))
            cheap[way].append(count / (time.process_time() - used))
        told = ", ".join(f"{way} {speed[-1]:,.0f}" for way, speed in speeds.items())
        print(f"turn {turn + 1}, tokens/s: {told}", flush=True)
    for other in (way for way in ways if way != "rows" and "rows" in ways):
        clock, processor = (
            statistics.median(ours / theirs for ours, theirs in zip(found["rows"], found[other], strict=True))
            for found in (speeds, cheap)
        )
        print(f"rows / {other:6}: {clock:.2f} by the clock, {processor:.2f} by processor time")


def lines(analyzer: Analyzer, texts: Sequence[str]) -> list[bytes]:
    """What `analyzer batch` computes and writes."""
    layout = Layout()
    return [line_of(layout.record(result)) for result in score_rows(analyzer, rows_of(texts))]


def of_equal_length(model: Any, ids: Any, length: int) -> list[Any]:
    """The same tokens as texts of one length; what is left over is dropped."""
    nowhere = np.zeros((length, 2), np.int64)
    starts = range(0, len(ids) - length + 1, length)
    return [plan_tokens(model, Tokenization("", ids[a : a + length], nowhere)) for a in starts]


def encoded(model: Any, texts: Sequence[str]) -> list[Any]:
    """Token ids of each text behind the start token: tokenising is part of each way but peak."""
    start = [] if model.start_id is None else [model.start_id]
    return [torch.tensor([*start, *model.tokenizer.encode(text).ids.tolist()]) for text in texts]


def padded(net: Any, rows: Sequence[Any]) -> list[float]:
    """Curvatures; the sums of one text at a time, for those of sixteen would take four times the logits' gigabytes."""
    found = []
    for first in range(0, len(rows), PADDED):
        batch = list(rows[first : first + PADDED])
        ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in batch], batch_first=True)
        logits = net(ids, attention_mask=mask).logits
        for row, of_row in zip(batch, logits, strict=True):
            log_p = torch.log_softmax(of_row[: len(row) - 1], -1)
            p = log_p.exp()
            own, mean = log_p.gather(-1, row[1:, None]).sum(), (p * log_p).sum(-1)
            variance = (p * log_p.square()).sum(-1) - mean.square()
            found.append(float((own - mean.sum()) / variance.sum().sqrt()))
    return found


def cut(model: Any, text: str, tokens: int) -> str:
    """The text up to the end of so many tokens."""
    spans = model.tokenizer.encode(text).spans
    return text if len(spans) <= tokens else text[: spans[tokens - 1, 1]]


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
