"""A session must be the text it shows: its numbers those of the text, whatever the way it came about."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_card import toy_card

from analyzer.analysis import Analyzer
from analyzer.calibration.cards import shipped_card
from analyzer.errors import EmptyText, InputError
from analyzer.guided import Session
from analyzer.guided.candidates import END, PART, TEXT
from analyzer.models.toy import ToyModel
from analyzer.passes import plan_tokens, score_plans
from analyzer.sampling import PRESETS, Sampler
from analyzer.scorer import Scorer

LIKELY = Sampler(temperature=0.05)  # a bigram model drawn from at random writes mere bytes
CORPUS = "the quick brown fox jumps over the lazy dog and the cat sat on the mat. "


def toy(prompt: str = "the cat", **settings: Any) -> Session:
    return Analyzer(ToyModel(CORPUS)).guide(prompt, **settings)


def ids_of(session: Session, text: str) -> list[int]:
    return session.model.tokenizer.encode(text).ids.tolist()


def read_at_once(session: Session) -> Any:
    """Scores of the tokens of a path, all gone through the model in one plain pass, or window by window."""
    found = plan_tokens(session.model, session.tree.tokenization(session.current), session.context)
    return score_plans(session.model, [found], top_k=10)[0]


def assert_right(session: Session, atol: float = 1e-9) -> None:
    analysis, wanted = session.analysis(), read_at_once(session)
    assert analysis.text == session.text
    assert len(analysis.scores) == len(wanted)
    np.testing.assert_allclose(analysis.scores.log_prob, wanted.log_prob, atol=atol)
    np.testing.assert_array_equal(analysis.scores.rank, wanted.rank)
    np.testing.assert_allclose(analysis.scores.entropy, wanted.entropy, atol=atol)
    np.testing.assert_array_equal(analysis.scores.context_len, wanted.context_len)


class TestWriting:
    def test_a_pick_becomes_part_of_the_text_and_is_scored_in_its_place(self) -> None:
        session = toy()
        node = session.pick(ids_of(session, " ")[0])
        assert session.text == "the cat "
        assert (node.chooser, node.rank, session.current) == ("user", 2, node)
        assert node.log_prob == Analyzer(ToyModel(CORPUS)).analyze("the cat ").scores.log_prob[-1]
        assert_right(session)

    def test_the_analysis_is_that_of_the_text(self) -> None:
        """All of it: statistics, detectors, likelihood, with a calibration."""
        model = ToyModel(CORPUS)
        analyzer = Analyzer(model, calibration=toy_card(model.info))
        session = analyzer.guide("the cat sat on the mat. the dog jumps ", sampler=LIKELY)
        session.run(30)
        mine, fresh = session.analysis(), Analyzer(model, calibration=toy_card(model.info)).analyze(session.text)
        assert mine.to_dict() == fresh.to_dict()

    def test_what_is_written_is_split_as_in_the_whole_text(self, tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in t")
        session.write("he sun")
        assert session.tree.ids(session.current) == ids_of(session, "in the sun")
        assert [child.piece.adds for child in session.tree.children(session.tree.nodes[2])] == [" ", " the"]
        assert session.analysis().warnings == ()
        assert_right(session)

    def test_tokens_chosen_otherwise_than_the_tokenizer_would_are_reported(
        self, tiny_llama: Callable[..., tuple[Any, Any]]
    ) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in")
        for letter in " the":
            session.pick(ids_of(session, letter)[0])
        assert session.text == "in the"
        assert "4 tokens" not in session.analysis().warnings[0]
        assert "Chosen token by token this text is 6 tokens" in session.analysis().warnings[0]
        assert session.fresh_analysis().warnings == ()
        assert len(session.fresh_analysis().scores) == 3
        session.write("re")  # before the joint nothing is split anew
        assert session.tree.ids(session.current)[:6] == [
            *ids_of(session, "in"),
            *[ids_of(session, c)[0] for c in " the"],
        ]
        assert_right(session)

    def test_writing_what_is_there_already_walks_the_tree(self) -> None:
        session = toy()
        session.write(" sat")
        n = len(session.tree.nodes)
        session.jump(session.start)
        session.write(" sits")
        assert len(session.tree.nodes) == n + 3  # " s" was there
        session.jump(session.start)
        session.candidates()
        read = session.model.tokens_read
        session.write(" sat")
        assert len(session.tree.nodes) == n + 3
        assert session.model.tokens_read == read

    def test_a_character_of_several_tokens_is_there_when_it_is_whole(self) -> None:
        session = toy("a")
        emoji = ids_of(session, "👍")
        texts = []
        for token in emoji:
            assert session.kind(token) == PART
            session.pick(token)
            texts.append(session.text)
            session.analysis()
        assert texts == ["a", "a", "a", "a👍"]
        np.testing.assert_array_equal(session.analysis().tokenization.spans, [(0, 1)] + [(1, 2)] * 4)
        session.undo()
        with pytest.raises(InputError, match="within a character"):
            session.write("b")

    def test_characters_that_the_tokenizer_drops_are_kept(self, default_model: Any) -> None:
        session = Analyzer(default_model).guide("A\x04b")
        session.write(" c\x06d")
        assert session.text == "A\x04b c\x06d"
        assert any("drops" in warning for warning in session.analysis().warnings)
        with pytest.raises(InputError, match="no token for this"):
            session.write("\x04")

    def test_the_end_of_text_ends_it(self) -> None:
        session = toy()
        (end,) = session.model.end_ids
        assert session.kind(end) == END
        assert session.candidates(1).listed[-1].token == end
        session.pick(end)
        assert session.ended
        assert session.text == "the cat"
        assert session.analysis().scores.log_prob.tolist() == session.analysis(session.start).scores.log_prob.tolist()
        for go_on in (session.sample, session.candidates, lambda: session.pick(3), lambda: session.write("x")):
            with pytest.raises(InputError, match="Go back"):
                go_on()
        session.undo()
        session.write("s")
        assert session.text == "the cats"

    def test_control_tokens_are_neither_offered_nor_taken(self, tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
        model, _ = tiny_llama(0, more=3)
        session = Analyzer(model).guide("in", sampler=Sampler(temperature=5))
        every = session.candidates(model.info.vocabulary).listed
        nothing = {c.token for c in every if c.kind == "control"}
        assert nothing == {1, *range(model.info.vocabulary - 3, model.info.vocabulary)}
        assert {c.offered for c in every if c.token in nothing} == {0}
        assert sum(c.offered for c in every) == pytest.approx(1)
        with pytest.raises(InputError, match="no text"):
            session.pick(1)
        with pytest.raises(InputError, match="no text"):
            session.pick(model.info.vocabulary)

    @pytest.mark.parametrize("bad", ["", "\ud800"])
    def test_what_cannot_be_written(self, bad: str) -> None:
        with pytest.raises(InputError):
            toy().write(bad)


class TestBeginning:
    def test_an_empty_prompt(self) -> None:
        session = toy("")
        assert session.text == ""
        assert session.candidates(1).listed[0].text == "t"  # the corpus begins with it
        with pytest.raises(EmptyText):
            session.analysis()
        session.write("the")
        assert_right(session)
        session.undo(10)
        assert session.current is session.tree.root

    def test_without_a_start_token_the_first_token_stays(self) -> None:
        analyzer = Analyzer(ToyModel(CORPUS, start=False))
        with pytest.raises(EmptyText):
            analyzer.guide("")
        session = analyzer.guide("the")
        session.undo(10)
        assert session.text == "t"
        session.write("ea")
        assert session.text == "tea"
        assert session.analysis().scores.start == 1
        np.testing.assert_allclose(session.analysis().scores.log_prob, analyzer.analyze("tea").scores.log_prob)

    def test_without_a_start_token_a_merge_with_the_first_is_not_made(
        self, tiny_llama: Callable[..., tuple[Any, Any]]
    ) -> None:
        session = Analyzer(tiny_llama(0, start=False)[0]).guide("t")
        session.write("hen")
        assert session.text == "then"
        assert session.tree.ids(session.current)[0] == ids_of(session, "t")[0]
        assert "Chosen token by token" in session.analysis().warnings[-1]

    def test_from_any_token_of_an_analysed_text(self) -> None:
        analyzer = Analyzer(ToyModel(CORPUS))
        analysis = analyzer.analyze("the cat sat", context="a dog ")
        passes = analyzer.model.forward_passes  # type: ignore[attr-defined]
        session = analyzer.branch(analysis, 4)
        assert analyzer.model.forward_passes == passes  # type: ignore[attr-defined]
        assert (session.text, session.start.number, session.context) == ("the ", 11, "a dog ")
        session.write("dog")
        assert_right(session)
        with pytest.raises(InputError, match="from 0 to 10"):
            analyzer.branch(analysis, 11)

    def test_a_context_conditions_and_is_not_scored(self) -> None:
        session = toy("cat", context="the ", sampler=LIKELY)
        session.run(5)
        fresh = Analyzer(ToyModel(CORPUS)).analyze(session.text, "the ")
        assert session.analysis().to_dict()["tokens"] == fresh.to_dict()["tokens"]
        assert session.analysis().context == "the "

    @pytest.mark.parametrize("seed", [-1, 1.5, "1"])
    def test_a_seed_that_is_none_is_refused(self, seed: Any) -> None:
        with pytest.raises(InputError, match="seed"):
            toy(seed=seed)


class TestSampling:
    def test_the_same_seed_gives_the_same_text_and_another_another(self) -> None:
        texts = []
        for seed in (1, 1, 2):
            session = toy(seed=seed)
            session.run(30)
            texts.append(session.text)
        assert texts[0] == texts[1] != texts[2]

    def test_drawing_again_from_the_same_place_draws_anew(self) -> None:
        session = toy(sampler=Sampler(temperature=50))
        drawn = set()
        for _ in range(20):
            drawn.add(session.sample().token)
            session.undo()
        assert len(drawn) > 10
        assert len(session.tree.children(session.start)) == len(drawn)

    def test_greedy_takes_the_first_guess(self) -> None:
        session = toy(sampler=PRESETS["Greedy"])
        made = session.run(10).nodes
        assert {node.rank for node in made} == {1}
        assert {node.chooser for node in made} == {"greedy"}

    def test_settings_are_kept_with_each_token(self) -> None:
        session = toy()
        hot = session.sampler = Sampler(temperature=2)
        node = session.sample()
        assert node.sampler == hot
        session.undo()
        assert node.offered == next(c.offered for c in session.candidates(300).listed if c.token == node.token)

    def test_a_run_stops_at_a_string_at_the_end_and_when_told(self) -> None:
        session = toy(seed=4)
        session.sampler = LIKELY
        told: list[int] = []
        run = session.run(100, stop=("e ", "on t"), progress=lambda done, _: told.append(done))
        assert (run.reason, session.text[-2:]) == ("stop string", "e ")
        assert told == list(range(1, len(run.nodes) + 1))
        asked = iter([False, False, True])
        run = session.run(100, stopped=lambda: next(asked))
        assert (run.reason, len(run.nodes)) == ("stopped", 2)
        session.sampler = Sampler(logit_bias=(((session.model.end_ids[0],), 100.0),))
        run = session.run(100)
        assert (run.reason, len(run.nodes), session.ended) == ("end of text", 1, True)

    def test_penalties_look_at_the_text(self) -> None:
        session = toy("zz")
        plain = {c.token: c.offered for c in session.candidates(300).listed}
        session.sampler = Sampler(presence_penalty=3)
        punished = {c.token: c.offered for c in session.candidates(300).listed}
        z = ids_of(session, "z")[0]
        assert punished[z] < plain[z] / 10

    def test_settings_cost_no_forward_pass(self) -> None:
        session = toy()
        session.candidates()
        passes = session.model.forward_passes
        for sampler in PRESETS.values():
            session.sampler = sampler
            session.candidates(20)
        assert session.model.forward_passes == passes

    def test_a_sampler_that_filters_out_everything_says_so(self) -> None:
        session = toy(
            "aba", sampler=Sampler(no_repeat_ngram=1, logit_bias=tuple(((i,), -np.inf) for i in range(97, 257)))
        )
        session.sampler = Sampler(logit_bias=tuple(((i,), -np.inf) for i in range(257)))
        for drawing in (session.offered, session.sample, lambda: session.run(2)):
            with pytest.raises(InputError, match="No token is left"):
                drawing()

    def test_what_the_sampler_filters_out_can_be_seen_and_picked(self) -> None:
        session = toy(sampler=Sampler(logit_bias=tuple(((i,), -np.inf) for i in range(257))))
        found = session.candidates(3)
        assert found.refused.startswith("No token is left after bias on 257 sequences.")
        assert [(c.rank, c.offered) for c in found.listed[:3]] == [(1, 0), (2, 0), (3, 0)]
        assert found.others_offered == 0
        assert (session.pick(found.listed[1].token).offered, session.text) == (0, "the cat" + found.listed[1].text)
        session.sampler = Sampler()
        assert session.candidates(3).refused == ""

    @pytest.mark.parametrize("stop", ["e", ("e", "")])
    def test_a_stop_string_that_would_stop_everything_is_refused(self, stop: Any) -> None:
        session = toy()
        with pytest.raises(InputError, match="stop: got"):
            session.run(3, stop=stop)
        assert session.current is session.start


class TestManyWays:
    def test_continuations_are_what_single_draws_would_be(self) -> None:
        session = toy(seed=5)
        leaves = session.continuations(3, 6)
        assert session.current is session.start
        assert len({leaf.number for leaf in leaves}) == 3
        alone = toy(seed=5)
        alone.run(6)
        assert alone.text == session.tree.text(leaves[0])
        for leaf in leaves:
            session.jump(leaf)
            assert_right(session)

    def test_the_best_of_several_is_the_likeliest(self) -> None:
        session = toy(seed=6, sampler=Sampler(temperature=3))
        best = session.best_of(8, 5)
        leaves = [node for node in session.tree.nodes[1:] if not session.tree.children(node)]
        means = {leaf.number: np.mean([n.log_prob for n in session.tree.path(leaf)[7:]]) for leaf in leaves}
        assert means[best.number] == max(means.values())
        assert session.current is best

    def test_beams_find_what_greedy_misses(self) -> None:
        """After "a": "b" is likelier than "x", but "xyz" is likelier than "b" and anything."""
        corpus = "ab1ab2ab3ab4ab5" + "axyzaxyzaxyzaxyz"
        session = Analyzer(ToyModel(corpus)).guide("a")
        session.beam(1, 3)
        greedy = session.text
        session.jump(session.start)
        node = session.beam(4, 3)
        assert greedy.startswith("ab")
        assert session.text == "axyz"
        assert node.chooser == "beam"
        assert_right(session)

    def test_a_beam_as_wide_as_the_tree_finds_the_best_of_all(self, tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in")
        v = session.model.info.vocabulary
        session.beam(v, 2)
        mine = np.mean([node.log_prob for node in session.tree.path(session.current)[2:]])
        best = -np.inf
        for token in range(v):
            session.jump(session.start)
            if session.kind(token) in (TEXT, PART):
                first = session.pick(token)
                second = max((c.probability, c.token) for c in session.candidates(v).listed if c.kind != "control")
                best = max(best, (first.log_prob + np.log(second[0])) / 2)
            elif session.kind(token) == END:
                best = max(best, session.pick(token).log_prob)
        assert mine == pytest.approx(best, abs=1e-9)

    def test_beams_are_those_of_transformers(self, tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
        import torch

        model, inner = tiny_llama(2)
        session = Analyzer(model).guide("in the")
        session.beam(3, 8)
        ids = torch.tensor([[0, *session.tree.ids(session.start)]])
        wanted = inner.generate(
            ids, num_beams=3, max_new_tokens=8, do_sample=False, eos_token_id=[0, 2], pad_token_id=0,
            suppress_tokens=[1], early_stopping="never", attention_mask=torch.ones_like(ids),
        )[0, ids.shape[1] :]  # fmt: skip
        mine = session.tree.ids(session.current)[len(ids[0]) - 1 :]
        assert mine == wanted.tolist()

    def test_nothing_goes_on_behind_the_end(self) -> None:
        session = toy()
        session.pick(session.model.end_ids[0])
        n = len(session.tree.nodes)
        for ahead in (session.continuations, session.best_of, session.beam):
            with pytest.raises(InputError, match="come to its end"):
                ahead(2, 3)
        assert len(session.tree.nodes) == n

    def test_a_beam_of_which_all_first_choices_are_ends(self) -> None:
        """Of one beam's two likeliest tokens both end the text: the third goes on; a beam without any is over."""
        model = ToyModel(CORPUS)
        best = [c.token for c in Analyzer(model).guide("the cat").candidates(2).listed[:2]]
        model.end_ids = (*best, *model.end_ids)
        session = Analyzer(model).guide("the cat")
        node = session.beam(1, 5)
        assert session.tree.path(node)[7:] == (node,)  # to end at once is likeliest
        assert node.token == best[0]
        model.end_ids = tuple(range(257))
        session = Analyzer(model).guide("")
        assert session.is_end(session.beam(2, 5))

    def test_beam_search_looks_at_no_sampler_and_records_none(self) -> None:
        session = toy(sampler=Sampler(top_k=1))
        assert {node.sampler for node in session.tree.path(session.beam(2, 3))} == {None}

    def test_continuations_count_as_drawn_at_each_of_their_places(self) -> None:
        session = toy(seed=3, sampler=Sampler(temperature=50))
        leaf = session.continuations(1, 5)[0]
        session.branch(leaf)
        assert session.sample() is not leaf

    @pytest.mark.parametrize("count", [0, -1])
    def test_none_at_all_is_refused(self, count: int) -> None:
        for ahead in (toy().continuations, toy().best_of):
            with pytest.raises(InputError, match="count"):
                ahead(count, 3)
        with pytest.raises(InputError, match="length"):
            toy().continuations(2, count)

    def test_what_does_not_fit_is_refused(self) -> None:
        session = Analyzer(ToyModel(CORPUS, window=16)).guide("the cat")
        with pytest.raises(InputError, match="at most 8"):
            session.continuations(2, 9)
        with pytest.raises(InputError, match="width"):
            session.beam(0, 2)
        with pytest.raises(InputError, match="length"):
            session.best_of(2, 0)


