"""Numbers and foreign words as the page Compare shows them, and its tables as files."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.wording import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bits", "in_bits", "offer_table", "page_ends", "said", "signed"]

_LONGEST = 120  # characters of a text in a table or a line


def bits(value: float) -> str:
    """A number of bits; a dash where it is undefined.

    Examples
    --------
    >>> bits(3.14159), bits(1234.5), bits(math.inf), bits(math.nan)
    ('3.1', '1,234', '∞', '–')
    """
    if not math.isfinite(value):
        return "∞" if value == math.inf else "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def signed(value: float, digits: int = 1) -> str:
    """A difference, with its sign; none before what rounds to nothing.

    Examples
    --------
    >>> signed(1.25, 2), signed(-3.0), signed(-0.01), signed(-math.inf), signed(math.nan)
    ('+1.25', '−3.0', '0.0', '−∞', '–')
    """
    if math.isnan(value):
        return "–"
    text = f"{value:+,.{digits}f}".replace("inf", "∞")
    return text.replace("-", "−") if any(c in text for c in "123456789∞") else text[1:]


def in_bits(value: float, unit: str) -> tuple[str, str]:
    """A statistic kept in nats as it is shown: in bits; and its unit.

    Examples
    --------
    >>> in_bits(math.log(2), "nats"), in_bits(0.25, "1")
    (('1', 'bits'), ('0.25', ''))
    """
    from analyzer.series import BITS_PER_NAT

    power = {"nats": 1, "nats²": 2}.get(unit, 0)
    text = number(value * BITS_PER_NAT**power).replace("-", "−")
    return text, unit.replace("nats", "bits").replace("1", "")


def said(text: str) -> str:
    """Words of a text in a line or a table: one line, what cannot be seen as marks, the middle of long ones left out.

    Examples
    --------
    >>> said(" broke"), said(" "), said("a\\u202eb")
    ('broke', 'space', 'a‹202E›b')
    """
    from analyzer.markup import visible

    shown = visible(text.strip(" ")) or ("space" if text else "")
    half = _LONGEST // 2
    return shown if len(shown) <= _LONGEST else f"{shown[:half]} … {shown[-half:]}"


def offer_table(label: str, make: "Callable[[], pd.DataFrame]", name: str, *, about: str) -> None:
    """A table as a CSV file, made when somebody asks for it."""
    st.download_button(
        label, lambda: make().to_csv(index=False), name, "text/csv", key=f"compare-{name}", on_click="ignore",
        help=about, icon=":material/download:",
    )  # fmt: skip


def page_ends(weights: Sequence[int], size: int) -> list[tuple[int, int]]:
    """Cut things in a row into pages of at most `size` by weight, or of one thing: from which to which, half-open.

    Examples
    --------
    >>> page_ends([2, 2, 2, 9, 1], 4)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    found, start, weight = [], 0, 0
    for n, one in enumerate(weights):
        if n > start and weight + one > size:
            found.append((start, n))
            start, weight = n, 0
        weight += one
    return [*found, (start, len(weights))]
