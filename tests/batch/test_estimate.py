from analyzer.analysis import Analyzer
from analyzer.batch.estimate import estimate
from analyzer.batch.rows import rows_of
from analyzer.models.toy import ToyModel


def test_rows_tokens_and_reasons_are_counted_and_few_rows_scored() -> None:
    model = ToyModel("to be")
    found = estimate(Analyzer(model), rows_of(["to be or not"] * 500 + ["", None, ""]))
    assert (found.rows, found.tokens) == (503, 6000)
    assert found.errors == {"There is no text to score.": 2, "There is no text: the value is null.": 1}
    assert found.speed > 0
    assert found.seconds == 6000 / found.speed
    assert model.tokens_read < 2000


def test_nothing_takes_no_time() -> None:
    found = estimate(Analyzer(ToyModel("to be")), rows_of([None]))
    assert (found.speed, found.seconds) == (0, 0)


def test_hidden_characters_are_read_twice() -> None:
    found = estimate(Analyzer(ToyModel("to be")), rows_of(["to\u200b be"]))
    assert found.tokens == len("to\u200b be".encode()) + 5
