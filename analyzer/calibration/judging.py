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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, logit, logsumexp, softmax

from analyzer.calibration.features import FEATURES, token_features
from analyzer.calibration.kinds import reasons_not_prose
from analyzer.errors import CalibrationMismatch, InputError
from analyzer.models import ModelInfo
from analyzer.scoring import ReadOut, TokenScores
from analyzer.series import surprise
from analyzer.tokens import Tokenization

__all__ = [
    "UNCALIBRATED",
    "VERDICTS",
    "Calibration",
    "LengthBin",
    "Likelihood",
    "Line",
    "Settings",
    "any_family",
    "bin_for",
    "decide",
    "populations",
    "strangeness",
]

Floats = NDArray[np.float64]

VERDICTS = ("likely human", "likely AI", "unclear", "not judged")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the reader of a verdict decides, never the detector.

    Attributes
    ----------
    false_positive_rate : float
        How many human texts may be called likely AI, 0 to 0.5 exclusive.
    base_rate : float
        Share of machine texts among those that are judged, before looking at them; 0 to 1 exclusive.
    kind : str or None
        Kind of writing, one of the card's populations: the text is then compared with those alone.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    false_positive_rate: float = 0.01
    base_rate: float = 0.5
    kind: str | None = None

    def __post_init__(self) -> None:
        shares = {"false_positive_rate": (self.false_positive_rate, 0.5), "base_rate": (self.base_rate, 1.0)}
        for name, (value, top) in shares.items():
            if not 0 < value < top:
                raise InputError(f"{name}: got {value}.", hint=f"Give a share between 0 and {top:g}, such as 0.01.")


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a machine wrote a text, how sure that is, and why no more may be said.

    Numbers are nan where nothing can be said.

    Attributes
    ----------
    probability, low, high : float
        Of machine origin, if persons and machines had written equally many such texts; and a 90 % interval: within it
        lies what a read-out that never saw this kind of writing would say, given more of the same text.
    human_p_value : float
        Share of human calibration texts of about this length that look at least as machine-like.
    verdict : str
        One of ``VERDICTS``.
    reasons : tuple of str
        What the verdict rests on, or why it is not clearer.
    calibration_id : str or None
        The card.
    score : float
        What the probability is a function of, unbounded: for ranking texts.
    posterior : float
        The probability at the base rate of `settings`.
    settings : Settings
    """

    probability: float
    low: float
    high: float
    human_p_value: float
    verdict: str
    reasons: tuple[str, ...]
    calibration_id: str | None
    score: float
    posterior: float
    settings: Settings = field(default_factory=Settings)


UNCALIBRATED = Likelihood(
    probability=math.nan,
    low=math.nan,
    high=math.nan,
    human_p_value=math.nan,
    verdict="not judged",
    reasons=("There is no calibration for this model: `analyzer calibrate` makes one from labelled texts.",),
    calibration_id=None,
    score=math.nan,
    posterior=math.nan,
)


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
class LengthBin:
    """What texts of about one length got.

    Attributes
    ----------
    tokens : int
        Texts of at least so many scored tokens, up to the next bin.
    human, machine : mapping of str to float64 (n,)
        Scores of calibration texts, by population and by generator: of human texts by read-outs that had not seen their
        population, of machine texts by read-outs that had not seen their sources.
    half_width : float
        Of the 90 % interval, in units of the score.
    typical_mean, typical_spread : float64 (P,)
        Of the features of all calibration texts.
    largest_distance : float
        From there, in spreads (root mean square over features), of all but one in a thousand.
    least_surprise : float
        Nats a token, of all but one in two hundred machine texts: what is more predictable is known by heart.
    """

    tokens: int
    human: Mapping[str, Floats]
    machine: Mapping[str, Floats]
    half_width: float
    typical_mean: Floats
    typical_spread: Floats
    largest_distance: float
    least_surprise: float


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
        tokens; and highest, the share of machine that one in a hundred human texts reaches somewhere.
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
        found = float(np.mean(_p_values(groups, machine) <= alpha)) if groups and len(machine) else 0.0
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


def bin_for(bins: Sequence[LengthBin], n_tokens: int) -> LengthBin | None:
    """The bin of texts of this length; None if it is shorter than all."""
    place = int(np.searchsorted([one.tokens for one in bins], n_tokens, side="right")) - 1
    return bins[place] if place >= 0 else None


def strangeness(one: LengthBin, means: Floats) -> str:
    """How a text's features (P,) lie outside those of the calibration texts; empty if they do not."""
    if means[FEATURES.index("surprise")] < one.least_surprise:
        return (
            "More predictable than nearly all machine texts it was calibrated on: a machine may have taken its first "
            "guess nearly always, or the model may know the text by heart, as it knows famous texts and boilerplate."
        )
    distance = math.sqrt(np.mean(((means - one.typical_mean) / one.typical_spread) ** 2))
    return "Unlike the texts it was calibrated on, human or machine." if distance > one.largest_distance else ""


