"""Foreign words as a reader should see them where Streamlit reads markdown or HTML; words of our own: ``wording``."""

import html
import re

from analyzer.wording import chance, in_words, kind_name, percent

__all__ = ["chance", "escaped", "in_words", "kind_name", "percent", "plain"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


def plain(text: str) -> str:
    r"""Text that is shown as it stands where Streamlit reads markdown.

    Examples
    --------
    >>> print(plain("a_b *c*"))
    a\_b \*c\*
    """
    return _MARKDOWN.sub(r"\\\1", text)


def escaped(text: str) -> str:
    """Text that is shown as it stands where HTML is read; line ends become spaces."""
    return html.escape(" ".join(text.split()), quote=True)
