"""What all charts have alike: colours that are seen on a light and on a dark page, a size, words for who sees none."""

from typing import TypeVar

import altair as alt

__all__ = ["BLUE", "GREY", "finished"]

# At least 3:1 (WCAG 1.4.11) against a white and against a dark page.
BLUE = "#3A82C4"
"""What was measured; people."""
GREY = "#858C96"
"""What was expected; lines that explain."""

_HEIGHT = 260  # pixels, axes and title included

_Chart = TypeVar("_Chart", alt.Chart, alt.LayerChart)


def finished(chart: _Chart, title: str, description: str, *, height: int = _HEIGHT) -> _Chart:
    """The chart with its title, its size, and a description for who cannot see it."""
    return chart.properties(title=title, description=description, height=height, width="container")
