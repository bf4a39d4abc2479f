"""What a card may say: never more than the scores bear, nobody accused more often than asked, shares that sum."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration import (
    UNCALIBRATED,
    VERDICTS,
    Calibration,
    Likelihood,
    Line,
    Settings,
    any_family,
    bin_for,
    decide,
    strangeness,
)
from analyzer.calibration.among import tail_share
from analyzer.calibration.cards import shipped_card
from analyzer.calibration.features import FEATURES, token_features
from analyzer.errors import CalibrationMismatch, InputError
from analyzer.models.toy import ToyModel

MODEL = ToyModel(MACHINE * 3)
CARD = toy_card(MODEL.info)
GERMAN = (
    "Der Hund und die Katze sind nicht in dem Haus, sondern auf der Straße, und wir haben sie mit dem Auto gesucht, "
    "aber nicht gefunden. "
)
CODE = (
    "def f(x):\n    return [g(y) for y in x if y != 0]\n\nclass A:\n    def __init__(self, b):\n        self.b = b[0]\n"
)
VERSE = (
    "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;\n"
)

scores = st.floats(-30, 30)
lengths = st.integers(1, 5000)
shares = st.floats(0.001, 0.499)
base_rates = st.floats(0.001, 0.999)


def several_families(card: Calibration) -> Calibration:
    """The toy card with a second family that reads the toy's one state, the token's number, too."""
    one = card.evidence[0]
    two = Line(np.where(np.array(FEATURES) == "entropy", 3.0, 0.1), np.array([0.02]), -14.0)
    return replace(card, layers=(1,), evidence=(replace(one, states=np.array([-0.01])), two), offset=(0.3, -0.1))


CARDS = {"one family": CARD, "two families": several_families(CARD)}
ANALYZERS = {name: Analyzer(MODEL, calibration=card) for name, card in CARDS.items()}


def judged(text: str, card: Calibration = CARD, **chosen: Any) -> Likelihood:
    return Analyzer(MODEL, calibration=card).analyze(text).judge(Settings(**chosen))


def with_offset(card: Calibration, score: float) -> Calibration:
    """The card with a bias that gives `HUMAN` this score."""
    (line,) = card.evidence
    return replace(card, evidence=(replace(line, bias=line.bias + score - judged(HUMAN, card).score),))


class TestProbability:
    @pytest.mark.parametrize("card", [CARD, shipped_card()], ids=["toy", "shipped"])
    @given(a=scores, b=scores, n=lengths)
    def test_rises_with_the_score_at_every_length(self, card: Calibration, a: float, b: float, n: int) -> None:
        low, high = sorted((a, b))
        assert card.logit(low, n) <= card.logit(high, n)
        assert card.logit(high + 1, n) > card.logit(low, n)

    @pytest.mark.parametrize("card", [CARD, shipped_card()], ids=["toy", "shipped"])
    def test_rises_at_the_ends_of_every_bin(self, card: Calibration) -> None:
        ends = [n for one in card.bins for n in (one.tokens - 1, one.tokens)] + [card.longest, 10 * card.longest]
        for n in ends:
            assert (np.diff(card.logit(np.linspace(-20, 20, 81), n)) > 0).all()

    @pytest.mark.parametrize("text", [HUMAN, MACHINE, HUMAN + MACHINE])
    @pytest.mark.parametrize("analyzer", ANALYZERS.values(), ids=ANALYZERS)
    def test_lies_in_its_interval(self, analyzer: Analyzer, text: str) -> None:
        found = analyzer.analyze(text).likelihood
        assert 0 <= found.low < found.probability < found.high <= 1

    @hypothesis_settings(max_examples=20)
    @given(score=st.floats(-12, 12), rates=st.tuples(base_rates, base_rates))
    def test_posterior_is_bayes(self, score: float, rates: tuple[float, float]) -> None:
        card = with_offset(CARD, score)
        low, high = (judged(HUMAN, card, base_rate=rate).posterior for rate in sorted(rates))
        assert low <= high
        even = judged(HUMAN, card)
        assert even.posterior == even.probability
        assert logit(low) - logit(even.probability) == pytest.approx(logit(min(rates)), abs=1e-2)

    def test_longest_texts_bound_what_length_adds(self) -> None:
        card = replace(CARD, slope=(1.0, 0.5))
        assert card.logit(1.0, 1000) == card.logit(1.0, 10**6)
        assert card.logit(1.0, 40) == card.logit(1.0, 3)


class TestHumanPValue:
    ALPHAS = (0.01, 0.02, 0.05, 0.1, 0.3, 0.5)

    @staticmethod
    def accused(sizes: dict[str, int], shift: dict[str, float], kind: str | None, chosen: str | None) -> np.ndarray:
        """P-values of 3,000 texts, each of a random population (or of `chosen`), against as many fresh calibrations."""
        rng = np.random.default_rng(1)
        found = []
        for _ in range(3000):
            texts = {name: rng.normal(shift[name], 1, n) for name, n in sizes.items()}
            population = chosen or rng.choice(list(sizes))
            found.append(tail_share(texts, float(rng.normal(shift[population], 1)), kind))
        return np.array(found)

    def hold(self, found: np.ndarray) -> None:
        for alpha in self.ALPHAS:
            assert np.mean(found <= alpha) <= alpha + 3 * math.sqrt(alpha / len(found))

    def test_accuses_no_more_than_asked(self) -> None:
        self.hold(self.accused({"all": 99}, {"all": 0.0}, None, None))

    def test_nor_where_populations_differ(self) -> None:
        self.hold(self.accused({"essays": 99, "letters": 99}, {"essays": 0.0, "letters": 2.0}, None, None))

    def test_nor_among_one_kind_that_looks_like_machines(self) -> None:
        sizes, shift = {"essays": 500, "letters": 60}, {"essays": 0.0, "letters": 3.0}
        self.hold(self.accused(sizes, shift, "letters", "letters"))

    def test_nor_where_one_population_is_small(self) -> None:
        self.hold(self.accused({"essays": 400, "letters": 5}, {"essays": 0.0, "letters": 3.0}, None, None))

    @given(st.lists(scores, min_size=1, max_size=40), scores)
    def test_counts_the_text_itself(self, human: list[float], score: float) -> None:
        found = tail_share({"all": np.array(human)}, score, None)
        assert found == pytest.approx((1 + sum(h >= score for h in human)) / (1 + len(human)))
        assert 0 < found <= 1

    @given(st.lists(scores, min_size=1, max_size=40), scores, scores)
    def test_falls_as_the_score_rises(self, human: list[float], a: float, b: float) -> None:
        texts = {"all": np.array(human)}
        assert tail_share(texts, max(a, b), None) <= tail_share(texts, min(a, b), None)

    def test_populations_count_alike_however_many_texts_were_at_hand(self) -> None:
        texts = {"few": np.ones(100), "many": np.zeros(199)}
        assert tail_share(texts, 0.5, None) == pytest.approx((1 + 1 / 200) / 2)
        assert tail_share(texts, 0.5, "few") == 1
        assert tail_share(texts, 0.5, "many") == pytest.approx(1 / 200)

    def test_small_populations_count_together(self) -> None:
        texts = {"a": np.ones(3), "b": np.zeros(46), "many": np.zeros(199)}
        assert tail_share(texts, 0.5, None) == pytest.approx((4 / 50 + 1 / 200) / 2)

    def test_of_an_unknown_kind_says_nothing(self) -> None:
        assert math.isnan(tail_share({"all": np.zeros(3)}, 0.0, "letters"))


class TestVerdict:
    @given(score=scores, alphas=st.tuples(shares, shares), kind=st.sampled_from([None, "letters", "news_2019"]))
    def test_who_is_accused_at_a_small_rate_is_at_a_greater(
        self, score: float, alphas: tuple[float, float], kind: str | None
    ) -> None:
        low, high = sorted(alphas)
        for one in CARD.bins:
            strict, lax = (decide(one, score, Settings(alpha, kind=kind))[0] for alpha in (low, high))
            assert {strict, lax} <= set(VERDICTS)
            assert lax == "likely AI" or strict != "likely AI"

    @given(a=scores, b=scores, alpha=shares)
    def test_never_turns_human_as_the_score_rises(self, a: float, b: float, alpha: float) -> None:
        order = ("likely human", "unclear", "likely AI")
        low, high = (order.index(decide(CARD.bins[0], s, Settings(alpha))[0]) for s in sorted((a, b)))
        assert low <= high

    def test_too_few_people_accuse_nobody(self) -> None:
        few = replace(CARD.bins[0], human={"letters": np.zeros(50)})
        verdict, (reason,), p = decide(few, 100.0, Settings(0.01))
        assert verdict == "unclear"
        assert "Too few" in reason
        assert p == pytest.approx(1 / 51)
        assert decide(few, 100.0, Settings(0.02))[0] == "likely AI"

    def test_an_accusation_is_within_its_rate_of_its_own_people(self) -> None:
        for one in (*CARD.bins, *shipped_card().bins):
            for kind in (None, *(name for name, of in one.human.items() if len(of) >= 100)):
                settings = Settings(0.01, kind=kind)
                rates = [
                    np.mean([decide(one, score, settings)[0] == "likely AI" for score in of])
                    for name, of in one.human.items()
                    if kind in (None, name)
                ]
                assert np.mean(rates) <= 0.01

    def test_of_those_accused_so_many_are_innocent(self) -> None:
        one = replace(CARD.bins[0], machine={"chat": np.array([9.0, 9.0, 9.0, -9.0])})
        card = replace(CARD, bins=(one,))
        assert card.innocent_share(100, Settings()) == pytest.approx(0.01 / (0.01 + 0.75))
        assert card.innocent_share(100, Settings(base_rate=0.1)) == pytest.approx(0.009 / (0.009 + 0.075))
        assert math.isnan(card.innocent_share(100, Settings(0.001)))  # so few people are known that nobody is accused

    def test_reasons_hold_the_figures(self) -> None:
        one = CARD.bins[0]
        verdict, (reason,), p = decide(one, 9.0, Settings(0.02))
        assert verdict == "likely AI"
        assert "2\u00a0% of human texts" in reason
        assert p == pytest.approx(np.mean([1 / (1 + len(of)) for of in one.human.values()]))
        least = np.mean([1 / (1 + len(of)) for of in one.machine.values()])
        assert f"{100 * least:.2g}\u00a0% of machine texts" in decide(one, -9.0, Settings())[1][0]
        alike = replace(one, human={"all": np.arange(199.0)}, machine={"chat": np.arange(199.0)})
        verdict, (reason,), p = decide(alike, 149.0, Settings())
        assert verdict == "unclear"
        assert "1\u00a0%" in reason
        assert p == pytest.approx(51 / 200)


class TestAbstains:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("the cat", "Too short: 7 tokens."),
            (GERMAN, "small words of other languages"),
            (CODE, "marks of program code"),
            (VERSE, "end before the sentence does"),
            ("the cat sat on the mat. " * 8, "occur a second time"),
        ],
    )
    def test_with_its_reason(self, text: str, reason: str) -> None:
        analysis = Analyzer(MODEL, calibration=CARD).analyze(text)
        self.nothing_said(analysis, reason)

    def test_on_what_is_more_predictable_than_machines(self) -> None:
        card = replace(CARD, bins=tuple(replace(one, least_surprise=9.0) for one in CARD.bins))
        self.nothing_said(Analyzer(MODEL, calibration=card).analyze(MACHINE), "More predictable than nearly all")

    def test_on_features_that_no_calibration_text_has(self) -> None:
        card = replace(CARD, bins=tuple(replace(one, typical_mean=one.typical_mean - 2e4) for one in CARD.bins))
        self.nothing_said(Analyzer(MODEL, calibration=card).analyze(MACHINE), "Unlike the texts")

    @staticmethod
    def nothing_said(analysis: Analysis, reason: str) -> None:
        found = analysis.likelihood
        assert found.verdict == "not judged"
        assert reason in found.reasons[0]
        numbers = ("probability", "low", "high", "human_p_value", "posterior")
        assert all(math.isnan(getattr(found, name)) for name in numbers)
        told = json.loads(analysis.to_json())["likelihood"]
        assert [told[name] for name in numbers] == [None] * 5
        assert told["verdict"] == "not judged"
        assert math.isfinite(found.score)  # for ranking texts, also those

    def test_judges_any_prose_where_it_was_made_for_any(self) -> None:
        card = replace(CARD, english_prose=False)
        assert judged(GERMAN, card).verdict != "not judged"
        assert judged("the cat", card).verdict == "not judged"

    def test_without_a_card(self) -> None:
        analysis = Analyzer(MODEL).analyze(MACHINE)
        assert analysis.likelihood is UNCALIBRATED
        assert "no calibration for this model" in UNCALIBRATED.reasons[0]
        assert analysis.judge(Settings(0.05)) == replace(UNCALIBRATED, settings=Settings(0.05))
        assert analysis.cut() is None
        assert np.isnan(analysis.token_shares()).all()
        assert all(math.isnan(s.probability) and not s.stands_out for s in analysis.sentences())
        assert json.loads(analysis.to_json())["likelihood"]["calibration_id"] is None

    def test_a_feature_at_its_spread_is_not_strange(self) -> None:
        one = replace(CARD.bins[0], typical_mean=np.ones(len(FEATURES)), typical_spread=np.ones(len(FEATURES)))
        at = replace(one, largest_distance=2.0)
        assert strangeness(at, np.full(len(FEATURES), 2.9)) == ""
        assert strangeness(at, np.full(len(FEATURES), 3.1)).startswith("Unlike")


@pytest.mark.parametrize("text", [HUMAN, MACHINE, "the cat", GERMAN + HUMAN, "\u200b" + HUMAN])
@pytest.mark.parametrize("analyzer", ANALYZERS.values(), ids=ANALYZERS)
def test_shares_sum_to_the_verdict(analyzer: Analyzer, text: str) -> None:
    card, analysis = analyzer.calibration, analyzer.analyze(text)
    assert card is not None
    evidence = card.token_evidence(analysis.tokenization, analysis.scores)
    score = analysis.likelihood.score
    assert evidence.mean() == pytest.approx(score, abs=1e-9)
    log_odds = card.logit(score, len(analysis.scores))
    assert analysis.token_shares().sum() == pytest.approx(log_odds, abs=1e-9)
    assert sum(s.share for s in analysis.sentences()) == pytest.approx(log_odds, abs=1e-9)
    if analysis.likelihood.verdict != "not judged":
        assert expit(log_odds) == pytest.approx(analysis.likelihood.probability, abs=1e-12)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=4))
def test_odds_of_any_family_are_no_less_than_of_each(evidence: list[float]) -> None:
    assert float(any_family(np.array(evidence))) >= max(evidence)
    assert float(any_family(np.array([evidence[0]]))) == pytest.approx(evidence[0])


def test_two_families_are_read_from_features_and_states_by_hand() -> None:
    card = CARDS["two families"]
    analysis = ANALYZERS["two families"].analyze(HUMAN)
    one, two = card.evidence
    state = analysis.tokenization.ids.mean()
    surprise, entropy = -analysis.scores.log_prob.mean(), analysis.scores.entropy.mean()
    others = token_features(analysis.tokenization, analysis.scores).mean(axis=0).sum() - entropy
    wanted = np.logaddexp(40 - 8 * surprise - 0.01 * state, 3 * entropy + 0.1 * others + 0.02 * state - 14)
    assert analysis.likelihood.score == pytest.approx(wanted, rel=1e-6)
    assert (one.bias, two.bias) == (40, -14)


def test_scores_without_the_read_out_are_refused() -> None:
    plain = Analyzer(MODEL, calibration=CARD).analyze(HUMAN)
    with pytest.raises(ValueError, match="read_out"):
        CARDS["two families"].judge(plain.tokenization, plain.scores)


@pytest.mark.parametrize(("n", "tokens"), [(1, None), (39, None), (40, 40), (199, 40), (200, 200), (10**6, 200)])
def test_bins_by_hand(n: int, tokens: int | None) -> None:
    found = bin_for(CARD.bins, n)
    assert (found and found.tokens) == tokens


@pytest.mark.parametrize(
    "chosen",
    [
        {"false_positive_rate": 0.0},
        {"false_positive_rate": 0.5},
        {"false_positive_rate": -1.0},
        {"false_positive_rate": math.nan},
        {"base_rate": 0.0},
        {"base_rate": 1.0},
    ],
)
def test_impossible_settings_are_refused_with_a_hint(chosen: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(chosen))) as caught:
        Settings(**chosen)  # type: ignore[arg-type]
    assert caught.value.hint


def test_an_unknown_kind_is_refused_with_those_known() -> None:
    with pytest.raises(InputError, match="poems") as caught:
        judged(HUMAN, kind="poems")
    assert "letters, news_2019" in caught.value.hint


def test_a_kind_is_compared_with_its_own_people() -> None:
    for kind in CARD.kinds:
        human = CARD.bins[0].human[kind]
        found = judged(HUMAN, kind=kind)
        assert found.human_p_value == pytest.approx((1 + sum(human >= found.score)) / (1 + len(human)))
        assert found.settings.kind == kind


@pytest.mark.parametrize("name", ["name", "revision", "dtype"])
def test_another_model_is_refused(name: str) -> None:
    other = replace(MODEL.info, **{name: "other"})
    with pytest.raises(CalibrationMismatch, match=f"for {name}") as caught:
        CARD.check(other)
    assert "analyzer calibrate" in caught.value.hint
    CARD.check(MODEL.info)


def test_every_dtype_it_was_checked_with_is_allowed() -> None:
    card = replace(CARD, model=dict(CARD.model) | {"dtype": "float32 bfloat16"})
    card.check(replace(MODEL.info, dtype="bfloat16"))
    with pytest.raises(CalibrationMismatch):
        card.check(replace(MODEL.info, dtype="float16"))


def test_an_empty_population_does_not_count() -> None:
    one = CARD.bins[0]
    texts = dict(one.human) | {"none": np.array([])}
    assert tail_share(texts, 0.0, None) == tail_share(one.human, 0.0, None)


@pytest.fixture(scope="module")
def analyzer(default_model: Any) -> Analyzer:
    return Analyzer(default_model)


class TestShippedCard:
    """The embedded model's own, on short real texts."""

    MACHINE_TEXT = (
        "The history of the bicycle is a fascinating journey that spans over two centuries. It has played a crucial "
        "role in transforming transportation, promoting physical fitness, and fostering a sense of community. In this "
        "essay, we will explore the key developments that have shaped the bicycle into the versatile and sustainable "
        "mode of transportation that it is today."
    )

    def test_tells_a_letter_from_an_essay(self, analyzer: Analyzer) -> None:
        letter = analyzer.analyze(HUMAN + "I still have the pan, black as it is; my sister took the clock. ").likelihood
        essay = analyzer.analyze(self.MACHINE_TEXT).likelihood
        assert letter.score < essay.score
        assert letter.verdict != "likely AI"
        assert essay.probability > 0.5 or essay.verdict == "not judged"

    @pytest.mark.parametrize("text", [GERMAN * 2, CODE * 2, VERSE, "Too short to say."])
    def test_abstains(self, analyzer: Analyzer, text: str) -> None:
        assert analyzer.analyze(text).likelihood.verdict == "not judged"

    def test_shares_sum_with_real_states(self, analyzer: Analyzer) -> None:
        analysis = analyzer.analyze(self.MACHINE_TEXT)
        found, n = analysis.likelihood, len(analysis.scores)
        log_odds = shipped_card().logit(found.score, n)
        assert analysis.token_shares().sum() == pytest.approx(log_odds, abs=1e-9)
        assert sum(s.share for s in analysis.sentences()) == pytest.approx(log_odds, abs=1e-9)

    def test_promises_cover_its_populations(self) -> None:
        card = shipped_card()
        assert set(card.measured["populations"]) == set(card.kinds)
        assert card.read_out is not None
        assert [one.tokens for one in card.bins] == sorted(one.tokens for one in card.bins)
