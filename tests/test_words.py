"""Words as whole tokens: cases by hand, and that no character and no token is lost or counted twice."""

from itertools import pairwise
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.comparing.words import dropped_characters, token_cuts, token_words, word_edges, word_sums
from analyzer.models.toy import ToyModel
from analyzer.tokens import Tokenization

TOY = ToyModel("ab").tokenizer

scraps = st.sampled_from(
    [
        *("the", " ", "\n\n", "don't", "’s", "3.14", ",", "?!", "👍", "👩‍👩‍👧", "é", "e\u0301", "\u202e", "\u200b"),
        *("汉字", "ไทย", "हिन्दी", "x" * 50, "_", "\u0301", "שלום", "\x1c"),
    ]
)
texts = st.one_of(st.text(max_size=80), st.lists(scraps, max_size=40).map("".join))


@st.composite
def tokenizations(draw) -> Tokenization:
    """Tokens of any kind: over words, sharing characters, with gaps between, without characters."""
    text = draw(texts)
    spans, at = [], 0
    while at < len(text):
        at += draw(st.sampled_from([0, 0, 0, 0, 1, 3]))
        end = at + draw(st.sampled_from([0, 1, 1, 2, 5]))
        if end <= len(text):
            spans += [(at, end)] * draw(st.sampled_from([1, 1, 1, 3]))
        at = max(end, at + (end == at))
    return Tokenization(text, np.arange(len(spans)), np.array(spans, np.int64).reshape(-1, 2))


def cut(text: str, cuts: list[int] | None = None) -> list[str]:
    edges = word_edges(text, np.arange(len(text) + 1) if cuts is None else np.array(cuts))
    return [text[a:b] for a, b in pairwise(edges.tolist())]


@pytest.mark.parametrize(
    "parts",
    [
        ["It", " cost", " $", "3.50", ",", " not", " 1,000", "."],
        ["“", "Don’t", ",”", " she", " said", "\n\n—", "it's", " hers", "!?\n"],
        ["well", "-", "known", " snake_case"],
        ["हिन्दी", " में"],  # vowel signs are no letters
        ["cafe\u0301", " soft\u00adhy", " z\u200bw"],
        [" 👩‍👩‍👧", "ok"],
        ["汉", "字", " a"],
        ["ab", "汉", "字"],
        ["   "],
    ],
)
def test_by_hand(parts: list[str]) -> None:
    assert cut("".join(parts)) == parts


def test_a_long_stretch_without_spaces_falls_into_tokens() -> None:
    assert cut("x" * 40) == ["x" * 40]
    assert cut("x" * 41, [0, 20, 41]) == ["x" * 20, "x" * 21]


def test_white_space_goes_where_the_tokens_let_it() -> None:
    """Tokens ".⏎⏎" and "The", as some vocabularies have them."""
    assert cut("End.\n\nThe", [0, 3, 6, 9]) == ["End", ".\n\n", "The"]
    assert cut("End.\n\nThe", [0, 3, 9]) == ["End", ".\n\nThe"]


def test_nothing_has_no_words() -> None:
    empty = Tokenization("", np.empty(0), np.empty((0, 2)))
    edges = word_edges("", token_cuts(empty))
    assert edges.tolist() == [0]
    assert token_words(empty, edges).tolist() == []
    assert dropped_characters(empty, edges).tolist() == []
    assert word_sums(np.empty(0), np.empty(0, np.int64), 0).tolist() == []


def test_dropped_characters() -> None:
    tokens = Tokenization("ab é\tcd", [1, 2], [(0, 2), (5, 7)])
    edges = word_edges(tokens.text, token_cuts(tokens))
    assert [tokens.text[a:b] for a, b in pairwise(edges.tolist())] == ["ab", " é\t", "cd"]
    assert dropped_characters(tokens, edges).tolist() == [0, 1, 0]


@given(tokenizations())
def test_every_token_lies_in_one_word(tokens: Tokenization) -> None:
    edges = word_edges(tokens.text, token_cuts(tokens))
    assert edges[0] == 0
    assert edges[-1] == len(tokens.text)
    assert (np.diff(edges) > 0).all()
    words = token_words(tokens, edges)
    assert len(words) == len(tokens)
    assert (np.diff(words) >= 0).all()
    if len(edges) > 1:
        for (a, b), word in zip(tokens.spans.tolist(), words.tolist(), strict=True):
            assert a == b or edges[word] <= a < b <= edges[word + 1]
    covered = {i for a, b in tokens.spans.tolist() for i in range(a, b)}
    lost = [i for i, c in enumerate(tokens.text) if i not in covered and not c.isspace()]
    assert dropped_characters(tokens, edges).sum() == len(lost)


@given(texts.filter(lambda text: text.isprintable()))
def test_bytes_and_characters_have_the_same_words_but_where_words_cannot_be_seen(text: str) -> None:
    assert (
        word_edges(text, token_cuts(TOY.encode(text))).tolist() == word_edges(text, np.arange(len(text) + 1)).tolist()
    )


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "!" * 10_000, " " * 10_000, "汉" * 10_000, "\u0301" * 10_000, "x'" * 5_000]
)
def test_long_hostile_texts_are_quick(text: str) -> None:
    begun = process_time()
    edges = word_edges(text, np.arange(len(text) + 1))
    assert edges[-1] == 10_000
    assert process_time() - begun < 2
