"""Worked examples by hand, mostly from probabilities 1/2, 1/4, 1/8, 1/8; what any settings keep; both watermarks."""

import json
import subprocess
import sys
from dataclasses import asdict
from math import exp, inf, log, nan, nextafter, sqrt
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analyzer.detectors.watermark import kgw, synth_id
from analyzer.errors import InputError, ModelError
from analyzer.passes import start_ids
from analyzer.sampling import ORDER, PRESETS, Sampler, draw
from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey
from analyzer.scoring import Row

LOGITS = torch.tensor([4.0, 2.0, 1.0, 1.0], dtype=torch.float64).log()
SYNTH = SynthIDKey(keys=(654, 400, 836, 123, 340, 443, 597, 160, 57))
SMALL_SYNTH = SynthIDKey(keys=(3, 1, 4), ngram_len=3, sampling_table_size=64, context_history_size=5)

# llama.cpp's: filters first, temperature last
LLAMA_CPP = (*(name for name in ORDER if name not in ("temperature", "watermark")), "temperature", "watermark")
TEMPERATURE_FIRST = ("temperature", *(name for name in ORDER if name != "temperature"))


def tokens(*ids: int) -> np.ndarray:
    return np.array(ids, np.int64)


def shares(*weights: float) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def softmax(*logits: float) -> list[float]:
    return shares(*map(exp, logits))


# Temperature and filters


@pytest.mark.parametrize(
    ("sampler", "wanted"),
    [
        (Sampler(), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),
        (Sampler(temperature=0), [1, 0, 0, 0]),
        (Sampler(temperature=0.5), [16 / 22, 4 / 22, 1 / 22, 1 / 22]),  # probabilities squared, renormalised
        (Sampler(temperature=2), shares(2, sqrt(2), 1, 1)),  # their roots
        (Sampler(temperature=1e-320), [1, 0, 0, 0]),
        (Sampler(top_k=2), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(top_k=3), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),  # the third and the fourth are alike: both stay
        (Sampler(top_k=100), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),
        (Sampler(top_p=0.7), [2 / 3, 1 / 3, 0, 0]),  # 1/2 is too little, 1/2 + 1/4 is enough
        (Sampler(top_p=0.01), [1, 0, 0, 0]),  # always at least one
        (Sampler(min_p=0.4), [2 / 3, 1 / 3, 0, 0]),  # at least 0.4 · 1/2 = 0.2
        (Sampler(min_p=0.2), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),  # at least 0.1
        (Sampler(min_p=1), [1, 0, 0, 0]),
        # Entropy 1/2 · 1 + 1/4 · 2 + 2 · 1/8 · 3 = 1.75 bits; the surprises 1, 2, 3, 3 are 0.75, 0.25, 1.25, 1.25 off.
        (Sampler(typical_p=0.2), [0, 1, 0, 0]),  # the most typical token is not the likeliest
        (Sampler(typical_p=0.7), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(epsilon=0.2), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(epsilon=0.16), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(epsilon=0.6), [1, 0, 0, 0]),  # none is so likely: the likeliest stays
        # exp(-entropy) = 2^-1.75 = 0.297: min(0.25, 0.5 · 0.297) = 0.149; min(0.16, 0.4 · 0.297) = 0.119 < 1/8
        (Sampler(eta=0.25), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(eta=0.16), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),
    ],
    ids=lambda value: ", ".join(value.steps()) or "plain" if isinstance(value, Sampler) else "",
)
def test_by_hand(sampler: Sampler, wanted: list[float]) -> None:
    np.testing.assert_allclose(sampler.offered(LOGITS), wanted, atol=1e-12)


