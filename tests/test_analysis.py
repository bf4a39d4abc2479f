"""The whole flow on the toy model, whose numbers are known; and everything that can be pasted into a box."""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration import Settings
from analyzer.errors import EmptyText, InputError, InvalidText
from analyzer.models.toy import ToyModel
from analyzer.sampling import Sampler
from analyzer.text.hygiene import cleaned
from analyzer.windows import windows

CORPUS = "to be or not to be, that is the question. " * 3


def toy(**settings: object) -> ToyModel:
    return ToyModel(CORPUS, **settings)  # type: ignore[arg-type]


def test_by_hand() -> None:
    """P(b | a) = (n(ab) + 1) / (n(a·) + 257); the corpus "abab" is start-a, a-b, b-a, a-b."""
    analysis = Analyzer(ToyModel("abab")).analyze("abb")
    p = [2 / 258, 3 / 259, 1 / 258]
    np.testing.assert_allclose(np.exp(analysis.scores.log_prob), p)
    assert analysis.scores.rank.tolist() == [1, 1, 2]
    assert analysis.scores.context_len.tolist() == [1, 2, 3]
    entropy = -(2 / 258) * math.log(2 / 258) - 256 / 258 * math.log(1 / 258)
    assert analysis.scores.entropy[0] == pytest.approx(entropy)
    assert analysis.statistics["log_likelihood"] == pytest.approx(np.log(p).mean())


def test_context_conditions_and_is_not_scored() -> None:
    analyzer = Analyzer(ToyModel("abab"))
    analysis = analyzer.analyze("b", context="a")
    assert np.exp(analysis.scores.log_prob).tolist() == pytest.approx([3 / 259])
    assert analysis.scores.context_len.tolist() == [2]
    assert analysis.context == "a"
    assert np.exp(analyzer.analyze("b").scores.log_prob).tolist() == pytest.approx([1 / 258])


def test_without_start_token_the_first_token_has_no_score() -> None:
    analysis = Analyzer(toy(start=False)).analyze("to be")
    assert analysis.scores.start == 1
    assert len(analysis.scores) == 4
    assert "first token has no score" in analysis.warnings[0]
    assert math.isnan(analysis.to_frame()["log_prob"][0])
    assert json.loads(analysis.to_json())["tokens"][0]["rank"] is None


def test_nothing_to_score_is_one_sentence() -> None:
    with pytest.raises(EmptyText, match="no text"):
        Analyzer(toy()).analyze("")


def test_a_context_longer_than_the_window_is_not_cut_in_silence() -> None:
    analyzer = Analyzer(toy(window=100))
    analysis = analyzer.analyze("to be", context="b" * 1000)
    assert "tokens were read" in analysis.warnings[-1]
    assert analysis.scores.context_len.min() >= 50
    assert analyzer.analyze("to be", context="b" * 10).warnings == ()
    assert "last 100 tokens" in analyzer.next_tokens("b" * 1000, 3).warnings[0]
    assert analyzer.next_tokens("b", 3).warnings == ()


def test_many_texts_before_a_bad_one_are_not_lost() -> None:
    found = Analyzer(toy()).analyze_many(["to", "be", "", "or"])
    assert [next(found).text, next(found).text] == ["to", "be"]
    with pytest.raises(EmptyText):
        next(found)


@pytest.mark.parametrize("top_k", [0, -1, 258])
def test_impossible_numbers_of_alternatives_are_refused(top_k: int) -> None:
    with pytest.raises(InputError, match="from 1 to 257"):
        Analyzer(toy(), top_k=top_k)
    with pytest.raises(InputError, match="from 1 on"):
        Analyzer(toy()).next_tokens("to", -5)


def test_one_token_without_start_token_is_one_sentence() -> None:
    with pytest.raises(EmptyText, match="no start token"):
        Analyzer(toy(start=False)).analyze("t")


