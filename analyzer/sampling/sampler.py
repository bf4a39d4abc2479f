"""What a sampler would offer: the model's distribution after a pipeline of settings, and a draw from it.

::

    logits ─▶ logit bias ─▶ repetition penalty ─▶ frequency penalty ─▶ presence penalty ─▶ heat per use ─▶ heat if used
           ─▶ no repeated n-gram ─▶ temperature ─▶ top-k ─▶ top-p ─▶ min-p ─▶ typical-p ─▶ epsilon ─▶ eta ─▶ watermark
           ─▶ probabilities ─▶ draw

That is transformers' order; any other can be given. It matters: other programs apply the temperature last, and the same
settings then keep other tokens. The steps are transformers' own logits processors, in float64; the penalties that it
does not have stand in `analyzer.sampling.penalties`. Statistics never use any of this: they are taken under the model's
own distribution.

>>> sampler = Sampler(temperature=0.5, top_k=2)
>>> sampler.steps()
('temperature 0.5', 'top-k 2')
>>> p = sampler.offered(torch.tensor([2.0, 1.0, 1.0, 1.0, 4.0]).log())  # 4/10 and 2/10 stay, squared: 16 to 4
>>> p.round(3).tolist(), draw(p, 0.19), draw(p, 0.21)
([0.2, 0.0, 0.0, 0.0, 0.8], 0, 4)
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from numbers import Integral, Real
from sys import float_info
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analyzer.errors import InputError, ModelError
from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

__all__ = ["ORDER", "PRESETS", "Sampler", "draw"]

ORDER: tuple[str, ...] = (
    "logit_bias",
    "repetition_penalty",
    "frequency_penalty",
    "presence_penalty",
    "heat_per_use",
    "heat_if_used",
    "no_repeat_ngram",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "epsilon",
    "eta",
    "watermark",
)
"""The steps by the settings they belong to, in the order of transformers' ``GenerationMixin._get_logits_processor``."""


_NO_IDS: NDArray[np.int64] = np.empty(0, np.int64)
_MOST = 1e6  # far beyond what any program takes; keeps all sums finite
_KEYS: Mapping[str, type[KGWKey] | type[SynthIDKey]] = MappingProxyType({"KGW": KGWKey, "SynthID": SynthIDKey})


