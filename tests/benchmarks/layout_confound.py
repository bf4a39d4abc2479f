"""How layout differs between human and machine texts of a labelled corpus: what a detector must not learn.

python tests/benchmarks/layout_confound.py ../shared/data/detection.jsonl.gz
"""

import re
import sys
from pathlib import Path

from analyzer.fitting.corpus import read_examples

MARKS = {"line end": r"\n", "curly quote": "[“”‘’]", "two spaces": "  ", "not ASCII": r"[^\x00-\x7f]"}


def main(path: Path) -> None:
    examples = read_examples(path)
    print(f"{'share of texts with':28}" + "".join(f"{name:>14}" for name in MARKS))
    for domain in sorted({e.domain for e in examples}):
        for label, writer in enumerate(("human", "machine")):
            texts = [e.text for e in examples if e.domain == domain and e.label == label]
            if texts:
                shares = [sum(bool(re.search(mark, t)) for t in texts) / len(texts) for mark in MARKS.values()]
                print(f"{domain:20}{writer:8}" + "".join(f"{share:14.2f}" for share in shares))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
