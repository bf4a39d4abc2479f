"""What decoders did to a text, as charts: pure functions of ``Decoded``, readable on a light and on a dark page."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from analyzer.charts.chart_style import BLUE, GREY, finished
from analyzer.decoders import Decoded
from analyzer.series import BITS_PER_NAT, fluctuation

__all__ = ["probability_curve", "surprise_chart"]

_AROUND = 20  # tokens of the moving average, as in ``charts.fluctuation_curve``
_CURVE_HEIGHT = 220  # pixels, axes and title included; several stand together


def probability_curve(one: Decoded, *, longest: int) -> alt.LayerChart:
    """Mean probability around each place of a continuation; where it runs in a loop, the ground is grey.

    One of small multiples: all have the axis of the longest continuation, `longest` tokens.
    """
    average = fluctuation(one.scores, width=_AROUND)
    rows = pd.DataFrame({"token": np.arange(len(average)) + 1, "probability": average})
    x = alt.X(
        "token:Q",
        title="token of the continuation",
        axis=alt.Axis(grid=False, tickMinStep=1, tickCount=5, format=",d"),
        scale=alt.Scale(domain=[1, max(2, longest)], nice=False),
    )
    y = alt.Y(
        "probability:Q",
        title="mean probability",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".1f", tickCount=3),
    )
    tooltip = [
        alt.Tooltip("token:Q", title="around token", format=","),
        alt.Tooltip("probability:Q", title="mean probability", format=".2f"),
    ]
    layers: list[alt.Chart] = []
    described = f"Mean probability along the continuation by {one.name}"
    if len(average):
        described += f", from {average[0]:.2f} at its beginning to {average[-1]:.2f} at its end"
    if one.loop is not None:
        span = pd.DataFrame({"token": [one.loop.start + 1], "last": [len(average)]})
        layers.append(alt.Chart(span).mark_rect(color=GREY, opacity=0.25).encode(x=x, x2="last:Q"))
        described += f"; a loop from token {one.loop.start + 1} on"
    layers.append(alt.Chart(rows).mark_line(color=BLUE, strokeWidth=1.6).encode(x=x, y=y, tooltip=tooltip))
    title = f"Probability around each place ({_AROUND} tokens)"
    return finished(alt.LayerChart(layer=layers), title, f"{described}.", height=_CURVE_HEIGHT)


def surprise_chart(found: Sequence[Decoded]) -> alt.LayerChart:
    """How surprising each continuation is, beside the surprise that the model expected there, bits a token."""
    names = [one.name for one in found]
    kinds = ["surprise of the text", "expected by the model"]
    rows = pd.DataFrame(
        {
            "decoder": names,
            kinds[0]: [one.mean_surprise * BITS_PER_NAT for one in found],
            kinds[1]: [one.mean_entropy * BITS_PER_NAT for one in found],
        }
    )
    y = alt.Y(
        "decoder:N",
        sort=names,
        title=None,
        axis=alt.Axis(labelLimit=220, labelOverlap=False, ticks=False, domain=False),
    )
    # Told apart by shape too, for who does not see colours.
    legend = alt.Legend(orient="top", direction="vertical", title=None, labelLimit=300)
    points = (
        alt.Chart(rows.melt("decoder", var_name="kind", value_name="bits"))
        .mark_point(filled=True, opacity=1, size=90)
        .encode(
            y=y,
            x=alt.X("bits:Q", title="bits a token", scale=alt.Scale(zero=True)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[BLUE, GREY]), legend=legend),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=legend),
            tooltip=[
                alt.Tooltip("decoder:N", title="decoder"),
                alt.Tooltip("kind:N", title="what"),
                alt.Tooltip("bits:Q", title="bits a token", format=".2f"),
            ],
        )
    )
    between = alt.Chart(rows).mark_rule(color=GREY).encode(y=y, x=f"{kinds[0]}:Q", x2=f"{kinds[1]}:Q")
    told = "; ".join(
        f"{name}: {a:.2f}, expected {b:.2f}"
        for name, a, b in zip(names, rows[kinds[0]].tolist(), rows[kinds[1]].tolist(), strict=True)
    )
    chart = alt.LayerChart(layer=[between, points])
    return finished(chart, "Surprise of the continuations", f"Bits a token by decoder. {told}.", height=380)
