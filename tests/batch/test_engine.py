import gc
import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows, score_shards, shards
from analyzer.batch.rows import Row, rows_of
from analyzer.errors import AnalyzerError, EmptyText, InputError, InvalidText, ModelError
from analyzer.models.toy import ToyModel

CORPUS = "to be or not to be. " * 9


def toy() -> Analyzer:
    return Analyzer(ToyModel(CORPUS, window=50))


def test_values_that_are_no_text_say_what_they_are() -> None:
    values = [None, float("nan"), pd.NA, pd.NaT, 7, np.zeros(2)]
    said = [row.error.message for row in rows_of(values) if row.error]
    assert said == ["There is no text: the value is null."] * 4 + [
        "Expected text, got int.",
        "Expected text, got ndarray.",
    ]


@settings(max_examples=40)
@given(
    texts=st.lists(st.none() | st.integers() | st.text("to be\u200b\udc00", max_size=90)),
    shard_rows=st.integers(1, 9),
)
def test_each_row_comes_out_once_in_order_with_its_own_numbers(texts: list[object], shard_rows: int) -> None:
    analyzer = toy()
    found = list(score_rows(analyzer, rows_of(texts), shard_rows=shard_rows))
    assert [result.row.number for result in found] == list(range(1, len(texts) + 1))
    for text, result in zip(texts, found, strict=True):
        assert (result.analysis is None) != (result.error is None)
        try:
            alone = analyzer.analyze(text if isinstance(text, str) else "")
        except AnalyzerError:
            assert result.analysis is None
        else:
            assert result.analysis is not None
            assert result.analysis.text == text
            np.testing.assert_allclose(result.analysis.scores.log_prob, alone.scores.log_prob, atol=1e-12)
            np.testing.assert_equal(dict(result.analysis.statistics), dict(alone.statistics))


def test_reasons_are_those_of_a_single_text() -> None:
    found = list(score_rows(toy(), rows_of(["", "a\udc00", None])))
    assert [type(result.error) for result in found] == [EmptyText, InvalidText, EmptyText]
    one_token = score_rows(Analyzer(ToyModel(CORPUS, start=False)), rows_of(["t", "to"]))
    assert [result.error and result.error.message[:15] for result in one_token] == ["One token alone", None]


@settings(max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 9)), rows=st.integers(1, 5), characters=st.integers(1, 20), cut=st.integers(0, 9)
)
def test_shards_resumed_at_a_boundary_are_the_same(lengths: list[int], rows: int, characters: int, cut: int) -> None:
    def cut_up(given: list[Row]) -> list[list[int]]:
        return [[r.number for r in s] for s in shards(given, most_rows=rows, most_characters=characters)]

    every = list(rows_of("x" * n for n in lengths))
    whole = cut_up(every)
    assert [number for shard in whole for number in shard] == [row.number for row in every]
    done = sum(map(len, whole[:cut]))
    assert cut_up(every[done:]) == whole[cut:]


def test_the_same_bits_whatever_was_scored_before(tiny_llama) -> None:  # type: ignore[no-untyped-def]
    model, _ = tiny_llama(0)
    texts = ["to be or not " * n for n in (1, 9, 4, 30, 2, 17, 8, 3)]
    whole = list(score_rows(Analyzer(model), rows_of(texts), shard_rows=3))
    rest = list(score_rows(Analyzer(model), rows_of(texts[3:]), shard_rows=3))
    for before, after in zip(whole[3:], rest, strict=True):
        assert before.analysis is not None
        assert after.analysis is not None
        np.testing.assert_array_equal(before.analysis.scores.log_prob, after.analysis.scores.log_prob)


class Overflowing(ToyModel):
    """No numbers for a text with a Z."""

    def score(self, rows, **given):  # type: ignore[no-untyped-def]
        for row in rows:
            if ord("Z") - 33 in row.ids.tolist():
                raise ModelError("The model's numbers overflow.")
        return super().score(rows, **given)


def test_a_text_that_the_model_cannot_do_does_not_take_the_others_along() -> None:
    model = Overflowing(CORPUS)
    assert model.tokenizer.encode("Z").ids.tolist() == [ord("Z") - 33]
    found = list(score_rows(Analyzer(model), rows_of(["to", "Z", "be"])))
    assert [result.error and result.error.message for result in found] == [None, "The model's numbers overflow.", None]


def test_memory_is_a_few_shards_of_rows() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "to be"

    results = score_rows(toy(), rows_of(endless()), shard_rows=5)
    for _ in range(11):
        next(results)
    assert taken <= 11 + 6 * 5
    before = threading.active_count()
    results.close()
    assert threading.active_count() == before - 2


def test_what_progress_raises_ends_the_run() -> None:
    class Enough(Exception):
        pass

    seen: list[int] = []

    def progress(tokens: int) -> None:
        seen.append(tokens)
        if len(seen) == 3:
            raise Enough

    before = threading.active_count()
    with pytest.raises(Enough):
        list(score_rows(toy(), rows_of(["to be"] * 100), shard_rows=10, progress=progress))
    assert seen == [50] * 3
    gc.collect()
    assert threading.active_count() == before


def test_a_source_that_fails_fails_here() -> None:
    def broken() -> Iterator[Row]:
        yield from rows_of(["to be"])
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(score_rows(toy(), broken(), shard_rows=1))


def test_impossible_shards_are_refused() -> None:
    with pytest.raises(InputError, match="from 1 on"):
        list(score_rows(toy(), rows_of(["a"]), shard_rows=0))
    assert list(score_shards(toy(), [])) == []


def test_what_rows_bring_along_bounds_a_shard_too() -> None:
    long = {"html": "x" * 3_000_000, "more": [{"a": "y" * 900_000}]}
    found = shards([Row(n, n, "to be", long) for n in range(5)], most_rows=100)
    assert [[row.number for row in shard] for shard in found] == [[0, 1], [2, 3], [4]]
