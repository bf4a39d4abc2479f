"""Labelled texts and what a model reads out of them: the ground that calibrations are fitted and judged on.

A text is measured once, whole; since a causal model does not look ahead, the features of its beginnings and of later
stretches come from the same forward pass, and a text that begins another one costs nothing.

A published machine text often begins with some thirty tokens of a person's, the prompt. So the beginning of a machine
text is no machine text: short machine texts are later stretches, short human texts are beginnings.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.calibration.features import FEATURES, token_features
from analyzer.errors import InputError, UnreadableFile
from analyzer.models import LanguageModel
from analyzer.passes import Plan, plan, score_plans
from analyzer.scoring import ReadOut
from analyzer.text.reading import read_text

__all__ = [
    "BEGINNING",
    "LATER",
    "LENGTHS",
    "WHOLE",
    "Corpus",
    "Example",
    "measure",
    "middle_layers",
    "read_examples",
    "read_folder",
]

LENGTHS = (32, 64, 128)
"""Tokens n for which [0, n) and [n, 2 n) are measured beside the whole text: short texts are judged by short texts."""

WHOLE, BEGINNING, LATER = range(3)
"""Which stretch of its text a row is."""

_NEXT_LENGTH = 1.3  # a beginning this much shorter than the whole is another length, not the same text again
_LEAST_LATER = 0.5  # of n; what is left of a text beyond n must be at least so much of it
_GROUP_TOKENS = 8192  # measured, and kept on disk, together; their states weigh some 80 MB


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes
    ----------
    text : str
    label : 0 or 1
        0 = written by a person, 1 = by a machine.
    group : str
        Source that must not stand on both sides of a split, such as the human text that a machine was asked to imitate.
    domain : str
        Kind of writing, or population of writers.
    generator : str
        The machine; "human" for persons.
    family : str
        Machines that write alike, such as "assistant" for those tuned to please; each gets a read-out of its own.
    """

    text: str
    label: int
    group: str
    domain: str
    generator: str
    family: str = "machine"


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Measured texts: N rows, each text whole and in stretches; D = P + R columns.

    Attributes
    ----------
    features : float32 (N, D)
        Means over tokens: first the P `FEATURES`, then the middle layers' states.
    n_tokens : int64 (N,)
    stretch : int64 (N,)
        WHOLE, BEGINNING or LATER.
    text : int64 (N,)
        Which text the row belongs to; the columns below are those of the text.
    label, group, domain, generator, family : (N,)
    """

    features: NDArray[np.float32]
    n_tokens: NDArray[np.int64]
    stretch: NDArray[np.int64]
    text: NDArray[np.int64]
    label: NDArray[np.int64]
    group: NDArray[np.str_]
    domain: NDArray[np.str_]
    generator: NDArray[np.str_]
    family: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, rows: NDArray[Any]) -> "Corpus":
        """The part that `rows`, numbers or a mask, choose."""
        return Corpus(*(getattr(self, name)[rows] for name in self.__slots__))


def read_examples(path: Path) -> list[Example]:
    """Read labelled texts, one JSON object a line (.jsonl, .jsonl.gz).

    Keys: text, label (0 = person, 1 = machine), optional group, domain, generator, family.

    Raises
    ------
    UnreadableFile
        If the file cannot be read.
    InputError
        If a line is not such an object; says which.
    """
    found = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found.append(_example(line, f"{path}, line {number}", number))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error}.", hint="Give a UTF-8 file, one object a line."
        ) from error
    if not found:
        raise InputError(f"{path} holds no texts.", hint='Give one object a line: {"text": …, "label": 0 or 1}.')
    return found


def _example(line: str, where: str, number: int) -> Example:
    try:
        row = json.loads(line)
        text, label = row["text"], row.get("label")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: not an object with a text.", hint='Write {"text": …, "label": 0 or 1}.') from error
    if isinstance(text, str) and not text.strip():
        raise InputError(f"{where}: the text is empty.", hint="Leave this line out.")
    if not isinstance(text, str) or label not in (0, 1):
        raise InputError(
            f"{where}: expected a text and a label of 0 (person) or 1 (machine), got label {label!r}.",
            hint="Correct this line, or leave it out.",
        )
    label = int(label)
    generator = str(row.get("generator") or ("machine" if label else "human"))
    group, domain, family = row.get("group") or number, row.get("domain") or "all", row.get("family") or "machine"
    return Example(text, label, str(group), str(domain), generator, str(family))


def read_folder(folder: Path) -> list[Example]:
    """Read a folder's .txt and .md files, and those of its subfolders, as texts that persons wrote.

    The subfolder, if any, is the domain.

    Raises
    ------
    InputError
        If there are none, or one is empty.
    """
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".txt", ".md") and p.is_file())
    if not files:
        raise InputError(f"{folder} holds no .txt or .md files.", hint="Give a folder of texts, one a file.")
    texts = [read_text(p) for p in files]
    for file, text in zip(files, texts, strict=True):
        if not text.strip():
            raise InputError(f"{file} is empty.", hint="Take it out of the folder.")
    names = [p.relative_to(folder) for p in files]
    return [Example(text, 0, str(p), p.parent.as_posix(), "human") for p, text in zip(names, texts, strict=True)]


def middle_layers(layers: int) -> tuple[int, ...]:
    """The layers whose states are read out: about half and two thirds up, where what separates human from AI is.

    Earlier layers know less; later ones are busy with the next token.
    """
    return tuple(sorted({round(layers * 7 / 15), round(layers * 2 / 3)} - {0}))


def measure(
    model: LanguageModel,
    examples: Sequence[Example],
    *,
    layers: tuple[int, ...],
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Measure texts under a model.

    Parameters
    ----------
    model : LanguageModel
    examples : sequence of Example
    layers : tuple of int
        Layers whose mean states are features; may be empty.
    folder : Path, optional
        Where finished parts are kept, so that an interrupted run goes on where it stopped.
    progress : callable, optional
        Is given the numbers of tokens done and of tokens in all.

    Raises
    ------
    EmptyText, InvalidText
        For a text that cannot be scored.
    """
    plans = [plan(model, example.text) for example in examples]
    whole_of = _beginnings([found.tokenization.ids for found in plans])
    wanted: dict[int, list[int]] = {}  # number of a text that is read -> the texts that are measured with it
    for number, whole in enumerate(whole_of):
        wanted.setdefault(whole, []).append(number)
    key = hashlib.sha256(
        repr((model.info.name, model.info.revision, model.info.dtype, layers, FEATURES, LENGTHS)).encode()
    )
    for example in examples:
        key.update(example.text.encode() + b"\0")
    # Longest first: batches of similar length, and the first figure for the time left is not too hopeful.
    order = sorted(wanted, key=lambda number: -len(plans[number].tokenization))
    total = sum(len(plans[number].tokenization) for number in order)
    read_out = ReadOut(layers) if layers else None
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.float32]] = []
    done = 0
    ends = np.cumsum([len(plans[number].tokenization) for number in order])
    for place, group in enumerate(np.split(order, np.flatnonzero(np.diff(ends // _GROUP_TOKENS)) + 1)):
        kept = folder and folder / f"{key.hexdigest()[:16]}-{place:05}.npz"
        if kept and kept.exists():
            with np.load(kept) as stored:
                found, features = stored["rows"], stored["features"]
        else:
            found, features = _measure(model, plans, {int(n): wanted[int(n)] for n in group}, read_out)
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                part = kept.with_suffix(".part.npz")
                np.savez(part, rows=found, features=features)
                part.replace(kept)
        rows.append(found)
        columns.append(features)
        done += sum(len(plans[number].tokenization) for number in group.tolist())
        if progress is not None:
            progress(done, total)
    text, n_tokens, stretch = np.concatenate(rows).T
    return Corpus(
        features=np.concatenate(columns),
        n_tokens=n_tokens,
        stretch=stretch,
        text=text,
        label=np.array([e.label for e in examples])[text],
        group=np.array([e.group for e in examples])[text],
        domain=np.array([e.domain for e in examples])[text],
        generator=np.array([e.generator for e in examples])[text],
        family=np.array([e.family if e.label else "human" for e in examples])[text],
    )


def _measure(
    model: LanguageModel, plans: Sequence[Plan], wanted: dict[int, list[int]], read_out: ReadOut | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows (text, tokens, stretch) and their features, for the texts in `wanted` and those that begin them."""
    rows, features = [], []
    scored = score_plans(model, [plans[n] for n in wanted], top_k=10, read_out=read_out)
    for (whole, numbers), scores in zip(wanted.items(), scored, strict=True):
        each = np.concatenate([token_features(plans[whole].tokenization, scores), scores.read_out], axis=1)
        sums = np.concatenate([np.zeros((1, each.shape[1])), np.cumsum(each, axis=0)])
        for number in numbers:
            size = min(len(plans[number].tokenization) - plans[number].start, len(scores))
            for first, last, stretch in _stretches(size):
                rows.append((number, last - first, stretch))
                features.append((sums[last] - sums[first]) / (last - first))
    return np.array(rows, np.int64).reshape(-1, 3), np.array(features, np.float32)


def _stretches(size: int) -> Iterator[tuple[int, int, int]]:
    """First token, last + 1, and which stretch it is, of a text of `size` tokens."""
    for n in LENGTHS:
        if size > _NEXT_LENGTH * n:
            yield 0, n, BEGINNING
        if size >= (1 + _LEAST_LATER) * n:
            yield n, min(2 * n, size), LATER
    yield 0, size, WHOLE


def _beginnings(ids: Sequence[NDArray[np.int64]]) -> list[int]:
    """For each text the number of the longest text that begins with all its tokens; mostly itself."""
    found = list(range(len(ids)))
    longest: dict[bytes, list[int]] = {}  # by the first tokens
    for number in sorted(range(len(ids)), key=lambda n: -len(ids[n])):
        rivals = longest.setdefault(ids[number][:4].tobytes(), [])
        mine = ids[number]
        found[number] = next((r for r in rivals if np.array_equal(ids[r][: len(mine)], mine)), number)
        if found[number] == number:
            rivals.append(number)
    return found
