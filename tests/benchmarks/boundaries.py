"""Where a person's text goes on by machine: the likelihood of spans against a sliding window of curvature.

    python tests/benchmarks/boundaries.py ../shared/data/boundaries.jsonl.gz [--human ../shared/data/detection.jsonl.gz]

One JSON object a line: text, human_prefix_chars, generator. Nothing of the likelihood was fitted on these texts; of
some ten ways to put evidence, surprise and entropy together the one in use was chosen by looking at them.

Last, how often the page says that a machine went on from a person's beginning: of texts where one did, and of a
person's alone, also of longer ones (label 0, a domain each; they were among those that the likelihood was fitted on).
"""

import argparse
import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration.spans import machine_share, one_cut
from analyzer.wording import cut_phrase

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


def main(path: Path, human: Path | None, each: int) -> None:
    analyzer = Analyzer()
    card = analyzer.calibration
    assert card is not None
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    shares: dict[str, list[Floats]] = {}
    labels, misses = [], {"one cut": [], "curvature": []}  # type: ignore[var-annotated]
    said, of, inside, marked = Counter[str](), Counter[str](), 0, Counter[str]()
    for row, analysis in zip(rows, analyzer.analyze_many(row["text"] for row in rows), strict=True):
        label = (analysis.tokenization.spans[:, 0] >= row["human_prefix_chars"]).astype(int)
        labels.append(label)
        for name, share in ways(analysis).items():
            shares.setdefault(name, []).append(share)
        of[row["generator"]] += 1
        marked[row["generator"]] += any(s.stands_out for s in analysis.sentences())
        said[row["generator"]] += (told := cut_phrase(analysis, analysis.sentences()) is not None)
        if row["generator"] != "human":
            cut = analysis.cut()
            inside += told and cut is not None and cut.low <= len(label) - label.sum() <= cut.high
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
    highest: dict[str, Floats] = {}
    for domain, texts in (humans(human, each) if human is not None else {}).items():
        tops = []
        for analysis in analyzer.analyze_many(texts):
            of[f"human, {domain}"] += 1
            marked[f"human, {domain}"] += any(s.stands_out for s in analysis.sentences())
            said[f"human, {domain}"] += cut_phrase(analysis, analysis.sentences()) is not None
            tops.append(max(s.probability for s in analysis.sentences() if s.n_tokens))
        highest[domain] = np.array(tops)
    for what, counted in (("a sentence stands out", marked), ("a machine is said to have gone on", said)):
        print(f"{what}, with 95 % interval:")
        for name in of:
            interval = binomtest(counted[name], of[name]).proportion_ci()
            print(f"{name:36} {counted[name]:4} of {of[name]:4}   {interval.low:.1%} to {interval.high:.1%}")
    machines = sum(said[name] for name in ("gpt2", "gptj"))
    print(f"where it is said rightly, the boundary lies in the interval named: {inside} of {machines}")
    if highest:
        limits(highest)


def limits(highest: dict[str, Floats], *, error: float = 0.025) -> None:
    """The limit of all texts, and how many pass one that was taken from half of them."""
    limit = max(float(np.quantile(values, 1 - error, method="higher")) for values in highest.values())
    print(f"limit from all texts {limit:.4f}; from half of them, the other half passes it in:")
    rng, passed = np.random.default_rng(0), Counter[str]()
    for _ in range(200):
        halves = {name: np.array_split(rng.permutation(values), 2) for name, values in highest.items()}
        limit = max(float(np.quantile(first, 1 - error, method="higher")) for first, _ in halves.values())
        for name, (_, second) in halves.items():
            passed[name] += float((second > limit).mean()) / 200  # type: ignore[assignment]
    for name, share in passed.items():
        print(f"{name:36} {share:.1%}")


def humans(path: Path, each: int) -> dict[str, list[str]]:
    """Up to so many human texts of each domain, one of each group: the others are the same text cut elsewhere."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["label"] == 0]
    random.Random(1).shuffle(rows)
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        mine = found.setdefault(row["domain"], {})
        if len(mine) < each:
            mine.setdefault(row["group"], row["text"])
    return {domain: list(texts.values()) for domain, texts in sorted(found.items())}


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("boundaries", type=Path)
    parser.add_argument("--human", type=Path, help="a file of labelled texts")
    parser.add_argument("--each", type=int, default=120, help="texts of each domain")
    options = parser.parse_args()
    main(options.boundaries, options.human, options.each)
