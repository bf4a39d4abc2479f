"""The figures of a model card: each by hand or by scikit-learn, and on texts whose answer was planted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from toy_card import MACHINE, MEASURED, toy_card
from toy_corpus import toy_corpus, toy_texts

from analyzer.analysis import Analyzer
from analyzer.calibration import Settings
from analyzer.errors import InputError
from analyzer.fitting import evaluation
from analyzer.fitting.corpus import Corpus, Example
from analyzer.fitting.evaluation import (
    auroc,
    calibration_error,
    discrimination,
    evaluate,
    figures,
    reliability,
    true_positive_rate,
    verdicts,
)
from analyzer.fitting.read_outs import Fitter, fit
from analyzer.models.toy import ToyModel
from analyzer.ui import card_tables

MODEL = ToyModel(MACHINE * 3)
CARD = toy_card(MODEL.info)

labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=1, max_size=40)


@pytest.fixture(autouse=True, scope="module")
def _few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_RESAMPLES", 20)
        yield


def figures_of(corpus: Corpus) -> dict[str, Any]:
    fitter = Fitter(corpus)
    return figures(fitter, fit(corpus, MODEL.info, (1,), english_prose=False, fitter=fitter))


class TestMeasures:
    def test_auroc_by_hand(self) -> None:
        """Of the six pairs, machine over person, four and a half are the right way round."""
        found = auroc(np.array([0, 0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 3.0, 2.5]))
        assert found == {"value": pytest.approx(4.5 / 6), "low": None, "high": None}

    @settings(max_examples=50)
    @given(labelled)
    def test_auroc_is_that_of_scikit_learn_within_its_interval(self, rows: list[tuple[int, int]]) -> None:
        label, score = np.array(rows).T
        found = auroc(label, score.astype(float), np.arange(len(label)) // 2)
        if len(set(label)) < 2:
            assert found == {"value": None, "low": None, "high": None}
        else:
            assert found["value"] == pytest.approx(roc_auc_score(label, score))

    def test_the_interval_draws_sources_not_texts(self) -> None:
        """Ten copies of each text add nothing."""
        rng = np.random.default_rng(0)
        label = np.repeat([0, 1], 30)
        score = rng.normal(label, 1.0)
        once, copied = (
            auroc(label, score, np.arange(60)),
            auroc(*(np.repeat(a, 10) for a in (label, score, np.arange(60)))),
        )
        assert copied == pytest.approx(once)
        assert once["low"] < once["value"] < once["high"]

    def test_true_positive_rate_by_hand(self) -> None:
        label = np.repeat([0, 1], [100, 4])
        score = np.concatenate([np.arange(100.0), [200.0, 98.5, 97.5, 10.0]])
        assert true_positive_rate(label, score, 0.0) == 0.25
        assert true_positive_rate(label, score, 0.01) == 0.5  # the one human of 99 may be accused
        assert true_positive_rate(label, score, 0.02) == 0.75
        assert true_positive_rate(label[:100], score[:100], 0.01) is None

    @given(labelled, st.floats(0, 1), st.floats(0, 1))
    def test_true_positive_rate_is_the_best_threshold_that_may_be(
        self, rows: list[tuple[int, int]], a: float, b: float
    ) -> None:
        label, score = np.array(rows).T
        if len(set(label)) < 2:
            return
        for rate in (a, b):
            best = max(np.mean(score[label == 1] >= t) for t in range(-5, 7) if np.mean(score[label == 0] >= t) <= rate)
            assert true_positive_rate(label, score, rate) == pytest.approx(best)

    def test_calibration_error_by_hand(self) -> None:
        """Bins hold (0.05, 0.05), (0.95, 0.85 + 0.15): off by 0.45 of two, and by 0.05 of one, and 0.85 of one."""
        label, probability = np.array([0, 1, 1, 0]), np.array([0.05, 0.05, 0.95, 0.85])
        assert calibration_error(label, probability) == pytest.approx((2 * 0.45 + 0.05 + 0.85) / 4)
        assert reliability(label, probability) == [
            {"n": 2, "probability": pytest.approx(0.05), "machine": 0.5},
            {"n": 1, "probability": pytest.approx(0.85), "machine": 0.0},
            {"n": 1, "probability": pytest.approx(0.95), "machine": 1.0},
        ]

    @given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60))
    def test_reliability_counts_every_text_once(self, rows: list[tuple[int, float]]) -> None:
        label, probability = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
        bins = reliability(label, probability)
        assert sum(b["n"] for b in bins) == len(rows)
        assert sum(b["n"] * b["machine"] for b in bins) == pytest.approx(label.sum())
        assert 0 <= calibration_error(label, probability) <= 1

    def test_certainty_is_in_the_last_bin(self) -> None:
        assert reliability(np.array([1]), np.array([1.0])) == [{"n": 1, "probability": 1.0, "machine": 1.0}]

    def test_discrimination_of_one_class_or_none(self) -> None:
        found = discrimination(np.array([0, 0]), np.array([1.0, 2.0]), np.array([0.2, 0.6]))
        assert (found["n_human"], found["n_machine"], found["accuracy"]) == (2, 0, 0.5)
        assert found["auroc"]["value"] is found["tpr_at_1_fpr"] is None
        assert found["brier"] == pytest.approx((0.04 + 0.36) / 2)
        nobody = np.array([])
        assert discrimination(nobody, nobody, nobody) == {"n_human": 0, "n_machine": 0}


class TestFigures:
    @pytest.fixture(scope="class")
    @staticmethod
    def found() -> dict[str, Any]:
        generators = (("chat", "assistant"), ("help", "assistant"), ("raw", "base"), ("rough", "base"))
        return figures_of(
            toy_corpus(generators=generators, humans_only=["letters"], sources=120, in_turn=True, gap=1.5)
        )

    def test_have_the_keys_that_the_page_and_the_reports_read(self, found: dict[str, Any]) -> None:
        for key in MEASURED.keys() - {"spans"}:  # those are measured by a command of their own
            assert key in found
        for key in ("corpus", "grouped", "false_positive_rate"):
            assert MEASURED[key].keys() <= found[key].keys()
        for key in ("by_generator", "by_length", "populations"):
            wanted, got = (next(iter(of[key].values())) for of in (MEASURED, found))
            assert wanted.keys() <= got.keys()
        assert found["reliability"][0].keys() == MEASURED["reliability"][0].keys()
        assert json.loads(json.dumps(found, allow_nan=False)) == found

    def test_find_what_was_planted(self, found: dict[str, Any]) -> None:
        assert found["grouped"]["auroc"]["value"] > 0.9
        assert found["leave_domain_out"]["auroc"]["value"] > 0.9
        assert found["leave_generator_out"]["auroc"]["value"] > 0.9
        assert found["grouped"]["ece"] < 0.1
        assert found["corpus"]["domains"]["letters"] == {"human": 120, "machine": 0}
        assert found["corpus"]["human"] == found["grouped"]["n_human"] == 360
        assert found["corpus"]["sources"] == 360

    def test_keep_the_promise_about_false_positives(self, found: dict[str, Any]) -> None:
        rate = found["false_positive_rate"]
        assert rate["asked"] == 0.01
        assert rate["n"] == 360
        accused = sum(of["accused"] * of["n"] for of in found["populations"].values())
        assert rate["measured"] == pytest.approx(accused / 360)
        assert rate["measured"] <= 0.03

    def test_know_parts_by_their_counts(self, found: dict[str, Any]) -> None:
        assert set(found["by_generator"]) == {"chat", "help", "raw", "rough"}
        assert sum(of["n_machine"] for of in found["by_generator"].values()) == found["corpus"]["machine"]
        assert found["by_generator"]["chat"]["n_human"] == 30  # of the same sources
        assert sum(of["n_human"] for of in found["by_domain"].values()) == 360
        assert sum(of["n_human"] for of in found["by_length"].values()) == 360
        assert found["by_domain"]["letters"]["auroc"]["value"] is None
        for of in (*found["by_domain"].values(), *found["by_generator"].values()):
            shares = [of[key] for key in ("found", "accused", "unclear", "not_judged") if of[key] is not None]
            assert all(0 <= share <= 1 for share in shares)

    def test_say_what_strangers_get(self, found: dict[str, Any]) -> None:
        for of in found["populations"].values():
            assert 0 <= of["left_out_accused"] + of["left_out_unclear"] + of["left_out_not_judged"] <= 1
            assert set(of["left_out_found_by_generator"]) == {"chat", "help", "raw", "rough"}

    def test_leave_out_what_cannot_be_measured(self) -> None:
        """With one generator there is none to learn from when it is left out; with one great domain no people."""
        corpus = toy_corpus(generators=[("chat", "machine")])
        one = figures_of(corpus)
        assert one["leave_generator_out"]["n_machine"] == 0
        assert one["leave_generator_out"]["auroc"]["value"] is None
        (row,) = (row for row in card_tables.discrimination(one) if row[""] == "AUROC")
        assert row["new generators"] == "–"
        few = (corpus.domain != "essays") | (corpus.text % 4 == 0)
        few &= (corpus.domain != "letters") | (corpus.text % 4 == 0)
        extra = toy_corpus(domains=["news"], generators=[("chat", "machine")], sources=140, seed=3)
        joined = {name: np.concatenate([getattr(corpus[few], name), getattr(extra, name)]) for name in Corpus.__slots__}
        joined["text"] = np.concatenate([corpus[few].text, extra.text + 1000])
        joined["group"] = np.array(
            [f"{g}-{t}" if t >= 1000 else g for g, t in zip(joined["group"], joined["text"], strict=True)]
        )
        found = figures_of(Corpus(**joined))["populations"]
        assert "left_out_accused" not in found["news"]
        assert "accused" in found["news"]
        assert "left_out_accused" in found["letters"]

    def test_two_domains_have_no_strangers(self) -> None:
        found = figures_of(toy_corpus(domains=["essays", "news"], sources=120))
        assert all("left_out_accused" not in of for of in found["populations"].values())
        assert found["leave_domain_out"] == found["grouped"]


def test_verdicts_abstain_on_short_and_strange_rows() -> None:
    corpus = toy_corpus(sources=4)[np.arange(4)]
    corpus = replace(corpus, n_tokens=np.array([39, 40, 100, 300]))
    strange = corpus.features.copy()
    strange[3] *= 1e4
    found = verdicts(CARD.bins, replace(corpus, features=strange), np.array([9.0, 9.0, -9.0, 9.0]), Settings())
    assert found.tolist() == ["not judged", "likely AI", "likely human", "not judged"]


class TestEvaluate:
    EXAMPLES = (*toy_texts(24), Example("the cat", 0, "s0", "letters", "human"))

    @pytest.fixture(scope="class")
    @classmethod
    def analyzer(cls) -> Analyzer:
        """The toy card, its bias moved to the middle between these people and machines."""
        plain = Analyzer(MODEL, calibration=CARD)
        scores = np.array([a.likelihood.score for a in plain.analyze_many(e.text for e in cls.EXAMPLES[:-1])])
        label = np.array([e.label for e in cls.EXAMPLES[:-1]])
        middle = (scores[label == 0].mean() + scores[label == 1].mean()) / 2
        (line,) = CARD.evidence
        return Analyzer(MODEL, calibration=replace(CARD, evidence=(replace(line, bias=line.bias - middle),)))

    def test_counts_verdicts_of_all_and_ranks_those_judged(self, analyzer: Analyzer) -> None:
        told: list[tuple[int, int]] = []
        found = evaluate(analyzer, self.EXAMPLES, progress=lambda done, total: told.append((done, total)))
        whole = found["all"]
        assert told == [(n, 49) for n in range(1, 50)]
        assert whole["not_judged"] == pytest.approx(1 / 49)
        assert whole["auroc"]["value"] == 1
        assert whole["n_machine"] == 24
        assert whole["found"] > 0.9
        assert sum(b["n"] for b in found["reliability"]) == 48
        assert found["calibration_id"] == "toy-1"

    def test_its_parts_add_up(self, analyzer: Analyzer) -> None:
        found = evaluate(analyzer, self.EXAMPLES)
        for key in ("by_domain", "by_length"):
            assert sum(of["n_human"] + of["n_machine"] for of in found[key].values()) == 49
        assert set(found["by_domain"]) == {"letters", "news_2019"}
        assert found["by_length"]["fewer"]["not_judged"] == 1
        assert {name: of["n_machine"] for name, of in found["by_generator"].items()} == {"chat": 16, "old": 8}
        assert found["by_generator"]["old"]["n_human"] == 9  # of the same sources, and "the cat"
        assert list(found["by_length"])[:2] == ["fewer", "40"]

    def test_is_the_verdict_of_each(self, analyzer: Analyzer) -> None:
        lax = Settings(0.3)
        found = evaluate(analyzer, self.EXAMPLES, settings=lax)
        each = [analyzer.analyze(e.text).judge(lax).verdict for e in self.EXAMPLES if e.label == 0]
        assert found["false_positive_rate"] == 0.3
        assert found["all"]["accused"] == pytest.approx(each.count("likely AI") / len(each))

    def test_of_people_alone_has_no_ranking(self, analyzer: Analyzer) -> None:
        found = evaluate(analyzer, [e for e in self.EXAMPLES if not e.label])
        assert found["all"]["auroc"]["value"] is None
        assert found["by_generator"] == {}
        json.dumps(found, allow_nan=False)

    def test_of_nothing_that_can_be_judged(self, analyzer: Analyzer) -> None:
        found = evaluate(analyzer, self.EXAMPLES[-1:])
        assert found["all"]["not_judged"] == 1
        assert found["reliability"] == []

    def test_needs_a_card(self) -> None:
        with pytest.raises(InputError, match="no calibration") as caught:
            evaluate(Analyzer(MODEL), self.EXAMPLES)
        assert "--card" in caught.value.hint
