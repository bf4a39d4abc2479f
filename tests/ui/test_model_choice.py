"""Which model reads is each reader's own choice; what cannot be loaded changes nothing."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest
from toy_card import MACHINE, toy_card

from analyzer.calibration.cards import save_card
from analyzer.models.store import DEFAULT_MODEL
from analyzer.models.toy import ToyModel
from analyzer.ui import fetching
from analyzer.ui.session import EMBEDDED, get_model, load_model

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setenv("ANALYZER_MODEL", "toy")
    monkeypatch.delenv("ANALYZER_CALIBRATION", raising=False)
    return AppTest.from_file(APP, default_timeout=30)


def choose(app: AppTest, name: str, card: str = "") -> AppTest:
    app.text_input(key="model-name").input(name)
    app.text_input(key="model-card-file").input(card)
    return press(app, "Load")


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def analyse(app: AppTest, text: str) -> AppTest:
    app.text_area(key="text").input(text)
    return press(app, "Analyse")


def test_the_name_without_torch_is_the_stores():
    assert EMBEDDED == DEFAULT_MODEL


def test_another_model_reads_the_next_text(app):
    analyse(app.run(), "five dozen")
    first = app.session_state["analysis"]
    choose(app, "toy2")
    assert not app.exception
    assert not app.error
    assert app.session_state["analysis"] is first  # what was read stays, and says by whom
    assert "Press Analyse to have it read by toy2" in app.info[0].value
    analyse(app, "five dozen")
    assert app.session_state["analysis"].scores.log_prob.sum() > first.scores.log_prob.sum()
    assert app.session_state["analysis"].model == load_model("toy2").info
    assert not app.info
    press(app, "Back to toy")
    analyse(app, "five dozen")
    assert app.session_state["analysis"].model == load_model("toy").info


def test_what_cannot_be_loaded_is_one_sentence_and_changes_nothing(app, tmp_path):
    analyse(app.run(), "the cat")
    before = app.session_state["analyzer"]
    choose(app, str(tmp_path))  # an empty folder
    assert len(app.error) == 1
    assert not app.exception
    assert app.session_state["analyzer"] is before
    assert "Press Analyse" not in "".join(i.value for i in app.info)
    choose(app, "toy2")
    assert not app.error


def test_a_card_comes_with_its_model_or_not_at_all(app, tmp_path):
    save_card(toy_card(load_model("toy2").info), tmp_path / "card.json")
    save_card(toy_card(ToyModel("other").info), tmp_path / "other.json")
    app.run()
    choose(app, "toy2", str(tmp_path / "other.json"))
    assert "is for revision" in app.error[0].value.replace("\\", "")
    choose(app, "toy2", str(tmp_path / "missing.json"))
    assert "cannot be read" in app.error[0].value
    choose(app, "toy2", str(tmp_path / "card.json"))
    assert not app.error
    analyse(app, MACHINE)
    assert app.session_state["analysis"].likelihood.calibration_id == "toy-1"


def test_a_model_of_the_hub_is_fetched_with_a_bar_and_once(monkeypatch, tmp_path):
    """The hub's client is a stand-in that has four of ten megabytes and then waits until the page shows them."""
    shown, fetched = [], []

    def snapshot_download(name, *, allow_patterns, tqdm_class):
        fetched.append(name)
        files = tqdm_class(total=2, desc="Fetching 2 files")
        bytes_here = tqdm_class(total=0, unit="B", unit_scale=True, desc="Reconstructing")
        bytes_here.total += 10_000_000
        files.update(1)
        bytes_here.update(4_000_000)
        time.sleep(1)
        bytes_here.update(6_000_000)
        assert "*.bin" not in allow_patterns
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr(fetching.st, "empty", lambda: SimpleNamespace(progress=lambda *told: shown.append(told),
                                                                      empty=lambda: None))  # fmt: skip
    monkeypatch.setattr("analyzer.models.loading.load", lambda _name: ToyModel("from the hub"))
    fetching._HERE.clear()
    load_model.clear()
    assert get_model("some/model").info.name == "toy"
    assert (0.4, "4 of 10 MB") in shown
    get_model("some/model")
    assert fetched == ["some/model"]
    load_model.clear()


def test_what_cannot_be_fetched_may_be_here_already(monkeypatch):
    def snapshot_download(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr("analyzer.models.loading.load", lambda _name: ToyModel("from the hub's cache"))
    load_model.clear()
    assert get_model("some/other").info.name == "toy"
    load_model.clear()


def test_the_choice_is_one_readers_and_models_are_shared(app):
    other = AppTest.from_file(APP, default_timeout=30).run()
    choose(app.run(), "toy2")
    analyse(app, "the cat")
    analyse(other, "the cat")
    assert app.session_state["analysis"].model.revision != other.session_state["analysis"].model.revision
    assert other.session_state["analyzer"].model is load_model("toy")
    assert app.session_state["analyzer"] is not other.session_state["analyzer"]
    assert load_model("toy") is load_model("toy")


def test_branches_and_words_ask_the_model_that_read_the_text(app):
    analyse(app.run(), "the cat sat")
    model = app.session_state["analyzer"].model
    choose(app, "toy2")
    app.number_input(key="branch-token-1").set_value(5).run()
    next(one for one in app.text_input if one.label == "Any word").input("m").run()
    assert app.session_state["pinned-lookup"].session.model is model
    app.button(key="replace-0").click().run()
    assert not app.exception
    assert app.session_state["replacement-1"].after.model == model.info
