"""How long so many documents take on so many workers, and when one driver is no longer enough.

    python tests/benchmarks/sizing.py --speed 400 [--driver 6000] [--tokens 300] [--workers 1 8 64]

`--speed` is what one worker scores, tokens a second: the last line of `analyzer batch SAMPLE --out x.jsonl --dry-run`
on a machine like the workers'. `--driver` is what one driver reads and writes, rows a second: what `bench_driver.py
--ray` prints on a machine like the driver's. Nothing is measured here: it is arithmetic. A time is the longer of the
two, scoring and driving; "+" marks where the driver is the longer one, and further runs beside it, each with a part of
the inputs, would make it shorter.
"""

import argparse

DOCUMENTS = (10_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, required=True, help="tokens a second of one worker")
    parser.add_argument("--driver", type=float, required=True, help="rows a second of one driver")
    parser.add_argument("--tokens", type=float, default=300, help="tokens of a document, on average")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 64, 512])
    options = parser.parse_args()
    print("| documents | " + " | ".join(f"{count:,} worker{'s' * (count > 1)}" for count in options.workers) + " |")
    print("|---" * (1 + len(options.workers)) + "|")
    for documents in DOCUMENTS:
        cells = [cell(documents, count, options.speed, options.driver, options.tokens) for count in options.workers]
        print(f"| {documents:,} | " + " | ".join(cells) + " |")
    feeds = options.driver * options.tokens / options.speed
    print(f"\nOne driver feeds {feeds:,.0f} such workers.")


def cell(documents: int, workers: int, speed: float, driver: float, tokens: float) -> str:
    """How long, and whether the driver is what it waits for.

    >>> cell(1_000_000, 1, 300.0, 1000.0, 300.0), cell(1_000_000, 10_000, 300.0, 1000.0, 300.0)
    ('11.6 days', '16.7 minutes +')
    """
    scoring, driving = documents * tokens / (speed * workers), documents / driver
    return duration(max(scoring, driving)) + (" +" if driving > scoring else "")


def duration(seconds: float) -> str:
    """A length of time in its largest unit.

    >>> [duration(seconds) for seconds in (3.0, 90.0, 7200.0, 2e5, 1e8)]
    ['3 seconds', '1.5 minutes', '2.0 hours', '2.3 days', '3.2 years']
    """
    for unit, length in (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.0f} seconds"


if __name__ == "__main__":
    main()