@dataclass(frozen=True, slots=True)
class Sampler:
    """Settings of a sampler; the defaults change nothing.

    Attributes
    ----------
    temperature : float
        Logits are divided by it. 0 is greedy: after all steps only the most likely token left is offered.
    top_k : int or None
        Keep the k most likely tokens, and those as likely as the last of them; None keeps all. Fan et al. 2018
        (arXiv 1805.04833).
    top_p : float
        Keep the most likely tokens that together reach this probability, at least one. Holtzman et al. 2020, nucleus
        sampling (arXiv 1904.09751).
    min_p : float
        Keep tokens at least this times as likely as the likeliest. Nguyen et al. 2024 (arXiv 2407.01082).
    typical_p : float
        Keep the tokens whose surprise is nearest to the entropy that together reach this probability. Meister et al.
        2022, locally typical sampling (arXiv 2202.00666).
    epsilon : float
        Keep tokens at least so likely. Hewitt et al. 2022 (arXiv 2210.15191).
    eta : float
        Keep tokens at least as likely as min(η, √η · exp(-entropy)). Hewitt et al. 2022.
    repetition_penalty : float
        Logits of tokens in the text are divided by it where positive, multiplied where negative. Keskar et al. 2019,
        CTRL (arXiv 1909.05858).
    no_repeat_ngram : int
        Offer no token that would complete an n-gram the text has already; 0 is off. Paulus et al. 2017
        (arXiv 1705.04304).
    frequency_penalty, presence_penalty : float
        Taken from a token's logit for each use in the text; once if there is any. See `analyzer.sampling.penalties`.
    heat_per_use, heat_if_used : float
        A token's own temperature is 1 + this · its uses; 1 + this if there is any. See `analyzer.sampling.penalties`.
    logit_bias : tuple of (token ids, bias)
        Added to the logit of a sequence's last token where the others stand at the end of the text; minus infinity
        forbids. transformers holds it in float32.
    watermark : KGWKey or SynthIDKey or None
        Leave a mark that `analyzer.detectors.watermark` finds. Kirchenbauer et al. 2023 (arXiv 2301.10226), Dathathri
        et al. 2024 (Nature 634, 818).
    watermark_bias : float
        δ of KGW: what is added to the logits of green tokens.
    order : tuple of str
        The names in `ORDER`, in the order to apply.

    Raises
    ------
    InputError
        If a setting is out of range.

    Examples
    --------
    >>> Sampler(top_k=1).offered(torch.tensor([0.0, 2.0, 1.0]))
    array([0., 1., 0.])
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    epsilon: float = 0.0
    eta: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    heat_per_use: float = 0.0
    heat_if_used: float = 0.0
    logit_bias: tuple[tuple[tuple[int, ...], float], ...] = ()
    watermark: KGWKey | SynthIDKey | None = None
    watermark_bias: float = 2.0
    order: tuple[str, ...] = ORDER

    def __post_init__(self) -> None:
        for name, (allowed, hint) in _RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, Integral if name in _WHOLE else Real) and not isinstance(value, bool)
            # nan is in no range
            if not (number and allowed(value)) and not (name == "top_k" and value is None):
                raise InputError(f"{_word(name)}: got {value}.", hint=hint)
        _check_bias(self.logit_bias)
        if self.watermark is not None and not isinstance(self.watermark, KGWKey | SynthIDKey):
            raise InputError(f"watermark: got {self.watermark!r}.", hint="Give a KGWKey or a SynthIDKey.")
        if sorted(self.order) != sorted(ORDER):
            raise InputError(
                f"order: got {', '.join(self.order)}.", hint=f"Give all of these once: {', '.join(ORDER)}."
            )

    def offered(self, logits: Tensor, ids: NDArray[np.int64] = _NO_IDS) -> NDArray[np.float64]:
        """Probabilities (V,) with which the sampler would draw each token: of logits and text alone, without a state.

        Parameters
        ----------
        logits : Tensor (V,)
            The model's, for the next token.
        ids : int64 (n,)
            Tokens of the text so far, without a start token. What counts uses, n-grams and contexts looks at them.

        Raises
        ------
        InputError
            If a step leaves no token at all, or a bias is on a token that the model has not.
        ModelError
            If the logits are not all numbers.
        """
        from analyzer.sampling.steps import step  # loads transformers' generation, and samplers are read without it

        before, scores = torch.tensor(ids, dtype=torch.long)[None], logits.cpu().double()[None]
        if not _any_left(scores):
            raise ModelError("The model's logits are not all numbers.", hint="Load the model in float32.")
        for name in self._active():
            scores = step(name, self, scores.shape[1])(before, scores)
            if not _any_left(scores):
                raise InputError(f"No token is left after {self._label(name)}.", hint="Weaken or drop this setting.")
        if self.temperature == 0:
            greedy = np.zeros(scores.shape[1])
            greedy[int(scores[0].argmax())] = 1
            return greedy
        return np.asarray(torch.softmax(scores[0], dim=-1).numpy())

    def steps(self) -> tuple[str, ...]:
        """The steps that change something, in the order applied, for people; none for the plain sampler."""
        greedy = ("greedy",) if self.temperature == 0 else ()
        return (*map(self._label, self._active()), *greedy)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what differs from the defaults, and the order, which other versions may have otherwise."""
        found: dict[str, Any] = {}
        for name, default in _DEFAULTS.items():
            if (value := getattr(self, name)) != default:  # JSON knows Python's numbers, not numpy's
                found[name] = int(value) if name in _WHOLE else float(value) if name in _RANGES else value
        if self.logit_bias:  # JSON has no infinity
            found["logit_bias"] = [
                [[int(i) for i in ids], "-inf" if bias == -inf else float(bias)] for ids, bias in self.logit_bias
            ]
        if self.watermark is not None:
            (kind,) = [name for name, key in _KEYS.items() if isinstance(self.watermark, key)]
            settings = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self.watermark).items()}
            found["watermark"] = {"kind": kind, **settings}
        return found | {"order": list(self.order)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The sampler that `to_dict` wrote down; what is not there keeps its default.

        Raises
        ------
        InputError
            If there is a setting of another name, or with a value it cannot have.
        """
        try:
            values = dict(found)
            if unknown := values.keys() - _DEFAULTS.keys():
                raise InputError(
                    f"sampler: there is no setting {min(unknown, key=str)!r}.",
                    hint=f"Give any of these: {', '.join(_DEFAULTS)}.",
                )
            if "order" in values:
                values["order"] = tuple(values["order"])
            if "logit_bias" in values:
                values["logit_bias"] = tuple((tuple(ids), float(bias)) for ids, bias in values["logit_bias"])
            if values.get("watermark") is not None:
                key: dict[str, Any] = {
                    k: tuple(v) if isinstance(v, list) else v for k, v in values["watermark"].items()
                }
                values["watermark"] = _KEYS[key.pop("kind")](**key)
            return cls(**values)
        except InputError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise InputError(f"sampler: cannot read {found!r}.", hint="Give a dict as to_dict makes it.") from error

    def _active(self) -> list[str]:
        """Names of the steps that change something; temperature 0 is none, as it acts after all."""
        neutral = _DEFAULTS | ({"temperature": 0.0} if self.temperature == 0 else {})
        return [name for name in self.order if getattr(self, name) != neutral[name]]

    def _label(self, name: str) -> str:
        value = getattr(self, name)
        if name == "logit_bias":
            return f"bias on {len(value)} {'sequence' if len(value) == 1 else 'sequences'}"
        if name == "no_repeat_ngram":
            return f"no repeated {value}-gram"
        if name == "watermark":
            return f"watermark KGW {self.watermark_bias:g}" if isinstance(value, KGWKey) else "watermark SynthID"
        return f"{_word(name)} {value:g}"


def draw(probabilities: NDArray[np.float64], u: float) -> int:
    """The id at the place u, 0 ≤ u < 1, in the cumulated sum of probabilities (V,); never one of probability 0.

    An exact inverse, where ``torch.multinomial`` takes no float64 on some devices. With u drawn evenly, each id comes
    as often as its probability says.

    Raises
    ------
    InputError
        If u is out of range.

    Examples
    --------
    >>> [draw(np.array([0.5, 0.0, 0.5]), u) for u in (0.0, 0.49, 0.5, 0.99)]
    [0, 0, 2, 2]
    """
    if not 0 <= u < 1:
        raise InputError(f"u: got {u}.", hint="Give a number from 0 on and below 1.")
    cumulated = np.cumsum(probabilities)
    return int(np.searchsorted(cumulated, u * cumulated[-1], side="right"))


# Ranges

_WHOLE = frozenset({"top_k", "no_repeat_ngram"})

_RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "temperature": (lambda x: 0 <= x <= float_info.max, "Give a number from 0 on; 1 changes nothing."),
        "top_k": (lambda x: 1 <= x <= _MOST, "Give a whole number from 1 to a million."),
        "top_p": (lambda x: 0 < x <= 1, "Give a number above 0 and up to 1; 1 keeps all."),
        "min_p": (lambda x: 0 <= x <= 1, "Give a number from 0 to 1; 0 keeps all."),
        "typical_p": (lambda x: 0 < x <= 1, "Give a number above 0 and up to 1; 1 keeps all."),
        "epsilon": (lambda x: 0 <= x < 1, "Give a number from 0 on and below 1; 0 keeps all."),
        "eta": (lambda x: 0 <= x < 1, "Give a number from 0 on and below 1; 0 keeps all."),
        "repetition_penalty": (lambda x: 0.01 <= x <= 100, "Give a number from 0.01 to 100; 1 changes nothing."),
        "no_repeat_ngram": (lambda x: 0 <= x <= _MOST, "Give a whole number from 0 to a million; 0 is off."),
        "frequency_penalty": (lambda x: abs(x) <= _MOST, "Give a number, such as 0.5; 0 changes nothing."),
        "presence_penalty": (lambda x: abs(x) <= _MOST, "Give a number, such as 0.5; 0 changes nothing."),
        "heat_per_use": (lambda x: 0 <= x <= _MOST, "Give a number from 0 on, such as 0.1; 0 changes nothing."),
        "heat_if_used": (lambda x: 0 <= x <= _MOST, "Give a number from 0 on, such as 0.1; 0 changes nothing."),
        "watermark_bias": (lambda x: 0 <= x <= _MOST, "Give a number from 0 on, such as 2."),
    }
)

_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Sampler)}


def _word(name: str) -> str:
    return name.replace("_", "-" if name.endswith(("_k", "_p")) else " ")


def _any_left(scores: Tensor) -> bool:
    """Whether there is a token to draw; nan spreads to the largest, so it is none."""
    return bool(torch.isfinite(scores.max()))


def _check_bias(logit_bias: tuple[tuple[tuple[int, ...], float], ...]) -> None:
    for ids, bias in logit_bias:
        if not ids or not all(isinstance(i, Integral) and 0 <= i < 2**31 for i in ids):
            raise InputError(f"logit bias: got the tokens {ids}.", hint="Give at least one id, each a whole number.")
        if not (bias == -inf or abs(bias) <= _MOST):
            raise InputError(
                f"logit bias: got {bias}.", hint="Give a number up to a million; minus infinity forbids a token."
            )
    if len({ids for ids, _ in logit_bias}) < len(logit_bias):
        raise InputError("logit bias: a sequence has two.", hint="Give a sequence once.")


PRESETS: Mapping[str, Sampler] = MappingProxyType(
    {
        "Plain": Sampler(),
        "Greedy": Sampler(temperature=0),
        "GLTR top 5": Sampler(top_k=5),
        "Top 40, T 0.7": Sampler(temperature=0.7, top_k=40),
        "Nucleus 0.9": Sampler(top_p=0.9),
    }
)
"""Samplers by name, to begin with. GLTR's top 5 offers just the tokens it colours green."""
