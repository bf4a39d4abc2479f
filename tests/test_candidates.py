import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.guided.candidates import END, TEXT, Candidates, candidates, largest


def listing(p: list[float], offered: list[float], k: int, ends: tuple[int, ...] = ()) -> Candidates:
    return candidates(
        names="abcdefgh".__getitem__,
        log_prob=np.log(p),
        offered=np.array(offered),
        k=k,
        kind=lambda token: END if token in ends else TEXT,
        ends=ends,
    )


def test_by_hand() -> None:
    found = listing([0.1, 0.4, 0.1, 0.15, 0.25], [0, 0.7, 0, 0, 0.3], 2, ends=(0, 2))
    assert [(c.text, c.rank) for c in found.listed] == [("b", 1), ("e", 2), ("a", 4)]
    assert [round(c.cumulative, 2) for c in found.listed] == [0.4, 0.65, 1.0]  # "a" and "c" are equally likely
    assert [c.offered for c in found.listed] == [0.7, 0.3, 0]
    assert [c.kind for c in found.listed] == ["text", "text", "end of text"]
    assert found.others == 2
    np.testing.assert_allclose([found.others_probability, found.others_offered], [0.25, 0], atol=1e-12)


def test_what_the_sampler_makes_likely_is_listed_too() -> None:
    found = listing([0.7, 0.2, 0.06, 0.04], [0.1, 0, 0, 0.9], 1)
    assert [c.text for c in found.listed] == ["a", "d"]


def test_a_sampler_that_offers_nothing_leaves_nothing_to_the_others() -> None:
    found = candidates(
        names="abc".__getitem__, log_prob=np.log([0.5, 0.3, 0.2]), offered=np.zeros(3), k=1, kind=lambda _: TEXT,
        ends=(), refused="No token is left.",
    )  # fmt: skip
    assert [(c.text, c.offered) for c in found.listed] == [("a", 0)]
    assert (found.others_offered, found.refused) == (0, "No token is left.")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 40))
def test_largest_are_those_of_a_stable_sort(values: list[int], k: int) -> None:
    array = np.array(values, float)
    wanted = np.argsort(-array, kind="stable")[:k]
    assert sorted(largest(array, k)) == sorted(wanted.tolist())
