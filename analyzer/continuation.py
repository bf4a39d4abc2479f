"""The model's next tokens after a prompt."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import EmptyText, InputError
from analyzer.models import LanguageModel
from analyzer.passes import start_ids
from analyzer.sampling import Sampler
from analyzer.scoring import Row, log_softmax

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NextTokens", "next_tokens"]


@dataclass(frozen=True, slots=True, eq=False)
class NextTokens:
    """The k most likely continuations of a prompt, most likely first.

    Attributes
    ----------
    prompt : str
    ids : int64 (k,)
    texts : tuple of str
        What each would add to the prompt.
    probability : float64 (k,)
        The model's own.
    offered : float64 (k,)
        After the sampler; 0 for what it filters out, the same as `probability` without one.
    warnings : tuple of str
        What a reader of the numbers should know.
    """

    prompt: str
    ids: NDArray[np.int64]
    texts: tuple[str, ...]
    probability: NDArray[np.float64]
    offered: NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a candidate: token, id, probability, cumulative, offered."""
        import pandas as pd

        return pd.DataFrame(
            {
                "token": self.texts,
                "id": self.ids,
                "probability": self.probability,
                "cumulative": self.probability.cumsum(),
                "offered": self.offered,
            }
        )


def next_tokens(model: LanguageModel, prompt: str, k: int, *, sampler: Sampler | None = None) -> NextTokens:
    """See ``Analyzer.next_tokens``."""
    if k < 1:
        raise InputError(f"k: got {k}.", hint="Give a number from 1 on.")
    text = model.tokenizer.encode(prompt).ids
    whole = np.concatenate([start_ids(model), text])
    ids = whole[-model.info.window :]
    if not len(ids):
        raise EmptyText("The prompt is empty, and this model has no start token.", hint="Give at least one word.")
    _, state = model.extend(None, Row(ids, len(ids)), top_k=1)
    logits = model.next_logits([state])[0]
    probability = np.exp(log_softmax(logits))
    offered = probability if sampler is None else sampler.offered(logits, text)
    best = np.argsort(-probability, kind="stable")[:k]
    texts = tuple(model.tokenizer.text_of(int(i)) for i in best)
    cut = f"Longer than the model's window: only the last {len(ids):,} tokens of the prompt were read."
    warnings = (cut,) if len(ids) < len(whole) else ()
    return NextTokens(prompt, best, texts, probability[best], offered[best], warnings)
