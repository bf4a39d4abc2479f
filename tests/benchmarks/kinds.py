"""How often prose is called something else, how much code is caught: figures in ``analyzer/calibration/kinds.py``.

    python tests/benchmarks/kinds.py [FOLDER OF PROGRAMS ...]

Prose: the labelled texts, skipped with a message where they are not. Code: files in the given folders, or of this
environment's packages, 2,000 characters from the middle of each, every language that is found there.
"""

import gzip
import json
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from analyzer.calibration.kinds import reasons_not_prose

DATA = Path(__file__).parents[3] / "shared" / "data" / "detection.jsonl.gz"
SUFFIXES = (
    ".py",
    ".js",
    ".ts",
    ".css",
    ".c",
    ".h",
    ".hpp",
    ".cpp",
    ".sql",
    ".html",
    ".json",
    ".xml",
    ".sh",
    ".pl",
    ".java",
    ".rs",
)
PER_SUFFIX = 200
EXCERPT = 2000  # characters


def prose() -> None:
    """Share of the labelled texts that are called anything but prose, in all and by domain."""
    if not DATA.exists():
        print(f"no labelled texts at {DATA.parent.name}/{DATA.name}: false alarms not measured")
        return
    counts, alarms, codes = Counter[str](), Counter[str](), Counter[str]()
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            name = f"{row['domain']} {'machine' if row['label'] else 'human'}"
            reasons = reasons_not_prose(row["text"])
            counts[name] += 1
            alarms[name] += bool(reasons)
            codes.update(reason.code for reason in reasons)
            if reasons and "-v" in sys.argv:
                print(name, row["generator"], *reasons, repr(row["text"][:120]), sep="\n    ")
    for name, count in sorted(counts.items()):
        print(f"{name:30} {alarms[name]:3} of {count:5}  {alarms[name] / count:.2%}")
    print(f"{'all':30} {alarms.total():3} of {counts.total():5}  {alarms.total() / counts.total():.2%}  {dict(codes)}")


def programs(folders: list[Path]) -> None:
    """Share of program files that are called code or a table."""
    for suffix in SUFFIXES:
        files = sorted(f for folder in folders for f in folder.rglob(f"*{suffix}") if f.is_file())
        caught = tried = 0
        for file in files[:: max(len(files) // PER_SUFFIX, 1)]:
            text = file.read_text("utf-8", errors="replace")
            middle = max(len(text) - EXCERPT, 0) // 2
            excerpt = text[middle : middle + EXCERPT]
            if len(excerpt) < EXCERPT // 4:
                continue
            tried += 1
            caught += any(reason.code in ("code", "table_or_numbers") for reason in reasons_not_prose(excerpt))
        if tried:
            print(f"{suffix:6} {caught:4} of {tried:4} excerpts  {caught / tried:.1%}")


if __name__ == "__main__":
    prose()
    programs([Path(a) for a in sys.argv[1:] if a != "-v"] or [Path(sysconfig.get_paths()["purelib"])])