@pytest.mark.parametrize("level", [-700.0, 0.0, 700.0])
def test_no_temperature_overflows(level: float) -> None:
    """Whatever the level of the logits, and over a vocabulary as large as real ones."""
    logits = torch.randn(50_000, generator=torch.Generator().manual_seed(0)) + level
    for temperature in (5e-324, 1e-320, 1e-300):
        offered = Sampler(temperature=temperature).offered(logits)
        assert offered.max() == 1
        assert offered.argmax() == int(logits.argmax())
    assert Sampler(temperature=1e308).offered(logits) == pytest.approx(np.full(50_000, 1 / 50_000))


def test_greedy_takes_the_most_likely_token_that_the_steps_leave() -> None:
    forbidden = Sampler(temperature=0, logit_bias=(((0,), -inf),))
    assert forbidden.offered(LOGITS).tolist() == [0, 1, 0, 0]
    assert Sampler(temperature=0, no_repeat_ngram=1).offered(LOGITS, tokens(0, 1, 3)).tolist() == [0, 0, 1, 0]
    assert Sampler(temperature=0, typical_p=0.2).offered(LOGITS).tolist() == [0, 1, 0, 0]


# What stands in the text already


@pytest.mark.parametrize(("penalty", "first"), [(1.1, 1.2 / 1.1), (1.2, 1.0)])
def test_repetition_penalty_multiplies_negative_logits(penalty: float, first: float) -> None:
    """1.2 is divided; -1 is multiplied, as dividing would raise it: -1/1.1 = -0.91. Uses are not counted."""
    sampler, logits = Sampler(repetition_penalty=penalty), torch.tensor([1.2, -1.0, 0.5], dtype=torch.float64)
    for ids in (tokens(0, 1), tokens(0, 1, 1, 0, 1)):
        np.testing.assert_allclose(sampler.offered(logits, ids), softmax(first, -penalty, 0.5), atol=1e-12)
    assert sampler.offered(logits).tolist() == pytest.approx(softmax(1.2, -1.0, 0.5))


@pytest.mark.parametrize(
    ("sampler", "weights"),
    [
        (Sampler(frequency_penalty=log(2)), (1, 1, 1, 1)),  # ln 4 - 2 ln 2 = 0; ln 2 - ln 2 = 0
        (Sampler(presence_penalty=log(2)), (2, 1, 1, 1)),  # ln 4 - ln 2 = ln 2
        (Sampler(frequency_penalty=log(2), presence_penalty=log(2)), (1 / 2, 1 / 2, 1, 1)),
        (Sampler(frequency_penalty=-log(2)), (16, 4, 1, 1)),  # below 0: more of the same
    ],
)
def test_additive_penalties(sampler: Sampler, weights: tuple[float, ...]) -> None:
    """The first token was used twice, the second once."""
    np.testing.assert_allclose(sampler.offered(LOGITS, tokens(0, 1, 0)), shares(*weights), atol=1e-12)


@pytest.mark.parametrize(
    ("sampler", "ids", "shifted"),
    [
        (Sampler(heat_per_use=0.1), tokens(0), (6 / 1.1, 4, 2, 0)),  # k = 1 + 0.1 · 1
        (Sampler(heat_per_use=0.1), tokens(0, 0), (5, 4, 2, 0)),  # k = 1 + 0.1 · 2 = 1.2
        (Sampler(heat_per_use=0.1), tokens(0, 2, 0, 3), (5, 4, 2 / 1.1, 0)),  # the lowest can fall no further
        (Sampler(heat_if_used=0.2), tokens(0), (5, 4, 2, 0)),  # k = 1 + 0.2
        (Sampler(heat_if_used=0.2), tokens(0, 0, 0), (5, 4, 2, 0)),  # however often
        (Sampler(heat_per_use=0.25, heat_if_used=0.2), tokens(0, 0), (6 / 1.8, 4, 2, 0)),  # k = 1.5 · 1.2
    ],
)
def test_heat(sampler: Sampler, ids: np.ndarray, shifted: tuple[float, ...]) -> None:
    """Logits 3, 1, -1, -3: less the smallest, 6, 4, 2, 0; then each is divided by its k."""
    logits = torch.tensor([3.0, 1.0, -1.0, -3.0], dtype=torch.float64)
    np.testing.assert_allclose(sampler.offered(logits, ids), softmax(*shifted), atol=1e-12)


