import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from toy_card import MACHINE, toy_card

from analyzer.analysis import Analyzer
from analyzer.batch import cache as module
from analyzer.batch.about import about
from analyzer.batch.cache import Cache, context_of, key_of
from analyzer.batch.layout import Layout
from analyzer.batch.parts import Part, part_of
from analyzer.calibration import Settings
from analyzer.models.toy import ToyModel

MODEL = ToyModel(MACHINE)


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


def key(number: int) -> bytes:
    return key_of(b"", str(number))


def part(number: int, size: int = 20) -> Part:
    return Part(random.Random(number).randbytes(size), number, bool(number % 2))


def opened(path: Path, said: list[str], megabytes: float = 1000, clock: Clock | None = None) -> Cache:
    return Cache(path, most_bytes=int(megabytes * 1e6), say=said.append, names=Layout().own, clock=clock or Clock())


def test_parts_come_back_as_they_were(tmp_path: Path) -> None:
    said: list[str] = []
    made = part_of(Analyzer(MODEL).analyze(MACHINE), Layout())
    cache = opened(tmp_path / "cache", said)
    cache.put({key(n): part(n) for n in range(1200)} | {b"real": made})
    cache.close()
    cache = opened(tmp_path / "cache", said)
    assert cache.get([key(n) for n in range(5000)] + [b"real"]) == {
        **{key(n): part(n) for n in range(1200)},
        b"real": made,
    }
    cache.close()
    query = "SELECT length(body) FROM parts WHERE key = ?"
    (kept,) = sqlite3.connect(tmp_path / "cache").execute(query, [b"real"]).fetchone()
    assert kept < len(made.body) / 3
    assert said == []


def test_whatever_changes_a_record_is_another_context() -> None:
    card = toy_card(MODEL.info)
    one = about(Analyzer(MODEL, calibration=card), threads=1)
    others = {
        context_of(one, Layout()),
        context_of(about(Analyzer(MODEL), threads=1), Layout()),
        context_of(about(Analyzer(ToyModel("to be")), threads=1), Layout()),
        context_of(about(Analyzer(MODEL, calibration=replace(card, created="later")), threads=1), Layout()),
        context_of(replace(one, version="0"), Layout()),
        context_of(replace(one, model=one.model | {"dtype": "bfloat16"}), Layout()),
        context_of(replace(one, model=one.model | {"revision": "other"}), Layout()),
        context_of(one, Layout(tokens=True)),
        context_of(one, Layout(("lrr",))),
        context_of(one, Layout(settings=Settings(0.05))),
    }
    assert len(others) == 10
    assert context_of(replace(one, threads=9, processor="another"), Layout()) in others
    assert len({key_of(context, text) for context in others for text in ("a", "b", "\udc00")}) == 30


def test_what_was_longest_unused_goes_and_the_file_stays_small(tmp_path: Path) -> None:
    said: list[str] = []
    path, clock = tmp_path / "cache", Clock()
    cache = opened(path, said, megabytes=1, clock=clock)
    for number in range(0, 3000, 100):
        clock.now += 4000
        cache.put({key(n): part(n, 1000) for n in range(number, number + 100)})
        assert cache.get([key(1)])  # used again and again
    left = set(cache.get(map(key, range(3000))))
    assert key(1) in left
    assert {key(n) for n in range(2900, 3000)} <= left
    assert key(2) not in left
    assert 300 < len(left) < 1000
    cache.close()
    assert 0.5e6 < path.stat().st_size <= 1.2e6  # and a shard
    opened(path, said, megabytes=0.3).close()  # the next run asks for less
    assert path.stat().st_size <= 0.35e6
    assert said == []


def damage_head(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be one" * 100)


def damage_middle(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xa5" * (len(whole) - 4096)
    path.write_bytes(whole)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def other_version(path: Path) -> None:
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 99")
    base.close()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [damage_head, damage_middle, cut_off, other_version, a_folder])
def test_a_damaged_file_is_left_alone_and_said_once(harm, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said: list[str] = []
    path = tmp_path / "cache"
    cache = opened(path, said)
    cache.put({key(n): part(n, 500) for n in range(200)})
    cache.close()
    harm(path)
    before = path.read_bytes() if path.is_file() else None
    cache = opened(path, said)
    for number in range(3):
        found = cache.get([key(n) for n in range(200)])
        assert all(found[key(n)] == part(n, 500) for n in range(200) if key(n) in found)
        cache.put({key(number + 1000): part(number)})
    assert not cache.working
    assert len(said) == 1
    assert "the run goes on without it" in said[0]
    assert before is None or path.read_bytes()[:4096] == before[:4096] or harm is damage_middle


def test_a_part_with_a_wrong_checksum_is_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    cache = opened(tmp_path / "cache", said)
    cache.put({key(1): part(1), key(2): part(2)})
    base = sqlite3.connect(tmp_path / "cache")
    (body,) = base.execute("SELECT body FROM parts WHERE key = ?", [key(1)]).fetchone()
    base.execute("UPDATE parts SET body = ? WHERE key = ?", [body[:-1] + bytes([body[-1] ^ 1]), key(1)])
    base.commit()
    assert cache.get([key(1), key(2)]) == {key(2): part(2)}
    cache.put({key(1): part(1)})
    assert cache.get([key(1)]) == {key(1): part(1)}
    assert said == []


def test_locked_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    said: list[str] = []
    cache = opened(tmp_path / "cache", said)
    cache.put({key(1): part(1)})
    other = sqlite3.connect(tmp_path / "cache", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert cache.get([key(1)])  # reading needs no lock
    cache.put({key(2): part(2)})
    assert not cache.working
    assert "locked" in said[0]
    opened(tmp_path / "cache", said)
    assert len(said) == 2
    other.execute("ROLLBACK")
    again = opened(tmp_path / "cache", said)
    assert set(again.get([key(1), key(2)])) == {key(1)}  # all of a shard or nothing


def test_a_full_disk(tmp_path: Path) -> None:
    said: list[str] = []
    cache = opened(tmp_path / "cache", said)
    cache.put({key(1): part(1)})
    assert cache._base is not None
    cache._base.execute("PRAGMA max_page_count = 20")
    cache.put({key(n): part(n, 2000) for n in range(2, 100)})
    assert "full" in said[0]
    assert set(opened(tmp_path / "cache", said).get(map(key, range(100)))) == {key(1)}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    said: list[str] = []
    cache = opened(tmp_path / "no" / "cache", said)
    assert cache.get([key(1)]) == {}
    cache.put({key(1): part(1)})
    assert len(said) == 1
