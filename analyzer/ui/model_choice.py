"""Which model reads: this reader's choice, on every page, and nobody else's."""

from pathlib import Path

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.session import ModelChoice, choose_model, chosen_model, default_model
from analyzer.ui.words import plain

__all__ = ["NAMES_A_MODEL", "short_name", "show_model_choice"]

NAMES_A_MODEL = (
    "A model of the Hugging Face hub, such as gpt2, which is fetched once; a folder; or a GGUF file. Your text stays "
    "on this machine, and no code of the model’s is run."
)
"""What may be typed where a model is asked for."""

_NAME, _CARD, _PROBLEM = "model-name", "model-card-file", "model-problem"
_LONGEST = 32  # characters on the button


def show_model_choice() -> None:
    """A button that says which model reads; behind it, a form to choose another."""
    now, usual = chosen_model(), default_model()
    with st.popover(f"Model: {plain(short_name(now.name))}", width="content"):
        st.caption(
            "Texts that you analyse from now on are read by this model. Others who use this page keep theirs, and your "
            "texts stay on this machine."
        )
        with st.form("model-choice-form", border=False):
            name = st.text_input(
                "Model", key=_NAME, placeholder=now.name, autocomplete="off",
                help=NAMES_A_MODEL,
            )  # fmt: skip
            card = st.text_input(
                "Calibration card (optional)", key=_CARD, placeholder="card.json", autocomplete="off",
                help="A file made by `analyzer calibrate` for this model. Without one a text is scored and not judged; "
                "the embedded model has its own.",
            )  # fmt: skip
            pressed = st.form_submit_button("Load", type="primary")
        if pressed:
            _load(ModelChoice(name.strip() or now.name, card.strip()))
        if now != usual and st.button(f"Back to {plain(short_name(usual.name))}", key="model-usual"):
            _load(usual)
        if problem := st.session_state.get(_PROBLEM):
            st.error(plain(problem))


def _load(choice: ModelChoice) -> None:
    st.session_state[_PROBLEM] = ""
    try:
        with st.spinner(f"Loading {plain(short_name(choice.name))}; what is not here yet is fetched …", show_time=True):
            choose_model(choice)
    except AnalyzerError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.rerun()


def short_name(name: str) -> str:
    """A model's name as a button has room for it: of a path, its end.

    Examples
    --------
    >>> short_name("/models/story-teller/model-q8.gguf"), short_name("owner/model")
    ('model-q8.gguf', 'owner/model')
    """
    short = Path(name).name if Path(name).is_absolute() or name.startswith(("~", ".")) else name
    return short if len(short) <= _LONGEST else f"…{short[1 - _LONGEST :]}"
