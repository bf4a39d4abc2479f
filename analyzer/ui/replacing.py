"""Another word in the text: the text is read again from there on, and a table says what that moved."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.guide_data import shown
from analyzer.ui.key_numbers import key_numbers
from analyzer.ui.tasks import bar
from analyzer.ui.words import plain
from analyzer.wording import NO_PROBABILITY, chance, interval, number

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import numpy as np
    from numpy.typing import NDArray

    from analyzer.analysis import Analysis, Analyzer
    from analyzer.calibration import Likelihood
    from analyzer.comparing.drafts import Drafts, Stretch

__all__ = ["Moves", "Replacement", "Word", "Words", "moves", "replace_with", "show_replacement", "word_at", "words_of"]


@dataclass(frozen=True, slots=True)
class Word:
    """The word that a token belongs to, with the white space before it: its first token, its characters."""

    text: str
    first: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Where each of N words begins and the last one ends (N + 1,), and the number of each token's word (T,)."""

    edges: "NDArray[np.int64]"
    of_token: "NDArray[np.int64]"


@dataclass(frozen=True, slots=True, eq=False)
class Replacement:
    """The text with a word changed, analysed, and how it compares with the one before.

    Attributes
    ----------
    what : str
        Which word became which, and where: literal text.
    after : Analysis
    found : Drafts
    """

    what: str
    after: "Analysis"
    found: "Drafts"


class Moves(NamedTuple):
    """A line of the table: what, before, after."""

    what: str
    before: str
    after: str


def words_of(analysis: "Analysis") -> Words:
    """The words of a text, see ``analyzer.comparing.words``."""
    from analyzer.comparing.words import token_cuts, token_words, word_edges

    tokens = analysis.tokenization
    edges = word_edges(tokens.text, token_cuts(tokens))
    return Words(edges, token_words(tokens, edges))


def word_at(analysis: "Analysis", words: Words, token: int) -> Word:
    """The word around a token, counted from 0."""
    mine = int(words.of_token[token])
    start, end = words.edges[mine : mine + 2].tolist()
    return Word(analysis.text[start:end], int(words.of_token.searchsorted(mine)), start, end)


def replace_with(
    by: "Analyzer", analysis: "Analysis", text: str, *, token: int, start: int, end: int, run: int
) -> None:
    """Analyse the text with its characters `start` to `end` - 1 replaced; what stands before them is not read again.

    `token` is the first of those that go, counted from 0.
    """
    from analyzer.comparing.drafts import drafts

    state = st.session_state
    state[_key(run)] = None
    changed = analysis.text[:start] + text + analysis.text[end:]
    try:
        with st.spinner("Reading on from there …", show_time=True):
            after = by.analyze(changed, analysis.context, progress=bar())
            what = f"“{_short(analysis.text[start:end])}” → “{_short(text)}”, token {token + 1:,}"
            state[_key(run)] = Replacement(what, after, drafts(analysis, after))
    except AnalyzerError as error:
        st.error(plain(str(error)))


def _key(run: int) -> str:
    return f"replacement-{run}"


def show_replacement(analysis: "Analysis", *, run: int, take_over: "Callable[[Analysis], None]") -> None:
    """What the last replacement moved, and a button that takes it over."""
    made: Replacement | None = st.session_state.get(_key(run))
    if made is None:
        return
    with st.container(border=True, key="moved"):
        st.markdown(f"**What that moves:** {plain(made.what)}")
        st.html(_table(list(moves(analysis, made.after, made.found))))
        st.caption(plain(made.found.sentence))
        for warning in made.found.warnings:
            st.caption(plain(warning))
        with st.container(horizontal=True, gap="small"):
            taken = st.button(
                "Take it over", key="take-over", type="primary", on_click=take_over, args=(made.after,),
                help="The changed text goes into the box, and the page shows its analysis.",
            )  # fmt: skip
            st.button("Forget it", key="forget", on_click=lambda: st.session_state.update({_key(run): None}))
    if taken:
        st.rerun()


def moves(before: "Analysis", after: "Analysis", found: "Drafts") -> "Iterator[Moves]":
    """What moved, line by line: likelihood, the changed place and what follows it in bits, key statistics."""
    yield Moves("Machine, 90 % interval", *map(_likelihood, (found.likelihood_before, found.likelihood_after)))
    changed = False
    for part in found.stretches:
        if part.kind != "unchanged":
            changed = True
            name = f"“{_short(part.before)}” → “{_short(part.after)}”"
            yield Moves(name, *_bits(part))
        elif changed:
            yield Moves("What follows", *_bits(part))
    for old, new in zip(key_numbers(before.statistics), key_numbers(after.statistics), strict=True):
        yield Moves(old.label, old.value, new.value)


def _bits(part: "Stretch") -> tuple[str, str]:
    difference = f"{part.difference:+.1f}".replace("-", "−")
    return f"{number(part.bits_before)} bits", f"{number(part.bits_after)} bits ({difference})"


def _likelihood(one: "Likelihood") -> str:
    if one.verdict == "not judged":
        return NO_PROBABILITY.removesuffix(".").lower()
    return f"{chance(one.probability)} ({interval(one.low, one.high)})"


def _short(text: str) -> str:
    text = shown(text)
    return text if len(text) <= 24 else f"{text[:23]}…"


def _table(rows: list[Moves]) -> str:
    """As HTML; text is hostile, and Streamlit's own tables read markdown in it."""
    line = "border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)"
    cell = f"padding:.25rem .4rem .25rem 0;text-align:start;vertical-align:top;overflow-wrap:anywhere;{line}"
    head = "".join(f'<th scope="col" style="{cell};font-weight:400;opacity:.8">{one}</th>' for one in ("", "was", "is"))
    body = "".join(
        f'<tr><th scope="row" style="{cell};font-weight:400"><bdi>{html.escape(row.what)}</bdi></th>'
        f'<td style="{cell}">{html.escape(row.before)}</td>'
        f'<td style="{cell};font-weight:600">{html.escape(row.after)}</td></tr>'
        for row in rows
    )
    return (
        '<table style="width:100%;border-collapse:collapse;font-size:.825rem;table-layout:fixed">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
