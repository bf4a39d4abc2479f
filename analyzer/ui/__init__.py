"""The page, in Streamlit. It renders an ``Analysis`` and computes nothing about it.

Nothing here imports torch before a text is analysed: the first paint is fast on any machine.
"""

from analyzer.ui.analyse import analyse_page

__all__ = ["main"]


def main() -> None:
    """Draw the page; called by ``app.py`` on every run of the script."""
    analyse_page()