def test_heat_avoids_the_sign_trap() -> None:
    """The trap: -1 / 1.1 = -0.91 is more than -1, so dividing a negative logit would reward what is repeated."""
    logits = torch.tensor([3.0, 1.0, -1.0, -3.0], dtype=torch.float64)
    plain, trapped = softmax(3, 1, -1, -3), softmax(3, 1, -1 / 1.1, -3)
    assert trapped[2] > plain[2]
    for sampler in (Sampler(heat_per_use=0.1), Sampler(heat_if_used=0.1)):
        assert sampler.offered(logits, tokens(2))[2] < plain[2]


def test_heat_after_a_filter_looks_at_what_is_left() -> None:
    """ln 4 and ln 2 stay; ln 2 becomes 0, and ln 4 - ln 2 = ln 2 is halved."""
    sampler = Sampler(top_k=2, heat_if_used=1, order=("top_k", *(name for name in ORDER if name != "top_k")))
    np.testing.assert_allclose(sampler.offered(LOGITS, tokens(0)), [*shares(sqrt(2), 1), 0, 0], atol=1e-12)


def test_no_repeated_bigram() -> None:
    sampler = Sampler(no_repeat_ngram=2)
    assert sampler.offered(LOGITS, tokens(0, 1, 0)).tolist() == pytest.approx([2 / 3, 0, 1 / 6, 1 / 6])
    assert sampler.offered(LOGITS, tokens(0, 1, 2)).tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 8, 1 / 8])


def test_logit_bias_of_a_token() -> None:
    sampler = Sampler(logit_bias=(((2,), log(2)), ((1,), -inf)))
    np.testing.assert_allclose(sampler.offered(LOGITS), shares(4, 0, 2, 1), atol=1e-7)  # float32 inside


def test_logit_bias_of_a_sequence_waits_for_its_beginning() -> None:
    sampler = Sampler(logit_bias=(((0, 2, 3), log(4)),))
    for ids, weights in [((1, 0, 2), (4, 2, 1, 4)), ((2, 0), (4, 2, 1, 1)), ((), (4, 2, 1, 1))]:
        np.testing.assert_allclose(sampler.offered(LOGITS, tokens(*ids)), shares(*weights), atol=1e-7)


def test_a_token_beyond_the_vocabulary() -> None:
    """In the text it changes nothing, as with transformers; a bias on it can only be a mistake."""
    sampler = Sampler(repetition_penalty=2, frequency_penalty=1, presence_penalty=1, heat_per_use=1, no_repeat_ngram=1)
    np.testing.assert_allclose(sampler.offered(LOGITS, tokens(9, 9)), shares(4, 2, 1, 1), atol=1e-12)
    with pytest.raises(InputError, match="none with the id 4"):
        Sampler(logit_bias=(((4,), 1.0),)).offered(LOGITS)


# Order


def test_temperature_first_or_last_keeps_other_tokens() -> None:
    """Temperature first: 16/22 alone reaches 0.7. Last: 1/2 does not, 1/2 + 1/4 does; then 4² to 2²."""
    settings: dict[str, Any] = {"temperature": 0.5, "top_p": 0.7}
    assert Sampler(**settings).offered(LOGITS).tolist() == [1, 0, 0, 0]
    last = Sampler(**settings, order=LLAMA_CPP)
    assert last.offered(LOGITS).tolist() == pytest.approx([16 / 20, 4 / 20, 0, 0])
    assert last.steps() == ("top-p 0.7", "temperature 0.5")


