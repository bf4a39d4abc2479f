"""Two charts of a calibration card: pure functions of its JSON to altair, readable on a light and on a dark page."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

__all__ = ["reliability_chart", "scores_chart"]

# Blue for people, amber for machines, as in the coloured text; at least 3:1 on both pages.
_PERSON, _MACHINE, _GREY = "#3A82C4", "#B9731A", "#858C96"
_HEIGHT = 280  # pixels
_BARS = 30


def reliability_chart(bins: Sequence[Mapping[str, float]]) -> alt.LayerChart:
    """Share of machine texts among those given about the same probability; on the diagonal the words are true."""
    rows = pd.DataFrame([dict(one) for one in bins])[["n", "probability", "machine"]]
    percents = alt.Axis(format="%", tickCount=5)
    x = alt.X("probability:Q", title="probability given", scale=alt.Scale(domain=[0, 1]), axis=percents)
    y = alt.Y("machine:Q", title="share of machine texts", scale=alt.Scale(domain=[0, 1]), axis=percents)
    base = alt.Chart(rows).encode(x=x, y=y)
    tooltip = [
        alt.Tooltip("n:Q", title="texts", format=","),
        alt.Tooltip("probability:Q", title="probability given", format=".0%"),
        alt.Tooltip("machine:Q", title="machine texts", format=".0%"),
    ]
    ends = pd.DataFrame({"probability": [0.0, 1.0], "machine": [0.0, 1.0]})
    diagonal = alt.Chart(ends).mark_line(color=_GREY, strokeDash=[4, 4]).encode(x=x, y=y)
    line = base.mark_line(color=_PERSON, strokeWidth=1.5)
    points = base.mark_circle(color=_PERSON, opacity=1).encode(
        size=alt.Size("n:Q", scale=alt.Scale(range=[40, 300]), legend=None), tooltip=tooltip
    )
    told = "; ".join(f"{row.probability:.0%}: {row.machine:.0%} of {row.n:,.0f}" for row in rows.itertuples())
    chart: alt.LayerChart = alt.LayerChart(layer=[diagonal, line, points])
    return chart.properties(
        title="Are the probabilities true?",
        description=f"Probability given against share of machine texts. {told}.",
        height=_HEIGHT,
        width="container",
    )


def scores_chart(length_bin: Mapping[str, Any]) -> alt.Chart:
    """How the scores of people's and of machines' calibration texts lie: where they overlap, nobody can tell."""
    scores = {
        who: np.array([score for texts in length_bin[key].values() for score in texts], float)
        for key, who in (("human", "people"), ("machine", "machines"))
    }
    everything = np.concatenate(list(scores.values()))
    low, high = np.quantile(everything, [0.002, 0.998])
    edges = np.linspace(low, max(high, low + 1e-6), _BARS + 1)
    parts = []
    for who, values in scores.items():
        counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
        share = counts / max(1, len(values))
        parts.append(pd.DataFrame({"score": (edges[:-1] + edges[1:]) / 2, "share": share, "written by": who}))
    colour = alt.Color(
        "written by:N",
        scale=alt.Scale(domain=list(scores), range=[_PERSON, _MACHINE]),
        legend=alt.Legend(orient="top", title=None, symbolOpacity=1, symbolType="square", symbolStrokeWidth=0),
    )
    counted = " and ".join(f"{len(values):,} texts by {who}" for who, values in scores.items())
    chart: alt.Chart = (
        alt.Chart(pd.concat(parts))
        .mark_area(interpolate="step", opacity=0.45, line=True)
        .encode(
            x=alt.X("score:Q", title="score (right: more machine-like)", axis=alt.Axis(grid=False, tickCount=6)),
            y=alt.Y("share:Q", title="share of texts", stack=None, axis=alt.Axis(format="%", tickCount=4)),
            color=colour,
            strokeDash=alt.StrokeDash(
                "written by:N", scale=alt.Scale(domain=list(scores), range=[[1, 0], [4, 2]]), legend=None
            ),
            tooltip=["written by:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("score:Q", format=".2f")],
        )
    )
    middles = " and ".join(f"{np.median(values):.2f} of {who}" for who, values in scores.items() if len(values))
    return chart.properties(
        title="How far they lie apart",
        description=f"Distributions of the scores of {counted}; medians {middles}.",
        height=_HEIGHT,
        width="container",
    )
