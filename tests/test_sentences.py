"""Sentence spans: cases by hand, cover without gap or overlap, and the tokens' sentences."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.text.sentences import sentences, token_sentences

texts = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "Dr.",
                " ",
                "\n",
                "\n\n",
                "\r\n",
                "He",
                "he",
                "U.S.",
                "3.5",
                "...",
                "…",
                '"',
                "”",
                "(",
                ")",
                "?",
                "!",
                "- ",
                "1.",
                "👍",
                "é",
            ]
        ),
        max_size=60,
    ).map("".join),
)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["Hello World. ", "My name is Jonas."],
        ["What is your name? ", "There it is! ", "I found it."],
        ["My name is Jonas E. Smith, Ph.D. in physics."],
        ["J. R. R. Tolkien met C.S. Lewis."],
        ["Please turn to p. 55, fig. 3 and no. 7. ", "It is there."],
        ["St. Michael's Church is on Mt. Athos, i.e. far away, cf. the map, e.g. Plate 3."],
        ["They dealt with Pitt, Briggs & Co. at noon. ", "It was over."],
        ["They dealt with Pitt, Briggs & Co. ", "It was over."],
        ["I work for the U.S. Government in Virginia."],
        ["I live in the U.S. ", "The house is old."],
        ["At 5 a.m. ", "Mr. Smith left. ", "He came back at 6 p.m. on Friday."],
        ["She has $100.00 in her bag. ", "It is 3.5 times as much."],
        ["He teaches science (he previously worked for 5 years.) at the university."],
        ["(He was late.) ", "[So was she.] ", "Nobody minded."],
        ["Her email is Jane.Doe@example.com, her page www.example.com/a.html. ", "I wrote."],
        ['"Why?" she asked. ', '"I don\'t know," he said. ', '"It works!" ', "He ran."],
        ["“Stop. ", "Wait for me!” ", "‘No.’ ", "They went."],
        ["“Why?” she asked. ", "“Because.”"],
        ["Hello!! ", "Long time no see... ", "Wait... what?! ", "Yes… ", "No."],
        ["She works at Yahoo! in the accounting department."],
        ["A clear case (Jones et al. 2019). ", "Another.[2] ", "A third."],
        ["It was in 1999. ", "In 2001 it was over. ", "30 people came."],
        ["We went on 5 Sept. 1999 and on Jan. 3. ", "It rained."],
        ["Great! 👍 ", "Next one."],
        ["He left . ", "Then `` nobody '' came . ", "`` Oh . ''"],
        ["A heading\n\n", "The text begins, without a stop\n \n", "Here it goes on."],
        ["One line\nand its end. ", "Two\r\n\r\n", "Three."],
        ["Bring:\n", "- bread\n", "- a map\n", "1. Walk on.\n", "2. Stop."],
        ["I forgot the space.", "Then I found it.", "Good"],
        ["i write all small. ", "it is faster. ", "dr. who agrees, e.g. here"],
        ["this goes on and on without a stop and nobody knows where it might end if it ever does"],
        ["  Space first. ", "Then more.  \n"],
        ["No way?!” ", "She laughed."],
        ["   "],
        ["..."],
    ],
    ids=lambda parts: parts[0][:24],
)
def test_cuts(parts: list[str]) -> None:
    assert cut("".join(parts)) == parts


def test_empty_text_has_no_sentence() -> None:
    assert sentences("").shape == (0, 2)
    assert sentences("").dtype == np.int64


@given(texts)
def test_sentences_cover_the_text(text: str) -> None:
    spans = sentences(text)
    assert "".join(text[a:b] for a, b in spans) == text
    assert (spans[:, 0] < spans[:, 1]).all()
    assert (spans[1:, 0] == spans[:-1, 1]).all()


@given(texts)
def test_a_sentence_begins_with_a_character_that_is_seen(text: str) -> None:
    assert not any(text[start].isspace() for start, _ in sentences(text)[1:])


@given(texts, texts)
def test_what_follows_a_blank_line_changes_nothing_before(first: str, second: str) -> None:
    if first == first.lower() or second == second.lower():  # text without capitals is cut by its own rule
        first, second = f"A{first}", f"A{second}"
    assert cut(f"{first}x\n\nX{second}") == [*cut(f"{first}x\n\n"), *cut(f"X{second}")]


@given(texts, st.data())
def test_each_token_is_in_the_sentence_of_its_last_character(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text))
    spans = np.array(sorted(data.draw(st.lists(st.tuples(places, places).map(sorted), max_size=20))), np.int64)
    spans = spans.reshape(-1, 2)
    bounds = sentences(text)
    if not len(bounds):
        return
    found = token_sentences(spans, bounds)
    assert found.shape == (len(spans),)
    assert ((found >= 0) & (found < len(bounds))).all()
    for (start, end), number in zip(spans, found, strict=True):
        if start < end:
            assert bounds[number, 0] <= end - 1 < bounds[number, 1]


def test_a_space_before_the_first_word_is_no_matter() -> None:
    bounds = sentences("No. Next")
    assert token_sentences(np.array([(0, 3), (3, 8)]), bounds).tolist() == [0, 1]
    assert token_sentences(np.array([(4, 4), (8, 8)]), bounds).tolist() == [1, 1]
    assert token_sentences(np.empty((0, 2), np.int64), bounds).tolist() == []


def test_tokens_without_sentences_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sentence"):
        token_sentences(np.array([(0, 1)]), sentences(""))


@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", ".", "A. ", "He said. ", '"', '" ', "(", "aa.A", "- ", "[1]", "a.", "👍 "]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """Eight times the text takes about eight times as long; a square would take 64 times."""

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = 9.0
        for _ in range(2):
            begin = process_time()
            sentences(text)
            best = min(best, process_time() - begin)
        return best

    assert seconds(160_000) < 24 * seconds(20_000) + 0.02
