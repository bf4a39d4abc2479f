"""Models by name: a GGUF file, and the hub's where their weights are in the local cache."""

from typing import Any

import numpy as np
import pytest
from huggingface_hub import try_to_load_from_cache

from analyzer.analysis import Analyzer
from analyzer.models import store
from analyzer.models.loading import load
from analyzer.scoring import Row


def test_a_gguf_file_gives_the_numbers_of_its_conversion(default_model: Any) -> None:
    path = store.find_gguf()
    assert path is not None
    model = load(str(path), dtype="float32")
    assert model.info.revision == store.GGUF_SHA256[:12]
    assert "GGUF" in model.info.notes[0]
    text = "The capital of France is Paris."
    # The file names another start token than the one we chose: put the same in front of both.
    ids = np.concatenate([[0], model.tokenizer.encode(text).ids])
    (found,) = model.score([Row(ids, 1)], top_k=3)
    np.testing.assert_allclose(found.log_prob, Analyzer(default_model).analyze(text).scores.log_prob, atol=1e-4)


@pytest.mark.hub
@pytest.mark.parametrize("name", ["gpt2", "distilgpt2", "Qwen/Qwen2.5-0.5B", "EleutherAI/pythia-160m"])
def test_hub_models_against_the_plain_reference(name: str, plain_reference: Any) -> None:
    if not isinstance(try_to_load_from_cache(name, "config.json"), str):
        pytest.skip(f"{name} is not in the local hub cache: `analyzer models fetch {name}` puts it there")
    from transformers import AutoModelForCausalLM

    model = load(name, dtype="float32")
    text = "The wind had fallen by evening, and three boats lay off the point. 12 of them — naïve 👍 — were lit."
    analysis = Analyzer(model).analyze(text)
    plain = AutoModelForCausalLM.from_pretrained(name, dtype="float32").eval()
    wanted = plain_reference(plain, [model.start_id, *analysis.tokenization.ids.tolist()])
    assert model.start_id is not None
    np.testing.assert_allclose(analysis.scores.log_prob, wanted.log_prob, atol=1e-3)
    assert (analysis.scores.rank == wanted.rank).mean() > 0.97
