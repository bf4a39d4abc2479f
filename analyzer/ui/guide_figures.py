"""What the text says so far, with what changed: likelihood, a few statistics, charts.

Every number is one of an ``Analysis``; what is worked out here are their differences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.verdict import interval_bar
from analyzer.ui.words import escaped, plain
from analyzer.wording import chance, interval, sentence_case

if TYPE_CHECKING:  # these load torch or take long, and the first paint must not
    from analyzer.analysis import Analysis
    from analyzer.guided import Session
    from analyzer.guided.tree import Node

__all__ = ["Figure", "Views", "figures", "fork", "show_charts", "show_figures", "show_likelihood", "views"]


@dataclass(frozen=True, slots=True)
class Views:
    """The text as it is, and what it is compared with; None where there is nothing to analyse.

    Attributes
    ----------
    now : Analysis
    start : of the opening, or of what this branch shares with it
    before : without the last token
    greedy : with the model's first guess in place of each token since the opening
    fresh : the same text, analysed as if pasted
    shared : int
        How many scored tokens `now` and `greedy` share at their beginning.
    """

    now: "Analysis | None"
    start: "Analysis | None"
    before: "Analysis | None"
    greedy: "Analysis | None"
    fresh: "Analysis | None"
    shared: int


def fork(session: "Session") -> "Node":
    """The last node that the current text shares with the opening."""
    mine = session.tree.path(session.current)
    shared = [a for a, b in zip(mine, session.tree.path(session.start), strict=False) if a is b]
    return shared[-1] if shared else session.tree.root


def views(session: "Session", *, greedy: bool, fresh: "tuple[Node, Analysis] | None") -> Views:
    """All that is shown; the greedy path costs a step of the model for each token that it grows by."""
    place = fork(session)
    start = _analysed(session, place)
    path = session.tree.path(session.current)
    n = len(path) - len(session.tree.path(place))
    guessed = None
    if greedy:
        try:
            guessed = session.greedy_path(n, node=place) if n else start
        except AnalyzerError:  # as where a first guess ends the text at once
            guessed = None
    return Views(
        now=_analysed(session, session.current),
        start=start,
        before=_analysed(session, path[-2] if len(path) > 1 else session.tree.root) if path else None,
        greedy=guessed,
        fresh=fresh[1] if fresh is not None and fresh[0] is session.current else None,
        shared=0 if start is None else len(start.scores),
    )


def _analysed(session: "Session", node: "Node") -> "Analysis | None":
    if node.parent is None:
        return None
    try:
        return session.analysis(node)
    except AnalyzerError:  # nothing to score
        return None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: a number as text, and how much larger it is than in each of the `Views` that are shown."""

    label: str
    about: str
    now: str
    differences: tuple[str, ...]


def figures(found: Views) -> tuple[list[str], list[Figure]]:
    """The heads of the columns, and the rows."""
    from analyzer.series import BITS_PER_NAT

    if found.now is None:
        return [], []
    others = [("since the start", found.start), ("by last token", found.before)]
    others += [("against greedy", found.greedy)] if found.greedy is not None else []
    others += [("if pasted", found.fresh)] if found.fresh is not None else []
    rows = []

    def row(label: str, about: str, name: str, digits: int, unit: str = "", scale: float = 1.0) -> None:
        def value(one: "Analysis | None") -> float:
            if one is None:
                return nan
            return scale * (_log_odds(one) if name == "log_odds" else one.statistics[name])

        now = value(found.now)
        differences = tuple(_signed(now - value(one), digits) for _, one in others)
        rows.append(Figure(label, about, f"{_number(now, digits)}{unit if isfinite(now) else ''}", differences))

    if found.now.calibration is not None:
        row(
            "Log-odds",
            "Log-odds that a machine wrote the text, nats: above 0 it leans towards a machine.",
            "log_odds",
            2,
        )
    row("Mean surprise", "Bits a token.", "surprise_mean", 2, " bits", BITS_PER_NAT)
    row("Entropy", "Bits of surprise that the model expected a token.", "entropy", 2, " bits", BITS_PER_NAT)
    row("Median rank", "Half of the tokens stand no lower in the model’s list.", "median_rank", 1)
    row("In the top 10", "Share of tokens among the model’s ten best guesses.", "rank_share_1_10", 0, " %", 100)
    return [name for name, _ in others], rows


