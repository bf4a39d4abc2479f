"""A token looked at closely: what the model would have written, any word the reader types, and what it would change."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.guide_data import shown
from analyzer.ui.guide_tools import found_in_words
from analyzer.ui.replacing import Words, replace_with, show_replacement, word_at, words_of
from analyzer.ui.words import plain
from analyzer.wording import number, percent

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Analyzer
    from analyzer.guided import Session

__all__ = ["Pinned", "pin_key", "pinned", "show_pinned"]

_BAR = "#3A82C4"
_LOOKUP, _WORDS = "pinned-lookup", "pinned-words"  # keys of st.session_state
_SHOWN = 7  # alternatives, as the panel has to fit beside the text


@dataclass(frozen=True, slots=True)
class Pinned:
    """A scored token as the panel shows it.

    Attributes
    ----------
    text : str
        What the token stands for, as given.
    rank : int
    probability : float
    surprise, expected : float
        Bits.
    alternatives : tuple of (str, float, bool)
        The likeliest tokens: text, probability, whether it is the text's own.
    """

    text: str
    rank: int
    probability: float
    surprise: float
    expected: float
    alternatives: tuple[tuple[str, float, bool], ...]


def pin_key(run: int) -> str:
    """Key of st.session_state: number of the pinned token, from 1, or None."""
    return f"branch-token-{run}"


def pinned(analysis: "Analysis", token: int) -> Pinned:
    """What is known of a scored token, counted from 0; its alternatives end with itself where it is none of them."""
    import numpy as np

    from analyzer.series import BITS_PER_NAT, surprise

    scores, own = analysis.scores, int(analysis.tokenization.ids[token])
    at = token - scores.start
    part = scores.part(at, at + 1)
    p = float(np.exp(part.log_prob[0]))
    listed = [
        (analysis.text_of(one), float(np.exp(log_prob)), one == own)
        for one, log_prob in zip(part.top_ids[0, :_SHOWN].tolist(), part.top_log_prob[0, :_SHOWN].tolist(), strict=True)
    ]
    if not any(is_own for *_, is_own in listed):
        listed.append((analysis.text_of(own), p, True))
    bits = float(surprise(part)[0]) * BITS_PER_NAT
    return Pinned(
        analysis.tokenization.piece(token), int(part.rank[0]), p, bits, float(part.entropy[0]) * BITS_PER_NAT,
        tuple(listed),
    )  # fmt: skip


def show_pinned(
    analysis: "Analysis", *, by: "Analyzer", run: int, turn_to: Callable[[int], object],
    take_over: "Callable[[Analysis], None]",
) -> int | None:  # fmt: skip
    """Draw the panel; the pinned token, counted from 0, or None."""
    first, last = analysis.scores.start + 1, len(analysis.tokenization)
    chosen = st.session_state.get(pin_key(run))
    if chosen is None:
        st.markdown("**A closer look**")
        st.caption(
            "Click a token, or press Enter on it: what else might have stood there, and what would it change? "
            "Once more, or Escape, lets it go."
        )
    st.number_input(
        f"Pinned token, {first:,} to {last:,}", first, last, None, key=pin_key(run), placeholder="none",
        on_change=lambda: _go_to(run, turn_to), persist_state="session",
    )  # fmt: skip
    if chosen is None:
        return None
    token = int(chosen) - 1
    found = pinned(analysis, token)
    st.html(_as_html(found, analysis.model.vocabulary))
    _offer_words(analysis, token, found, by=by, run=run)
    show_replacement(analysis, run=run, take_over=take_over)
    return token


def _go_to(run: int, turn_to: Callable[[int], object]) -> None:
    chosen = st.session_state[pin_key(run)]
    if chosen is not None:
        turn_to(int(chosen) - 1)


def _as_html(found: Pinned, vocabulary: int) -> str:
    """Name, numbers and bars; every text is escaped."""
    top = max(p for _, p, _ in found.alternatives) or 1.0
    rows = "".join(_row(text, p, own, 100 * p / top) for text, p, own in found.alternatives)
    return (
        f'<div style="font-size:1.15rem;font-weight:600;overflow-wrap:anywhere">{_literal(found.text)}</div>'
        f'<div style="font-size:.875rem">rank {found.rank:,} of {vocabulary:,} · {percent(found.probability)}<br>'
        f"{number(found.surprise)} bits, expected {number(found.expected)}</div>"
        '<table style="width:100%;border-collapse:collapse;font-size:.875rem;margin-top:.5rem;table-layout:fixed">'
        '<caption style="text-align:start;opacity:.8">The model’s guesses (→ the text)</caption>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(text: str, p: float, own: bool, width: float) -> str:
    weight = "font-weight:600" if own else "font-weight:400"
    return (
        f'<tr><td style="width:1.2rem">{"→" if own else ""}</td>'
        f'<th scope="row" style="{weight};text-align:start;overflow:hidden;text-overflow:ellipsis;'
        'white-space:nowrap">'
        f"{_literal(text)}</th>"
        '<td style="width:36%">'
        f'<div style="height:.6rem;min-width:1px;width:{width:.1f}%;background:{_BAR}"></div></td>'
        f'<td style="width:3.8rem;text-align:end;{weight}">{percent(p)}</td></tr>'
    )


def _literal(text: str) -> str:
    return f"<bdi>{html.escape(shown(text), quote=True)}</bdi>"


def _offer_words(analysis: "Analysis", token: int, found: Pinned, *, by: "Analyzer", run: int) -> None:
    """A box for any word: how likely it is here, and what it would change."""
    word = word_at(analysis, _words(analysis, run), token)
    whole = False
    if word.text != found.text:
        whole = st.toggle(
            f"The whole word “{plain(shown(word.text))}”", value=True, key=f"whole-word-{run}",
            help="The word has several tokens: look at its first one, and replace all of it. Off: this token alone.",
        )  # fmt: skip
    place, start, end = (word.first, word.start, word.end) if whole else _reach(analysis, token)
    key = f"any-word-{run}-{place}"
    st.text_input(
        "Any word", key=key, placeholder="another word here", autocomplete="off",
        help="How likely it is to stand here, as typed and with a space before it; in place of a whole word, with what "
        "space stands before that.",
    )  # fmt: skip
    before = word.text[: len(word.text) - len(word.text.lstrip())]  # the white space
    known = pinned(analysis, place).alternatives if place >= analysis.scores.start else ()
    guesses = [
        text for text, _, own in known if not own and text.strip() and (not whole or text[0].isspace() == bool(before))
    ][:4]
    if guesses:
        st.pills(
            "Or a guess of the model’s", guesses, format_func=lambda text: plain(shown(text)), default=None,
            key=f"guess-{run}-{place}", label_visibility="collapsed", on_change=_take_guess,
            args=(f"guess-{run}-{place}", key),
        )  # fmt: skip
    typed = st.session_state[key]
    if not typed:
        return
    ways = [typed] if typed[0].isspace() else [f"{before}{typed}"] if whole else [f" {typed}", typed]
    for n, text in enumerate(ways):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            try:
                st.markdown(_looked_up(by, analysis, place, text, run), width="stretch")
            except AnalyzerError as error:
                st.caption(plain(str(error)))
            pressed = st.button("Replace", key=f"replace-{n}", help=f"With “{plain(shown(text))}”, and see what moves.")
        if pressed:
            replace_with(by, analysis, text, token=place, start=start, end=end, run=run)


def _reach(analysis: "Analysis", token: int) -> tuple[int, int, int]:
    """A token, and where what it stands for begins and ends."""
    start, end = analysis.tokenization.spans[token].tolist()
    return token, start, end


def _words(analysis: "Analysis", run: int) -> Words:
    """The text's words, found once: of a long text that takes a while."""
    kept: tuple[int, Words] | None = st.session_state.get(_WORDS)
    if kept is None or kept[0] != run:
        kept = st.session_state[_WORDS] = (run, words_of(analysis))
    return kept[1]


def _take_guess(guess: str, box: str) -> None:
    if st.session_state[guess] is not None:
        st.session_state[box] = st.session_state[guess]


@dataclass(slots=True)
class _Lookup:
    """The text as a tree before one of its tokens, and what was found there; `place` is the run and the token."""

    place: tuple[int, int]
    session: "Session"
    found: dict[str, str]


def _looked_up(by: "Analyzer", analysis: "Analysis", token: int, text: str, run: int) -> str:
    """How likely a text is in a token's place; asked once, and the tree is made once for each such token.

    Raises
    ------
    InputError
        If it cannot stand there.
    """
    here: _Lookup | None = st.session_state.get(_LOOKUP)
    if here is None or here.place != (run, token):
        here = st.session_state[_LOOKUP] = _Lookup((run, token), by.branch(analysis, token), {})
    if text not in here.found:
        here.found[text] = found_in_words(here.session, text)
    return here.found[text]
