"""Writes the generated sample texts and their entries in index.json again: ``python samples/make.py``.

Human texts and their entries stay as they are. Each token is drawn from the embedded default model in float32 by one
thread, with a seeded generator, so that the same versions of the libraries on the same kind of processor give the same
texts; elsewhere, rounding can turn a draw, and with it all that follows.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from analyzer.models import ModelInfo, store
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
        For a mixed text: the file whose first `boundary` code points follow `prompt` and begin the text.
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
        title="The lighthouse, always the likeliest token",
        origin="The default model goes on from the title “The Lighthouse”, always with the likeliest token, "
        "and ends up going round in circles.",
        prompt=PLAIN.format("The Lighthouse\n"),
        sampler=Sampler(temperature=0),
        seed=0,  # of no effect: there is one token to draw from
        limit=350,
    ),
    Job(
        file="ai-top-k.txt",
        title="An essay on walking to work, top-k 40 at temperature 0.7",
        origin="The default model's answer to “Write a short essay on the advantages of walking to work.”, drawn with "
        "settings that chat programs use.",
        prompt=CHAT.format("Write a short essay on the advantages of walking to work."),
        sampler=Sampler(temperature=0.7, top_k=40),
        seed=1,
        limit=400,
    ),
    Job(
        file="ai-nucleus.txt",
        title="An essay on city parks, top-p 0.9",
        origin="The default model's answer to “Write a short essay on city parks.”, drawn from the likeliest tokens "
        "that together reach 90 %.",
        prompt=CHAT.format("Write a short essay on city parks."),
        sampler=Sampler(top_p=0.9),
        seed=2,
        limit=360,
    ),
    Job(
        file="ai-pure-sampling.txt",
        title="An essay on repairing old things, pure sampling",
        origin="The default model's answer to “Write a short essay on the pleasure of repairing old things.”, drawn "
        "from all tokens: nearly as surprising as a person's text.",
        prompt=CHAT.format("Write a short essay on the pleasure of repairing old things."),
        sampler=Sampler(),
        seed=1,
        limit=360,
    ),
    Job(
        file="mixed-tv-typewriter.txt",
        title="The TV typewriter, begun by a person and finished by the model",
        origin="The first three paragraphs of human-tv-typewriter.txt but for their last sentence, "
        "then the default model.",
        prompt=PLAIN.format(""),
        sampler=Sampler(temperature=0.7, top_k=40),
        seed=1,
        limit=220,
        human="human-tv-typewriter.txt",
        boundary=953,  # behind “Rules are rules, you know.”
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
        opening = (FOLDER / job.human).read_bytes().decode()[: job.boundary] if job.human else ""
        ids = generate(model, tokenizer, job, job.prompt + opening)
        drawn = whole_sentences(tokenizer.decode(ids, skip_special_tokens=False))
        text = opening + drawn if opening else drawn.lstrip()
        (FOLDER / job.file).write_bytes(text.encode())
        entries.append(entry_of(job, text, len(ids), model.info))
        print(f"{job.file}: {len(text.split())} words")
    index.write_bytes((json.dumps(entries, ensure_ascii=False, indent=2) + "\n").encode())


def generate(model: TransformersLM, tokenizer: Tokenizer, job: Job, prompt: str) -> list[int]:
    """The ids drawn after `prompt`, up to an end token, which is left out, or the limit."""
    generator = torch.Generator().manual_seed(job.seed)
    ends = {tokenizer.token_to_id(token) for token in ENDS}
    ids = np.array(tokenizer.encode(prompt, add_special_tokens=False).ids, np.int64)
    start = len(ids)
    _, state = model.extend(None, Row(ids, start), top_k=1)
    while len(ids) < start + job.limit:
        offered = torch.from_numpy(job.sampler.offered(model.next_logits([state])[0]))
        token = int(torch.multinomial(offered, 1, generator=generator))
        if token in ends:
            break
        ids = np.append(ids, token)
        _, state = model.extend(state, Row(ids, len(ids)), top_k=1)
    return [int(token) for token in ids[start:]]


def whole_sentences(text: str) -> str:
    """`text` up to the end of its last whole sentence: the limit may have cut the next one."""
    whole = re.match(r".*[.!?][\"”’)]*(?=\s|$)", text, re.DOTALL)
    return whole[0] if whole else text


def entry_of(job: Job, text: str, drawn: int, model: ModelInfo) -> dict[str, Any]:
    """The job's object in index.json; `drawn` is the number of tokens."""
    settings = {
        "model": model.name,
        "revision": model.revision,
        "dtype": model.dtype,
        "libraries": model.libraries,
        **{name: getattr(job.sampler, name) for name in ("temperature", "top_k", "top_p")},
        "seed": job.seed,
        "limit": job.limit,
        "drawn": drawn,
        "prompt": job.prompt,
    }
    return {
        "file": job.file,
        "title": job.title,
        "kind": "mixed" if job.human else "ai",
        "origin": job.origin,
        **({"boundary": job.boundary} if job.human else {}),
        "settings": settings | ({"human": job.human} if job.human else {}),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


if __name__ == "__main__":
    main()
