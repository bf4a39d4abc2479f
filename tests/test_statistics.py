"""Document statistics against hand-derived values, scipy, and brute force over full probability tables."""

import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer import series, statistics
from analyzer.scoring import TokenScores, join
from analyzer.statistics import STATISTICS, document_statistics

BIT = math.log(2)  # one bit, in nats

ORDER_DEPENDENT = {
    "difference_mean",
    "difference_std",
    "second_difference_variance",
    "second_difference_entropy",
    "second_difference_autocorrelation",
    "surprise_autocorrelation",
}


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def make(surprise, *, rank=None, entropy=None, varentropy=None, top=None) -> TokenScores:
    """Scores with the given surprise in nats; the rest is filled with anything valid."""
    s = len(surprise)
    top = np.log(np.full((s, 10), 0.1)) if top is None else np.asarray(top)
    return TokenScores(
        0,
        log_prob=-np.asarray(surprise, np.float64),
        entropy=np.ones(s) if entropy is None else entropy,
        varentropy=np.ones(s) if varentropy is None else varentropy,
        rank=np.ones(s, np.int64) if rank is None else rank,
        top_ids=np.tile(np.arange(top.shape[1]), (s, 1)),
        top_log_prob=top,
        context_len=np.arange(1, s + 1),
    )


def bits(*surprise: float, **rest) -> TokenScores:
    return make(np.array(surprise, np.float64) * BIT, **rest)


def from_tables(tables: list[list[float]], ids: list[int], k: int = 10) -> TokenScores:
    """Scores by brute force, one position and one vocabulary entry at a time, from full probability tables."""
    log_prob, entropy, varentropy, rank, top_ids, top = [], [], [], [], [], []
    for table, chosen in zip(tables, ids, strict=True):
        expected = sum(p * -math.log(p) for p in table)
        log_prob.append(math.log(table[chosen]))
        entropy.append(expected)
        varentropy.append(sum(p * (-math.log(p) - expected) ** 2 for p in table))
        rank.append(1 + sum(p > table[chosen] for p in table))
        best = sorted(range(len(table)), key=lambda i: (-table[i], i))[:k]
        top_ids.append(best)
        top.append([math.log(table[i]) for i in best])
    return TokenScores(0, *map(np.array, (log_prob, entropy, varentropy, rank, top_ids, top)), np.arange(len(ids)))


def permuted(scores: TokenScores, order: np.ndarray) -> TokenScores:
    names = ("log_prob", "entropy", "varentropy", "rank", "top_ids", "top_log_prob", "context_len")
    return TokenScores(scores.start, **{name: getattr(scores, name)[order] for name in names})


@st.composite
def tables(draw, least: int = 1):
    """Probability tables (S, 12) and the ids that were written."""
    s = draw(st.integers(least, 12))
    logits = draw(hnp.arrays(np.float64, (s, 12), elements=st.integers(-40, 40).map(lambda n: n / 5)))
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    return p.tolist(), draw(st.lists(st.integers(0, 11), min_size=s, max_size=s))


def documents(least: int = 1) -> st.SearchStrategy[TokenScores]:
    return tables(least).map(lambda drawn: from_tables(*drawn))


surprises = st.lists(st.floats(0, 60), min_size=1, max_size=40)


# Hand-derived values


def test_level() -> None:
    """Surprise 1, 2, 3 bits, ranks 1, 2, 4.

    Mean 2 bits, so perplexity 2² = 4. ln ranks are 0, 1, 2 bits: mean 1 bit, and 6 bits / 3 bits = 2.
    """
    scores = bits(1, 2, 3, rank=[1, 2, 4], entropy=[0.5, 1.0, 3.0])
    assert statistics.log_likelihood(scores) == pytest.approx(-2 * BIT)
    assert statistics.surprise_mean(scores) == pytest.approx(2 * BIT)
    assert statistics.perplexity(scores) == pytest.approx(4)
    assert statistics.mean_rank(scores) == pytest.approx(7 / 3)
    assert statistics.median_rank(scores) == 2
    assert statistics.log_rank(scores) == pytest.approx(BIT)
    assert statistics.lrr(scores) == pytest.approx(2)
    assert statistics.entropy(scores) == pytest.approx(1.5)


