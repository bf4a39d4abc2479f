"""Where a person's text goes on by machine: the likelihood of spans against a sliding window of curvature.

    python tests/benchmarks/boundaries.py ../shared/data/boundaries.jsonl.gz

One JSON object a line: text, human_prefix_chars, generator. Nothing of the likelihood was fitted on these texts; of
some ten ways to put evidence, surprise and entropy together the one in use was chosen by looking at them.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration.spans import machine_share, one_cut

Floats = NDArray[np.float64]


def window_means(values: Floats, width: int) -> Floats:
    sums, n = np.append(0, np.cumsum(values)), len(values)
    first, last = (np.clip(np.arange(n) + shift, 0, n) for shift in (-(width // 2), width - width // 2))
    return np.asarray((sums[last] - sums[first]) / (last - first))


def best_difference(values: Floats) -> int:
    """The cut after which the mean differs most upwards, in standard errors."""
    n, k, sums = len(values), np.arange(1, len(values)), np.cumsum(values)
    rise = (sums[-1] - sums[:-1]) / (n - k) - sums[:-1] / k
    return int((rise * np.sqrt(k * (n - k))).argmax()) + 1


def main(path: Path) -> None:
    analyzer = Analyzer()
    card = analyzer.calibration
    assert card is not None
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    shares: dict[str, list[Floats]] = {}
    labels, misses = [], {"one cut": [], "curvature": []}  # type: ignore[var-annotated]
    for row, analysis in zip(rows, analyzer.analyze_many(row["text"] for row in rows), strict=True):
        label = (analysis.tokenization.spans[:, 0] >= row["human_prefix_chars"]).astype(int)
        labels.append(label)
        for name, share in ways(analysis).items():
            shares.setdefault(name, []).append(share)
        if row["generator"] != "human":
            begins = len(label) - label.sum()
            evidence = card.span_evidence(analysis.tokenization, analysis.scores)
            lead = (analysis.scores.log_prob + analysis.scores.entropy) / np.sqrt(analysis.scores.varentropy + 1e-2)
            misses["one cut"].append(abs(one_cut(evidence).token - begins))
            misses["curvature"].append(abs(best_difference(lead) - begins))
    for name, found in shares.items():
        within = [roc_auc_score(y, s) for y, s in zip(labels, found, strict=True) if 0 < y.mean() < 1]
        pooled = roc_auc_score(np.concatenate(labels), np.concatenate(found))
        print(f"{name:20} token AUROC {pooled:.3f}, within a text {np.mean(within):.3f}")
    for name, miss in misses.items():
        print(f"{name:20} misses the boundary by {np.median(miss):.0f} tokens (median of {len(miss)})")


def ways(analysis: Analysis) -> dict[str, Floats]:
    card, scores = analysis.calibration, analysis.scores
    assert card is not None
    found = {
        "span likelihood": machine_share(card.span_evidence(analysis.tokenization, scores), change=card.span["change"])
    }
    for width in (20, 40, 80):
        lead = window_means(scores.log_prob + scores.entropy, width)
        found[f"curvature, {width} tokens"] = lead / np.sqrt(window_means(scores.varentropy, width))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
