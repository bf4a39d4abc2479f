"""Sample texts of known origin, from the project's ``samples`` folder."""

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analyzer.text.reading import read_text

__all__ = ["FOLDER", "Sample", "load_samples"]

FOLDER = Path(__file__).parents[2] / "samples"
_WRITERS = {"human": "written by a person", "ai": "written by a model", "mixed": "by a person and a model"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A text whose writer is known.

    Attributes
    ----------
    title, text : str
    kind : "human", "ai" or "mixed"
    origin : str
        Where it comes from, for the reader.
    """

    title: str
    text: str
    kind: str
    origin: str

    @property
    def label(self) -> str:
        """Title and writer, for a list to choose from."""
        return f"{self.title} ({_WRITERS.get(self.kind, self.kind)})"


@st.cache_data(show_spinner=False)
def load_samples() -> tuple[Sample, ...]:
    """Read the samples that ``index.json`` lists; none where there is no such folder, as in an installed package."""
    index = FOLDER / "index.json"
    if not index.is_file():
        return ()
    return tuple(
        Sample(entry["title"], read_text(FOLDER / entry["file"]), entry["kind"], entry["origin"])
        for entry in json.loads(read_text(index))
    )
