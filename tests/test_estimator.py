"""Where other programs expect a detector: the rules of scikit-learn, and RAID's list of floats."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from toy_card import HUMAN, MACHINE, toy_card
from toy_corpus import toy_texts

from analyzer.analysis import Analyzer
from analyzer.errors import InputError
from analyzer.fitting import evaluation
from analyzer.fitting.estimator import MachineTextClassifier, raid_detector
from analyzer.models.toy import ToyModel

MODEL = ToyModel(MACHINE * 3)
ANALYZER = Analyzer(MODEL, calibration=toy_card(MODEL.info))
TEXTS = [HUMAN, MACHINE, "the cat", HUMAN + MACHINE, "Zq!" * 90]


def test_clones_and_tells_its_parameters() -> None:
    one = MachineTextClassifier(ANALYZER)
    assert one.get_params() == {"analyzer": ANALYZER}
    assert is_classifier(clone(one))
    assert clone(one).analyzer is ANALYZER  # a model is not copied
    assert MachineTextClassifier().set_params(analyzer=ANALYZER).analyzer is ANALYZER


def test_probabilities_are_those_of_the_verdict_and_sum_to_one() -> None:
    found = MachineTextClassifier(ANALYZER).predict_proba(TEXTS)
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert ((found >= 0) & (found <= 1)).all()
    for row, text in zip(found[:2], TEXTS, strict=False):
        assert row[1] == pytest.approx(ANALYZER.analyze(text).likelihood.probability)
    assert np.isfinite(found).all()  # also of what a verdict would not judge


def test_predictions_scores_and_probabilities_agree_in_order() -> None:
    classifier = MachineTextClassifier(ANALYZER)
    probability, score = classifier.predict_proba(TEXTS)[:, 1], classifier.decision_function(TEXTS)
    assert score.tolist() == [ANALYZER.analyze(text).likelihood.score for text in TEXTS]
    np.testing.assert_array_equal(classifier.predict(TEXTS), probability >= 0.5)
    assert classifier.classes_.tolist() == [0, 1]
    back = classifier.decision_function(TEXTS[::-1])
    np.testing.assert_allclose(back[::-1], score)


def test_great_odds_are_certain() -> None:
    steep = Analyzer(MODEL, calibration=replace(toy_card(MODEL.info), slope=(1000.0, 0.0)))
    np.testing.assert_array_equal(MachineTextClassifier(steep).predict_proba(["Zq!" * 90, MACHINE]), [[1, 0], [0, 1]])


def test_no_text_gives_no_row() -> None:
    assert MachineTextClassifier(ANALYZER).predict_proba([]).shape == (0, 2)


def test_fits_within_a_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_RESAMPLES", 5)
    texts = toy_texts(130)
    X, y, groups = [e.text for e in texts], [e.label for e in texts], [e.group for e in texts]
    pipeline = make_pipeline(FunctionTransformer(), MachineTextClassifier(Analyzer(MODEL)))
    pipeline.fit(X, y, machinetextclassifier__groups=groups)
    new = toy_texts(10, seed=3)
    assert pipeline.score([e.text for e in new], [e.label for e in new]) > 0.9
    assert pipeline[-1].analyzer_.calibration.measured["corpus"]["sources"] == 130
    assert pipeline[-1].analyzer.calibration is None  # what was given stays as it was


def test_needs_a_calibration() -> None:
    plain = Analyzer(MODEL)
    for call in (lambda: raid_detector(plain), lambda: MachineTextClassifier(plain).predict_proba(TEXTS)):
        with pytest.raises(InputError, match="no calibration") as caught:
            call()
        assert caught.value.hint


def test_raid_gets_plain_floats_in_order_neither_clamped_nor_rounded() -> None:
    detect: Any = raid_detector(ANALYZER)
    found = detect(TEXTS * 20)
    assert all(type(score) is float for score in found)
    assert len(found) == 100
    assert found[:5] == [ANALYZER.analyze(text).likelihood.score for text in TEXTS]
    np.testing.assert_allclose(found, found[:5] * 20)
    assert max(found) > 1
    assert min(found) < 0
    assert detect([]) == []
