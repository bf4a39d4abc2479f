"""What decoders do to the default model's text: the table behind the documents.

python tests/benchmarks/decoders.py [TOKENS]
"""

import math
import sys

from analyzer.analysis import Analyzer
from analyzer.decoders import Decoded, compare
from analyzer.models.loading import load
from analyzer.series import BITS_PER_NAT

PROMPTS = (
    "Write a short story about a lighthouse keeper who finds a letter.\n\n",
    "In recent years, researchers have found that the history of glass",
    "My grandmother kept bees behind the old railway station, and every summer",
)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    analyzer = Analyzer(load(dtype="float32"))
    for prompt in PROMPTS:
        found = compare(analyzer, prompt, n=n, seed=1)
        print(f"\n{prompt.strip()} ({n} tokens)")
        print(
            f"{'':28}{'tokens':>7}{'p':>6}{'bits':>6}{'expected':>9}{'rank 1':>7}{'dist-2':>7}{'dist-3':>7}{'rep-4':>6}"
            "  probability by quarter   verdict        loop"
        )
        for one in found:
            print(row(one))
        for one in found:
            print(f"--- {one.name}: {one.text[one.begins :][-300:]!r}")


def row(one: Decoded) -> str:
    likelihood = one.analysis.likelihood
    loop = "–" if one.loop is None else f"{one.loop.times} x {one.loop.period} tokens from token {one.loop.start + 1}"
    chance = "" if math.isnan(likelihood.probability) else f"{likelihood.probability:.0%}"
    return (
        f"{one.name:28}{len(one.ids):7}{one.mean_probability:6.2f}{one.mean_surprise * BITS_PER_NAT:6.2f}"
        f"{one.mean_entropy * BITS_PER_NAT:9.2f}{one.first_guesses:7.0%}{one.distinct_2:7.2f}"
        f"{one.distinct_3:7.2f}{one.repeated_4:6.2f}  {' '.join(f'{p:.2f}' for p in one.drift):24} "
        f"{likelihood.verdict:11} {chance:4} {loop}"
    )


if __name__ == "__main__":
    main()
