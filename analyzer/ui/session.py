"""What the pages share: the loaded models, and the analyzer of this reader over the model that this reader chose."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.ui.fetching import fetch

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analyzer
    from analyzer.models import LanguageModel

__all__ = [
    "EMBEDDED",
    "ModelChoice",
    "choose_model",
    "chosen_model",
    "default_model",
    "get_model",
    "load_model",
    "session_analyzer",
]

EMBEDDED = "SmolLM2-135M-Instruct"
"""Name of the model that comes with the program: ``analyzer.models.store.DEFAULT_MODEL``, without loading torch."""

_ANALYZER, _CHOICE = "analyzer", "model-choice"  # keys of st.session_state
_LOADED = 2  # models that stay loaded though nobody reads with them
_TOYS = {
    "toy": "the quick brown fox jumps over the lazy dog and the cat sat on the mat. ",
    "toy2": "pack my box with five dozen liquor jugs; how vexingly quick daft zebras jump. ",
}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that a reader asks for.

    Attributes
    ----------
    name : str
        The embedded model's, a hub id, a folder or a GGUF file.
    card : str
        File of its calibration card; empty for the card that comes with the program, if that is for this model.
    """

    name: str
    card: str = ""


@st.cache_resource(show_spinner=False, max_entries=_LOADED)
def load_model(name: str) -> "LanguageModel":
    """Load a model once for all sessions; it holds nothing of anybody's text. "toy", "toy2": models for tests.

    The last few stay loaded. One that is let go stays as long as a session reads with it.
    """
    if name in _TOYS:
        from analyzer.models.toy import ToyModel

        return ToyModel(_TOYS[name])
    from analyzer.models.loading import load

    return load(name)


def get_model(name: str) -> "LanguageModel":
    """As ``load_model``, but what is not on this machine yet is fetched first, with a bar."""
    if name not in _TOYS:
        fetch(name)
    return load_model(name)


def default_model() -> ModelChoice:
    """What is read with unless a reader chooses.

    ANALYZER_MODEL: a hub id, a folder or a GGUF file instead of the embedded model. ANALYZER_CALIBRATION: the file of
    its calibration card; the embedded model has its own.
    """
    return ModelChoice(os.environ.get("ANALYZER_MODEL") or EMBEDDED, os.environ.get("ANALYZER_CALIBRATION") or "")


def chosen_model() -> ModelChoice:
    """This reader's choice; loads nothing."""
    found: ModelChoice | None = st.session_state.get(_CHOICE)
    return found or default_model()


def choose_model(choice: ModelChoice) -> "Analyzer":
    """Load a model for this reader, whose own cache begins empty; where that fails, the one before stays.

    Raises
    ------
    ModelError
        If it cannot be loaded.
    CalibrationError
        If its card cannot be read, or is another model's.
    """
    from analyzer.analysis import Analyzer
    from analyzer.calibration.cards import load_card

    card = load_card(Path(choice.card).expanduser()) if choice.card else None
    analyzer = Analyzer(get_model(choice.name), calibration=card)
    st.session_state[_CHOICE], st.session_state[_ANALYZER] = choice, analyzer
    return analyzer


def session_analyzer() -> "Analyzer":
    """This session's analyzer over the shared model: its cache holds this reader's text."""
    found: Analyzer | None = st.session_state.get(_ANALYZER)
    if found is None:
        with st.spinner("Reading the model (first time: about half a minute) …", show_time=True):
            found = choose_model(chosen_model())
    return found
