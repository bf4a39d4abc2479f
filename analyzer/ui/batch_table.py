"""The results of the page Batch as a table: one row a text, in words and numbers that a person reads."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.wording import chance, interval, sentence_case

if TYPE_CHECKING:  # these load torch, and the first paint must not
    import pandas as pd

    from analyzer.batch.kept import Kept
    from analyzer.calibration import Likelihood

__all__ = ["beginning_of", "columns", "likelihood_in_words", "name_of", "reasons", "shown", "table", "verdict_name"]

_LONGEST = 80  # characters of a name
_BEGINNING = 240  # characters of a text


def name_of(kept: "Kept") -> str:
    """What a row is called, on one line; what cannot be seen as marks."""
    from analyzer.markup import visible

    name = visible(" ".join(str(kept.row.id).split()))
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def beginning_of(kept: "Kept") -> str:
    """The first words of a text on one line, what cannot be seen as marks; empty where there is none."""
    from analyzer.markup import visible

    text = kept.row.text or ""
    words = visible(" ".join(text[:_BEGINNING].split()))
    return words if len(text) <= _BEGINNING else f"{words}…"


def verdict_name(likelihood: "Likelihood | None") -> str:
    """The verdict, or that there is none."""
    from analyzer.batch.overview import verdict_of

    return verdict_of(likelihood)


def reasons(kept: "Kept", likelihood: "Likelihood | None") -> str:
    """What the verdict rests on, or why there are no numbers."""
    return kept.error or " ".join(() if likelihood is None else likelihood.reasons)


def likelihood_in_words(likelihood: "Likelihood | None") -> str:
    r"""The likelihood with its interval; empty where there is none.

    Examples
    --------
    >>> likelihood_in_words(None)
    ''
    """
    if likelihood is None or not math.isfinite(likelihood.probability):
        return ""
    found = chance(likelihood.probability)
    if found == chance(likelihood.low) == chance(likelihood.high):
        return found
    return f"{found} ({interval(likelihood.low, likelihood.high)})"


def shown(
    found: "Iterable[tuple[Kept, Likelihood | None]]", *, verdicts: Iterable[str], words: str
) -> "list[tuple[Kept, Likelihood | None]]":
    """The rows with one of these verdicts, or with any where none is named, and with these words in the name."""
    from analyzer.batch.overview import verdict_of

    wanted, sought = set(verdicts), words.strip().casefold()
    return [
        (kept, likelihood)
        for kept, likelihood in found
        if (not wanted or verdict_of(likelihood) in wanted)
        and (not sought or sought in f"{kept.row.id} {kept.row.source}".casefold())
    ]


def table(found: "Iterable[tuple[Kept, Likelihood | None]]") -> "pd.DataFrame":
    """One row a text; numbers stay numbers, so that the table sorts by them."""
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for kept, likelihood in found:
        judged = likelihood is not None and math.isfinite(likelihood.probability)
        rows.append(
            (
                name_of(kept),
                sentence_case(verdict_name(likelihood)),
                likelihood_in_words(likelihood),
                likelihood.probability if likelihood is not None and judged else None,
                likelihood.human_p_value if likelihood is not None and judged else None,
                kept.n_words if kept.row.text is not None else None,
                kept.surprise if math.isfinite(kept.surprise) else None,
                kept.curve.tolist() if len(kept.curve) else None,
                reasons(kept, likelihood),
            )
        )
    frame = pd.DataFrame(rows, columns=["name", "verdict", "range", "bar", "p", "words", "bits", "curve", "why"])
    return frame.astype({"bar": "Float64", "p": "Float64", "words": "Int64", "bits": "Float64"})


def columns() -> dict[str, Any]:
    """How each column is shown."""
    of = st.column_config
    return {
        "name": of.TextColumn("Text", width=175, pinned=True),
        "verdict": of.TextColumn("Verdict", width=100),
        "range": of.TextColumn(
            "Probability of a machine", width=190, help="With its 90 % interval. To sort by it, click the next column."
        ),
        "bar": of.ProgressColumn("as a bar", width=90, format=" ", min_value=0, max_value=1),
        "p": of.NumberColumn(
            "Human p", width=90, format="%.3f",
            help="The human p-value: share of human texts of about this length that look at least as machine-like.",
        ),
        "words": of.NumberColumn("Words", width=75, format="localized"),
        "bits": of.NumberColumn("Surprise", width=90, format="%.1f bits", help="Mean surprise of a token."),
        "curve": of.LineChartColumn(
            "along the text", width=125, y_min=0, help="Surprise from the beginning to the end: means of stretches."
        ),
        "why": of.TextColumn("Reasons", width=700),
    }  # fmt: skip
