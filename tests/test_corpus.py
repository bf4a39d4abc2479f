import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from analyzer.analysis import Analyzer
from analyzer.calibration.features import token_features
from analyzer.errors import InputError, UnreadableFile
from analyzer.fitting import corpus
from analyzer.fitting.corpus import BEGINNING, LATER, WHOLE, Example, measure, middle_layers, read_examples, read_folder
from analyzer.models.toy import ToyModel

MODEL = ToyModel("the cat sat on the mat and the dog sat on the cat. ")
LONG = "the dog and the cat sat on the mat. " * 6


def examples(*texts: str) -> list[Example]:
    return [Example(text, n % 2, f"g{n}", "home", "human" if n % 2 == 0 else "toy") for n, text in enumerate(texts)]


def test_rows_are_means_over_stretches_and_the_whole() -> None:
    found = measure(MODEL, examples(LONG, "the cat"), layers=(1,))
    of_long = found[found.text == 0]
    assert of_long.n_tokens.tolist() == [32, 32, 64, 64, 128, 88, len(LONG)]
    assert of_long.stretch.tolist() == [BEGINNING, LATER] * 3 + [WHOLE]
    analysis = Analyzer(MODEL).analyze(LONG)
    each = token_features(analysis.tokenization, analysis.scores)
    np.testing.assert_allclose(of_long.features[0, :-1], each[:32].mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of_long.features[3, :-1], each[64:128].mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of_long.features[-1, :-1], each.mean(0), rtol=1e-5, atol=1e-6)
    ids = MODEL.tokenizer.encode(LONG).ids  # the toy's one state is the token's number
    stretches = [(0, 32), (32, 64), (0, 64), (64, 128), (0, 128), (128, 216), (0, 216)]
    np.testing.assert_allclose(of_long.features[:, -1], [ids[a:b].mean() for a, b in stretches], rtol=1e-5)
    assert found[found.text == 1].n_tokens.tolist() == [7]
    assert set(found.label[found.text == 1]) == {1}


def test_a_text_that_begins_another_costs_nothing_and_has_the_same_numbers() -> None:
    alone = measure(MODEL, examples(LONG[:50]), layers=(1,))
    before = MODEL.tokens_read
    both = measure(MODEL, examples(LONG, LONG[:50]), layers=(1,))
    assert MODEL.tokens_read - before == len(LONG) + 1
    np.testing.assert_allclose(both[both.text == 1].features, alone.features, rtol=1e-6)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "_GROUP_TOKENS", 2000)
    texts = examples(*[f"the {'cat ' * n}sat" for n in range(150)])
    seen: list[tuple[int, int]] = []

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        raise Stop

    with pytest.raises(Stop):
        measure(MODEL, texts, layers=(1,), folder=tmp_path, progress=stop)
    before = MODEL.tokens_read
    resumed = measure(MODEL, texts, layers=(1,), folder=tmp_path)
    total = seen[0][1]
    assert MODEL.tokens_read - before < total
    fresh = measure(MODEL, texts, layers=(1,))
    np.testing.assert_array_equal(resumed.features, fresh.features)
    np.testing.assert_array_equal(resumed.text, fresh.text)
    changed = measure(MODEL, [*texts[:-1], examples("another")[0]], layers=(1,), folder=tmp_path)
    assert len(set(changed.text)) == 150


def test_labelled_texts_are_read_plain_and_compressed(tmp_path: Path) -> None:
    lines = '{"text": "a", "label": 0, "group": 7, "domain": "news"}\n\n{"text": "b", "label": 1}\n'
    (tmp_path / "a.jsonl").write_text(lines)
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.write(lines)
    wanted = [Example("a", 0, "7", "news", "human"), Example("b", 1, "3", "all", "machine")]
    assert read_examples(tmp_path / "a.jsonl") == read_examples(tmp_path / "a.jsonl.gz") == wanted


@pytest.mark.parametrize(
    "line", ["[1]", "no json", '{"label": 1}', '{"text": 5, "label": 1}', '{"text": "a"}', '{"text": "a", "label": 2}']
)
def test_bad_lines_are_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "a", "label": 0}) + "\n" + line)
    with pytest.raises(InputError, match="line 2"):
        read_examples(path)


def test_missing_and_empty_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_examples(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(InputError, match="holds no texts"):
        read_examples(tmp_path / "empty.jsonl")
    with pytest.raises(InputError, match=r"no \.txt"):
        read_folder(tmp_path)


def test_empty_texts_are_named_before_anything_is_read_by_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": 0}\n{"text": " ", "label": 1}\n')
    with pytest.raises(InputError, match="line 2: the text is empty"):
        read_examples(tmp_path / "a.jsonl")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "blank.txt").write_text("\n")
    with pytest.raises(InputError, match=r"blank\.txt is empty"):
        read_folder(tmp_path / "b")


def test_a_folder_is_human_texts_by_subfolder(tmp_path: Path) -> None:
    (tmp_path / "class 3").mkdir()
    (tmp_path / "class 3" / "anna.txt").write_text("the cat")
    (tmp_path / "bert.md").write_text("the dog")
    (tmp_path / "skip.csv").write_text("1")
    found = read_folder(tmp_path)
    assert [(e.domain, e.text, e.label) for e in found] == [(".", "the dog", 0), ("class 3", "the cat", 0)]


@pytest.mark.parametrize(("layers", "wanted"), [(30, (14, 20)), (12, (6, 8)), (3, (1, 2)), (1, (1,)), (0, ())])
def test_middle_layers_are_half_and_two_thirds_up(layers: int, wanted: tuple[int, ...]) -> None:
    assert middle_layers(layers) == wanted
