"""The largest tensor that ever exists while a text is scored: bounded by a chunk, whatever the text's length."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
from torch.utils._python_dispatch import TorchDispatchMode

from analyzer import scoring
from analyzer.analysis import Analyzer
from analyzer.models.loading import load

VOCABULARY = 50_000


class Largest(TorchDispatchMode):
    """Sees every tensor that any operation returns."""

    bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor) and tensor.shape != (VOCABULARY, 32):  # not the weights themselves
                self.bytes = max(self.bytes, tensor.numel() * tensor.element_size())
        return result


@contextmanager
def largest_tensor() -> Iterator[Largest]:
    with Largest() as seen:
        yield seen


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({c: n for n, c in enumerate(letters)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    folder: Path = tmp_path_factory.mktemp("wide")
    config = tf.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=0,
    )  # fmt: skip
    tf.LlamaForCausalLM(config).save_pretrained(folder)
    tf.PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(folder)
    return load(str(folder), dtype="float32")


def test_no_tensor_of_tokens_times_vocabulary_ever_exists(model: Any) -> None:
    peaks = []
    for length in (2_000, 8_000):  # all logits would be 400 and 1,600 MB
        with largest_tensor() as seen:
            analysis = Analyzer(model, cache_bytes=0).analyze("so it goes " * (length // 11))
        assert len(analysis.scores) > length - 20
        peaks.append(seen.bytes)
    assert 1e6 < peaks[0] <= scoring._CHUNK_BYTES["cpu"]
    assert peaks[1] == peaks[0]  # flat in the length of the text


def test_nor_in_a_batch(model: Any) -> None:
    with largest_tensor() as seen:
        assert len(list(Analyzer(model).analyze_many(["so it goes " * 20] * 30))) == 30
    assert 1e6 < seen.bytes <= scoring._CHUNK_BYTES["cpu"]
