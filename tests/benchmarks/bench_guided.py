"""What a step of the guided generator costs beside a bare cached step of the same model.

    python tests/benchmarks/bench_guided.py

Taken in turn in one process, at 10 and at 1,000 tokens of context: a pick up to the next list of ten, and transformers'
own forward pass of one token with its key-value cache, logits included. Then going back, a changed sampler, effects of
ten candidates, and the figures of the text, against a scoring pass over the text.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers.cache_utils import DynamicCache

from analyzer.analysis import Analyzer
from analyzer.guided import Session
from analyzer.models.loading import load
from analyzer.models.transformers_lm import TransformersLM
from analyzer.sampling import Sampler

ROUNDS = 25


def main() -> None:
    model = load("SmolLM2-135M-Instruct", dtype="float32")
    assert isinstance(model, TransformersLM)
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(Path("samples").glob("human-*.txt")))
    analyzer = Analyzer(model)
    ids = model.tokenizer.encode(text)
    for length in (10, 1000):
        session = analyzer.guide(text[: ids.spans[length - 1, 1]])
        print(f"pick to next list / bare cached step, at {length:,} tokens: {steps(model, session)}")

    whole = [timed(lambda: Analyzer(model, cache_bytes=0).analyze(session.text)) for _ in range(3)]
    scoring = statistics.median(whole)
    for name, action in (
        ("undo, and the list again", lambda: back(session)),
        ("another sampler, and the list again", lambda: reshaped(session)),
        ("effects of ten candidates", lambda: session.effects([c.token for c in session.candidates(10).listed])),
        ("figures of the text after a pick", lambda: figures(session)),
    ):
        took = [timed(action) for _ in range(9)]
        print(f"{name} / a scoring pass over the text: {statistics.median(took) / scoring:.2%}")


def steps(model: TransformersLM, session: Session) -> str:
    """Picks and bare steps in turn, as ratios."""
    session.candidates()
    bare = BareSteps(model._model, [0, *session.tree.ids(session.current)])
    return ratio([(timed(lambda: pick(session)), timed(bare.step)) for _ in range(ROUNDS)])


class BareSteps:
    """One token forward with transformers alone, always at the same length."""

    def __init__(self, model: torch.nn.Module, ids: list[int]) -> None:
        self.model, self.cache = model, DynamicCache()
        with torch.inference_mode():
            model(torch.tensor([ids]), past_key_values=self.cache, use_cache=True, logits_to_keep=1)

    def step(self) -> None:
        with torch.inference_mode():
            self.model(torch.tensor([[100]]), past_key_values=self.cache, use_cache=True)
            self.cache.crop(-1)


def pick(session: Session) -> None:
    """Pick a token not picked before, list what may come next; then go back, which is not the point here but cheap."""
    taken = {child.token for child in session.tree.children(session.current)}
    session.pick(next(token for token in range(300, 10_000) if token not in taken))
    session.candidates(10)
    session.undo()


def back(session: Session) -> None:
    session.undo()
    session.candidates(10)
    session.jump(session.start)


def reshaped(session: Session) -> None:
    session.sampler = Sampler(temperature=0.5 + np.random.default_rng().random(), top_p=0.9)
    session.candidates(10)


def figures(session: Session) -> None:
    session._analyses.clear()
    session.analysis()


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def ratio(pairs: list[tuple[float, float]]) -> str:
    each = sorted(ours / bare for ours, bare in pairs[2:])
    n = len(each)
    return f"median {statistics.median(each):.2f}, middle half {each[n // 4]:.2f} to {each[3 * n // 4]:.2f}"


if __name__ == "__main__":
    main()
