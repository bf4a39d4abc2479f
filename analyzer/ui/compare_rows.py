"""Two drafts cut into rows that begin at the same place of both, so that they can be read side by side.

A row ends with a sentence, or with a line, where both drafts have that end: in words that stayed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from analyzer.ui.compare_view import Table, TableRow, marks
from analyzer.ui.compare_words import bits, said, signed

if TYPE_CHECKING:  # loads torch, and the first paint must not
    from analyzer.comparing.drafts import Stretch

__all__ = ["DraftRow", "Part", "change_data", "changes_table", "draft_rows", "rows_data"]

_LISTED = 15
_LEGEND = [
    ["deleted", "deleted"],
    ["inserted", "inserted"],
    ["replaced", "replaced"],
    ["", "small numbers: bits of surprise added (+) or taken (−) by a change"],
]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch, or a part of one that stayed: what stands in each draft, and the number of the stretch."""

    kind: str
    before: str
    after: str
    stretch: int


@dataclass(frozen=True, slots=True)
class DraftRow:
    """What stands side by side."""

    parts: tuple[Part, ...]

    @property
    def n_before(self) -> int:
        """Characters of the earlier draft."""
        return sum(len(part.before) for part in self.parts)

    @property
    def n_after(self) -> int:
        """Characters of the later draft."""
        return sum(len(part.after) for part in self.parts)


def draft_rows(before: str, after: str, stretches: "Sequence[Stretch]") -> list[DraftRow]:
    """Cut two drafts into rows; the parts join up to each draft."""
    from analyzer.text.sentences import sentences

    ends = [set(sentences(text)[:, 1].tolist()) for text in (before, after)]
    for text, of in zip((before, after), ends, strict=True):
        of |= {at + 1 for at, c in enumerate(text) if c == "\n"}
    rows: list[DraftRow] = []
    parts: list[Part] = []

    def close() -> None:
        if parts:
            rows.append(DraftRow(tuple(parts)))
            parts.clear()

    for n, one in enumerate(stretches):
        if one.kind != "unchanged":
            parts.append(Part(one.kind, one.before, one.after, n))
            if one.before_end in ends[0] and one.after_end in ends[1]:
                close()
            continue
        cuts = [at for at in range(one.before_start + 1, one.before_end) if at in ends[0]]
        start = one.before_start
        for end in [*cuts, one.before_end]:
            piece = before[start:end]
            parts.append(Part(one.kind, piece, piece, n))
            if end in ends[0]:
                close()
            start = end
    close()
    return rows


def change_data(stretches: "Sequence[Stretch]", *, judged: bool) -> dict[int, dict[str, Any]]:
    """What the component tells of each change, by the number of its stretch."""
    return {
        n: {
            "number": n,
            "kind": one.kind,
            "before": said(one.before),
            "after": said(one.after),
            "effect": signed(one.difference),
            "did": _did(one, judged=judged),
        }
        for n, one in enumerate(stretches)
        if one.kind != "unchanged"
    }


def _did(one: "Stretch", *, judged: bool) -> str:
    sides = {"deleted": f"had {bits(one.bits_before)} bits", "inserted": f"has {bits(one.bits_after)} bits"}
    told = [sides.get(one.kind, f"{bits(one.bits_before)} → {bits(one.bits_after)} bits")]
    if one.moved_behind:
        told.append(f"{signed(one.moved_behind)} bits in the words behind it")
    if judged:
        told.append(f"share of the log-odds of a machine {_shares(one)}")
    return " · ".join(told)


def _shares(one: "Stretch") -> str:
    sides = {"deleted": signed(one.share_before, 2), "inserted": signed(one.share_after, 2)}
    return sides.get(one.kind, f"{signed(one.share_before, 2)} → {signed(one.share_after, 2)}")


def changes_table(stretches: "Sequence[Stretch]", *, judged: bool) -> Table:
    """The changes that moved most bits, most first."""
    changed = [(n, one) for n, one in enumerate(stretches) if one.kind != "unchanged"]
    changed.sort(key=lambda pair: -abs(pair[1].difference) if isfinite(pair[1].difference) else 0)
    rows = tuple(
        TableRow(
            (said(one.before) or "–", said(one.after) or "–"),
            (signed(one.difference), signed(one.moved_behind), *([_shares(one)] if judged else [])),
            n,
            n + 1,
        )
        for n, one in changed[:_LISTED]
    )
    total = f" The first {_LISTED} of {len(changed):,}; the file has all." if len(changed) > _LISTED else ""
    return Table(
        "The changes that moved most",
        "Bits of surprise added (+) or taken (−), in the changed words and in the words that stayed behind them."
        + (" Shares: of the log-odds that a machine wrote the draft, in each." if judged else "")
        + total,
        ("earlier", "later", "bits", "bits behind", *(["share of log-odds"] if judged else [])),
        rows,
    )


def rows_data(rows: Sequence[DraftRow], changes: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """What the component draws of some rows, as plain JSON values; parts name their change by its place in a list."""
    here = [changes[part.stretch] for row in rows for part in row.parts if part.stretch in changes]
    place = {change["number"]: i for i, change in enumerate(here)}
    return {
        "rows": [[[part.kind, part.before, part.after, place.get(part.stretch)] for part in row.parts] for row in rows],
        "changes": here,
        "marks": marks(piece for row in rows for part in row.parts for piece in (part.before, part.after)),
        "legend": _LEGEND,
        "hint": "Point at a change, or move with the arrow keys, for what it did.",
    }