def test_median_rank_of_an_even_number_of_tokens_lies_halfway() -> None:
    assert statistics.median_rank(bits(1, 1, 1, 1, rank=[9, 1, 2, 5])) == 3.5


def test_shape() -> None:
    """Surprise 0, 0, 0, 4: mean 1, centred -1, -1, -1, 3.

    m2 = (3 + 9) / 4 = 3, m3 = (-3 + 27) / 4 = 6, m4 = (3 + 81) / 4 = 21, so skewness is 6 / 3^1.5 = 2 / √3, excess
    kurtosis 21 / 9 - 3 = -2 / 3, and burstiness (√3 - 1) / (√3 + 1) = 2 - √3.
    """
    scores = make([0, 0, 0, 4])
    assert statistics.surprise_mean(scores) == 1
    assert statistics.surprise_std(scores) == pytest.approx(math.sqrt(3))
    assert statistics.surprise_skew(scores) == pytest.approx(2 / math.sqrt(3))
    assert statistics.surprise_kurtosis(scores) == pytest.approx(-2 / 3)
    assert statistics.burstiness(scores) == pytest.approx(2 - math.sqrt(3))


def test_order() -> None:
    """Surprise 1, 3, 1, 3, 1: differences 2, -2, 2, -2, second differences -4, 4, -4.

    Differences: mean 0, deviation 2. Second: mean -4/3, variance 16 - 16/9 = 128/9; a third of them in one bin, two
    thirds in another, so ln 3 - 2/3 ln 2. Each is followed by its opposite: both correlations are -1.
    """
    scores = make([1, 3, 1, 3, 1])
    assert statistics.difference_mean(scores) == 0
    assert statistics.difference_std(scores) == pytest.approx(2)
    assert statistics.second_difference_variance(scores) == pytest.approx(128 / 9)
    assert statistics.second_difference_entropy(scores) == pytest.approx(math.log(3) - 2 / 3 * BIT)
    assert statistics.second_difference_autocorrelation(scores) == pytest.approx(-1)
    assert statistics.surprise_autocorrelation(scores) == pytest.approx(-1)


def test_second_difference_bins_are_open_above() -> None:
    """log p -40, -40, -40, -39, -18: second differences 0, 1, 20 in bins one wide, [0, 1), [1, 2) ... [19, 20].

    Three bins: ln 3. Of surprise they would be -20, -1, 0, and the latter two would share the bin [-1, 0].
    """
    assert statistics.second_difference_entropy(make([40, 40, 40, 39, 18])) == pytest.approx(math.log(3))


def test_rising_surprise() -> None:
    """Surprise 1, 2, 3: every difference 1, the second difference 0, and (1, 2), (2, 3) lie on a line."""
    scores = make([1, 2, 3])
    assert statistics.difference_mean(scores) == 1
    assert statistics.difference_std(scores) == 0
    assert statistics.second_difference_variance(scores) == 0
    assert statistics.second_difference_entropy(scores) == 0
    assert statistics.surprise_autocorrelation(scores) == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 4, 100])
def test_curvature_of_the_likeliest_text(n: int) -> None:
    """At every position p = 1/2, 1/4, 1/4, and the first is written.

    In bits: surprise 1, entropy 3/2, varentropy 1/2·1 + 1/2·4 - 9/4 = 1/4. Curvature n/2 / sqrt(n/4) = √n: sums, not
    means, by which it would be 1 at every length.
    """
    scores = from_tables([[0.5, 0.25, 0.25]] * n, [0] * n, k=3)
    assert statistics.curvature(scores) == pytest.approx(math.sqrt(n))


def test_curvature_of_text_as_surprising_as_expected_is_zero() -> None:
    """One token of 1 bit and one of 2, where 3/2 are expected each time."""
    scores = from_tables([[0.5, 0.25, 0.25]] * 2, [0, 2], k=3)
    assert statistics.curvature(scores) == pytest.approx(0, abs=1e-12)