def test_repetition_penalty_after_temperature_sees_the_signs() -> None:
    """1.2, -1, 0.5 at T = 0.5: 2.4, -2, 1; then 2.4 / 1.2, and -2 · 1.2."""
    sampler = Sampler(temperature=0.5, repetition_penalty=1.2, order=TEMPERATURE_FIRST)
    logits = torch.tensor([1.2, -1.0, 0.5], dtype=torch.float64)
    np.testing.assert_allclose(sampler.offered(logits, tokens(0, 1)), softmax(2.0, -2.4, 1.0), atol=1e-12)


def test_steps_are_those_that_act() -> None:
    assert Sampler().steps() == ()
    assert Sampler(temperature=0).steps() == ("greedy",)
    assert Sampler(top_k=40, temperature=0.7, repetition_penalty=1.1).steps() == (
        "repetition penalty 1.1",
        "temperature 0.7",
        "top-k 40",
    )
    assert Sampler(
        typical_p=0.9, no_repeat_ngram=3, heat_if_used=0.1, logit_bias=(((5,), 1.0),), watermark=KGWKey()
    ).steps() == ("bias on 1 sequence", "heat if used 0.1", "no repeated 3-gram", "typical-p 0.9", "watermark KGW 2")
    assert Sampler(watermark=SYNTH, temperature=0, watermark_bias=3).steps() == ("watermark SynthID", "greedy")


def test_presets() -> None:
    assert PRESETS["Plain"] == Sampler()
    assert {name: preset.steps() for name, preset in PRESETS.items()} == {
        "Plain": (),
        "Greedy": ("greedy",),
        "GLTR top 5": ("top-k 5",),
        "Top 40, T 0.7": ("temperature 0.7", "top-k 40"),
        "Nucleus 0.9": ("top-p 0.9",),
    }


# Refused