class TestGoingBack:
    def test_nothing_is_forgotten(self) -> None:
        session = toy()
        session.write(" sat")
        first = session.current
        session.undo(3)
        session.write("slept")
        assert session.text == "the cat slept"
        assert session.tree.text(first) == "the cat sat"
        session.branch(first)
        assert session.text == "the cat sa"
        session.jump(first)
        assert_right(session)

    def test_undo_comes_back_to_the_tokens_that_a_text_took_the_place_of(
        self, tiny_llama: Callable[..., tuple[Any, Any]]
    ) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in t")
        stood = session.current
        session.write("he s")
        assert stood not in session.tree.path(session.current)
        written = len(session.tree.path(session.current)) - len(session.tree.path(session.tree.nodes[2]))
        session.undo(written)
        assert (session.current, session.text) == (stood, "in t")
        session.undo()
        assert session.text == "in "
        session.jump(stood)
        session.write("he s")  # there already
        session.undo(written)
        assert session.current is stood
        assert session.undo(99) is session.tree.root

    def test_undo_of_a_pick_comes_back_to_before_it_whoever_wrote_it_first(
        self, tiny_llama: Callable[..., tuple[Any, Any]]
    ) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in t")
        token = session.write("he").token
        session.jump(session.tree.nodes[2])
        assert token is not None
        session.pick(token)
        assert session.undo() is session.tree.nodes[2]

    def test_undo_by_less_than_nothing_is_refused(self) -> None:
        session = toy()
        assert session.undo(0) is session.start
        with pytest.raises(InputError, match="n: got -1"):
            session.undo(-1)

    def test_a_node_of_another_session_is_refused(self) -> None:
        with pytest.raises(InputError, match="not of this session"):
            toy().jump(toy().start)

    def test_reading_is_as_little_as_can_be(self) -> None:
        model = ToyModel(CORPUS)
        session = Analyzer(model).guide("the cat sat on the mat")
        session.candidates()
        first = session.tree.nodes[5]

        def read(action: Callable[[], object]) -> tuple[int, int]:
            before = model.tokens_read, model.forward_passes
            action()
            session.candidates()
            session.analysis()
            return model.tokens_read - before[0], model.forward_passes - before[1]

        assert read(lambda: session.pick(ids_of(session, " ")[0])) == (1, 1)
        assert read(lambda: session.undo(10)) == (0, 0)
        assert read(lambda: session.pick(ids_of(session, "q")[0])) == (1, 1)
        assert read(lambda: session.jump(session.tree.nodes[20])) == (7, 1)  # seven tokens since the common beginning
        assert read(lambda: session.jump(session.tree.nodes[20])) == (0, 0)
        assert read(lambda: session.jump(first)) == (0, 0)
        assert read(lambda: session.find("dog")) == (3, 1)
        assert read(lambda: session.effects([1, 2, 3])) == (0, 0)  # no calibration: nothing to say

    def test_logits_of_places_visited_are_forgotten_at_last(self) -> None:
        session = toy()
        session.sampler = LIKELY
        for _ in range(100):
            session.sample()
            session.analysis()
        assert len(session._logits) <= 32
        assert len(session._analyses) <= 32