def test_lone_surrogates_are_one_sentence() -> None:
    with pytest.raises(InvalidText, match="surrogate"):
        Analyzer(toy()).analyze("a\udc00b")


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\n\n\t",
        "x",
        "\x00\x01\x02",
        "👩‍👩‍👧",
        "שלום",
        "e\u0301\u0323",
        "z" * 3000,
        "<start>",
        "\u202eabc",
        "\ufeffx",
    ],
)
def test_anything_else_is_scored_whole(text: str) -> None:
    analysis = Analyzer(toy()).analyze(text)
    assert analysis.text == text
    assert len(analysis.scores) == len(analysis.tokenization) == len(text.encode())
    assert analysis.tokenization.uncovered == 0
    assert np.isfinite(analysis.scores.log_prob).all()
    assert json.loads(analysis.to_json())["text"] == text


def test_a_megabyte_is_scored_token_by_token() -> None:
    text = (CORPUS * 9000)[:1_000_000]
    analysis = Analyzer(toy(), cache_bytes=0).analyze(text)
    assert len(analysis.scores) == 1_000_000
    short = Analyzer(toy()).analyze(text[:1000]).scores
    np.testing.assert_array_equal(analysis.scores.rank[:1000], short.rank)
    np.testing.assert_allclose(
        analysis.scores.log_prob[-500:], Analyzer(toy()).analyze(text[-501:]).scores.log_prob[1:]
    )


@settings(max_examples=50)
@given(text=st.text(min_size=1), window=st.integers(2, 40))
def test_windows_score_each_token_once(text: str, window: int) -> None:
    """A bigram model needs one token of context, so windows must change nothing."""
    whole = Analyzer(toy()).analyze(text)
    cut = Analyzer(toy(window=window)).analyze(text)
    np.testing.assert_allclose(cut.scores.log_prob, whole.scores.log_prob, atol=1e-12)
    np.testing.assert_array_equal(cut.scores.rank, whole.scores.rank)
    assert (cut.scores.context_len >= np.minimum(whole.scores.context_len, window // 2)).all()


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1), max_size=80))
def test_many_texts_come_in_order_with_the_numbers_of_one(texts: list[str]) -> None:
    analyzer = Analyzer(toy(window=30))
    found = list(analyzer.analyze_many(texts))
    assert [a.text for a in found] == texts
    for text, analysis in zip(texts, found, strict=True):
        alone = analyzer.analyze(text)
        np.testing.assert_allclose(analysis.scores.log_prob, alone.scores.log_prob, atol=1e-12)
        np.testing.assert_array_equal(analysis.scores.rank, alone.scores.rank)


def test_each_text_has_an_analysis_or_its_error_in_its_place() -> None:
    analyzer = Analyzer(toy())
    found = list(analyzer.analyze_many(["to", "", "b\udc00e", math.nan, "or"], errors="return"))  # type: ignore[list-item]
    assert [type(one).__name__ for one in found] == ["Analysis", "EmptyText", "InvalidText", "InputError", "Analysis"]
    with pytest.raises(EmptyText):
        list(analyzer.analyze_many(["to", ""]))


def test_one_text_is_not_taken_for_many_and_errors_are_raised_or_returned() -> None:
    with pytest.raises(InputError, match="got one"):
        Analyzer(toy()).analyze_many("to be")
    with pytest.raises(InputError, match="errors: got 'ignore'"):
        Analyzer(toy()).analyze_many(["to"], errors="ignore")  # type: ignore[call-overload]


