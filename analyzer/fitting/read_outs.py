"""Make a calibration card from measured texts, and measure how good it is on sources it was not fitted on.

    Corpus ──discriminant, once for each part left out──▶ scores of texts by read-outs that had not seen them
                                                         ├─▶ bins, probability, interval: the card
                                                         └─▶ figures: the model card (``analyzer.fitting.evaluation``)

The read-out is a linear discriminant made for texts that come from few domains: the difference of machine and person is
taken *within* domains, so that it does not learn which topics machines were asked to write about.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from analyzer.calibration import Calibration, LengthBin, Line, any_family
from analyzer.calibration.features import FEATURES
from analyzer.errors import InputError
from analyzer.fitting.corpus import BEGINNING, LATER, WHOLE, Corpus
from analyzer.models import ModelInfo

__all__ = ["Choices", "Crossed", "Fitter", "Moments", "fit", "folds", "make_bins", "probability_line"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_P = len(FEATURES)
# Tokens, around the lengths that ``analyzer.fitting.corpus`` measures. A bin from 24 tokens was tried, and hardly any
# machine text found in it: there is nothing to say about such texts.
_BINS = (48, 96, 160)
_FEWEST_TEXTS = 100  # human texts of one length: with fewer there is no false-positive rate of 1 %
_FEWEST_DOMAINS = 3  # with fewer, leaving one out leaves nothing to learn from
_STRETCH = 64  # tokens of some sentences
_CHANGE = 0.005  # probability that the writer changes between two tokens: once in some ten sentences
_FITTED_TOKENS = 48  # shorter texts are scored, but too noisy to learn from


@dataclass(frozen=True, slots=True)
class Choices:
    """What was tried and chosen, by texts of other groups and domains (docs/model-card.md).

    Attributes
    ----------
    ridge : float
        Added to the variance of every standardised column.
    features_up : float
        How many times less the features are shrunk than the states.
    """

    ridge: float = 3.0
    features_up: float = 10.0


class Moments:
    """Sums and products of a corpus by (domain, family, part), from which read-outs are solved without any part.

    Parameters
    ----------
    corpus : Corpus
        N rows.
    part : (N,)
        What can be left out beside domains: folds.
    """

    def __init__(self, corpus: Corpus, part: NDArray[np.int64]) -> None:
        x = corpus.features
        self._centre, self._spread = x.mean(axis=0, dtype=float), x.std(axis=0, dtype=float) + 1e-6
        self._cells: dict[tuple[str, str, int], tuple[int, Floats, NDArray[np.float32]]] = {}
        z = ((x - self._centre) / self._spread).astype(np.float32)
        for domain, family, number in sorted(set(zip(corpus.domain, corpus.family, part, strict=True))):
            rows = z[(corpus.domain == domain) & (corpus.family == family) & (part == number)]
            self._cells[str(domain), str(family), int(number)] = len(rows), rows.sum(axis=0, dtype=float), rows.T @ rows

    def solve(
        self,
        choices: Choices,
        families: Sequence[str],
        *,
        without_domains: Sequence[str] = (),
        without: int | None = None,
    ) -> Floats:
        """Weights (K, D + 1) for each family of machines, the last the bias; of unit spread within texts of one kind.

        Each (domain, family) weighs by the square root of its size: forty essays are heard beside a thousand news.

        Raises
        ------
        InputError
            If no domain holds both human texts and those of a family.
        """
        within, means, sizes = self._within(without_domains, without)
        up = np.where(np.arange(len(self._centre)) < _P, choices.features_up, 1.0)
        people = [name for name, family in means if family == "human"]
        noise = within * np.outer(up, up)
        noise[np.diag_indices_from(noise)] += choices.ridge
        leads = np.array([self._lead(family, people, means, sizes) for family in families])
        directions = np.linalg.solve(noise, (leads * up).T).T * up
        directions /= np.sqrt(np.einsum("kd,de,ke->k", directions, within, directions))[:, None]
        directions /= self._spread
        return np.column_stack([directions, -directions @ self._centre])

    def _lead(
        self,
        family: str,
        people: Sequence[str],
        means: Mapping[tuple[str, str], Floats],
        sizes: Mapping[tuple[str, str], float],
    ) -> Floats:
        """How texts of a family differ from people's of the same domain, on average over domains."""
        both = [name for name in people if (name, family) in means]
        if not both:
            raise InputError(
                f"No domain holds both human texts and those of {family!r}.",
                hint="Add the missing ones, or leave `domain` out.",
            )
        lead = [means[name, family] - means[name, "human"] for name in both]
        return np.average(lead, axis=0, weights=[min(sizes[name, family], sizes[name, "human"]) for name in both])

    def _within(
        self, without_domains: Sequence[str], without: int | None
    ) -> tuple[Floats, dict[tuple[str, str], Floats], dict[tuple[str, str], float]]:
        """Mean spread within (domain, family); mean and weight of each."""
        within, total = np.zeros((len(self._centre),) * 2), 0.0
        means, sizes = {}, {}
        kept = [k for k in self._cells if k[0] not in without_domains and k[2] != without]
        for key in dict.fromkeys((k[0], k[1]) for k in kept):
            found = [self._cells[k] for k in kept if k[:2] == key]
            n = sum(cell[0] for cell in found)
            if n < 2:
                continue
            means[key] = np.sum([cell[1] for cell in found], axis=0) / n
            sizes[key] = math.sqrt(n)
            products = np.sum([cell[2] for cell in found], axis=0, dtype=float) / n
            within += sizes[key] * (products - np.outer(means[key], means[key]))
            total += sizes[key]
        return within / total, means, sizes


