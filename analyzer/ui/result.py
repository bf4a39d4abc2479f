"""What the page shows of one ``Analysis``: the verdict, the text with what is looked at closely, numbers and charts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.ui.close_reading import show_text
from analyzer.ui.key_numbers import key_numbers
from analyzer.ui.sentence_view import show_sentences
from analyzer.ui.verdict import show_verdict
from analyzer.ui.words import plain
from analyzer.wording import CHART_MEANS, DETECTORS_MEAN, length_phrase, number

if TYPE_CHECKING:  # these load torch or take long, and the first paint must not
    import altair as alt

    from analyzer.analysis import Analysis, Analyzer

__all__ = ["show_head", "show_result"]


def show_head(analysis: "Analysis") -> None:
    """What stands beside the box: how long the text is, and the verdict."""
    before, key, after = length_phrase(analysis)
    st.markdown(
        f"{before}**{key}**{after}", help="A token is a word or a piece of one: the unit in which the model reads."
    )
    show_verdict(analysis)


def show_result(analysis: "Analysis", *, by: "Analyzer", run: int, take_over: "Callable[[Analysis], None]") -> None:
    """Draw all else about one analysed text.

    Parameters
    ----------
    analysis : Analysis
    by : Analyzer
        What read the text: branches and replacements ask the same model.
    run : int
        Tells the widgets of this text from those of the text before.
    take_over : callable
        Is given an analysis of the text with a word changed, where the reader wants that one instead.
    """
    model = analysis.model
    for warning in analysis.warnings:
        st.warning(plain(warning))
    show_text(analysis, by=by, run=run, take_over=take_over)
    show_sentences(analysis)
    _show_key_numbers(analysis)
    _show_charts(analysis)
    _show_all_statistics(analysis)
    _show_all_detectors(analysis)
    st.caption(" ".join([f"Model: {plain(model.name)} ({model.dtype}, {model.device}).", *map(plain, model.notes)]))


def _show_key_numbers(analysis: "Analysis") -> None:
    from analyzer.statistics import STATISTICS

    about = {statistic.name: statistic.description for statistic in STATISTICS}
    with st.container(horizontal=True):
        for name, label, value in key_numbers(analysis.statistics):
            st.metric(label, value, help=about[name], width=135)


def _show_charts(analysis: "Analysis") -> None:
    from analyzer import charts
    from analyzer.markup import PALETTES

    palette = PALETTES["dark" if st.context.theme.type == "dark" else "light"]
    left, right = st.columns(2, gap="medium")
    with left:
        _draw(charts.rank_histogram(analysis, palette=palette), "ranks")
        _draw(charts.frac_p_histogram(analysis), "frac-p")
    with right:
        _draw(charts.fluctuation_curve(analysis), "fluctuation")
        _draw(charts.entropy_histogram(analysis), "entropy")


def _draw(chart: "alt.Chart | alt.LayerChart", name: str) -> None:
    st.altair_chart(chart, key=f"chart-{name}", theme="streamlit")
    st.caption(CHART_MEANS[name])


def _show_all_statistics(analysis: "Analysis") -> None:
    from analyzer.statistics import STATISTICS

    with st.expander("All statistics"):
        rows = [
            (s.name.replace("_", " "), number(analysis.statistics[s.name]), s.unit.replace("1", ""), s.description)
            for s in STATISTICS
        ]
        st.table(pd.DataFrame(rows, columns=["statistic", "value", "unit", "meaning"]), hide_index=True)


def _show_all_detectors(analysis: "Analysis") -> None:
    from analyzer.detectors import DETECTORS

    with st.expander("All detectors"):
        st.markdown(DETECTORS_MEAN)
        rows = []
        for detector in DETECTORS:
            found = analysis.detections[detector.name]
            meaning = " ".join([detector.description, *found.warnings])
            name = f"{detector.name.replace('_', ' ')} ({detector.source})"
            rows.append((name, number(found.score), detector.unit.replace("1", ""), meaning))
        st.table(pd.DataFrame(rows, columns=["detector", "score", "unit", "meaning"]), hide_index=True)
