"""Verdicts and figures in words and tables: for the terminal, for Markdown, for a page of its own."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.calibration import Calibration, Likelihood
from analyzer.wording import chance, interval, percent

__all__ = ["evaluation_page", "evaluation_text", "likelihood_lines", "model_card"]


_PEOPLE = (
    "people", "texts", "accused", "unclear", "not judged", "never seen: accused", "unclear", "not judged",
    "machines found then",
)  # fmt: skip


def likelihood_lines(found: Likelihood) -> list[str]:
    """A likelihood in plain sentences; the first has the number.

    >>> from analyzer.calibration import UNCALIBRATED
    >>> likelihood_lines(UNCALIBRATED)
    ['no likelihood is given']
    """
    if math.isnan(found.probability):
        return ["no likelihood is given"]
    settings = found.settings
    lines = [f"{chance(found.probability)} likely a machine's (90 % interval {interval(found.low, found.high)})"]
    if math.isnan(found.human_p_value):
        lines.append("No human texts of this kind and length are known to compare with.")
    else:
        lines.append(
            f"Human p-value {found.human_p_value:.4f}: {_one_in(found.human_p_value)} human texts of this length looks "
            "at least as machine-like."
        )
    rate = 1000 * settings.false_positive_rate
    lines.append(f"At this setting at most {rate:g} of 1,000 people are called likely AI.")
    if settings.base_rate != 0.5:
        lines.append(f"If {percent(settings.base_rate)} of such texts are machines': {chance(found.posterior)}.")
    return [line.replace("\u00a0", " ") for line in lines]  # a terminal breaks no such line, and may lack the character


def _one_in(share: float) -> str:
    return f"1 in {1 / share:,.0f}" if share < 0.5 else f"{share:.0%} of"


def model_card(card: Calibration) -> str:
    """The measured figures of a card, as Markdown."""
    found = card.measured
    parts = [f"Calibration `{card.calibration_id}` for {card.model['name']} {card.model['revision']}."]
    if not found:
        return f"{parts[0]} It has no measured figures."
    contents = found["corpus"]
    parts.append(
        f"{contents['texts']:,} texts ({contents['human']:,} human, {contents['machine']:,} machine) from "
        f"{contents['sources']:,} human sources; no figure is from texts that the read-out was fitted on."
    )
    names = {
        "grouped": "source not seen",
        "leave_domain_out": "domain not seen",
        "leave_generator_out": "generator not seen",
    }
    columns = ("auroc", "tpr_at_1_fpr", "tpr_at_5_fpr", "accuracy", "ece", "brier")
    head = ["", "AUROC", "TPR at 1 % FPR", "at 5 %", "accuracy", "ECE", "Brier"]
    parts.append(
        _table(head, [[title, *(_cell(found[name].get(c)) for c in columns)] for name, title in names.items()])
    )
    rate = found["false_positive_rate"]
    parts.append(f"False positives asked {rate['asked']:.1%}, measured {rate['measured']:.2%} of {rate['n']:,} texts.")
    keys = (
        "n",
        "accused",
        "unclear",
        "not_judged",
        "left_out_accused",
        "left_out_unclear",
        "left_out_not_judged",
        "left_out_found",
    )
    head = [
        "people",
        "texts",
        "accused",
        "unclear",
        "not judged",
        "never seen: accused",
        "unclear",
        "not judged",
        "machines found then",
    ]
    parts.append(
        _table(head, [[name, *(_cell(of.get(key)) for key in keys)] for name, of in found["populations"].items()])
    )
    for name, title in (
        ("by_domain", "domain"), ("by_generator", "generator"), ("by_domain_and_generator", "domain, generator"),
        ("by_length", "tokens, at least"),
    ):  # fmt: skip
        parts.append(_groups(title, found.get(name, {})))
    return "\n\n".join(parts)


def evaluation_text(found: Mapping[str, Any]) -> str:
    """The result of ``analyzer.fitting.evaluation.evaluate`` as Markdown."""
    whole = found["all"]
    lines = [
        f"Calibration `{found['calibration_id']}`, false-positive rate asked {found['false_positive_rate']:.1%}.",
        ", ".join(
            f"{title} {_cell(whole.get(key))}"
            for key, title in (
                ("n_human", "human"), ("n_machine", "machine"), ("auroc", "AUROC"), ("tpr_at_1_fpr", "TPR at 1 % FPR"),
                ("tpr_at_5_fpr", "at 5 %"), ("accuracy", "accuracy"), ("ece", "ECE"), ("brier", "Brier"),
                ("found", "found"), ("accused", "accused"), ("unclear", "unclear"), ("not_judged", "not judged"),
            )
        ),
    ]  # fmt: skip
    tables = [_groups(title, found[f"by_{title}"]) for title in ("domain", "generator", "length")]
    bins = _table(
        ["probability", "texts", "machine"],
        [[f"{b['probability']:.2f}", str(b["n"]), f"{b['machine']:.2f}"] for b in found["reliability"]],
    )
    return "\n\n".join([*lines, *tables, bins])


def evaluation_page(found: Mapping[str, Any]) -> str:
    """The same as a page of its own that opens offline, with the reliability as a plot."""
    points = "".join(
        f'<circle cx="{40 + 300 * b["probability"]:.1f}" cy="{330 - 300 * b["machine"]:.1f}" '
        f'r="{2 + 2 * math.log10(b["n"]):.1f}"><title>{b["n"]} texts: probability {b["probability"]:.2f}, machine '
        f"{b['machine']:.2f}</title></circle>"
        for b in found["reliability"]
    )
    plot = (
        '<svg viewBox="0 0 360 370" width="360" role="img" aria-label="Share of machine texts by probability">'
        '<g stroke="#858C96" fill="none"><path d="M40 30V330H340"/><path d="M40 330L340 30" stroke-dasharray="4"/></g>'
        f'<g fill="#3A82C4">{points}</g><text x="120" y="360">probability stated</text>'
        '<text x="-250" y="16" transform="rotate(-90)">share of machine texts</text></svg>'
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto}pre{overflow:auto}</style>"
        f"<h1>How good is the likelihood?</h1><pre>{html.escape(evaluation_text(found))}</pre>"
        f"<h2>Reliability</h2>{plot}</html>"
    )


def _groups(title: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    keys = ("n_human", "n_machine", "auroc", "tpr_at_1_fpr", "found", "accused", "unclear", "not_judged")
    head = [title, "human", "machine", "AUROC", "TPR at 1 % FPR", "found", "accused", "unclear", "not judged"]
    return _table(head, [[name, *(_cell(of.get(key)) for key in keys)] for name, of in found.items()])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _cell(value: Any) -> str:
    """A rate to three digits, an interval behind its value, a dash for what could not be measured."""
    if isinstance(value, Mapping):
        low, high = value.get("low"), value.get("high")
        return _cell(value["value"]) + (f" ({low:.3f} to {high:.3f})" if low is not None else "")
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
