"""What this reader gave to the page Compare and got from it: a result for each question, never shared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import streamlit as st

from analyzer.errors import EmptyText
from analyzer.ui.session import chosen_model, session_analyzer
from analyzer.ui.tasks import Task, bar
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.analysis import Analysis, Analyzer

__all__ = ["ANALYSED", "TEXT", "Kept", "answer", "ask", "scored", "show_warnings"]

TEXT = "compare-text"  # key of the text that three of the questions are about
ANALYSED = "text"  # key of the text of the page Analyse

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Kept(Generic[_Value]):
    """An answer, what it was asked about and of which model, and its number among the answers to this question."""

    inputs: tuple[object, ...]
    value: _Value
    run: int


def ask(question: str, inputs: tuple[object, ...], work: Callable[[], object]) -> None:
    """Have an answer found; an old one never stands under a new error."""
    asked = (*inputs, chosen_model())
    st.session_state[f"compare-{question}-result"] = None
    _task(question).begin(lambda: (asked, work()))


def _task(question: str) -> "Task[tuple[tuple[object, ...], object]]":
    return Task(
        f"compare-{question}",
        cancelled="Cancelled. Whole windows that were read are kept: press Compare to go on from there.",
    )


def answer(question: str, inputs: tuple[object, ...]) -> "Kept[object] | None":
    """The answer, if there is one; says what went wrong, and when the answer is to something else by now."""
    state, result, runs = st.session_state, f"compare-{question}-result", f"compare-{question}-runs"
    if done := _task(question).go_on():
        state[runs] = state.get(runs, 0) + 1
        state[result] = Kept(*done, state[runs])
    found: Kept[object] | None = state.get(result)
    place = st.empty()  # always there: what stands below keeps its place, and what is open stays open
    if found is not None and found.inputs != (*inputs, chosen_model()):
        place.info(
            "The texts above or the model have changed since. What follows is about those before: press Compare again."
        )
    return found


def scored(text: str, *, what: str = "Your text", by: "Analyzer | None" = None) -> "Analysis":
    """Score a text, with a bar where it takes long."""
    if not text.strip():
        raise EmptyText(f"{what} is empty.", hint="Paste something into its box, or open a file.")
    return (by or session_analyzer()).analyze(text, progress=bar(what))


def show_warnings(warnings: Sequence[str]) -> None:
    """What a reader of the numbers should know, in one box; each once."""
    different = [plain(" ".join(warning.split())) for warning in dict.fromkeys(warnings)]
    if different:
        st.warning(different[0] if len(different) == 1 else "\n".join(f"- {one}" for one in different))
