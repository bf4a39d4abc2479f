"""What a reader cannot see in the text: hidden and look-alike characters, and what the likelihood is without them."""

from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.words import chance, escaped

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis
    from analyzer.calibration import Likelihood
    from analyzer.hygiene import Finding

__all__ = ["hidden_rows", "show_hidden"]

_SHOWN = 20  # findings in the table
_AROUND = 12  # characters shown on either side


def show_hidden(analysis: "Analysis", likelihood: "Likelihood") -> None:
    """Say what was found and what it does to `likelihood`; nothing where the text has no such characters."""
    from analyzer.hygiene import summary

    if not analysis.findings:
        return
    with st.container(border=True, key="hidden"):
        st.markdown(f"**Hidden characters.** {summary(analysis.findings)} The text was analysed as it stands.")
        if analysis.cleaned is not None:
            after = analysis.cleaned.judge(likelihood.settings)
            st.markdown(
                f"As given: **{_told(likelihood)}**. With what a plain text would have in their place: "
                f"**{_told(after)}**."
            )
        with st.expander("Where they are"):
            st.html(_table(hidden_rows(analysis.text, analysis.findings[:_SHOWN])))
            if len(analysis.findings) > _SHOWN:
                st.caption(f"And {len(analysis.findings) - _SHOWN:,} more.")


def _told(likelihood: "Likelihood") -> str:
    if likelihood.verdict == "not judged":
        return likelihood.verdict
    return f"{likelihood.verdict}, {chance(likelihood.probability)} machine"


def hidden_rows(text: str, found: "tuple[Finding, ...]") -> list[tuple[str, str, str]]:
    r"""What, where and what instead, of each finding: words for a person, not yet safe for HTML.

    Examples
    --------
    >>> from analyzer.hygiene import findings
    >>> hidden_rows("The pr\u200bice", findings("The pr\u200bice"))
    [('U+200B ZERO WIDTH SPACE', 'character 7: The pr▯ice', 'nothing')]
    """
    from analyzer.markup import visible

    rows = []
    for one in found:
        before, after = text[max(0, one.start - _AROUND) : one.start], text[one.end : one.end + _AROUND]
        shown = one.found if one.kind == "homoglyph" else "▯" * len(one.found)
        names = list(dict.fromkeys(one.names))
        what = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        if one.end - one.start > 1:
            what = f"{one.end - one.start} characters: {what}"
        instead = {"": "nothing", " ": "a space", "\n": "a line end"}.get(one.replacement, visible(one.replacement))
        rows.append((what, f"character {one.start + 1:,}: {visible(f'{before}{shown}{after}')}", instead))
    return rows


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
