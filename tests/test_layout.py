"""New layout, the same words: the beginning of a text is set like the whole, and nobody asks who wrote it."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.fitting.layout import flattened, typeset

SENTENCES = [
    "It was late.",
    "“Nobody knew,” she said.",
    "Dr. Smith didn't pay $3.50 for it!",
    "Why?",
    "'Because it rained,' he said (twice).",
    'They called it "home".',
]
prose = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12)
keys = st.text("ab1-", max_size=4)


@given(prose, keys)
def test_typesetting_changes_no_word(sentences: list[str], key: str) -> None:
    text = " ".join(sentences)
    assert flattened(typeset(text, key=key)) == flattened(text)


@given(st.text(), keys)
def test_not_even_of_what_is_no_prose(text: str, key: str) -> None:
    assert flattened(typeset(text, key=key)) == flattened(text)


@given(st.text())
def test_flat_text_stays_flat(text: str) -> None:
    flat = flattened(text)
    assert flattened(flat) == flat
    assert "\n" not in flat
    assert "  " not in flat


@given(prose, st.data(), keys)
def test_the_beginning_is_set_like_the_whole(sentences: list[str], data: st.DataObject, key: str) -> None:
    n = data.draw(st.integers(1, len(sentences)))
    whole, beginning = (typeset(" ".join(part), key=key) for part in (sentences, sentences[:n]))
    assert whole.startswith(beginning)


@given(prose, keys)
def test_the_layout_that_was_there_plays_no_part(sentences: list[str], key: str) -> None:
    """So nothing of how a corpus was cleaned is left in it."""
    assert typeset("\n\n ".join(sentences), key=key) == typeset(" ".join(sentences), key=key)


def test_sources_are_set_in_many_ways() -> None:
    text = " ".join(SENTENCES * 3)
    set_so = {typeset(text, key=str(n)) for n in range(40)}
    assert len(set_so) > 30
    curly = sum("“" in one for one in set_so)
    blank_lines = sum("\n\n" in one for one in set_so)
    assert 5 < curly < 35
    assert 15 < blank_lines < 40


@pytest.mark.parametrize(
    ("text", "curly"),
    [
        ('"Don\'t," he said.', "“Don’t,” he said."),
        ("('Why not?')", "(‘Why not?’)"),
        ("\"'So' it was.\"", "“‘So’ it was.”"),
    ],
)
def test_curly_quotes_open_and_close(text: str, curly: str) -> None:
    found = {typeset(text, key=str(n)) for n in range(20)}
    assert found == {text, curly}


def test_nobody_asks_who_wrote_it() -> None:
    assert list(inspect.signature(flattened).parameters) == ["text"]
    assert list(inspect.signature(typeset).parameters) == ["text", "key"]
