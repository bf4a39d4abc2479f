import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from toy_card import HUMAN, MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch.engine import score_rows
from analyzer.batch.frames import to_frame, to_table
from analyzer.batch.layout import FIXED, Layout, merged
from analyzer.batch.parts import line_with, part_of
from analyzer.batch.rows import Result, Row, rows_of
from analyzer.batch.sinks import line_of
from analyzer.calibration import Settings
from analyzer.detectors import DETECTORS
from analyzer.errors import EmptyText, InputError
from analyzer.models.toy import ToyModel
from analyzer.statistics import STATISTICS

MODEL = ToyModel(MACHINE * 3)
ANALYZER = Analyzer(MODEL, calibration=toy_card(MODEL.info))


def results(*texts: object) -> list[Result]:
    return list(score_rows(ANALYZER, rows_of(texts)))


def test_the_columns_stand_in_the_documented_order() -> None:
    (found,) = results(MACHINE)
    record = Layout().record(found)
    names = [*FIXED, *(s.name for s in STATISTICS), *(f"detector_{d.name}" for d in DETECTORS)]
    assert list(record) == names
    assert list(Layout((), ("lrr",), tokens=True).record(found))[9:11] == ["detector_lrr", "token_start"]


def test_a_record_holds_the_numbers_of_the_text_alone() -> None:
    for settings in (Settings(), Settings(0.1, 0.2, "letters")):
        layout = Layout(settings=settings)
        for text, result in zip((HUMAN, MACHINE), results(HUMAN, MACHINE), strict=True):
            alone = ANALYZER.analyze(text).judged(settings)
            record = layout.record(result)
            for name in ("probability", "low", "high", "human_p_value", "verdict"):
                assert record[name] == asdict(alone.likelihood)[name]
            assert record["reasons"] == list(alone.likelihood.reasons)
            assert record["n_tokens"] == len(alone.scores)
            for name, value in alone.statistics.items():
                assert record[name] == (pytest.approx(value) if math.isfinite(value) else None)


def test_columns_of_the_row_with_a_name_of_ours_are_renamed() -> None:
    row = Row(1, "a", "to be", {"error": 1, "input_error": 2, "year": 3, "verdict": 4})
    record = Layout((), ()).record(Result(row, ANALYZER.analyze("to be"), None))
    assert record["error"] is None
    added = {name: record[name] for name in list(record)[len(FIXED) :]}
    assert added == {"input_input_error": 1, "input_error": 2, "year": 3, "input_verdict": 4}


@pytest.mark.parametrize("option", ["statistics", "detectors"])
def test_names_that_are_not_known_are_refused(option: str) -> None:
    given = {"statistics": "all", "detectors": "none"} | {option: "lrr, nonsense"}
    with pytest.raises(InputError, match=f"{option}: got 'nonsense'"):
        Layout.of(**given, tokens=False, settings=Settings())


def test_every_line_is_strict_json() -> None:
    layout = Layout(tokens=True)
    for result in results(MACHINE, "a", "", None, "\u2028\x00"):
        line = line_of(layout.record(result))
        assert line.count(b"\n") == 1
        found = json.loads(line, parse_constant=pytest.fail)
        assert list(found) == list(layout.own)


def test_a_line_is_the_part_of_the_text_within_its_row() -> None:
    layout = Layout(tokens=True)
    for result in [
        *results(MACHINE, "a", "", None),
        Result(Row(9, "é", "to be", {"error": 1, "n": [0.5]}), None, None),
    ]:
        row, found = result.row, ANALYZER.analyze(result.row.text) if result.row.number == 9 else result.analysis
        whole = Result(row, found, result.error)
        part = part_of(found or result.error, layout)
        assert line_with(row, part, layout.carried(row)) == line_of(layout.record(whole))
        assert (part.tokens, part.failed) == (len(found.scores) if found else 0, found is None)


def test_frames_have_a_row_a_result_and_lists_of_tokens() -> None:
    found = results(MACHINE, None, "a", 7)
    layout = Layout(("perplexity",), (), tokens=True)
    table = to_table(found, layout)
    assert table.column_names == list(layout.own)
    assert str(table.schema.field("token_rank").type) == "list<item: int64>"
    ranks = table["token_rank"].to_pylist()
    assert [None if r is None else len(r) for r in ranks] == [len(MACHINE), None, 1, None]
    assert found[0].analysis is not None
    np.testing.assert_array_equal(ranks[0], found[0].analysis.scores.rank)
    frame = to_frame(found, layout)
    assert frame["id"].tolist() == [1, 2, 3, 4]
    assert frame["error"].notna().tolist() == [False, True, False, True]
    assert to_frame([], layout).columns.tolist() == list(layout.own)


def test_columns_of_all_rows_are_there_whatever_their_kinds() -> None:
    rows = [
        Row(1, "a", "to be", {"n": 1, "mixed": 1, "deep": {"x": [1]}, "big": 2**70, "none": None}),
        Row(2, 7, "to be", {"n": 0.5, "mixed": "one", "late": True}),
    ]
    table = to_table(score_rows(ANALYZER, rows), Layout((), ()))
    assert table.select(["id", "n", "mixed", "deep", "big", "none", "late"]).to_pydict() == {
        "id": ["a", "7"],
        "n": [1.0, 0.5],
        "mixed": ["1", "one"],
        "deep": ['{"x": [1]}', None],
        "big": [str(2**70), None],
        "none": [None, None],
        "late": [None, True],
    }


def test_merging_does_not_depend_on_where_shards_end() -> None:
    kinds = ["null", "int", "float", "null", "int", "bool"]
    steps: dict[str, str] = {}
    for kind in kinds:
        steps = merged(steps, [("a", kind)])  # type: ignore[arg-type, assignment, list-item]
    assert steps == {"a": "text"}


def test_frames_take_what_analyze_many_gives() -> None:
    frame = to_frame(ANALYZER.analyze_many(["to be", ""], errors="return"), Layout((), ()))
    assert frame["id"].tolist() == [1, 2]
    assert frame["n_tokens"].fillna(0).tolist() == [5, 0]
    assert frame["error"].notna().tolist() == [False, True]


def test_long_ids_beside_fractions_stay_what_they_are() -> None:
    results = [
        Result(Row(n, value, None, error=EmptyText("x")), None, EmptyText("x"))
        for n, value in enumerate([2**53 + 1, 0.5])
    ]
    assert to_table(results, Layout((), ()))["id"].to_pylist() == ["9007199254740993", "0.5"]
    assert to_table(results[:1], Layout((), ()))["id"].to_pylist() == [2**53 + 1]
