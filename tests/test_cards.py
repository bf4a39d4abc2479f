"""A card survives the file; what is no card, or one for something else, is refused with what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_calibration import CARDS, MODEL
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration import Settings
from analyzer.calibration.cards import for_model, from_dict, load_card, save_card, shipped_card, to_dict
from analyzer.calibration.features import FEATURES
from analyzer.errors import CalibrationError, CalibrationMismatch
from analyzer.models.toy import ToyModel


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_judges_the_same_after_the_file(card: Any, tmp_path: Path) -> None:
    save_card(card, tmp_path / "card.json")
    again = load_card(tmp_path / "card.json")
    for text in (HUMAN, MACHINE, "the cat"):
        before = Analyzer(MODEL, calibration=card).analyze(text)
        after = Analyzer(MODEL, calibration=again).analyze(text)
        for settings in (Settings(), Settings(0.1, 0.2, "letters")):
            old, new = before.judge(settings), after.judge(settings)
            assert (new.verdict, new.reasons, new.calibration_id) == (old.verdict, old.reasons, old.calibration_id)
            numbers = [
                [getattr(f, n) for n in ("score", "probability", "low", "high", "human_p_value")] for f in (old, new)
            ]
            np.testing.assert_allclose(*numbers, rtol=1e-4)
        assert after.cut() == before.cut()
    assert to_dict(load_card(tmp_path / "card.json")) == to_dict(again)


def test_the_file_is_stable_and_has_a_line_for_each_key(tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    save_card(CARDS["two families"], a)
    save_card(load_card(a), b)
    assert a.read_bytes() == b.read_bytes()
    assert len(a.read_text().splitlines()) == len(json.loads(a.read_text())) + 2


def test_the_shipped_card_is_for_the_embedded_model_alone() -> None:
    assert for_model(MODEL.info) is None
    assert Analyzer(MODEL).calibration is None
    card = shipped_card()
    assert card.model["name"] == "SmolLM2-135M-Instruct"
    assert to_dict(from_dict(to_dict(card), where="x")) == to_dict(card)
    assert card.bins[0].typical_mean.shape == (len(FEATURES),)


def test_the_embedded_model_gets_it(default_model: Any) -> None:
    assert Analyzer(default_model).calibration is shipped_card()
    assert Analyzer(default_model, top_k=5).calibration is None  # too few alternatives for its features


def test_a_card_of_another_model_is_refused() -> None:
    with pytest.raises(CalibrationMismatch, match="for name SmolLM2") as caught:
        Analyzer(MODEL, calibration=shipped_card())
    assert "analyzer calibrate" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"), [(b"no json", "not JSON"), (b"[1]", "no calibration card"), (b"\xff", "cannot be read")]
)
def test_what_is_no_card_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    refused(lambda: load_card(path), CalibrationError, message)


def test_no_file_is_refused(tmp_path: Path) -> None:
    refused(lambda: load_card(tmp_path / "none.json"), CalibrationError, "cannot be read")
    refused(lambda: load_card(tmp_path), CalibrationError, "cannot be read")


@pytest.mark.parametrize("number", [0, 2, None, "1"])
def test_another_format_is_refused(number: object) -> None:
    refused(lambda: from_dict(whole() | {"format": number}, where="x"), CalibrationError, "format 1")


@pytest.mark.parametrize("features", [FEATURES[:-1], FEATURES[::-1], [], 5, None])
def test_other_features_are_refused(features: object) -> None:
    refused(lambda: from_dict(whole() | {"features": features}, where="x"), CalibrationMismatch, "other features")


@pytest.mark.parametrize("key", sorted(set(to_dict(CARDS["one family"])) - {"format", "features"}))
def test_a_missing_key_is_named(key: str) -> None:
    found = whole()
    del found[key]
    refused(lambda: from_dict(found, where="x"), CalibrationError, key)


def damage(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def apply(found: Any) -> None:
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return apply


@pytest.mark.parametrize(
    "apply",
    [
        damage("evidence", 0, "features", value=[1.0]),
        damage("evidence", 0, "features", value=["a"] * len(FEATURES)),
        damage("evidence", 0, "bias", value=None),
        damage("evidence", value=7),
        damage("bins", value=[1]),
        damage("bins", 0, "human", value=[]),
        damage("bins", 0, "machine", value={"chat": ["x"]}),
        damage("slope", value=[1.0]),
        damage("offset", value={}),
        damage("layers", value=None),
    ],
)
def test_a_damaged_card_is_refused(apply: Callable[[dict[str, Any]], None]) -> None:
    found = whole()
    apply(found)
    refused(lambda: from_dict(found, where="x"), CalibrationError, "damaged")


def whole() -> dict[str, Any]:
    return json.loads(json.dumps(to_dict(toy_card(ToyModel("ab").info))))


def refused(call: Callable[[], object], error: type[CalibrationError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert caught.value.hint