@pytest.mark.parametrize(
    "setting",
    [
        *({name: nan} for name in ("temperature", "top_p", "min_p", "typical_p", "epsilon", "eta", "watermark_bias")),
        *({name: nan} for name in ("repetition_penalty", "frequency_penalty", "presence_penalty", "top_k")),
        *({name: value} for name in ("heat_per_use", "heat_if_used") for value in (-0.1, nan, inf)),
        *({name: value} for name in ("frequency_penalty", "presence_penalty") for value in (-inf, inf)),
        *({name: value} for name in ("top_p", "typical_p") for value in (0, 1.1, -1)),
        *({name: value} for name in ("epsilon", "eta") for value in (1, -0.1)),
        *({name: value} for name in ("top_k", "no_repeat_ngram") for value in (-1, 1.5, True, "2")),
        {"temperature": 10**400}, {"top_k": 10**400}, {"no_repeat_ngram": 10**400}, {"logit_bias": (((2**31,), 1.0),)},
        {"temperature": -1}, {"temperature": inf}, {"temperature": "hot"}, {"temperature": None}, {"top_k": 0},
        {"min_p": 1.1}, {"repetition_penalty": 0}, {"repetition_penalty": inf}, {"watermark_bias": -1},
        {"logit_bias": (((), 1.0),)}, {"logit_bias": (((-1,), 1.0),)}, {"logit_bias": (((1,), nan),)},
        {"logit_bias": (((1,), inf),)}, {"logit_bias": (((1,), 1.0), ((1,), 2.0))}, {"logit_bias": (((1.5,), 1.0),)},
        {"watermark": "KGW"}, {"order": ORDER[1:]}, {"order": (*ORDER, "top_k")}, {"order": ("top_k",) * len(ORDER)},
    ],
    ids=str,
)  # fmt: skip
def test_out_of_range_is_one_sentence(setting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Give a"):
        Sampler(**setting)


@pytest.mark.parametrize(
    "key",
    [
        lambda: KGWKey(greenlist_ratio=1), lambda: KGWKey(greenlist_ratio=nan), lambda: KGWKey(seeding_scheme="hash"),
        lambda: KGWKey(context_width=0), lambda: KGWKey(device="tpu"), lambda: SynthIDKey(keys=()),
        lambda: SynthIDKey(keys=(1, -1)), lambda: SynthIDKey(keys=(2**63,)), lambda: SynthIDKey(keys=(1,), ngram_len=1),
        lambda: SynthIDKey(keys=(1,), sampling_table_size=2**50),
        lambda: SynthIDKey(keys=(1,), sampling_table_size=0), lambda: SynthIDKey(keys=(1,), context_history_size=0),
    ],
)  # fmt: skip
def test_keys_out_of_range(key: Any) -> None:
    with pytest.raises(InputError, match="Give a"):
        key()


def test_no_token_left() -> None:
    with pytest.raises(InputError, match="No token is left after no repeated 1-gram"):
        Sampler(no_repeat_ngram=1, eta=0.1).offered(LOGITS, tokens(0, 1, 2, 3))
    with pytest.raises(InputError, match="No token is left after bias on 4 sequences"):
        Sampler(logit_bias=tuple(((i,), -inf) for i in range(4)), temperature=0).offered(LOGITS)


def test_broken_logits_are_the_models_fault() -> None:
    for bad in (torch.tensor([1.0, nan]), torch.tensor([1.0, inf]), torch.tensor([-inf, -inf])):
        with pytest.raises(ModelError, match="not all numbers"):
            Sampler().offered(bad)


# Any settings

SAMPLERS = st.builds(
    Sampler,
    temperature=st.sampled_from([0.0, 1e-320, 0.5, 1.0, 2.0]),
    top_k=st.none() | st.integers(1, 9),
    top_p=st.floats(0.01, 1),
    min_p=st.floats(0, 1),
    typical_p=st.floats(0.01, 1),
    epsilon=st.floats(0, 0.99),
    eta=st.floats(0, 0.99),
    repetition_penalty=st.floats(0.5, 2),
    no_repeat_ngram=st.integers(0, 4),
    frequency_penalty=st.floats(-2, 2),
    presence_penalty=st.floats(-2, 2),
    heat_per_use=st.floats(0, 2),
    heat_if_used=st.floats(0, 2),
    logit_bias=st.lists(
        st.tuples(st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple), st.floats(-100, 100) | st.just(-inf)),
        max_size=3,
        unique_by=lambda entry: entry[0],
    ).map(tuple),
    watermark=st.none() | st.just(SMALL_SYNTH),
    order=st.permutations(ORDER).map(tuple),
)
ANY_LOGITS = st.lists(st.floats(-50, 50, width=32), min_size=8, max_size=20).map(torch.tensor)
ANY_IDS = st.lists(st.integers(0, 7), max_size=12).map(lambda ids: np.array(ids, np.int64))


@given(SAMPLERS, ANY_LOGITS, ANY_IDS)
def test_always_a_distribution(sampler: Sampler, logits: torch.Tensor, ids: np.ndarray) -> None:
    try:
        offered = sampler.offered(logits, ids)
    except InputError as error:
        assert "No token is left" in str(error)  # noqa: PT017
        assert sampler.no_repeat_ngram or sampler.logit_bias
        return
    assert offered.shape == (len(logits),)
    assert offered.dtype == np.float64
    assert (offered >= 0).all()
    assert offered.sum() == pytest.approx(1)
    if sampler.temperature == 0:
        assert sorted(offered) == [0] * (len(logits) - 1) + [1]
    assert np.array_equal(sampler.offered(logits, ids), offered)  # no state


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=20, unique=True), st.integers(1, 25))
def test_top_k_keeps_the_k_most_likely(logits: list[float], k: int) -> None:
    offered = Sampler(top_k=k).offered(torch.tensor(logits))
    assert set(np.flatnonzero(offered)) == set(np.argsort(logits)[-k:])


