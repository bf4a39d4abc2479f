"""The analyzer where other programs expect a detector: scikit-learn and the RAID benchmark.

Needs the extra ``[fit]`` (scikit-learn).
"""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from analyzer.analysis import Analyzer
from analyzer.errors import InputError
from analyzer.fitting.calibrate import calibrate
from analyzer.fitting.corpus import Example

__all__ = ["MachineTextClassifier", "raid_detector"]


class MachineTextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped bases
    """Probability of machine origin as a scikit-learn classifier over texts: class 0 = person, 1 = machine.

    Ready without ``fit`` where the model has a calibration; ``fit`` makes one from labelled texts.

    Parameters
    ----------
    analyzer : Analyzer, optional
        Over the embedded model by default.
    """

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self.analyzer = analyzer

    def __sklearn_clone__(self) -> Self:
        return type(self)(self.analyzer)  # which is shared: it holds a model, and a lock that cannot be copied

    def fit(self, X: Sequence[str], y: Sequence[int], groups: Sequence[object] | None = None) -> Self:
        """Make a calibration from texts `X`, labels `y` and, where texts share a source, its name in `groups`."""
        names = range(len(X)) if groups is None else groups
        examples = [
            Example(text, int(label), str(name), "all", "machine" if label else "human")
            for text, label, name in zip(X, y, names, strict=True)
        ]
        model = (self.analyzer or Analyzer()).model
        self.analyzer_ = Analyzer(model, calibration=calibrate(model, examples))
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities (N, 2) of person and machine: also for texts that a verdict would not judge."""
        card = self._ready().calibration
        if card is None:
            raise InputError("This model has no calibration.", hint="Call fit first.")
        machine = expit([card.logit(a.likelihood.score, len(a.scores)) for a in self._ready().analyze_many(X)])
        return np.column_stack([1 - machine, machine])

    def decision_function(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Scores (N,), larger = more machine-like, unbounded."""
        return np.array([a.likelihood.score for a in self._ready().analyze_many(X)])

    def predict(self, X: Sequence[str]) -> NDArray[np.int64]:
        """The likelier class (N,); for anything that touches people use ``Analysis.likelihood``, which may abstain."""
        return np.asarray(self.predict_proba(X)[:, 1] >= 0.5, np.int64)

    def _ready(self) -> Analyzer:
        if not hasattr(self, "analyzer_"):
            self.analyzer_ = self.analyzer or Analyzer()
            self.classes_ = np.array([0, 1])
        return self.analyzer_


def raid_detector(analyzer: Analyzer) -> Callable[[list[str]], list[float]]:
    """A detector as the RAID benchmark wants it: scores, neither clamped nor rounded, larger = more machine-like.

    Raises
    ------
    InputError
        If the analyzer has no calibration.
    """
    if analyzer.calibration is None:
        raise InputError("This model has no calibration.", hint="Make one with `analyzer calibrate`.")

    def detect(texts: list[str]) -> list[float]:
        return [analysis.likelihood.score for analysis in analyzer.analyze_many(texts)]

    return detect
