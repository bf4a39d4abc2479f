"""Results that are held in memory, as the files that ``analyzer batch`` writes."""

import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from analyzer import __version__
from analyzer.analysis import Analyzer
from analyzer.batch.frames import columns_of
from analyzer.batch.kept import Kept, record_of
from analyzer.batch.layout import Layout
from analyzer.batch.sinks import line_of, write_output
from analyzer.batch.spreadsheet import disarmed
from analyzer.calibration import Likelihood, Settings

__all__ = ["file_of"]


def file_of(
    analyzer: Analyzer, found: Iterable[tuple[Kept, Likelihood | None]], *, form: str, settings: Settings
) -> bytes:
    """A file of records, each judged as given under `settings`; of CSV no cell is a formula, see ``spreadsheet``.

    Parameters
    ----------
    analyzer : Analyzer
        What the results are of.
    found : iterable of (Kept, Likelihood or None)
    form : str
        One of ``sinks.FORMATS``.
    settings : Settings
    """
    layout = Layout(settings=settings)
    records = [record_of(kept, likelihood) for kept, likelihood in found]
    columns = columns_of(records, layout)
    if form == "csv":
        records, columns = [disarmed(record) for record in records], disarmed(columns)
    file = io.BytesIO()
    write_output(file, [map(line_of, records)], form=form, columns=columns, about=_about(analyzer, settings))
    return file.getvalue()


def _about(analyzer: Analyzer, settings: Settings) -> str:
    card = analyzer.calibration
    info: dict[str, Any] = asdict(analyzer.model.info)
    info.pop("notes")
    about = {
        "version": __version__,
        "model": info,
        "calibration": None if card is None else card.calibration_id,
        "settings": asdict(settings),
    }
    return json.dumps(about, ensure_ascii=False)