@given(ANY_LOGITS, ANY_IDS, st.floats(0, 3), st.floats(0, 3))
def test_heat_never_helps_a_used_token_against_an_unused_one(
    logits: torch.Tensor, ids: np.ndarray, per_use: float, if_used: float
) -> None:
    plain = Sampler().offered(logits)
    heated = Sampler(heat_per_use=per_use, heat_if_used=if_used).offered(logits, ids)
    used = np.isin(np.arange(len(logits)), ids)
    assert (heated[~used] >= plain[~used] * (1 - 1e-9)).all()


@given(SAMPLERS | st.builds(Sampler, watermark=st.just(KGWKey(seeding_scheme="selfhash", context_width=4))))
def test_settings_survive_json(sampler: Sampler) -> None:
    assert Sampler.from_dict(json.loads(json.dumps(sampler.to_dict(), allow_nan=False))) == sampler


def test_settings_as_json_hold_what_differs_and_the_order() -> None:
    order = list(ORDER)
    assert Sampler().to_dict() == {"order": order}
    numpys: Any = {"top_k": np.int64(5), "top_p": np.float32(0.5)}
    assert json.dumps(Sampler(**numpys).to_dict() | {"order": []}) == '{"top_k": 5, "top_p": 0.5, "order": []}'
    assert Sampler(logit_bias=(((1, 2), -inf),), watermark=KGWKey(context_width=2)).to_dict() == {
        "logit_bias": [[[1, 2], "-inf"]],
        "watermark": {
            "kind": "KGW", "greenlist_ratio": 0.25, "hashing_key": 15485863, "seeding_scheme": "lefthash",
            "context_width": 2, "device": "cpu",
        },
        "order": order,
    }  # fmt: skip
    assert Sampler.from_dict({"top_k": 3}) == Sampler(top_k=3)


@pytest.mark.parametrize(
    "found",
    [
        {"topk": 3}, {"top_k": "3"}, {"temperature": [1]}, {"order": 5}, {"order": ["top_k"]}, {"order": [1, "a"]},
        {"logit_bias": 3}, {"logit_bias": [[1, 2]]}, {"logit_bias": [[[1], "x"]]}, {"logit_bias": [[["a"], 1]]},
        {"watermark": "KGW"}, {"watermark": {}}, {"watermark": {"kind": "other"}}, {"watermark": {"kind": ["KGW"]}},
        {"watermark": {"kind": "KGW", "keys": [1]}}, {"watermark": {"kind": "KGW", "greenlist_ratio": "x"}},
        {"watermark": {"kind": "SynthID"}}, {"watermark": {"kind": "SynthID", "keys": ["a"]}}, [1], 3, None,
    ],
    ids=str,
)  # fmt: skip
def test_unreadable_settings(found: Any) -> None:
    with pytest.raises(InputError, match="Give a"):
        Sampler.from_dict(found)


# Draws


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20).filter(any), st.floats(0, 1, exclude_max=True))
def test_the_impossible_is_never_drawn(weights: list[int], u: float) -> None:
    probabilities = np.array(weights) / sum(weights)
    for place in (u, 0.0, nextafter(1, 0)):
        assert probabilities[draw(probabilities, place)] > 0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20).filter(any))
def test_draws_come_as_often_as_their_probabilities_say(weights: list[int]) -> None:
    """Over 1,000 even places, each id has its share, up to one place at each end."""
    probabilities = np.array(weights) / sum(weights)
    drawn = [draw(probabilities, (n + 0.5) / 1000) for n in range(1000)]
    assert np.abs(np.bincount(drawn, minlength=len(weights)) - 1000 * probabilities).max() <= 1 + 1e-6


@pytest.mark.parametrize("u", [-0.1, 1.0, nan])
def test_places_out_of_range(u: float) -> None:
    with pytest.raises(InputError, match="Give a"):
        draw(np.array([1.0]), u)


# Watermarks