def folds(group: NDArray[np.str_], count: int = 5) -> NDArray[np.int64]:
    """A fold (N,) for each row, the same for all rows of a group; as even as chance makes them."""
    names, member = np.unique(group, return_inverse=True)
    return np.asarray((np.random.default_rng(0).permutation(len(names)) % count)[member])


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """Scores of texts by read-outs that had not seen them.

    Attributes
    ----------
    by_group : float64 (N,)
        The read-out had seen no text of the same group.
    by_domain : float64 (N,)
        It had seen no text of the same domain: what a kind of writing gets that nobody has shown us.
    """

    by_group: Floats
    by_domain: Floats

    def part(self, rows: Mask) -> "Crossed":
        """Of some rows."""
        return Crossed(self.by_group[rows], self.by_domain[rows])


class Fitter:
    """Solves read-outs for parts of a corpus; the sums over its texts are made once.

    Parameters
    ----------
    corpus : Corpus
    choices : Choices, optional
    """

    def __init__(self, corpus: Corpus, choices: Choices | None = None) -> None:
        self.corpus = corpus
        self.choices = choices or Choices()
        self.fold = folds(corpus.group)
        self.families = sorted(set(corpus.family.tolist()) - {"human"})
        self.fitted = (corpus.stretch == WHOLE) & (corpus.n_tokens >= _FITTED_TOKENS)
        if not self.families or not (self.fitted & (corpus.label == 0)).any():
            raise InputError(
                f"Human and machine texts of at least {_FITTED_TOKENS} tokens are needed.", hint="Add what is missing."
            )
        self._moments = Moments(corpus[self.fitted], self.fold[self.fitted])
        raw = np.empty((len(corpus), len(self.families)))
        for number in np.unique(self.fold):
            rows = self.fold == number
            raw[rows] = _apply(self._moments.solve(self.choices, self.families, without=int(number)), corpus, rows)
        self._mixing = self._mix(raw)

    def lines(self, **without: Any) -> Floats:
        """Weights (K, D + 1): log-odds of each family against people, up to noise (see ``Moments.solve``)."""
        return _mixed(self._moments.solve(self.choices, self.families, **without), self._mixing)

    def scores(self, rows: Mask, **without: Any) -> Floats:
        """Scores (n,) of `rows` by such lines."""
        return any_family(_apply(self.lines(**without), self.corpus, rows))

    def scores_without(self, rows: Mask, known: Mask) -> Floats:
        """Scores (n,) of `rows` by lines that were fitted on `known` rows alone."""
        known = known & self.fitted
        present = [k for k, family in enumerate(self.families) if (self.corpus.family[known] == family).any()]
        if not present or not (self.corpus.label[known] == 0).any():
            raise InputError("No text is left to learn from.", hint="Give more texts.")
        moments = Moments(self.corpus[known], np.zeros(int(known.sum()), np.int64))
        lines = moments.solve(self.choices, [self.families[k] for k in present])
        mixing = self._mixing[present][:, [*present, -1]]  # a family without texts is left out
        return any_family(_apply(_mixed(lines, mixing), self.corpus, rows))

    def crossed(self, *, without_domains: tuple[str, ...] = ()) -> Crossed:
        """Every text of the corpus by read-outs that had not seen it, nor some domains at all.

        Where nothing could be learnt without a domain, its texts count by those that had not seen their group.
        """
        by_group, by_domain = (np.full(len(self.corpus), math.nan) for _ in range(2))
        for number in np.unique(self.fold):
            rows = self.fold == number
            by_group[rows] = self.scores(rows, without_domains=without_domains, without=int(number))
        domains = np.unique(self.corpus.domain)
        few = len(domains) - len(without_domains) < _FEWEST_DOMAINS
        for name in () if few else domains:
            rows = self.corpus.domain == name
            try:
                by_domain[rows] = self.scores(rows, without_domains=(*without_domains, str(name)))
            except InputError:
                by_domain[rows] = by_group[rows]
        return Crossed(by_group, by_group if few else by_domain)

    def _mix(self, raw: Floats) -> Floats:
        """Weights (K, K + 1) that turn raw lines into log-odds of each family against people.

        Multinomial logistic regression; people weigh as much as all families, and families alike.
        """
        from sklearn.linear_model import LogisticRegression

        names = ["human", *self.families]
        kind = np.array([names.index(f) for f in self.corpus.family])[self.fitted]
        weight = np.array([len(self.families), *[1] * len(self.families)])[kind] / np.bincount(kind)[kind]
        model = LogisticRegression(C=100.0, max_iter=1000).fit(raw[self.fitted], kind, sample_weight=weight * len(kind))
        weights = np.column_stack([model.coef_, model.intercept_])
        return np.asarray(weights if len(names) == 2 else weights[1:] - weights[0])


