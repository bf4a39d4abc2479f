"""The pages, in Streamlit. They render an ``Analysis`` and compute nothing about it.

Nothing here imports torch before a text is analysed: the first paint is fast on any machine.
"""

import streamlit as st

from analyzer.ui.about import about_page
from analyzer.ui.analyse import analyse_page
from analyzer.ui.batch import batch_page
from analyzer.ui.batch_state import ANALYSE_PAGE
from analyzer.ui.compare import compare_page
from analyzer.ui.guide import guide_page
from analyzer.ui.guide_state import GUIDE_PAGE

__all__ = ["main"]


def main() -> None:
    """Draw the page that the reader is on; called by ``app.py`` on every run of the script."""
    analyse = st.Page(analyse_page, title="Analyse", url_path="analyse", default=True)
    guide = st.Page(guide_page, title="Guide", url_path="guide")
    st.session_state[ANALYSE_PAGE], st.session_state[GUIDE_PAGE] = analyse, guide  # where buttons elsewhere lead to
    st.navigation(
        [
            analyse,
            st.Page(compare_page, title="Compare", url_path="compare"),
            guide,
            st.Page(batch_page, title="Batch", url_path="batch"),
            st.Page(about_page, title="About", url_path="about"),
        ],
        position="top",
    ).run()
