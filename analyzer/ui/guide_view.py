"""The components of the page Guide: the list of candidates, their effects, the text with its branches.

Each sends what the reader does as a trigger ``act``, an object with a kind and a number; see ``guide_state.handle``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

__all__ = ["show_effects", "show_list", "show_text"]

_HERE = Path(__file__).parent
_SHARED = (_HERE / "guide_dom.js").read_text(encoding="utf-8")

Handler = Callable[[Mapping[str, Any] | None], None]


def _js(name: str) -> str:
    return _SHARED + (_HERE / f"{name}.js").read_text(encoding="utf-8")


_list = st.components.v2.component(
    "text_provenance_guide_list",
    html='<div class="guide-list"></div>',
    css=(_HERE / "guide_list.css").read_text(encoding="utf-8"),
    js=_js("guide_list"),
    isolate_styles=True,
)
_effects = st.components.v2.component(
    "text_provenance_guide_effects", html="<div hidden></div>", js=_js("guide_effects"), isolate_styles=True
)
_text = st.components.v2.component(
    "text_provenance_guide_text",
    html='<div class="guide-text"></div>',
    css=(_HERE / "guide_text.css").read_text(encoding="utf-8"),
    js=_js("guide_text"),
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
