"""Shared by all tests: a tiny model, the plain reference, real texts, the default model."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from reference import Reference, reference_scores
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers import models as tokenizer_models

from analyzer.tokens import TextTokenizer

DATA = Path(__file__).parents[2] / "shared" / "data" / "detection.jsonl.gz"

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test goes to the network

hypothesis.settings.register_profile("any machine", deadline=None)  # a busy machine is slow, not wrong
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def plain_reference() -> Callable[[Any, list[int]], Reference]:
    return reference_scores


@pytest.fixture(scope="session")
def real_texts() -> list[str]:
    """Real texts of the labelled data, 20 of each of several lengths; where the data is not there, the test skips."""
    if not DATA.exists():
        pytest.skip(f"needs the labelled texts at {DATA.parent.name}/{DATA.name} beside the project")
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines][::97]


@pytest.fixture(scope="session")
def default_model() -> Any:
    """The embedded default model in float32, loaded once."""
    from analyzer.models.loading import load

    return load(dtype="float32")


def byte_tokenizer(*control: str) -> Tokenizer:
    """Bytes, two merges, and control tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the")]
    words = [*control, *letters, *(a + b for a, b in merges)]
    backend = Tokenizer(tokenizer_models.BPE({word: n for n, word in enumerate(words)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(control))
    return backend


@pytest.fixture(scope="session")
def tiny_llama() -> Callable[..., tuple[Any, Any]]:
    """Makes a random float64 Llama: the adapter, and transformers' own model beneath it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from analyzer.models.transformers_lm import TransformersLM

    def make(seed: int, *, start: bool = True, window: int | None = None, more: int = 0) -> tuple[Any, Any]:
        backend = byte_tokenizer("<|endoftext|>", "<|im_start|>", "<|im_end|>")
        config = LlamaConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=1024, vocab_size=backend.get_vocab_size() + more, tie_word_embeddings=False,
        )  # fmt: skip
        torch.manual_seed(seed)
        inner = LlamaForCausalLM(config).to(torch.float64).eval()
        with torch.no_grad():  # weights of the usual scale give all but uniform distributions
            for parameter in inner.parameters():
                parameter.mul_(8.0) if parameter.ndim == 2 else None
        model = TransformersLM(
            inner, TextTokenizer(backend), name=f"tiny-{seed}", revision="test", start_id=0 if start else None,
            window=window,
        )  # fmt: skip
        return model, inner

    return make
