"""How good a likelihood is: the figures of a model card, from labelled texts that took no part in the fit.

Needs the extra ``[fit]`` (scikit-learn).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

from analyzer.analysis import Analyzer
from analyzer.calibration import Calibration, LengthBin, Settings, bin_for, decide, strangeness
from analyzer.calibration.features import FEATURES
from analyzer.errors import InputError
from analyzer.fitting.corpus import WHOLE, Corpus, Example
from analyzer.fitting.read_outs import Fitter, make_bins

__all__ = [
    "auroc",
    "calibration_error",
    "discrimination",
    "evaluate",
    "figures",
    "reliability",
    "true_positive_rate",
    "verdicts",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int], None]

_RESAMPLES = 200
_FEWEST_IN_FOLD = 50  # human texts of a length without a fold; the card asks for a hundred with it
_BINS = 10


def auroc(label: Labels, score: Floats, group: NDArray[Any] | None = None) -> dict[str, float | None]:
    """Area under the ROC curve, ``{"value", "low", "high"}``: a 95 % interval by resampling whole groups.

    Parameters
    ----------
    label : (N,)
        1 = machine.
    score : (N,)
        Larger = more machine-like.
    group : (N,), optional
        Texts of one source; without it no interval (both ends None). All None where one class is missing.
    """
    if len(np.unique(label)) < 2:
        return {"value": None, "low": None, "high": None}
    value = float(roc_auc_score(label, score))
    if group is None:
        return {"value": value, "low": None, "high": None}
    rng = np.random.default_rng(0)
    _, member = np.unique(group, return_inverse=True)
    values = []
    for _ in range(_RESAMPLES):
        # How often each group was drawn weighs its texts: the same as drawing groups with replacement.
        weight = np.bincount(rng.integers(member.max() + 1, size=member.max() + 1), minlength=member.max() + 1)[member]
        if np.unique(label[weight > 0]).size == 2:
            values.append(roc_auc_score(label, score, sample_weight=weight))
    low, high = np.quantile(values, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def true_positive_rate(label: Labels, score: Floats, false_positive_rate: float) -> float | None:
    """The greatest share of machine texts found by a threshold that accuses at most so many of these human texts.

    The threshold is chosen on the very texts it is reported on, as the field's papers do: a figure for comparison, not
    a promise. None where one class is missing.
    """
    if len(np.unique(label)) < 2:
        return None
    fpr, tpr, _ = roc_curve(label, score, drop_intermediate=False)
    return float(tpr[fpr <= false_positive_rate].max())


def reliability(label: Labels, probability: Floats) -> list[dict[str, float]]:
    """Ten bins of probability of equal width: how many texts, their mean probability, the share that is machine."""
    place = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    return [
        {
            "n": int((place == b).sum()),
            "probability": float(probability[place == b].mean()),
            "machine": float(label[place == b].mean()),
        }
        for b in range(_BINS)
        if (place == b).any()
    ]


def calibration_error(label: Labels, probability: Floats) -> float:
    """Expected calibration error: mean |probability - share of machine texts| over the bins of `reliability`."""
    bins = reliability(label, probability)
    return float(sum(b["n"] * abs(b["probability"] - b["machine"]) for b in bins) / len(label))


def discrimination(
    label: Labels, score: Floats, probability: Floats, group: NDArray[Any] | None = None
) -> dict[str, Any]:
    """AUROC, TPR at 1 and 5 % FPR, accuracy at one half, ECE, Brier, and the counts of both classes."""
    if not len(label):
        return {"n_human": 0, "n_machine": 0}
    return {
        "n_human": int((label == 0).sum()),
        "n_machine": int((label == 1).sum()),
        "auroc": auroc(label, score, group),
        "tpr_at_1_fpr": true_positive_rate(label, score, 0.01),
        "tpr_at_5_fpr": true_positive_rate(label, score, 0.05),
        "accuracy": float(np.mean((probability >= 0.5) == (label == 1))),
        "ece": calibration_error(label, probability),
        "brier": float(brier_score_loss(label, probability)),
    }


def verdicts(bins: Sequence[LengthBin], corpus: Corpus, scores: Floats, settings: Settings) -> NDArray[np.str_]:
    """The verdict on each row, but for objections that only its words can raise (``analyzer.calibration.kinds``)."""
    found = []
    for row, score in enumerate(scores.tolist()):
        one = bin_for(bins, int(corpus.n_tokens[row]))
        if one is None or strangeness(one, corpus.features[row, : len(FEATURES)].astype(float)):
            found.append("not judged")
        else:
            found.append(decide(one, score, settings)[0])
    return np.array(found, dtype="U12")


def figures(fitter: Fitter, card: Calibration, *, settings: Settings | None = None) -> dict[str, Any]:
    """The model card: every figure on texts whose source, domain or generator the read-out had not seen.

    Whole texts only. The verdicts of a fold rest on the human texts of the other folds.

    Parameters
    ----------
    fitter : Fitter
        Of the measured texts.
    card : Calibration
        Fitted on them: for the line from score to probability.
    settings : Settings, optional
    """
    settings = settings or Settings()
    corpus, crossed = fitter.corpus, fitter.crossed()
    judged = (corpus.stretch == WHOLE) & (corpus.n_tokens >= card.bins[0].tokens)

    def probability(score: Floats, rows: Mask) -> Floats:
        return np.asarray(expit([card.logit(s, n) for s, n in zip(score[rows], corpus.n_tokens[rows], strict=True)]))

    verdict = np.full(len(corpus), "", dtype="U12")
    for number in np.unique(fitter.fold):
        others, rows = fitter.fold != number, judged & (fitter.fold == number)
        bins = make_bins(corpus[others], crossed.part(others), fewest=_FEWEST_IN_FOLD)
        verdict[rows] = verdicts(bins, corpus[rows], crossed.by_group[rows], settings)
    found: dict[str, Any] = {"corpus": _contents(corpus)}
    for name, score in (
        ("grouped", crossed.by_group),
        ("leave_domain_out", crossed.by_domain),
        ("leave_generator_out", _without_generators(fitter, crossed.by_group)),
    ):
        rows = judged & np.isfinite(score)
        found[name] = discrimination(corpus.label[rows], score[rows], probability(score, rows), corpus.group[rows])
    found["reliability"] = reliability(corpus.label[judged], probability(crossed.by_group, judged))
    human = judged & (corpus.label == 0)
    found["false_positive_rate"] = {
        "asked": settings.false_positive_rate,
        "measured": _share(verdict[human], "likely AI"),
        "n": int(human.sum()),
    }
    lengths = np.array([_length_name(card, int(n)) for n in corpus.n_tokens])

    def of(rows: Mask) -> dict[str, Any]:
        return _rates(rows, corpus.label, corpus.group, crossed.by_group, verdict, ranked=rows)

    for name, key in (("by_domain", corpus.domain), ("by_generator", corpus.generator), ("by_length", lengths)):
        found[name] = {
            str(value): of(judged & _with_their_humans(corpus, key, value))
            for value in sorted(set(key[judged].tolist()), key=lambda v: (_first_number(v), v))
            if value != "human"
        }
    both = np.char.add(np.char.add(corpus.domain, ", "), corpus.generator)
    found["by_domain_and_generator"] = {
        str(cell): of(judged & _with_their_humans(corpus, both, cell))
        for cell in np.unique(both[judged & (corpus.label == 1)])
    }
    found["populations"] = {
        str(name): _population(fitter, str(name), verdict, judged, settings) for name in np.unique(corpus.domain[human])
    }
    return found


def evaluate(
    analyzer: Analyzer,
    examples: Sequence[Example],
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """How good an analyzer's likelihood is on labelled texts that took no part in its fit.

    Texts it does not judge count in the shares of verdicts, and are left out of all else.

    Parameters
    ----------
    analyzer : Analyzer
        With a calibration.
    examples : sequence of Example
    settings : Settings, optional
    progress : callable, optional
        Is given the numbers of texts done and of texts in all.

    Raises
    ------
    InputError
        If the analyzer has no calibration.
    """
    if analyzer.calibration is None:
        raise InputError("This model has no calibration.", hint="Give a card: `--card FILE`.")
    settings = settings or Settings()
    found, lengths = [], []
    for analysis in analyzer.analyze_many(example.text for example in examples):
        found.append(analysis.judge(settings))
        lengths.append(len(analysis.scores))
        if progress is not None:
            progress(len(found), len(examples))
    label = np.array([e.label for e in examples])
    group = np.array([e.group for e in examples])
    score = np.array([f.score for f in found])
    probability = np.array([f.probability for f in found])
    verdict = np.array([f.verdict for f in found], dtype="U12")
    judged = verdict != "not judged"

    def of(rows: Mask) -> dict[str, Any]:
        return _rates(rows, label, group, score, verdict, ranked=rows & judged)

    domain, generator = (np.array([getattr(e, name) for e in examples]) for name in ("domain", "generator"))
    bins = np.array([_length_name(analyzer.calibration, n) for n in lengths])
    by_generator = {
        str(g): of((generator == g) | ((label == 0) & np.isin(group, group[generator == g])))
        for g in np.unique(generator[label == 1])
    }
    return {
        "calibration_id": analyzer.calibration.calibration_id,
        "false_positive_rate": settings.false_positive_rate,
        "all": of(np.ones(len(label), bool))
        | discrimination(label[judged], score[judged], probability[judged], group[judged]),
        "by_domain": {str(d): of(domain == d) for d in np.unique(domain)},
        "by_generator": by_generator,
        "by_length": {name: of(bins == name) for name in dict.fromkeys(sorted(bins.tolist(), key=_first_number))},
        "reliability": reliability(label[judged], probability[judged]),
    }


def _length_name(card: Calibration, n_tokens: int) -> str:
    one = bin_for(card.bins, n_tokens)
    return "fewer" if one is None else str(one.tokens)


def _first_number(name: str) -> int:
    return int(name) if name.isdigit() else -1


def _contents(corpus: Corpus) -> dict[str, Any]:
    whole = corpus[corpus.stretch == WHOLE]
    domains = {
        str(d): {
            "human": int(((whole.domain == d) & (whole.label == 0)).sum()),
            "machine": int(((whole.domain == d) & (whole.label == 1)).sum()),
        }
        for d in np.unique(whole.domain)
    }
    return {
        "texts": len(whole),
        "human": int((whole.label == 0).sum()),
        "machine": int((whole.label == 1).sum()),
        "sources": len(np.unique(whole.group)),
        "domains": domains,
    }


def _with_their_humans(corpus: Corpus, key: NDArray[np.str_], value: str) -> Mask:
    """Rows with this key; if these are machine texts alone, with the human texts of the same sources."""
    rows = key == value
    if (corpus.label[rows] == 1).all():
        rows |= (corpus.label == 0) & np.isin(corpus.group, corpus.group[rows])
    return np.asarray(rows)


def _rates(
    rows: Mask, label: Labels, group: NDArray[Any], score: Floats, verdict: NDArray[np.str_], *, ranked: Mask
) -> dict[str, Any]:
    """How well the scores of `ranked` rows tell apart, and how often which verdict falls on all `rows`."""
    machine, human = rows & (label == 1), rows & (label == 0)
    return {
        "n_human": int(human.sum()),
        "n_machine": int(machine.sum()),
        "auroc": auroc(label[ranked], score[ranked], group[ranked]),
        "tpr_at_1_fpr": true_positive_rate(label[ranked], score[ranked], 0.01),
        "found": _share(verdict[machine], "likely AI"),
        "accused": _share(verdict[human], "likely AI"),
        "unclear": _share(verdict[rows], "unclear"),
        "not_judged": _share(verdict[rows], "not judged"),
    }


def _population(
    fitter: Fitter, name: str, verdict: NDArray[np.str_], judged: Mask, settings: Settings
) -> dict[str, Any]:
    """What happens to people of one domain: when it was fitted on, and when nobody of it was known at all."""
    corpus = fitter.corpus
    mine, others = judged & (corpus.domain == name) & (corpus.label == 0), corpus.domain != name
    counts = Counter(verdict[mine].tolist())
    found: dict[str, Any] = {"n": int(mine.sum())}
    keys = (("accused", "likely AI"), ("unclear", "unclear"), ("not_judged", "not judged"))
    found |= {key: counts[word] / int(mine.sum()) for key, word in keys}
    if len(np.unique(corpus.domain)) < 3:
        return found
    try:
        crossed = fitter.crossed(without_domains=(name,))
        bins = make_bins(corpus[others], crossed.part(others))
    except InputError:  # too few are left without them
        return found
    strangers = verdicts(bins, corpus[mine], fitter.scores(mine, without_domains=(name,)), settings)
    found |= {f"left_out_{key}": _share(strangers, word) for key, word in keys}
    machine = judged & (corpus.label == 1)
    caught = verdicts(bins, corpus[machine], crossed.by_group[machine], settings)
    found["left_out_found"] = _share(caught, "likely AI")
    found["left_out_found_by_generator"] = {
        str(g): _share(caught[corpus.generator[machine] == g], "likely AI")
        for g in np.unique(corpus.generator[machine])
    }
    return found


def _without_generators(fitter: Fitter, by_group: Floats) -> Floats:
    """Scores (N,) of machine texts by read-outs that knew neither their generator nor their sources.

    nan where no machine text is left to learn from, as with a single generator.
    """
    corpus, score = fitter.corpus, by_group.copy()
    for name in np.unique(corpus.generator[corpus.label == 1]):
        rows = corpus.generator == name
        try:
            score[rows] = fitter.scores_without(rows, ~rows & ~np.isin(corpus.group, corpus.group[rows]))
        except InputError:
            score[rows] = np.nan
    return score


def _share(verdict: NDArray[np.str_], word: str) -> float | None:
    return float(np.mean(verdict == word)) if len(verdict) else None
