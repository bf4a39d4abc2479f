"""Sources to rows: one for each file, or for each record of a table."""

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.batch.rows import Row, no_text, plain
from analyzer.batch.sources import Source, opened
from analyzer.batch.tables import Record, records
from analyzer.errors import AnalyzerError, InputError, UnreadableFile
from analyzer.text.documents import read_document

__all__ = ["Choice", "check_columns", "read_rows"]

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # bytes that were no UTF-8, as Python keeps them
_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """Which columns of a table are the text and the id; no id: rows are numbered."""

    text: str
    id: str | None


def read_rows(
    sources: Iterable[Source],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    skip: int = 0,
    before: int = 0,
) -> Generator[Row, None, None]:
    """One row for each file, and for each record of a table, in order; what cannot be read is a row with its reason.

    Parameters
    ----------
    sources : iterable of Source
    text_column : str, optional
        "text" where there is one, else the only column of strings.
    id_column : str, optional
        "id" where there is one, else rows are numbered; a file's id is its name.
    skip : int
        Rows at the beginning that are not wanted again: files among them are not opened.
    before : int
        Rows of other sources that stand before these: numbers go on from there.
    """
    number = before
    skip += before
    for source in sources:
        if not source.is_table:
            number += 1
            if number > skip:
                yield _document_row(source, number)
            continue
        choice: Choice | InputError | None = None
        for record in records(source):
            number += 1
            if isinstance(record, dict) and choice is None:
                choice = choose(record, source.name, text_column, id_column)
            if number > skip:
                yield _table_row(record, choice, number, source.name)


def check_columns(sources: Iterable[Source], *, text_column: str | None, id_column: str | None) -> list[Choice]:
    """Which columns are read of each table, before a long run.

    Raises
    ------
    InputError
        If it cannot be told which column is the text; names the columns.
    """
    found = []
    for source in sources:
        if source.is_table:
            first = next((one for one in records(source) if isinstance(one, dict)), None)
            if first is not None:
                choice = choose(first, source.name, text_column, id_column)
                if isinstance(choice, InputError):
                    raise choice
                found.append(choice)
    return found


def choose(record: Record, name: str, text_column: str | None, id_column: str | None) -> Choice | InputError:
    """The columns of a table by its first record.

    Examples
    --------
    >>> choose({"id": "7", "body": "To be.", "year": 1600}, "plays.jsonl", None, None)
    Choice(text='body', id='id')
    >>> str(choose({"title": "Hamlet", "body": "To be."}, "plays.csv", None, None))
    'plays.csv: which column is the text? Name one with --text-column: title, body.'
    """
    of_id = id_column or ("id" if "id" in record else None)
    if text_column is not None:
        return Choice(text_column, of_id)
    if "text" in record:
        return Choice("text", of_id)
    strings = [column for column, value in record.items() if isinstance(value, str) and column != of_id]
    if len(strings) == 1:
        return Choice(strings[0], of_id)
    hint = f"Name one with --text-column: {_listed(record)}."
    return InputError(f"{name}: which column is the text?", hint=hint)


def _document_row(source: Source, number: int) -> Row:
    name = source.name
    try:
        with opened(source) as stream:
            data = stream.read()
        text = read_document(data, name=f"{name}{source.kind}" if source.packing else name).text
    except AnalyzerError as error:
        return Row(number, name, None, error=error.with_traceback(None), source=name)
    return Row(number, name, text, source=name)


def _table_row(record: Record | InputError, choice: Choice | InputError | None, number: int, source: str) -> Row:
    if isinstance(record, InputError):
        return Row(number, number, None, error=record.with_traceback(None), source=source)
    if not isinstance(choice, Choice):
        return Row(number, number, None, plain(record), error=choice, source=source)
    columns = {plain(name): plain(value) for name, value in record.items() if name not in (choice.text, choice.id)}
    given = record.get(choice.id) if choice.id is not None else None
    of_row = plain(given) if isinstance(given, (str, int, float)) and given != "" else number
    value = record.get(choice.text)
    error: InputError | None = None
    if choice.text not in record:
        error = InputError(f"Row {number} has no column {choice.text!r}, only: {_listed(record)}.")
    elif not isinstance(value, str):
        error = no_text(value)
    elif bad := _NOT_UTF8.search(value):
        byte = ord(bad[0]) - 0xDC00
        error = UnreadableFile(
            f"The text is not UTF-8 (character {bad.start() + 1} is byte 0x{byte:02x}).", hint="Save it in UTF-8."
        )
    return Row(number, of_row, None if error else value, columns, error, source)


def _listed(record: Mapping[str, Any]) -> str:
    names = [plain(name) for name in list(record)[:_NAMES_SHOWN]]
    return ", ".join(names) + (", …" if len(record) > _NAMES_SHOWN else "")
