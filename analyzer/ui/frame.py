"""What the pages have alike: a width, and a line with the title and the model that reads."""

import streamlit as st

from analyzer.ui.model_choice import show_model_choice

__all__ = ["set_width", "show_title"]


def set_width(rem: int) -> None:
    """Let the page be so wide; on a phone it is as wide as that.

    ``st.set_page_config(layout="wide")`` would be undone at times: where ``app.py`` sets another layout in the same
    run, Streamlit 1.67 compares both with the state before and drops the second.
    """
    st.html(
        f"""<style>
[data-testid="stMainBlockContainer"] {{ max-width: {rem}rem; padding-top: 4.5rem; }}
@media (min-width: 641px) {{ [data-testid="stMainBlockContainer"] {{ padding-inline: 3rem; }} }}
/* White on the dark theme's blue has 3.6:1, and a shortcut in it 2.3; on this blue 5.1, and 3.6 to a dark page. */
[data-testid^="stBaseButton-primary"] {{ background-color: #2872B5; border-color: #2872B5; }}
[data-testid^="stBaseButton-primary"] kbd {{ opacity: 1 !important; }}
@media (max-width: 640px) {{ h1 {{ font-size: 2rem !important; }} h2 {{ font-size: 1.6rem !important; }} }}
</style>"""
    )


def show_title(title: str, *, small: bool = False) -> None:
    """The title, or a smaller one where the page needs its room, and beside it which model reads."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        (st.subheader if small else st.title)(title, anchor=False, width="content")
        show_model_choice()
