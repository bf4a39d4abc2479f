"""The coloured text: a Streamlit component in which every token can be looked at with mouse, keyboard and touch.

Python sends numbers and strings, a page of tokens at a time; ``token_view.js`` draws them. The three ways to colour
are all sent at once, so that choosing another costs neither a forward pass nor a way to the server. Text travels as
data and becomes text nodes: nothing in it is ever markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import numpy as np
    from numpy.typing import NDArray

    from analyzer.analysis import Analysis
    from analyzer.tokens import Segment

__all__ = ["PAGE_TOKENS", "Page", "pages", "token_view", "view_data"]

PAGE_TOKENS = 1000  # a page repaints in a quarter of a second and weighs about 100 kB
_ALTERNATIVES = 5

# Where the steps of the other two scales end. Surprise: 1 in 8, in 128, in 1,024, about as surprising as ranks of 10,
# 100 and 1,000 among equally likely tokens. First guess: half, a tenth, a hundredth of its probability.
_SURPRISE_BITS = (3.0, 7.0, 10.0)
_FRAC_P = (0.5, 0.1, 0.01)

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "text_provenance_token_view",
    html='<div class="view"></div>',
    css=(_HERE / "token_view.css").read_text(encoding="utf-8"),
    js=(_HERE / "token_view.js").read_text(encoding="utf-8"),
    isolate_styles=True,
)


@dataclass(frozen=True, slots=True)
class Page:
    """Segments of the text that are drawn together, and which of its tokens they hold: `first` to `last` - 1."""

    segments: "tuple[Segment, ...]"
    first: int
    last: int


def pages(analysis: "Analysis", *, size: int = PAGE_TOKENS) -> tuple[Page, ...]:
    """Cut the text into pages of about `size` tokens; a segment is never cut, and the pages join up to the text."""
    return tuple(_pages(analysis, size))


def _pages(analysis: "Analysis", size: int) -> Iterator[Page]:
    from analyzer.tokens import segments

    page: list[Segment] = []
    for segment in segments(analysis.tokenization):
        if page and segment.last > page[0].first + size:
            yield Page(tuple(page), page[0].first, page[-1].last)
            page = []
        page.append(segment)
    yield Page(tuple(page), page[0].first, page[-1].last)


def token_view(analysis: "Analysis", page: Page, *, key: str) -> None:
    """Draw one page of the coloured text with its legend."""
    _component(key=key, data=view_data(analysis, page))


def view_data(analysis: "Analysis", page: Page) -> dict[str, Any]:
    """What the component draws, as plain JSON values.

    Per segment: its text, its first token (counted among the page's scored tokens), how many tokens share it. Per
    scored token: rank, surprise and expected surprise in thousandths of a bit, a digit for its step on each of three
    scales, its own text and the likeliest alternatives as places in one table of strings, with their probabilities in
    millionths.
    """
    from analyzer.markup import PALETTES, UNDERLINES, visible
    from analyzer.series import BITS_PER_NAT

    scores = analysis.scores
    first, last = (max(0, token - scores.start) for token in (page.first, page.last))
    part = scores.part(first, last)
    strings: dict[int, int] = {}
    own = [_index(strings, i) for i in analysis.tokenization.ids[first + scores.start : page.last].tolist()]
    guesses = [_index(strings, i) for i in part.top_ids[:, :_ALTERNATIVES].ravel().tolist()]
    text = analysis.text
    pieces = [text[s.start : s.end] for s in page.segments]
    starts = [max(0, s.first - scores.start - first) for s in page.segments]
    ends = [max(0, s.last - scores.start - first) for s in page.segments]
    return {
        "pieces": pieces,
        "first": starts,
        "count": [end - start for start, end in zip(starts, ends, strict=True)],
        # What cannot be seen is drawn as a mark; a tab shows by its width.
        "marks": {c: visible(c) for c in sorted(set().union(*pieces)) if visible(c) != c and c != "\t"},
        "rank": part.rank.tolist(),
        "bits": _thousandths(-part.log_prob * BITS_PER_NAT),
        "expected": _thousandths(part.entropy * BITS_PER_NAT),
        "own": own,
        "guesses": guesses,
        "guess_ppm": _millionths(part.top_log_prob[:, :_ALTERNATIVES]),
        "per_token": min(_ALTERNATIVES, part.top_ids.shape[1]),
        "strings": [visible(analysis.text_of(token_id)) for token_id in strings],
        "vocabulary": analysis.model.vocabulary,
        "modes": _modes(analysis, first, last),
        "palettes": {name: [list(p.background), list(p.text)] for name, p in PALETTES.items()},
        "underlines": list(UNDERLINES),
    }


def _modes(analysis: "Analysis", first: int, last: int) -> list[dict[str, Any]]:
    """The three scales: what each step means, and the step of each token as a digit."""
    import numpy as np

    from analyzer.markup import BUCKET_LABELS
    from analyzer.series import BITS_PER_NAT, frac_p, rank_buckets, surprise

    part = analysis.scores.part(first, last)
    bits = np.searchsorted(_SURPRISE_BITS, surprise(part) * BITS_PER_NAT, side="left")
    # Turned round, as a smaller share is more surprising; a probability equal to a bound belongs to the better step.
    shares = np.searchsorted([-bound for bound in _FRAC_P], -frac_p(part), side="left")
    a, b, c = (f"{bound:g}" for bound in _SURPRISE_BITS)
    return [
        {
            "name": "rank",
            "label": "Rank",
            "about": "Place of each token in the model’s list of guesses, 1 being its first.",
            "steps": list(BUCKET_LABELS),
            "of": _digits(rank_buckets(part.rank)),
        },
        {
            "name": "surprise",
            "label": "Surprise",
            "about": f"Bits of surprise: {a} is as rare as 1 in 8, {b} as 1 in 128, {c} as 1 in 1,024.",
            "steps": [f"up to {a} bits", f"up to {b}", f"up to {c}", f"over {c}"],
            "of": _digits(bits),
        },
        {
            "name": "share",
            "label": "Against the first guess",
            "about": "Probability of each token, compared with that of the model’s first guess in its place.",
            "steps": ["at least half", "at least 1/10", "at least 1/100", "less"],
            "of": _digits(shares),
        },
    ]


def _index(strings: dict[int, int], token_id: int) -> int:
    """The place of a vocabulary entry in the table of strings; a new one is put at the end."""
    return strings.setdefault(token_id, len(strings))


def _digits(steps: "NDArray[np.int64]") -> str:
    return "".join(map(str, steps.tolist()))


def _thousandths(values: "NDArray[np.float64]") -> list[int]:
    """Rounded to integers, which JSON always holds; an impossible token counts as a million bits."""
    import numpy as np

    return [int(v) for v in np.nan_to_num(values * 1000, nan=0.0, posinf=1e9).round()]


def _millionths(log_prob: "NDArray[np.float64]") -> list[int]:
    import numpy as np

    return [int(v) for v in np.nan_to_num(np.exp(log_prob.ravel()) * 1e6).round()]
