"""DNA-GPT: overlaps by hand, the draws, and what ends them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.detectors import regeneration
from analyzer.detectors.regeneration import Regenerated, detect_by_regeneration, dna_gpt, dna_gpt_white_box, regenerate
from analyzer.errors import EmptyText, InputError
from analyzer.models.toy import ToyModel
from analyzer.sampling import Sampler

CORPUS = "the cat sat on the mat, and the rat sat on the hat. " * 4


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def regenerated(rest: str, *texts: str, rest_log_prob: float = -1.0, log_probs: tuple[float, ...] = ()) -> Regenerated:
    return Regenerated(rest, texts, rest_log_prob, log_probs, 9, ())


# Formulas


def test_overlap_by_hand() -> None:
    """Five words, again: 2 of 2 n-grams of four, 1 of 1 of five; over 5 words drawn: (4 ln 4 + 5 ln 5) / 5.

    One word other at the end: 1 of 2 n-grams of four: 4 ln 4 / (2 · 5). Their mean is the score.
    """
    whole = (4 * math.log(4) + 5 * math.log(5)) / 5
    part = 4 * math.log(4) / 10
    assert dna_gpt(regenerated("a b c d e", "A b, c d e!")) == pytest.approx(whole)
    assert dna_gpt(regenerated("a b c d e", "a b c d f")) == pytest.approx(part)
    assert dna_gpt(regenerated("a b c d e", "a b c d e", "a b c d f")) == pytest.approx((whole + part) / 2)


def test_repeated_grams_count_as_often_as_both_have_them() -> None:
    """Rest: a a a a four times over has 13 of "a a a a"; the draw of five words has 2."""
    once = 4 * math.log(4) * 2 / (13 * 5) + 5 * math.log(5) * 1 / (12 * 5)
    assert dna_gpt(regenerated("a " * 16, "a " * 5)) == pytest.approx(once)


def test_grams_are_counted_up_to_25() -> None:
    words = " ".join(f"w{n}" for n in range(40))
    assert dna_gpt(regenerated(words, words)) == pytest.approx(sum(n * math.log(n) for n in range(4, 26)) / 40)


@given(st.lists(st.sampled_from("abc"), min_size=4, max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_overlap_is_that_of_the_plain_formula(rest: list[str], drawn: list[str]) -> None:
    wanted = 0.0
    for n in range(4, 26):
        left = [tuple(rest[i : i + n]) for i in range(len(rest) - n + 1)]
        right = [tuple(drawn[i : i + n]) for i in range(len(drawn) - n + 1)]
        if left and right:
            shared = sum(min(left.count(gram), right.count(gram)) for gram in set(left))
            wanted += n * math.log(n) * shared / (len(left) * len(drawn))
    assert dna_gpt(regenerated(" ".join(rest), " ".join(drawn))) == pytest.approx(wanted)


def test_white_box_by_hand() -> None:
    """-1 less the mean of -2 and -4; a draw that ended at once does not count."""
    assert dna_gpt_white_box(regenerated("a", log_probs=(-2.0, -4.0, math.nan))) == 2


def test_undefined() -> None:
    assert math.isnan(dna_gpt(regenerated("a b c", "a b c")))
    assert math.isnan(dna_gpt(regenerated("a b c d")))
    assert dna_gpt(regenerated("a b c d", "")) == 0
    assert math.isnan(dna_gpt_white_box(regenerated("a", log_probs=(math.nan,))))


# Draws


def test_greedy_draws_are_the_models_continuation() -> None:
    model = ToyModel("abcd " * 20)
    found = regenerate(model, "abcd " * 8, count=2, generator=seeded(), sampler=Sampler(temperature=0))
    assert found.rest == "abcd " * 4
    assert found.texts == ("abcd " * 4,) * 2
    assert found.log_probs == pytest.approx([found.rest_log_prob] * 2)


def test_log_probs_are_the_analysers(tiny_llama) -> None:
    """Of the rest, given the first half; and of each draw, under the model's own distribution whatever the sampler."""
    model, _ = tiny_llama(0)
    text = "The wind had fallen by the evening, and then the boats lay off."
    found = regenerate(model, text, count=2, generator=seeded(1), sampler=Sampler(temperature=0.5))
    whole = Analyzer(model).analyze(text).scores
    assert found.rest_log_prob == pytest.approx(whole.log_prob[-found.n_scored :].mean())
    assert found.n_scored == len(whole) - len(whole) // 2
    first = text[: -len(found.rest)]
    assert first + found.rest == text
    for drawn, log_prob in zip(found.texts, found.log_probs, strict=True):
        scores = Analyzer(model).analyze(first + drawn).scores
        if "�" not in drawn and len(scores) == len(whole):  # read back into the very tokens that were drawn
            assert log_prob == pytest.approx(scores.log_prob[-found.n_scored :].mean())


def test_same_seed_same_draws() -> None:
    model = ToyModel(CORPUS)
    one, other, third = (regenerate(model, CORPUS[:60], count=3, generator=seeded(seed)).texts for seed in (0, 0, 1))
    assert one == other != third


def test_draws_end_at_a_control_token(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ToyModel(CORPUS)
    order = iter([ord("a"), ord("b"), model.start_id])
    monkeypatch.setattr(regeneration, "draw", lambda *_: next(order))
    found = regenerate(model, CORPUS[:60], count=1, generator=seeded())
    assert len(found.texts[0]) == 2


def test_own_text_scores_higher_than_anothers() -> None:
    model = ToyModel(CORPUS)
    own, other = (
        detect_by_regeneration(model, text, count=10, generator=seeded(), sampler=Sampler(temperature=0.1))
        for text in ("the cat the the the the the the the the", "zq xj vv kq wz pq xx zz qq jj vv ww kk")
    )
    assert own["dna_gpt_white_box"].score > other["dna_gpt_white_box"].score
    assert own["dna_gpt"].score >= other["dna_gpt"].score == 0


def test_long_texts_are_cut_with_a_warning() -> None:
    model = ToyModel(CORPUS, window=40)
    found = detect_by_regeneration(model, CORPUS[:100], count=1, generator=seeded())
    assert found["dna_gpt"].n_scored == 20
    assert found["dna_gpt"].warnings == ("Only 20 tokens after the cut were compared.",)


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    model = ToyModel(CORPUS)
    regenerate(model, "the cat", count=3, generator=seeded(), progress=lambda *step: seen.append(step))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_refused() -> None:
    model = ToyModel(CORPUS)
    with pytest.raises(EmptyText):
        regenerate(model, "", count=1, generator=seeded())
    with pytest.raises(InputError, match="too short"):
        regenerate(model, "a", count=1, generator=seeded())
    with pytest.raises(InputError, match="ratio"):
        regenerate(model, "the cat", count=1, generator=seeded(), ratio=1)