def test_rank_buckets_count_the_threshold_to_the_lower_bucket() -> None:
    """GLTR counts ranks from 0 and colours rank < 10 green: from 1, that is rank <= 10."""
    ranks = [1, 10, 11, 100, 101, 1000, 1001, 49152]
    buckets = series.rank_buckets(ranks)
    assert buckets.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert buckets.dtype == np.int64
    assert series.rank_buckets([4, 5, 6], (4, 5)).tolist() == [0, 1, 2]


def test_rank_shares() -> None:
    scores = bits(*[1] * 8, rank=[1, 10, 10, 11, 100, 101, 1000, 1001])
    shares = [
        statistics.rank_share_1_10(scores),
        statistics.rank_share_11_100(scores),
        statistics.rank_share_101_1000(scores),
        statistics.rank_share_over_1000(scores),
    ]
    assert shares == [3 / 8, 2 / 8, 2 / 8, 1 / 8]


@pytest.mark.parametrize("thresholds", [(100, 10), (10, 10)])
def test_rank_buckets_refuse_thresholds_that_do_not_ascend(thresholds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        series.rank_buckets([1], thresholds)


def test_frac_p() -> None:
    """1/2 over 1/2, 1/8 over 1/2."""
    scores = bits(1, 3, top=np.log([[0.5, 0.25], [0.5, 0.25]]))
    assert series.frac_p(scores) == pytest.approx([1, 0.25])
    assert statistics.mean_frac_p(scores) == pytest.approx(0.625)


def test_top_10_entropy() -> None:
    """Ten alike: ln 10, whatever the eleventh. Two alike and eight impossible: ln 2. Only one possible: 0, not -0."""
    top = np.full((3, 11), -np.inf)
    top[0] = math.log(0.05)
    top[1, :2] = math.log(0.3)
    top[2, 0] = 0
    found = series.top_10_entropy(make([1, 1, 1], top=top))
    assert found == pytest.approx([math.log(10), BIT, 0])
    assert not np.signbit(found[2])


def test_fluctuation() -> None:
    """p = 1, 1/2, 1/4, 1/8, width 2: tokens i - 1 and i; width 3: one more on the right; both shrink at the ends."""
    scores = bits(0, 1, 2, 3)
    assert series.fluctuation(scores, width=2) == pytest.approx([1, 3 / 4, 3 / 8, 3 / 16])
    assert series.fluctuation(scores, width=3) == pytest.approx([3 / 4, 7 / 12, 7 / 24, 3 / 16])


def test_fluctuation_refuses_an_empty_window() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        series.fluctuation(bits(1), width=0)


def test_surprise_of_a_certain_token_is_zero_without_sign() -> None:
    scores = make([-0.0])
    assert not np.signbit(scores.log_prob).any()
    assert not np.signbit(series.surprise(scores)).any()


# Against published definitions


@given(tables())
def test_curvature_is_fast_detect_gpts(drawn) -> None:
    """The published criterion on full tables: Σ log p(text) - Σ E log p, over the root of Σ (E log² p - E² log p)."""
    p, ids = np.array(drawn[0]), drawn[1]
    log_p = np.log(p)
    mean = np.sum(p * log_p, axis=-1)
    variance = np.sum(p * log_p**2, axis=-1) - mean**2
    written = log_p[np.arange(len(ids)), ids]
    got = statistics.curvature(from_tables(*drawn))
    if variance.sum() > 1e-9:
        assert got == pytest.approx((written.sum() - mean.sum()) / math.sqrt(variance.sum()), rel=1e-5, abs=1e-5)
    else:  # every table uniform: the published code divides rounding by rounding
        assert math.isnan(got)


@given(st.lists(st.integers(0, 10_000).map(lambda n: n / 256), min_size=10, max_size=60))
def test_moments_and_differences_are_diveyes(values: list[float]) -> None:
    """The ten features of DivEye, by the scipy and numpy calls that it uses.

    Surprise comes in steps of 1/256, so that sums are exact and only the rounding within scipy is left.
    """
    s = np.array(values)
    got = document_statistics(make(s))
    first, second = np.diff(s), np.diff(np.diff(-s))
    assert got["surprise_mean"] == pytest.approx(np.mean(s))
    assert got["surprise_std"] == pytest.approx(np.std(s))
    assert got["surprise_std"] ** 2 == pytest.approx(np.var(s))
    assert got["difference_mean"] == pytest.approx(np.mean(first))
    assert got["difference_std"] == pytest.approx(np.std(first))
    assert got["second_difference_variance"] == pytest.approx(np.var(second))
    density = np.histogram(second, bins=20, density=True)[0]
    assert got["second_difference_entropy"] == pytest.approx(scipy.stats.entropy(density), abs=1e-12)
    if np.ptp(s) > 0:
        assert got["surprise_skew"] == pytest.approx(scipy.stats.skew(s), abs=1e-9)
        assert got["surprise_kurtosis"] == pytest.approx(scipy.stats.kurtosis(s), abs=1e-9)
    else:
        assert math.isnan(got["surprise_skew"])
        assert math.isnan(got["surprise_kurtosis"])
    for name, x in (("second_difference_autocorrelation", second), ("surprise_autocorrelation", s)):
        if np.ptp(x[:-1]) > 0 and np.ptp(x[1:]) > 0:
            assert got[name] == pytest.approx(scipy.stats.pearsonr(x[:-1], x[1:]).statistic, abs=1e-9)
        else:
            assert math.isnan(got[name])


@given(tables())
def test_lrr_is_detectllms(drawn) -> None:
    """Minus the mean log-likelihood over the mean log rank, ranks from 1."""
    scores = from_tables(*drawn)
    got = statistics.lrr(scores)
    if (scores.rank == 1).all():
        assert math.isnan(got)
    else:
        assert got == pytest.approx(-np.mean(scores.log_prob) / np.mean(np.log(scores.rank)))
        assert got > 0


@given(tables())
def test_top_10_entropy_is_gltrs(drawn) -> None:
    for table, got in zip(drawn[0], series.top_10_entropy(from_tables(*drawn)), strict=True):
        best = sorted(table, reverse=True)[:10]
        assert got == pytest.approx(scipy.stats.entropy(best))  # scipy normalises


# Properties


@given(documents())
def test_ranges(scores: TokenScores) -> None:
    got = document_statistics(scores)
    assert got["perplexity"] == pytest.approx(math.exp(got["surprise_mean"]))
    assert got["perplexity"] >= 1
    assert got["log_likelihood"] == -got["surprise_mean"]
    assert -1 <= got["burstiness"] <= 1
    assert 1 <= got["median_rank"] <= 12
    assert 0 <= got["log_rank"] <= math.log(got["mean_rank"]) + 1e-12  # Jensen
    assert 0 <= got["mean_top_10_entropy"] <= math.log(10) + 1e-12
    for name in ("surprise_autocorrelation", "second_difference_autocorrelation"):
        assert math.isnan(got[name]) or -1 <= got[name] <= 1
    if not math.isnan(got["second_difference_entropy"]):
        assert 0 <= got["second_difference_entropy"] <= math.log(20) + 1e-12


@given(documents())
def test_frac_p_is_one_exactly_for_first_guesses(scores: TokenScores) -> None:
    found = series.frac_p(scores)
    assert ((found > 0) & (found <= 1)).all()
    assert ((found == 1) == (scores.rank == 1)).all()


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=50))
def test_shares_sum_to_one_and_buckets_count_thresholds_passed(rank: list[int]) -> None:
    assert series.rank_buckets(rank).tolist() == [sum(r > t for t in (10, 100, 1000)) for r in rank]
    got = document_statistics(make([1.0] * len(rank), rank=rank))
    shares = [value for name, value in got.items() if name.startswith("rank_share")]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)


