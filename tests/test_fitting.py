"""The fit finds what was planted and nothing else; what it says it had not seen plays no part."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_corpus import PLANTED, P, toy_corpus

from analyzer.calibration import Calibration
from analyzer.errors import InputError
from analyzer.fitting.corpus import BEGINNING, WHOLE, Corpus
from analyzer.fitting.evaluation import auroc
from analyzer.fitting.read_outs import Choices, Fitter, Moments, fit, folds, make_bins, probability_line
from analyzer.models.toy import ToyModel

INFO = ToyModel("ab").info
TWO_FAMILIES = (("chat", "assistant"), ("raw", "base"))
CORPUS = toy_corpus()
FITTER = Fitter(CORPUS)


def card_of(corpus: Corpus) -> Calibration:
    return fit(corpus, INFO, (1,), english_prose=False, fitter=Fitter(corpus))


def area(corpus: Corpus, score: np.ndarray, rows: np.ndarray | None = None) -> float:
    rows = corpus.stretch == WHOLE if rows is None else rows
    value = auroc(corpus.label[rows], score[rows])["value"]
    assert value is not None
    return value


def shuffled(corpus: Corpus, rows: np.ndarray) -> Corpus:
    """With the features of these rows dealt out anew: as a whole the corpus has the same spread as before."""
    features = corpus.features.copy()
    numbers = np.flatnonzero(rows)
    features[numbers] = features[np.random.default_rng(5).permutation(numbers)]
    return replace(corpus, features=features)


class TestReadOut:
    def test_points_where_machines_differ(self) -> None:
        (line,) = FITTER.lines()
        weights = line[:-1] * CORPUS.features.std(axis=0)
        assert np.corrcoef(weights, PLANTED)[0, 1] > 0.7
        assert (np.sign(weights)[PLANTED != 0] == PLANTED[PLANTED != 0]).all()
        assert set(np.argsort(-np.abs(weights))[:2]) <= set(np.flatnonzero(PLANTED))

    def test_has_unit_spread_within_texts_of_one_kind(self) -> None:
        moments = Moments(CORPUS, np.zeros(len(CORPUS), np.int64))
        lines = moments.solve(Choices(), ["machine"])
        values = CORPUS.features @ lines[0, :-1] + lines[0, -1]
        cells, weights = [], []
        for domain in np.unique(CORPUS.domain):
            for family in ("human", "machine"):
                rows = (CORPUS.domain == domain) & (CORPUS.family == family)
                cells.append(values[rows].var())
                weights.append(np.sqrt(rows.sum()))
        assert np.average(cells, weights=weights) == pytest.approx(1, rel=1e-3)

    def test_does_not_learn_what_machines_were_asked_about(self) -> None:
        """A column that only tells domains apart, where machines and people are not equally many."""
        features = CORPUS.features.copy()
        features[:, -1] = 5.0 * (CORPUS.domain == "news") + np.random.default_rng(0).normal(0, 0.1, len(CORPUS))
        few = (CORPUS.label == 0) | (CORPUS.domain == "news") | (CORPUS.text % 7 == 0)
        (line,) = Fitter(replace(CORPUS, features=features)[few]).lines()
        assert abs(line[-2] * features[:, -1].std()) < 0.2 * np.abs(line[:-1] * features.std(axis=0)).max()

    def test_two_families_on_both_sides_of_people_are_both_found(self) -> None:
        corpus = toy_corpus(generators=TWO_FAMILIES, turned=["base"], gap=1.5)
        fitter = Fitter(corpus)
        lines = fitter.lines()
        assert fitter.families == ["assistant", "base"]
        assert lines.shape == (2, P + 3 + 1)
        assert np.corrcoef(lines[0, :-1], lines[1, :-1])[0, 1] < -0.5
        found = fitter.crossed().by_group
        for family in fitter.families:
            rows = (corpus.stretch == WHOLE) & np.isin(corpus.family, ["human", family])
            assert area(corpus, found, rows) > 0.9

    def test_is_the_same_each_time(self) -> None:
        again = Fitter(toy_corpus())
        np.testing.assert_array_equal(again.lines(), FITTER.lines())
        np.testing.assert_array_equal(again.crossed().by_domain, FITTER.crossed().by_domain)
        a, b = card_of(CORPUS), card_of(toy_corpus())
        assert a.calibration_id == b.calibration_id
        assert a.calibration_id.startswith("toy-")

    def test_does_not_hang_on_the_order_of_texts(self) -> None:
        order = np.random.default_rng(0).permutation(len(CORPUS))
        np.testing.assert_allclose(Fitter(CORPUS[order]).lines(), FITTER.lines(), rtol=1e-3, atol=1e-3)


class TestCrossed:
    def test_finds_texts_it_has_not_seen(self) -> None:
        found = FITTER.crossed()
        assert area(CORPUS, found.by_group) > 0.9
        assert area(CORPUS, found.by_domain) > 0.9

    def test_random_labels_are_not_learnt(self) -> None:
        corpus = toy_corpus(gap=0, sources=150)
        found = Fitter(corpus).crossed()
        assert abs(area(corpus, found.by_group) - 0.5) < 0.1
        assert abs(area(corpus, found.by_domain) - 0.5) < 0.1
        (line,) = Moments(corpus, np.zeros(len(corpus), np.int64)).solve(Choices(), ["machine"])
        assert area(corpus, corpus.features @ line[:-1]) > 0.57  # a read-out that has seen them learns them by heart

    @pytest.mark.parametrize("number", range(5))
    def test_what_a_fold_holds_plays_no_part_in_its_read_out(self, number: int) -> None:
        fold = folds(CORPUS.group)
        changed = shuffled(CORPUS, fold == number)
        with_it, without_it = (
            [Moments(c, fold).solve(Choices(), ["machine"], without=n) for c in (CORPUS, changed)]
            for n in ((number + 1) % 5, number)
        )
        np.testing.assert_allclose(without_it[1], without_it[0], rtol=1e-9)
        assert not np.allclose(with_it[1], with_it[0], rtol=1e-3)

    @pytest.mark.parametrize("name", ["essays", "news"])
    def test_nor_what_a_domain_holds(self, name: str) -> None:
        fold = folds(CORPUS.group)
        changed = shuffled(CORPUS, CORPUS.domain == name)
        a, b = (Moments(c, fold).solve(Choices(), ["machine"], without_domains=[name]) for c in (CORPUS, changed))
        np.testing.assert_allclose(b, a, rtol=1e-9)

    def test_few_domains_cannot_be_left_out(self) -> None:
        found = Fitter(toy_corpus(domains=["essays", "news"])).crossed()
        np.testing.assert_array_equal(found.by_domain, found.by_group)

    def test_every_text_is_scored(self) -> None:
        found = FITTER.crossed()
        assert np.isfinite(found.by_group).all()
        assert np.isfinite(found.by_domain).all()
        half = found.part(CORPUS.label == 1)
        assert len(half.by_group) == len(half.by_domain) == CORPUS.label.sum()

    @settings(max_examples=50)
    @given(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=60))
    def test_a_group_is_never_parted(self, groups: list[str]) -> None:
        found = folds(np.array(groups))
        assert all(len(set(found[np.array(groups) == g])) == 1 for g in groups)
        sizes = np.bincount([found[groups.index(g)] for g in set(groups)], minlength=5)
        assert sizes.max() - sizes.min() <= 1


class TestRefused:
    def no(self, call: Callable[[], object], message: str) -> None:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert caught.value.hint

    def test_one_class_alone(self) -> None:
        self.no(lambda: Fitter(CORPUS[CORPUS.label == 0]), "Human and machine texts")
        self.no(lambda: Fitter(CORPUS[CORPUS.label == 1]), "Human and machine texts")

    def test_short_texts_alone(self) -> None:
        self.no(lambda: Fitter(replace(CORPUS, n_tokens=np.full(len(CORPUS), 47))), "at least 48 tokens")

    def test_a_family_that_shares_no_domain_with_people(self) -> None:
        apart = np.where(CORPUS.label == 1, "other", CORPUS.domain)
        self.no(lambda: Fitter(replace(CORPUS, domain=apart)), "No domain holds both .* 'machine'")

    def test_too_few_people_of_every_length(self) -> None:
        few = toy_corpus(sources=20)
        self.no(lambda: card_of(few), "100 of one length")

    def test_labels_the_wrong_way_round(self) -> None:
        self.no(lambda: probability_line(CORPUS, -FITTER.crossed().by_group), "cannot be told apart")


class TestCard:
    def test_a_domain_of_people_alone_is_one_more_population(self) -> None:
        card = card_of(toy_corpus(humans_only=["news"]))
        assert card.kinds == ("essays", "letters", "news")

    def test_a_bin_counts_each_person_once_and_no_begun_machine_text(self) -> None:
        card = card_of(CORPUS)
        crossed = FITTER.crossed()
        assert [one.tokens for one in card.bins] == [48, 160]  # of 96 to 159 tokens there are too few
        ends = [160, np.inf]
        for one, end in zip(card.bins, ends, strict=True):
            rows = (CORPUS.n_tokens >= one.tokens) & (CORPUS.n_tokens < end)
            if one.tokens == 48:
                rows &= CORPUS.n_tokens < 96
            people = len(set(CORPUS.group[rows & (CORPUS.label == 0)]))
            assert sum(map(len, one.human.values())) == people
            machine = rows & (CORPUS.label == 1) & (CORPUS.stretch != BEGINNING)
            scores = np.sort(np.concatenate([*one.machine.values()]))
            np.testing.assert_array_equal(scores, np.sort(crossed.by_group[machine]))

    def test_its_people_are_scored_by_read_outs_that_knew_nobody_like_them(self) -> None:
        card, crossed = card_of(CORPUS), FITTER.crossed()
        for one in card.bins:
            for name, scores in one.human.items():
                theirs = crossed.by_domain[(CORPUS.domain == name) & (CORPUS.label == 0)]
                assert np.isin(scores, theirs).all()

    def test_probability_rises_at_every_length_and_is_right_on_average(self) -> None:
        card = card_of(CORPUS)
        for n in (48, 100, 1000):
            assert card.logit(1.0, n) > card.logit(0.0, n)
        rows = (CORPUS.n_tokens >= 48) & (CORPUS.stretch != BEGINNING)
        score = FITTER.crossed().by_group[rows]
        odds = np.array([card.logit(s, n) for s, n in zip(score, CORPUS.n_tokens[rows], strict=True)])
        assert np.mean(1 / (1 + np.exp(-odds))) == pytest.approx(CORPUS.label[rows].mean(), abs=1e-3)

    def test_reads_a_text_as_the_fitter_does(self) -> None:
        card = card_of(CORPUS)
        weights = np.concatenate([card.evidence[0].features, card.evidence[0].states])
        found = CORPUS.features @ weights + card.evidence[0].bias
        np.testing.assert_allclose(found, FITTER.scores(np.ones(len(CORPUS), bool)), rtol=1e-4, atol=1e-4)

    def test_intervals_hold_nine_tenths(self) -> None:
        crossed = FITTER.crossed()
        for one in make_bins(CORPUS, crossed):
            assert one.half_width > 0
            assert np.isfinite(one.half_width)
            assert one.largest_distance > 0
