"""Two drafts: worked by hand, joined up again whatever they are, and never more claimed than the intervals allow."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_analysis import made
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration import UNCALIBRATED, Likelihood
from analyzer.comparing.drafts import Drafts, drafts
from analyzer.errors import ModelMismatch
from analyzer.models.toy import ToyModel
from analyzer.series import BITS_PER_NAT, surprise
from analyzer.statistics import STATISTICS

TOY = Analyzer(ToyModel("to be or not to be, that is the question. " * 2))
CARD_MODEL = ToyModel(MACHINE * 3)
CALIBRATED = Analyzer(CARD_MODEL, calibration=toy_card(CARD_MODEL.info))


def likely(low: float, probability: float, high: float) -> Likelihood:
    return replace(UNCALIBRATED, probability=probability, low=low, high=high)


def claim(before: Likelihood, after: Likelihood) -> str:
    analyses = [made(text, [(0, 1)], bits=[1], likelihood=one) for text, one in (("a", before), ("b", after))]
    return drafts(*analyses).sentence


def check(before: Analysis, after: Analysis, found: Drafts) -> None:
    assert "".join(s.before for s in found.stretches) == before.text
    assert "".join(s.after for s in found.stretches) == after.text
    at_a = at_b = 0
    for s in found.stretches:
        assert (s.before_start, s.after_start) == (at_a, at_b)
        at_a, at_b = s.before_end, s.after_end
        assert (s.before, s.after) == (before.text[s.before_start : at_a], after.text[s.after_start : at_b])
        kinds = {"unchanged": s.before == s.after, "replaced": s.before and s.after and s.before != s.after,
                 "deleted": s.before and not s.after, "inserted": s.after and not s.before}  # fmt: skip
        assert [kind for kind, holds in kinds.items() if holds] == [s.kind]
    turns = [s.kind == "unchanged" for s in found.stretches]
    assert all(one != other for one, other in pairwise(turns))
    for side, analysis in (("before", before), ("after", after)):
        total = float(surprise(analysis.scores).sum()) * BITS_PER_NAT
        assert sum(getattr(s, f"bits_{side}") for s in found.stretches) == pytest.approx(total, rel=1e-12, abs=1e-9)
        assert getattr(found, f"bits_{side}") == pytest.approx(total, rel=1e-12, abs=1e-9)


def test_by_hand() -> None:
    """ "small" becomes "very large": 4 bits become 1 + 6; the words behind it 1 + 2 bits become 2 + 3; " ." stays."""
    before = made("a small old cat", [(0, 1), (1, 7), (7, 11), (11, 15)], bits=[1, 4, 1, 2])
    after = made(
        "a very large old cat!", [(0, 1), (1, 6), (6, 12), (12, 16), (16, 20), (20, 21)], bits=[1, 1, 6, 2, 3, 5]
    )
    found = drafts(before, after)
    check(before, after, found)
    assert [(s.kind, s.before, s.after) for s in found.stretches] == [
        ("unchanged", "a", "a"), ("replaced", " small", " very large"), ("unchanged", " old cat", " old cat"),
        ("inserted", "", "!"),
    ]  # fmt: skip
    assert [s.difference for s in found.stretches] == pytest.approx([0, 3, 2, 5])
    assert [s.moved_behind for s in found.stretches] == pytest.approx([0, 2, 0, 0])
    assert found.moved_behind == pytest.approx(2)
    assert (found.bits_before, found.bits_after) == (pytest.approx(8), pytest.approx(18))
    assert all(
        math.isnan(s.share_before) and math.isnan(s.share_after) for s in found.stretches if s.before and s.after
    )
    moved = {m.name: m for m in found.statistics}
    assert list(moved) == [s.name for s in STATISTICS]
    assert moved["surprise_mean"].difference == pytest.approx((3 - 2) * math.log(2))


def test_a_bigram_model_is_moved_by_one_letter_only() -> None:
    """Behind the change the toy model reads " " after "e" instead of "t", and no more is other than it was."""
    before, after = TOY.analyze("not the is"), TOY.analyze("bee the is")
    changed, stayed = drafts(before, after).stretches
    assert (changed.kind, stayed.before) == ("replaced", " the is")
    expected = before.scores.log_prob[3] - after.scores.log_prob[3]
    assert changed.moved_behind == pytest.approx(expected * BITS_PER_NAT)
    assert changed.moved_behind == stayed.difference


def test_shares_add_up_to_the_log_odds() -> None:
    before, after = (CALIBRATED.analyze(text) for text in (MACHINE + HUMAN, MACHINE + "A dog sat. " + HUMAN))
    found = drafts(before, after)
    check(before, after, found)
    assert sum(s.share_before for s in found.stretches) == pytest.approx(before.token_shares().sum())
    assert sum(s.share_after for s in found.stretches) == pytest.approx(after.token_shares().sum())
    assert "A dog sat" in next(s.after for s in found.stretches if s.kind != "unchanged")


def test_where_intervals_overlap_nothing_is_claimed() -> None:
    assert claim(likely(0.3, 0.6, 0.8), likely(0.001, 0.2, 0.4)).replace("\u00a0", " ") == (
        "No difference can be claimed: the likelihood of a machine's hand is 60 % (90 % interval 30 to 80 %) before "
        "and 20 % (90 % interval under 1 to 40 %) after, and the intervals overlap."
    )
    assert claim(likely(0.1, 0.2, 0.3), likely(0.3, 0.6, 0.8)).startswith("No difference can be claimed")
    assert claim(likely(0.5, 0.6, 0.8), likely(0.1, 0.2, 0.4)).replace("\u00a0", " ") == (
        "The likelihood of a machine's hand fell from 60 % (90 % interval 50 to 80 %) to 20 % (90 % interval 10 to "
        "40 %): the intervals do not overlap."
    )
    assert "rose from" in claim(likely(0.1, 0.2, 0.4), likely(0.5, 0.6, 0.8))


def test_without_a_likelihood_nothing_is_claimed() -> None:
    assert claim(UNCALIBRATED, likely(0.1, 0.2, 0.4)).startswith(
        "No difference can be claimed, as there is no likelihood for the earlier draft: There is no calibration"
    )
    both = claim(UNCALIBRATED, UNCALIBRATED)
    assert "for the earlier draft: There" in both
    assert "for the later draft: There" in both
    other = replace(likely(0.5, 0.6, 0.8), calibration_id="x")
    assert "different calibrations" in claim(other, likely(0.1, 0.2, 0.4))


def test_the_same_draft_twice() -> None:
    analysis = TOY.analyze("to be or not")
    found = drafts(analysis, analysis)
    assert found.sentence == "The two drafts are the same text."
    assert [(s.kind, s.difference) for s in found.stretches] == [("unchanged", 0)]
    assert {m.difference for m in found.statistics if not math.isnan(m.difference)} == {0}


def test_other_tokens_of_the_same_characters_are_no_change() -> None:
    before = made("a, b", [(0, 1), (1, 4)], bits=[1, 1])
    after = made("a, b", [(0, 1), (1, 2), (2, 4)], bits=[1, 1, 2])
    (only,) = drafts(before, after).stretches
    assert (only.kind, only.difference) == ("unchanged", pytest.approx(2))


def test_drafts_of_two_models_are_refused() -> None:
    with pytest.raises(ModelMismatch, match=r"expected one model, got x .* and y "):
        drafts(made("a", [(0, 1)], bits=[1], model="x"), made("a", [(0, 1)], bits=[1], model="y"))


def test_warnings() -> None:
    bare = Analyzer(ToyModel("to be", start=False))
    assert drafts(TOY.analyze("to"), TOY.analyze("be")).warnings == ()
    assert "Different things stood before" in drafts(TOY.analyze("to", context="a"), TOY.analyze("be")).warnings[0]
    assert "first token" in drafts(bare.analyze("to"), bare.analyze("be")).warnings[0]
    gap = made("a€", [(0, 1)], bits=[1])
    assert "drops characters" in drafts(gap, gap).warnings[0]


def test_infinite_surprise_has_no_difference() -> None:
    one = made("a b", [(0, 1), (1, 3)], bits=[math.inf, 1], best=[1, 1], rank=[7, 1])
    (only,) = drafts(one, one).stretches
    assert math.isnan(only.difference)


scraps = st.sampled_from(["to", " be", " or", ",", "\n\n", " 👍", "é", "\u202e", "x" * 45, "汉字"])
texts = st.one_of(st.text(min_size=1, max_size=40), st.lists(scraps, min_size=1, max_size=20).map("".join))


@settings(max_examples=50)
@given(texts, texts)
def test_stretches_join_up_to_both_drafts(one: str, other: str) -> None:
    before, after = TOY.analyze(one), TOY.analyze(other)
    found = drafts(before, after)
    check(before, after, found)
    if found.stretches[0].kind == "unchanged":
        assert found.stretches[0].difference == pytest.approx(0, abs=1e-9)
    back = drafts(after, before)
    check(after, before, back)
    assert back.bits_before == found.bits_after
