"""The coloured text: a Streamlit component in which every token can be looked at with mouse, keyboard and touch.

Python sends numbers and strings, a page of tokens at a time; ``token_view.js`` draws them. All ways to colour (see
``colour_modes``) are sent at once, so that choosing another costs neither a forward pass nor a way to the server. Text
travels as data and becomes text nodes: nothing in it is ever markup.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.ui.colour_modes import colour_modes
from analyzer.ui.component_files import joined

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import numpy as np
    from numpy.typing import NDArray

    from analyzer.analysis import Analysis
    from analyzer.markup import Palette
    from analyzer.tokens import Segment

__all__ = ["PAGE_TOKENS", "Doings", "Page", "pages", "token_view", "view_data"]

PAGE_TOKENS = 1000  # a page repaints in a quarter of a second and weighs about 100 kB
_ALTERNATIVES = 5

_component = st.components.v2.component(
    "text_provenance_token_view",
    html='<div class="view"></div>',
    css=joined("coloured_text.css", "token_view.css"),
    js=joined("drawing.js", "token_view_dom.js", "token_view_tip.js", "token_view_ranks.js", "token_view.js"),
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


@dataclass(frozen=True, slots=True)
class Doings:
    """What a reader did to the view since it was drawn last: each a number, or None.

    Attributes
    ----------
    branch : int or None
        The token, counted from 0, at which to write on.
    """

    branch: int | None


def token_view(
    data: Mapping[str, Any],
    *,
    key: str,
    pinned: int | None = None,
    marked: tuple[int, int] | None = None,
    on_pin: Callable[[int | None], object] = lambda _: None,
    on_turn: Callable[[int], object] = lambda _: None,
) -> Doings:
    """Draw one page of the coloured text with its legend.

    Parameters
    ----------
    data : mapping
        From ``view_data``.
    key : str
    pinned : int, optional
        The token, counted from 0, that is looked at closely.
    marked : pair of int, optional
        The first of the tokens that are marked, and the one behind the last.
    on_pin : callable
        Is given the token that the reader wants to look at closely, or None to let the pinned one go; before the page
        is drawn again.
    on_turn : callable
        Is given 1 or -1: the reader goes on beyond the last token of the page, or back beyond its first.
    """
    state = {"pinned": -1 if pinned is None else pinned, "marked": list(marked or (0, 0))}
    found = _component(
        key=key,
        data={**data, **state},
        on_branch_change=lambda: None,
        on_pin_change=lambda: _pass_on(key, "pin", lambda at: on_pin(None if at < 0 else at)),
        on_turn_change=lambda: _pass_on(key, "turn", on_turn),
    )
    return Doings(None if found.branch is None else int(found.branch))


def _pass_on(key: str, what: str, to: Callable[[int], object]) -> None:
    value = st.session_state[key].get(what)
    if value is not None:
        to(int(value))


def view_data(analysis: "Analysis", page: Page) -> dict[str, Any]:
    """What the component draws, as plain JSON values.

    Per segment: its text, its first token (counted among the page's scored tokens, the first of which is token `offset`
    of the text), how many tokens share it. Per scored token: rank, surprise and expected surprise in thousandths of a
    bit, a digit for its step in each colour mode, its own text and the likeliest alternatives as places in one table of
    strings, with their probabilities in millionths. Besides, whether there are tokens `before` the page and `more`
    behind it.
    """
    from analyzer.markup import DIVERGING, DIVERGING_LINES, PALETTES, UNDERLINES, visible
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
        "offset": first + scores.start,
        "before": page.first > 0,
        "more": page.last < len(analysis.tokenization),
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
        "modes": [asdict(mode) for mode in colour_modes(analysis, first, last)],
        "scales": {
            "sequential": _scale(PALETTES, [f"underline {line}" if line != "none" else line for line in UNDERLINES]),
            "diverging": _scale(DIVERGING, DIVERGING_LINES),
        },
    }


def _scale(palettes: "Mapping[str, Palette]", lines: Sequence[str]) -> dict[str, Any]:
    """Colours of each palette, and the line that is the second cue of each step."""
    colours = {name: [list(p.background), list(p.text)] for name, p in palettes.items()}
    return {"palettes": colours, "lines": list(lines)}


def _index(strings: dict[int, int], token_id: int) -> int:
    """The place of a vocabulary entry in the table of strings; a new one is put at the end."""
    return strings.setdefault(token_id, len(strings))


def _thousandths(values: "NDArray[np.float64]") -> list[int]:
    """Rounded to integers, which JSON always holds; an impossible token counts as a million bits."""
    import numpy as np

    return [int(v) for v in np.nan_to_num(values * 1000, nan=0.0, posinf=1e9).round()]


def _millionths(log_prob: "NDArray[np.float64]") -> list[int]:
    import numpy as np

    return [int(v) for v in np.nan_to_num(np.exp(log_prob.ravel()) * 1e6).round()]
