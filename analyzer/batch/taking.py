"""Uploads and pasted texts to rows, up to a limit: what one sitting at a page can hold."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from analyzer.batch.limits import MOST_CHARACTERS, MOST_ROWS
from analyzer.batch.readers import Choice, choose, columns_seen, read_rows
from analyzer.batch.rows import Row, plain
from analyzer.batch.sources import Source, opened
from analyzer.batch.tables import Record, records
from analyzer.errors import UnreadableFile

__all__ = ["Header", "Taken", "header_of", "take"]

_MOST_UNPACKED = 64 << 20  # bytes: a small file can be packed from a huge one
_BLOCK = 1 << 20
_LOOKED_AT = 20  # records, for a guess


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table, by its first record, and which of them seem to be text and id; None where none has text.

    Attributes
    ----------
    columns : tuple of str
    guess : Choice or None
    """

    columns: tuple[str, ...]
    guess: Choice | None


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Rows up to the limits.

    Attributes
    ----------
    rows : tuple of Row
    words : int
        Of all texts, as white space parts them.
    errors : int
        Rows that could not be read.
    more : bool
        Whether there are rows beyond the limits, which were left out.
    """

    rows: tuple[Row, ...]
    words: int
    errors: int
    more: bool


def header_of(source: Source) -> Header | None:
    """The header of a table; None for every other file, and for one without a record that can be read."""
    if not source.is_table or _too_large(source):
        return None
    with closing(records(source)) as every:
        seen = list(islice((one for one in every if isinstance(one, dict)), _LOOKED_AT))
    if not seen:
        return None
    columns = columns_seen(seen)
    guess = choose(columns, source.name, None, None)
    return Header(tuple(map(plain, columns)), guess if isinstance(guess, Choice) else _longest(seen, columns))


def _longest(seen: Sequence[Record], columns: Iterable[str]) -> Choice | None:
    """The column with the longest texts: where somebody sees what was guessed, and can choose another."""
    lengths = {
        name: sum(len(value) for one in seen if isinstance(value := one.get(name), str))
        for name in columns
        if name != "id"
    }
    longest = max(lengths, key=lambda name: lengths[name], default=None)
    if longest is None or not lengths[longest]:
        return None
    return Choice(plain(longest), "id" if "id" in columns else None)


def take(
    sources: Iterable[Source],
    texts: Sequence[str] = (),
    *,
    columns: Mapping[Header, Choice] | None = None,
    most_rows: int = MOST_ROWS,
    most_characters: int = MOST_CHARACTERS,
) -> Taken:
    """Rows of files and then of texts given as such, numbered through.

    Parameters
    ----------
    sources : iterable of Source
    texts : sequence of str
    columns : mapping of Header to Choice, optional
        What to read of tables with such a header; guessed of others.
    most_rows, most_characters : int

    Examples
    --------
    >>> found = take([], ["To be.", "Or not to be."], most_rows=1)
    >>> [(row.id, row.text) for row in found.rows], found.words, found.more
    ([('pasted 1', 'To be.')], 2, True)
    """
    rows: list[Row] = []
    characters = 0
    for row in _rows(sources, texts, columns or {}):
        characters += len(row.text or "")
        if len(rows) == most_rows or characters > most_characters:
            return _taken(rows, more=True)
        rows.append(row)
    return _taken(rows, more=False)


def _taken(rows: Sequence[Row], *, more: bool) -> Taken:
    words = sum(len((row.text or "").split()) for row in rows)
    return Taken(tuple(rows), words, sum(row.error is not None for row in rows), more)


def _rows(sources: Iterable[Source], texts: Sequence[str], columns: Mapping[Header, Choice]) -> Iterable[Row]:
    number = 0
    for source in sources:
        if _too_large(source):
            number += 1
            error = UnreadableFile(
                f"{source.name} unpacks to more than {_MOST_UNPACKED >> 20} MB.", hint="Use the command analyzer batch."
            )
            yield Row(number, source.name, None, error=error, source=source.name)
            continue
        header = header_of(source)
        choice = None if header is None else columns.get(header, header.guess)
        for row in read_rows(
            [source],
            text_column=None if choice is None else choice.text,
            id_column=None if choice is None else choice.id,
            before=number,
        ):
            number = row.number
            yield row if choice is None or choice.id is not None else _numbered(row)
    for place, text in enumerate(texts, 1):
        yield Row(number + place, f"pasted {place}", text, source="pasted")


def _numbered(row: Row) -> Row:
    """The row with its number as its id, where reading it took a column for that unasked."""
    if row.id == row.number:
        return row
    return replace(row, id=row.number, columns={"id": row.id, **row.columns})


def _too_large(source: Source) -> bool:
    """Whether a packed source holds more than is read here; one that cannot be unpacked says so when it is read."""
    if not source.packing:
        return False
    size = 0
    try:
        with opened(source) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > _MOST_UNPACKED:
                    return True
    except UnreadableFile:
        return False
    return False
