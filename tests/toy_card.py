"""A calibration of the toy model, by invented texts: predictable ones are machines', others people's."""

import numpy as np

from analyzer.calibration import Calibration, LengthBin, Line
from analyzer.calibration.features import FEATURES
from analyzer.models import ModelInfo

MACHINE = "the cat sat on the mat and the dog jumps over the fox. the quick brown fox sat on the lazy dog. "
HUMAN = (
    "My grandmother’s kitchen smelled of burnt sugar; we never asked why. She hummed. Then, one Tuesday, it stopped, "
    "and nobody said so aloud. "
)
MEASURED = {
    "corpus": {
        "texts": 900,
        "human": 400,
        "machine": 500,
        "sources": 700,
        "domains": {"letters": {"human": 100, "machine": 100}, "news_2019": {"human": 300, "machine": 400}},
    },
    "grouped": {
        "n_human": 400,
        "n_machine": 500,
        "auroc": {"value": 0.97, "low": 0.96, "high": 0.98},
        "tpr_at_1_fpr": 0.7,
        "tpr_at_5_fpr": 0.9,
        "accuracy": 0.91,
        "ece": 0.02,
        "brier": 0.07,
    },
    "leave_domain_out": {
        "n_human": 400,
        "n_machine": 500,
        "auroc": {"value": 0.92, "low": None, "high": None},
        "tpr_at_1_fpr": 0.5,
        "tpr_at_5_fpr": None,
    },
    "by_generator": {
        "chat": {"n_human": 0, "n_machine": 300, "auroc": {"value": 0.99, "low": 0.98, "high": 1.0}, "found": 0.8,
                 "accused": None, "unclear": 0.15, "not_judged": 0.05},
        "old*base*": {"n_human": 0, "n_machine": 200, "auroc": {"value": 0.8, "low": None, "high": None},
                      "found": 0.2, "accused": None, "unclear": 0.7, "not_judged": 0.1},
    },
    "by_length": {
        "200": {"n_human": 300, "n_machine": 400, "auroc": None, "found": 0.6, "accused": 0.0, "unclear": 0.3},
        "40": {"n_human": 400, "n_machine": 500, "auroc": {"value": 0.9, "low": 0.88, "high": 0.92},
                      "found": 0.4, "accused": 0.01, "unclear": 0.5, "not_judged": 0.02},
    },
    "populations": {
        "letters": {"n": 100, "accused": 0.0, "unclear": 0.2, "not_judged": 0.01, "left_out_accused": 0.04,
                    "left_out_unclear": 0.3, "left_out_not_judged": 0.01, "left_out_found": 0.5},
        "news_2019": {"n": 300, "accused": 0.01, "unclear": 0.25, "not_judged": 0.0, "left_out_accused": 0.01,
                      "left_out_unclear": 0.3, "left_out_not_judged": 0.0, "left_out_found": 0.6},
    },
    "reliability": [{"n": 300, "probability": 0.05, "machine": 0.04}, {"n": 100, "probability": 0.55, "machine": 0.5},
                    {"n": 500, "probability": 0.96, "machine": 0.97}],
    "false_positive_rate": {"asked": 0.01, "measured": 0.008, "n": 400},
    "spans": {"cut_error_tokens": 57.0, "token_auroc": 0.81},
}  # fmt: skip


def toy_card(model: ModelInfo) -> Calibration:
    """Evidence is 8 · (5 - surprise); 400 people's scores around -2, 500 machines' around 2."""
    rng = np.random.default_rng(0)
    weights = np.where(np.array(FEATURES) == "surprise", -8.0, 0.0)
    line = Line(features=weights, states=np.zeros(0), bias=40.0)

    def texts(n: int, middle: float) -> np.ndarray:
        return rng.normal(middle, 0.8, n)

    bins = tuple(
        LengthBin(
            tokens=tokens,
            human={"letters": texts(100, -1.8), "news_2019": texts(300, -2.2)},
            machine={"chat": texts(300, 2.2), "old": texts(200, 1.8)},
            half_width=width,
            typical_mean=np.zeros(len(FEATURES)),
            typical_spread=np.full(len(FEATURES), 100.0),
            largest_distance=10.0,
            least_surprise=0.1,
        )
        for tokens, width in ((40, 0.8), (200, 0.5))
    )
    return Calibration(
        calibration_id="toy-1",
        created="2026-01-01",
        model={"name": model.name, "revision": model.revision, "dtype": model.dtype},
        layers=(),
        evidence=(line,),
        bins=bins,
        slope=(1.0, 0.0),
        offset=(0.0, 0.0),
        longest=1000,
        english_prose=True,
        span={"evidence": 0.1, "surprise": 0.0, "entropy": 0.0, "constant": 0.0, "change": 0.02, "highest": 0.9},
        measured=MEASURED,
    )
