import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.guided.growing import Piece, grow, joint, pieces, retokenised, tokenization_of
from analyzer.models.toy import ToyModel
from analyzer.tokens import Tokenization

BYTES = ToyModel("").tokenizer
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(TEXTS)
def test_bytes_grow_to_the_text_and_its_offsets(text: str) -> None:
    wanted = BYTES.encode(text)
    found: list[Piece] = []
    pending = b""
    for token in wanted.ids.tolist():
        found.append(grow(pending, sum(len(p.adds) for p in found), BYTES.bytes_of(token)))
        pending = found[-1].pending
    assert pending == b""
    assert found == pieces(wanted, BYTES)
    grown = tokenization_of(wanted.ids.tolist(), found)
    assert grown.text == text
    np.testing.assert_array_equal(grown.spans, wanted.spans)


@given(TEXTS, st.integers(0, 80))
def test_a_text_cut_anywhere_keeps_whole_characters(text: str, n: int) -> None:
    tokens = BYTES.encode(text)
    begun = pieces(tokens, BYTES)[:n]
    cut = tokenization_of(tokens.ids[:n].tolist(), begun)
    whole = BYTES.text_of_ids(tokens.ids[:n].tolist())
    assert cut.text == whole.removesuffix("�" if begun and begun[-1].pending else "")
    assert cut.spans.max(initial=0) <= len(cut.text)


def test_bytes_that_become_no_character_are_marked() -> None:
    broken = grow(b"\xf0", 3, b"a")
    assert broken == Piece("�a", 3, 5, b"")


def test_characters_without_a_token_are_kept() -> None:
    tokens = Tokenization("\x01a\x02b\x03", [66, 67], [(1, 2), (3, 4)])
    found = pieces(tokens, BYTES)
    assert [piece.adds for piece in found] == ["\x01a\x02", "b\x03"]
    assert tokenization_of([66, 67], found).text == tokens.text
    assert [piece.adds for piece in pieces(tokens, BYTES, first=1, written=3)] == ["b\x03"]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (("", []), ("ab", [(0, 2)]), (0, 0)),
        (("ab", [(0, 1), (1, 2)]), ("abc", [(0, 2), (2, 3)]), (2, 1)),  # other tokens before, but none across the joint
        (("ab", [(0, 1), (1, 2)]), ("abc", [(0, 1), (1, 3)]), (1, 1)),
        (("a👍", [(0, 1), (1, 2), (1, 2)]), ("a👍b", [(0, 1), (1, 3)]), (1, 1)),  # never within a character
        (("a👍", [(0, 1), (1, 2), (1, 2)]), ("a👍b", [(0, 1), (1, 2), (1, 2), (2, 3)]), (3, 3)),
    ],
)
def test_joint_by_hand(
    old: tuple[str, list[tuple[int, int]]], new: tuple[str, list[tuple[int, int]]], wanted: tuple[int, int]
) -> None:
    a, b = (Tokenization(text, np.arange(len(spans)), np.array(spans).reshape(-1, 2)) for text, spans in (old, new))
    assert joint(a, b) == wanted


def test_what_differs_from_the_tokenizers_choice_is_said() -> None:
    mine = Tokenization("a for", [1, 2, 3], [(0, 1), (1, 3), (3, 5)])
    its = Tokenization("a for", [1, 9], [(0, 1), (1, 5)])
    assert "3 tokens" in (note := retokenised(its, mine))
    assert "makes 2" in note
    assert "“ for” instead of “ f|or”" in note
    assert retokenised(its, its) == ""
