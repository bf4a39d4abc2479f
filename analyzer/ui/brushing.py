"""The surprise curve, on which a stretch of the text can be marked, and what such a stretch comes to.

A stretch is drawn on the curve with the pointer, or set with the slider under it, which says the same for keyboards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.wording import CHART_MEANS, number, towards

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis

__all__ = ["Stretch", "chosen_stretch", "in_words", "interval_of", "show_curve", "stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive scored tokens.

    Attributes
    ----------
    n_tokens : int
    surprise, expected : float
        Means, bits a token.
    share : float
        Part of the log-odds that a machine wrote the text, nats; nan where there is no verdict.
    """

    n_tokens: int
    surprise: float
    expected: float
    share: float


def stretch(analysis: "Analysis", first: int, last: int) -> Stretch:
    """What the tokens `first` to `last` - 1, counted from 0, come to; at least one of them scored."""
    from analyzer.series import BITS_PER_NAT, surprise

    scores = analysis.scores
    a, b = (max(0, token - scores.start) for token in (first, last))
    part = scores.part(a, b)
    judged = analysis.likelihood.verdict != "not judged"
    return Stretch(
        n_tokens=len(part),
        surprise=float(surprise(part).mean()) * BITS_PER_NAT,
        expected=float(part.entropy.mean()) * BITS_PER_NAT,
        share=float(analysis.token_shares()[a:b].sum()) if judged else float("nan"),
    )


def in_words(found: Stretch) -> str:
    """What a stretch comes to, for people.

    Examples
    --------
    >>> in_words(Stretch(1, 2.5, 3.0, 0.312))
    '**1 token** · on average 2.5 bits, expected 3 · towards a machine, +0.31'
    """
    parts = [
        f"**{found.n_tokens:,} {'token' if found.n_tokens == 1 else 'tokens'}**",
        f"on average {number(found.surprise)} bits, expected {number(found.expected)}",
    ]
    if isfinite(found.share):
        parts.append(towards(found.share))
    return " · ".join(parts)


def interval_of(selection: Mapping[str, Any], first: int, last: int) -> tuple[int, int]:
    """The tokens, counted from 1, between the ends of a selection on the curve; all if there is none.

    Examples
    --------
    >>> interval_of({"brush": {"token": [2.4, 5.9]}}, 1, 9), interval_of({"brush": {}}, 1, 9)
    ((3, 5), (1, 9))
    """
    ends = selection.get("brush", {}).get("token", ())
    if len(ends) != 2:
        return first, last
    low, high = sorted(map(float, ends))
    a, b = max(first, ceil(low)), min(last, floor(high))
    return (a, b) if a <= b else (first, last)


def _key(run: int) -> str:
    return f"stretch-{run}"


def chosen_stretch(analysis: "Analysis", run: int) -> tuple[int, int] | None:
    """The stretch that is marked: its first token, counted from 0, and the one behind its last; None for none."""
    low, high = st.session_state.get(_key(run), _ends(analysis))
    return None if (low, high) == _ends(analysis) else (low - 1, high)


def _ends(analysis: "Analysis") -> tuple[int, int]:
    """First and last scored token, counted from 1."""
    return analysis.scores.start + 1, len(analysis.tokenization)


def show_curve(analysis: "Analysis", *, run: int, turn_to: Callable[[int], object]) -> None:
    """Draw the curve and the slider; `turn_to` is given the first token of a stretch when one is chosen."""
    from analyzer import charts

    first, last = _ends(analysis)
    if first == last:  # one token: nothing to choose from
        st.altair_chart(charts.surprise_curve(analysis), key="chart-surprise", theme="streamlit")
        return
    # A stretch from the slider is drawn on a fresh curve: what was drawn on the old one would stay there.
    serial = st.session_state.setdefault(f"curve-{run}", 0)
    key = f"chart-surprise-{run}-{serial}"

    def brushed() -> None:
        low, high = interval_of(st.session_state[key].selection, first, last)
        st.session_state[_key(run)] = (low, high)
        turn_to(low - 1)

    def slid() -> None:
        st.session_state[f"curve-{run}"] = serial + 1
        turn_to(st.session_state[_key(run)][0] - 1)

    drawn = st.session_state.get(f"curve-drawn-{run}")
    if drawn is None or drawn[0] != serial:  # the same chart as long as it is the same curve
        drawn = (serial, chosen_stretch(analysis, run))
        st.session_state[f"curve-drawn-{run}"] = drawn
    chart = charts.brushed(charts.surprise_curve(analysis), stretch=drawn[1])
    st.altair_chart(chart, key=key, theme="streamlit", on_select=brushed, selection_mode="brush", alt=chart.description)
    st.caption(f"{CHART_MEANS['surprise']} Drag across the curve to mark that stretch in the text.")
    with st.container(horizontal=True, vertical_alignment="center", key="stretch"):
        st.slider(
            "Stretch of the text, by token", first, last, (first, last), key=_key(run), on_change=slid, width=420,
        )  # fmt: skip
        if chosen := chosen_stretch(analysis, run):
            st.markdown(in_words(stretch(analysis, *chosen)), width="stretch")
            st.button("Clear", key="clear-stretch", on_click=_clear, args=(analysis, run))


def _clear(analysis: "Analysis", run: int) -> None:
    st.session_state[_key(run)] = _ends(analysis)
    st.session_state[f"curve-{run}"] += 1
