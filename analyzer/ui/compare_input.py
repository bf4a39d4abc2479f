"""Texts to compare: from a box, a sample, or files of several kinds."""

import re
from dataclasses import dataclass

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.text.documents import KINDS, read_document
from analyzer.ui.samples import Sample, load_samples
from analyzer.ui.words import plain

__all__ = [
    "EarlierText",
    "compare_button",
    "earlier_texts",
    "offer_earlier_files",
    "offer_sources",
    "split_texts",
    "text_box",
]

_ENDINGS = sorted(kind.removeprefix(".") for kind in KINDS)
_FILES, _UPLOADS, _NOTES = "compare-own-files", "compare-own-uploads", "compare-own-notes"
_LINE = re.compile(r"^[ \t]*-{3,}[ \t]*\r?(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EarlierText:
    """One of the writer's own texts, and what to call it."""

    name: str
    text: str


def text_box(key: str, label: str, *, height: int, placeholder: str | None = None) -> str:
    """A box whose text outlives another question and another page; in no form, which would keep it to itself."""
    return st.text_area(label, key=key, height=height, placeholder=placeholder, persist_state="session")


def compare_button() -> bool:
    """Whether the work is to begin."""
    return st.button("Compare", type="primary", shortcut="Mod+Enter")


def offer_sources(box: str, *, samples: bool = False, label: str = "Open a file", other: str = "") -> None:
    """A sample or a file puts its text into the box with this key, where it can be read and changed.

    With the text of the box with the key `other`, on the page Analyse, if there is any.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if samples and (known := load_samples()):
            st.selectbox(
                "Sample", known, index=None, key=f"{box}-sample", format_func=lambda sample: sample.label,
                placeholder="Pick a sample", label_visibility="collapsed", on_change=_take_sample, args=(box,),
            )  # fmt: skip
        with st.popover(label, icon=":material/upload_file:"):
            st.file_uploader(
                "Text, Word, PDF or web page", type=_ENDINGS, key=f"{box}-file", on_change=_take_file, args=(box,)
            )
        if other and (there := st.session_state.get(other)) and there != st.session_state.get(box):
            st.button("The text of Analyse", icon=":material/content_copy:", key=f"{box}-take-over",
                      on_click=_take_text, args=(box, there), help="Put it into the box.")  # fmt: skip
    place = st.empty()  # always there: what stands below keeps its place, and what is open stays open
    state = st.session_state
    note, problem = state.get(f"{box}-note"), state.get(f"{box}-problem")
    now = state.get(box) or ""
    if problem and problem[0] != now:  # said of a file while another text was there
        problem = state[f"{box}-problem"] = None
    if problem:
        place.error(plain(problem[1]))
    elif note and note[0] == now:
        place.caption(plain(note[1]))


def _take_text(box: str, text: str) -> None:
    st.session_state[box], st.session_state[f"{box}-problem"] = text, None


def _take_sample(box: str) -> None:
    sample: Sample | None = st.session_state[f"{box}-sample"]
    if sample:
        st.session_state[box], st.session_state[f"{box}-problem"] = sample.text, None
        st.session_state[f"{box}-note"] = (sample.text, f"{sample.label}. {sample.origin}")


def _take_file(box: str) -> None:
    file = st.session_state[f"{box}-file"]
    if file is None:
        return
    state = st.session_state
    problem = ""
    try:
        document = read_document(file.getvalue(), name=file.name)
    except AnalyzerError as error:
        problem = str(error)
    else:
        if not document.text.strip():
            problem = f"{file.name} is empty. The box is as it was."
    state[f"{box}-problem"] = (state.get(box) or "", problem) if problem else None
    if problem:
        return
    state[box] = document.text
    state[f"{box}-note"] = (document.text, " ".join([f"From {file.name}.", *document.notes]))


def split_texts(pasted: str) -> list[str]:
    r"""Texts that stand between lines of three hyphens or more; empty ones are left out.

    Examples
    --------
    >>> split_texts("One.\n---\n\nTwo -- and\nmore.\n-----\n")
    ['One.', 'Two -- and\nmore.']
    """
    return [text.strip("\r\n") for text in _LINE.split(pasted) if text.strip()]


def offer_earlier_files() -> None:
    """Files with earlier texts; those taken before stay, and all can be let go."""
    state = st.session_state
    upload = f"compare-own-upload-{state.get(_UPLOADS, 0)}"
    st.file_uploader(
        "Files with your earlier texts, one text each", type=_ENDINGS, accept_multiple_files=True, key=upload,
        on_change=_take_earlier, args=(upload,),
    )  # fmt: skip
    files: tuple[EarlierText, ...] = state.get(_FILES, ())
    if files:
        with st.container(horizontal=True, vertical_alignment="center"):
            many = f"{len(files)} files" if len(files) > 1 else "1 file"
            st.markdown(f"**{many}** taken: {plain(', '.join(file.name for file in files))}")
            st.button("Let them go", key="compare-own-clear", on_click=_let_go)
    for note in state.get(_NOTES, ()):
        st.caption(plain(note))


def _take_earlier(upload: str) -> None:
    """Add what was uploaded to what is there; the next upload begins with an empty list."""
    state = st.session_state
    taken, notes = list(state.get(_FILES, ())), []
    for file in state[upload]:
        try:
            document = read_document(file.getvalue(), name=file.name)
        except AnalyzerError as error:
            notes.append(f"Left out: {error}")
            continue
        if not document.text.strip():
            notes.append(f"Left out: {file.name} is empty.")
            continue
        one = EarlierText(file.name, document.text)
        if one not in taken:
            taken.append(one)
        notes += [f"{file.name}: {note}" for note in document.notes]
    state[_FILES], state[_NOTES] = tuple(taken), tuple(notes)
    state[_UPLOADS] = state.get(_UPLOADS, 0) + 1


def _let_go() -> None:
    st.session_state[_FILES], st.session_state[_NOTES] = (), ()


def earlier_texts(pasted: str) -> tuple[EarlierText, ...]:
    """Those from files, and those pasted."""
    files: tuple[EarlierText, ...] = st.session_state.get(_FILES, ())
    return (*files, *(EarlierText(f"pasted {n}", text) for n, text in enumerate(split_texts(pasted), 1)))