class TestLookingAhead:
    def test_find_gives_rank_and_probability_of_any_word_and_stays(self) -> None:
        session = toy("the ")
        found = session.find("cat")
        fresh = Analyzer(ToyModel(CORPUS)).analyze("the cat").scores
        assert found.ranks == tuple(fresh.rank[4:])
        np.testing.assert_allclose(found.probability, np.exp(fresh.log_prob[4:].sum()))
        assert session.text == "the "
        assert len(session.tree.nodes) == 5

    def test_find_across_the_joint(self, tiny_llama: Callable[..., tuple[Any, Any]]) -> None:
        session = Analyzer(tiny_llama(0)[0]).guide("in t")
        found = session.find("he")
        assert found.after.number == 2
        assert found.tokens == tuple(ids_of(session, " the"))

    def test_effects_are_what_the_picks_do(self, default_model: Any) -> None:
        """Read in one batch, from one state; the same as picking each one in turn."""
        analyzer = Analyzer(default_model)
        session = analyzer.guide("The harbour was quiet that morning, and the boats lay still in the")
        tokens = [c.token for c in session.candidates(4).listed]
        effects = session.effects(tokens)
        card = shipped_card()
        start = session.analysis()
        before = card.log_odds(start.tokenization, start.scores)
        for token, effect in zip(tokens[:3], effects[:3], strict=True):
            session.pick(token)
            now = session.analysis()
            assert effect == pytest.approx(card.log_odds(now.tokenization, now.scores) - before, abs=1e-3)
            assert now.likelihood.score == pytest.approx(analyzer.analyze(session.text).likelihood.score, abs=1e-3)
            session.undo()
        assert np.isnan(effects[-1])  # the end of the text
        assert tokens[-1] in default_model.end_ids

    def test_the_greedy_path_is_what_a_greedy_run_writes(self) -> None:
        session = toy(seed=1)
        session.run(12)
        greedy = toy(sampler=PRESETS["Greedy"])
        greedy.run(12)
        found = session.greedy_path(12)
        assert found.text == greedy.text
        np.testing.assert_allclose(found.scores.log_prob, greedy.analysis().scores.log_prob)
        passes = session.model.forward_passes
        session.greedy_path(12)
        session.greedy_path(3)
        assert session.model.forward_passes == passes
        session.greedy_path(13)
        assert session.model.forward_passes == passes + 1

    def test_the_greedy_path_ends_with_the_text(self) -> None:
        model = ToyModel("ab")
        model._table[ord("b") - ord("!"), model.end_ids[0]] = 0.0  # certain, behind "b"
        session = Analyzer(model).guide("a")
        assert session.greedy_path(9).text == "ab"
        passes = model.forward_passes
        assert session.greedy_path(20).text == "ab"
        assert model.forward_passes == passes


