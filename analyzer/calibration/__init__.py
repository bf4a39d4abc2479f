"""A card and how it judges: from scores to a likelihood with its interval, or to the reason why there is none."""

from analyzer.calibration.judging import (
    UNCALIBRATED,
    VERDICTS,
    Calibration,
    LengthBin,
    Likelihood,
    Line,
    Settings,
    any_family,
    bin_for,
    decide,
    populations,
    strangeness,
)

__all__ = [
    "UNCALIBRATED",
    "VERDICTS",
    "Calibration",
    "LengthBin",
    "Likelihood",
    "Line",
    "Settings",
    "any_family",
    "bin_for",
    "decide",
    "populations",
    "strangeness",
]
