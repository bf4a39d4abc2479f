"""A model by its name: the embedded default, a hub id, a local folder, or a GGUF file."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tqdm import tqdm

from analyzer.errors import ModelUnavailable, TokenizerMismatch
from analyzer.models import store
from analyzer.models.transformers_lm import TransformersLM
from analyzer.tokens import TextTokenizer

__all__ = ["download", "load", "on_hub"]

_GGUF_NOTE = (
    "Its tokenizer was rebuilt from the GGUF file, which may leave out a rule of how text is split; the model's "
    "original folder is safer."
)


def load(
    name: str = store.DEFAULT_MODEL,
    *,
    device: str = "auto",
    dtype: str = "auto",
    window: int | None = None,
    revision: str | None = None,
    allow_pickle: bool = False,
) -> TransformersLM:
    """Load a causal language model.

    Parameters
    ----------
    name : str
        The default model's name, a hub id (``gpt2``), a folder, or a ``.gguf`` file.
    device : str
        A torch device, or "auto": CUDA where there is one, else the CPU.
    dtype : "auto", "float64", "float32", "bfloat16" or "float16"
        "auto": bfloat16 where matrix units for it make it faster (CUDA, AMX), else float32.
    window : int, optional
        Most tokens in one forward pass; the model's context, but no more than 8,192, by default.
    revision : str, optional
        Branch, tag or commit of a hub model.
    allow_pickle : bool
        Also load weights that exist only as pickle files, which can run code. Code from the hub is never run.

    Raises
    ------
    ModelUnavailable
        If the model is not found, not reachable, broken, or only there as pickle.
    TokenizerMismatch
        If its tokenizer gives no character offsets or does not fit.

    Notes
    -----
    Start token: what the tokenizer itself puts in front of a text; else its beginning-of-text token; else that of the
    model's configuration; else its end-of-text token, which separated documents in training; else none. The default
    model's is ``<|endoftext|>``, chosen by measurement (docs/adr/0003-start-token.md).
    """
    place = _device(device)
    number = _dtype(dtype, place)
    if name == store.DEFAULT_MODEL:
        return _load_default(place, number, window)
    if not name:
        raise ModelUnavailable("The model's name is empty.", hint="Give a hub id, a folder or a GGUF file.")
    path = Path(name).expanduser()
    options: dict[str, Any] = {"trust_remote_code": False}
    notes: tuple[str, ...] = ()
    if path.is_file():
        source, fingerprint = str(path.parent), _sha256(path)
        options["gguf_file"] = path.name
        notes = (_GGUF_NOTE,)
    elif path.is_dir():
        source, fingerprint = str(path), _folder_fingerprint(path)
    else:
        source, fingerprint = name, ""
        options["revision"] = revision
    model, tokenizer = _from_pretrained(name, source, number, options, allow_pickle=allow_pickle)
    start_id = _start_token(tokenizer, model.config)
    backend = TextTokenizer(tokenizer.backend_tokenizer)
    return TransformersLM(
        model.to(place).eval(),
        backend,
        name=name,
        revision=fingerprint or str(getattr(model.config, "_commit_hash", None) or "unknown"),
        start_id=start_id,
        window=window,
        notes=notes,
    )


def on_hub(name: str) -> bool:
    """Whether this names a model of the hub: neither the embedded one nor anything that lies here."""
    return bool(name) and name != store.DEFAULT_MODEL and not Path(name).expanduser().exists()


def download(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Fetch a hub model into the hub's own cache, without pickle files; return its folder.

    Parameters
    ----------
    name : str
    progress : callable, optional
        Is given how many bytes are here, and of how many as far as is known; from several threads. Without it, bars on
        standard error.

    Raises
    ------
    ModelUnavailable
        If the hub does not answer or has no such model.
    """
    from huggingface_hub import snapshot_download

    try:
        bar = None if progress is None else _telling_bar(progress)
        return Path(
            snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt"], tqdm_class=bar)
        )
    except Exception as error:  # the hub client raises its own, the network library's, and ValueError
        raise ModelUnavailable(
            f"{name} could not be fetched: {str(error).strip().splitlines()[0]}",
            hint="Check the name and the network.",
        ) from error


