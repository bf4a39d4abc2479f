"""The text, token by token: its pages, a token that is pinned beside it, a stretch that is marked on the curve below.

All of it is one fragment: what is done here runs ``show_text`` again and nothing else, and asks the model nothing
unless a word is looked up or put in a token's place.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.brushing import chosen_stretch, show_curve
from analyzer.ui.guide_state import GUIDE_PAGE, open_session
from analyzer.ui.pinned import pin_key, show_pinned
from analyzer.ui.token_view import Page, pages, token_view, view_data
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Analyzer

__all__ = ["show_text"]

_DRAWN = "token-view-data"  # key of st.session_state: the page drawn last
# The panel stays in view beside the text; on a phone it stands below it.
_STICKY = """<style>
@media (min-width: 641px) {
  [data-testid="stColumn"] > [data-testid="stVerticalBlock"]:has(> .st-key-pinned) { position: sticky; top: 4.5rem; }
}
</style>"""


@st.fragment
def show_text(analysis: "Analysis", *, by: "Analyzer", run: int, take_over: "Callable[[Analysis], None]") -> None:
    """Draw the text with all that is linked to it."""
    st.html(_STICKY)
    found = pages(analysis)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        _show_page(analysis, found, by=by, run=run)
    with right, st.container(border=True, key="pinned"):
        token = show_pinned(analysis, by=by, run=run, turn_to=lambda at: _turn_to(found, at, run), take_over=take_over)
        if token is not None and st.button(
            f"Branch at “{plain(_shown(analysis, token))}”", key="branch",
            help="Choose another token here, and all that follows, on the page Guide.",
        ):  # fmt: skip
            _branch(by, analysis, token)
    show_curve(analysis, run=run, turn_to=lambda at: _turn_to(found, at, run))


def _show_page(analysis: "Analysis", found: tuple[Page, ...], *, by: "Analyzer", run: int) -> None:
    number = 1
    if len(found) > 1:
        number = st.pagination(len(found), key=_page_key(run), persist_state="session")
        page = found[number - 1]
        st.caption(
            f"Page {number} of {len(found)}: tokens {page.first + 1:,} to {page.last:,} "
            f"of {len(analysis.tokenization):,}. Arrow keys go on from page to page."
        )
    pinned = st.session_state.get(pin_key(run))

    def pin(token: int | None) -> None:
        st.session_state[pin_key(run)] = None if token is None else token + 1

    def turn(by_pages: int) -> None:
        st.session_state[_page_key(run)] = min(max(number + by_pages, 1), len(found))

    done = token_view(
        _data(analysis, found[number - 1], run), key="token-view", pinned=pinned and pinned - 1,
        marked=chosen_stretch(analysis, run), on_pin=pin, on_turn=turn,
    )  # fmt: skip
    if done.branch is not None:
        _branch(by, analysis, done.branch)


def _page_key(run: int) -> str:
    return f"page-{run}"


def _turn_to(found: tuple[Page, ...], token: int, run: int) -> None:
    """Turn to the page that holds a token; for callbacks, which run before the page is drawn."""
    if len(found) > 1:
        st.session_state[_page_key(run)] = max(bisect_right([page.first for page in found], token), 1)


def _data(analysis: "Analysis", page: Page, run: int) -> dict[str, Any]:
    """What the component draws; pinning and marking leave it as it is."""
    place = (run, page.first)
    before: tuple[tuple[int, int], dict[str, Any]] | None = st.session_state.get(_DRAWN)
    if before is None or before[0] != place:
        before = st.session_state[_DRAWN] = (place, view_data(analysis, page))
    return before[1]


def _branch(by: "Analyzer", analysis: "Analysis", token: int) -> None:
    """Open the page Guide before a token of the text, counted from 0."""
    try:
        open_session(by.branch(analysis, token))
    except AnalyzerError as error:
        st.error(plain(str(error)))
        return
    st.switch_page(st.session_state[GUIDE_PAGE])


def _shown(analysis: "Analysis", token: int) -> str:
    from analyzer.ui.guide_data import shown

    return shown(analysis.tokenization.piece(token))