@pytest.mark.parametrize("terminal", [True, False])
def test_the_bar_counts_texts_on_a_terminal_and_is_silent_elsewhere(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    list(Analyzer(toy()).analyze_many(["to be"] * 3, errors="return", bar=True))
    told = capsys.readouterr().err
    assert ("3/3" in told and "15 tokens" in told) if terminal else not told
    list(Analyzer(toy()).analyze_many(["to be"] * 3))
    assert not capsys.readouterr().err


def test_long_texts_are_not_all_held_at_once() -> None:
    taken: list[int] = []

    def long() -> Iterator[str]:
        for n in range(64):
            taken.append(n)
            yield "to be or " * 10_000

    next(Analyzer(toy(), cache_bytes=0).analyze_many(long()))
    assert len(taken) == 3


def test_many_texts_tell_their_tokens_batch_by_batch() -> None:
    seen: list[int] = []
    list(Analyzer(toy()).analyze_many(["to be"] * 300, progress=seen.append))
    assert sum(seen) == 1500
    assert len(seen) > 4


def test_many_texts_are_read_as_they_are_needed() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield f"text {taken}"

    found = Analyzer(toy()).analyze_many(endless())  # type: ignore[arg-type]
    for _ in range(100):
        next(found)
    assert taken <= 128


class TestCache:
    TEXT = CORPUS[:100]

    def test_an_unchanged_text_is_not_read_again(self) -> None:
        model = toy()
        analyzer = Analyzer(model)
        first = analyzer.analyze(self.TEXT)
        passes = model.forward_passes
        again = analyzer.analyze(self.TEXT)
        assert model.forward_passes == passes
        np.testing.assert_array_equal(again.scores.log_prob, first.scores.log_prob)

    def test_an_edited_text_is_read_from_the_edit_on(self) -> None:
        model = toy()
        analyzer = Analyzer(model)
        analyzer.analyze(self.TEXT)
        before = model.tokens_read
        analyzer.analyze(self.TEXT[:90] + "Zip: other end")
        assert model.tokens_read - before == len("Zip: other end")

    def test_a_shortened_text_is_not_read(self) -> None:
        model = toy()
        analyzer = Analyzer(model)
        analyzer.analyze(self.TEXT)
        passes = model.forward_passes
        short = analyzer.analyze(self.TEXT[:50])
        assert model.forward_passes == passes
        assert len(short.scores) == 50

    def test_the_same_text_behind_another_context_is_another_text(self) -> None:
        analyzer = Analyzer(toy())
        plain = analyzer.analyze(self.TEXT)
        behind = analyzer.analyze(self.TEXT, context="Q")
        assert behind.scores.log_prob[0] != plain.scores.log_prob[0]

    def test_a_context_that_was_scored_as_text_conditions_only(self) -> None:
        analyzer = Analyzer(toy())
        whole = analyzer.analyze(self.TEXT)
        rest = analyzer.analyze(self.TEXT[60:], context=self.TEXT[:60])
        np.testing.assert_allclose(rest.scores.log_prob, whole.scores.log_prob[60:])
        again = analyzer.analyze(self.TEXT)  # and the other way round
        np.testing.assert_array_equal(again.scores.log_prob, whole.scores.log_prob)

    def test_what_was_context_is_scored_when_it_becomes_text(self) -> None:
        analyzer = Analyzer(toy())
        analyzer.analyze(self.TEXT[60:], context=self.TEXT[:60])
        whole = analyzer.analyze(self.TEXT)
        np.testing.assert_allclose(whole.scores.log_prob, Analyzer(toy()).analyze(self.TEXT).scores.log_prob)

    def test_an_unchanged_text_of_many_windows_is_not_read_again(self) -> None:
        """Even where the states of its windows do not all fit: scores are kept longer than states."""
        model = toy(window=200)
        text = "".join(random.Random(0).choices("abcdefgh", k=2000))
        whole = Analyzer(toy()).analyze(text).scores
        bound = whole.nbytes + 45_000  # the tokens of all windows are 34 kB, and their states as much again
        analyzer = Analyzer(model, cache_bytes=bound)
        analyzer.analyze(text)
        passes = model.forward_passes
        states = [entry.state for entry in analyzer._scorer.cache._entries.values()]
        assert None in states
        assert analyzer._scorer.cache.nbytes <= bound
        np.testing.assert_array_equal(analyzer.analyze(text).scores.rank, whole.rank)
        assert model.forward_passes == passes

    def test_no_cache_keeps_nothing(self) -> None:
        analyzer = Analyzer(toy(), cache_bytes=0)
        analyzer.analyze(self.TEXT)
        assert analyzer._scorer.cache.nbytes == 0

    def test_memory_is_bounded(self) -> None:
        analyzer = Analyzer(toy(), cache_bytes=100_000)
        for n in range(50):
            analyzer.analyze(f"{n} {self.TEXT}")
        assert 0 < analyzer._scorer.cache.nbytes <= 100_000

    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.integers(0, 100), st.text("ab", max_size=40), st.booleans()), max_size=8))
    def test_any_history_of_edits_gives_the_fresh_numbers(self, edits: list[tuple[int, str, bool]]) -> None:
        analyzer = Analyzer(toy())
        for keep, tail, with_context in edits:
            text = self.TEXT[:keep] + tail + "."
            context = self.TEXT[: keep // 2] if with_context else None
            found = analyzer.analyze(text, context)
            fresh = Analyzer(toy()).analyze(text, context)
            np.testing.assert_allclose(found.scores.log_prob, fresh.scores.log_prob, atol=1e-12)
            np.testing.assert_array_equal(found.scores.context_len, fresh.scores.context_len)


def test_progress_is_told_and_an_interrupted_text_goes_on_where_it_stopped() -> None:
    model = toy(window=200)
    analyzer = Analyzer(model)
    told: list[tuple[int, int]] = []

    def stop_at_half(done: int, total: int) -> None:
        told.append((done, total))
        if done * 2 > total:
            raise KeyboardInterrupt

    text = "".join(chr(97 + n % 26 * 7 % 26) for n in range(1000))
    with pytest.raises(KeyboardInterrupt):
        analyzer.analyze(text, progress=stop_at_half)
    assert told[:3] == [(99, 1000), (199, 1000), (199 + 50, 1000)]  # the toy tells once in the middle of a pass
    whole = analyzer.analyze(text, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1000, 1000)
    assert model.forward_passes == len(windows(1001, 1, 200))  # each window was read once, in one call or the other
    np.testing.assert_array_equal(whole.scores.rank, Analyzer(toy()).analyze(text).scores.rank)


KEYS = [
    "model", "text", "context", "warnings", "tokens", "statistics", "detectors", "likelihood", "sentences", "cut",
    "hidden_characters", "likelihood_without_them",
]  # fmt: skip


def test_json_is_the_documented_object() -> None:
    analysis = Analyzer(toy()).analyze("to <b>")
    found = json.loads(analysis.to_json())
    assert list(found) == KEYS
    token = found["tokens"][1]
    assert list(token) == ["text", "start", "end", "id", "log_prob", "rank", "entropy", "varentropy", "top"]
    assert token["text"] == "o"
    assert token["log_prob"] == analysis.scores.log_prob[1]
    assert token["top"][0]["prob"] == pytest.approx(math.exp(analysis.scores.top_log_prob[1, 0]))
    assert found["statistics"].keys() == analysis.statistics.keys()
    assert found["detectors"].keys() == analysis.detections.keys()
    assert found["likelihood"]["verdict"] == "not judged"
    assert found["cut"] is None
    assert found["likelihood_without_them"] is None


class TestLikelihood:
    MODEL = ToyModel(MACHINE * 3)
    ANALYZER = Analyzer(MODEL, calibration=toy_card(MODEL.info))
    TEXT = HUMAN + MACHINE

    def test_judging_again_reads_nothing_again(self) -> None:
        analysis = self.ANALYZER.analyze("\u200b" + self.TEXT)
        passes, read = self.MODEL.forward_passes, self.MODEL.tokens_read
        analysis.judge(Settings(0.05))
        analysis.judged(Settings(base_rate=0.1)).sentences()
        analysis.token_shares()
        analysis.cut()
        analysis.to_json()
        assert (self.MODEL.forward_passes, self.MODEL.tokens_read) == (passes, read)

    def test_a_card_costs_no_pass(self) -> None:
        plain, judging = (ToyModel(MACHINE * 3) for _ in range(2))
        Analyzer(plain).analyze(self.TEXT)
        Analyzer(judging, calibration=toy_card(judging.info)).analyze(self.TEXT)
        assert judging.forward_passes == plain.forward_passes
        assert judging.tokens_read == plain.tokens_read

    def test_judged_is_the_same_analysis_under_other_settings(self) -> None:
        analysis, chosen = self.ANALYZER.analyze(self.TEXT), Settings(0.05, 0.2, "letters")
        again = analysis.judged(chosen)
        assert again.likelihood == analysis.judge(chosen)
        assert again.likelihood.settings is chosen
        assert again.scores is analysis.scores
        assert analysis.likelihood.settings == Settings()
        assert again.judged(Settings()).likelihood == analysis.likelihood

    def test_many_texts_are_judged_like_one(self) -> None:
        texts = [HUMAN, MACHINE, "the cat", "\u200b" + HUMAN]
        for text, analysis in zip(texts, self.ANALYZER.analyze_many(texts), strict=True):
            alone = self.ANALYZER.analyze(text)
            np.testing.assert_equal(asdict(analysis.likelihood), asdict(alone.likelihood))
            assert analysis.cleaned is None or alone.cleaned is not None
            assert analysis.findings == alone.findings

    def test_sentences_cover_the_text_and_count_its_tokens(self) -> None:
        analysis = self.ANALYZER.analyze(self.TEXT)
        found = analysis.sentences()
        assert "".join(self.TEXT[s.start : s.end] for s in found) == self.TEXT
        assert sum(s.n_tokens for s in found) == len(analysis.scores)
        assert all(0 <= s.probability <= 1 for s in found)
        assert [s.stands_out for s in found] == [s.probability > 0.9 for s in found]
        assert found[0].probability < 0.5 < found[-1].probability
        strict = replace(self.ANALYZER.calibration, span=dict(self.ANALYZER.calibration.span) | {"highest": 0.7})
        again = Analyzer(self.MODEL, calibration=strict).analyze(self.TEXT).sentences()
        assert [s.stands_out for s in again] == [s.probability > 0.7 for s in found]
        assert again[-1].stands_out

    def test_a_first_token_without_score_has_no_share(self) -> None:
        model = ToyModel(MACHINE, start=False)
        analysis = Analyzer(model, calibration=toy_card(model.info)).analyze("A\n\n" + HUMAN)
        found = analysis.sentences()
        assert found[0].n_tokens == 2  # of three
        assert sum(s.share for s in found) == pytest.approx(analysis.token_shares().sum())

    def test_the_cut_lies_where_the_machine_goes_on(self) -> None:
        analysis = self.ANALYZER.analyze(self.TEXT)
        cut = analysis.cut()
        assert cut is not None
        found = json.loads(analysis.to_json())["cut"]
        assert abs(found["start"] - len(HUMAN)) < 20
        assert found["low"] <= found["start"] <= found["high"] <= len(self.TEXT)
        assert found["gain"] == cut.gain > 0

    def test_no_cut_is_the_end_of_the_text(self) -> None:
        text = "ZqxJkw!Vgb?" * 9
        assert json.loads(self.ANALYZER.analyze(text).to_json())["cut"]["start"] == len(text)

    def test_json_holds_all_that_is_said(self) -> None:
        analysis = self.ANALYZER.analyze(self.TEXT)
        found = json.loads(analysis.to_json())
        assert list(found) == KEYS
        told = found["likelihood"]
        assert told["probability"] == analysis.likelihood.probability
        assert told["reasons"] == list(analysis.likelihood.reasons)
        assert told["settings"] == {"false_positive_rate": 0.01, "base_rate": 0.5, "kind": None}
        assert told["calibration_id"] == "toy-1"
        assert [s["share"] for s in found["sentences"]] == [s.share for s in analysis.sentences()]
        assert found["detectors"] == {name: d.score for name, d in analysis.detections.items()}

    def test_context_is_not_judged(self) -> None:
        alone, behind = self.ANALYZER.analyze(HUMAN), self.ANALYZER.analyze(HUMAN, context=MACHINE * 3)
        assert behind.likelihood.score == pytest.approx(alone.likelihood.score, abs=0.2)
        assert len(behind.token_shares()) == len(alone.token_shares())

    def test_a_card_needs_ten_alternatives(self) -> None:
        with pytest.raises(InputError, match="a calibration needs 10"):
            Analyzer(self.MODEL, calibration=toy_card(self.MODEL.info), top_k=9)


class TestHiddenCharacters:
    MODEL = ToyModel(MACHINE * 3)
    ANALYZER = Analyzer(MODEL, calibration=toy_card(MODEL.info))
    TEXT = MACHINE.replace(" ", " \u200b", 6)

    def test_are_found_and_the_text_is_judged_with_and_without_them(self) -> None:
        analysis = self.ANALYZER.analyze(self.TEXT)
        assert analysis.text == self.TEXT
        assert len(analysis.scores) == len(self.TEXT.encode())
        assert [self.TEXT[f.start : f.end] for f in analysis.findings] == ["\u200b"] * 6
        clean = analysis.cleaned
        assert clean is not None
        assert clean.text == MACHINE
        assert clean.findings == ()
        assert clean.cleaned is None
        assert clean.likelihood == self.ANALYZER.analyze(MACHINE).likelihood
        assert analysis.likelihood.score < clean.likelihood.score  # what they were put in for

    def test_both_verdicts_stand_in_json(self) -> None:
        found = json.loads(self.ANALYZER.analyze(self.TEXT).to_json())
        assert len(found["hidden_characters"]) == 6
        assert list(found["hidden_characters"][0]) == ["start", "end", "kind", "found", "names", "replacement"]
        assert found["likelihood"]["probability"] < found["likelihood_without_them"]["probability"]
        assert found["text"] == self.TEXT

    def test_both_are_judged_under_the_same_settings(self) -> None:
        chosen = Settings(0.2)
        found = self.ANALYZER.analyze(self.TEXT).judged(chosen)
        assert found.cleaned is not None
        assert found.likelihood.settings == found.cleaned.likelihood.settings == chosen

    def test_alone_leave_nothing_to_judge(self) -> None:
        analysis = self.ANALYZER.analyze("\u200b\u2060 \u200b")
        assert analysis.findings
        assert analysis.cleaned is None

    def test_keep_their_context(self) -> None:
        analysis = self.ANALYZER.analyze(self.TEXT, context="the dog. ")
        assert analysis.cleaned is not None
        assert analysis.cleaned.context == "the dog. "

    def test_around_a_single_letter_without_start_token(self) -> None:
        analysis = Analyzer(toy(start=False)).analyze("t\u200b")
        assert analysis.findings
        assert analysis.cleaned is None  # there is nothing to score in "t"

    @settings(max_examples=40)
    @given(st.text(st.sampled_from("ab о\u200b\u00ad\u202e\ufe0f\x07\u00a0"), min_size=1, max_size=12))
    def test_any_mixture_is_scored_as_given(self, text: str) -> None:
        analysis = self.ANALYZER.analyze(text)
        assert analysis.text == text
        assert (analysis.cleaned is not None) == bool(analysis.findings and cleaned(text).strip())


def test_html_is_escaped_and_frame_has_a_row_a_token() -> None:
    analysis = Analyzer(toy()).analyze("<img src=x>&")
    assert "<img" not in analysis._repr_html_()
    frame = analysis.to_frame()
    assert list(frame["text"]) == list("<img src=x>&")
    assert frame["rank"].tolist() == analysis.scores.rank.tolist()


def test_next_tokens_by_hand() -> None:
    analyzer = Analyzer(ToyModel("abab"))
    found = analyzer.next_tokens("a", 2)
    assert found.texts[0] == "b"
    assert found.probability.tolist() == pytest.approx([3 / 259, 1 / 259])
    greedy = analyzer.next_tokens("a", 2, sampler=Sampler(temperature=0))
    assert greedy.offered.tolist() == [1, 0]
    assert greedy.probability.tolist() == found.probability.tolist()  # the model's own stays the model's own
    assert found.to_frame()["cumulative"].tolist() == pytest.approx([3 / 259, 4 / 259])
    assert len(analyzer.next_tokens("", 5).ids) == 5
    with pytest.raises(EmptyText):
        Analyzer(toy(start=False)).next_tokens("")


def test_errors_are_value_errors_too() -> None:
    with pytest.raises(ValueError, match="word"):
        Analyzer(toy()).analyze("")
    assert issubclass(InvalidText, InputError)


def test_a_kind_of_writing_is_not_ignored_where_no_calibration_knows_it() -> None:
    analysis = Analyzer(ToyModel("ab")).analyze("ab")
    assert analysis.judge(Settings(0.05)).verdict == "not judged"
    with pytest.raises(InputError, match="no calibration"):
        analysis.judge(Settings(kind="news"))


def test_texts_without_their_hidden_characters_go_through_in_the_same_batch() -> None:
    model = ToyModel("the cat sat")
    texts = ["the cat", "the\u200b cat", "the \u200bsat\u200b", "\u200b"]
    alone = [Analyzer(model).analyze(text) for text in texts]
    before = model.forward_passes
    found = list(Analyzer(model).analyze_many(texts))
    assert model.forward_passes == before + 1
    assert [a.cleaned and a.cleaned.text for a in found] == [None, "the cat", "the sat", None]
    for one, many in zip(alone, found, strict=True):
        if one.cleaned and many.cleaned:
            np.testing.assert_array_equal(one.cleaned.scores.log_prob, many.cleaned.scores.log_prob)
