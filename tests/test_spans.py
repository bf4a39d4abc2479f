import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.calibration.spans import machine_share, one_cut

EVIDENCE = st.lists(st.floats(-5, 5), min_size=1, max_size=8).map(np.array)


@given(EVIDENCE, st.floats(0.001, 0.499))
def test_smoothing_is_the_posterior_over_all_ways_to_change_writers(evidence: np.ndarray, change: float) -> None:
    """Against the definition: the sum over all 2^S sequences of writers."""
    ways = np.array(list(itertools.product([0, 1], repeat=len(evidence))))
    changes = np.abs(np.diff(ways, axis=1)).sum(1)
    stays = len(evidence) - 1 - changes
    weight = change**changes * (1 - change) ** stays * np.exp(ways @ evidence)
    np.testing.assert_allclose(machine_share(evidence, change=change), weight @ ways / weight.sum(), atol=1e-9)


@pytest.mark.parametrize("change", [0.0, 0.5, -1.0, 1.0])
def test_impossible_rates_of_change_are_refused(change: float) -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        machine_share(np.zeros(3), change=change)


@given(EVIDENCE)
def test_the_cut_is_the_best_of_all(evidence: np.ndarray) -> None:
    gains = [evidence[k:].sum() for k in range(len(evidence) + 1)]
    cut = one_cut(evidence)
    assert cut.gain == pytest.approx(max(gains), abs=1e-9)
    assert gains[cut.token] == pytest.approx(max(gains), abs=1e-9)
    assert 0 <= cut.low <= cut.token <= cut.high <= len(evidence)


def test_a_clear_change_has_a_narrow_interval_and_a_persons_text_none() -> None:
    clear = one_cut(np.repeat([-3.0, 3.0], 50))
    assert (clear.token, clear.low, clear.high) == (50, 50, 50)
    assert one_cut(np.full(50, -1.0)).token == 50
    assert one_cut(np.full(50, 1.0)).token == 0


def test_long_texts_overflow_nowhere() -> None:
    evidence = np.tile([30.0, -30.0], 5000)
    share = machine_share(evidence, change=1e-4)
    assert np.isfinite(share).all()
    assert np.isfinite(one_cut(evidence * 100).gain)