def _apply(lines: Floats, corpus: Corpus, rows: Mask) -> Floats:
    """Lines (K, D + 1) on some rows: (n, K)."""
    return np.asarray(corpus.features[rows] @ lines[:, :-1].T + lines[:, -1])


def _mixed(lines: Floats, mixing: Floats) -> Floats:
    """Lines (K, D + 1) mixed by weights (K, K + 1)."""
    found = mixing[:, :-1] @ lines
    found[:, -1] += mixing[:, -1]
    return np.asarray(found)


def make_bins(corpus: Corpus, crossed: Crossed, *, fewest: int = _FEWEST_TEXTS) -> tuple[LengthBin, ...]:
    """What texts of each length got; lengths with fewer than `fewest` human texts are left out."""
    edges = [*_BINS, np.iinfo(np.int64).max]
    found = []
    for low, high in pairwise(edges):
        rows = (corpus.n_tokens >= low) & (corpus.n_tokens < high)
        if _people(corpus, rows).sum() >= fewest:
            found.append(_bin(corpus, crossed, rows, low))
    if not found:
        raise InputError(
            f"Too few human texts: {fewest} of one length and at least {_BINS[0]} tokens are needed.",
            hint="Give more texts, or longer ones.",
        )
    return tuple(found)


def _bin(corpus: Corpus, crossed: Crossed, rows: Mask, tokens: int) -> LengthBin:
    features = corpus.features[rows][:, :_P].astype(float)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    distance = np.sqrt(np.mean(((features - mean) / spread) ** 2, axis=1))
    machine = rows & (corpus.label == 1) & (corpus.stretch != BEGINNING)
    surprise = corpus.features[machine if machine.any() else rows][:, FEATURES.index("surprise")]
    # The same text whole, by a read-out that knew its domain: how far from it may this one have been?
    whole = np.full(corpus.text.max() + 1, math.nan)
    whole[corpus.text[corpus.stretch == WHOLE]] = crossed.by_group[corpus.stretch == WHOLE]
    fair = rows & ((corpus.label == 0) | (corpus.stretch != BEGINNING))
    error = np.abs(crossed.by_domain[fair] - whole[corpus.text[fair]])
    return LengthBin(
        tokens=tokens,
        human=_by(corpus.domain, _people(corpus, rows), crossed.by_domain),
        machine=_by(corpus.generator, machine, crossed.by_group),
        half_width=float(np.nanquantile(error, 0.9)),
        typical_mean=mean,
        typical_spread=spread,
        largest_distance=float(np.quantile(distance, 0.999)),
        least_surprise=float(np.quantile(surprise, 0.005)),
    )


def _by(name: NDArray[np.str_], rows: Mask, scores: Floats) -> dict[str, Floats]:
    return {str(n): scores[rows & (name == n)] for n in np.unique(name[rows])}


