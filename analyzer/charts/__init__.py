"""Charts, as pure functions to altair, readable on a light and on a dark page."""

from analyzer.charts.text_charts import (
    brushed,
    entropy_histogram,
    fluctuation_curve,
    frac_p_histogram,
    rank_histogram,
    surprise_against,
    surprise_curve,
)

__all__ = [
    "brushed",
    "entropy_histogram",
    "fluctuation_curve",
    "frac_p_histogram",
    "rank_histogram",
    "surprise_against",
    "surprise_curve",
]
