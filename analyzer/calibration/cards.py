"""Calibration cards as JSON files, and the one that comes with the program."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.calibration import Calibration, LengthBin, Line
from analyzer.calibration.features import FEATURES
from analyzer.errors import CalibrationError, CalibrationMismatch
from analyzer.models import ModelInfo

__all__ = ["for_model", "from_dict", "load_card", "save_card", "shipped_card", "to_dict"]

_FORMAT = 1
_SHIPPED = "smollm2-135m-instruct.json"


def for_model(model: ModelInfo) -> Calibration | None:
    """The card that comes with the program, if it is for this model; else None."""
    card = shipped_card()
    try:
        card.check(model)
    except CalibrationMismatch:
        return None
    return card


@cache
def shipped_card() -> Calibration:
    """The card of the embedded model."""
    return _parse(
        resources.files("analyzer.calibration").joinpath("shipped", _SHIPPED).read_text(encoding="utf-8"), _SHIPPED
    )


def load_card(path: Path) -> Calibration:
    """Read a card.

    Raises
    ------
    CalibrationError
        If the file cannot be read or is no card.
    CalibrationMismatch
        If it was made for other features.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path} cannot be read.", hint="Give a card made by `analyzer calibrate`.") from error
    return _parse(text, str(path))


def save_card(card: Calibration, path: Path) -> None:
    """Write a card, one key a line."""
    lines = (f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in to_dict(card).items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def to_dict(card: Calibration) -> dict[str, Any]:
    """A card as plain JSON values; numbers to six digits, scores to four decimals."""
    return {
        "format": _FORMAT,
        "calibration_id": card.calibration_id,
        "created": card.created,
        "model": dict(card.model),
        "features": list(FEATURES),
        "layers": list(card.layers),
        "evidence": [_line(line) for line in card.evidence],
        "bins": [_bin(one) for one in card.bins],
        "slope": list(card.slope),
        "offset": list(card.offset),
        "longest": card.longest,
        "english_prose": card.english_prose,
        "span": dict(card.span),
        "measured": dict(card.measured),
    }


def from_dict(found: Mapping[str, Any], *, where: str) -> Calibration:
    """The card in a JSON object; `where` names it in messages.

    Raises
    ------
    CalibrationError, CalibrationMismatch
        As ``load_card``.
    """
    if found.get("format") != _FORMAT:
        raise CalibrationError(
            f"{where} is no calibration card of format {_FORMAT}.", hint="Make one with `analyzer calibrate`."
        )
    if found.get("features") not in (list(FEATURES), FEATURES):
        raise CalibrationMismatch(
            f"{where} was made for other features than this version computes.",
            hint="Make it again with `analyzer calibrate`.",
        )
    try:
        return Calibration(
            calibration_id=found["calibration_id"],
            created=found["created"],
            model=found["model"],
            layers=tuple(found["layers"]),
            evidence=tuple(map(_to_line, found["evidence"])),
            bins=tuple(map(_to_bin, found["bins"])),
            slope=(found["slope"][0], found["slope"][1]),
            offset=(found["offset"][0], found["offset"][1]),
            longest=found["longest"],
            english_prose=found["english_prose"],
            span=found["span"],
            measured=found["measured"],
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CalibrationError(f"{where} is a damaged calibration card: {error!r}.", hint="Get it again.") from error


def _parse(text: str, where: str) -> Calibration:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CalibrationError(f"{where} is not JSON.", hint="Give a card made by `analyzer calibrate`.") from error
    if not isinstance(found, dict):
        raise CalibrationError(f"{where} is no calibration card.", hint="Give one made by `analyzer calibrate`.")
    return from_dict(found, where=where)


def _line(line: Line) -> dict[str, Any]:
    parts = {name: [float(f"{v:.6g}") for v in getattr(line, name)] for name in ("features", "states")}
    return parts | {"bias": line.bias}


def _to_line(found: Mapping[str, Any]) -> Line:
    features, states = (np.array(found[name], float) for name in ("features", "states"))
    if len(features) != len(FEATURES):
        raise ValueError(f"expected {len(FEATURES)} weights, got {len(features)}")
    return Line(features, states, float(found["bias"]))


def _bin(one: LengthBin) -> dict[str, Any]:
    return {
        "tokens": one.tokens,
        "human": {name: np.round(of, 4).tolist() for name, of in one.human.items()},
        "machine": {name: np.round(of, 4).tolist() for name, of in one.machine.items()},
        "half_width": one.half_width,
        "typical_mean": [float(f"{v:.6g}") for v in one.typical_mean],
        "typical_spread": [float(f"{v:.6g}") for v in one.typical_spread],
        "largest_distance": one.largest_distance,
        "least_surprise": one.least_surprise,
    }


def _to_bin(found: Mapping[str, Any]) -> LengthBin:
    return LengthBin(
        tokens=found["tokens"],
        human={name: np.array(of, float) for name, of in found["human"].items()},
        machine={name: np.array(of, float) for name, of in found["machine"].items()},
        half_width=found["half_width"],
        typical_mean=np.array(found["typical_mean"], float),
        typical_spread=np.array(found["typical_spread"], float),
        largest_distance=found["largest_distance"],
        least_surprise=found["least_surprise"],
    )
