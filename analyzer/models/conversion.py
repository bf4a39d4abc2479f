"""Reading the default model's GGUF file through transformers, with what it leaves out put back."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

__all__ = ["read_gguf"]


def read_gguf(gguf: Path) -> tuple[Any, Any]:
    """The float32 model and the `tokenizers.Tokenizer` of the default model's GGUF file."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoTokenizer, LlamaForCausalLM

    with _quiet_transformers():
        model = LlamaForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).backend_tokenizer
    # The file names its pre-tokenizer, `tokenizer.ggml.pre = smollm`: single digits first, then GPT-2's pattern (as in
    # StarCoder; ggml-org/llama.cpp pull request 8609). transformers does not read that name and leaves the digits step
    # out, so that "\n\n1." starts with two tokens "\n" instead of one "\n\n": 14 of 2,000 texts came out differently.
    tokenizer.pre_tokenizer = Sequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    return model, tokenizer


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep progress bars and warnings of transformers off the screen, then set it back as it was.

    Import the model's module before: a log handler made inside would keep writing into the void.
    """
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with redirect_stderr(io.StringIO()):  # the GGUF reader draws its bar with bare tqdm, past that setting
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
