"""The measured figures of a calibration card as tables: pure functions of its JSON. What is missing is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.ui.words import kind_name, percent, plain

__all__ = [
    "Rows",
    "by_part",
    "corpus_domains",
    "corpus_sentence",
    "discrimination",
    "false_positives",
    "populations",
    "spans",
    "worst_population",
]

Rows = list[dict[str, str]]
"""A table: of each row, the text in each column, safe where Streamlit reads markdown."""

_CONDITIONS = (
    ("grouped", "new sources"),
    ("leave_domain_out", "new kinds of writing"),
    ("leave_generator_out", "new generators"),
)
_MEASURES = (
    ("tpr_at_1_fpr", "machine texts found, 1 % of people accused"),
    ("tpr_at_5_fpr", "machine texts found, 5 % of people accused"),
    ("accuracy", "on the right side of one half"),
    ("ece", "calibration error"),
)
_VERDICTS = (
    ("found", "found"),
    ("accused", "people accused"),
    ("unclear", "unclear"),
    ("not_judged", "not judged"),
)
_POPULATION = (
    ("accused", "accused"),
    ("left_out_accused", "accused if left out"),
    ("unclear", "unclear"),
    ("left_out_unclear", "unclear if left out"),
    ("not_judged", "not judged"),
    ("left_out_found", "machine texts found if left out"),
)


def discrimination(measured: Mapping[str, Any]) -> Rows:
    """One row a measure, one column a condition.

    Examples
    --------
    >>> discrimination({"grouped": {"auroc": {"value": 0.97, "low": None, "high": None}, "brier": 0.071}})
    [{'': 'AUROC', 'new sources': '.970'}, {'': 'Brier score', 'new sources': '0.071'}]
    """
    known = [(measured[key], name) for key, name in _CONDITIONS if measured.get(key)]

    def row(label: str, values: Iterable[str]) -> dict[str, str]:
        return {"": label} | {name: value for (_, name), value in zip(known, values, strict=True)}

    rows = []
    if any("n_human" in part for part, _ in known):
        rows.append(row("people’s texts", [_count(part.get("n_human")) for part, _ in known]))
        rows.append(row("machine texts", [_count(part.get("n_machine")) for part, _ in known]))
    if any(part.get("auroc") for part, _ in known):
        rows.append(row("AUROC", [_auroc(part.get("auroc")) for part, _ in known]))
    for key, label in _MEASURES:
        if any(part.get(key) is not None for part, _ in known):
            rows.append(row(label, [percent(part.get(key)) for part, _ in known]))
    if any(part.get("brier") is not None for part, _ in known):
        rows.append(row("Brier score", [_number(part.get("brier")) for part, _ in known]))
    return rows


def by_part(parts: Mapping[str, Mapping[str, Any]], *, name: str) -> Rows:
    """One row a generator, domain or length; `name` heads the first column. Columns that nothing fills are left out."""
    rows = []
    for key, part in sorted(parts.items(), key=lambda item: int(item[0]) if item[0].isdecimal() else 0):
        row = {name: f"from {key}" if key.isdecimal() else plain(kind_name(key))}
        row |= {"people": _count(part.get("n_human")), "machine": _count(part.get("n_machine"))}
        row["AUROC"] = _auroc(part.get("auroc"))
        row |= {label: percent(part.get(name)) for name, label in _VERDICTS}
        rows.append(row)
    return _filled(rows)


def populations(parts: Mapping[str, Mapping[str, Any]]) -> Rows:
    """One row a population of writers, those most often accused when such texts are missing from the fit first."""
    order = sorted(parts.items(), key=lambda item: -(item[1].get("left_out_accused") or 0.0))
    rows = []
    for key, part in order:
        row = {"who or what": plain(kind_name(key)), "texts": _count(part.get("n"))}
        rows.append(row | {label: percent(part.get(name)) for name, label in _POPULATION})
    return _filled(rows)


def worst_population(parts: Mapping[str, Mapping[str, Any]]) -> str | None:
    r"""A sentence on who is accused most; None where it was not measured.

    Examples
    --------
    >>> worst_population({"letters": {"n": 50, "left_out_accused": 0.04}, "news": {"left_out_accused": 0.01}})
    'Most at risk were writers of letters: with no such text in the calibration, 4\xa0% of 50 were called likely AI.'
    """
    known = {name: part["left_out_accused"] for name, part in parts.items() if part.get("left_out_accused") is not None}
    if not known:
        return None
    name = max(known, key=lambda key: known[key])
    of = f"of {parts[name]['n']:,} " if parts[name].get("n") else ""
    if not known[name]:
        return "Of no population was anybody called likely AI, even with no such text in the calibration."
    return (
        f"Most at risk were writers of {plain(kind_name(name))}: with no such text in the calibration, "
        f"{percent(known[name])} {of}were called likely AI."
    )


def corpus_sentence(corpus: Mapping[str, Any]) -> str:
    """How many texts, of whom.

    Examples
    --------
    >>> corpus_sentence({"texts": 900, "human": 400, "machine": 500, "sources": 1700})
    '900 texts: 400 by people, 500 by machines, from 1,700 sources.'
    """
    parts = [
        f"{corpus[key]:,} by {who}" for key, who in (("human", "people"), ("machine", "machines")) if key in corpus
    ]
    if "sources" in corpus:
        parts.append(f"from {corpus['sources']:,} sources")
    return f"{_count(corpus.get('texts'))} texts: {', '.join(parts)}."


def corpus_domains(corpus: Mapping[str, Any]) -> Rows:
    """One row a kind of writing."""
    return [
        {"kind": plain(kind_name(name)), "people": _count(part.get("human")), "machine": _count(part["machine"])}
        for name, part in corpus.get("domains", {}).items()
    ]


def false_positives(figure: Mapping[str, Any]) -> str | None:
    r"""What was promised and what was measured, in a sentence; None where it was not measured.

    Examples
    --------
    >>> false_positives({"asked": 0.01, "measured": 0.008, "n": 400})
    'Asked to accuse at most 1\xa0% of people, it accused 0.8\xa0% of 400 whose texts it had not seen.'
    """
    if figure.get("asked") is None or figure.get("measured") is None:
        return None
    of = f"of {figure['n']:,} " if figure.get("n") else ""
    return (
        f"Asked to accuse at most {percent(figure['asked'])} of people, it accused {percent(figure['measured'])} "
        f"{of}whose texts it had not seen."
    )


def spans(figures: Mapping[str, Any]) -> Rows:
    """Whatever was measured about parts of a text."""
    return [
        {"figure": plain(name.replace("_", " ")), "value": _number(value)}
        for name, value in figures.items()
        if isinstance(value, int | float)
    ]


def _filled(rows: Rows) -> Rows:
    empty = {key for key in (rows[0] if rows else {}) if all(row[key] == "–" for row in rows)}
    return [{key: value for key, value in row.items() if key not in empty} for row in rows]


def _auroc(figure: Mapping[str, float | None] | None) -> str:
    if not figure or figure.get("value") is None:
        return "–"
    value, low, high = (figure.get(key) for key in ("value", "low", "high"))
    text = f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
    return text.replace("0.", ".")


def _count(n: int | None) -> str:
    return "–" if n is None else f"{n:,}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3g}"
