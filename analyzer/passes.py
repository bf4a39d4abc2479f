"""A text's way through a model: into tokens, cut into rows, scored in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import EmptyText
from analyzer.models import LanguageModel
from analyzer.scoring import ReadOut, Row, TokenScores, join
from analyzer.tokens import Tokenization
from analyzer.windows import Window, batches, windows

__all__ = ["Plan", "plan", "plan_tokens", "score_plans", "start_ids"]

_BATCH_TOKENS = {"cpu": 800, "cuda": 16384}  # measured on CPUs: best at 600 to 1,600; a GPU wants more


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A tokenised text and the rows that go through the model for it.

    Attributes
    ----------
    tokenization : Tokenization
    context : str or None
        What stands before the text.
    start : 0 or 1
        Tokens at the beginning that cannot be scored.
    windows : list of Window
        Where the rows lie in start token, context and text.
    rows : list of Row
    """

    tokenization: Tokenization
    context: str | None
    start: int
    windows: list[Window]
    rows: list[Row]


def start_ids(model: LanguageModel) -> NDArray[np.int64]:
    """The model's start token (1,), or nothing (0,)."""
    return np.array([] if model.start_id is None else [model.start_id], np.int64)


def plan(model: LanguageModel, text: str, context: str | None = None) -> Plan:
    """Tokenise, and cut into the rows that go through the model.

    Raises
    ------
    EmptyText
        If there is no token to score.
    InvalidText
        If the text holds lone surrogates.
    """
    return plan_tokens(model, model.tokenizer.encode(text), context)


def plan_tokens(model: LanguageModel, tokenization: Tokenization, context: str | None = None) -> Plan:
    """As `plan`, for a text that is in tokens already, which may be others than the tokenizer would choose.

    Raises
    ------
    EmptyText
        If there is no token to score.
    """
    before = model.tokenizer.encode(context or "").ids
    ids = np.concatenate([start_ids(model), before, tokenization.ids]).astype(np.int64)
    first = max(1, len(ids) - len(tokenization))
    if len(ids) <= first:
        if len(tokenization):
            raise EmptyText("One token alone has no score: this model has no start token.", hint="Give two words.")
        raise EmptyText("There is no text to score.", hint="Give at least one word.")
    found = windows(len(ids), first, model.info.window)
    start = len(tokenization) - (len(ids) - first)
    return Plan(tokenization, context, start, found, [Row(ids[w.start : w.end], w.first - w.start) for w in found])


def score_plans(
    model: LanguageModel,
    plans: Sequence[Plan],
    *,
    top_k: int,
    read_out: ReadOut | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[TokenScores]:
    """Score texts in padded batches of similar length; in the order given.

    `progress` is given the number of tokens of each batch once it is scored; what it raises ends the work there.
    """
    rows = [row for found in plans for row in found.rows]
    budget = _BATCH_TOKENS.get(model.info.device.split(":")[0], _BATCH_TOKENS["cpu"])
    scored: dict[int, TokenScores] = {}
    for batch in batches([len(row.ids) for row in rows], budget):
        scores = model.score([rows[i] for i in batch], top_k=top_k, read_out=read_out)
        scored.update(zip(batch, scores, strict=True))
        if progress is not None:
            progress(sum(map(len, scores)))
    parts = iter(scored[i] for i in range(len(rows)))
    return [join(list(islice(parts, len(found.rows))), start=found.start) for found in plans]
