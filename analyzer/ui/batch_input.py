"""Many texts for the page Batch: files of many kinds, tables with their columns, texts pasted one after another."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.text.documents import KINDS
from analyzer.ui.batch_state import begin, job, run_again
from analyzer.ui.compare_input import split_texts
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.batch.readers import Choice
    from analyzer.batch.sources import Source
    from analyzer.batch.taking import Header, Taken

__all__ = ["show_input"]

_SOURCES, _UPLOADS, _SEEN, _NOTE = "batch-sources", "batch-uploads", "batch-seen", "batch-note"
_PASTED, _TAKEN, _ERROR = "batch-pasted", "batch-taken", "batch-error"
_TABLES = ("csv", "tsv", "jsonl", "ndjson", "parquet", "gz", "zst")
_ENDINGS = [*sorted(kind.removeprefix(".") for kind in KINDS), *_TABLES]
_MOST_BYTES = 64 << 20  # of all files that are held for one reader
_NAMES_SHOWN = 12
_NUMBERED = "(number of the row)"


def show_input() -> "Taken | None":
    """Where texts are given, and the button that has them read; what is given there now, if it can be read."""
    left, right = st.columns(2, gap="medium")
    with left:
        _offer_files()
    with right:
        st.text_area(
            "Or paste several texts, a line of --- between two", key=_PASTED, height=150, persist_state="session",
            placeholder="The first text.\n---\nThe second text.",
        )  # fmt: skip
    sources: tuple[Source, ...] = st.session_state.get(_SOURCES, ())
    pasted = tuple(split_texts(st.session_state[_PASTED] or ""))
    if sources or pasted:
        with st.spinner("Reading the files …"):
            columns = _choose_columns(sources)
            taken = _take(sources, pasted, columns)
    else:
        taken = None
    _offer_run(taken, given=bool(sources or pasted))
    return taken


def _offer_files() -> None:
    state = st.session_state
    upload = f"batch-upload-{state.get(_UPLOADS, 0)}"
    st.file_uploader(
        "Files", type=_ENDINGS, accept_multiple_files=True, key=upload, on_change=_take_files, args=(upload,),
        help="Text, Markdown, Word, PDF and web pages are one text each; CSV, TSV, JSON lines and Parquet a text a "
        "record. Each may also be packed: .gz, .zst.",
    )  # fmt: skip
    sources: tuple[Source, ...] = state.get(_SOURCES, ())
    if sources:
        names = [source.name for source in sources]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{len(names):,} {'file' if len(names) == 1 else 'files'}**: {_listed(names)}", width="stretch"
            )
            st.button("Let them go", key="batch-clear", on_click=_let_go)
    if note := state.get(_NOTE):
        st.warning(plain(note))


def _listed(names: list[str]) -> str:
    """The first few names, as they stand; what cannot be seen as marks."""
    from analyzer.markup import visible

    shown = ", ".join(plain(visible(name)) for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _take_files(upload: str) -> None:
    """Add what was uploaded to what is there, which a page switch leaves; the next upload begins with an empty list.

    A browser that has not drawn that empty list yet sends the same upload again with its next click.
    """
    from analyzer.batch.sources import bytes_source

    state = st.session_state
    sources: list[Source] = list(state.get(_SOURCES, ()))
    size, left_out = sum(len(one.data or b"") for one in sources), 0
    seen: set[str] = state.setdefault(_SEEN, set())
    new = [file for file in state[upload] or () if file.file_id not in seen]
    seen.update(file.file_id for file in new)
    for file in new:
        size += file.size
        if size > _MOST_BYTES:
            left_out += 1
        else:
            sources.append(bytes_source(file.getvalue(), name=file.name))
    state[_SOURCES], state[_UPLOADS] = tuple(sources), state.get(_UPLOADS, 0) + 1
    state[_NOTE] = (
        f"{left_out:,} files were left out: more than {_MOST_BYTES >> 20} MB in all. Use the command analyzer batch."
        if left_out
        else ""
    )


def _let_go() -> None:
    st.session_state[_SOURCES], st.session_state[_NOTE] = (), ""


def _choose_columns(sources: "tuple[Source, ...]") -> "dict[Header, Choice]":
    """For tables of each kind of header, which column is the text and which the id."""
    from analyzer.batch.readers import Choice

    found: dict[Header, Choice] = {}
    for number, (header, names) in enumerate(_headers(sources).items(), 1):
        guess, which = header.guess, f" {number}" if number > 1 else ""
        ids = [_NUMBERED, *header.columns]
        # Names of files stand before the boxes: what screen readers are told of a box would show the escapes.
        st.markdown(f"Columns of **{_listed(names)}**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.selectbox(
                f"Text{which}", header.columns, key=f"batch-text-column-{hash(header)}", persist_state="session",
                index=None if guess is None else header.columns.index(guess.text), placeholder="Which is the text?",
            )  # fmt: skip
            of_id = st.selectbox(
                f"Id{which}", list(range(len(ids))), key=f"batch-id-column-{hash(header)}", persist_state="session",
                format_func=ids.__getitem__,
                index=0 if guess is None or guess.id is None else 1 + header.columns.index(guess.id),
            )  # fmt: skip
        if text is not None:
            found[header] = Choice(text, ids[of_id] if of_id else None)
    return found


def _headers(sources: "tuple[Source, ...]") -> "dict[Header, list[str]]":
    """Tables by their header; read once for the same files."""
    from analyzer.batch.taking import header_of

    before = st.session_state.get("batch-headers")
    if before is None or before[0] is not sources:
        found: dict[Header, list[str]] = {}
        for source in sources:
            if (header := header_of(source)) is not None:
                found.setdefault(header, []).append(source.name)
        before = st.session_state["batch-headers"] = (sources, found)
    headers: dict[Header, list[str]] = before[1]
    return headers


def _take(sources: "tuple[Source, ...]", pasted: tuple[str, ...], columns: "Mapping[Header, Choice]") -> "Taken | None":
    """Rows of all that is given, read once for the same; None where a column has to be chosen first."""
    from analyzer.batch.taking import take

    if len(columns) < len(_headers(sources)):
        return None
    given = (sources, pasted, tuple(columns.items()))
    before = st.session_state.get(_TAKEN)
    if before is None or before[0] != given:
        before = st.session_state[_TAKEN] = (given, take(sources, pasted, columns=columns))
    taken: Taken = before[1]
    return taken


def _offer_run(taken: "Taken | None", *, given: bool) -> None:
    count = 0 if taken is None else len(taken.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Analyse {count:,} {'text' if count == 1 else 'texts'}" if count else "Analyse",
            key="batch-analyse", type="primary", disabled=not count, width="content",
        )  # fmt: skip
        if taken is not None:
            st.markdown(_known(taken), width="stretch")
        elif given:
            st.markdown("Choose the column of the text.", width="stretch")
    if taken is not None and taken.more:
        st.warning(
            f"Only the first {count:,} rows are taken: the page holds so much and no more. For all of them use the "
            "command `analyzer batch`."
        )
    if pressed and taken is not None:
        _begin(taken)
    if error := st.session_state.get(_ERROR):
        st.error(plain(error))


def _known(taken: "Taken") -> str:
    """What is known of the rows beforehand."""
    count = len(taken.rows)
    said = (
        f"**{count:,} {'row' if count == 1 else 'rows'}** · {taken.words:,} {'word' if taken.words == 1 else 'words'}"
    )
    if taken.errors:
        said += f" · {taken.errors:,} cannot be read: the table will say why"
    return said


def _begin(taken: "Taken") -> None:
    st.session_state[_ERROR] = ""
    try:
        begin(taken.rows)
    except AnalyzerError as error:
        st.session_state[_ERROR] = str(error)
        return
    if job() is not None:
        run_again()  # the input makes room for the results
