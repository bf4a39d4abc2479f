"""The page on which many texts are analysed at once."""

import streamlit as st

from analyzer.batch.limits import MOST_CHARACTERS, MOST_ROWS
from analyzer.ui.batch_input import show_input
from analyzer.ui.batch_results import show_results
from analyzer.ui.batch_state import job
from analyzer.ui.frame import set_width, show_title

__all__ = ["batch_page"]

_STYLE = """<style>
/* The table's own CSV would hand a spreadsheet whatever a name begins with: the button below the table does not. */
[data-testid="stDataFrame"] button[aria-label^="Download as CSV"] { display: none; }
</style>"""


def batch_page() -> None:
    """Draw the page: where texts are given, and what came of them."""
    set_width(90)
    st.html(_STYLE)
    show_title("Analyse many texts")
    _work()


@st.fragment
def _work() -> None:
    """What is given and what comes of it; whatever is done here runs this function again and nothing else."""
    here = job()
    if here is not None:
        with st.expander("Other texts"):
            given = show_input()
        with st.container():  # always there: what is open below stays open
            if given is not None and [row.text for row in given.rows] != [row.text for row in here.work.rows]:
                st.info("What follows is of the texts before. Press Analyse above to have those chosen now read.")
        show_results(here)
        return
    st.markdown(
        "Each text gets a row: its verdict with the interval, its reasons, its surprise from beginning to end; or the "
        "reason why there is none. Nothing leaves this machine."
    )
    show_input()
    st.caption(
        f"Up to {MOST_ROWS:,} rows and {MOST_CHARACTERS:,} characters at once, "
        f"{st.get_option('server.maxUploadSize')} MB a file. Beyond that the command *analyzer batch* reads any "
        "number, and goes on after a restart."
    )
