"""What a model makes of one text, as one value: everything a person sees is a rendering of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer import markup
from analyzer.calibration import UNCALIBRATED, Calibration, Likelihood, Settings
from analyzer.calibration.spans import Cut, machine_share, one_cut
from analyzer.detectors import Detection
from analyzer.errors import InputError
from analyzer.models import ModelInfo
from analyzer.scoring import TokenScores
from analyzer.text import hygiene
from analyzer.text.sentences import sentences, token_sentences
from analyzer.tokens import TextTokenizer, Tokenization

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "Sentence"]


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
        Whether so much of machine is found nowhere in 39 of 40 texts that people wrote, of any kind of writing.
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
        Hidden and look-alike characters, see ``analyzer.text.hygiene``.
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
