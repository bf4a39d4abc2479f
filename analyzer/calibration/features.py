"""What each scored token tells a read-out: P numbers a token, so that a document is the mean of its tokens.

Everything a likelihood is made of is a mean over tokens: of these features, and of hidden states. So every token's and
every sentence's share of a verdict is exact, and a text's first half is judged by the same formula as the whole.

With s = surprise, H = entropy, V = varentropy, z = (s - H) / sqrt(V): how far the writer's word lay from what the model
expected, in the model's own standard deviations. Bands of entropy tell a slip where the model was sure from a free
choice where it was not. Classes of tokens tell what kind of word it was: people slip and differ in small words, within
words and in punctuation, where a model has little reason to be wrong.

>>> from analyzer.models.toy import ToyModel
>>> from analyzer.analysis import Analyzer
>>> analysis = Analyzer(ToyModel("to be or not to be")).analyze("To be.")
>>> token_features(analysis.tokenization, analysis.scores).shape == (6, len(FEATURES))
True
>>> [TOKEN_CLASSES[c] for c in token_classes(analysis.tokenization)]
['word', 'continuation', 'space', 'word', 'continuation', 'punctuation']
"""

import re

import numpy as np
from numpy.typing import NDArray

from analyzer.scoring import TokenScores
from analyzer.series import frac_p, rank_buckets, surprise, top_10_entropy
from analyzer.tokens import Tokenization

__all__ = ["FEATURES", "TOKEN_CLASSES", "token_classes", "token_features"]

TOKEN_CLASSES = ("function word", "word", "continuation", "punctuation", "number", "space")
_FUNCTION, _WORD, _CONTINUATION, _PUNCTUATION, _NUMBER, _SPACE = range(6)

_ENTROPY_BANDS = (0.5, 1.5, 3.0, 4.5)  # nats; from nearly certain to a free choice
_SURE = 2.0  # nats of entropy, below which the model had few candidates
_LEAST_SPREAD = 0.05  # nats; where the model was sure, a z of thousands would drown all others

# Closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries, and the commonest adverbs.
_FUNCTION_WORD = re.compile(
    "(?:"
    "a|about|after|again|against|all|also|although|am|among|an|and|another|any|are|as|at|be|"
    "because|been|before|being|between|both|but|by|can|could|did|do|does|doing|down|during|each|"
    "either|even|every|few|for|from|had|has|have|having|he|her|here|hers|herself|him|himself|"
    "his|how|i|if|in|into|is|it|its|itself|just|many|may|me|might|more|most|much|must|my|"
    "myself|neither|no|nor|not|of|off|on|once|only|or|other|our|ours|ourselves|out|over|own|"
    "same|shall|she|should|since|so|some|still|such|than|that|the|their|theirs|them|themselves|"
    "then|there|these|they|this|those|though|through|to|too|under|until|up|upon|us|very|was|we|"
    "were|what|when|where|whether|which|while|who|whom|whose|why|will|with|within|without|would|"
    "yet|you|your|yours|yourself"
    r")\Z",
    re.IGNORECASE,
)

_OF_CLASSES = ("", "_surprise", "_excess", "_z_over_2", "_rank_1")
_CLASS_NAMES = tuple(name.replace(" ", "_") for name in TOKEN_CLASSES)

FEATURES = (
    "surprise",
    "entropy",
    "spread",
    "excess",
    "absolute_excess",
    "surprise_squared",
    "entropy_squared",
    "log_rank",
    "log_rank_squared",
    "rank_1",
    "rank_2_10",
    "rank_11_100",
    "rank_101_1000",
    "rank_over_1000",
    "probability",
    "frac_p",
    "top_10_entropy",
    "top_probability",
    "z",
    "z_squared",
    "z_over_3",
    "z_over_4",
    "surprise_over_8",
    "surprise_over_12",
    "surprise_product",
    "surprise_change",
    "surprise_change_squared",
    "surprise_bend",
    "excess_product",
    *(f"band_{band}{kind}" for band in range(len(_ENTROPY_BANDS) + 1) for kind in ("", "_excess", "_z_over_2")),
    *(f"{name}{kind}" for name in _CLASS_NAMES[:_SPACE] for kind in _OF_CLASSES),
    *(f"sure_{name}_z_over_2" for name in _CLASS_NAMES[:_NUMBER]),
)
"""Names, in the order of the columns of `token_features`."""


