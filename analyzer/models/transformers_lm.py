"""Any causal language model of the transformers library, as a ``LanguageModel``.

The library's own body makes the hidden states; the output head is taken off and applied in chunks (``scoring``). A
check at load time compares this with the library's own logits, so an architecture whose head does more than we know
is noticed and handled whole, never scored wrongly.

Rows of a batch are padded on the right and no attention mask is given: a causal model never looks to the right, so
the padding changes nothing, and attention without a mask is the fast kind.
"""

import ctypes
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers.cache_utils import DynamicCache, DynamicLayer

from analyzer.errors import InputError, ModelUnavailable, TokenizerMismatch
from analyzer.models.base import ModelInfo, Share, State
from analyzer.models.key_values import KeyValues, own, resumed
from analyzer.scoring import Head, ReadOut, Row, TokenScores, chunk_size, score_rows
from analyzer.tokens import TextTokenizer

__all__ = ["TransformersLM"]

_LONGEST_WINDOW = 8192  # attention grows with the square: beyond this, half-overlapping windows cost less
_UNBOUNDED_WINDOW = 2048  # for architectures without position limit
_COMPUTING = threading.RLock()  # one for all models: the matrix precision is a setting of the process
_BODY = 0.8  # of the time of a pass; the rest is the head's
_WHOLE_WINDOW = 512  # where the head cannot be taken off, all logits of a window exist at once


