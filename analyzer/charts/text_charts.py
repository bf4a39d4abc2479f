"""One ``Analysis`` as charts: pure functions to altair, readable on a light and on a dark page.

Surprise and entropy are kept in nats and shown in bits. What is counted or averaged here is only what a drawing needs:
bars of a histogram, points of a line too long to draw. Every chart carries a description for who cannot see it.
"""

import math

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analyzer.analysis import Analysis
from analyzer.charts.chart_style import BLUE, GREY, finished
from analyzer.markup import BUCKET_LABELS, PALETTES, Palette, visible
from analyzer.series import BITS_PER_NAT, fluctuation, frac_p, rank_buckets, surprise, top_10_entropy

__all__ = [
    "brushed",
    "entropy_histogram",
    "fluctuation_curve",
    "frac_p_histogram",
    "rank_histogram",
    "surprise_against",
    "surprise_curve",
]

_LONGEST_CURVE = 600  # tokens drawn one by one: about one a pixel; of a longer text, means of consecutive tokens
_AROUND = 20  # tokens of the moving average, as its source has it
_POINTS = 200  # at most as many has such a curve then


def rank_histogram(analysis: Analysis, *, palette: Palette = PALETTES["light"]) -> alt.LayerChart:
    """How many tokens fall into each of GLTR's four rank buckets, in the colours of the text."""
    counts = np.bincount(rank_buckets(analysis.scores.rank), minlength=len(BUCKET_LABELS))
    shares = [analysis.statistics[f"rank_share_{name}"] for name in ("1_10", "11_100", "101_1000", "over_1000")]
    rows = pd.DataFrame({"rank": BUCKET_LABELS, "tokens": counts})
    rows["label"] = [f"{100 * share:.0f} % ({count:,})" for share, count in zip(shares, counts.tolist(), strict=True)]
    order = list(BUCKET_LABELS)
    base = alt.Chart(rows).encode(
        y=alt.Y("rank:N", sort=order, title="rank", axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X(
            "tokens:Q",
            title="tokens",
            axis=alt.Axis(tickMinStep=1, tickCount=4, format=",d"),
            scale=alt.Scale(domain=[0, max(1.0, counts.max() * 1.5)], nice=False),  # room for the longest bar's label
        ),
        tooltip=[
            alt.Tooltip("rank:N", title="rank"),
            alt.Tooltip("label:N", title="tokens"),
        ],
    )
    # Outlined, as the first step of each palette is close to its page.
    bars = base.mark_bar(stroke=GREY, strokeWidth=1).encode(
        color=alt.Color("rank:N", scale=alt.Scale(domain=order, range=list(palette.background)), legend=None)
    )
    labels = base.mark_text(align="left", dx=6, color=GREY, fontSize=13).encode(text="label:N")
    described = "; ".join(f"rank {rank}: {label}" for rank, label in zip(order, rows["label"], strict=True))
    chart = alt.LayerChart(layer=[bars, labels])
    return finished(chart, "Ranks of the tokens", f"Bar chart of tokens by rank. {described}.")


def frac_p_histogram(analysis: Analysis) -> alt.Chart:
    """How likely each token was beside the model's first guess there: 1 is the first guess itself."""
    return _histogram(
        frac_p(analysis.scores),
        upper=1.0,
        title="Against the first guess",
        axis="probability ÷ that of the first guess",
    )


def entropy_histogram(analysis: Analysis) -> alt.Chart:
    """How unsure the model was between its ten best guesses for each token, in bits: 0 to log2 10."""
    return _histogram(
        top_10_entropy(analysis.scores) * BITS_PER_NAT,
        upper=math.log2(10),
        title="How unsure the model was",
        axis="entropy of its ten best guesses (bits)",
    )


def surprise_curve(analysis: Analysis) -> alt.LayerChart:
    """Surprise along the text, over what the model expected there, plus and minus one standard deviation.

    Beyond 600 tokens a point is the mean of consecutive tokens, and the band that of such a mean: the title says so.
    """
    scores = analysis.scores
    size = 1 if len(scores) <= _LONGEST_CURVE else -(-len(scores) // _POINTS)
    firsts = np.arange(0, len(scores), size)
    lasts = np.append(firsts[1:], len(scores)) - 1
    numbers = scores.start + 1  # of the first scored token, as people count
    expected = _means(scores.entropy, firsts) * BITS_PER_NAT
    # Variances of tokens add up, as each is conditional on all before it: a mean of n has the nth part of their mean.
    band = np.sqrt(_means(scores.varentropy, firsts) / (lasts - firsts + 1)) * BITS_PER_NAT
    rows = pd.DataFrame(
        {
            "token": (firsts + lasts) / 2 + numbers,
            "surprise": _means(surprise(scores), firsts) * BITS_PER_NAT,
            "expected": expected,
            "low": np.maximum(expected - band, 0),
            "high": expected + band,
        }
    ).replace([np.inf, -np.inf], np.nan)
    tooltip = [
        alt.Tooltip("surprise:Q", title="surprise (bits)", format=".1f"),
        alt.Tooltip("expected:Q", title="expected (bits)", format=".1f"),
    ]
    if size == 1:
        rows["text"] = [f"“{visible(analysis.tokenization.piece(int(i) + scores.start))}”" for i in firsts]
        rows["rank"] = scores.rank
        title = "Surprise along the text"
        tooltip = [alt.Tooltip("text:N", title="token"), alt.Tooltip("rank:Q", title="rank", format=","), *tooltip]
    else:
        rows["text"] = [f"{a + numbers:,} to {b + numbers:,}" for a, b in zip(firsts, lasts, strict=True)]
        title = f"Surprise along the text (means of {size} tokens)"
        tooltip = [alt.Tooltip("text:N", title="tokens"), *tooltip]
    x = _position(numbers, len(scores))
    y = alt.Y("surprise:Q", title="surprise (bits)", scale=alt.Scale(zero=True))
    names = ["surprise of the text", "expected, ± 1 standard deviation"]
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[BLUE, GREY]),
        legend=alt.Legend(orient="top", direction="vertical", title=None, labelLimit=400, symbolType="circle"),
    )
    area = alt.Chart(rows).mark_area(opacity=0.3, color=GREY).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = (
        alt.Chart(rows)
        .transform_calculate(series=f"'{names[1]}'")
        .mark_line(strokeWidth=1.2)
        .encode(x=x, y="expected:Q", color=colour)
    )
    points = (
        alt.Chart(rows)
        .transform_calculate(series=f"'{names[0]}'")
        .mark_circle(opacity=0.9, size=12 if size > 1 else 40 if len(rows) <= 200 else 20)
        .encode(x=x, y=y, color=colour, tooltip=tooltip)
    )
    layers = [area, line, points]
    if size > 1:  # neighbouring means belong together; single tokens do not
        layers.insert(2, points.mark_line(strokeWidth=1.2, color=BLUE))
    described = (
        f"Surprise of {len(scores):,} tokens along the text, on average "
        f"{analysis.statistics['surprise_mean'] * BITS_PER_NAT:.1f} bits a token; the model expected "
        f"{analysis.statistics['entropy'] * BITS_PER_NAT:.1f} bits."
    )
    return finished(alt.LayerChart(layer=layers), title, described, height=360)


