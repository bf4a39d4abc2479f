"""Verdicts and figures in words: every number of the card is there, nothing is nan, and no name can harm the page."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from toy_card import HUMAN, MACHINE, MEASURED, toy_card
from toy_corpus import toy_texts

from analyzer.analysis import Analyzer
from analyzer.calibration import UNCALIBRATED, Settings
from analyzer.calibration.cards import shipped_card
from analyzer.fitting.corpus import Example
from analyzer.fitting.evaluation import evaluate
from analyzer.models.toy import ToyModel
from analyzer.terminal.report import evaluation_page, evaluation_text, likelihood_lines, model_card

MODEL = ToyModel(MACHINE * 3)
CARD = toy_card(MODEL.info)
ANALYZER = Analyzer(MODEL, calibration=CARD)


@pytest.fixture(scope="module")
def evaluated() -> dict[str, Any]:
    return evaluate(ANALYZER, [*toy_texts(8), Example(HUMAN, 0, "x", "<b>&", "human")])


def columns(markdown: str) -> list[set[int]]:
    """Of each table, how many cells its rows have."""
    tables = re.findall(r"(?:^\|.*\|$\n?)+", markdown, re.MULTILINE)
    return [{line.count("|") for line in table.splitlines()} for table in tables]


class TestLikelihood:
    def test_says_probability_interval_p_value_and_limit(self) -> None:
        found = replace(
            ANALYZER.analyze(MACHINE).likelihood, probability=0.874, low=0.731, high=0.946, human_p_value=0.0025
        )
        first, second, third = likelihood_lines(found)
        assert first == "87 % likely a machine's (90 % interval 73 to 95 %)"
        assert "0.0025" in second
        assert "1 in 400" in second
        assert "at most 10 of 1,000" in third

    def test_names_the_base_rate_where_one_was_given(self) -> None:
        analysis = ANALYZER.analyze(HUMAN)
        assert len(likelihood_lines(analysis.judge(Settings()))) == 3
        rare = analysis.judge(Settings(base_rate=0.1))
        assert likelihood_lines(rare)[3] == f"If 10 % of such texts are machines': {100 * rare.posterior:.0f} %."

    def test_follows_the_rate_that_was_asked_for(self) -> None:
        assert "at most 50 of 1,000" in likelihood_lines(ANALYZER.analyze(HUMAN).judge(Settings(0.05)))[2]

    @pytest.mark.parametrize("text", ["the cat", "x = y[0]; " * 20])
    def test_gives_none_where_there_is_none(self, text: str) -> None:
        assert likelihood_lines(ANALYZER.analyze(text).likelihood) == ["no likelihood is given"]
        assert likelihood_lines(UNCALIBRATED) == ["no likelihood is given"]

    def test_of_a_kind_that_this_length_lacks_holds_no_nan(self) -> None:
        bins = (replace(CARD.bins[0], human={"news_2019": CARD.bins[0].human["news_2019"]}), CARD.bins[1])
        analysis = Analyzer(MODEL, calibration=replace(CARD, bins=bins)).analyze(MACHINE)
        found = analysis.judge(Settings(kind="letters"))
        assert math.isnan(found.human_p_value)
        assert found.verdict == "unclear"
        assert "nan" not in " ".join(likelihood_lines(found))


class TestModelCard:
    def test_has_every_figure_and_even_tables(self) -> None:
        card = shipped_card()
        found = model_card(card)
        assert card.calibration_id in found
        assert "nan" not in found
        for name, of in card.measured["populations"].items():
            assert f"| {name} | {of['n']:,} | {of['accused']:.3f} |" in found
        for name in ("grouped", "leave_domain_out", "leave_generator_out"):
            assert f"{card.measured[name]['auroc']['value']:.3f} (" in found
        for key in ("by_domain", "by_generator", "by_length"):
            for name in card.measured[key]:
                assert f"| {name} | " in found
        assert all(len(counts) == 1 for counts in columns(found))
        assert len(columns(found)) >= 5

    def test_without_figures_says_so(self) -> None:
        assert model_card(replace(CARD, measured={})).endswith("It has no measured figures.")

    def test_shows_what_was_not_measured_as_a_dash(self) -> None:
        generators = {"only": {"n_human": 0, "n_machine": 5, "auroc": {"value": None, "low": None, "high": None}}}
        parts = {"by_domain": {}, "by_generator": generators, "leave_generator_out": {}}
        found = model_card(replace(CARD, measured=dict(MEASURED) | parts))
        assert "| only | 0 | 5 | – | – |" in found
        assert "| generator not seen | – |" in found


class TestEvaluation:
    def test_text_has_all_parts(self, evaluated: dict[str, Any]) -> None:
        found = evaluation_text(evaluated)
        assert "Calibration `toy-1`, false-positive rate asked 1.0%." in found
        assert f"AUROC {evaluated['all']['auroc']['value']:.3f}" in found
        for key in ("by_domain", "by_generator", "by_length"):
            for name, of in evaluated[key].items():
                assert f"| {name} | {of['n_human']} | {of['n_machine']} |" in found
        assert all(len(counts) == 1 for counts in columns(found))

    def test_page_stands_alone_and_names_are_escaped(self, evaluated: dict[str, Any]) -> None:
        page = evaluation_page(evaluated)
        tags: list[str] = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, _: tags.append(tag)  # type: ignore[method-assign]
        parser.feed(page)
        assert "&lt;b&gt;&amp;" in page
        assert "b" not in tags
        assert tags.count("circle") == len(evaluated["reliability"])
        assert "http" not in page
        assert not {"script", "link", "img", "iframe"} & set(tags)

    def test_points_lie_within_the_plot(self, evaluated: dict[str, Any]) -> None:
        page = evaluation_page(evaluated)
        places = [tuple(map(float, found)) for found in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', page)]
        assert places
        assert all(40 <= x <= 340 and 30 <= y <= 330 for x, y in places)

    def test_of_nothing_judged_is_dashes(self) -> None:
        found = evaluate(ANALYZER, [Example("the cat", 0, "x", "home", "human")])
        text = evaluation_text(found)
        assert "nan" not in text
        assert "not judged 1.000" in text
        assert "<circle" not in evaluation_page(found)
