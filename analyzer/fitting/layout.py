"""The same words laid out otherwise: so that a read-out cannot learn layout where it should learn writing.

Published corpora were cleaned, and not alike on both sides: in those of the default card nine in ten machine
texts of news and stories hold line ends and no human text does. A detector fitted on them as they are learns to accuse
paragraphs. So every text is taken twice, once with all layout removed, once with new layout put in by a rule that
knows nothing of who wrote it.
"""

import re
import zlib

from analyzer.text.sentences import sentences

__all__ = ["flattened", "typeset"]

_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})


def flattened(text: str) -> str:
    r"""One line: every stretch of white space a single space, quotation marks straight.

    >>> flattened("“Hello”,\n\n she  said.\n")
    '"Hello", she said.'
    """
    return " ".join(text.split()).translate(_STRAIGHT)


def typeset(text: str, *, key: str) -> str:
    r"""Paragraphs of one to several sentences; depending on `key`, curly quotes, and one or two line ends between them.

    Where a paragraph ends depends only on `key` and on the sentence before it, so that the beginning of a text is set
    like the whole.

    >>> typeset("One. Two. Three. Four. Five. Six.", key="a")
    'One.\n\nTwo. Three.\n\nFour. Five. Six.'
    """
    style = zlib.crc32(key.encode())
    flat = flattened(text)
    line_end = "\n\n" if style % 4 else "\n"
    laid_out = ""
    for start, end in sentences(flat).tolist():
        sentence = flat[start:end]
        ends_paragraph = zlib.crc32(f"{key} {sentence.strip()}".encode()) % 3 == 0
        laid_out += sentence.rstrip() + line_end if ends_paragraph and sentence.endswith(" ") else sentence
    return _curled(laid_out) if style // 4 % 2 else laid_out


def _curled(text: str) -> str:
    opened = re.sub(r'(^|[\s(\[—-])"', r"\1“", text)
    return re.sub(r"(^|[\s(\[“—-])'", r"\1‘", opened).replace('"', "”").replace("'", "’")
