"""A column of texts to columns of numbers: for Hugging Face data sets, Ray Data and pandas, which map functions over
batches of columns.
"""

import json
import math
import threading
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from analyzer import __version__
from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.layout import Kind, Layout
from analyzer.batch.rows import Row, no_text
from analyzer.calibration import Settings, cards
from analyzer.errors import InputError

__all__ = ["ScoreTexts"]

Batch = TypeVar("Batch")

_MODELS = 2  # kept in one process: two can be compared without loading them in turns
_LOADING = threading.Lock()


@dataclass(kw_only=True)  # not frozen: Ray makes a subclass, and keeps things of its own in it
class ScoreTexts:
    """Adds the numbers of its texts to a batch of columns; for ``map(..., batched=True)`` and ``map_batches``.

    It is a value: it holds settings only, can be pickled, and equal settings have equal pickles, by which caches of
    data sets go. The model is loaded at the first batch, once in each process.

    A batch is a mapping of names to lists or arrays, or a ``pandas.DataFrame``; what comes back is of the same type:
    its columns, then those of ``docs/reference.md`` without `id`. There are no nulls, so that every batch has columns
    of the same types: an undefined number is nan, `n_tokens` of a row without numbers 0, no text an empty one, and
    `reasons` are one text. A text that cannot be scored is a row with its `error`. A column of the batch's with a name
    of ours becomes ``input_NAME``.

    Batches of the model form among the texts of one call: a thousand are better than ten.

    Parameters
    ----------
    model : str
        As of ``Analyzer``.
    text_column : str
    statistics, detectors : str
        "all", "none", or names with commas between them.
    tokens : bool
        Whether to add lists over the tokens.
    settings : Settings
        Of the verdict.
    card : str, optional
        File of a calibration card, read at once: its content travels along.
    device, dtype : str
        As of ``Analyzer``.
    allow_pickle : bool
        As of ``Analyzer``.
    threads : int, optional
        Of the model on a CPU, where several processes share its cores; torch's own choice by default.

    Raises
    ------
    InputError
        If a name is not known, or a setting is out of range.
    CalibrationError
        If the card cannot be read.

    Examples
    --------
    >>> list(ScoreTexts(statistics="perplexity,lrr", detectors="none").columns)[-3:]
    ['error', 'perplexity', 'lrr']
    """

    model: str = "SmolLM2-135M-Instruct"
    text_column: str = "text"
    statistics: str = "all"
    detectors: str = "all"
    tokens: bool = False
    settings: Settings = field(default_factory=Settings)
    card: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    allow_pickle: bool = False
    threads: int | None = None
    _card: str | None = field(init=False, repr=False, default=None)
    _version: str = field(init=False, repr=False, default=__version__)  # another one may give other numbers

    def __post_init__(self) -> None:
        self._layout()
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads: got {self.threads}.", hint="Give a number from 1 on, or none.")
        if self.card is not None:
            cards.load_card(Path(self.card))
            self._card = Path(self.card).read_text("utf-8")

    @property
    def columns(self) -> dict[str, Kind]:
        """The columns that are added, and what they hold."""
        return {name: kind for name, kind in self._layout().own.items() if name != "id"}

    def __call__(self, batch: Batch) -> Batch:
        """The batch with the numbers of its texts.

        Raises
        ------
        InputError
            If there is no such column, or the card does not know the kind of writing.
        ModelError, CalibrationError
            If the model cannot be loaded, or the card is not for it.
        """
        given: Any = batch
        names = list(given)
        if self.text_column not in names:
            hint = f"Name one of: {', '.join(map(str, names))}."
            raise InputError(f"There is no column {self.text_column!r}.", hint=hint)
        layout, ours = self._layout(), self.columns
        texts = given[self.text_column]
        arrays = isinstance(texts, np.ndarray)
        rows = (_row(number, value) for number, value in enumerate(texts, 1))
        records = [layout.record(result) for result in score_rows(self._analyzer(), rows)]
        found = copy(given)
        for name in names:
            if name in ours:
                found[_free(name, {*names, *ours})] = given[name]
        for name, kind in ours.items():
            found[name] = _column([record[name] for record in records], kind, arrays=arrays)
        scored: Batch = found
        return scored

    def _layout(self) -> Layout:
        return Layout.of(
            statistics=self.statistics, detectors=self.detectors, tokens=self.tokens, settings=self.settings
        )

    def _analyzer(self) -> Analyzer:
        import torch

        with _LOADING:
            found = _loaded(self.model, self.device, self.dtype, self.allow_pickle, self.card, self._card)
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        return found


@lru_cache(maxsize=_MODELS)
def _loaded(model: str, device: str, dtype: str, allow_pickle: bool, path: str | None, card: str | None) -> Analyzer:
    calibration = None if card is None else cards.from_dict(json.loads(card), where=str(path))
    return Analyzer(
        model, device=device, dtype=dtype, allow_pickle=allow_pickle, calibration=calibration, cache_bytes=0
    )


def _row(number: int, value: object) -> Row:
    if isinstance(value, str):
        return Row(number, number, value)
    if value is None or isinstance(value, float) or type(value).__name__ == "NAType":  # pandas: neither equal nor not
        return Row(number, number, None, error=no_text(value if isinstance(value, float) else None))
    error = InputError(f"Expected text, got {type(value).__name__}.", hint="Choose another text column.")
    return Row(number, number, None, error=error)


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = f"input_{name}"
    return name


def _column(values: Sequence[Any], kind: Kind, *, arrays: bool) -> Any:
    """Values of one type: arrays of numbers, lists of strings, lists of lists over the tokens.

    Where the batch holds lists, as those of data sets do, the latter are arrays, whose type shows where all are empty;
    where it holds arrays, as Ray's do, they are lists, for it takes arrays for tensors of one shape.
    """
    if kind == "float":
        return np.array([math.nan if value is None else value for value in values], np.float64)
    if kind == "int":
        return np.array([value or 0 for value in values], np.int64)
    if kind in ("ints", "floats"):
        nothing = np.empty(0, np.int64 if kind == "ints" else np.float64)
        found = (nothing if value is None else value for value in values)
        return [value.tolist() for value in found] if arrays else list(found)
    return [" ".join(value or ()) if kind == "texts" else value or "" for value in values]