def brushed(curve: alt.LayerChart, *, stretch: tuple[int, int] | None = None) -> alt.LayerChart:
    """A curve along the text on which a stretch can be drawn: an interval selection named "brush".

    `stretch`, the first token, counted from 0, and the one behind the last, is drawn on it to begin with.
    """
    if stretch is None:
        brush = alt.selection_interval(name="brush", encodings=["x"])
    else:
        brush = alt.selection_interval(name="brush", encodings=["x"], value={"x": (stretch[0] + 1, stretch[1])})
    # On a canvas: as an element of an SVG the rectangle would be a picture without a name to screen readers.
    found: alt.LayerChart = curve.add_params(brush).properties(usermeta={"embedOptions": {"renderer": "canvas"}})
    return found


def surprise_against(analysis: Analysis, other: Analysis, *, first: int) -> alt.LayerChart:
    """Surprise added up over the tokens from the scored one `first` on, beside that of the model's own first guesses.

    How far the lines are apart is what the text chose to give up in likelihood, bits.
    """
    names = ["this text", "first guesses"]
    parts = []
    for name, one in zip(names, (analysis, other), strict=True):
        added = np.append(0.0, np.cumsum(surprise(one.scores)[first:])) * BITS_PER_NAT
        places = np.arange(len(added)) + one.scores.start + first
        every = max(1, len(added) // _LONGEST_CURVE)
        parts.append(pd.DataFrame({"token": places[::every], "bits": added[::every], "text": name}))
    rows = pd.concat(parts).replace([np.inf, -np.inf], np.nan)
    scale = alt.Scale(domain=names, range=[BLUE, GREY])
    dashes = alt.Scale(domain=names, range=[[1, 0], [5, 3]])  # told apart without colour too
    legend = alt.Legend(orient="top", title=None)
    line = (
        alt.Chart(rows)
        .mark_line(strokeWidth=2)
        .encode(
            x=_position(first + analysis.scores.start, len(analysis.scores) - first + 1),
            y=alt.Y("bits:Q", title="surprise added up (bits)"),
            color=alt.Color("text:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("text:N", scale=dashes, legend=legend),
            tooltip=[
                alt.Tooltip("text:N", title="path"),
                alt.Tooltip("token:Q", title="up to token", format=","),
                alt.Tooltip("bits:Q", title="bits", format=".1f"),
            ],
        )
    )
    ends = [float(part["bits"].iloc[-1]) for part in parts]
    described = f"Lines of the surprise added up: {ends[0]:.1f} bits of this text, {ends[1]:.1f} bits of first guesses."
    return finished(alt.LayerChart(layer=[line]), "What the choices cost", described)


def fluctuation_curve(analysis: Analysis) -> alt.Chart:
    """Probability of the tokens around each place, a moving average: where the text follows the model and where not.

    Of a long text, evenly spaced places are drawn: neighbours hardly differ.
    """
    scores = analysis.scores
    average = fluctuation(scores, width=_AROUND)
    places = np.arange(0, len(scores), max(1, len(scores) // _LONGEST_CURVE))
    rows = pd.DataFrame({"token": places + scores.start + 1, "probability": average[places]})
    x = _position(scores.start + 1, len(scores))
    y = alt.Y(
        "probability:Q",
        title="mean probability",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".1f", tickCount=5),
    )
    tooltip = [
        alt.Tooltip("token:Q", title="around token", format=","),
        alt.Tooltip("probability:Q", title="mean probability", format=".2f"),
    ]
    chart: alt.Chart = alt.Chart(rows).mark_line(color=BLUE, strokeWidth=1.6).encode(x=x, y=y, tooltip=tooltip)
    described = f"Line of the mean probability of {_AROUND} tokens around each place, "
    return finished(
        chart,
        f"Probability around each place ({_AROUND} tokens)",
        described + f"from {average.min():.2f} to {average.max():.2f}.",
    )


def _position(first: int, count: int) -> alt.X:
    """The axis along the text; tokens are counted from 1."""
    return alt.X(
        "token:Q",
        title="position in the text (token number)",
        axis=alt.Axis(grid=False, tickMinStep=1, tickCount=8, format=",d", labelOverlap=True),
        scale=alt.Scale(domain=[first, first + max(count - 1, 1)], nice=False),
    )


def _means(values: NDArray[np.float64], firsts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means of the stretches that begin at `firsts`."""
    sizes = np.diff(np.append(firsts, len(values)))
    return np.asarray(np.add.reduceat(values, firsts) / sizes)


def _histogram(values: NDArray[np.float64], *, upper: float, title: str, axis: str) -> alt.Chart:
    """Ten bars from 0 to `upper`; undefined values are left out."""
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known.clip(0, upper), bins=10, range=(0, upper))
    rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "tokens": counts})
    x = alt.X(
        "from:Q",
        bin="binned",
        title=axis,
        scale=alt.Scale(domain=[0, upper], nice=False),
        axis=alt.Axis(format=".1f", tickCount=5, grid=False),
    )
    bounds = [alt.Tooltip(f"{end}:Q", title=end, format=".2f") for end in ("from", "to")]
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(color=BLUE)
        .encode(
            x=x,
            x2="to:Q",
            y=alt.Y("tokens:Q", title="tokens", axis=alt.Axis(tickMinStep=1, tickCount=4, format=",d")),
            tooltip=[*bounds, alt.Tooltip("tokens:Q", title="tokens", format=",")],
        )
    )
    bars = ", ".join(f"{a:.2f} to {b:.2f}: {n}" for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True))
    return finished(chart, title, f"Histogram of tokens by {axis}. {bars}.")