def _people(corpus: Corpus, rows: Mask) -> Mask:
    """One text for each human source: many cuts of one person's text are not many persons."""
    first = np.zeros(len(corpus), bool)
    numbers = np.flatnonzero(rows & (corpus.label == 0) & (corpus.stretch != LATER))
    first[numbers[np.unique(corpus.group[numbers], return_index=True)[1]]] = True
    return first


def probability_line(corpus: Corpus, score: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """Slope and offset (see ``Calibration``) by maximum likelihood, the slope positive at every length."""
    length = np.log(corpus.n_tokens)
    design = np.column_stack([score, score * length, np.ones(len(score)), length])
    sign = 2 * corpus.label - 1

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = sign * (design @ weights)
        return -float(np.mean(log_expit(margin))), -design.T @ (sign * expit(-margin)) / len(margin)

    a, b, c, d = minimize(loss, np.array([1.0, 0, 0, 0]), jac=True, method="L-BFGS-B").x
    if min(a + b * length.min(), a + b * length.max()) <= 0:
        raise InputError(
            "Human and machine texts cannot be told apart.", hint="Look at the labels; or give more texts."
        )
    return (float(a), float(b)), (float(c), float(d))


def fit(
    corpus: Corpus, model: ModelInfo, layers: tuple[int, ...], *, english_prose: bool, fitter: "Fitter"
) -> Calibration:
    """A card from measured texts, without its figures (``analyzer.fitting.evaluation.figures``).

    Parameters
    ----------
    corpus : Corpus
        As ``analyzer.fitting.corpus.measure`` gives it.
    model, layers
        What it was measured with.
    english_prose : bool
        Whether the texts are.
    fitter : Fitter
        Of the corpus.

    Raises
    ------
    InputError
        If there are too few texts, or their labels cannot be told apart.
    """
    crossed = fitter.crossed()
    bins = make_bins(corpus, crossed)
    judged = (corpus.n_tokens >= bins[0].tokens) & (corpus.stretch != BEGINNING)
    slope, offset = probability_line(corpus[judged], crossed.by_group[judged])
    evidence = fitter.lines()
    longest = int(corpus.n_tokens.max())
    digest = hashlib.sha256(evidence.tobytes()).hexdigest()[:8]
    today = date.today().isoformat()
    return Calibration(
        calibration_id=f"{model.name.split('/')[-1]}-{today}-{digest}",
        created=today,
        model={"name": model.name, "revision": model.revision, "dtype": model.dtype},
        layers=layers,
        evidence=tuple(map(_line, evidence)),
        bins=bins,
        slope=slope,
        offset=offset,
        longest=longest,
        english_prose=english_prose,
        span=_span(corpus, slope, offset),
        measured={},
    )


def _line(weights: Floats) -> Line:
    return Line(weights[:_P], weights[_P:-1], float(weights[-1]))


def _span(corpus: Corpus, slope: tuple[float, float], offset: tuple[float, float]) -> dict[str, float]:
    """What one token tells of who wrote the sentences around it (``Calibration.span_evidence``).

    The mean of two log-likelihood ratios of a stretch of some sentences, spread over its tokens: that of the evidence,
    and that of surprise and entropy alone, which tell more of a change within a text than of whole texts. Neighbouring
    tokens tell much the same, so a token alone tells less than its own evidence would make one think.
    """
    length = math.log(_STRETCH)
    steep, rise = slope[0] + slope[1] * length, offset[0] + offset[1] * length
    rows = (corpus.stretch == LATER) & (corpus.n_tokens >= _FITTED_TOKENS)
    if len(np.unique(corpus.label[rows])) < 2:
        rows = corpus.stretch == WHOLE
    columns = [FEATURES.index(name) for name in ("surprise", "entropy")]
    surprise, entropy, constant = _logistic(corpus.features[rows][:, columns], corpus.label[rows])
    share = 0.5 / _STRETCH
    return {
        "evidence": share * steep,
        "surprise": share * surprise,
        "entropy": share * entropy,
        "constant": share * (rise + constant),
        "change": _CHANGE,
        "highest": 1.0,
    }


def _logistic(x: NDArray[np.float32], label: NDArray[np.int64]) -> list[float]:
    """Weights and constant of a logistic regression in which both labels weigh alike."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4, max_iter=500, class_weight="balanced").fit(x, label)
    return [*map(float, model.coef_[0]), float(model.intercept_[0])]
