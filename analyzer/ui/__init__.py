"""The pages, in Streamlit. They render an ``Analysis`` and compute nothing about it.

Nothing here imports torch before a text is analysed: the first paint is fast on any machine.
"""

import streamlit as st

from analyzer.ui.analyse import analyse_page
from analyzer.ui.model_card import model_card_page

__all__ = ["main"]


def main() -> None:
    """Draw the page that the reader is on; called by ``app.py`` on every run of the script."""
    st.navigation(
        [
            st.Page(analyse_page, title="Analyse", url_path="analyse", default=True),
            st.Page(model_card_page, title="Model card", url_path="model-card"),
        ],
        position="top",
    ).run()
