import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from toy_card import toy_card

from analyzer.analysis import Analyzer
from analyzer.batch import manifest as module
from analyzer.batch.about import about
from analyzer.batch.layout import Layout
from analyzer.batch.manifest import changes, fingerprint, manifest, refuse_changes
from analyzer.batch.sources import bytes_source, file_source
from analyzer.calibration import Settings
from analyzer.errors import InputError
from analyzer.models.toy import ToyModel


def test_it_survives_json() -> None:
    sources = [bytes_source(b"x", name="a.txt")]
    found = manifest(about(Analyzer(ToyModel("to be")), threads=1), sources, Layout(), reading={"format": "csv"})
    assert changes(json.loads(json.dumps(found)), found) == []
    assert found["model"]["revision"].startswith("5 characters, sha256 ")
    assert {"state", "version", "model", "calibration", "card", "settings", "machine", "inputs"} == set(found)


def test_what_is_different_is_said() -> None:
    sources = [bytes_source(b"x", name="a.txt"), bytes_source(b"x", name="b.txt")]

    def one(corpus: str = "to be", layout: Layout | None = None, threads: int = 1, order: int = 1) -> dict[str, object]:
        found = about(Analyzer(ToyModel(corpus)), threads=threads)
        return manifest(found, sources[::order], layout or Layout(), reading={"shard rows": 9})

    (change,) = changes(one(), one("to"))
    assert re.fullmatch(r"model revision was 5 characters, sha256 \w+, is 2 characters, sha256 \w+", change)
    assert changes(one(), one(threads=2)) == ["machine threads was 1, is 2"]
    assert changes(one(), one(order=-1)) == ["the inputs were in another order"]
    assert changes(one(), one(layout=Layout(tokens=True))) == ["settings tokens was False, is True"]
    assert "0.05" in changes(one(), one(layout=Layout(settings=Settings(0.05))))[0]
    with pytest.raises(InputError, match=r"OUT\.part was begun with something else: model revision was 5"):
        refuse_changes(one(), one("to"), folder=Path("OUT.part"))


def test_cards_that_share_an_id_are_told_apart() -> None:
    model = ToyModel("to be")
    card = toy_card(model.info)
    other = replace(card, created="later")
    one, two = (about(Analyzer(model, calibration=c), threads=1) for c in (card, other))
    assert one.calibration == two.calibration
    assert one.card != two.card


def test_the_content_counts_not_the_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    before = fingerprint(file_source(path))
    os.utime(path, (1, 1))
    assert fingerprint(file_source(path)) == before
    path.write_bytes(b"two")
    assert fingerprint(file_source(path)) != before
    path.unlink()
    assert "unreadable" in fingerprint(file_source(path))


def test_of_a_large_file_both_ends_and_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WHOLE", 10)
    monkeypatch.setattr(module, "_END", 4)
    path = tmp_path / "a.txt"

    def of(content: bytes, time: int) -> str:
        path.write_bytes(content)
        os.utime(path, (time, time))
        return fingerprint(file_source(path))

    first = of(b"begin and the end", 1)
    assert of(b"begin and the end", 1) == first
    for content, time in ((b"begin and the end", 2), (b"Begin and the end", 1), (b"begin and the eND", 1), (b"beg", 1)):
        assert of(content, time) != first
