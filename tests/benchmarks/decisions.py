"""The measurements behind docs/adr: start token, windows, digits in the tokenizer, half-precision weights.

python tests/benchmarks/decisions.py
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import pre_tokenizers

from analyzer.models import store
from analyzer.models.conversion import read_gguf
from analyzer.models.loading import load
from analyzer.models.transformers_lm import TransformersLM
from analyzer.scoring import Row
from analyzer.tokens import TextTokenizer
from analyzer.windows import windows

DATA = Path(__file__).parents[3] / "shared" / "data" / "detection.jsonl.gz"


def main() -> None:
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(1).shuffle(rows)
    human = [row["text"] for row in rows if row["label"] == 0]
    machine = [row["text"] for row in rows if row["label"] == 1]
    model = load(dtype="float32")
    start_tokens(model, human[:60], machine[:60])
    later_windows(model, [text for text in human if len(text) > 2500][:25])
    digits(model, [row["text"] for row in rows[:2000]])
    rounded_weights(model, human[:20])


def log_probs(model: TransformersLM, ids: list[int]) -> Any:
    (scores,) = model.score([Row(np.array(ids), 1)], top_k=1)
    return scores.log_prob


def start_tokens(model: TransformersLM, human: list[str], machine: list[str]) -> None:
    """Mean log p of the first token, the first 20, and all, behind each candidate."""
    print("in front          first   first 20      all    (mean log p)")
    for name, texts in (("human", human), ("machine", machine)):
        for before in (None, "<|endoftext|>", "<|im_start|>", "<|im_end|>"):
            prefix = [] if before is None else [model.tokenizer.id_of(before) or 0]
            found = [log_probs(model, [*prefix, *model.tokenizer.encode(text).ids.tolist()]) for text in texts]
            first = np.mean([s[0] for s in found]) if prefix else float("nan")
            early = np.mean([s[len(prefix) :][:20].mean() for s in found])
            whole = np.mean([s[len(prefix) :].mean() for s in found])
            print(f"{name:8}{before or 'nothing':14}{first:8.2f}{early:9.2f}{whole:10.3f}")


def later_windows(model: TransformersLM, texts: list[str]) -> None:
    """Loss of log p against full context, when later windows begin with the start token and when they do not."""
    start = model.start_id or 0
    for size in (128, 256):
        for again in (False, True):
            lost = []
            for text in texts:
                ids = [start, *model.tokenizer.encode(text).ids.tolist()]
                full = log_probs(model, ids)
                for w in windows(len(ids), 1, size)[1:]:
                    window = [start, *ids[w.start + 1 : w.end]] if again else ids[w.start : w.end]
                    lost += [*(full[w.first - 1 : w.end - 1] - log_probs(model, window)[w.first - w.start - 1 :])]
            with_start = "with" if again else "without"
            print(f"windows of {size} {with_start} start token: {np.mean(lost):.3f} nats lost, {len(texts)} texts")


def digits(model: TransformersLM, texts: list[str]) -> None:
    """How many texts the tokenizer splits differently without its digits step."""
    folder = store.ensure_default()
    backend = TextTokenizer.from_file(folder / "tokenizer.json")
    backend._backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    differ = sum(not np.array_equal(model.tokenizer.encode(text).ids, backend.encode(text).ids) for text in texts)
    print(f"without the digits step {differ} of {len(texts)} texts are split differently")


def rounded_weights(model: TransformersLM, texts: list[str]) -> None:
    """|Δ log p| when the weights are rounded to bfloat16 and everything is computed in float32."""
    gguf = store.find_gguf()
    assert gguf is not None
    weights = read_gguf(gguf)[0].state_dict()
    inexact = {
        t: sum(not torch.equal(w.to(t).float(), w) for w in weights.values()) for t in (torch.bfloat16, torch.float16)
    }
    print(f"of {len(weights)} tensors (tied head included) not exact: {inexact}")
    ids = [[model.start_id or 0, *model.tokenizer.encode(text).ids.tolist()] for text in texts]
    before = np.concatenate([log_probs(model, one) for one in ids])
    with torch.no_grad():
        for parameter in model._model.parameters():
            parameter.copy_(parameter.bfloat16())
    rounded = TransformersLM(model._model, model.tokenizer, name="rounded", revision="", start_id=model.start_id)
    moved = np.abs(np.concatenate([log_probs(rounded, one) for one in ids]) - before)
    print(f"weights rounded to bfloat16: |Δ log p| {moved.mean():.4f} on average, {moved.max():.2f} at most")


if __name__ == "__main__":
    main()