class TransformersLM:
    """A loaded transformers model. Use ``analyzer.models.loading.load`` to get one by name.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal language model in evaluation mode, on its device, in its dtype.
    tokenizer : TextTokenizer
    name, revision : str
        As in ``ModelInfo``.
    start_id : int or None
        Start token, by the policy of the caller.
    window : int, optional
        Most tokens in one forward pass; the context length, but no more than 8,192, by default.
    notes : tuple of str
        What is to be known about how the model was loaded.

    Raises
    ------
    TokenizerMismatch
        If the tokenizer has more entries than the model.
    ModelUnavailable
        If the model is not causal, or its numbers overflow.
    InputError
        If the window is less than 2 tokens.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: TextTokenizer,
        *,
        name: str,
        revision: str,
        start_id: int | None,
        window: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.tokenizer = tokenizer
        self.start_id = start_id
        self.end_ids = _end_tokens(model, start_id)
        self._model = model
        embedding = model.get_input_embeddings().weight
        self._device: torch.device = embedding.device
        self._exact = embedding.dtype in (torch.float32, torch.float64)
        vocabulary = model.get_output_embeddings().weight.shape[0]
        if tokenizer.vocabulary_size > embedding.shape[0]:
            raise TokenizerMismatch(
                f"The tokenizer of {name} has {tokenizer.vocabulary_size} entries, the model {embedding.shape[0]}.",
                hint="Use the tokenizer that was published with this model.",
            )
        if window is not None and window < 2:
            raise InputError(f"window: got {window}.", hint="Give at least 2 tokens, or none for the model's own.")
        context_length, uniform = _context_length(model.config.get_text_config())
        longest = min(uniform, _LONGEST_WINDOW)
        found = [*notes]
        if self._device.type == "cpu":
            _keep_freed_memory()
        self._probe = (torch.arange(1, 9) * 7919 % vocabulary)[None]  # (1, 8), spread over the vocabulary
        self._layers = _layers(model)
        self._head: Head | None = _output_head(model)
        head_fits, self._goes_on = self._check_parts(self._probe_logits(name))
        if not head_fits:
            self._head = None
            longest = min(longest, _WHOLE_WINDOW)
            found.append(
                f"The head of {type(model).__name__} could not be taken off: windows of {longest} tokens, slower."
            )
        if not self._goes_on:
            found.append(f"{type(model).__name__} cannot go on from a cached prefix: edits are rescored in full.")
        self.info = ModelInfo(
            name=name,
            revision=revision,
            dtype=str(embedding.dtype).removeprefix("torch."),
            device=str(self._device),
            context_length=context_length,
            window=min(window or longest, longest),
            vocabulary=vocabulary,
            layers=len(self._layers) if self._head else 0,
            start_token=None if start_id is None else tokenizer.text_of(start_id),
            libraries=f"torch {torch.__version__}, transformers {transformers.__version__}",
            notes=tuple(found),
        )

    def score(self, rows: Sequence[Row], *, top_k: int, read_out: ReadOut | None = None) -> list[TokenScores]:
        """See ``LanguageModel``."""
        if not rows:
            return []
        longest = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for n, row in enumerate(rows):
            ids[n, : len(row.ids)] = torch.tensor(row.ids)
        with self._computing(), self._listening(read_out) as heard:
            hidden = self._body(ids, None)
            scored = self._reduce([h[row.first - 1 :] for h, row in zip(hidden, rows, strict=True)], rows, top_k)
            if read_out is None:
                return scored
            return [
                replace(scores, read_out=read_out([heard[layer][n, row.first : len(row.ids)] for layer in heard]))
                for n, (scores, row) in enumerate(zip(scored, rows, strict=True))
            ]

    def extend(
        self,
        state: State | None,
        row: Row,
        *,
        top_k: int,
        read_out: ReadOut | None = None,
        progress: Share | None = None,
    ) -> tuple[TokenScores, State]:
        """See ``LanguageModel``."""
        if not isinstance(state, KeyValues) or not self._goes_on:
            state = None  # read in full
        read = 0 if state is None else len(state.ids)
        if row.first < read:
            raise ValueError(f"first: expected at least {read}, got {row.first}")
        with self._computing(), self._listening(read_out) as heard, self._telling(progress):
            cache = resumed([] if state is None else [state]) if self._goes_on else None
            hidden = self._body(torch.tensor(row.ids[None, read:]), cache)[0]
            if state is not None:
                hidden = torch.cat([state.hidden, hidden])
            (scores,) = self._reduce([hidden[row.first - 1 :]], [row], top_k)
            if read_out is not None:
                scores = replace(scores, read_out=read_out([heard[layer][0, row.first - read :] for layer in heard]))
        layers = () if cache is None else tuple((layer.keys, layer.values) for layer in cache.layers)
        return scores, KeyValues(row.ids, hidden, layers)

    def logits(self, row: Row) -> Iterator[Tensor]:
        """See ``LanguageModel``."""
        with self._computing():
            hidden = self._body(torch.tensor(row.ids[None, :-1]), None)[0, row.first - 1 :]
        size = chunk_size(self._device.type, self.info.vocabulary)
        for part in torch.split(hidden, size):
            with self._computing():
                logits = (self._head or _wide_copy)(part)
            yield logits

    def step(
        self, states: Sequence[State], tokens: Sequence[int], *, read_out: ReadOut | None = None
    ) -> list[tuple[NDArray[np.float64], State]]:
        """See ``LanguageModel``."""
        ids = [np.append(state.ids, token) for state, token in zip(states, tokens, strict=True)]
        if not self._goes_on:
            whole = [self.extend(None, Row(row, len(row) - 1), top_k=1, read_out=read_out) for row in ids]
            return [(scores.read_out[0], state) for scores, state in whole]
        before = own(states)
        with self._computing(), self._listening(read_out) as heard:
            cache = resumed(before)
            hidden = self._body(torch.tensor(tokens)[:, None], cache)  # (B, 1, H)
            values = np.empty((len(ids), 0))
            if read_out is not None:
                values = read_out([states_of_layer[:, 0] for states_of_layer in heard.values()])
            after = [
                KeyValues(
                    row,
                    torch.cat([before[b].hidden, hidden[b]]),
                    tuple((layer.keys[b : b + 1], layer.values[b : b + 1]) for layer in cache.layers),
                )
                for b, row in enumerate(ids)
            ]
        return list(zip(values, after, strict=True))

    def next_logits(self, states: Sequence[State]) -> Tensor:
        """See ``LanguageModel``."""
        with self._computing():
            return (self._head or _wide_copy)(torch.cat([state.hidden[-1:] for state in own(states)]))

    def _reduce(self, hidden: Sequence[Tensor], rows: Sequence[Row], top_k: int) -> list[TokenScores]:
        # Where the head cannot be taken off, the body's output are the logits; copied, for they are overwritten.
        head = self._head or _wide_copy
        return score_rows(hidden, rows, head=head, vocabulary=self.info.vocabulary, top_k=top_k)

    def _body(self, ids: Tensor, cache: DynamicCache | None) -> Tensor:
        """Last hidden states (B, L, H) of ids (B, L), or logits (B, L, V) where the head cannot be taken off."""
        ids = ids.to(self._device)
        if self._head is None:
            return torch.cat([self._model(row[None], use_cache=False).logits for row in ids])
        if cache is None:
            output = self._model.base_model(ids, use_cache=False)
        else:
            output = self._model.base_model(ids, past_key_values=cache, use_cache=True)
        hidden: Tensor = output.last_hidden_state
        return hidden

    @contextmanager
    def _listening(self, read_out: ReadOut | None) -> Iterator[dict[int, Tensor]]:
        """Keep the states (B, L, H) after the layers that `read_out` asks for, in its order, from the pass to come."""
        if read_out is not None and not max(read_out.layers) <= self.info.layers:
            raise ValueError(f"layers: expected 1 to {self.info.layers}, got {read_out.layers}")
        heard: dict[int, Tensor] = dict.fromkeys(() if read_out is None else read_out.layers, torch.empty(0))

        def hear(layer: int, output: Any) -> None:
            heard[layer] = output[0] if isinstance(output, tuple) else output

        hooks = [
            self._layers[n - 1].register_forward_hook(lambda _module, _input, output, n=n: hear(n, output))
            for n in heard
        ]
        try:
            yield heard
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def _telling(self, progress: Share | None) -> Iterator[None]:
        """Tell how far the pass to come is, layer by layer."""
        depth = len(self._layers)

        def tell(done: int) -> None:
            if progress is not None:
                progress(_BODY * done / depth)

        hooks = [
            layer.register_forward_hook(lambda _module, _input, _output, n=n: tell(n))
            for n, layer in enumerate(self._layers if progress else (), 1)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """One thread at a time in this process, no gradients, and the matrix precision that the dtype asks for.

        For a bf16 body the head multiplies bf16 values held in float32 tensors: "medium" lets matrix units multiply
        them as bf16, which loses nothing, and sums in float32. For a float32 body nothing may be rounded.
        """
        with _COMPUTING, torch.inference_mode():
            before = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision("highest" if self._exact else "medium")
            try:
                yield
            finally:
                torch.set_float32_matmul_precision(before)

    def _probe_logits(self, name: str) -> Tensor:
        """The library's own logits (8, V) of eight arbitrary tokens, after a check that none looks ahead.

        Raises
        ------
        ModelUnavailable
            If there are no numbers, or the first five tokens have other logits when they stand alone.
        """
        ids = self._probe.to(self._device)
        with self._computing():
            whole, begin = (self._model(x, use_cache=False).logits[0] for x in (ids, ids[:, :5]))
        if whole.isnan().any():
            raise ModelUnavailable(
                f"The numbers of {name} overflow in {str(whole.dtype).removeprefix('torch.')}.",
                hint="Use dtype float32 or bfloat16; if it is, the model's weights are broken.",
            )
        if not _near(begin, whole[:5], exact=self._exact):
            raise ModelUnavailable(
                f"{name} is not a causal language model: what it makes of a token depends on later ones.",
                hint="Choose a model that writes text from left to right, such as gpt2.",
            )
        return torch.as_tensor(whole)

    def _check_parts(self, whole: Tensor) -> tuple[bool, bool]:
        """Whether body and head, taken apart, give these logits; and whether reading in two steps gives the same."""
        if self._head is None:
            return False, False
        with self._computing():
            hidden = self._body(self._probe, None)[0]
            logits = self._head(hidden)
            head_fits = logits.shape == whole.shape and _near(logits, whole, exact=self._exact)
            cache = DynamicCache()
            try:
                steps = torch.cat([self._body(part, cache)[0] for part in (self._probe[:, :5], self._probe[:, 5:])])
            except Exception:  # architectures without key-value cache fail in ways of their own
                return head_fits, False
        plain = all(type(layer) is DynamicLayer for layer in cache.layers) and cache.get_seq_length() == len(whole)
        return head_fits, head_fits and plain and _near(steps, hidden, exact=self._exact)


def _layers(model: Any) -> Sequence[torch.nn.Module]:
    """The layers of the body in their order; none where the architecture does not keep them in one list."""
    depth = model.config.get_text_config().num_hidden_layers
    lists = (m for m in model.base_model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == depth)
    return list(next(lists, torch.nn.ModuleList()))


def _end_tokens(model: Any, start_id: int | None) -> tuple[int, ...]:
    """What the model's settings name as the end of a text, and the start token: behind it another text begins."""
    found = {start_id}
    for settings in (getattr(model, "generation_config", None), model.config.get_text_config()):
        named = getattr(settings, "eos_token_id", None)
        found.update(named if isinstance(named, list) else [named])
    return tuple(sorted(token for token in found if token is not None))


