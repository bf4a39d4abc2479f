"""A card and how it judges: from scores to a likelihood with its interval, or to the reason why there is none."""

from analyzer.calibration.among import LengthBin, bin_for, decide, populations, strangeness
from analyzer.calibration.judging import Calibration, Line, any_family
from analyzer.calibration.likelihood import UNCALIBRATED, VERDICTS, Likelihood, Settings

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
