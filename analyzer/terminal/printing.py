"""What the command line prints: an analysis, what may come next, the figures of a text that grows, its tree.

A text is hostile: nothing of it reaches the terminal as a control sequence or as rich's own markup.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from analyzer.analysis import Analysis
from analyzer.guided import Session
from analyzer.guided.candidates import TEXT, Candidate, Candidates
from analyzer.guided.chains import depths
from analyzer.guided.tree_export import chain_figures, chain_text, session_chains
from analyzer.markup import BUCKET_LABELS, PALETTES, segment_buckets, visible
from analyzer.series import BITS_PER_NAT
from analyzer.statistics import STATISTICS
from analyzer.terminal.report import likelihood_lines
from analyzer.text.hygiene import summary
from analyzer.wording import ONE_ALONE, cut_phrase

__all__ = [
    "coloured",
    "figures_line",
    "new_console",
    "print_analysis",
    "print_candidates",
    "print_tree",
    "progress",
    "token_cell",
]

_SENTENCES_SHOWN = 5
_CHAIN_SHOWN = 60  # characters of a chain in the tree
_NOTHING = 1e-12  # of a sum of probabilities this much may be rounding

_PALETTE = PALETTES["light"]
# The second cue, for terminals without colour and readers who do not see it.
_CUES = ("", "underline", "bold underline", "bold underline2")
_STYLES = [
    f"{cue} {text} on {ground}" for cue, text, ground in zip(_CUES, _PALETTE.text, _PALETTE.background, strict=True)
]


def new_console() -> Console:
    """Standard output, in colours where it is a terminal that has some."""
    return Console(highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, shown once there is something left to do; silent when not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total > done)

        yield show


def print_analysis(analysis: Analysis, console: Console) -> None:
    """Coloured text, legend and statistics; without colours where the terminal has none."""
    console.print(coloured(analysis))
    legend = Text("\nrank ")
    for label, style in zip(BUCKET_LABELS, _STYLES, strict=True):
        legend.append(f" {label} ", style=style).append(" ")
    console.print(legend)
    info, scores = analysis.model, analysis.scores
    console.print(
        f"\n{len(analysis.text)} characters, {len(scores)} of {len(analysis.tokenization)} tokens scored by "
        f"{info.name} ({info.dtype}, {info.device})",
        markup=False,
    )
    for warning in analysis.warnings:
        console.print(f"Note: {visible(warning)}", markup=False)
    _print_likelihood(analysis, console)
    console.print()
    for statistic in STATISTICS:
        value = analysis.statistics[statistic.name]
        unit = "" if statistic.unit == "1" else f" {statistic.unit}"
        shown = "–" if math.isnan(value) else f"{value:.3f}{unit}"
        line = Text(f"{statistic.name:29} {shown:>13}  ")
        line.append(statistic.description, style="dim")
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)


def coloured(analysis: Analysis, *, last: int | None = None) -> Text:
    """The text, or about its `last` characters, coloured by rank."""
    pieces = segment_buckets(analysis.tokenization, analysis.scores)
    first = 0 if last is None else max(0, len(analysis.text) - last)
    text, end = Text("… " if first else ""), 0
    for piece, bucket in pieces:
        end += len(piece)
        if end > first or not first:
            text.append(visible(piece).replace("⏎", "⏎\n"), style="" if bucket is None else _STYLES[bucket])
    return text


def _print_likelihood(analysis: Analysis, console: Console) -> None:
    """Verdict, interval, p-value, reasons, and the sentences that carry them."""
    found = analysis.likelihood
    console.print()
    console.print(Text(found.verdict, style="bold"), Text(likelihood_lines(found)[0]), sep="   ")
    for line in (*likelihood_lines(found)[1:], *found.reasons):
        console.print(f"  {line}", markup=False)
    if analysis.findings:
        console.print(f"  {summary(analysis.findings)}", markup=False)
        if analysis.cleaned is not None:
            console.print(f"  Without them: {likelihood_lines(analysis.cleaned.likelihood)[0]}", markup=False)
    if found.verdict == "not judged":
        return
    console.print(f"\nSentences that carry it (their share of the log-odds, nats). {ONE_ALONE}", highlight=False)
    sentences = analysis.sentences()
    for sentence in sorted(sentences, key=lambda s: -abs(s.share))[:_SENTENCES_SHOWN]:
        words = visible(" ".join(analysis.text[sentence.start : sentence.end].split()))
        shown = Text(f"  {sentence.share:+6.2f}  {words}")
        shown.truncate(console.width, overflow="ellipsis")
        console.print(shown)
    if (cut := cut_phrase(analysis, sentences)) is not None:
        console.print(f"\n{cut.before}{cut.key}{cut.after}", markup=False, highlight=False)


def token_cell(text: str) -> str:
    """A token as it can be seen in a table.

    >>> token_cell(" to")
    '␣to'
    """
    return visible(text).replace(" ", "␣")


def print_candidates(found: Candidates, console: Console, *, effects: Sequence[float] | None = None) -> None:
    """The list to pick from; with `effects`, what each would do to the log-odds of a machine, nats."""
    table = Table("", "token", box=None, pad_edge=False)
    for name in ("model", "offered", "cumulative", "id", "rank", *([] if effects is None else ["to a machine"])):
        table.add_column(name, justify="right", no_wrap=True)
    for place, one in enumerate(found.listed, 1):
        cells: list[str | Text] = [str(place), Text(_name(one)), f"{one.probability:.2%}", _offered(one.offered)]
        cells += [f"{one.cumulative:.2%}", str(one.token), f"{one.rank:,}"]
        if effects is not None:
            effect = effects[place - 1]
            cells.append("–" if math.isnan(effect) else f"{effect:+.3f}")
        table.add_row(*cells, style="" if one.offered > 0 else "dim")
    others = Text(f"{found.others:,} others")
    table.add_row("", others, f"{found.others_probability:.2%}", _offered(found.others_offered))
    console.print(table)
    console.print(f"Expected surprise of the next token: {found.entropy * BITS_PER_NAT:.2f} bits.")


def _name(one: Candidate) -> str:
    return token_cell(one.text) if one.kind == TEXT else f"{token_cell(one.text)} ({one.kind})"


def _offered(share: float) -> str:
    return f"{share:.2%}" if share > _NOTHING else "filtered out"


def figures_line(now: Analysis, *, start: Analysis | None = None, last: Analysis | None = None) -> str:
    """Likelihood, bits a token and median rank, each with what changed since the start and since the last pick."""
    likelihood = now.likelihood
    parts = [
        f"{len(now.tokenization)} tokens",
        f"{likelihood.verdict}, {likelihood_lines(likelihood)[0]}"
        + _changes(now, start, last, lambda a: 100 * a.likelihood.probability, "{:+.0f} points"),
        f"{now.statistics['surprise_mean'] * BITS_PER_NAT:.2f} bits a token"
        + _changes(now, start, last, lambda a: a.statistics["surprise_mean"] * BITS_PER_NAT, "{:+.2f}"),
        f"median rank {now.statistics['median_rank']:g}"
        + _changes(now, start, last, lambda a: a.statistics["median_rank"], "{:+g}"),
    ]
    return " | ".join(parts)


def _changes(
    now: Analysis, start: Analysis | None, last: Analysis | None, value: Callable[[Analysis], float], form: str
) -> str:
    found = [
        f"{form.format(change)} since the {name}"
        for name, before in (("start", start), ("last pick", last))
        if before is not None and math.isfinite(change := value(now) - value(before))
    ]
    return f" ({', '.join(found)})" if found else ""


def print_tree(session: Session, console: Console) -> None:
    """Each chain on a line, under the numbers of its nodes; the current text's with a star."""
    found = session_chains(session)
    for (chain, current), depth in zip(found, depths(chain for chain, _ in found), strict=True):
        first, final = chain.nodes[0].number, chain.nodes[-1].number
        numbers = str(first) if first == final else f"{first}–{final}"
        text = chain_text(session, chain)
        if len(text) > _CHAIN_SHOWN:
            text = f"{text[: _CHAIN_SHOWN // 2]} … {text[-_CHAIN_SHOWN // 2 :]}"
        here = "  ← here" if chain.nodes[-1] is session.current else ""
        console.print(
            Text(f"{'*' if current else ' '} {'  ' * depth}{numbers}  {text}  ({chain_figures(chain)}){here}")
        )
