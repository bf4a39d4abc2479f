"""From labelled texts to a card that judges new ones; and other people's own texts to compare with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_card import HUMAN, MACHINE, toy_card
from toy_corpus import toy_texts

from analyzer.analysis import Analyzer
from analyzer.calibration import Calibration, Settings
from analyzer.calibration.cards import load_card, save_card
from analyzer.errors import InputError
from analyzer.fitting import evaluation
from analyzer.fitting.calibrate import calibrate, calibrate_people, in_both_layouts, span_limit, with_families
from analyzer.fitting.corpus import Example
from analyzer.fitting.layout import flattened
from analyzer.models.toy import ToyModel

MODEL = ToyModel(MACHINE * 3)
TEXTS = toy_texts(130)
NEW = toy_texts(12, sources="n", seed=7)
PEOPLE = [e for e in TEXTS if e.label == 0]


@pytest.fixture(scope="module")
def card() -> Calibration:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_RESAMPLES", 5)
        return calibrate(MODEL, TEXTS)


class TestCalibrate:
    def test_judges_texts_it_has_not_seen(self, card: Calibration) -> None:
        analyzer = Analyzer(MODEL, calibration=card)
        found = [analyzer.analyze(e.text).likelihood for e in NEW]
        judged = [(f, e.label) for f, e in zip(found, NEW, strict=True) if f.verdict != "not judged"]
        assert len(judged) > 18
        assert all((f.probability > 0.5) == (label == 1) for f, label in judged)
        assert all(f.verdict == "likely AI" for f, label in judged if label)
        assert not any(f.verdict == "likely AI" for f, label in judged if not label)

    def test_layout_alone_changes_little(self, card: Calibration) -> None:
        analyzer = Analyzer(MODEL, calibration=card)
        for example in NEW[:6]:
            flat, laid_out = (analyzer.analyze(e.text).likelihood for e in in_both_layouts([example]))
            assert flat.verdict == laid_out.verdict

    def test_holds_its_model_its_figures_and_a_limit_of_spans(self, card: Calibration) -> None:
        card.check(MODEL.info)
        assert card.layers == (1,)
        assert card.english_prose
        assert card.kinds == ("letters", "news_2019")
        assert card.measured["corpus"]["sources"] == 130
        assert 0 < card.span["highest"] < 1
        assert card.longest >= max(len(e.text.encode()) for e in TEXTS)

    def test_survives_the_file(self, card: Calibration, tmp_path: Path) -> None:
        save_card(card, tmp_path / "card.json")
        again = load_card(tmp_path / "card.json")
        for example in NEW[:4]:
            a, b = (Analyzer(MODEL, calibration=c).analyze(example.text).likelihood for c in (card, again))
            assert b.verdict == a.verdict
            assert b.score == pytest.approx(a.score, abs=0.01)

    def test_goes_on_from_what_was_measured(self, card: Calibration, tmp_path: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(evaluation, "_RESAMPLES", 5)
            calibrate(MODEL, TEXTS, folder=tmp_path)
            before = MODEL.tokens_read
            again = calibrate(MODEL, TEXTS, folder=tmp_path)
        people = sum(len(e.text.encode()) + 1 for e in PEOPLE)
        assert MODEL.tokens_read - before <= people  # for the limit of spans alone
        assert again.calibration_id == card.calibration_id
        assert again.span == card.span

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            (TEXTS[:40], "Too few human texts"),
            (PEOPLE, "Human and machine texts"),
            ([e for e in TEXTS if e.label], "Human and machine texts"),
            ([replace(e, text="the cat") for e in TEXTS], "at least 48 tokens"),
            ([replace(e, domain=str(e.label)) for e in TEXTS], "No domain holds both"),
        ],
    )
    def test_refuses_what_cannot_be_fitted(self, texts: list[Example], message: str) -> None:
        with pytest.raises(InputError, match=message) as caught:
            calibrate(MODEL, texts)
        assert caught.value.hint

    def test_with_few_spans_is_not_stricter_than_asked(self) -> None:
        analyzer = Analyzer(MODEL, calibration=toy_card(MODEL.info))
        people = [e.text for e in PEOPLE[:20]]
        highest = sorted(max(s.probability for s in analyzer.analyze(t).sentences()) for t in people)
        assert span_limit(analyzer, {"": people}) == highest[-1]
        assert span_limit(analyzer, {"": people}, error=0.5) == highest[10]

    def test_no_kind_of_writing_pays_for_the_others(self) -> None:
        analyzer = Analyzer(MODEL, calibration=toy_card(MODEL.info))
        kinds = {"a": [e.text for e in PEOPLE[:10]], "b": [e.text for e in PEOPLE[10:20]]}
        alone = [span_limit(analyzer, {kind: texts}, error=0.2) for kind, texts in kinds.items()]
        assert alone[0] != alone[1]
        assert span_limit(analyzer, kinds, error=0.2) == max(alone)


class TestLayouts:
    def test_each_text_stands_in_both(self) -> None:
        found = in_both_layouts(TEXTS)
        assert len(found) == 2 * len(TEXTS)
        assert [flattened(e.text) for e in found[: len(TEXTS)]] == [flattened(e.text) for e in found[len(TEXTS) :]]
        assert any("\n" in e.text for e in found[len(TEXTS) :])

    def test_do_not_hang_on_who_wrote_it(self) -> None:
        turned = [replace(e, label=1 - e.label, generator="other", domain="other") for e in TEXTS]
        assert [e.text for e in in_both_layouts(turned)] == [e.text for e in in_both_layouts(TEXTS)]

    def test_nothing_but_space_is_no_text(self) -> None:
        assert in_both_layouts([Example(" \n", 0, "a", "b", "human")]) == []


class TestFamilies:
    def test_the_first_rule_that_fits_counts(self) -> None:
        found = with_families(TEXTS, ["tuned=ch*", "raw=old", "never=*"])
        assert {(e.generator, e.family) for e in found if e.label} == {("chat", "tuned"), ("old", "raw")}
        assert with_families(TEXTS, []) == TEXTS
        assert {e.family for e in with_families(TEXTS, ["raw=o*"]) if e.generator == "chat"} == {"machine"}

    @pytest.mark.parametrize("rule", ["tuned", "=old", "tuned=", ""])
    def test_what_is_no_rule_is_refused(self, rule: str) -> None:
        with pytest.raises(InputError, match="NAME=PATTERN") as caught:
            with_families(TEXTS, ["a=b", rule])
        assert caught.value.hint


class TestPeople:
    ANALYZER = Analyzer(MODEL, calibration=toy_card(MODEL.info))

    def test_p_values_are_against_their_own_texts(self) -> None:
        told: list[tuple[int, int]] = []
        card = calibrate_people(self.ANALYZER, PEOPLE, progress=lambda done, total: told.append((done, total)))
        assert told[-1] == (130, 130)
        assert card.kinds == ("letters", "news_2019")
        scores = [self.ANALYZER.analyze(e.text).likelihood.score for e in PEOPLE]
        sizes = [len(e.text.encode()) for e in PEOPLE]
        analysis = Analyzer(MODEL, calibration=card).analyze(HUMAN)
        for kind in card.kinds:
            own = np.array(
                [s for s, n, e in zip(scores, sizes, PEOPLE, strict=True) if e.domain == kind and 40 <= n < 200]
            )
            found = analysis.judge(Settings(kind=kind))
            assert found.human_p_value == pytest.approx((1 + (own >= found.score).sum()) / (1 + len(own)))
        assert found.score == self.ANALYZER.analyze(HUMAN).likelihood.score  # the read-out is the same
        assert card.calibration_id == "toy-1-own-130"
        assert not card.measured

    def test_lengths_of_which_there_are_too_few_are_left_out(self) -> None:
        long = [e for e in PEOPLE if len(e.text.encode()) >= 200][:25]
        card = calibrate_people(self.ANALYZER, [*long, *[e for e in PEOPLE if len(e.text.encode()) < 200][:19]])
        assert [one.tokens for one in card.bins] == [200]
        assert sum(map(len, card.bins[0].human.values())) == 25

    def test_few_people_accuse_nobody_at_one_in_a_hundred(self) -> None:
        card = calibrate_people(self.ANALYZER, PEOPLE[:60])
        found = Analyzer(MODEL, calibration=card).analyze(MACHINE)
        assert found.likelihood.verdict == "unclear"
        assert "Too few" in found.likelihood.reasons[0]
        assert found.judge(Settings(0.1)).verdict == "likely AI"

    def test_too_few_are_refused(self) -> None:
        for texts in (PEOPLE[:19], [replace(e, text="the cat") for e in PEOPLE]):
            with pytest.raises(InputError, match="Too few texts: 20 of one length and at least 40 tokens") as caught:
                calibrate_people(self.ANALYZER, texts)
            assert caught.value.hint

    def test_a_model_without_a_card_is_refused(self) -> None:
        with pytest.raises(InputError, match="has a calibration") as caught:
            calibrate_people(Analyzer(MODEL), PEOPLE)
        assert caught.value.hint
