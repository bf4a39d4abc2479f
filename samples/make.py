"""Writes the generated sample texts and their entries in index.json again: ``python samples/make.py``.

Human texts and their entries stay as they are. Each token is drawn from the embedded default model in float32 by one
thread, with a seeded generator, so that the same versions of the libraries on the same kind of processor give the same
texts; elsewhere, rounding can turn a draw, and with it all that follows.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from analyzer.models import store
from analyzer.models.loading import load
from analyzer.models.transformers_lm import TransformersLM
from analyzer.sampling import Sampler
from analyzer.scoring import Row

FOLDER = Path(__file__).parent

# What stands before a text in pre-training, and the chat template of the model's GGUF file with its own system prompt.
PLAIN = "<|endoftext|>{}"
CHAT = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)
ENDS = ("<|endoftext|>", "<|im_end|>")


@dataclass(frozen=True, slots=True)
class Job:
    """One generated text.

    Attributes
    ----------
    file, title, origin : str
        As in index.json.
    prompt : str
        Read before the first drawn token, control tokens included; not part of an AI text.
    sampler : Sampler
    seed, limit : int
        Of the generator; most tokens drawn.
    human, boundary : str, int
        For a mixed text: the file whose first `boundary` code points stand, as part of the text, after `prompt`.
    """

    file: str
    title: str
    origin: str
    prompt: str
    sampler: Sampler
    seed: int
    limit: int
    human: str = ""
    boundary: int = 0


JOBS = (
    Job(
        file="ai-greedy.txt",
        title="The umbrella, always the likeliest token",
        origin="Written by the default model after a title, always taking the likeliest token: soon it goes in circles.",
        prompt=PLAIN.format("A Short History of the Umbrella\n\n"),
        sampler=Sampler(temperature=0),
        seed=0,  # not used: nothing is drawn
        limit=300,
    ),
)


def main() -> None:
    """Generate every job's text, then write them and the index."""
    torch.set_num_threads(1)  # sums in one order
    model = load(device="cpu", dtype="float32")
    tokenizer = Tokenizer.from_file(str(store.default_folder() / "tokenizer.json"))  # reads control tokens as such
    index = FOLDER / "index.json"
    entries = [entry for entry in json.loads(index.read_text("utf-8")) if entry["kind"] == "human"]
    for job in JOBS:
        opening = (FOLDER / job.human).read_text("utf-8")[: job.boundary] if job.human else ""
        ids = generate(model, tokenizer, job, job.prompt + opening)
        text = opening + whole_sentences(tokenizer.decode(ids, skip_special_tokens=False), cut=len(ids) == job.limit)
        text = text if opening else text.lstrip()
        (FOLDER / job.file).write_bytes(text.encode())
        entries.append(entry_of(job, text, model))
        print(f"{job.file}: {len(text.split())} words")
    index.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", "utf-8")


def generate(model: TransformersLM, tokenizer: Tokenizer, job: Job, prompt: str) -> list[int]:
    """The ids drawn after `prompt`, up to an end token, which is left out, or the limit."""
    generator = torch.Generator().manual_seed(job.seed)
    ends = {tokenizer.token_to_id(token) for token in ENDS}
    ids = np.array(tokenizer.encode(prompt, add_special_tokens=False).ids, np.int64)
    _, state = model.extend(None, Row(ids, len(ids)), top_k=1)
    drawn: list[int] = []
    while len(drawn) < job.limit:
        offered = torch.from_numpy(job.sampler.offered(model.next_logits(state)))
        token = int(torch.multinomial(offered, 1, generator=generator))
        if token in ends:
            break
        drawn.append(token)
        ids = np.append(ids, token)
        _, state = model.extend(state, Row(ids, len(ids)), top_k=1)
    return drawn


def whole_sentences(text: str, *, cut: bool) -> str:
    """`text` without white space at its end and, where the limit cut it, without its unfinished last sentence."""
    finished = re.match(r".*[.!?][\"”’)]*(?=\s)", text, re.DOTALL) if cut else None
    return (finished[0] if finished else text).rstrip()


def entry_of(job: Job, text: str, model: TransformersLM) -> dict[str, Any]:
    """The job's object in index.json."""
    settings = asdict(job.sampler) | {"seed": job.seed, "limit": job.limit, "prompt": job.prompt}
    made_by = {name: getattr(model.info, name) for name in ("name", "revision", "dtype", "libraries")}
    entry = {"file": job.file, "title": job.title, "kind": "mixed" if job.human else "ai", "origin": job.origin}
    if job.human:
        entry |= {"boundary": job.boundary}
        settings |= {"human": job.human}
    digest = hashlib.sha256(text.encode()).hexdigest()
    return entry | {"settings": settings | {"model": made_by}, "sha256": digest}


if __name__ == "__main__":
    main()
