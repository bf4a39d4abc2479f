"""What this reader gave to the page Batch and got from it; never shared between sessions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.errors import StreamlitAPIException

from analyzer.errors import AnalyzerError
from analyzer.ui.session import session_analyzer

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.batch.kept import Kept
    from analyzer.batch.rows import Row
    from analyzer.batch.watched import Watched
    from analyzer.calibration import Likelihood, Settings

__all__ = ["ANALYSE_PAGE", "OPEN", "Job", "begin", "go_on", "job", "look", "now", "run_again", "stop"]

ANALYSE_PAGE = "analyse-page"
"""Key of st.session_state under which that page stands, for who wants to lead there."""

OPEN = "batch-open"
"""Key of st.session_state: number of the row that is looked at closer, or None."""

_JOB, _RUNS = "batch-job", "batch-runs"


@dataclass(slots=True)
class Job:
    """One press of the button.

    Attributes
    ----------
    work : Watched
    run : int
        Tells its table from those of jobs before.
    wanted : bool
        Whether it is to go on; a page that is left for a while lets it rest, and has it go on afterwards.
    problem : str
        What ended it; empty if nothing did.
    settings : Settings or None
        What `likelihoods` were judged under.
    likelihoods : list of (Likelihood or None)
        Of the rows that are done, in their order; fewer where more came since.
    """

    work: "Watched"
    run: int
    wanted: bool = True
    problem: str = ""
    settings: "Settings | None" = None
    likelihoods: "list[Likelihood | None]" = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether more is to come."""
        return self.wanted and not self.work.finished


def job() -> Job | None:
    """This reader's; None before the first."""
    found: Job | None = st.session_state.get(_JOB)
    return found


def begin(rows: "tuple[Row, ...]") -> None:
    """Have these rows scored in the place of those before.

    Raises
    ------
    AnalyzerError
        If the model cannot be loaded.
    """
    from analyzer.batch.watched import Watched

    work = Watched(session_analyzer(), rows)
    stop()
    state = st.session_state
    state[_RUNS] = state.get(_RUNS, 0) + 1
    state[_JOB], state[OPEN] = Job(work, state[_RUNS]), None


def stop() -> None:
    """Let no more be done; what is done stays."""
    if (here := job()) is not None:
        here.wanted = False
        here.work.stop()


def go_on() -> None:
    """Have what is left be done."""
    if (here := job()) is not None:
        here.wanted, here.problem = True, ""


def look(seconds: float) -> None:
    """Have the job go on, and wait for something new; what goes wrong ends it, and is said."""
    here = job()
    if here is None or not here.active:
        return
    try:
        here.work.look(seconds)
    except AnalyzerError as error:
        here.wanted, here.problem = False, str(error)
    except Exception:
        here.wanted = False
        raise


def now(here: Job, settings: "Settings") -> "list[tuple[Kept, Likelihood | None]]":
    """What is done, judged under these settings: from what was kept, without a forward pass."""
    from analyzer.batch.kept import judged_again

    done = list(here.work.done)
    if here.settings != settings:
        here.settings, here.likelihoods = settings, []
    card = here.work.analyzer.calibration
    here.likelihoods += [
        None if one.likelihood is None else judged_again(card, one.likelihood, one.n_tokens, settings)
        for one in done[len(here.likelihoods) :]
    ]
    return list(zip(done, here.likelihoods, strict=True))


def run_again() -> None:
    """Run the fragment again, or where the whole page runs, as after coming back to it, the page."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()
