"""How well each detector of one forward pass tells machine from human texts under the embedded model.

    python tests/benchmarks/detectors.py ../shared/data/detection.jsonl.gz [EVERY]

The AUROC within each set of texts (one domain, one generator), averaged over sets, over those of chat models, and over
all texts together. EVERY: take each nth set only; all of them are an hour of reading.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from analyzer.analysis import Analyzer
from analyzer.detectors import DETECTORS

CHAT = ("gpt-3.5-turbo", "gpt-4", "gpt4turbo")


def main(path: Path, every: int) -> None:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    label = np.array([row["label"] for row in rows])
    sets = np.array([row["set"] for row in rows])
    names = [name for name in np.unique(sets) if len(np.unique(label[sets == name])) == 2][::every]
    rows = [row for row in rows if row["set"] in names]
    label, sets = (np.array([row[key] for row in rows]) for key in ("label", "set"))
    found = [analysis.detections for analysis in Analyzer().analyze_many(row["text"] for row in rows)]
    chat = [name for name in names if any(r["generator"] in CHAT for r in rows if r["set"] == name)]
    print(f"{len(rows)} texts in {len(names)} sets, {len(chat)} of chat models; undefined scores count as 0")
    for detector in DETECTORS:
        score = np.nan_to_num([detections[detector.name].score for detections in found])
        of_set = {name: roc_auc_score(label[sets == name], score[sets == name]) for name in names}
        together = roc_auc_score(label, score)
        chats = np.mean([of_set[name] for name in chat]) if chat else float("nan")
        print(f"{detector.name:16} sets {np.mean([*of_set.values()]):.3f}  chat {chats:.3f}  together {together:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
