"""The one main flow: text -> tokens -> scores -> statistics, detectors, likelihood = ``Analysis``.

Everything a person sees is a rendering of one ``Analysis``.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer import cards, hygiene, markup
from analyzer.calibration import UNCALIBRATED, Calibration, Likelihood, Settings
from analyzer.continuation import NextTokens, next_tokens
from analyzer.detectors import Detection, detect
from analyzer.errors import AnalyzerError, EmptyText, InputError
from analyzer.models import LanguageModel, ModelInfo
from analyzer.models.cache import PrefixCache
from analyzer.passes import Plan, plan, score_plans
from analyzer.sampling import Sampler
from analyzer.scoring import TokenScores, join
from analyzer.sentences import sentences, token_sentences
from analyzer.spans import Cut, machine_share, one_cut
from analyzer.statistics import document_statistics
from analyzer.tokens import TextTokenizer, Tokenization

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "Analyzer", "Sentence"]

Progress = Callable[[int, int], None]
"""Is given how many tokens are done, and of how many."""

_CACHE_BYTES = 512 << 20  # some 10,000 tokens of the default model in float32
_CALIBRATED_TOP_K = 10  # alternatives that the features of a calibration are computed from
_LOOK_AHEAD = 64  # texts among which batches of similar length are formed


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what it adds.

    Attributes
    ----------
    start, end : int
        Half-open offsets in code points; sentences cover the text.
    n_tokens : int
        Scored tokens that end in it.
    probability : float
        That a machine wrote it, seen together with its neighbours; nan where nothing is scored.
    share : float
        Its part of the log-odds of the whole text, nats: all of them sum to those.
    stands_out : bool
        Whether so much of machine is found nowhere in 99 of 100 texts that people wrote.
    """

    start: int
    end: int
    n_tokens: int
    probability: float
    share: float
    stands_out: bool


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
    detections : mapping of str to Detection
        Published detectors that need no more than these scores, see ``analyzer.detectors``.
    likelihood : Likelihood
        How likely a machine wrote it, with what to expect of such a number; at a false-positive rate of 1 %. For other
        settings see ``judge``.
    findings : tuple of Finding
        Hidden and look-alike characters, see ``analyzer.hygiene``.
    cleaned : Analysis or None
        Of the text without them, where there are any.
    model : ModelInfo
    context : str or None
        What stood before the text: it conditioned the scores and was not scored.
    warnings : tuple of str
        What a reader of the numbers should know about this text.
    """

    tokenization: Tokenization
    scores: TokenScores
    statistics: Mapping[str, float]
    detections: Mapping[str, Detection]
    likelihood: Likelihood
    model: ModelInfo
    context: str | None
    warnings: tuple[str, ...]
    tokenizer: TextTokenizer = field(repr=False)
    calibration: Calibration | None = field(default=None, repr=False)
    findings: tuple[hygiene.Finding, ...] = ()
    cleaned: "Analysis | None" = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The text, exactly as given."""
        return self.tokenization.text

    def text_of(self, token_id: int) -> str:
        """What the vocabulary entry `token_id` adds to a text; for the alternatives in ``scores.top_ids``."""
        return self.tokenizer.text_of(token_id)

    def judge(self, settings: Settings) -> Likelihood:
        """The likelihood under other settings; no forward pass.

        Raises
        ------
        InputError
            If the calibration does not know the kind of writing.
        """
        if self.calibration is None:
            if settings.kind is not None:
                raise InputError("kind: this model has no calibration to know kinds by.", hint="Leave it out.")
            return replace(UNCALIBRATED, settings=settings)
        return self.calibration.judge(self.tokenization, self.scores, settings)

    def judged(self, settings: Settings) -> "Analysis":
        """The same analysis with the likelihood under other settings."""
        return replace(
            self,
            likelihood=self.judge(settings),
            cleaned=None if self.cleaned is None else self.cleaned.judged(settings),
        )

    def token_shares(self) -> NDArray[np.float64]:
        """Each token's part (S,) of the log-odds that a machine wrote the text, nats: they sum to those.

        nan without a calibration.
        """
        if self.calibration is None:
            return np.full(len(self.scores), math.nan)
        evidence = self.calibration.token_evidence(self.tokenization, self.scores)
        return np.asarray(self.calibration.logit(evidence, len(evidence)) / len(evidence))

    def sentences(self) -> tuple[Sentence, ...]:
        """Sentence by sentence, what reads like a machine's; the probabilities are nan without a calibration."""
        spans = sentences(self.text)
        of_token = token_sentences(self.tokenization.spans, spans)[self.scores.start :]
        shares = self.token_shares()
        smooth, highest = np.full(len(shares), math.nan), math.inf
        if self.calibration is not None:
            span = self.calibration.span
            evidence = self.calibration.span_evidence(self.tokenization, self.scores)
            smooth, highest = machine_share(evidence, change=span["change"]), span["highest"]
        found = []
        for number, (start, end) in enumerate(spans.tolist()):
            mine = of_token == number
            n = int(mine.sum())
            probability = float(smooth[mine].mean()) if n else math.nan
            share = float(shares[mine].sum())
            found.append(Sentence(start, end, n, probability, share, probability > highest))
        return tuple(found)

    def cut(self) -> Cut | None:
        """Where a machine most likely went on from a person's beginning, if one did; None without a calibration.

        Tokens are counted among the scored ones.
        """
        if self.calibration is None:
            return None
        return one_cut(self.calibration.span_evidence(self.tokenization, self.scores))

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
            "statistics": {name: _finite(value) for name, value in self.statistics.items()},
            "detectors": {name: _finite(found.score) for name, found in self.detections.items()},
            "likelihood": {name: _finite(value) for name, value in asdict(self.likelihood).items()},
            "sentences": [{key: _finite(value) for key, value in asdict(s).items()} for s in self.sentences()],
            "cut": self._cut_as_offsets(),
            "hidden_characters": [asdict(found) for found in self.findings],
            "likelihood_without_them": None
            if self.cleaned is None
            else {name: _finite(value) for name, value in asdict(self.cleaned.likelihood).items()},
        }

    def _cut_as_offsets(self) -> dict[str, Any] | None:
        cut = self.cut()
        if cut is None:
            return None
        at = np.append(self.tokenization.spans[self.scores.start :, 0], len(self.text))
        return {"start": int(at[cut.token]), "low": int(at[cut.low]), "high": int(at[cut.high]), "gain": cut.gain}

    def to_json(self, *, indent: int | None = None) -> str:
        """One JSON object, documented in docs/reference.md; undefined statistics are null."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    def _repr_html_(self) -> str:
        return markup.to_html(self.tokenization, self.scores)


def _finite(value: Any) -> Any:
    """JSON has no nan: undefined numbers become None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    calibration : Calibration, optional
        A card for this model (see ``analyzer.cards.load_card``); the embedded model's own by default.
    top_k : int
        How many alternatives are kept for each token; ten are needed by some statistics and by a calibration.
    cache_bytes : int
        Bound on the memory for key-value states of recent texts, from which an edited text goes on; 0 keeps none.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    CalibrationMismatch
        If the card is not for this model.
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
        calibration: Calibration | None = None,
        top_k: int = 10,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        if isinstance(model, str):
            from analyzer.models.loading import load

            model = load(model, device=device, dtype=dtype, allow_pickle=allow_pickle)
        if not 1 <= top_k <= model.info.vocabulary:
            raise InputError(f"top_k: got {top_k}.", hint=f"Give a number from 1 to {model.info.vocabulary}.")
        if calibration is not None:
            calibration.check(model.info)
            if top_k < _CALIBRATED_TOP_K:
                raise InputError(f"top_k: a calibration needs {_CALIBRATED_TOP_K}, got {top_k}.", hint="Give 10.")
        elif top_k >= _CALIBRATED_TOP_K:
            calibration = cards.for_model(model.info)
        self.model: LanguageModel = model
        self.calibration = calibration
        self._read_out = None if calibration is None else calibration.read_out
        self._top_k = top_k
        self._cache = PrefixCache(model, top_k=top_k, max_bytes=cache_bytes, read_out=self._read_out)

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
        clean = self._without_hidden(found)
        cleaned = self.analyze(clean.tokenization.text, context) if clean else None
        return self._analysis(found, join(parts, start=found.start), cleaned)

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
            clean = [self._without_hidden(found) for found in plans]
            both = [*plans, *(one for one in clean if one)]
            scored = iter(score_plans(self.model, both, top_k=self._top_k, read_out=self._read_out))
            first = list(islice(scored, len(plans)))
            for found, scores, one in zip(plans, first, clean, strict=True):
                yield self._analysis(found, scores, self._analysis(one, next(scored)) if one else None)
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
        return next_tokens(self.model, prompt, k, sampler=sampler)

    def _analysis(self, plan: Plan, scores: TokenScores, cleaned: Analysis | None = None) -> Analysis:
        tokenization, card = plan.tokenization, self.calibration
        return Analysis(
            tokenization=tokenization,
            scores=scores,
            statistics=document_statistics(scores),
            detections=detect(scores),
            likelihood=UNCALIBRATED if card is None else card.judge(tokenization, scores),
            model=self.model.info,
            context=plan.context,
            warnings=self._warnings(plan),
            tokenizer=self.model.tokenizer,
            calibration=card,
            findings=hygiene.findings(tokenization.text),
            cleaned=cleaned,
        )

    def _without_hidden(self, found: Plan) -> Plan | None:
        """The text without its hidden characters, if it has any and anything else to score."""
        text = found.tokenization.text
        clean = hygiene.cleaned(text)
        if clean == text or not clean.strip():
            return None
        try:
            return plan(self.model, clean, found.context)
        except EmptyText:
            return None

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
