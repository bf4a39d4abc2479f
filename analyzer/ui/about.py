"""What the numbers mean in plain words, how good they are, about whom they may be wrong, what they are not for."""

import streamlit as st

from analyzer.ui.frame import set_width, show_title
from analyzer.ui.model_card import show_card, show_limits

__all__ = ["EXAMPLE", "EXAMPLE_BEGINS", "about_page"]

EXAMPLE_BEGINS = "The zebra's stripes are black and"
EXAMPLE = (
    (" white", 1, 0.33, 1.6),
    (" the", 2, 0.095, 3.4),
    (" brown", 34, 0.0021, 8.9),
    (" green", 267, 0.00013, 12.9),
)
"""What may follow: rank, probability and bits under the embedded model (a test asks it again)."""

_NUMBERS = (
    ("Token", "A word or a piece of one: the unit in which the model reads."),
    ("Rank", "A token’s place in the model’s list of guesses, counted from 1: its first guess is 1."),
    ("Probability", "How likely the model held the token to be, before it saw it."),
    ("Surprise", "How much news the token was, in bits: one bit more is half as likely."),
    ("Expected surprise", "How much news the model was ready for at that place: little where one guess stands out."),
    ("frac(p)", "The token’s probability over that of the first guess: 1 if it is the first guess."),
    ("Perplexity", "Among how many equally likely tokens the model seems to choose at each step, on average."),
    ("Curvature", "How much likelier the text is than what the model itself would have drawn in its place."),
)
_CELL = "padding-block:.45rem;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)"
_VERDICTS = (
    ("Probability of a machine", "If people and machines had written equally many such texts: the machines’ share."),
    ("Interval", "Where that probability lies for a read-out that never saw this kind of writing, nine times in ten."),
    ("Human p-value", "The share of people’s texts of this length that look at least as machine-like as this one."),
    ("False-positive rate", "How many innocent writers may be called likely AI. You choose it; first it is 1 in 100."),
    ("Base rate", "How many such texts machines write, before looking at this one. It changes the probability much."),
    ("Unclear", "People and machines both write texts like this one, so nothing is said."),
    ("Not judged", "The text is too short, no English prose, or unlike all that was measured: no number is given."),
)


def about_page() -> None:
    """Draw the page."""
    set_width(56)
    show_title("About")
    numbers, card, limits = st.tabs(["What the numbers mean", "How good they are", "Limits and privacy"])
    with numbers:
        _show_numbers()
    with card:
        show_card()
    with limits:
        show_limits()


def _show_numbers() -> None:
    st.markdown(
        "A language model reads a text from left to right and guesses each next token before it sees it. A machine’s "
        "text keeps to such guesses; people stray from them. All else follows from that."
    )
    st.header("A guess")
    st.markdown(f"“*{EXAMPLE_BEGINS} …*” What comes next, by the embedded model:")
    st.html(_guesses())
    st.markdown(
        "“white” is likely and tells little; “green” would be news. A text full of news is more often a person’s, one "
        "without any a machine’s; but a careful person writes plainly, and a machine can be told to be odd."
    )
    st.header("The numbers")
    _table(_NUMBERS)
    st.header("The verdict")
    st.markdown(
        "Beside these numbers the verdict uses what the model holds in its middle layers while it reads. It was fitted "
        "and checked on texts of known origin; a verdict says how this text compares with those."
    )
    _table(_VERDICTS)


def _guesses() -> str:
    """The example as a table with bars; every number is also a word."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;padding:.2rem 1rem .2rem 0;font-weight:600">{word.strip()}</th>'
        f'<td style="width:45%"><div style="height:.8rem;width:{max(100 * p / EXAMPLE[0][2], 0.4):.1f}%;'
        'background:#3A82C4"></div></td>'
        f'<td style="text-align:right;padding-left:1rem">{100 * p:.2g}&nbsp;%</td>'
        f'<td style="text-align:right;padding-left:1rem">{rank}</td>'
        f'<td style="text-align:right;padding-left:1rem">{bits}&nbsp;bits</td></tr>'
        for word, rank, p, bits in EXAMPLE
    )
    heads = "".join(
        f'<th scope="col" style="text-align:{side};font-weight:400;opacity:.8;padding-left:{gap}">{name}</th>'
        for name, side, gap in (
            ("token", "left", "0"),
            ("", "left", "0"),
            ("probability", "right", "1rem"),
            ("rank", "right", "1rem"),
            ("surprise", "right", "1rem"),
        )
    )
    return f'<table style="width:100%;max-width:40rem;border-collapse:collapse"><tr>{heads}</tr>{rows}</table>'


def _table(rows: tuple[tuple[str, str], ...]) -> None:
    """A list of terms; Streamlit's own tables end a cell's lines in the middle of a wide one."""
    st.html(
        '<dl style="display:grid;grid-template-columns:fit-content(35%) 1fr;margin:0;padding:0">'
        + "".join(
            f'<dt style="{_CELL};margin:0;padding-inline:0 1.5rem;font-weight:600">{name}</dt>'
            f'<dd style="{_CELL};margin:0;padding-inline:0">{means}</dd>'
            for name, means in rows
        )
        + "</dl>"
    )
