"""Files to text, without changing a character."""

from pathlib import Path

from analyzer.errors import UnreadableFile

__all__ = ["decode", "read_text"]


def decode(data: bytes, *, name: str) -> str:
    r"""Decode UTF-8; line ends stay as they are, a byte-order mark is encoding and not text.

    Raises
    ------
    UnreadableFile
        If the bytes are not UTF-8; the message says where.

    Examples
    --------
    >>> decode(b"\xef\xbb\xbfone\r\ntwo", name="notes.txt")
    'one\r\ntwo'
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name} is not UTF-8 text (byte {error.start + 1} is 0x{data[error.start]:02x}).",
            hint="Save it as plain text in UTF-8 and try again. In an editor such as Notepad: open the file, choose "
            "“Save as”, and there the encoding UTF-8.",
        ) from error


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises
    ------
    UnreadableFile
        If it is missing, not a file, not allowed to be read, or not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read ({error.strerror}).", hint="Check the name.") from error
    return decode(data, name=str(path))