def written(sampler: Sampler, length: int, *, vocabulary: int = 300) -> np.ndarray:
    """A text drawn from random logits."""
    generator, ids = torch.Generator().manual_seed(1), tokens()
    for _ in range(length):
        logits = torch.randn(vocabulary, generator=generator)
        u = float(torch.rand((), generator=generator, dtype=torch.float64))
        ids = np.append(ids, draw(sampler.offered(logits, ids), u))
    return ids


def test_kgw_raises_the_green_list() -> None:
    """Half of four tokens, by a permutation seeded with hashing key times last token; their weights times 3."""
    sampler = Sampler(watermark=KGWKey(greenlist_ratio=0.5), watermark_bias=log(3))
    green = torch.randperm(4, generator=torch.Generator().manual_seed(15485863 * 2))[:2].tolist()
    weights = [w * 3 if i in green else w for i, w in enumerate((4, 2, 1, 1))]
    np.testing.assert_allclose(sampler.offered(LOGITS, tokens(0, 2)), shares(*weights), atol=1e-12)
    assert sampler.offered(LOGITS).tolist() == pytest.approx(shares(4, 2, 1, 1))  # nothing seeds a list


@pytest.mark.parametrize(
    "key", [KGWKey(), KGWKey(seeding_scheme="selfhash", context_width=3)], ids=["lefthash", "selfhash"]
)
def test_kgw_is_found(key: KGWKey) -> None:
    marked = written(Sampler(watermark=key, watermark_bias=3.0, top_k=100), 120)
    plain = written(Sampler(top_k=100), 120)
    assert kgw(marked, key=key, vocabulary=300).detection.score > 6
    assert abs(kgw(plain, key=key, vocabulary=300).detection.score) < 4


def test_selfhash_where_none_of_the_likeliest_is_green() -> None:
    """transformers' own processor breaks there; nothing is marked."""
    key = KGWKey(greenlist_ratio=0.004, seeding_scheme="selfhash", context_width=2)  # one green token in 300
    logits = torch.randn(300, generator=torch.Generator().manual_seed(0))
    offered = Sampler(watermark=key).offered(logits, tokens(1, 2))
    np.testing.assert_array_equal(offered, Sampler().offered(logits))
    with pytest.raises(InputError, match="only 4 tokens"):
        Sampler(watermark=key).offered(LOGITS, tokens(1, 2))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
@pytest.mark.parametrize(
    "key", [KGWKey(device="cuda"), SynthIDKey(keys=(1,), ngram_len=2, device="cuda")], ids=["a", "b"]
)
def test_a_key_of_a_device_that_is_not_here(key: KGWKey | SynthIDKey) -> None:
    with pytest.raises(InputError, match="no cuda here"):
        Sampler(watermark=key).offered(LOGITS, tokens(1))


def test_synth_id_by_hand() -> None:
    """One layer: p · (1 + g - Σ g p), so that tokens with g = 1 gain what those with g = 0 lose.

    It is a match of two draws: one with g = 1 wins where there is any, so m, their mass, becomes 1 - (1 - m)².
    """
    offered = Sampler(watermark=SynthIDKey(keys=(7,), ngram_len=2)).offered(LOGITS, tokens(3))
    plain = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
    better = offered > plain
    mass = plain[better].sum()
    assert 0 < mass < 1
    np.testing.assert_allclose(offered, plain * (1 + better - mass), atol=1e-12)
    assert offered[better].sum() == pytest.approx(1 - (1 - mass) ** 2)


