"""What the bytes of an output depend on beside rows and layout: program, model, calibration, threads, processor."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from typing import Any

import torch

from analyzer import __version__
from analyzer.analysis import Analyzer
from analyzer.calibration import cards

__all__ = ["About", "about"]


@dataclass(frozen=True, slots=True)
class About:
    """Who computes, and how.

    Attributes
    ----------
    version : str
        Of this program.
    model : dict of str to Any
        As ``ModelInfo`` has it, without its notes.
    calibration : str or None
        Id of the card.
    card : str or None
        Hash of the card: cards of one's own can share an id.
    kinds : tuple of str
        Kinds of writing that the card knows.
    threads : int
    processor : str
        Its kind; behind it that of the GPU where the model is on one.
    """

    version: str
    model: dict[str, Any]
    calibration: str | None
    card: str | None
    kinds: tuple[str, ...]
    threads: int
    processor: str


def about(analyzer: Analyzer, *, threads: int) -> About:
    """What this process computes with."""
    card = analyzer.calibration
    info = asdict(analyzer.model.info)
    info.pop("notes")
    return About(
        version=__version__,
        model=info,
        calibration=None if card is None else card.calibration_id,
        card=None if card is None else _digest(cards.to_dict(card)),
        kinds=() if card is None else tuple(card.kinds),
        threads=threads,
        processor=_processor(info["device"]),
    )


def _processor(device: str) -> str:
    kind = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return f"{kind}, {torch.cuda.get_device_name(torch.device(device))}" if device.startswith("cuda") else kind


def _digest(found: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(found, sort_keys=True).encode(), digest_size=8).hexdigest()