def _telling_bar(progress: Callable[[int, int], None]) -> type[tqdm]:
    """A bar of the hub's client that tells instead of drawing: the client has one of bytes, and one of files."""

    class Telling(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            drawn: bool | None = super().update(n)
            if self.unit == "B":
                progress(int(self.n), int(self.total or 0))
            return drawn

    return Telling


def _device(name: str) -> torch.device:
    """The device, after a try whether it can hold anything."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device).tolist()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what torch raises depends on the device
        raise ModelUnavailable(
            f"The device {name!r} cannot be used here.", hint="Choose auto, cpu, or cuda where there is a GPU."
        ) from error
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
        # AVX-512 BF16 alone is no faster than float32, measured: only the tile units (AMX) are.
        amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
        return torch.bfloat16 if device.type == "cpu" and amx is not None and amx() else torch.float32
    known = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if name not in known:
        raise ModelUnavailable(f"Unknown dtype {name!r}.", hint=f"Choose auto, {', '.join(known)}.")
    return known[name]


def _load_default(device: torch.device, dtype: torch.dtype, window: int | None) -> TransformersLM:
    """The embedded model, without the library's general loader, which takes longer than the forward pass."""
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    folder = store.ensure_default()
    manifest = store.Manifest.read(folder)
    config = LlamaConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    try:
        stored = load_file(folder / "model.safetensors", str(device))
    except SafetensorError as error:
        raise ModelUnavailable(f"{folder} is damaged: {error}.", hint="Run `analyzer models fetch`.") from error
    weights = {key: tensor.to(dtype) for key, tensor in stored.items()}
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    model.model.rotary_emb = LlamaRotaryEmbedding(config).to(device)  # computed, not stored
    left = [key for key, tensor in [*model.named_parameters(), *model.named_buffers()] if tensor.is_meta]
    if left:
        raise ModelUnavailable(f"The default model lacks {left[0]}.", hint="Run `analyzer models fetch`.")
    return TransformersLM(
        model.eval(),
        TextTokenizer.from_file(folder / "tokenizer.json"),
        name=store.DEFAULT_MODEL,
        revision=f"{manifest.gguf_sha256[:12]}-v{manifest.format}",
        start_id=manifest.start_token_id,
        window=window,
    )


def _from_pretrained(
    name: str, source: str, dtype: torch.dtype, options: dict[str, Any], *, allow_pickle: bool
) -> tuple[Any, Any]:
    """Model and tokenizer by the library's own loader, its errors in our words."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # What the loaders raise on odd files, besides their own OSError and ValueError.
    failures = (OSError, ValueError, LookupError, ImportError, RuntimeError, TypeError, AttributeError, SafetensorError)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
    except failures as error:
        raise ModelUnavailable(
            f"The tokenizer of {name} could not be loaded: {_first_line(error)}",
            hint="Check the name; a hub model needs the network once, a local one needs tokenizer.json beside it.",
        ) from error
    if not tokenizer.is_fast:
        raise TokenizerMismatch(
            f"The tokenizer of {name} gives no character offsets.", hint="Choose a model with a tokenizer.json."
        )
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, use_safetensors=None if allow_pickle else True, output_loading_info=True, **options
        )
    except failures as error:
        hint = "Check the name; a hub model needs the network once, a local one needs config.json and weights."
        if "safetensors" in str(error) and "pytorch_model.bin" in str(error) and not allow_pickle:
            hint = "Weights that exist only as pickle can run code: if you trust their author, say --allow-pickle."
        elif "trust_remote_code" in str(error):
            hint = "This model brings code of its own, which is never run. Choose one that transformers knows."
        raise ModelUnavailable(f"{name} could not be loaded: {_first_line(error)}", hint=hint) from error
    if unfit := sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]])):
        raise ModelUnavailable(
            f"{name} lacks {len(unfit)} of its weights, such as {unfit[0]}.", hint="Fetch it again, or choose another."
        )
    return model, tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _start_token(tokenizer: Any, config: Any) -> int | None:
    """See Notes of ``load``."""
    added = tokenizer("")["input_ids"]
    candidates = [
        *(added[:1] if added and added[0] != tokenizer.eos_token_id else ()),
        tokenizer.bos_token_id,
        config.get_text_config().bos_token_id,
        tokenizer.eos_token_id,
    ]
    return next((int(token) for token in candidates if isinstance(token, int)), None)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _folder_fingerprint(folder: Path) -> str:
    """Names and sizes of all files and the content of the small ones; weights are too large to hash at each start."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        if path.suffix == ".json":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