def token_features(tokenization: Tokenization, scores: TokenScores) -> NDArray[np.float64]:
    """Features (S, P) of each scored token, P = len(FEATURES); what needs an earlier token is 0 where there is none.

    Raises
    ------
    ValueError
        If fewer than ten alternatives were kept.
    """
    if scores.top_log_prob.shape[1] < 10:
        raise ValueError(f"top_k: expected at least 10 alternatives, got {scores.top_log_prob.shape[1]}")
    s = np.minimum(surprise(scores), 20.0)
    h, spread = scores.entropy, np.sqrt(scores.varentropy)
    excess = s - h
    z = np.clip(excess / np.maximum(spread, _LEAST_SPREAD), -5, 8)
    beyond = np.maximum(z - 2, 0)
    log_rank = np.log(scores.rank)
    buckets = rank_buckets(scores.rank, (1, 10, 100, 1000))
    first = buckets == 0
    in_band = np.searchsorted(_ENTROPY_BANDS, h)[:, None] == np.arange(len(_ENTROPY_BANDS) + 1)  # (S, 5)
    in_class = token_classes(tokenization)[scores.start :, None] == np.arange(_SPACE)  # (S, 5)
    change = np.diff(s, prepend=s[:1])
    return np.column_stack(
        [
            s,
            h,
            spread,
            excess,
            np.abs(excess),
            s**2,
            h**2,
            log_rank,
            log_rank**2,
            *(buckets == bucket for bucket in range(5)),
            np.exp(scores.log_prob),
            frac_p(scores),
            top_10_entropy(scores),
            np.exp(scores.top_log_prob[:, 0]),
            z,
            z**2,
            z > 3,
            z > 4,
            s > 8,
            s > 12,
            s * _before(s),
            np.abs(change),
            change**2,
            np.abs(np.diff(change, prepend=change[:1])),
            excess * _before(excess),
            _within(in_band, np.ones(len(s)), excess, beyond),
            _within(in_class, np.ones(len(s)), s, excess, beyond, first),
            in_class[:, :_NUMBER] * (beyond * (h < _SURE))[:, None],
        ]
    )


def token_classes(tokenization: Tokenization) -> NDArray[np.int64]:
    """Which of `TOKEN_CLASSES` each token (T,) is, by its text and its neighbours', whatever the tokenizer.

    A piece that does not begin its word is a continuation; a function word must be one token, whole.
    """
    text = tokenization.text
    return np.array([_class(text, start, end) for start, end in tokenization.spans.tolist()], np.int64)


def _class(text: str, start: int, end: int) -> int:
    piece = text[start:end]
    word = piece.strip()
    if not word:
        return _SPACE
    if not any(map(str.isalnum, word)):
        return _PUNCTUATION
    if word[0].isdigit():
        return _NUMBER
    if piece[0].isalnum() and start and (text[start - 1].isalnum() or text[start - 1] in "'’"):
        return _CONTINUATION
    whole = end == len(text) or not text[end].isalnum()
    return _FUNCTION if whole and _FUNCTION_WORD.match(word) else _WORD


def _within(members: NDArray[np.bool_], *values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Each value where the token is a member of each class, else 0: (S, classes * values), by class."""
    return np.asarray(members[:, :, None] * np.stack(values, axis=1)[:, None, :], float).reshape(len(members), -1)


def _before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(min(1, len(values))), values[:-1]])
