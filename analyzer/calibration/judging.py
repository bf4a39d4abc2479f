"""From what tokens tell to how likely a machine wrote them: a card of measured numbers, and how it judges.

    evidence of a token = weights · (its features, its hidden states) + bias, for each family of machines
    score of a text     = ln Σ exp(mean evidence) over the families: the odds that it is of one of them
    probability         = logistic of the score, by length
    human p-value       = share of human calibration texts of about this length that look at least as machine-like

A card is bound to one model and one list of features. Its thresholds are human texts, scored by read-outs that had seen
nothing of their kind of writing: nobody must be accused for writing in a way that we have not been shown. Nothing about
who is accused is written in the code.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, logit, logsumexp, softmax

from analyzer.calibration.among import LengthBin, bin_for, decide, p_values, populations, strangeness
from analyzer.calibration.features import token_features
from analyzer.calibration.kinds import reasons_not_prose
from analyzer.calibration.likelihood import Likelihood, Settings
from analyzer.errors import CalibrationMismatch, InputError
from analyzer.models import ModelInfo
from analyzer.scoring import ReadOut, TokenScores
from analyzer.series import surprise
from analyzer.tokens import Tokenization

__all__ = ["Calibration", "Line", "any_family"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A linear read-out of what a token tells.

    Attributes
    ----------
    features : float64 (P,)
    states : float64 (H,) or (0,)
        Of the middle layers' states, side by side.
    bias : float
    """

    features: Floats
    states: Floats
    bias: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A card: read-outs, the texts that say what their scores mean, and the figures that say how far to trust them.

    Attributes
    ----------
    calibration_id, created : str
    model : mapping of str to str
        name and revision; and dtype, a list of those the card was checked with, separated by spaces.
    layers : tuple of int
        Middle layers whose states are read.
    evidence : tuple of Line
        One for each family of machines: those tuned to please and raw ones drawn at random differ from people in ways
        of their own, and no one line tells both.
    bins : tuple of LengthBin
        Shortest first. What is shorter than the first is not judged.
    slope, offset : pairs of float
        logit probability = (slope[0] + slope[1] L) score + offset[0] + offset[1] L, with L = ln tokens, no longer than
        the longest calibration texts.
    longest : int
        Tokens of those.
    english_prose : bool
        Whether the calibration texts were, so that nothing else can be judged.
    span : mapping of str to float
        What a token tells of its sentence (see ``span_evidence``); the probability that the writer changes between two
        tokens; and highest, the share of machine that one in forty texts of any human kind reaches somewhere.
    measured : mapping
        The model card's figures.
    """

    calibration_id: str
    created: str
    model: Mapping[str, str]
    layers: tuple[int, ...]
    evidence: tuple[Line, ...]
    bins: tuple[LengthBin, ...]
    slope: tuple[float, float]
    offset: tuple[float, float]
    longest: int
    english_prose: bool
    span: Mapping[str, float]
    measured: Mapping[str, Any]

    @property
    def read_out(self) -> ReadOut | None:
        """What to take from the forward pass: the states' part of the evidence, (S, K) for K families."""
        if not self.layers:
            return None
        return ReadOut(self.layers, np.column_stack([line.states for line in self.evidence]).astype(np.float32))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of writing, or populations of writers, that the promise about false positives covers."""
        return tuple(sorted({name for one in self.bins for name in one.human}))

    def check(self, model: ModelInfo) -> None:
        """Refuse a model this card was not made with.

        Raises
        ------
        CalibrationMismatch
            If name, revision or dtype differ.
        """
        for name, found in (("name", model.name), ("revision", model.revision), ("dtype", model.dtype)):
            wanted = self.model[name]
            if found not in (wanted.split() if name == "dtype" else [wanted]):
                raise CalibrationMismatch(
                    f"The calibration {self.calibration_id} is for {name} {wanted}, the model has {found}.",
                    hint="Load that model, or make a card for this one with `analyzer calibrate`.",
                )

    def token_evidence(self, tokenization: Tokenization, scores: TokenScores) -> Floats:
        """Evidence (S,) of each token; the score of a text is its mean.

        With several families a token's evidence is their mean, weighted by how likely the whole text is of each, plus
        a constant: ln Σ exp(a) = Σ w a - Σ w ln w, where w = exp(a) / Σ exp(a).

        Raises
        ------
        ValueError
            If the scores were made without this card's read-out.
        """
        each = self._evidence(token_features(tokenization, scores), scores)
        means = each.mean(axis=0)
        weight = softmax(means)
        return np.asarray(each @ weight + entr(weight).sum())

    def span_evidence(self, tokenization: Tokenization, scores: TokenScores) -> Floats:
        """Log-likelihood ratio (S,), machine over person, of each token: for ``analyzer.calibration.spans``."""
        of = self.span
        own = of["evidence"] * self.token_evidence(tokenization, scores)
        return np.asarray(
            own + of["surprise"] * np.minimum(surprise(scores), 20) + of["entropy"] * scores.entropy + of["constant"]
        )

    def _evidence(self, features: Floats, scores: TokenScores) -> Floats:
        """Evidence (S, K) of each token for each family."""
        if self.layers and scores.read_out.shape[1] != len(self.evidence):
            raise ValueError("read_out: expected that of this calibration; give it to the forward pass")
        each = np.column_stack([features @ line.features + line.bias for line in self.evidence])
        return each + scores.read_out if self.layers else each

    def log_odds(self, tokenization: Tokenization, scores: TokenScores) -> float:
        """Log-odds of machine origin of a text, nats, however short: which way it leans where nothing can be judged."""
        means = self._evidence(token_features(tokenization, scores), scores).mean(axis=0)
        return float(self.logit(float(any_family(means)), len(scores)))

    def logit(self, score: float | Floats, n_tokens: int) -> Any:
        """Log-odds of machine origin for a score at a length."""
        length = math.log(min(max(n_tokens, self.bins[0].tokens), self.longest))
        return (self.slope[0] + self.slope[1] * length) * score + self.offset[0] + self.offset[1] * length

    def innocent_share(self, n_tokens: int, settings: Settings) -> float:
        """Share of people's texts among those of this length that would be called likely AI, by Bayes' rule.

        From the most that people may be accused, and how many of the machine texts it was calibrated on would be found.
        nan where none would.
        """
        one = bin_for(self.bins, n_tokens) or self.bins[0]
        machine = np.concatenate([*one.machine.values(), np.empty(0)])
        alpha, groups = settings.false_positive_rate, populations(one.human, settings.kind)
        found = float(np.mean(p_values(groups, machine) <= alpha)) if groups and len(machine) else 0.0
        accused = (1 - settings.base_rate) * alpha
        return float(accused / (accused + settings.base_rate * found)) if found else math.nan

    def judge(self, tokenization: Tokenization, scores: TokenScores, settings: Settings | None = None) -> Likelihood:
        """Judge a text from its scores; no forward pass.

        Parameters
        ----------
        tokenization, scores
            Of the whole text, the scores with this card's read-out.
        settings : Settings, optional

        Raises
        ------
        InputError
            If the card does not know the kind of writing.
        """
        settings = settings or Settings()
        if settings.kind is not None and settings.kind not in self.kinds:
            raise InputError(
                f"kind: the calibration does not know {settings.kind!r}.", hint=f"Give one of {', '.join(self.kinds)}."
            )
        features = token_features(tokenization, scores)
        means = features.mean(axis=0)
        score = float(any_family(self._evidence(features, scores).mean(axis=0)))
        n_tokens = len(scores)
        objections = self._objections(tokenization.text, means, n_tokens)
        one = bin_for(self.bins, n_tokens) or self.bins[0]
        low, middle, high = self.logit(score + one.half_width * np.array([-1.0, 0.0, 1.0]), n_tokens).tolist()
        verdict, reasons, human_p = decide(one, score, settings)
        if objections:
            verdict, reasons = "not judged", tuple(objections)
            low = middle = high = human_p = math.nan
        return Likelihood(
            probability=float(expit(middle)),
            low=float(expit(low)),
            high=float(expit(high)),
            human_p_value=human_p,
            verdict=verdict,
            reasons=reasons,
            calibration_id=self.calibration_id,
            score=score,
            posterior=float(expit(middle + logit(settings.base_rate))),
            settings=settings,
        )

    def _objections(self, text: str, means: Floats, n_tokens: int) -> list[str]:
        """Why this text cannot be judged at all."""
        one = bin_for(self.bins, n_tokens)
        if one is None:
            return [f"Too short: {n_tokens} tokens. Under {self.bins[0].tokens} nothing was measured."]
        found = [reason.message for reason in reasons_not_prose(text)] if self.english_prose else []
        return found or [reason for reason in (strangeness(one, means),) if reason]


def any_family(evidence: Floats) -> Floats:
    """Log-odds (...,) that a text is of any family, from those of each (..., K)."""
    return np.asarray(logsumexp(evidence, axis=-1))
