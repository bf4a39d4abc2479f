"""Files of several kinds to text: plain text as it is, the words of the others, and what was left out of them.

>>> read_document(b"<p>One</p><p>two <b>three</b></p>", name="page.html").text
'One\\n\\ntwo three'
"""

import io
import logging
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analyzer.errors import UnreadableFile
from analyzer.text.reading import decode

__all__ = ["KINDS", "Document", "read_document", "read_file"]

_LARGEST = 200 << 20  # bytes that a packed file may unpack to


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file.

    Attributes
    ----------
    text : str
        Of plain text exactly as it is; of the others their paragraphs, with an empty line between.
    notes : tuple of str
        What was left out or put together, one sentence each.
    """

    text: str
    notes: tuple[str, ...] = ()


def read_document(data: bytes, *, name: str) -> Document:
    """Read a file by the ending of its name; what has none of the endings in `KINDS` is taken for plain text.

    Raises
    ------
    UnreadableFile
        If it is not what its name says, is locked by a password, or holds no text.
    """
    read = KINDS.get(Path(name).suffix.lower(), _plain)
    return read(data, name)


def read_file(path: Path) -> Document:
    """Read a file; as `read_document`, and UnreadableFile if it is missing or may not be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read ({error.strerror}).", hint="Check the name.") from error
    return read_document(data, name=str(path))


def _plain(data: bytes, name: str) -> Document:
    return Document(decode(data, name=name))


def _word(data: bytes, name: str) -> Document:
    import docx

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > _LARGEST:
            raise UnreadableFile(f"{name} unpacks to {size >> 20} MB.", hint="Save its text as plain text.")
        parts = docx.Document(io.BytesIO(data))
    except UnreadableFile:
        raise
    except Exception as error:  # zipfile, lxml and python-docx each have their own
        raise UnreadableFile(f"{name} is no readable Word file.", hint="Save it again as .docx.") from error
    body = parts.element.body
    # Walked by hand: python-docx leaves out what was inserted with changes tracked, and text boxes.
    paragraphs = [_paragraph(one) for one in body.iter(_w("p")) if not _in(one, _MC_FALLBACK)]
    notes = []
    if deleted := len(list(body.iter(_w("delText")))):
        notes.append(f"{deleted} deleted passages (tracked changes) were left out.")
    other = {rel.reltype.rsplit("/", 1)[-1] for rel in parts.part.rels.values()}
    if left_out := sorted(other & {"header", "footer", "footnotes", "endnotes", "comments"}):
        notes.append(f"Left out, if there are any: {', '.join(left_out)}.")
    return _filled(paragraphs, name, notes)


_MC_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _w(tag: str) -> str:
    return "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}" + tag


def _in(element: Any, tag: str) -> bool:
    return next(element.iterancestors(tag), None) is not None


def _paragraph(element: Any) -> str:
    """The characters of one paragraph, without those of text boxes in it, which are paragraphs of their own."""
    marks = {_w("tab"): "\t", _w("br"): "\n", _w("cr"): "\n", _w("noBreakHyphen"): "\u2011"}
    found = []
    for part in element.iter(_w("t"), *marks):
        if next(part.iterancestors(_w("p"))) is element and part.getparent().tag == _w("r"):
            found.append(marks.get(part.tag) or part.text or "")
    return "".join(found)


def _pdf(data: bytes, name: str) -> Document:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says of a bad file, we say in our words
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableFile(f"{name} is locked by a password.", hint="Save it without one.")
        pages = [page.extract_text() for page in reader.pages]
    except UnreadableFile:
        raise
    except Exception as error:  # malformed files make pypdf fail in many ways
        raise UnreadableFile(f"{name} is no readable PDF.", hint="Copy its text into a plain text file.") from error
    paragraphs = [paragraph for page in pages for paragraph in _joined(page)]
    empty = [str(number) for number, page in enumerate(pages, 1) if not page.strip()]
    notes = ["The lines of the PDF were joined into paragraphs; words that were hyphenated at line ends, too."]
    if empty:
        which = ", ".join(empty[:10]) + (" …" if len(empty) > 10 else "")
        notes.append(f"No text on page {which}: pictures or scans are not read.")
    return _filled(paragraphs, name, notes)


def _joined(page: str) -> Iterator[str]:
    """Lines to paragraphs: one ends at an empty line, or with a sentence in a line clearly shorter than the longest."""
    lines = [line.strip() for line in page.splitlines()]
    longest = max(map(len, lines), default=0)
    paragraph = ""
    for line in [*lines, ""]:
        if re.search(r"[^\W\d_]-$", paragraph) and line[:1].islower():
            paragraph = paragraph[:-1] + line
        elif paragraph and line:
            paragraph += f" {line}"
        else:
            paragraph += line
        if paragraph and (not line or (len(line) < 0.8 * longest and re.search(r"[.!?:][\"”’)\]]*$", line))):
            yield paragraph
            paragraph = ""


def _web(data: bytes, name: str) -> Document:
    from bs4 import BeautifulSoup
    from bs4.element import NavigableString

    page = BeautifulSoup(data, "lxml")
    for unseen in page(["script", "style", "template", "noscript", "head"]):
        unseen.decompose()
    # White space in HTML is one space; blocks and line ends are told apart by marks that no HTML can hold.
    for text in page.find_all(string=True):
        if type(text) is not NavigableString:  # comments, doctype
            text.extract()
        elif not any(parent.name in ("pre", "textarea") for parent in text.parents):
            text.replace_with(re.sub(r"[ \t\r\n\f]+", " ", text))
    for line_end in page("br"):
        line_end.replace_with("\1")
    for block in page(lambda tag: _BLOCKS.fullmatch(tag.name) is not None):
        block.insert_before("\0")
        block.insert_after("\0")
    paragraphs = [re.sub(" ?\1 ?", "\n", part) for part in page.get_text().split("\0")]
    return _filled(paragraphs, name, ["Menus and other text of the page's frame are read too, if there are any."])


_BLOCKS = re.compile(
    "address|article|aside|blockquote|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|"
    "hr|li|main|nav|ol|p|pre|section|summary|table|td|th|tr|ul"
)


def _filled(paragraphs: list[str], name: str, notes: list[str]) -> Document:
    text = "\n\n".join(stripped for paragraph in paragraphs if (stripped := paragraph.strip()))
    if not text:
        raise UnreadableFile(f"{name} holds no text.", hint="If it is a scan, recognise its text first.")
    return Document(text, tuple(notes))


KINDS: Mapping[str, Callable[[bytes, str], Document]] = MappingProxyType(
    {".txt": _plain, ".md": _plain, ".docx": _word, ".pdf": _pdf, ".html": _web, ".htm": _web}
)
"""Readers by the ending of a file's name."""
