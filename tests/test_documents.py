"""Files as people have them: every word comes through, what does not is said."""

import io
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from analyzer.errors import UnreadableFile
from analyzer.text.documents import read_document, read_file


def word_file(*paragraphs: str, xml: str = "") -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if xml:
        document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>"))
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def pdf_file(*pages: tuple[str, ...], password: str = "") -> bytes:
    """The smallest PDF with these lines, by the format's own rules."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
        content = f"BT /F1 12 Tf 72 720 Td {shown} ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    data += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\n".encode()
    data += f"startxref\n{data.index(b'xref')}\n%%EOF".encode()
    if not password:
        return data
    writer, held = pypdf.PdfWriter(clone_from=io.BytesIO(data)), io.BytesIO()
    writer.encrypt(password, algorithm="RC4-128")
    writer.write(held)
    return held.getvalue()


class TestPlain:
    @pytest.mark.parametrize("name", ["a.txt", "b.md", "README", "c.log"])
    def test_as_it_is(self, name: str) -> None:
        text = " \tone\r\n\r\ntwo\u00a0 <b>\x00 é \n"
        assert read_document(text.encode(), name=name).text == text

    def test_not_utf_8(self) -> None:
        for data in (b"\xff\xfea", "naïve".encode("cp1252")):  # which encoding it is is not guessed
            with pytest.raises(UnreadableFile, match=r"not UTF-8 .* open the file, choose “Save as”"):
                read_document(data, name="a.txt")


class TestWord:
    def test_paragraphs(self) -> None:
        found = read_document(word_file("One “two” 👍", "", "three\tfour\nfive"), name="a.DOCX")
        assert found.text == "One “two” 👍\n\nthree\tfour\nfive"

    def test_tables_links_and_inserted_text_are_read_and_deleted_is_not(self) -> None:
        xml = (
            "<w:r><w:t>kept </w:t></w:r><w:ins w:id='1' w:author='x'><w:r><w:t>inserted </w:t></w:r></w:ins>"
            "<w:del w:id='2' w:author='x'><w:r><w:delText>deleted</w:delText></w:r></w:del>"
            "<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
        )
        document = docx.Document(io.BytesIO(word_file("after", xml=xml)))
        table = document.add_table(rows=1, cols=2)
        table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
        document.sections[0].header.paragraphs[0].text = "running head"
        held = io.BytesIO()
        document.save(held)
        found = read_document(held.getvalue(), name="a.docx")
        assert found.text == "kept inserted link\n\nafter\n\nleft\n\nright"
        assert found.notes == (
            "1 deleted passages (tracked changes) were left out.",
            "Left out, if there are any: header.",
        )

    @pytest.mark.parametrize("data", [b"", b"no zip", word_file("a")[:500]])
    def test_broken(self, data: bytes) -> None:
        with pytest.raises(UnreadableFile, match=r"no readable Word file\. Save"):
            read_document(data, name="a.docx")

    def test_empty(self) -> None:
        with pytest.raises(UnreadableFile, match="holds no text"):
            read_document(word_file("  "), name="a.docx")

    def test_a_bomb_is_not_unpacked(self) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("word/document.xml", b"\0" * (201 << 20))
        with pytest.raises(UnreadableFile, match="unpacks to 201 MB"):
            read_document(held.getvalue(), name="a.docx")


class TestPdf:
    def test_lines_become_paragraphs(self) -> None:
        page = (
            "The harbour was quiet that morning, and the boats lay in their exam-",
            "ple of patience. Nobody came, and nobody had said that they would ever",
            "come.",
            "A second paragraph begins on a line of its own and goes on to the margin",
            "and ends.",
        )
        found = read_document(pdf_file(page), name="a.pdf")
        assert found.text == (
            "The harbour was quiet that morning, and the boats lay in their example of patience. Nobody came, and "
            "nobody had said that they would ever come.\n\nA second paragraph begins on a line of its own and goes on "
            "to the margin and ends."
        )
        assert len(found.notes) == 1

    def test_pages_without_text_are_named(self) -> None:
        found = read_document(pdf_file(("One page.",), (), ("Three.",)), name="a.pdf")
        assert found.text == "One page.\n\nThree."
        assert "No text on page 2: pictures" in found.notes[1]

    def test_locked(self) -> None:
        with pytest.raises(UnreadableFile, match="password"):
            read_document(pdf_file(("One",), password="secret"), name="a.pdf")

    @pytest.mark.parametrize("data", [b"", b"%PDF-1.4 nothing", pdf_file(("a",))[:60]])
    def test_broken(self, data: bytes) -> None:
        with pytest.raises(UnreadableFile):
            read_document(data, name="a.pdf")

    def test_a_scan(self) -> None:
        with pytest.raises(UnreadableFile, match="recognise its text"):
            read_document(pdf_file(()), name="a.pdf")


class TestWeb:
    def test_what_a_reader_sees(self) -> None:
        page = """<!doctype html><html><head><title>No</title><style>p {}</style></head><body><!-- no -->
        <h1>A  title</h1><p>One
          line,<br>another &amp; <b>bold</b><i>er</i>.</p><script>no()</script><ul><li>first</li><li>second</li></ul>
        <pre>as  it
  stands</pre></body></html>"""
        found = read_document(page.encode(), name="a.html")
        assert found.text == "A title\n\nOne line,\nanother & bolder.\n\nfirst\n\nsecond\n\nas  it\n  stands"

    def test_its_own_encoding(self) -> None:
        page = "<meta charset='iso-8859-1'><p>naïve café</p>".encode("latin-1")
        assert read_document(page, name="a.htm").text == "naïve café"

    def test_empty(self) -> None:
        with pytest.raises(UnreadableFile, match="no text"):
            read_document(b"<html><script>x</script></html>", name="a.html")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_file(tmp_path / "none.pdf")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_file(tmp_path)
