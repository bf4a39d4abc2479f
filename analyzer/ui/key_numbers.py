"""The few numbers about a document that a reader sees first, as they are shown."""

from collections.abc import Mapping
from typing import NamedTuple

from analyzer.wording import number

__all__ = ["KeyNumber", "key_numbers"]


class KeyNumber(NamedTuple):
    """A statistic's name in ``analyzer.statistics``, what the page calls it, and its value as text."""

    name: str
    label: str
    value: str


def key_numbers(statistics: Mapping[str, float]) -> tuple[KeyNumber, ...]:
    """Perplexity, median rank, share of the ten best guesses, mean surprise in bits, curvature."""
    from analyzer.series import BITS_PER_NAT

    share = 100 * statistics["rank_share_1_10"]
    shown = (
        ("perplexity", "Perplexity", number(statistics["perplexity"])),
        ("median_rank", "Median rank", number(statistics["median_rank"])),
        ("rank_share_1_10", "In the top 10", f"{share:.0f} %"),
        ("surprise_mean", "Mean surprise", f"{number(statistics['surprise_mean'] * BITS_PER_NAT)} bits"),
        ("curvature", "Curvature", number(statistics["curvature"])),
    )
    return tuple(KeyNumber(*one) for one in shown)
