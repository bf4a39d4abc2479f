"""Scored text as HTML or for a terminal: tokens coloured by rank, with a second cue beside the colour.

Four buckets, as in GLTR (Gehrmann, Strobelt, Rush 2019): rank up to 10, 100, 1,000, and more. The default colours
stay apart for red-green-blind readers and keep the text on them readable (contrast at least 5.6); GLTR's own green,
yellow, red and purple are there for who wants them. Text is hostile: everything is escaped.
"""

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.scoring import TokenScores
from analyzer.series import rank_buckets
from analyzer.tokens import Tokenization, segments

__all__ = [
    "BUCKET_LABELS",
    "DIVERGING",
    "DIVERGING_LINES",
    "PALETTES",
    "UNDERLINES",
    "Palette",
    "segment_buckets",
    "to_html",
    "visible",
]

BUCKET_LABELS = ("1–10", "11–100", "101–1,000", "over 1,000")
UNDERLINES = ("none", "dotted", "solid", "double")  # the second cue: surprise is seen without colour too


@dataclass(frozen=True, slots=True)
class Palette:
    """Background and text colour of each step, least surprising, or most like a person's, first."""

    name: str
    background: tuple[str, ...]
    text: tuple[str, ...]


PALETTES = {
    palette.name: palette
    for palette in (
        # Four steps of YlOrBr (ColorBrewer) and of cividis.
        Palette("light", ("#FFF7BC", "#FEC44F", "#D95F0E", "#662506"), ("#000000", "#000000", "#000000", "#FFFFFF")),
        Palette("dark", ("#00224E", "#575D6D", "#A59C74", "#FEE838"), ("#FFFFFF", "#FFFFFF", "#000000", "#000000")),
        # HendrikStrobelt/detecting-fake-text, client/src/ts: the colours of its legend.
        Palette("gltr", ("#ADFF80", "#FFEA80", "#FF9280", "#E5B0FF"), ("#000000", "#000000", "#000000", "#000000")),
    )
}

# From person to machine: blue and amber stay apart for every kind of colour vision, and nobody is shown in red. The
# second cue is on which side of the word the line is: above it for a person, below it for a machine.
DIVERGING = {
    palette.name: palette
    for palette in (
        Palette(
            "light",
            ("#1F63A8", "#B7D6F0", "#F5F5F5", "#FAD7A0", "#A85A00"),
            ("#FFFFFF", "#000000", "#000000", "#000000", "#FFFFFF"),
        ),
        Palette(
            "dark",
            ("#8CC2F2", "#23476B", "#1B222C", "#5E3F12", "#F5B041"),
            ("#000000", "#FFFFFF", "#FFFFFF", "#FFFFFF", "#000000"),
        ),
    )
}
DIVERGING_LINES = ("overline solid", "overline dotted", "none", "underline dotted", "underline solid")


def segment_buckets(tokenization: Tokenization, scores: TokenScores) -> list[tuple[str, int | None]]:
    """The text in pieces, each with the bucket of its most surprising token; None where nothing is scored.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> analysis = Analyzer(ToyModel("aaaa")).analyze("aaq")
    >>> segment_buckets(analysis.tokenization, analysis.scores)
    [('a', 0), ('a', 0), ('q', 0)]
    """
    buckets = rank_buckets(scores.rank)
    return [
        (
            tokenization.text[s.start : s.end],
            _highest(buckets[max(0, s.first - scores.start) : max(0, s.last - scores.start)]),
        )
        for s in segments(tokenization)
    ]


def _highest(buckets: NDArray[np.int64]) -> int | None:
    return int(buckets.max()) if len(buckets) else None


def visible(text: str) -> str:
    r"""Show what would not be seen or would steer the screen: control characters as symbols, line ends as ``⏎``.

    Examples
    --------
    >>> visible("a\tb\n\x1b[31m")
    'a⇥b⏎␛[31m'
    """
    return "".join(_SYMBOLS.get(c, c) for c in text)


_SYMBOLS = {chr(n): chr(0x2400 + n) for n in range(32)} | {"\x7f": "␡", "\n": "⏎", "\t": "⇥"}
# C1 controls, soft hyphen, zero-width space, direction marks and overrides, word joiner, byte-order mark. Not the
# zero-width joiners: emoji and several scripts are written with them.
_UNSEEN = (
    *range(0x80, 0xA0),
    0xAD,
    0x200B,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    0x2060,
    *range(0x2066, 0x206A),
    0xFEFF,
)
_SYMBOLS |= {chr(n): f"‹{n:04X}›" for n in _UNSEEN}


def to_html(tokenization: Tokenization, scores: TokenScores, *, palette: Palette = PALETTES["light"]) -> str:
    """A self-contained HTML fragment: the coloured text and a legend; no script, everything escaped."""
    spans = []
    for text, bucket in segment_buckets(tokenization, scores):
        shown = html.escape(text, quote=True)
        spans.append(shown if bucket is None else f'<span style="{_style(palette, bucket)}">{shown}</span>')
    legend = " ".join(
        f'<span style="{_style(palette, bucket)};padding:0 .4em">rank {label}</span>'
        for bucket, label in enumerate(BUCKET_LABELS)
    )
    return (
        '<div style="font-family:ui-monospace,monospace;line-height:1.8">'
        f'<div style="white-space:pre-wrap;overflow-wrap:anywhere" dir="auto">{"".join(spans)}</div>'
        f'<p style="font-size:.85em">{legend}</p></div>'
    )


def _style(palette: Palette, bucket: int) -> str:
    underline = "" if UNDERLINES[bucket] == "none" else f";text-decoration:underline {UNDERLINES[bucket]}"
    return f"background:{palette.background[bucket]};color:{palette.text[bucket]}{underline}"
