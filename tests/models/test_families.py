"""Every architecture we claim, as a tiny model with random weights, saved and loaded by folder like a user's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers import models as tokenizer_models

from analyzer.analysis import Analyzer
from analyzer.errors import EmptyText, InputError, ModelError, ModelUnavailable
from analyzer.models import transformers_lm
from analyzer.models.loading import load
from analyzer.passes import plan_tokens, score_plans
from analyzer.scoring import ReadOut, Row

SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "head_dim": 8,
}  # fmt: skip
LAYERED = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 1024}
NO_GROUPS = {key: value for key, value in SMALL.items() if key not in ("num_key_value_heads", "head_dim")}

# name -> (configuration class, its settings, has a start token, can go on from a cached prefix)
FAMILIES: dict[str, tuple[Any, dict[str, Any], bool, bool]] = {
    "gpt2": (tf.GPT2Config, LAYERED, True, True),
    "gpt2-no-start": (tf.GPT2Config, LAYERED, False, True),
    "gptj": (tf.GPTJConfig, LAYERED | {"rotary_dim": 4}, True, True),
    "gpt-neo": (tf.GPTNeoConfig, {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "window_size": 8,
                                  "attention_types": [[["global", "local"], 1]],
                                  "max_position_embeddings": 1024}, True, True),
    "gpt-neox": (tf.GPTNeoXConfig, NO_GROUPS | {"tie_word_embeddings": False}, True, True),
    "opt": (tf.OPTConfig, {"hidden_size": 32, "ffn_dim": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
                           "max_position_embeddings": 1024, "word_embed_proj_dim": 16}, True, True),
    "bloom": (tf.BloomConfig, {"hidden_size": 32, "n_layer": 3, "n_head": 4}, True, True),
    "falcon": (tf.FalconConfig, {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}, True, True),
    "phi": (tf.PhiConfig, NO_GROUPS, True, True),
    "phi3": (tf.Phi3Config, SMALL | {"pad_token_id": 0}, True, True),
    "llama": (tf.LlamaConfig, SMALL | {"tie_word_embeddings": False}, True, True),
    "llama-tied": (tf.LlamaConfig, SMALL | {"tie_word_embeddings": True}, False, True),
    "mistral-sliding": (tf.MistralConfig, SMALL | {"sliding_window": 8}, True, True),
    "qwen2": (tf.Qwen2Config, SMALL, True, True),
    "qwen3": (tf.Qwen3Config, SMALL, False, True),
    "gemma": (tf.GemmaConfig, SMALL, True, True),
    "gemma2-softcap": (tf.Gemma2Config, SMALL | {"sliding_window": 8, "final_logit_softcapping": 2.0}, True, True),
    "gemma3": (tf.Gemma3TextConfig, SMALL | {"sliding_window": 8}, True, True),
    "granite": (tf.GraniteConfig, SMALL | {"logits_scaling": 4.0}, True, True),
    "cohere": (tf.CohereConfig, NO_GROUPS | {"logit_scale": 0.25}, True, True),
    "phi3-longrope": (tf.Phi3Config, SMALL | {"pad_token_id": 0, "original_max_position_embeddings": 512,
                                              "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0,
                                                                  "original_max_position_embeddings": 512,
                                                                  "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}},
                      True, True),
    "olmo2": (tf.Olmo2Config, SMALL, True, True),
    "stablelm": (tf.StableLmConfig, NO_GROUPS | {"num_key_value_heads": 4}, True, True),
    "starcoder2": (tf.Starcoder2Config, NO_GROUPS | {"num_key_value_heads": 2}, True, True),
    "mamba": (tf.MambaConfig, {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, True, False),
}  # fmt: skip
TEXT = (
    "The wind had fallen by evening, and 3 boats lay off the point — naïve, “quoted” and <|im_start|>marked 👩‍👩‍👧.\n\n"
    "Nobody had seen them come; nobody was to see them go. "
) * 2


def tiny_tokenizer() -> Any:
    """Byte-level BPE with a few merges, and a control token that plain text must never become."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "a"), ("e", "r")]
    words = ["<|endoftext|>", "<|im_start|>", *letters, *(a + b for a, b in merges)]
    backend = Tokenizer(tokenizer_models.BPE({word: n for n, word in enumerate(words)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=True)
    backend.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
    return backend


def make_family(name: str, folder: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """Write a tiny model of an architecture and its tokenizer, as `save_pretrained` does."""
    config_class, settings, starts, _ = FAMILIES[name]
    backend = tiny_tokenizer()
    size = backend.get_vocab_size()
    settings = settings | {"vocab_size": size + 3, "bos_token_id": 0 if starts else None, "eos_token_id": None}
    torch.manual_seed(0)
    config = config_class(**settings)
    model = tf.AutoModelForCausalLM.from_config(config).to(dtype)
    with torch.no_grad():  # random weights of the usual scale give all but uniform distributions: make them matter
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(5)
    model.save_pretrained(folder)
    tokens = {"bos_token": "<|endoftext|>"} if starts else {}
    tf.PreTrainedTokenizerFast(tokenizer_object=backend, **tokens).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", FAMILIES)
def test_numbers_are_those_of_the_plain_reference(name: str, tmp_path: Path, plain_reference: Any) -> None:
    """In float64 on both sides, so that any difference is a mistake and not rounding."""
    starts, goes_on = FAMILIES[name][2:]
    folder = make_family(name, tmp_path)
    model = load(str(folder), dtype="float64")
    assert model.start_id == (0 if starts else None)
    assert ("cached prefix" in "".join(model.info.notes)) == (not goes_on)
    plain = tf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()

    analysis = Analyzer(model).analyze(TEXT)
    close = 1e-9 if goes_on else 1e-5  # Mamba's scan computes in float32 whatever its weights
    ids = ([] if model.start_id is None else [model.start_id]) + analysis.tokenization.ids.tolist()
    wanted = plain_reference(plain, ids)

    assert analysis.scores.start == (0 if starts else 1)
    assert 1 not in ids[1:]  # "<|im_start|>" in the text was never read as the control token
    np.testing.assert_allclose(analysis.scores.log_prob, wanted.log_prob, atol=close)
    np.testing.assert_array_equal(analysis.scores.rank, wanted.rank)
    np.testing.assert_allclose(analysis.scores.entropy, wanted.entropy, atol=close)
    np.testing.assert_allclose(analysis.scores.varentropy, wanted.varentropy, atol=10 * close)
    np.testing.assert_allclose(analysis.scores.top_log_prob, wanted.top_log_prob, atol=close)
    apart = (np.diff(wanted.top_log_prob) < -1e-9).all(1)  # where entries tie at the last place, either may be listed
    np.testing.assert_array_equal(analysis.scores.top_ids[apart], wanted.top_ids[apart])
    assert apart.sum() > len(analysis.scores) / 2


@pytest.mark.parametrize("name", FAMILIES)
def test_alone_batched_padded_and_edited_give_the_same_numbers(name: str, tmp_path: Path) -> None:
    model = load(str(make_family(name, tmp_path)), dtype="float64")
    # Shortened, edited, unrelated, then growing at its end as while one writes.
    texts = [
        TEXT,
        TEXT[:50],
        TEXT[: len(TEXT) // 2] + "An edit." + TEXT[-40:],
        "ab",
        "Q" + TEXT[:100],
        "Q" + TEXT[:160],
    ]
    alone = [Analyzer(model, cache_bytes=0).analyze(text).scores for text in texts]
    batched = [analysis.scores for analysis in Analyzer(model).analyze_many(texts)]
    one = Analyzer(model)
    edited = [one.analyze(text).scores for text in texts]
    for a, b, c in zip(alone, batched, edited, strict=True):
        for other in (b, c):
            np.testing.assert_allclose(other.log_prob, a.log_prob, atol=1e-9)
            np.testing.assert_array_equal(other.rank, a.rank)
            np.testing.assert_array_equal(other.context_len, a.context_len)


@pytest.mark.parametrize("name", ["gpt2", "llama", "mistral-sliding", "gemma2-softcap", "gemma3", "mamba"])
def test_going_on_from_a_state_equals_reading_at_once(name: str, tmp_path: Path) -> None:
    model = load(str(make_family(name, tmp_path)), dtype="float64")
    ids = np.concatenate([[0], model.tokenizer.encode(TEXT).ids])
    whole, _ = model.extend(None, Row(ids, 1), top_k=5)
    _, state = model.extend(None, Row(ids[:40], 40), top_k=5)
    cropped = state.crop(30)
    if name == "mamba":
        assert cropped is None
    else:
        assert cropped is not None
        rest, end = model.extend(cropped, Row(ids, 30), top_k=5)
        np.testing.assert_allclose(rest.log_prob, whole.log_prob[29:], atol=1e-9)
        np.testing.assert_array_equal(rest.rank, whole.rank[29:])
        logits = model.next_logits([end])[0]
        _, again = model.extend(None, Row(ids, len(ids)), top_k=5)
        torch.testing.assert_close(logits, model.next_logits([again])[0], atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_pass_tells_how_far_it_is_and_can_be_ended(name: str, tmp_path: Path) -> None:
    model = load(str(make_family(name, tmp_path)), dtype="float64")
    analyzer, told = Analyzer(model), list[int]()

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyzer.analyze(TEXT, progress=stop)
    found = analyzer.analyze(TEXT, progress=lambda done, _: told.append(done))
    assert told == sorted(told)
    assert told[-1] == len(found.scores)
    assert len(told) == model.info.layers + 1  # once a layer, and at the end
    again = Analyzer(model).analyze(TEXT)
    np.testing.assert_array_equal(found.scores.log_prob, again.scores.log_prob)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_guided_session_has_the_numbers_of_its_text_read_at_once(name: str, tmp_path: Path) -> None:
    model = load(str(make_family(name, tmp_path)), dtype="float64")
    asked = ReadOut((1,))
    session = Analyzer(model).guide(TEXT[:40], seed=1)
    session.write(" and then")
    session.run(6)
    session.undo(4)
    session.pick(session.candidates(3).listed[1].token)
    session.effects([5, 6])
    session.jump(session.continuations(2, 4)[1])
    found = plan_tokens(model, session.tree.tokenization(session.current))
    wanted = score_plans(model, [found], top_k=10)[0]
    mine = session.analysis().scores
    # GPT-J and GPT-Neo compute attention, Mamba its scan, in float32 whatever their weights.
    close = {"mamba": 1e-5, "gptj": 1e-6, "gpt-neo": 1e-6}.get(name, 1e-9)
    np.testing.assert_allclose(mine.log_prob, wanted.log_prob, atol=close)
    np.testing.assert_array_equal(mine.rank, wanted.rank)
    np.testing.assert_array_equal(mine.context_len, wanted.context_len)

    # Side by side, from one state and from several, with what a read-out takes.
    ids = np.concatenate([[0], model.tokenizer.encode(TEXT).ids])
    _, state = model.extend(None, Row(ids[:20], 20), top_k=1)
    ahead = model.step([state, state, state], [7, 8, 9], read_out=asked)
    further = model.step([one for _, one in ahead], [9, 8, 7], read_out=asked)
    logits = model.next_logits([one for _, one in further])
    for i, (a, b) in enumerate(((7, 9), (8, 8), (9, 7))):
        scores, end = model.extend(None, Row(np.append(ids[:20], [a, b]), 20), top_k=1, read_out=asked)
        np.testing.assert_allclose([ahead[i][0], further[i][0]], scores.read_out, atol=close)
        torch.testing.assert_close(logits[i], model.next_logits([end])[0], atol=close, rtol=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_read_outs_are_the_states_after_the_layers_asked_for(name: str, tmp_path: Path) -> None:
    folder = make_family(name, tmp_path)
    model = load(str(folder), dtype="float64")
    plain = tf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    ids = np.concatenate([[0], model.tokenizer.encode(TEXT).ids])
    with torch.inference_mode():
        states = plain.base_model(torch.tensor(ids[None]), output_hidden_states=True).hidden_states
    if name == "mamba":
        states = (None, *states)  # the library's list leaves out the embeddings
    assert model.info.layers == plain.config.num_hidden_layers
    wanted = torch.cat([states[1], states[2]], dim=2)[0].numpy() if model.info.layers > 2 else states[1][0].numpy()
    asked = ReadOut((1, 2) if model.info.layers > 2 else (1,))  # after the last layer the library adds its final norm

    short, whole = model.score([Row(ids[:30], 4), Row(ids, 1)], top_k=5, read_out=asked)
    np.testing.assert_allclose(whole.read_out, wanted[1:], atol=1e-9)
    np.testing.assert_allclose(short.read_out, wanted[4:30], atol=1e-9)

    summed = ReadOut(asked.layers, np.ones((wanted.shape[1], 1), np.float32))
    first, state = model.extend(None, Row(ids[:40], 1), top_k=5, read_out=summed)
    rest, _ = model.extend(state, Row(ids, 40), top_k=5, read_out=summed)
    together = np.concatenate([first.read_out, rest.read_out])[:, 0]
    np.testing.assert_allclose(together, wanted[1:].sum(1), atol=1e-6)
    with pytest.raises(ValueError, match="layers"):
        model.score([Row(ids, 1)], top_k=5, read_out=ReadOut((99,)))


@pytest.mark.parametrize("head", [None, lambda hidden: hidden @ torch.ones(32, 266, dtype=hidden.dtype)])
def test_a_head_we_do_not_know_is_noticed_and_the_model_used_whole(
    head: Any, tmp_path: Path, plain_reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An architecture whose head is no plain layer, and one whose head does more than we know of."""
    folder = make_family("llama", tmp_path)
    monkeypatch.setattr(transformers_lm, "_output_head", lambda _: head)
    model = load(str(folder), dtype="float64")
    assert "could not be taken off" in model.info.notes[0]
    assert model.info.window == 512
    analysis = Analyzer(model).analyze(TEXT)
    plain = tf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    wanted = plain_reference(plain, [0, *analysis.tokenization.ids.tolist()])
    np.testing.assert_allclose(analysis.scores.log_prob, wanted.log_prob, atol=1e-9)
    np.testing.assert_array_equal(analysis.scores.rank, wanted.rank)
    again = next(iter(Analyzer(model).analyze_many([TEXT])))
    np.testing.assert_allclose(again.scores.log_prob, wanted.log_prob, atol=1e-9)
    assert Analyzer(model).next_tokens("The", 3).probability[0] > 0


def test_pickled_weights_are_refused_unless_allowed(tmp_path: Path) -> None:
    folder = make_family("gpt2", tmp_path)
    model = tf.AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="pickle"):
        load(str(folder))
    assert load(str(folder), allow_pickle=True).info.vocabulary == 266


def test_one_token_without_start_token_says_so(tmp_path: Path) -> None:
    analyzer = Analyzer(load(str(make_family("gpt2-no-start", tmp_path))))
    with pytest.raises(EmptyText, match="no start token"):
        analyzer.analyze("a")
    assert len(analyzer.analyze("a", context="b").scores) == 1


def test_longrope_stays_where_its_position_code_is_one(tmp_path: Path) -> None:
    """Beyond its original length such a model reads with other frequencies: numbers would depend on the batch."""
    model = load(str(make_family("phi3-longrope", tmp_path)), dtype="float64")
    assert (model.info.context_length, model.info.window) == (1024, 512)


def test_models_that_look_ahead_are_refused(tmp_path: Path) -> None:
    backend = tiny_tokenizer()
    config = tf.BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                           vocab_size=backend.get_vocab_size())  # fmt: skip
    tf.BertForMaskedLM(config).save_pretrained(tmp_path)
    tf.PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<|endoftext|>").save_pretrained(tmp_path)
    with pytest.raises(ModelUnavailable, match="not a causal language model"):
        load(str(tmp_path))


def test_missing_and_broken_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = make_family("llama", tmp_path)
    weights = load_file(folder / "model.safetensors")
    some = {name: tensor for name, tensor in weights.items() if "layers.1." not in name}
    save_file(some, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks \d+ of its weights, such as model.layers.1"):
        load(str(folder))
    (folder / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        load(str(folder))


def test_overflowing_numbers_are_one_sentence_and_not_rank_1(tmp_path: Path) -> None:
    model = load(str(make_family("llama", tmp_path)), dtype="float32")
    model._model.model.norm.weight.data.fill_(float("inf"))
    with pytest.raises(ModelError, match="overflow"):
        Analyzer(model).analyze(TEXT)


def test_a_model_that_overflows_from_the_start_is_not_called_something_else(tmp_path: Path) -> None:
    folder = make_family("llama", tmp_path)
    model = tf.AutoModelForCausalLM.from_pretrained(folder)
    model.model.norm.weight.data.fill_(float("inf"))
    model.save_pretrained(folder)
    with pytest.raises(ModelUnavailable, match="overflow in float32"):
        load(str(folder), dtype="float32")


@pytest.mark.parametrize("device", ["banana", "meta", "cuda:99"])
def test_devices_that_are_not_there_are_one_sentence(device: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be used here"):
        load(str(tmp_path), device=device)


@pytest.mark.parametrize("window", [-5, 0, 1])
def test_impossible_windows_are_one_sentence(window: int, tmp_path: Path) -> None:
    folder = make_family("llama", tmp_path)
    with pytest.raises(InputError, match="at least 2 tokens"):
        load(str(folder), window=window)


def test_two_models_in_two_threads_keep_their_precision(tmp_path: Path) -> None:
    """The matrix precision is a setting of the process: a float32 pass must never see the half-precision one."""
    from concurrent.futures import ThreadPoolExecutor

    folder = make_family("llama", tmp_path)
    exact, half = load(str(folder), dtype="float32"), load(str(folder), dtype="bfloat16")
    seen: dict[str, set[str]] = {"float32": set(), "bfloat16": set()}
    for model in (exact, half):
        body = model._model.base_model
        body.register_forward_hook(
            lambda *_, name=model.info.dtype: seen[name].add(torch.get_float32_matmul_precision())
        )
    before = torch.get_float32_matmul_precision()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: Analyzer((exact, half)[n % 2], cache_bytes=0).analyze(TEXT), range(40)))
    assert seen == {"float32": {"highest"}, "bfloat16": {"medium"}}
    assert torch.get_float32_matmul_precision() == before


def test_unknown_names_and_dtypes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        load(str(tmp_path / "nothing"))
    with pytest.raises(ModelUnavailable, match="Unknown dtype"):
        load("gpt2", dtype="int3")
