"""What a token tells: by hand on the toy model, bounded on any text, and tokens told apart by what is seen of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.calibration.features import FEATURES, TOKEN_CLASSES, token_classes, token_features
from analyzer.models.toy import ToyModel
from analyzer.tokens import Tokenization

MODEL = ToyModel("the cat sat on the mat and the dog sat on the cat. ")
ANALYZER = Analyzer(MODEL)


def features(text: str) -> dict[str, np.ndarray]:
    found = ANALYZER.analyze(text)
    return dict(zip(FEATURES, token_features(found.tokenization, found.scores).T, strict=True))


def split(*pieces: str) -> Tokenization:
    ends = np.cumsum([len(piece) for piece in pieces])
    spans = np.stack([ends - [len(piece) for piece in pieces], ends], axis=1)
    return Tokenization("".join(pieces), np.arange(len(pieces)), spans)


def classes(*pieces: str) -> list[str]:
    return [TOKEN_CLASSES[c] for c in token_classes(split(*pieces))]


def test_names_are_unique_one_for_each_column() -> None:
    found = ANALYZER.analyze("the cat")
    assert len(set(FEATURES)) == len(FEATURES)
    assert token_features(found.tokenization, found.scores).shape == (7, len(FEATURES))


def test_by_hand() -> None:
    """P(b | a) = (n(ab) + 1) / (n(a·) + 257); the corpus "abab" is start-a, a-b, b-a, a-b."""
    found = Analyzer(ToyModel("abab")).analyze("abb")
    of = dict(zip(FEATURES, token_features(found.tokenization, found.scores).T, strict=True))
    s = -np.log([2 / 258, 3 / 259, 1 / 258])
    h = found.scores.entropy
    np.testing.assert_allclose(of["surprise"], s)
    np.testing.assert_allclose(of["excess"], s - h)
    np.testing.assert_allclose(of["z"], np.clip((s - h) / np.sqrt(found.scores.varentropy), -5, 8))
    np.testing.assert_allclose(of["rank_1"], [1, 1, 0])
    np.testing.assert_allclose(of["log_rank"], [0, 0, math.log(2)])
    np.testing.assert_allclose(of["surprise_change"], [0, s[0] - s[1], s[2] - s[1]])
    np.testing.assert_allclose(of["surprise_product"], [0, s[0] * s[1], s[1] * s[2]])
    np.testing.assert_allclose(of["surprise_bend"], np.abs([0, s[1] - s[0], s[2] - 2 * s[1] + s[0]]))


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=60))
def test_of_any_text_finite_and_each_token_in_one_band_and_one_rank_bucket(text: str) -> None:
    of = features(text)
    assert all(np.isfinite(column).all() for column in of.values())
    np.testing.assert_array_equal(sum(of[f"band_{band}"] for band in range(5)), 1)
    buckets = ("rank_1", "rank_2_10", "rank_11_100", "rank_101_1000", "rank_over_1000")
    np.testing.assert_array_equal(sum(of[name] for name in buckets), 1)
    kinds = sum(of[name.replace(" ", "_")] for name in TOKEN_CLASSES[:-1])
    assert set(np.unique(kinds)) <= {0, 1}  # white space is of no kind
    assert of["z"].min() >= -5
    assert of["z"].max() <= 8


def test_a_token_without_one_before_it_has_no_change() -> None:
    for name in ("surprise_change", "surprise_change_squared", "surprise_bend", "surprise_product", "excess_product"):
        assert features("cat")[name][0] == 0


def test_later_words_change_nothing_before_them() -> None:
    short, long = features("the cat sat"), features("the cat sat quickly")
    for name in FEATURES:
        np.testing.assert_allclose(long[name][:10], short[name][:10])  # the last may yet be cut off from its word


def test_a_model_without_start_token_has_a_feature_row_a_scored_token() -> None:
    found = Analyzer(ToyModel("the cat", start=False)).analyze("the cat")
    assert token_features(found.tokenization, found.scores).shape == (6, len(FEATURES))


def test_too_few_alternatives_are_refused() -> None:
    found = Analyzer(MODEL, top_k=9).analyze("the cat")
    with pytest.raises(ValueError, match="at least 10"):
        token_features(found.tokenization, found.scores)


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (("The", " cat", "ap", "ult"), ["function word", "word", "continuation", "continuation"]),
        ((" the", "atre"), ["word", "continuation"]),  # a function word is whole
        (("don", "'", "t"), ["word", "punctuation", "continuation"]),
        (("“", "No", ",”", " she"), ["punctuation", "function word", "punctuation", "function word"]),
        (("in", " 19", "84", "\n\n", "…"), ["function word", "number", "number", "space", "punctuation"]),
        (("中", "文", " 👍"), ["word", "continuation", "punctuation"]),
    ],
)
def test_classes(pieces: tuple[str, ...], wanted: list[str]) -> None:
    assert classes(*pieces) == wanted