def _log_odds(analysis: "Analysis") -> float:
    if analysis.calibration is None:
        return nan
    return analysis.calibration.log_odds(analysis.tokenization, analysis.scores)


def show_likelihood(analysis: "Analysis | None") -> None:
    """The verdict in the words of the page Analyse; where there is none, which way the evidence leans and no more."""
    with st.container(border=True, key="guide-verdict", gap="small"):
        st.caption("Who wrote this, as far as one can tell?")
        if analysis is None:
            st.markdown("**Not judged**: there is no token yet.")
            return
        likelihood = analysis.likelihood
        judged = likelihood.verdict != "not judged"
        st.subheader(sentence_case(likelihood.verdict), anchor=False)
        if judged:
            st.markdown(
                f"Probability of a machine: **{chance(likelihood.probability)}** "
                f"(90 % interval {interval(likelihood.low, likelihood.high)})"
            )
            st.html(interval_bar(likelihood.probability, likelihood.low, likelihood.high))
        elif isfinite(value := _log_odds(analysis)):
            st.markdown(
                f"So far the evidence **leans towards a {'machine' if value > 0 else 'person'}** "
                f"(log-odds {_signed(value, 2)}). That is no verdict."
            )
        st.caption("  \n".join(plain(reason) for reason in likelihood.reasons[:2]))


def show_figures(found: Views) -> None:
    """The table of figures, each with what changed."""
    heads, rows = figures(found)
    if rows:
        st.html(_table(heads, rows))


def _table(heads: Sequence[str], rows: Sequence[Figure]) -> str:
    cell = "padding:.25rem .3rem;text-align:right;white-space:nowrap"
    head = "".join(
        f'<th scope="col" style="{cell};white-space:normal;font-weight:400">{h}</th>' for h in ["now", *heads]
    )
    body = "".join(
        f'<tr style="border-top:1px solid color-mix(in srgb,currentColor 20%,transparent)">'
        f'<th scope="row" title="{escaped(row.about)}" style="padding:.25rem .3rem .25rem 0;text-align:left;'
        f'font-weight:400">{row.label}</th><td style="{cell};font-weight:600">{row.now}</td>'
        + "".join(f'<td style="{cell}">{difference}</td>' for difference in row.differences)
        + "</tr>"
        for row in rows
    )
    return (
        '<table class="guide-figures" style="width:100%;border-collapse:collapse;font-size:.82rem;'
        f'font-variant-numeric:tabular-nums"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def show_charts(found: Views) -> None:
    """Ranks and surprise; beside the greedy path where it is asked for."""
    from analyzer import charts
    from analyzer.markup import PALETTES

    if found.now is None or not len(found.now.scores):
        return
    palette = PALETTES["dark" if st.context.theme.type == "dark" else "light"]
    st.altair_chart(charts.rank_histogram(found.now, palette=palette), key="guide-ranks", theme="streamlit")
    if found.greedy is not None and len(found.now.scores) > found.shared:
        chart = charts.surprise_against(found.now, found.greedy, first=found.shared)
        st.altair_chart(chart, key="guide-against", theme="streamlit")
    st.altair_chart(charts.surprise_curve(found.now), key="guide-surprise", theme="streamlit")


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace("-", "−") if isfinite(value) else "–"


def _signed(value: float, digits: int) -> str:
    """A difference: a dash where there is none to tell, 0 without a sign."""
    if not isfinite(value):
        return "–"
    text = f"{value:+,.{digits}f}"
    return text[1:] if not float(text.replace(",", "")) else text.replace("-", "−")
