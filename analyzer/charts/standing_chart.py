"""Where a text stands among calibration texts, as a picture: a hundred dots for people, a hundred for machines.

Dots can be counted where a density has to be believed (quantile dotplots: Kay, Kola, Hullman, Munson 2016, "When (ish)
is My Bus?").
"""

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analyzer.analysis_result import Analysis
from analyzer.calibration import bin_for
from analyzer.calibration.standing import standing
from analyzer.charts.chart_style import BLUE, GREY

__all__ = ["standing_chart"]

_COLUMNS = 40  # of dots
_PEOPLE, _MACHINES = "texts by people", "texts by machines"
_COLOURS = (BLUE, "#B0731A")  # and amber: at least 3:1 on a white and on a dark page, apart for all eyes


def standing_chart(analysis: Analysis) -> alt.LayerChart | None:
    """Dots above the line are people's texts of this length, dots below machines'; each is one in a hundred.

    None where the text is not judged or nothing of its length and kind is known.
    """
    card, likelihood = analysis.calibration, analysis.likelihood
    one = None if card is None else bin_for(card.bins, len(analysis.scores))
    if one is None or likelihood.verdict == "not judged":
        return None
    found = standing(one, kind=likelihood.settings.kind)
    if not len(found.human) or not len(found.machine):
        return None
    every = np.concatenate([found.human, found.machine, [likelihood.score]])
    edges = np.linspace(every.min(), every.max() + 1e-9, _COLUMNS + 1)
    rows = pd.concat(
        [_stacked(found.human, edges, _PEOPLE, 1), _stacked(found.machine, edges, _MACHINES, -1)], ignore_index=True
    )
    beyond = int((found.human >= likelihood.score).sum())
    most = float(rows["height"].abs().max()) + 2.5  # room for the label
    x = alt.X(
        "score:Q",
        scale=alt.Scale(domain=[edges[0], edges[-1]], nice=False, padding=8),
        axis=alt.Axis(
            labels=False, ticks=False, grid=False, title="more like people’s texts  ←   →  more like machines’"
        ),
    )
    y = alt.Y("height:Q", scale=alt.Scale(domain=[-most, most]), axis=None)
    dots = (
        alt.Chart(rows)
        .mark_circle(size=46, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "who:N",
                scale=alt.Scale(domain=[_PEOPLE, _MACHINES], range=list(_COLOURS)),
                legend=alt.Legend(title=None, orient="top", symbolType="circle"),
            ),
            tooltip=alt.Tooltip("who:N", title="one in a hundred"),
        )
    )
    here = pd.DataFrame({"score": [likelihood.score], "height": [most], "label": ["this text"]})
    rule = alt.Chart(here).mark_rule(strokeWidth=2, strokeDash=[5, 3], color=GREY).encode(x="score:Q")
    right_half = likelihood.score > (edges[0] + edges[-1]) / 2
    label = (
        alt.Chart(here)
        .mark_text(align="right" if right_half else "left", dx=-6 if right_half else 6, dy=8, color=GREY)
        .encode(x="score:Q", y=y, text="label:N")
    )
    return alt.LayerChart(layer=[rule, dots, label]).properties(
        title="Among texts of known origin and about this length",
        description=(
            f"A hundred dots stand for people's texts, a hundred for machines'. {beyond} of the people's are at "
            "least as machine-like as this text."
        ),
        height=260,
        width="container",
    )


def _stacked(scores: NDArray[np.float64], edges: NDArray[np.float64], who: str, way: int) -> pd.DataFrame:
    """Dots in columns, one on the other away from the middle line; scores (n,) ascend."""
    column = np.searchsorted(edges, scores, side="right") - 1
    place = np.arange(len(scores)) - np.searchsorted(column, column, side="left")
    return pd.DataFrame({"score": (edges[column] + edges[column + 1]) / 2, "height": way * (place + 0.8), "who": who})
