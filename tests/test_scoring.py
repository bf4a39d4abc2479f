"""The reductions against the plain way, on logits of many shapes."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer import scoring
from analyzer.scoring import Row, TokenScores, join, score_rows

identity = torch.clone  # hidden states that are logits already


def scores_of(logits: torch.Tensor, ids: list[int], *, top_k: int = 10) -> TokenScores:
    row = Row(np.array(ids), 1)
    return score_rows([logits], [row], head=identity, vocabulary=logits.shape[1], top_k=top_k)[0]


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 3000), st.sampled_from([0.1, 3.0, 30.0]), st.booleans())
def test_against_the_plain_way(seed: int, vocabulary: int, spread: float, coarse: bool) -> None:
    """Coarse logits have many ties."""
    from reference import reference_from_logits

    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(12, vocabulary, generator=generator, dtype=torch.float64) * spread
    logits = logits.round() if coarse else logits
    ids = torch.randint(vocabulary, (12,), generator=generator).tolist()
    found, wanted = scores_of(logits, ids), reference_from_logits(logits, ids)
    np.testing.assert_allclose(found.log_prob, wanted.log_prob, atol=1e-10)
    np.testing.assert_array_equal(found.rank, wanted.rank)
    np.testing.assert_allclose(found.entropy, wanted.entropy, atol=1e-10)
    np.testing.assert_allclose(found.varentropy, wanted.varentropy, atol=1e-9)
    np.testing.assert_allclose(found.top_log_prob, wanted.top_log_prob, atol=1e-10)
    assert (found.entropy <= np.log(vocabulary) + 1e-9).all()
    assert (np.diff(found.top_log_prob, axis=1) <= 0).all()
    assert ((found.rank == 1) == (found.log_prob >= found.top_log_prob[:, 0] - 1e-12)).all()


def test_by_hand() -> None:
    """Logits ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8."""
    logits = torch.tensor([[1.0, 2.0, 5.0]] * 3, dtype=torch.float64).log()
    found = scores_of(logits, [0, 2, 0])
    p = np.array([5, 1]) / 8
    np.testing.assert_allclose(found.log_prob, np.log(p))
    assert found.rank.tolist() == [1, 3]
    entropy = -sum(q * np.log(q) for q in (1 / 8, 2 / 8, 5 / 8))
    np.testing.assert_allclose(found.entropy, entropy)
    np.testing.assert_allclose(found.varentropy, sum(q * np.log(q) ** 2 for q in (1 / 8, 2 / 8, 5 / 8)) - entropy**2)
    assert found.top_ids.tolist() == [[2, 1, 0]] * 2
    assert found.context_len.tolist() == [1, 2]


def test_equally_likely_entries_share_a_rank_and_are_listed_by_id() -> None:
    found = scores_of(torch.zeros(3, 7), [0, 6, 3], top_k=4)
    assert found.rank.tolist() == [1, 1]
    np.testing.assert_allclose(found.entropy, np.log(7), rtol=1e-6)
    np.testing.assert_allclose(found.varentropy, 0, atol=1e-6)


def test_chunks_and_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn(50, 300, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ids = list(range(50))
    whole = scores_of(logits, ids)
    monkeypatch.setitem(scoring._CHUNK_BYTES, "cpu", 4 * 300 * 8)
    sizes: list[int] = []

    def head(hidden: torch.Tensor) -> torch.Tensor:
        sizes.append(len(hidden))
        return hidden.clone()

    rows = [Row(np.array(ids[:20]), 5), Row(np.array(ids[20:]), 1)]
    parts = score_rows([logits[4:20], logits[20:]], rows, head=head, vocabulary=300, top_k=10)
    assert max(sizes) == 8
    np.testing.assert_allclose(parts[0].log_prob, whole.log_prob[4:19], atol=1e-12)
    np.testing.assert_allclose(parts[1].log_prob, whole.log_prob[20:], atol=1e-12)
    np.testing.assert_array_equal(join(parts, start=0).rank, np.concatenate([whole.rank[4:19], whole.rank[20:]]))


def test_memory_does_not_grow_with_tokens_times_vocabulary() -> None:
    """No call of the head ever sees more than one chunk."""
    largest = 0

    def head(hidden: torch.Tensor) -> torch.Tensor:
        nonlocal largest
        largest = max(largest, len(hidden) * 50_000 * 4)
        return torch.zeros(len(hidden), 50_000)

    row = Row(np.zeros(2000, np.int64), 1)
    score_rows([torch.zeros(2000, 1)], [row], head=head, vocabulary=50_000, top_k=10)
    assert 0 < largest <= scoring._CHUNK_BYTES["cpu"]


def test_shapes_are_checked_and_nothing_to_score_is_nothing() -> None:
    good: dict[str, Any] = {name: [0.0] for name in ("log_prob", "entropy", "varentropy", "rank", "context_len")}
    tops = {"top_ids": [[1]], "top_log_prob": [[0.0]]}
    assert len(TokenScores(0, **good, **tops)) == 1
    with pytest.raises(ValueError, match="start"):
        TokenScores(2, **good, **tops)
    with pytest.raises(ValueError, match="rank"):
        TokenScores(0, **good | {"rank": [1, 2]}, **tops)
    with pytest.raises(ValueError, match="first"):
        Row(np.array([1, 2]), 3)
    assert len(scores_of(torch.zeros(1, 5), [3])) == 0
