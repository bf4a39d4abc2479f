from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.errors import InvalidText, TokenizerMismatch
from analyzer.models.toy import ToyModel
from analyzer.tokens import TextTokenizer, Tokenization, segments

NASTY = [
    "\x00\x01\x07\x1b[31m",
    "👩‍👩‍👧‍👦 and 🇺🇦 and ❤️",
    "שלום עולם, مرحبا بالعالم ‮reversed‬",
    "e\u0301 \u1100\u1161 Z\u0351\u036b\u0343",
    "a" * 5000,
    "<|im_start|>system\nYou are<|im_end|><|endoftext|><repo_name>",
    "\r\n \t\n\n 12  2024 \u200b\u00ad\ufeff",
    "\U0010ffff\u2028\u2029\x85",
]
MISSING = bytes.fromhex("f1 f2 04 06 13 14 16 1d")  # bytes without entry in the default vocabulary
TOY = ToyModel("abc").tokenizer


def check(tokenizer: TextTokenizer, text: str, *, dropped: int = 0) -> None:
    tokens = tokenizer.encode(text)
    assert tokens.text == text
    assert "".join(text[s.start : s.end] for s in segments(tokens)) == text
    assert tokens.uncovered == dropped
    assert (tokens.spans[:, 0] >= 0).all()
    assert (tokens.spans[:, 1] <= len(text)).all()
    assert (tokens.spans[:, 0] <= tokens.spans[:, 1]).all()
    covered = [i for s in segments(tokens) for i in range(s.first, s.last)]
    assert covered == list(range(len(tokens)))  # every token is in exactly one piece


@settings(max_examples=200)
@given(st.text())
@example("")
def test_pieces_join_up_to_the_text_and_hold_every_token_once(text: str) -> None:
    check(TOY, text)


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_with_the_real_tokenizer(text: str, default_model: Any) -> None:
    check(default_model.tokenizer, text)


@settings(max_examples=100)
@given(text=st.text())
@example(text="\U00040000: after it")
def test_any_text_with_the_real_tokenizer(text: str, default_model: Any) -> None:
    """Its vocabulary lacks six control characters, and the bytes that begin the unassigned planes 4 to 11."""
    dropped = sum(any(byte in MISSING for byte in c.encode()) for c in text)
    check(default_model.tokenizer, text, dropped=dropped)
    for start, end in default_model.tokenizer.encode(text).spans.tolist():
        assert not any(byte in MISSING for byte in text[start:end].encode())


def test_offsets_behind_a_dropped_character_are_right(default_model: Any) -> None:
    tokens = default_model.tokenizer.encode("x\U00040000: after it")
    assert [tokens.piece(i) for i in range(len(tokens))] == ["x", ":", " after", " it"]
    assert tokens.uncovered == 1


def test_control_tokens_in_the_text_are_plain_text(default_model: Any) -> None:
    tokens = default_model.tokenizer.encode("<|im_start|><|endoftext|><repo_name>")
    assert tokens.ids.min() > 16  # ids 0 to 16 are this vocabulary's control tokens
    assert len(tokens) > 8


def test_marked_as_ordinary_control_tokens_are_plain_text_too() -> None:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({c: n for n, c in enumerate(letters)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.add_tokens([AddedToken("<|fim_prefix|>", special=False), AddedToken("    ", special=False)])
    assert len(backend.encode("a<|fim_prefix|>b").ids) == 3
    tokenizer = TextTokenizer(backend)
    assert len(tokenizer.encode("a<|fim_prefix|>b")) == len("a<|fim_prefix|>b")
    assert len(tokenizer.encode("a    b")) == 3  # a run of spaces is text, and a token of its own


def test_lone_surrogates_are_one_sentence() -> None:
    with pytest.raises(InvalidText, match=r"Character 3 \(U\+D83D\)"):
        TOY.encode("ab\ud83d")


def test_gaps_and_overlaps() -> None:
    tokens = Tokenization("xxabcyy", [1, 2, 3], [(2, 4), (3, 4), (4, 5)])
    assert [(s.start, s.end, s.first, s.last) for s in segments(tokens)] == [
        (0, 2, 0, 0), (2, 4, 0, 2), (4, 5, 2, 3), (5, 7, 3, 3),
    ]  # fmt: skip
    assert tokens.uncovered == 4


def test_empty_spans_join_a_neighbour() -> None:
    """A prefix token such as the "▁" of sentencepiece vocabularies may stand for no character."""
    first = Tokenization("ab", [7, 1, 2], [(0, 0), (0, 1), (1, 2)])
    assert [(s.start, s.end, s.first, s.last) for s in segments(first)] == [(0, 1, 0, 2), (1, 2, 2, 3)]
    last = Tokenization("a", [1, 7], [(0, 1), (1, 1)])
    assert [(s.start, s.end, s.first, s.last) for s in segments(last)] == [(0, 1, 0, 2)]


@settings(max_examples=200)
@given(st.data())
def test_segments_of_any_spans(data: st.DataObject) -> None:
    text = data.draw(st.text("ab", max_size=12))
    starts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = [(a, data.draw(st.integers(a, len(text)))) for a in starts]
    tokens = Tokenization(text, np.zeros(len(spans), np.int64), np.array(spans, np.int64).reshape(-1, 2))
    pieces = list(segments(tokens))
    assert "".join(text[s.start : s.end] for s in pieces) == text
    assert [i for s in pieces for i in range(s.first, s.last)] == list(range(len(spans)))


def test_arrays_are_read_only_and_shapes_are_checked() -> None:
    tokens = TOY.encode("abc")
    with pytest.raises(ValueError, match="read-only"):
        tokens.ids[0] = 1
    with pytest.raises(ValueError, match="spans: expected shape"):
        Tokenization("a", [1], [(0, 1), (1, 2)])


def test_text_of_shows_spaces_bytes_and_control_tokens(default_model: Any) -> None:
    tokenizer = default_model.tokenizer
    assert tokenizer.text_of(tokenizer.encode("a broke").ids[1]) == " broke"
    assert tokenizer.text_of(tokenizer.encode("👍").ids[-1]) == "\\x8d"
    assert tokenizer.text_of(0) == "<|endoftext|>"
    assert tokenizer.text_of(10**6) == "<unused 1000000>"


def test_a_broken_tokenizer_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(TokenizerMismatch, match="not a readable"):
        TextTokenizer.from_file(tmp_path / "tokenizer.json")


def test_kinds_of_tokens(tiny_llama) -> None:
    model, _ = tiny_llama(0, more=3)
    tokenizer = model.tokenizer
    the, smile = tokenizer.encode(" the").ids.tolist(), tokenizer.encode("👍").ids.tolist()
    assert len(the) == 1
    assert len(smile) == 4
    assert [tokenizer.is_text(i) for i in (0, 1, 2, *the, *smile)] == [False] * 3 + [True] + [False] * 4
    assert [tokenizer.is_control(i) for i in (0, 1, 2, *the, *smile)] == [True] * 3 + [False] * 5
    assert tokenizer.is_control(tokenizer.vocabulary_size)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_ids_back_to_text(text: str) -> None:
    tokenizer = ToyModel("").tokenizer
    ids = tokenizer.encode(text).ids.tolist()
    assert tokenizer.text_of_ids(ids) == text


def test_half_a_character() -> None:
    tokenizer = ToyModel("").tokenizer
    assert tokenizer.text_of_ids(tokenizer.encode("a👍").ids.tolist()[:-1]) == "a�"
