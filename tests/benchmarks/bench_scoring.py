"""Our scorer beside the usual ways of doing it, on the same real texts and the same model.

    python tests/benchmarks/bench_scoring.py [--texts 200] [--dtype float32]

Each way runs in a process of its own, so that no one's allocator settings help another; the parent lets them take
turns on blocks of texts and prints medians of the block-wise ratios. Peak memory is each process's own, above what it
held with the model loaded. The ways:

gltr    HendrikStrobelt/detecting-fake-text, backend/api.py: one text at a time, full softmax, full argsort, a numpy
        look-up per token, top 40. Float32.
fast    baoguangsheng/fast-detect-gpt, scripts/fast_detect_gpt.py: one text at a time, full logits, analytic
        curvature from log_softmax and softmax. Float32.
padded  a padded batch of 8 with attention mask, full logits, log_softmax, rank by argsort of argsort.
body    nothing but the body's forward pass in our batches: what no scorer can be faster than.
ours    `Analyzer.analyze_many`: log-probability, rank, entropy, varentropy, top 10 and all statistics.
"""

import argparse
import gzip
import json
import multiprocessing
import random
import re
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data" / "detection.jsonl.gz"
WAYS = ("gltr", "fast", "padded", "body", "ours")
BLOCK = 40  # texts a turn: enough to form batches of similar length


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--dtype", default="auto", help="of ours and body; the others run in float32")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    options = parser.parse_args()
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    random.Random(0).shuffle(texts)
    texts = texts[: options.texts]

    context = multiprocessing.get_context("spawn")
    workers = {}
    for way in WAYS:
        mine, theirs = context.Pipe()
        context.Process(target=work, args=(theirs, way, options.model, options.dtype), daemon=True).start()
        workers[way] = mine
    for way, pipe in workers.items():
        print(f"{way:7} {pipe.recv()}", flush=True)

    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    memory = dict.fromkeys(WAYS, 0)
    tokens = 0
    for start in range(0, len(texts), BLOCK):
        for way, pipe in workers.items():
            pipe.send(texts[start : start + BLOCK])
            elapsed, memory[way], count = pipe.recv()
            seconds[way].append(elapsed)
        tokens += count
        print(f"{start + BLOCK} texts", end="\r", flush=True)

    for pipe in workers.values():
        pipe.send([])
    print(f"\n{len(texts)} texts, {tokens} tokens, {BLOCK} texts a turn; ratios are medians over turns\n")
    print("way      tokens/s   ours is … times as fast   peak memory above the loaded model")
    for way in WAYS:
        ratios = [theirs / ours for theirs, ours in zip(seconds[way], seconds["ours"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(
            f"{way:7} {tokens / sum(seconds[way]):9.0f}   {middle:6.2f}  (quartiles {low:.2f}–{high:.2f})"
            f"   {memory[way] / 2**20:8.0f} MiB"
        )
    shares = [b / o for b, o in zip(seconds["body"], seconds["ours"], strict=True)]
    print(f"\nThe bare body takes {statistics.median(shares):.0%} of our time (median over turns).")


def work(pipe: Connection, way: str, name: str, dtype: str) -> None:
    """Load, warm up, say what is running, then time one block of texts after the other."""
    import torch

    from analyzer.models.loading import load

    score: Callable[[list[str]], Any]
    model = load(name, dtype=dtype if way in ("ours", "body") else "float32")
    encode = model.tokenizer.encode
    net, start = model._model, [] if model.start_id is None else [model.start_id]

    def ids_of(text: str) -> Any:
        return torch.tensor([[*start, *encode(text).ids.tolist()]])

    if way == "gltr":
        score = lambda texts: [gltr(net, ids_of(text)) for text in texts]  # noqa: E731
    elif way == "fast":
        score = lambda texts: [fast_detect_gpt(net, ids_of(text)) for text in texts]  # noqa: E731
    elif way == "padded":
        score = lambda texts: padded(net, [ids_of(text)[0] for text in texts])  # noqa: E731
    elif way == "body":
        score = lambda texts: body(model, [ids_of(text)[0] for text in texts])  # noqa: E731
    else:
        from analyzer import Analyzer

        analyzer = Analyzer(model)
        score = lambda texts: list(analyzer.analyze_many(texts))  # noqa: E731
    with torch.inference_mode():
        score(["The wind had fallen by evening, and three boats lay off the point. " * 8] * 2)
        pipe.send(f"{model.info.dtype}, {torch.get_num_threads()} threads, {model.info.libraries}")
        loaded = _memory("VmRSS")
        while texts := pipe.recv():
            count = sum(len(encode(text)) for text in texts)
            begun = time.perf_counter()
            score(texts)
            pipe.send((time.perf_counter() - begun, _memory("VmHWM") - loaded, count))


def gltr(net: Any, ids: Any) -> Any:
    import numpy as np
    import torch

    logits = net(ids).logits[0, :-1]
    probabilities = torch.softmax(logits, 1)
    ordered = torch.argsort(probabilities, dim=1, descending=True).cpu().numpy()
    targets = ids[0, 1:].numpy()
    ranks = [int(np.where(ordered[i] == target)[0][0]) for i, target in enumerate(targets)]
    own = probabilities[torch.arange(len(targets)), ids[0, 1:]].tolist()
    return ranks, own, torch.topk(probabilities, k=40, dim=1)


def fast_detect_gpt(net: Any, ids: Any) -> float:
    import torch

    logits, labels = net(ids).logits[:, :-1], ids[:, 1:, None]
    log_p, p = torch.log_softmax(logits, -1), torch.softmax(logits, -1)
    own = log_p.gather(-1, labels).squeeze(-1)
    mean = (p * log_p).sum(-1)
    variance = (p * log_p.square()).sum(-1) - mean.square()
    return float((own.sum() - mean.sum()) / variance.sum().sqrt())


def padded(net: Any, rows: list[Any]) -> Any:
    import torch

    found = []
    for first in range(0, len(rows), 8):
        batch = rows[first : first + 8]
        ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in batch], batch_first=True)
        logits = net(ids, attention_mask=mask).logits[:, :-1]
        log_p = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None]).squeeze(-1)
        ranks = logits.argsort(-1, descending=True).argsort(-1).gather(-1, ids[:, 1:, None]).squeeze(-1) + 1
        found.append((log_p, ranks))
    return found


def body(model: Any, rows: list[Any]) -> None:
    import torch

    from analyzer.passes import _BATCH_TOKENS
    from analyzer.windows import batches

    for group in batches([len(row) for row in rows], _BATCH_TOKENS["cpu"]):
        ids = torch.nn.utils.rnn.pad_sequence([rows[i] for i in group], batch_first=True)
        with model._computing():
            model._body(ids, None)


def _memory(field: str) -> int:
    """Bytes, from /proc (Linux)."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
