"""Worked examples by hand: probabilities 1/2, 1/4, 1/8, 1/8."""

import numpy as np
import pytest
import torch

from analyzer.errors import InputError
from analyzer.sampling import Sampler

LOGITS = torch.tensor([4.0, 2.0, 1.0, 1.0]).log()


@pytest.mark.parametrize(
    ("sampler", "wanted"),
    [
        (Sampler(), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),
        (Sampler(temperature=0), [1, 0, 0, 0]),
        (Sampler(temperature=0.5), [16 / 22, 4 / 22, 1 / 22, 1 / 22]),  # probabilities squared, renormalised
        (Sampler(top_k=2), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(top_p=0.7), [2 / 3, 1 / 3, 0, 0]),
        (Sampler(top_p=0.01), [1, 0, 0, 0]),  # always at least one
        (Sampler(temperature=0.5, top_p=0.7), [1, 0, 0, 0]),  # temperature first: 16/22 alone reaches 0.7
        (Sampler(temperature=1e-320), [1, 0, 0, 0]),
        (Sampler(top_k=100), [1 / 2, 1 / 4, 1 / 8, 1 / 8]),
    ],
)
def test_by_hand(sampler: Sampler, wanted: list[float]) -> None:
    np.testing.assert_allclose(sampler.offered(LOGITS), wanted, atol=1e-12)


@pytest.mark.parametrize(
    "setting", [{"temperature": -1}, {"temperature": float("nan")}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.1}]
)
def test_out_of_range_is_one_sentence(setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match="Give a"):
        Sampler(**setting)  # type: ignore[arg-type]