@pytest.mark.parametrize("key", [SMALL_SYNTH, SynthIDKey(keys=(3, 1, 4), ngram_len=2)], ids=["forgets", "two"])
def test_synth_id_is_what_the_stateful_processor_gives(key: SynthIDKey) -> None:
    """Called for one token after another from the beginning; ours in any order. Six tokens, so contexts come again."""
    from transformers import SynthIDTextWatermarkLogitsProcessor

    stateful = SynthIDTextWatermarkLogitsProcessor(**asdict(key), skip_first_ngram_calls=True)
    sampler, generator = Sampler(watermark=key), torch.Generator().manual_seed(3)
    logits = torch.randn(40, 6, generator=generator, dtype=torch.float64)
    ids, wanted, unmarked = tokens(), [], 0
    for row in logits:
        scores = stateful(torch.tensor(ids)[None], row[None])[0]
        unmarked += torch.equal(scores, row)
        wanted.append(torch.softmax(scores, 0).numpy())
        u = float(torch.rand((), generator=generator, dtype=torch.float64))
        ids = np.append(ids, draw(wanted[-1], u))
    assert key.ngram_len < unmarked < 40  # more than the first ones: repeated contexts
    for n in torch.randperm(40, generator=generator).tolist():
        np.testing.assert_array_equal(sampler.offered(logits[n], ids[:n]), wanted[n])


def test_synth_id_is_found() -> None:
    assert synth_id(written(Sampler(watermark=SYNTH), 150), key=SYNTH).detection.score > 6
    assert abs(synth_id(written(Sampler(), 150), key=SYNTH).detection.score) < 4


def test_steps_after_synth_id_see_what_was_filtered_as_filtered() -> None:
    """transformers writes the smallest float for what has no probability; heat would take that for the lowest logit."""
    first = ("top_k", "watermark", *(name for name in ORDER if name not in ("top_k", "watermark")))
    sampler = Sampler(watermark=SMALL_SYNTH, top_k=2, heat_if_used=1, order=first)
    offered = sampler.offered(LOGITS, tokens(0, 0))
    assert offered[:2].min() > 0.1
    assert offered[2:].tolist() == [0, 0]


# The zebra's stripes


def test_white_is_likely_and_green_is_informative() -> None:
    """After "The zebra's stripes are black and": white 1/2, green 1/1024. Surprise in bits, -log₂ p: 1 and 10.

    What is likely tells little. A sampler that keeps the likely tokens keeps "white" and drops "green", so a text that
    says "green" is hardly a greedy machine's.
    """
    white, green = 1 / 2, 1 / 1024
    logits = torch.tensor([white, green, 1 - white - green], dtype=torch.float64).log()
    plain = Sampler().offered(logits)
    assert -np.log2(plain[:2]) == pytest.approx([1, 10])
    assert Sampler(top_p=0.9).offered(logits)[1] == 0
    hot = Sampler(temperature=2).offered(logits)  # √(1/2) to √(1/1024): 22.6 to 1 in place of 512 to 1
    assert hot[0] / hot[1] == pytest.approx(sqrt(512))


def test_the_default_model_knows_the_zebra(default_model: Any) -> None:
    """Its first guess is white, which tells under 2 bits; green tells over 12."""
    prompt, found = "The zebra's stripes are black and", {}
    for word in (" white", " green"):
        ids = np.concatenate([start_ids(default_model), default_model.tokenizer.encode(prompt + word).ids])
        (scores,) = default_model.score([Row(ids, len(ids) - 1)], top_k=1)
        found[word] = (int(scores.rank[0]), -scores.log_prob[0] / log(2))
    assert found[" white"][0] == 1
    assert found[" white"][1] < 2
    assert found[" green"][0] > 100
    assert found[" green"][1] > 12


def test_a_first_import_in_two_threads_finds_every_step() -> None:
    """transformers replaces itself in ``sys.modules``: who waits for another's import is given the empty first one."""
    code = """
import sys, threading, time
import numpy, torch
begun = threading.Thread(target=lambda: __import__("transformers"))
begun.start()
while "transformers" not in sys.modules:
    time.sleep(0)
assert begun.is_alive()
from analyzer.sampling import Sampler
from analyzer.sampling.watermark_keys import KGWKey
sampler = Sampler(repetition_penalty=1.2, no_repeat_ngram=3, temperature=0.7, top_k=5, watermark=KGWKey())
assert sampler.offered(torch.zeros(50), numpy.array([1])).sum().round(6) == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
