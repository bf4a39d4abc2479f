"""The one main flow: text -> tokens -> scores -> statistics = ``Analysis``.

Everything a person sees is a rendering of one ``Analysis``.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer import markup
from analyzer.errors import AnalyzerError, EmptyText, InputError
from analyzer.models import LanguageModel, ModelInfo
from analyzer.models.cache import PrefixCache
from analyzer.passes import Plan, plan, score_plans, start_ids
from analyzer.sampling import Sampler
from analyzer.scoring import Row, TokenScores, join, log_softmax
from analyzer.statistics import document_statistics
from analyzer.tokens import TextTokenizer, Tokenization

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "Analyzer", "NextTokens"]

Progress = Callable[[int, int], None]
"""Is given how many tokens are done, and of how many."""

_CACHE_BYTES = 512 << 20  # some 10,000 tokens of the default model in float32
_LOOK_AHEAD = 64  # texts among which batches of similar length are formed


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a model makes of one text.

    Attributes
    ----------
    tokenization : Tokenization
        The text exactly as given, its tokens and their offsets; T tokens.
    scores : TokenScores
        S = T - start scored tokens.
    statistics : mapping of str to float
        Facts about the text under the model, see ``analyzer.statistics``; nan where undefined.
    model : ModelInfo
    context : str or None
        What stood before the text: it conditioned the scores and was not scored.
    warnings : tuple of str
        What a reader of the numbers should know about this text.
    """

    tokenization: Tokenization
    scores: TokenScores
    statistics: Mapping[str, float]
    model: ModelInfo
    context: str | None
    warnings: tuple[str, ...]
    tokenizer: TextTokenizer = field(repr=False)

    @property
    def text(self) -> str:
        """The text, exactly as given."""
        return self.tokenization.text

    def text_of(self, token_id: int) -> str:
        """What the vocabulary entry `token_id` adds to a text; for the alternatives in ``scores.top_ids``."""
        return self.tokenizer.text_of(token_id)

    def to_frame(self) -> "pd.DataFrame":
        """One row a token: text, start, end, id, log_prob, rank, entropy, varentropy, context_len.

        A first token that nothing stands before has missing values. Columns are numpy arrays, copied once.
        """
        import pandas as pd

        scores, tokens = self.scores, self.tokenization
        frame = pd.DataFrame(
            {
                "text": [tokens.piece(i) for i in range(len(tokens))],
                "start": tokens.spans[:, 0],
                "end": tokens.spans[:, 1],
                "id": tokens.ids,
            }
        )
        for name in ("log_prob", "rank", "entropy", "varentropy", "context_len"):
            column = pd.Series(getattr(scores, name), index=frame.index[scores.start :])
            frame[name] = column.astype("Int64") if column.dtype == np.int64 else column
        return frame

    def to_dict(self) -> dict[str, Any]:
        """The documented object of ``to_json`` (docs/reference.md) as plain Python values."""
        scores, tokens = self.scores, self.tokenization
        rows: list[dict[str, Any]] = []
        for i, (token_id, (start, end)) in enumerate(zip(tokens.ids.tolist(), tokens.spans.tolist(), strict=True)):
            s = i - scores.start
            row = {"text": tokens.piece(i), "start": start, "end": end, "id": token_id}
            if s < 0:
                row |= {"log_prob": None, "rank": None, "entropy": None, "varentropy": None, "top": []}
            else:
                row |= {
                    "log_prob": float(scores.log_prob[s]),
                    "rank": int(scores.rank[s]),
                    "entropy": float(scores.entropy[s]),
                    "varentropy": float(scores.varentropy[s]),
                    "top": [
                        {"text": self.text_of(top_id), "id": top_id, "prob": math.exp(log_prob)}
                        for top_id, log_prob in zip(
                            scores.top_ids[s].tolist(), scores.top_log_prob[s].tolist(), strict=True
                        )
                    ],
                }
            rows.append(row)
        return {
            "model": asdict(self.model) | {"notes": list(self.model.notes)},
            "text": self.text,
            "context": self.context,
            "warnings": list(self.warnings),
            "tokens": rows,
            "statistics": {name: value if math.isfinite(value) else None for name, value in self.statistics.items()},
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """One JSON object, documented in docs/reference.md; undefined statistics are null."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    def _repr_html_(self) -> str:
        return markup.to_html(self.tokenization, self.scores)


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


class Analyzer:
    """Scores texts under one model. Safe to share between threads, but its cache is one user's: one each.

    Parameters
    ----------
    model : str or LanguageModel
        The embedded default, a hub id, a folder or a GGUF file (see ``analyzer.models.loading.load``), or a loaded
        model, which several analyzers may share.
    device, dtype : str
        "auto", or as torch names them; only for a model given by name.
    allow_pickle : bool
        Also load weights that exist only as pickle files, which can run code.
    top_k : int
        How many alternatives are kept for each token; ten are needed by some statistics.
    cache_bytes : int
        Bound on the memory for key-value states of recent texts, from which an edited text goes on; 0 keeps none.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    InputError
        If `top_k` is out of range.

    Examples
    --------
    >>> from analyzer.models.toy import ToyModel
    >>> analysis = Analyzer(ToyModel("to be or not to be")).analyze("to be")
    >>> [analysis.tokenization.piece(i) for i in range(5)], analysis.scores.rank.tolist()
    (['t', 'o', ' ', 'b', 'e'], [1, 1, 1, 1, 1])
    """

    def __init__(
        self,
        model: str | LanguageModel = "SmolLM2-135M-Instruct",
        *,
        device: str = "auto",
        dtype: str = "auto",
        allow_pickle: bool = False,
        top_k: int = 10,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        if isinstance(model, str):
            from analyzer.models.loading import load

            model = load(model, device=device, dtype=dtype, allow_pickle=allow_pickle)
        if not 1 <= top_k <= model.info.vocabulary:
            raise InputError(f"top_k: got {top_k}.", hint=f"Give a number from 1 to {model.info.vocabulary}.")
        self.model: LanguageModel = model
        self._top_k = top_k
        self._cache = PrefixCache(model, top_k=top_k, max_bytes=cache_bytes)

    def analyze(self, text: str, context: str | None = None, *, progress: Progress | None = None) -> Analysis:
        """Score one text.

        What it shares with texts analysed lately is not read again; so a long text whose analysis was interrupted goes
        on with the window at which it stopped.

        Parameters
        ----------
        text : str
            Scored whole: what is longer than the model's window goes through it in overlapping windows.
        context : str, optional
            What stood before the text: a prompt, an earlier chapter. Conditions, is not scored.
        progress : callable, optional
            Is given the numbers of tokens scored and of tokens in all, after each window.

        Raises
        ------
        EmptyText
            If there is no token to score.
        InvalidText
            If the text holds lone surrogates.
        """
        found = plan(self.model, text, context)
        parts: list[TokenScores] = []
        for row in found.rows:
            parts.append(self._cache.score(row))
            if progress is not None:
                progress(sum(map(len, parts)), sum(len(r.ids) - r.first for r in found.rows))
        return self._analysis(found, join(parts, start=found.start))

    def analyze_many(self, texts: Iterable[str]) -> Iterator[Analysis]:
        """Score texts in batches of similar length; yields in the order given, with bounded memory.

        The numbers are those of ``analyze`` to within rounding: padding changes nothing.

        Raises
        ------
        EmptyText, InvalidText
            For the first text that cannot be scored, once all before it have been yielded.
        """
        waiting = iter(texts)
        while group := list(islice(waiting, _LOOK_AHEAD)):
            plans: list[Plan] = []
            refused: AnalyzerError | None = None
            for text in group:
                try:
                    plans.append(plan(self.model, text))
                except AnalyzerError as error:
                    refused = error
                    break
            for found, scores in zip(plans, score_plans(self.model, plans, top_k=self._top_k), strict=True):
                yield self._analysis(found, scores)
            if refused is not None:
                raise refused

    def next_tokens(self, prompt: str, k: int = 10, *, sampler: Sampler | None = None) -> NextTokens:
        """The k most likely tokens to follow `prompt`.

        Parameters
        ----------
        prompt : str
            May be empty where the model has a start token.
        k : int
            Cut to the vocabulary.
        sampler : Sampler, optional
            What a sampler would make of the distribution; the candidates and their order stay the model's own.

        Raises
        ------
        EmptyText
            If there is nothing to continue.
        InputError
            If `k` is less than 1.
        """
        if k < 1:
            raise InputError(f"k: got {k}.", hint="Give a number from 1 on.")
        whole = np.concatenate([start_ids(self.model), self.model.tokenizer.encode(prompt).ids])
        ids = whole[-self.model.info.window :]
        if not len(ids):
            raise EmptyText("The prompt is empty, and this model has no start token.", hint="Give at least one word.")
        _, state = self.model.extend(None, Row(ids, len(ids)), top_k=1)
        logits = self.model.next_logits(state)
        probability = np.exp(log_softmax(logits))
        offered = probability if sampler is None else sampler.offered(logits)
        best = np.argsort(-probability, kind="stable")[:k]
        texts = tuple(self.model.tokenizer.text_of(int(i)) for i in best)
        cut = f"Longer than the model's window: only the last {len(ids):,} tokens of the prompt were read."
        warnings = (cut,) if len(ids) < len(whole) else ()
        return NextTokens(prompt, best, texts, probability[best], offered[best], warnings)

    def _analysis(self, plan: Plan, scores: TokenScores) -> Analysis:
        return Analysis(
            tokenization=plan.tokenization,
            scores=scores,
            statistics=document_statistics(scores),
            model=self.model.info,
            context=plan.context,
            warnings=self._warnings(plan),
            tokenizer=self.model.tokenizer,
        )

    def _warnings(self, plan: Plan) -> tuple[str, ...]:
        found = []
        if plan.start:
            found.append("The first token has no score: this model has no start token.")
        if dropped := plan.tokenization.uncovered:
            found.append(f"The model's tokenizer drops {dropped} characters: they are shown, not scored.")
        unknown = self.model.tokenizer.unknown_id
        if unknown is not None and (count := int((plan.tokenization.ids == unknown).sum())):
            found.append(f"{count} tokens are unknown to the model's vocabulary: their scores say little.")
        size = self.model.info.window
        if len(plan.windows) > 1:
            found.append(
                f"Longer than the model's window: read in {len(plan.windows)} overlapping windows of {size:,} tokens, "
                f"each token scored once, with at least {size // 2:,} tokens before it or all there are."
            )
        if plan.windows[0].start:
            read = plan.windows[0].first - plan.windows[0].start
            found.append(f"What stood before is longer than the model's window: its last {read:,} tokens were read.")
        return tuple(found)
