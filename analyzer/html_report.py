"""One ``Analysis`` as a page of its own: opens anywhere, offline, and prints.

The page holds no script and loads nothing, and says so to the browser, which would not let it. Everything in it that
is not ours, above all the text, is hostile: the template engine escapes what it prints, and what cannot be seen gets a
mark. The one thing that is not printed by the template is the coloured text, see ``_coloured``.
"""

import base64
import hashlib
import html
from collections.abc import Mapping
from datetime import date as Date
from functools import lru_cache
from pathlib import Path
from typing import Any

import altair as alt
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from analyzer import __version__, charts, wording
from analyzer.analysis import Analysis
from analyzer.charts.chart_files import to_svg
from analyzer.detectors import DETECTORS
from analyzer.markup import BUCKET_LABELS, PALETTES, UNDERLINES, segment_buckets, visible
from analyzer.statistics import STATISTICS

__all__ = ["html_report"]

_HERE = Path(__file__).parent
_FINDINGS_SHOWN = 200  # in the table; in the text all have marks
_WIDE, _NARROW = 900, 400  # pixels: all columns, one column


def html_report(analysis: Analysis, *, title: str = "Text provenance report", date: Date | None = None) -> str:
    """A complete HTML page, to be written in UTF-8: verdict, coloured text, every number, charts, how it was made.

    Parameters
    ----------
    analysis
        The verdict is shown under its own settings: see ``Analysis.judged``.
    title
        Of the page, such as the name of the file that was analysed.
    date
        When it was made; left out if not given, so that the same analysis gives the same page.

    Examples
    --------
    >>> from analyzer.analysis import Analyzer
    >>> from analyzer.models.toy import ToyModel
    >>> page = html_report(Analyzer(ToyModel("abcab")).analyze("<b>a"), title="Letter & reply")
    >>> "<title>Letter &amp; reply</title>" in page, "<b>" in page
    (True, False)
    """
    style = Markup(_style())
    judged = analysis.likelihood.verdict != "not judged"
    sentences = analysis.sentences() if judged else ()
    return _template().render(
        analysis=analysis,
        title=title,
        date=date.isoformat() if date else None,
        version=__version__,
        style=style,
        policy=_policy(style),
        words=wording,
        coloured=_coloured(analysis),
        context=_unscored(analysis.context) if analysis.context else None,
        bucket_labels=BUCKET_LABELS,
        rows=wording.carrying(analysis, sentences),
        cut=wording.cut_phrase(analysis, sentences),
        hidden=wording.hidden_rows(analysis.text, analysis.findings[:_FINDINGS_SHOWN]),
        statistics=STATISTICS,
        detectors=DETECTORS,
        figure=_figure,
        charts=_charts(analysis),
        made=[*_made(analysis), *([("date", date.isoformat())] if date else [])],
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template() -> Template:
    return _environment().get_template("html_report.html.jinja")


def _finalize(value: Any) -> Any:
    """Of every value that the template prints: what would steer the screen is shown, what is markup stays so."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(style: str) -> str:
    """What the browser may do: nothing but apply this one style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _style() -> str:
    """The style sheet, with the colours of the light and, on dark screens, of the dark palette."""
    light, dark = PALETTES["light"], PALETTES["dark"]
    rules = [(_HERE / "html_report.css").read_text(encoding="utf-8")]
    for n, line in enumerate(UNDERLINES):
        underline = "" if line == "none" else f"text-decoration:underline {line};"
        rules.append(f".r{n}{{background:{light.background[n]};color:{light.text[n]};{underline}}}")
    rules.append("@media screen and (prefers-color-scheme:dark){")
    for n, was in enumerate(light.background):
        rules.append(f".r{n}{{background:{dark.background[n]};color:{dark.text[n]}}}")
        rules.append(f'.ranks svg [fill="{was}"]{{fill:{dark.background[n]}}}')
    return "\n".join([*rules, "}"])


# The text


def _coloured(analysis: Analysis) -> Markup:
    """The text in coloured pieces, character by character as it is."""
    marks = _marks(analysis)
    parts, at = [], 0
    for piece, bucket in segment_buckets(analysis.tokenization, analysis.scores):
        shown = _shown(piece, at, marks)
        parts.append(shown if bucket is None else f'<span class="r{bucket}">{shown}</span>')
        at += len(piece)
    return Markup("".join(parts))


def _unscored(text: str) -> Markup:
    return Markup(_shown(text, 0, {}))


def _marks(analysis: Analysis) -> dict[int, str]:
    """Class of the mark of each hidden or look-alike character, by its place."""
    return {
        place: "alike" if found.kind == "homoglyph" else "mark"
        for found in analysis.findings
        for place in range(found.start, found.end)
    }


def _shown(piece: str, at: int, marks: Mapping[int, str]) -> str:
    """`piece`, which stands at `at`, escaped; what cannot be seen stands inside its mark, line ends behind theirs.

    Marks are codes, as few fonts have the symbols of control characters.
    """
    if visible(piece) == piece and not (marks and any(at + i in marks for i in range(len(piece)))):
        return html.escape(piece)
    parts = []
    for place, character in enumerate(piece, at):
        if character == "\n":
            parts.append('<span class="mark" data-mark="⏎"></span>\n')
        elif character == "\t" or (place not in marks and visible(character) == character):
            parts.append(html.escape(character))
        else:
            label, name = f"‹{ord(character):04X}›", marks.get(place, "mark")
            parts.append(f'<span class="{name}" data-mark="{label}">{_literal(character)}</span>')
    return "".join(parts)


def _literal(character: str) -> str:
    """A character as HTML that is read as that character; U+0000 cannot be in HTML at all and has its mark alone."""
    return {"\0": "", "\r": "&#13;"}.get(character, html.escape(character))


# Numbers and charts


def _figure(value: float, unit: str) -> str:
    shown = wording.number(value)
    return shown if unit == "1" or shown == "–" else f"{shown}\u00a0{unit}"


def _charts(analysis: Analysis) -> list[tuple[str, list[Markup]]]:
    """Name and drawings of each chart; the curve along the text also as phones show it."""
    curve = charts.surprise_curve(analysis)
    narrow: dict[str, alt.Chart | alt.LayerChart] = {
        "ranks": charts.rank_histogram(analysis),
        "fluctuation": charts.fluctuation_curve(analysis),
        "frac-p": charts.frac_p_histogram(analysis),
        "entropy": charts.entropy_histogram(analysis),
    }
    drawn = [("surprise", [Markup(to_svg(curve, width=width)) for width in (_WIDE, _NARROW)])]
    return drawn + [(name, [Markup(to_svg(chart, width=_NARROW))]) for name, chart in narrow.items()]


def _made(analysis: Analysis) -> list[tuple[str, str]]:
    """Enough to make the numbers again."""
    model, found = analysis.model, analysis.likelihood
    card, settings = analysis.calibration, found.settings
    rows = [
        ("program", f"text-provenance-analyzer {__version__}"),
        ("model", model.name),
        ("revision", model.revision),
        ("dtype, device", f"{model.dtype}, {model.device}"),
        ("libraries", model.libraries),
        ("window", f"{model.window:,} of {model.context_length:,} tokens"),
        ("start token", model.start_token or "none: the first token is not scored"),
        ("calibration", f"{found.calibration_id or 'none'}" + (f", made {card.created}" if card else "")),
        ("false-positive rate", wording.percent(settings.false_positive_rate)),
        ("base rate", wording.percent(settings.base_rate)),
        ("kind of writing", wording.kind_name(settings.kind) if settings.kind else "any"),
        ("SHA-256 of the text", hashlib.sha256(analysis.text.encode()).hexdigest()),
    ]
    if analysis.context is not None:
        rows.append(("SHA-256 of what stood before it", hashlib.sha256(analysis.context.encode()).hexdigest()))
    return rows
