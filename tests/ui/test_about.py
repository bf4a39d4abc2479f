"""What the page tells of the numbers is what the model says."""

import math
from typing import Any

import pytest

from analyzer.analysis import Analyzer
from analyzer.ui.about import EXAMPLE, EXAMPLE_BEGINS


def test_the_example_is_what_the_embedded_model_says(default_model: Any) -> None:
    session = Analyzer(default_model).guide(EXAMPLE_BEGINS)
    for word, rank, probability, bits in EXAMPLE:
        found = session.find(word)
        assert found.ranks == (rank,)
        assert found.probability == pytest.approx(probability, rel=0.05)
        assert -math.log2(found.probability) == pytest.approx(bits, abs=0.06)
