"""The components of the page Guide: the list of candidates, their effects, the text with its branches.

Each sends what the reader does as a trigger ``act``, an object with a kind and a number; see ``guide_state.handle``.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from analyzer.ui.component_files import joined

__all__ = ["show_effects", "show_list", "show_text"]

Handler = Callable[[Mapping[str, Any] | None], None]


_list = st.components.v2.component(
    "text_provenance_guide_list",
    html='<div class="guide-list"></div>',
    css=joined("guide_list.css"),
    js=joined("drawing.js", "guide_list.js"),
    isolate_styles=True,
)
_effects = st.components.v2.component(
    "text_provenance_guide_effects", html="<div hidden></div>", js=joined("guide_effects.js"), isolate_styles=True
)
_text = st.components.v2.component(
    "text_provenance_guide_text",
    html='<div class="guide-text"></div>',
    css=joined("coloured_text.css", "guide_text.css"),
    js=joined("drawing.js", "guide_text.js"),
    isolate_styles=True,
)


def show_list(data: dict[str, Any], handler: Handler) -> None:
    """Draw the candidates."""
    key = "guide-list"
    _list(key=key, data=data, on_act_change=lambda: handler(_sent(key)))


def show_text(data: dict[str, Any], handler: Handler) -> None:
    """Draw the text so far and its branches."""
    key = "guide-text"
    _text(key=key, data=data, on_act_change=lambda: handler(_sent(key)))


def show_effects(data: dict[str, Any]) -> None:
    """Give the list the effects of its candidates."""
    _effects(key="guide-effects", data=data)


def _sent(key: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = st.session_state[key].get("act")
    return found