_OWN_WEIGHT = 100  # texts of one length from which on a population is compared with on its own
_HUMAN_SHARE = 0.05  # likely human: at most so many machine texts look this human


def decide(one: LengthBin, score: float, settings: Settings) -> tuple[str, tuple[str, ...], float]:
    """The verdict on a text that can be judged, what it rests on, and the human p-value."""
    alpha, kind = settings.false_positive_rate, settings.kind
    human_p = tail_share(one.human, score, kind)
    if _resolution(one.human, kind) > alpha:
        few = "Too few human texts of this kind and length are known to hold the false-positive rate asked for."
        return "unclear", (few,), human_p
    if human_p <= alpha:
        return "likely AI", (f"At most {_percent(alpha)} of human texts of this length are as machine-like.",), human_p
    machine_p = tail_share({name: -of for name, of in one.machine.items()}, -score, None)
    if machine_p <= _HUMAN_SHARE:
        rare = f"Only {_percent(machine_p)} of machine texts of this length are as human."
        return "likely human", (rare,), human_p
    between = (
        f"Neither as machine-like as the outermost {_percent(alpha)} of human texts, nor as human as the outermost "
        f"{_percent(_HUMAN_SHARE)} of machine texts."
    )
    return "unclear", (between,), human_p


def _percent(share: float) -> str:
    return f"{100 * share:.2g}\u00a0%"


def tail_share(texts: Mapping[str, Floats], value: float, kind: str | None) -> float:
    """Conformal p-value: the share of texts at least as extreme as `value`, the text itself counted among them.

    Without a kind it is the mean of the populations' p-values: each counts alike, however many of its texts were at
    hand; but those with under a hundred count together, as three texts can promise nothing to a fourth.
    """
    groups = populations(texts, kind)
    return float(_p_values(groups, np.array([value]))[0]) if groups else math.nan


def _p_values(groups: Sequence[Floats], values: Floats) -> Floats:
    """Mean over groups of the conformal p-values (n,) of some scores."""
    each = [(1 + np.sum(of[:, None] >= values, axis=0)) / (1 + len(of)) for of in groups]
    return np.asarray(np.mean(each, axis=0))


def populations(texts: Mapping[str, Floats], kind: str | None) -> list[Floats]:
    """Scores that a text is compared with, by population: they count alike, but small ones together."""
    if kind is not None:
        return [texts[kind]] if len(texts.get(kind, ())) else []
    large = [of for of in texts.values() if len(of) >= _OWN_WEIGHT]
    small = [of for of in texts.values() if 0 < len(of) < _OWN_WEIGHT]
    return [*large, np.concatenate(small)] if small else large


def _resolution(texts: Mapping[str, Floats], kind: str | None) -> float:
    """The smallest p-value that there can be."""
    groups = populations(texts, kind)
    return float(np.mean([1 / (1 + len(of)) for of in groups])) if groups else 1.0
