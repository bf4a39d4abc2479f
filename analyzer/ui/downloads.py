"""What a reader takes away: the report, the charts, the numbers. Files are made when somebody asks for them."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # these load torch or take long, and the first paint must not
    import altair as alt

    from analyzer.analysis import Analysis

__all__ = ["chart_file", "report_file", "show_downloads"]

_CHARTS = {
    "surprise": "Surprise along the text",
    "ranks": "Ranks",
    "fluctuation": "Probability around each place",
    "frac-p": "Against the first guess",
    "entropy": "How unsure the model was",
    "standing": "Among texts of known origin",
}
_KINDS = {
    "svg": ("image/svg+xml", "For print, and for pages of one’s own."),
    "png": ("image/png", "For everything else."),
}


def show_downloads(analysis: "Analysis") -> None:
    """Offer the analysis as files, judged as it is."""
    with st.container(horizontal=True, key="downloads", gap="small"):
        st.download_button(
            "Report", lambda: report_file(analysis), "report.html", "text/html", key="report", on_click="ignore",
            icon=":material/download:",
            help="One page (HTML) with everything: opens anywhere without a network, and prints.",
        )  # fmt: skip
        _offer_charts(analysis)
        st.download_button(
            "JSON", lambda: analysis.to_json(indent=1), "analysis.json", "application/json", key="json",
            on_click="ignore", help="The text, each token with its alternatives, the statistics, the model.",
        )  # fmt: skip
        st.download_button(
            "CSV", lambda: analysis.to_frame().to_csv(index=False), "tokens.csv", "text/csv", key="csv",
            on_click="ignore", help="One line a token.",
        )  # fmt: skip


def _offer_charts(analysis: "Analysis") -> None:
    judged = analysis.likelihood.verdict != "not judged"
    names = [name for name in _CHARTS if judged or name != "standing"]
    with st.popover("Charts"):
        name = st.selectbox(
            "Chart", names, format_func=lambda one: _CHARTS[one], key="chart-file", persist_state="session"
        )  # fmt: skip
        name = name or names[0]
        with st.container(horizontal=True, gap="small"):
            for kind, (mime, meant) in _KINDS.items():
                st.download_button(
                    kind.upper(), partial(chart_file, analysis, name, kind), f"{name}.{kind}", mime,
                    key=f"chart-{kind}", on_click="ignore", help=meant,
                )  # fmt: skip


def report_file(analysis: "Analysis") -> str:
    """The report, dated today."""
    from analyzer.html_report import html_report

    return html_report(analysis, date=date.today())


def chart_file(analysis: "Analysis", name: str, kind: str) -> bytes:
    """One chart as a file, "svg" or "png"; an empty one where there is nothing to draw."""
    from analyzer.charts.chart_files import to_png, to_svg

    chart = _maker(name)(analysis)
    if chart is None:
        return b""
    return to_png(chart) if kind == "png" else to_svg(chart).encode()


def _maker(name: str) -> "Callable[[Analysis], alt.Chart | alt.LayerChart | None]":
    from analyzer import charts
    from analyzer.charts.standing_chart import standing_chart

    makers: dict[str, Callable[[Analysis], alt.Chart | alt.LayerChart | None]] = {
        "surprise": charts.surprise_curve,
        "ranks": charts.rank_histogram,
        "fluctuation": charts.fluctuation_curve,
        "frac-p": charts.frac_p_histogram,
        "entropy": charts.entropy_histogram,
        "standing": standing_chart,
    }
    return makers[name]
