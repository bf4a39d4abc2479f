"""What the page shows of one ``Analysis``: verdict, coloured text, numbers, charts, and files to take away."""

import math
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.ui.sentence_view import show_sentences
from analyzer.ui.token_view import pages, token_view
from analyzer.ui.verdict import show_verdict

if TYPE_CHECKING:  # these load torch or take long, and the first paint must not
    import altair as alt

    from analyzer.analysis import Analysis

__all__ = ["show_result"]


def show_result(analysis: "Analysis", *, run: int) -> None:
    """Draw everything about one analysed text; `run` tells its widgets from those of the text before."""
    st.divider()
    show_verdict(analysis)
    _show_summary(analysis)
    for warning in analysis.warnings:
        st.warning(warning)
    _show_text(analysis, run)
    show_sentences(analysis)
    _show_key_numbers(analysis)
    _show_charts(analysis)
    _show_all_statistics(analysis)
    _show_all_detectors(analysis)
    _offer_downloads(analysis)


def _show_summary(analysis: "Analysis") -> None:
    words, model = len(analysis.text.split()), analysis.model
    st.markdown(
        f"**{words:,} {'word' if words == 1 else 'words'}** · {len(analysis.text):,} characters · "
        f"{len(analysis.scores):,} of {len(analysis.tokenization):,} tokens scored",
        help="A token is a word or a piece of one: the unit in which the model reads.",
    )
    st.caption(" ".join([f"Model: {model.name} ({model.dtype}, {model.device}).", *model.notes]))


@st.fragment
def _show_text(analysis: "Analysis", run: int) -> None:
    """The coloured text; turning a page runs this function again and nothing else."""
    found = pages(analysis)
    page = found[0]
    if len(found) > 1:
        number = st.pagination(len(found), key=f"page-{run}")
        page = found[number - 1]
        st.caption(
            f"Page {number} of {len(found)}: tokens {page.first + 1:,} to {page.last:,} "
            f"of {len(analysis.tokenization):,}."
        )
    token_view(analysis, page, key="token-view")


def _show_key_numbers(analysis: "Analysis") -> None:
    from analyzer.series import BITS_PER_NAT
    from analyzer.statistics import STATISTICS

    about = {statistic.name: statistic.description for statistic in STATISTICS}
    value = analysis.statistics
    shown = (
        ("Perplexity", "perplexity", _number(value["perplexity"])),
        ("Median rank", "median_rank", _number(value["median_rank"])),
        ("In the top 10", "rank_share_1_10", f"{100 * value['rank_share_1_10']:.0f} %"),
        ("Mean surprise", "surprise_mean", f"{_number(value['surprise_mean'] * BITS_PER_NAT)} bits"),
        ("Curvature", "curvature", _number(value["curvature"])),
    )
    with st.container(horizontal=True):
        for label, name, text in shown:
            st.metric(label, text, help=about[name], width=125)


def _show_charts(analysis: "Analysis") -> None:
    from analyzer import charts
    from analyzer.markup import PALETTES

    palette = PALETTES["dark" if st.context.theme.type == "dark" else "light"]
    _draw(charts.surprise_curve(analysis), "surprise")
    st.caption("Points above the grey band: the text surprised the model more than it was ready for.")
    left, right = st.columns(2, gap="medium")
    with left:
        _draw(charts.rank_histogram(analysis, palette=palette), "ranks")
        st.caption("First bar: tokens among the model’s ten best guesses.")
    with right:
        _draw(charts.fluctuation_curve(analysis), "fluctuation")
        st.caption("High: the text follows the model. Low: it goes its own way.")
    left, right = st.columns(2, gap="medium")
    with left:
        _draw(charts.frac_p_histogram(analysis), "frac-p")
        st.caption("Far right: the text took the model’s first guess. Far left: it took something far less likely.")
    with right:
        _draw(charts.entropy_histogram(analysis), "entropy")
        st.caption("Left: one guess stood out. Right: ten guesses were about equally likely.")


def _draw(chart: "alt.Chart | alt.LayerChart", key: str) -> None:
    st.altair_chart(chart, key=f"chart-{key}", theme="streamlit")


def _show_all_statistics(analysis: "Analysis") -> None:
    from analyzer.statistics import STATISTICS

    with st.expander("All statistics"):
        rows = [
            (s.name.replace("_", " "), _number(analysis.statistics[s.name]), s.unit.replace("1", ""), s.description)
            for s in STATISTICS
        ]
        st.table(pd.DataFrame(rows, columns=["statistic", "value", "unit", "meaning"]), hide_index=True)


def _show_all_detectors(analysis: "Analysis") -> None:
    from analyzer.detectors import DETECTORS

    with st.expander("All detectors"):
        st.markdown(
            "Published formulas on the same scores. Larger is more machine-like, on a scale of each detector’s own: "
            "none of these is calibrated, so none is a probability, and what is large for one text may not be for "
            "another."
        )
        rows = []
        for detector in DETECTORS:
            found = analysis.detections[detector.name]
            meaning = " ".join([detector.description, *found.warnings])
            name = f"{detector.name.replace('_', ' ')} ({detector.source})"
            rows.append((name, _number(found.score), detector.unit.replace("1", ""), meaning))
        st.table(pd.DataFrame(rows, columns=["detector", "score", "unit", "meaning"]), hide_index=True)


def _offer_downloads(analysis: "Analysis") -> None:
    """Files are made when somebody asks for them."""
    with st.container(horizontal=True):
        st.download_button(
            "Download JSON",
            lambda: analysis.to_json(indent=1),
            "analysis.json",
            "application/json",
            key="json",
            on_click="ignore",
            help="Everything: the text, each token with its alternatives, the statistics, the model.",
        )
        st.download_button(
            "Download CSV",
            lambda: analysis.to_frame().to_csv(index=False),
            "tokens.csv",
            "text/csv",
            key="csv",
            on_click="ignore",
            help="One line a token.",
        )


def _number(value: float) -> str:
    """Three digits or so; a dash where it is undefined."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
