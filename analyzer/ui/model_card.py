"""The measured figures: how good the verdict is, for whom it may be wrong, and what it must not be for.

It reads the card's JSON as it is, so that it needs neither the engine nor the model.
"""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analyzer.ui import card_tables
from analyzer.ui.model_choice import short_name
from analyzer.ui.session import ModelChoice, chosen_model
from analyzer.ui.words import plain

__all__ = ["read_card", "show_card", "show_limits"]

_SHIPPED = "smollm2-135m-instruct.json"


def read_card(choice: ModelChoice) -> Mapping[str, Any] | None:
    """The card that a model is judged with, else the one that comes with the program; None where it cannot be read."""
    shipped = resources.files("analyzer").joinpath("calibration", "shipped", _SHIPPED)
    file = Path(choice.card).expanduser() if choice.card else shipped
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def show_card() -> None:
    """Draw all that was measured; what is missing is left out."""
    choice = chosen_model()
    card = read_card(choice)
    if card is None:
        st.warning("There is no calibration card, so no text is judged. `analyzer calibrate` makes one.")
        return
    _show_identity(card, choice)
    measured = card.get("measured", {})
    _show_errors(measured)
    _show_people(measured)
    _show_charts(card, measured)
    _show_parts(measured)
    _show_corpus(measured)


def _show_identity(card: Mapping[str, Any], choice: ModelChoice) -> None:
    model = card.get("model", {})
    st.markdown(
        "What the verdict on the page *Analyse* rests on, measured on texts of known origin that the read-out had not "
        "seen. Every rate is for texts like those, and for no others."
    )
    st.caption(
        plain(
            f"Card {card.get('calibration_id')}, made {card.get('created')}, for the model {model.get('name')} "
            f"(revision {str(model.get('revision'))[:12]}, {str(model.get('dtype')).replace(' ', ' or ')})."
        )
    )
    if not choice.card and choice.name != model.get("name"):
        st.info(
            f"Your texts are read by {plain(short_name(choice.name))}, which this card is not for: they are scored and "
            "not judged. `analyzer calibrate` makes a card for a model."
        )


def _show_errors(measured: Mapping[str, Any]) -> None:
    rows = card_tables.discrimination(measured)
    if not rows:
        return
    st.header("How good it is")
    _table(rows)
    st.markdown(
        "- **New sources**: no text of the same prompt, author or article was in the fit. **New kinds of writing**, "
        "**new generators**: none of that kind, none by that machine was. The right-hand columns are the honest ones "
        "for a text of yours.\n"
        "- **AUROC**: given one text by a person and one by a machine, how often the machine’s gets the higher score; "
        ".5 is guessing. In brackets its 95 % interval.\n"
        "- **Machine texts found, 1 % of people accused**: what is found if 10 of 1,000 innocent writers are accused.\n"
        "- **Calibration error**: by how much the probabilities are off on average. **Brier score**: their mean "
        "squared error; 0.25 is what always saying one half gets."
    )


def _show_people(measured: Mapping[str, Any]) -> None:
    parts = measured.get("populations") or {}
    sentences = (
        card_tables.false_positives(measured.get("false_positive_rate") or {}),
        card_tables.worst_population(parts),
    )
    if not parts and not any(sentences):
        return
    st.header("Who may be judged wrongly")
    for sentence in filter(None, sentences):
        st.markdown(f"**{sentence}**")
    if rows := card_tables.populations(parts):
        _table(rows)
        st.markdown(
            "**Accused**: people’s texts called likely AI at the setting of 1 %. **If left out**: the same, when no "
            "text of that population was in the calibration. So it may go for writers whose like is not in this list, "
            "such as very young or very formal ones, translators, or people who use a spelling or grammar tool: a "
            "stranger’s text is more often called unclear, and can still be accused."
        )


def _show_charts(card: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    bins = [one for one in card.get("bins", []) if one.get("human") and one.get("machine")]
    reliability = measured.get("reliability")
    if not bins and not reliability:
        return
    from analyzer.ui import card_charts

    st.header("What the numbers mean")
    if reliability:
        st.altair_chart(card_charts.reliability_chart(reliability), key="reliability", theme="streamlit")
        st.caption(
            "On the dashed line, of the texts said to be a machine’s with 80 %, 80 % are. Below it the page claims too "
            "much machine, above it too little. Larger points stand for more texts."
        )
    if bins:
        names = [f"at least {one['tokens']:,} tokens" for one in bins]
        name = st.selectbox("Length of the texts", names, index=len(names) // 2, key="card-length")
        st.altair_chart(card_charts.scores_chart(bins[names.index(name)]), key="scores", theme="streamlit")
        st.caption(
            "Each area adds up to all texts of its kind. Where they overlap, nothing tells them apart: “unclear”."
        )


def _show_parts(measured: Mapping[str, Any]) -> None:
    titles = (
        ("by_length", "By length", "length in tokens"),
        ("by_generator", "By generator", "generator"),
        ("by_domain", "By kind of writing", "kind"),
    )
    known = [(title, name, measured[key]) for key, title, name in titles if measured.get(key)]
    if known or measured.get("spans"):
        st.header("In detail")
    for title, name, parts in known:
        with st.expander(title):
            _table(card_tables.by_part(parts, name=name))
            st.caption("Found: machine texts called likely AI at the setting of 1 %. The rest are unclear or missed.")
    if rows := card_tables.spans(measured.get("spans") or {}):
        with st.expander("Parts of a text"):
            _table(rows)


def _show_corpus(measured: Mapping[str, Any]) -> None:
    corpus = measured.get("corpus")
    if not corpus:
        return
    st.header("What it was calibrated on")
    st.markdown(card_tables.corpus_sentence(corpus))
    if rows := card_tables.corpus_domains(corpus):
        with st.expander("Kinds of writing"):
            _table(rows)


def show_limits() -> None:
    """Draw what it is not for, and where texts go."""
    st.header("What this must not be used for")
    st.markdown(
        "- **Punishing anybody.** No mark, no job, no trial may hang on it. At 1 % false alarms, 75,000 honest papers "
        "are 750 accused writers.\n"
        "- **Deciding without a person** who reads the text and hears its writer.\n"
        "- **Anything but English running prose**: verse, code, lists, tables and other languages are not judged.\n"
        "- **Short texts, and texts known by heart**: famous passages look predictable because the model has read "
        "them.\n"
        "- **Proof of human writing.** A rewritten or carefully prompted machine text can pass as a person’s.\n"
        "- **Naming the machine.** It says how machine-like a text is, not which model wrote it."
    )
    st.header("Privacy")
    st.markdown(
        "Texts are analysed on the machine that serves this page and go nowhere else: into no address, log, file or "
        "service, and nothing is learnt from them. Usage statistics are off. They are held in memory while the page is "
        "open; closed or reloaded, it begins anew, so download what you want to keep."
    )


def _table(rows: card_tables.Rows) -> None:
    st.table(pd.DataFrame(rows), hide_index=True)
