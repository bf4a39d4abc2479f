"""Shared by all tests: tiny models of every claimed architecture, the plain reference, real texts."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reference import Reference, reference_scores

DATA = Path(__file__).parents[2] / "shared" / "data" / "detection.jsonl.gz"

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test goes to the network


@pytest.fixture(scope="session")
def plain_reference() -> Callable[[Any, list[int]], Reference]:
    return reference_scores


@pytest.fixture(scope="session")
def real_texts() -> list[str]:
    """Real texts of the labelled data, 20 of each of several lengths; where the data is not there, the test skips."""
    if not DATA.exists():
        pytest.skip(f"needs the labelled texts at {DATA.parent.name}/{DATA.name} beside the project")
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines][::97]


@pytest.fixture(scope="session")
def default_model() -> Any:
    """The embedded default model in float32, loaded once."""
    from analyzer.models.loading import load

    return load(dtype="float32")
