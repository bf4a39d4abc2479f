"""DetectGPT and NPR by hand, the two perturbers, and their randomness."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.detectors import perturbation
from analyzer.detectors.perturbation import T5MaskFiller, detect_by_perturbation, detect_gpt, npr, resampler
from analyzer.errors import EmptyText
from analyzer.models.toy import ToyModel
from analyzer.scoring import TokenScores

CORPUS = "the cat sat on the mat, and the rat sat on the hat. " * 4


def make(surprise, rank) -> TokenScores:
    s = len(surprise)
    filler = np.ones(s)
    return TokenScores(
        0, -np.asarray(surprise, float), filler, filler, rank, np.zeros((s, 1)), np.zeros((s, 1)), filler
    )


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Formulas


def test_by_hand() -> None:
    """Text: surprise 2, ranks e-fold 1 → mean log p -2; rewritings -3 and -5: mean -4, deviation 1, so z = 2.

    Mean ln ranks: ln 2 for the text; ln 4 and ln 16 for the rewritings, mean 3 ln 2: ratio 3.
    """
    text, rewritten = make([2, 2], [2, 2]), [make([3, 3], [4, 4]), make([4, 6], [16, 16])]
    assert detect_gpt(text, rewritten) == pytest.approx(2)
    assert npr(text, rewritten) == pytest.approx(3)


def test_undefined() -> None:
    text = make([2, 2], [1, 1])
    assert math.isnan(detect_gpt(text, [text, text]))  # no spread
    assert math.isnan(detect_gpt(text, [text]))
    assert math.isnan(detect_gpt(text, []))
    assert math.isnan(npr(text, [text]))  # first guesses
    assert math.isnan(npr(make([2], [2]), []))


def test_published_code_on_the_same_rewritings() -> None:
    """run.py's criterion "z" and detect_llm.py's ``get_npr``, with scores of the toy model."""
    model = ToyModel(CORPUS)
    text = "the cat sat on the hat"
    rewritten = list(resampler(model)(text, 12, seeded()))
    analyzer = Analyzer(model)
    scores = {one: analyzer.analyze(one).scores for one in [text, *rewritten]}
    ll = {one: float(np.mean(s.log_prob)) for one, s in scores.items()}
    log_rank = {one: float(np.mean(np.log(s.rank))) for one, s in scores.items()}
    perturbed = [ll[one] for one in rewritten]
    found = detect_by_perturbation(model, text, perturb=resampler(model), count=12, generator=seeded())
    assert found["detect_gpt"].score == pytest.approx((ll[text] - np.mean(perturbed)) / np.std(perturbed))
    assert found["npr"].score == pytest.approx(np.mean([log_rank[one] for one in rewritten]) / log_rank[text])


def test_the_models_own_words_are_a_peak_and_noise_is_none() -> None:
    model = ToyModel(CORPUS)
    own, noise = (
        detect_by_perturbation(model, text, perturb=resampler(model), count=40, generator=seeded())
        for text in ("the cat sat on the mat", "xq zvw jkpq gz wqx yvbz")
    )
    for name in ("detect_gpt", "npr"):
        assert own[name].score > noise[name].score, name


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    model = ToyModel(CORPUS)
    detect_by_perturbation(
        model, "the cat", perturb=resampler(model), count=20, generator=seeded(),
        progress=lambda *step: seen.append(step),
    )  # fmt: skip
    assert seen == [(8, 20), (16, 20), (20, 20)]


# Where to rewrite


@given(st.integers(0, 300), st.integers(0, 5))
def test_spans_lie_inside_and_apart(length: int, seed: int) -> None:
    firsts = perturbation.place_spans(length, seeded(seed))
    assert (np.diff(firsts) >= 3).all()
    if length < 2:
        assert not len(firsts)
    else:
        assert len(firsts) == max(1, int(0.3 * length / 4))
        assert firsts[0] >= 0
        assert firsts[-1] + 2 <= length


def test_every_place_is_rewritten_alike() -> None:
    generator = seeded()
    counts = np.zeros(20)
    for _ in range(3000):
        for first in perturbation.place_spans(20, generator):
            counts[first : first + 2] += 1
    inner = counts[1:-1]
    assert inner.min() > 0.8 * inner.mean()


# The model itself


def test_resampling_takes_one_pass_and_is_reproducible() -> None:
    model = ToyModel(CORPUS)
    text = "the cat sat on the mat"
    one = list(resampler(model)(text, 9, seeded(3)))
    assert model.forward_passes == 1
    assert one == list(resampler(model)(text, 9, seeded(3)))
    assert one != list(resampler(model)(text, 9, seeded(4)))
    assert len(one) == 9


def test_resampling_changes_the_share_it_says_and_nothing_else() -> None:
    """22 bytes: one span of two, so at most two characters of a text of single bytes."""
    model = ToyModel(CORPUS)
    text = "the cat sat on the mat"
    for new in resampler(model)(text, 30, seeded()):
        assert len(new) == len(text)
        changed = [i for i, (a, b) in enumerate(zip(text, new, strict=True)) if a != b]
        assert len(changed) <= 2
        assert not changed or changed[-1] - changed[0] <= 1


def test_emojis_stay_whole() -> None:
    model = ToyModel(CORPUS)
    for new in resampler(model)("a👩‍👩‍👧b👍c", 30, seeded()):
        assert "👩‍👩‍👧" in new
        assert "👍" in new
        new.encode()


def test_drawn_as_the_model_says() -> None:
    """After "a" the toy gives "b" in 21 of 277, each other ASCII character in 1; what is no text is drawn again.

    Of the 129 other entries none is text: 128 bytes above ASCII and the start token. So 21 / (21 + 127).
    """
    model = ToyModel("ab" * 20)
    logits = next(model.logits(perturbation.plan(model, "ab").rows[0]))[1]
    drawn = [new for new in perturbation._draw_texts(model, logits, 4000, seeded()) if new is not None]
    assert len(drawn) > 3950
    assert all(new.isascii() and len(new) == 1 for new in drawn)
    assert np.mean([new == "b" for new in drawn]) == pytest.approx(21 / 148, abs=0.02)


def test_one_character() -> None:
    model = ToyModel(CORPUS)
    found = detect_by_perturbation(model, "t", perturb=resampler(model), count=4, generator=seeded())
    assert math.isnan(found["detect_gpt"].score)
    assert found["detect_gpt"].warnings


def test_empty_text() -> None:
    model = ToyModel(CORPUS)
    with pytest.raises(EmptyText):
        detect_by_perturbation(model, "", perturb=resampler(model), count=4, generator=seeded())


def test_empty_rewritings_do_not_count() -> None:
    model = ToyModel(CORPUS)
    found = detect_by_perturbation(
        model, "the cat", perturb=lambda text, *_: ["", text, "dog"], count=3, generator=seeded()
    )
    assert math.isfinite(found["detect_gpt"].score)


# T5


@pytest.fixture(scope="module")
def filler() -> T5MaskFiller:
    """A random T5 of two layers whose vocabulary is bytes and the names of masks."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers import models as tokenizer_models
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    special = ["<pad>", "</s>", *(f"<extra_id_{n}>" for n in range(20))]
    words = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = Tokenizer(tokenizer_models.BPE({w: n for n, w in enumerate(words)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>")
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return T5MaskFiller(T5ForConditionalGeneration(config).eval(), tokenizer)


TEXT = "The wind had fallen by evening, and three boats lay off the point."


def test_masking_and_filling() -> None:
    words = ["a", "b", "c", "d", "e", "f", "g"]
    assert perturbation._masked(words, [0, 4]) == "<extra_id_0> c d <extra_id_1> g"
    assert perturbation._filled(words, [1, 5], ["X Y Z", "W"]) == ["a", "X Y Z", "d", "e", "W"]
    assert perturbation._filled(words, [], []) == words


@pytest.mark.parametrize(
    ("output", "fills"),
    [
        ("<pad><extra_id_0> cute dog<extra_id_1> the<extra_id_2></s>", ["cute dog", "the"]),
        ("<pad> <extra_id_0> one <extra_id_1>", ["one"]),
        ("<extra_id_0> cut off", []),
        ("", []),
    ],
)
def test_reading_what_t5_wrote(output: str, fills: list[str]) -> None:
    assert perturbation._fills(output) == fills


def test_t5_runs_is_reproducible_and_leaves_the_global_generator_alone(filler: T5MaskFiller) -> None:
    before = torch.random.get_rng_state()
    one, other = (list(filler(TEXT, 3, seeded(7))) for _ in range(2))
    assert one == other
    assert len(one) == 3
    assert torch.equal(torch.random.get_rng_state(), before)


def test_t5_that_fills(filler: T5MaskFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every mask filled, two words in a row are replaced; words are what stands between spaces."""
    monkeypatch.setattr(filler, "_generate", lambda _masked, masks, _generator: "".join(
        f"<extra_id_{n}> new " for n in range(masks + 1)))  # fmt: skip
    for text in filler(TEXT, 5, seeded()):
        words, original = text.split(" "), TEXT.split(" ")
        assert len(words) == len(original) - 1
        at = words.index("new")
        assert words[:at] + original[at : at + 2] + words[at + 1 :] == original


def test_t5_that_never_fills_leaves_the_text(filler: T5MaskFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filler, "_generate", lambda *_: "<pad></s>")
    assert list(filler(TEXT, 2, seeded())) == [TEXT, TEXT]


def test_long_texts_are_masked_in_stretches(filler: T5MaskFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def generate(_masked: str, masks: int, _generator: torch.Generator) -> str:
        asked.append(masks)
        return "".join(f"<extra_id_{n}> new " for n in range(masks + 1))

    monkeypatch.setattr(filler, "_generate", generate)
    (text,) = filler("word " * 599 + "word", 1, seeded())
    assert len(asked) == 3
    assert max(asked) < 100
    assert text.count("new") == sum(asked)
