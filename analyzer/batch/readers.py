"""Sources to rows: one for each file, or for each record of a table."""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

from analyzer.batch.rows import Row, cell_text, no_text, plain
from analyzer.batch.sources import Source, opened
from analyzer.batch.tables import Record, records
from analyzer.errors import AnalyzerError, InputError, UnreadableFile
from analyzer.text.documents import read_document

__all__ = ["Choice", "check_columns", "choose", "columns_seen", "read_rows"]

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # bytes that were no UTF-8, as Python keeps them
_NAMES_SHOWN = 20
_HEAD_RECORDS = 1_000  # of a table, by which its columns are known
_HEAD_CHARACTERS = 4_000_000
_OURS = {"n_tokens", "human_p_value", "verdict", "reasons"}  # columns that only an output of this program has together


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
        with closing(records(source)) as every:
            head = list(_head(every))
            seen = columns_seen(head)
            choice = choose(seen, source.name, text_column, id_column) if seen else None
            for record in chain(head, every):
                number += 1
                if number > skip:
                    yield _table_row(record, choice, number, source.name)


def check_columns(
    sources: Iterable[Source], *, text_column: str | None, id_column: str | None
) -> list[Choice | InputError]:
    """Which columns are read of each table, before a long run; or why none are, which its rows will say.

    Raises
    ------
    InputError
        If there is nothing else to be read; names the columns.
    """
    found: list[Choice | InputError] = []
    others = False
    for source in sources:
        if not source.is_table:
            others = True
            continue
        with closing(records(source)) as every:
            seen = columns_seen(_head(every))
        if seen:
            found.append(choose(seen, source.name, text_column, id_column))
    problems = [one for one in found if isinstance(one, InputError)]
    if problems and len(problems) == len(found) and not others:
        raise problems[0]
    return found


def _head(every: Iterator[Record | InputError]) -> Iterator[Record | InputError]:
    """Records from the beginning, not more than memory holds with ease."""
    characters = 0
    for number, record in enumerate(every, 1):
        yield record
        if isinstance(record, dict):
            characters += sum(len(value) for value in record.values() if isinstance(value, str))
        if number >= _HEAD_RECORDS or characters >= _HEAD_CHARACTERS:
            return


def columns_seen(found: Iterable[Record | InputError]) -> Record:
    """The columns of records, in order of appearance, each with a value: a text where any of them has one there.

    >>> columns_seen([{"id": 1}, {"id": 2, "body": None}, {"body": "to be"}])
    {'id': 1, 'body': 'to be'}
    """
    seen: Record = {}
    for record in found:
        if isinstance(record, dict):
            for name, value in record.items():
                if seen.get(name) is None or (isinstance(value, str) and not isinstance(seen[name], str)):
                    seen[name] = value
    return seen


def choose(record: Record, name: str, text_column: str | None, id_column: str | None) -> Choice | InputError:
    """The columns of a table by what its columns hold.

    Examples
    --------
    >>> choose({"id": "7", "body": "To be.", "year": 1600}, "plays.jsonl", None, None)
    Choice(text='body', id='id')
    >>> str(choose({"title": "Hamlet", "body": "To be."}, "plays.csv", None, None))
    'plays.csv: which column is the text? Name one with --text-column: title, body.'
    """
    for option, column in (("text-column", text_column), ("id-column", id_column)):
        if column is not None and column not in record:
            return InputError(
                f"{name}: there is no column {column!r}.", hint=f"Give another --{option}: {_listed(record)}."
            )
    of_id = id_column or ("id" if "id" in record else None)
    if text_column is not None:
        return Choice(text_column, of_id)
    if "text" in record:
        return Choice("text", of_id)
    if record.keys() >= _OURS:
        return InputError(f"{name} is an output of this program.", hint="Leave it out, or name its --text-column.")
    (only,) = record if len(record) == 1 else ("",)
    if any(mark in only for mark in ";\t|"):
        return InputError(
            f"{name}: its only column is {plain(only)!r}.", hint="Part its cells with commas, or name it .tsv."
        )
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
    try:
        columns = {plain(name): plain(value) for name, value in record.items() if name not in (choice.text, choice.id)}
    except RecursionError:
        deep = InputError(f"Row {number} holds a value that is nested too deep.", hint="Flatten it, or leave it out.")
        return Row(number, number, None, error=deep, source=source)
    given = record.get(choice.id) if choice.id is not None else None
    of_row = (
        number if given in (None, "") else plain(given if isinstance(given, (str, int, float)) else cell_text(given))
    )
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