@given(documents(), st.randoms(use_true_random=False))
def test_order_free_statistics_do_not_know_the_order(scores: TokenScores, random) -> None:
    order = list(range(len(scores)))
    random.shuffle(order)
    one, other = document_statistics(scores), document_statistics(permuted(scores, np.array(order)))
    for name in one.keys() - ORDER_DEPENDENT:
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@given(documents(least=2))
def test_reading_backwards(scores: TokenScores) -> None:
    """Differences change sign and order; correlations of neighbours stay."""
    one, other = document_statistics(scores), document_statistics(permuted(scores, np.arange(len(scores))[::-1]))
    assert other["difference_mean"] == pytest.approx(-one["difference_mean"], abs=1e-12)
    for name in ORDER_DEPENDENT - {"difference_mean", "second_difference_entropy"}:
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@given(documents(), st.integers(2, 4))
def test_repeating_the_document(scores: TokenScores, times: int) -> None:
    """Curvature grows with the root of the length, order-free statistics stay."""
    repeated = join([scores] * times, start=0)
    one, many = document_statistics(scores), document_statistics(repeated)
    assert many["curvature"] == pytest.approx(one["curvature"] * math.sqrt(times), nan_ok=True)
    for name in one.keys() - ORDER_DEPENDENT - {"curvature"}:
        assert many[name] == pytest.approx(one[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@given(surprises, st.integers(1, 50))
def test_fluctuation_is_the_mean_over_the_window(values: list[float], width: int) -> None:
    p = [math.exp(-v) for v in values]
    before, after = width // 2, width - width // 2
    naive = [np.mean(p[max(0, i - before) : i + after]) for i in range(len(p))]
    got = series.fluctuation(make(values), width=width)
    assert got == pytest.approx(naive)
    assert ((got >= 0) & (got <= 1)).all()


@given(surprises)
def test_fluctuation_of_width_one_is_the_probability(values: list[float]) -> None:
    assert series.fluctuation(make(values), width=1) == pytest.approx(np.exp(-np.array(values)))


@given(surprises)
def test_no_warnings_and_plain_floats_whatever_the_surprise(values: list[float]) -> None:
    """Tiny, equal, or wildly different surprise: warnings are errors here."""
    got = document_statistics(make(values))
    assert all(type(value) is float for value in got.values())
    assert not any(math.isinf(value) for value in got.values())


# Edges


def undefined(scores: TokenScores) -> set[str]:
    return {name for name, value in document_statistics(scores).items() if math.isnan(value)}


NO_SPREAD = {"surprise_skew", "surprise_kurtosis"}
NO_CORRELATION = {"surprise_autocorrelation", "second_difference_autocorrelation"}
RANKS_ALL_ONE = {"lrr"}


def test_without_tokens_everything_is_undefined() -> None:
    scores = make([], top=np.empty((0, 10)))
    assert undefined(scores) == {statistic.name for statistic in STATISTICS}
    assert series.fluctuation(scores).shape == (0,)
    assert series.top_10_entropy(scores).shape == (0,)


def test_one_token() -> None:
    scores = make([2.0], rank=[3])
    assert undefined(scores) == NO_SPREAD | ORDER_DEPENDENT
    assert statistics.surprise_std(scores) == 0
    assert statistics.burstiness(scores) == -1


@pytest.mark.parametrize(
    ("s", "missing"),
    [
        (2, ORDER_DEPENDENT - {"difference_mean", "difference_std"}),
        (3, {"second_difference_autocorrelation"}),
        (4, {"second_difference_autocorrelation"}),
        (5, set()),
    ],
)
def test_fewest_tokens_for_each_statistic_of_order(s: int, missing: set[str]) -> None:
    assert undefined(make([1.0, 4.0, 2.0, 9.0, 3.0][:s], rank=[2] * s)) == missing


@pytest.mark.parametrize("value", [0.1, 1 / 3, math.pi, 17.3])
@pytest.mark.parametrize("s", [6, 1000])
def test_constant_surprise(value: float, s: int) -> None:
    """Sums of 0.1 are not exact, so the mean of equal values differs from them: that is not variation."""
    scores = make([value] * s, rank=[2] * s)
    assert undefined(scores) == NO_SPREAD | NO_CORRELATION
    assert statistics.surprise_std(scores) == pytest.approx(0, abs=1e-12)
    assert statistics.burstiness(scores) == pytest.approx(-1)
    assert statistics.second_difference_entropy(scores) == 0


def test_evenly_rising_surprise_has_no_second_differences_but_rounding() -> None:
    scores = make(np.arange(30) * 0.1, rank=[2] * 30)
    assert undefined(scores) == {"second_difference_autocorrelation"}
    assert statistics.second_difference_entropy(scores) == 0


def test_all_first_guesses() -> None:
    assert undefined(make([0.1, 0.9, 0.3, 0.2, 0.8])) == RANKS_ALL_ONE


def test_certain_text() -> None:
    """Every token of probability 1 where nothing else was possible: no surprise, no variance to measure against."""
    scores = make([0.0] * 6, entropy=[0.0] * 6, varentropy=[0.0] * 6)
    assert undefined(scores) == NO_SPREAD | NO_CORRELATION | RANKS_ALL_ONE | {"burstiness", "curvature"}
    assert statistics.perplexity(scores) == 1


def test_an_impossible_token_spoils_numbers_not_the_run() -> None:
    got = document_statistics(make([1.0, np.inf, np.inf, 2.0, 1.0, 3.0], rank=[1, 900, 900, 1, 1, 1]))
    assert got["log_likelihood"] == -math.inf
    assert got["perplexity"] == math.inf
    assert got["curvature"] == -math.inf
    assert math.isnan(got["surprise_std"])
    assert math.isnan(got["second_difference_entropy"])
    assert got["mean_rank"] == pytest.approx(1804 / 6)


def test_perplexity_beyond_all_floats_is_infinite() -> None:
    assert statistics.perplexity(make([800.0])) == math.inf


@pytest.mark.parametrize("k", [1, 9])
def test_fewer_than_ten_alternatives(k: int) -> None:
    scores = make([1.0, 2.0], top=np.log(np.full((2, k), 0.5)))
    assert np.isnan(series.top_10_entropy(scores)).all()
    assert math.isnan(statistics.mean_top_10_entropy(scores))
    assert not math.isnan(statistics.mean_frac_p(scores))


def test_no_alternatives() -> None:
    scores = make([1.0, 2.0], top=np.empty((2, 0)))
    assert series.frac_p(scores).shape == (2,)
    assert math.isnan(statistics.mean_frac_p(scores))


@given(documents())
def test_series_have_one_value_per_scored_token(scores: TokenScores) -> None:
    for function in (series.surprise, series.frac_p, series.top_10_entropy, series.fluctuation):
        values = function(scores)
        assert values.shape == (len(scores),)
        assert values.dtype == np.float64


# Registry


def test_registry_names_public_functions_once() -> None:
    names = [statistic.name for statistic in STATISTICS]
    assert len(set(names)) == len(names)
    for statistic in STATISTICS:
        assert getattr(statistics, statistic.name) is statistic.function
        assert statistic.name in statistics.__all__
        assert statistic.unit in {"nats", "nats²", "1"}
        assert statistic.description.endswith(".")
        assert statistic.function.__doc__


def test_every_public_document_statistic_is_in_the_registry() -> None:
    others = {"document_statistics", "fluctuation", "frac_p", "rank_buckets", "surprise", "top_10_entropy"}
    functions = {name for name in statistics.__all__ if name.islower()}
    assert functions - others == {statistic.name for statistic in STATISTICS}


def test_document_statistics_are_in_order_and_read_only() -> None:
    got = document_statistics(bits(1, 2, 3))
    assert list(got) == [statistic.name for statistic in STATISTICS]
    with pytest.raises(TypeError):
        got["lrr"] = 0.0  # type: ignore[index]
