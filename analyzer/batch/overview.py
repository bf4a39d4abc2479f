"""Many results at a glance: how many of which verdict, how their likelihoods lie, and what chance alone would do."""

from collections import Counter
from collections.abc import Iterable, Sequence

import altair as alt
import numpy as np
import pandas as pd

from analyzer.calibration import Likelihood

__all__ = ["FAILED", "by_chance", "likelihood_histogram", "verdict_bars", "verdict_counts", "verdict_of"]

FAILED = "failed"
"""In the place of a verdict, for a row without an analysis."""

_BLUE, _GREY = "#3A82C4", "#858C96"  # at least 3:1 against a white and against a dark page; neither blames anybody
_HEIGHT = 190  # pixels


def verdict_of(likelihood: Likelihood | None) -> str:
    """One of ``analyzer.calibration.VERDICTS``, or `FAILED`."""
    return FAILED if likelihood is None else likelihood.verdict


def verdict_counts(found: Iterable[Likelihood | None]) -> dict[str, int]:
    """How many of each verdict, those without any included, and of rows that failed.

    Examples
    --------
    >>> verdict_counts([None])
    {'likely AI': 0, 'unclear': 0, 'likely human': 0, 'not judged': 0, 'failed': 1}
    """
    counts = Counter(verdict_of(one) for one in found)
    return {name: counts[name] for name in ("likely AI", "unclear", "likely human", "not judged", FAILED)}


def by_chance(n_judged: int, false_positive_rate: float) -> float:
    """How many of so many human texts are called likely AI at this rate, as expected: at most about n × rate."""
    return n_judged * false_positive_rate


def verdict_bars(counts: dict[str, int]) -> alt.LayerChart:
    """How many texts got which verdict."""
    names = [name[0].upper() + name[1:] for name in counts]
    rows = pd.DataFrame({"verdict": names, "texts": list(counts.values())})
    base = alt.Chart(rows).encode(
        y=alt.Y("verdict:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=120)),
        x=alt.X(
            "texts:Q",
            title="texts",
            axis=alt.Axis(tickMinStep=1, tickCount=4, format=",d"),
            scale=alt.Scale(domain=[0, max(1.0, 1.2 * max(counts.values(), default=0))], nice=False),
        ),
        tooltip=[alt.Tooltip("verdict:N", title="verdict"), alt.Tooltip("texts:Q", title="texts", format=",")],
    )
    labels = base.mark_text(align="left", dx=5, color=_GREY, fontSize=13).encode(text=alt.Text("texts:Q", format=","))
    described = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts.values(), strict=True))
    chart = alt.LayerChart(layer=[base.mark_bar(color=_BLUE), labels])
    return chart.properties(description=f"Texts by verdict: {described}.", height=_HEIGHT, width="container")


def likelihood_histogram(found: Sequence[Likelihood | None]) -> alt.Chart:
    """How the likelihoods of the texts that were judged lie between 0 and 1, in ten bars."""
    values = np.array([one.probability for one in found if one is not None], dtype=np.float64)
    counts, edges = np.histogram(values[np.isfinite(values)], bins=10, range=(0, 1))
    rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "texts": counts})
    bounds = [alt.Tooltip(f"{end}:Q", title=end, format=".0%") for end in ("from", "to")]
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X(
                "from:Q",
                bin="binned",
                title="probability of a machine",
                scale=alt.Scale(domain=[0, 1], nice=False),
                axis=alt.Axis(format=".0%", tickCount=5, grid=False),
            ),
            x2="to:Q",
            y=alt.Y("texts:Q", title="texts", axis=alt.Axis(tickMinStep=1, tickCount=4, format=",d")),
            tooltip=[*bounds, alt.Tooltip("texts:Q", title="texts", format=",")],
        )
    )
    bars = ", ".join(
        f"{100 * a:.0f} to {100 * b:.0f} %: {n}" for a, b, n in zip(edges, edges[1:], counts, strict=False)
    )
    described = f"Histogram of texts by the probability of a machine. {bars}."
    return chart.properties(description=described, height=_HEIGHT, width="container")
