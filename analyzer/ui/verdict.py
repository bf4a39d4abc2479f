"""Who wrote this? The likelihood of one ``Analysis`` in words, and what a reader may decide about it.

The words carry the verdict. Abstaining has the place and the size of a verdict, and no colour blames anybody. Changing
a control judges the same scores again: no forward pass. What is downloaded here is judged as it is shown.
"""

import math
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.downloads import show_downloads
from analyzer.ui.hidden import show_hidden
from analyzer.ui.words import plain
from analyzer.wording import (
    ASKED,
    EVIDENCE,
    MEANING,
    NO_PROBABILITY,
    Phrase,
    accused_in_words,
    bar_label,
    base_rate_phrase,
    chance,
    in_words,
    interval,
    kind_name,
    p_value_phrase,
    percent,
    probability_phrase,
    sentence_case,
)

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis
    from analyzer.calibration import Calibration, Likelihood, Settings

__all__ = ["ask_rate", "in_words", "interval", "interval_bar", "sentence_case", "show_verdict"]

_RATES = (0.001, 0.005, 0.01, 0.02, 0.05)
_BASE_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_ANY = "Any, or I do not know"


@st.fragment
def show_verdict(analysis: "Analysis") -> None:
    """Verdict, its controls, hidden characters, files; a changed control runs this function again and nothing else."""
    panel = st.container(border=True, key="verdict")  # is drawn last, by what the controls under it say
    calibration = analysis.calibration
    # What cannot be judged, no setting changes.
    if calibration is not None and analysis.likelihood.verdict != "not judged":
        with st.expander("What would change it?"):
            analysis = analysis.judged(_controls(calibration))
            _show_base_rate(analysis.likelihood, calibration, len(analysis.scores))
    with panel:
        _show_panel(analysis.likelihood)
        _show_standing(analysis)
    show_hidden(analysis, analysis.likelihood)
    show_downloads(analysis)


def _show_standing(analysis: "Analysis") -> None:
    """Among texts of known origin: a picture, where there are such texts."""
    from analyzer.charts.standing_chart import standing_chart

    chart = standing_chart(analysis)
    if chart is not None:
        st.markdown(f"**{chart.title}**")  # on a phone the chart would cut it
        st.altair_chart(chart.properties(title="", height=230), key="chart-standing", theme="streamlit")


def _show_panel(likelihood: "Likelihood") -> None:
    judged = likelihood.verdict != "not judged"
    left, right = st.columns([5, 6], gap="medium")
    with left, st.container(gap=None):
        st.caption(ASKED)
        st.header(sentence_case(likelihood.verdict), anchor=False)
        st.markdown(MEANING[likelihood.verdict])
    with right:
        if judged:
            st.markdown(
                _bold(probability_phrase(likelihood)),
                help="If people and machines had written equally many such texts. Within the interval lies what a "
                "read-out that never saw this kind of writing would say, given more of the same text.",
            )
            st.html(interval_bar(likelihood.probability, likelihood.low, likelihood.high))
            for phrase in (base_rate_phrase(likelihood), p_value_phrase(likelihood, foreign=plain)):
                if phrase is not None:
                    st.markdown(_bold(phrase))
        else:
            st.markdown(NO_PROBABILITY)
    st.markdown("**Why**\n" + "\n".join(f"- {plain(reason)}" for reason in likelihood.reasons))
    if judged:
        st.markdown(accused_in_words(likelihood.settings.false_positive_rate))
        st.caption(f":material/balance: {EVIDENCE} The page *About* says how often it is wrong, and about whom.")


def _bold(phrase: Phrase) -> str:
    return f"{phrase.before}**{phrase.key}**{phrase.after}"


def ask_rate() -> float:
    """The false-positive rate: one for all pages, so that a text has the same verdict on each."""
    return st.select_slider(
        "How many innocent writers may be called likely AI?",
        _RATES,
        value=0.01,
        format_func=percent,
        key="false-positive-rate",
        persist_state="session",
        help="The false-positive rate, for every page. A lower one accuses fewer innocent writers, and finds fewer "
        "machine texts. Nothing is read again.",
    )


def _controls(calibration: "Calibration") -> "Settings":
    from analyzer.calibration import Settings

    rate = ask_rate()
    base_rate = st.select_slider(
        "Of texts like this, how many do you expect machines to have written?",
        _BASE_RATES,
        value=0.5,
        format_func=percent,
        key="base-rate",
        persist_state="session",
        help="The base rate, before looking at the text. It changes the probability, never the verdict.",
    )
    kind = st.selectbox(
        "Kind of writing",
        (_ANY, *calibration.kinds),
        format_func=kind_name,
        key="kind",
        persist_state="session",
        help="The text is then compared with human texts of that kind alone.",
    )
    return Settings(rate, base_rate, None if kind == _ANY else kind)


def _show_base_rate(likelihood: "Likelihood", calibration: "Calibration", n_tokens: int) -> None:
    settings = likelihood.settings
    text = (
        f"Expecting {percent(settings.base_rate)}, the probability that a machine wrote this text is "
        f"{chance(likelihood.posterior)}."
    )
    innocent = calibration.innocent_share(n_tokens, settings)
    if math.isfinite(innocent):
        text += (
            f" Of all such texts of this length called likely AI at this setting, up to {percent(innocent)} would be "
            "innocent people’s."
        )
    st.markdown(text)


def interval_bar(probability: float, low: float, high: float) -> str:
    """A line from person to machine with the interval and the estimate on it, as HTML in the page's own text colour."""
    left, right, at = (100 * value for value in (low, high, probability))
    label = bar_label(probability, low, high)
    return f"""
<div role="img" aria-label="{label}" style="max-width:24rem">
  <div style="position:relative;height:1.1rem">
    <div style="position:absolute;left:0;right:0;top:.5rem;height:.1rem;background:currentColor;opacity:.35"></div>
    <div style="position:absolute;left:50%;top:.25rem;height:.6rem;width:1px;background:currentColor;opacity:.5"></div>
    <div style="position:absolute;left:{left:.1f}%;width:{right - left:.1f}%;min-width:2px;top:.3rem;height:.5rem;
      border-radius:.25rem;background:#3A82C4;opacity:.55"></div>
    <div style="position:absolute;left:{at:.1f}%;top:.05rem;width:1rem;height:1rem;margin-left:-.5rem;
      border-radius:50%;box-sizing:border-box;background:#3A82C4;border:2px solid currentColor"></div>
  </div>
  <div style="display:flex;justify-content:space-between;font-size:.8rem;opacity:.8">
    <span>a person</span><span>undecided</span><span>a machine</span>
  </div>
</div>"""
