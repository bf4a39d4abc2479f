"""Measured texts that were never written: normal features, with a planted direction that tells machines from people."""

from collections.abc import Sequence

import numpy as np

from analyzer.calibration.features import FEATURES
from analyzer.fitting.corpus import BEGINNING, LATER, WHOLE, Corpus, Example

P, STATES = len(FEATURES), 3
PLANTED = np.zeros(P + STATES)
PLANTED[[FEATURES.index("entropy"), FEATURES.index("z"), P]] = 1.0, -1.0, 1.0


def toy_corpus(
    *,
    domains: Sequence[str] = ("essays", "letters", "news"),
    sources: int = 80,
    generators: Sequence[tuple[str, str]] = (("chat", "machine"), ("raw", "machine")),
    gap: float = 1.0,
    turned: Sequence[str] = (),
    humans_only: Sequence[str] = (),
    in_turn: bool = False,
    seed: int = 0,
) -> Corpus:
    """`sources` people a domain, and each generator's imitation of every second one of them; whole and in stretches.

    Where they take turns, each such person is imitated by one generator only.
    Families in `turned` differ from people in the opposite direction.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    features, text = [], 0
    for domain in domains:
        middle = np.where(PLANTED, 0.1, 0.5) * rng.normal(0, 1, P + STATES)
        for source in range(sources):
            writers = [("human", "human")]
            if domain not in humans_only and source % 2 == 0:
                writers += [generators[source // 2 % len(generators)]] if in_turn else generators
            for generator, family in writers:
                label = int(family != "human")
                own = rng.normal(0, 0.3, P + STATES)
                planted = gap * label * (-1 if family in turned else 1) * PLANTED
                n = int(rng.integers(50, 400))
                for size, stretch in ((64, BEGINNING), (64, LATER), (n, WHOLE)):
                    begun_by_a_person = stretch == BEGINNING and label
                    noise = rng.normal(0, 2 / np.sqrt(size), P + STATES)
                    features.append(middle + own + noise + (0 if begun_by_a_person else planted))
                    features[-1][FEATURES.index("surprise")] += 10  # nats are positive
                    rows.append((size, stretch, text, label, f"{domain}-{source}", domain, generator, family))
                text += 1
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Corpus(np.array(features, np.float32), *columns)


_PEOPLES = """grandmother’s kitchen smelled of burnt sugar why hummed Tuesday nobody aloud jagged vexed quiz plum window
    bread we never asked she the and of it was"""
_MACHINES = "the cat sat on the mat and the dog jumps over the fox that quick brown fox and the lazy dog"


def toy_texts(
    n: int, *, domains: Sequence[str] = ("letters", "news_2019"), sources: str = "s", seed: int = 0
) -> list[Example]:
    """`n` people's texts and as many machines', of words drawn at random: not English, but not unlike it."""
    rng = np.random.default_rng(seed)

    def text(words: Sequence[str]) -> str:
        sentences = [" ".join(rng.choice(words, rng.integers(5, 11))) for _ in range(rng.integers(3, 7))]
        return " ".join(one.capitalize() + "." for one in sentences)

    found = []
    for i in range(n):
        of = {"group": f"{sources}{i}", "domain": domains[i % len(domains)]}
        found.append(Example(text(_PEOPLES.split()), 0, generator="human", **of))
        found.append(Example(text(_MACHINES.split()), 1, generator="chat" if i % 3 else "old", **of))
    return found