ACTIONS = st.one_of(
    st.tuples(st.just("pick"), st.integers(0, 9)),
    st.tuples(st.just("undo"), st.integers(1, 12)),
    st.tuples(st.just("jump"), st.integers(0, 200)),
    st.tuples(st.just("branch"), st.integers(0, 200)),
    st.tuples(st.just("write"), st.text("thein 👍é", min_size=1, max_size=6)),
    st.tuples(st.just("run"), st.integers(1, 9)),
    st.tuples(st.just("find"), st.text("the ", min_size=1, max_size=4)),
    st.tuples(st.just("continuations"), st.integers(1, 5)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, max_size=12))
@pytest.mark.parametrize("window", [24, 1024])
def test_any_way_to_a_text_gives_the_numbers_of_a_full_reading(
    tiny_llama: Callable[..., tuple[Any, Any]], window: int, actions: list[tuple[str, Any]]
) -> None:
    model, _ = tiny_llama(0, window=window)
    session = Session.begin(Scorer(model, None, top_k=10, cache_bytes=1 << 20), "in the beginning")
    for action, what in actions:
        try:
            match action:
                case "pick":
                    session.pick(session.candidates(10).listed[what].token)
                case "undo":
                    session.undo(what)
                case "jump" | "branch":
                    getattr(session, action)(session.tree.nodes[what % len(session.tree.nodes)])
                case "write" | "find":
                    getattr(session, action)(what)
                case "run":
                    session.run(what)
                case _:
                    session.continuations(2, what)
        except InputError:
            pass  # the text has ended, or ends within a character
    if session.tree.path(session.current) and not session.ended:
        assert_right(session)
