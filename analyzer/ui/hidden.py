"""What a reader cannot see in the text: hidden and look-alike characters, and what the likelihood is without them."""

from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.words import escaped
from analyzer.wording import hidden_phrases, hidden_rows

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis
    from analyzer.calibration import Likelihood

__all__ = ["hidden_rows", "show_hidden"]

_SHOWN = 20  # findings in the table


def show_hidden(analysis: "Analysis", likelihood: "Likelihood") -> None:
    """Say what was found and what it does to `likelihood`; nothing where the text has no such characters."""
    if not analysis.findings:
        return
    with st.container(border=True, key="hidden"):
        found, effects = hidden_phrases(analysis, likelihood)
        st.markdown(f"**Hidden characters.** {found}")
        if effects:
            st.markdown(" ".join(f"{phrase.before}**{phrase.key}**{phrase.after}" for phrase in effects))
        with st.expander("Where they are"):
            st.html(_table(hidden_rows(analysis.text, analysis.findings[:_SHOWN])))
            if len(analysis.findings) > _SHOWN:
                st.caption(f"And {len(analysis.findings) - _SHOWN:,} more.")


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Rows as HTML; text is hostile, and Streamlit's own tables read markdown in it."""
    cell = "padding:.3rem .6rem;text-align:start;overflow-wrap:break-word;border-bottom:1px solid"
    line = "color-mix(in srgb,currentColor 20%,transparent)"
    head = "".join(f'<th scope="col" style="{cell} {line}">{name}</th>' for name in ("what", "where", "instead"))
    body = "".join(
        "<tr>" + "".join(f'<td style="{cell} {line}"><bdi>{escaped(value)}</bdi></td>' for value in row) + "</tr>"
        for row in rows
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;width:100%;font-size:.875rem">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