def _context_length(config: Any) -> tuple[int, int]:
    """Tokens that a model was made for, and how many of them it reads with the same position code throughout."""
    length = getattr(config, "max_position_embeddings", None) or _UNBOUNDED_WINDOW
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":  # another code from there on: numbers would depend on the batch
        return length, int(rope.get("original_max_position_embeddings") or length)
    return length, length


def _near(found: Tensor, wanted: Tensor, *, exact: bool) -> bool:
    """Whether two tensors differ by no more than rounding."""
    found, wanted = found.cpu().double(), wanted.cpu().double()
    distance = torch.linalg.vector_norm(found - wanted) / torch.linalg.vector_norm(wanted)
    return bool(distance < (1e-4 if exact else 3e-2))


def _wide_copy(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32), copy=True)


def _output_head(model: Any) -> Head | None:
    """The output layer as a function to float32 (or float64) logits, with the scalings that architectures add."""
    layer = model.get_output_embeddings()
    config = model.config.get_text_config()
    if type(layer) is not torch.nn.Linear:
        return None
    wide = torch.promote_types(layer.weight.dtype, torch.float32)
    weight = layer.weight.detach().to(wide)
    bias = None if layer.bias is None else layer.bias.detach().to(wide)
    scale = getattr(config, "logit_scale", None) or 1 / (
        getattr(config, "logits_scaling", None) or 1
    )  # Cohere; Granite
    cap = getattr(config, "final_logit_softcapping", None)  # Gemma 2

    def head(hidden: Tensor) -> Tensor:
        logits = functional.linear(hidden.to(wide), weight, bias)
        if scale != 1:
            logits = logits.mul_(scale)
        return logits if cap is None else logits.div_(cap).tanh_().mul_(cap)

    return head


def _keep_freed_memory() -> None:
    """Let glibc reuse freed blocks instead of returning them: fresh pages cost up to a quarter of a forward pass.

    Affects the whole process; the memory held is that of the largest forward pass so far.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        m_trim_threshold, m_top_pad, m_mmap_threshold = -1, -2, -3  # <malloc.h>
        mallopt(m_mmap_threshold, 32 << 20)  # the largest that glibc accepts
        mallopt(m_trim_threshold, 2**31 - 1)
        mallopt(m_top_pad, 64 << 20)
