"""What decoders do: one prompt gone on with by greedy, beam search and samplers, their texts and figures together."""

import html
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.ui.tasks import Task, bar
from analyzer.ui.words import chance, percent, plain

if TYPE_CHECKING:  # these load torch or take long, and the first paint must not
    from analyzer.analysis import Analyzer
    from analyzer.decoders import Decoded

__all__ = ["decoders_view", "seen", "text_html"]

_FOUND = "decoders-found"
_TASK: "Task[tuple[Decoded, ...]]" = Task(
    "decoders", cancelled="Cancelled. Press Run to begin anew.", doing="Writing …"
)
_PROMPT = "My grandmother kept bees behind the old railway station, and every summer"


def decoders_view(get_analyzer: Callable[[], "Analyzer"]) -> None:
    """Draw the form and, once something was made, table, texts and charts; the model is got when it is needed."""
    st.markdown(
        "A model gives probabilities; a **decoder** makes a text of them. Those that always take the likeliest words "
        "tend to fall into loops, those that draw from everything tend to lose the thread. Here each goes on from the "
        "same prompt, with the same random numbers."
    )
    with st.form("decoders", border=False):
        prompt = st.text_area("Prompt", _PROMPT, key="decoders-prompt", height=100, persist_state="session")
        with st.container(horizontal=True):
            n = st.number_input("Tokens each", 8, 500, 120, key="decoders-n", width=140, persist_state="session")
            seed = st.number_input("Seed", 0, None, 0, key="decoders-seed", width=140, persist_state="session")
        pressed = st.form_submit_button("Run", type="primary", key="decoders-run")
    if pressed:
        st.session_state[_FOUND] = None  # an old result never stands under a new error
        _TASK.begin(lambda: _run(get_analyzer(), prompt or "", int(n), int(seed)))
    if done := _TASK.go_on():
        st.session_state[_FOUND] = done
    if found := st.session_state.get(_FOUND):
        _show(found)


def _run(analyzer: "Analyzer", prompt: str, n: int, seed: int) -> "tuple[Decoded, ...]":
    from analyzer.decoders import compare

    return compare(analyzer, prompt, n=n, seed=seed, progress=bar("Writing"))


def _show(found: "tuple[Decoded, ...]") -> None:
    from analyzer.charts import decoder_charts
    from analyzer.series import BITS_PER_NAT

    rows = [
        (
            plain(one.name), plain(", ".join(one.steps)), _number(one.mean_surprise * BITS_PER_NAT),
            percent(one.first_guesses), _loop_words(one), _verdict(one),
        )
        for one in found
    ]  # fmt: skip
    heads = ["decoder", "what it does", "bits a token", "first guesses", "loop", "verdict (chance of a machine)"]
    st.table(pd.DataFrame(rows, columns=heads), hide_index=True)
    st.caption(
        "Figures are those of the continuation alone, the verdict is about prompt and continuation together. All that "
        "follows the prompt was written by a machine: where the verdict says otherwise, it is wrong."
    )
    st.altair_chart(decoder_charts.surprise_chart(found), key="decoders-surprise", theme="streamlit")
    st.caption(
        "Circle left of the diamond: likelier than the model’s own draws would be. Pure sampling has both alike on "
        "average."
    )
    longest = max(len(one.scores) for one in found)
    for number, one in enumerate(found):
        with st.container(border=True, key=f"decoders-{number}"):
            st.markdown(f"**{plain(one.name)}** · {plain(', '.join(one.steps))}")
            st.html(text_html(one))
            if len(one.scores):
                chart = decoder_charts.probability_curve(one, longest=longest)
                st.altair_chart(chart, key=f"decoders-chart-{number}", theme="streamlit")
            st.caption(plain(seen(one)))


def seen(one: "Decoded") -> str:
    """One sentence of what a continuation shows."""
    if not len(one.scores):
        return "It ended the text at once."
    loop = one.loop
    if loop is None:
        start = "It ends in no loop"
    else:
        start = f"From its token {loop.start + 1} on it goes round in a loop of {loop.period}, {loop.times} times"
    if math.isnan(one.drift[0]):
        return f"{start}."
    return (
        f"{start}; the tokens of its first quarter have a mean probability of {one.drift[0]:.2f}, those of its last "
        f"{one.drift[-1]:.2f}."
    )


def text_html(one: "Decoded") -> str:
    """Prompt, continuation and its loop, each to be told apart without colour; everything escaped."""
    begins = one.begins
    loops = len(one.text) if one.loop_begins is None else one.loop_begins
    prompt, own, loop = one.text[:begins], one.text[begins:loops], one.text[loops:]
    marked = (
        f'<mark style="background:rgba(133,140,150,.3);color:inherit;border-bottom:2px dotted" title="loop">'
        f"{_shown(loop)}</mark>"
        if loop
        else ""
    )
    return (
        '<div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">'
        f'<span style="opacity:.7;font-style:italic">{_shown(prompt)}</span>{_shown(own)}{marked}</div>'
    )


def _shown(text: str) -> str:
    from analyzer.markup import visible

    return html.escape(visible(text).replace("⏎", "\n"), quote=True)


def _loop_words(one: "Decoded") -> str:
    return "no" if one.loop is None else f"{one.loop.period} tokens, {one.loop.times} times"


def _verdict(one: "Decoded") -> str:
    likelihood = one.analysis.likelihood
    if math.isnan(likelihood.probability):
        return plain(likelihood.verdict)
    return f"{plain(likelihood.verdict)} ({chance(likelihood.probability)})"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
