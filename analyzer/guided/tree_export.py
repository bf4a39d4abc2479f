"""A guided text to take away: as Markdown, for GraphViz, for Mermaid. All tokens and branches, as chains.

A text is hostile: what it holds is shown, and never read as markup. Control characters are shown as symbols, line ends
inside labels as ``⏎``.
"""

import re
import string
import textwrap
from collections.abc import Callable
from math import isnan

from analyzer.guided import Session
from analyzer.guided.candidates import END
from analyzer.guided.chains import Chain, chains, depths
from analyzer.markup import visible
from analyzer.series import BITS_PER_NAT

__all__ = ["chain_figures", "chain_text", "session_chains", "to_dot", "to_markdown", "to_mermaid"]

_WIDTH = 40  # characters a line in a picture
_BEGINNING, _ENDING = 160, 60  # characters of a long chain in a picture: it is there for the overview


def session_chains(session: Session) -> tuple[tuple[Chain, bool], ...]:
    """The chains of a session, each with whether it is part of the current text."""
    path = {0, *(node.number for node in session.tree.path(session.current))}
    found = chains(session.tree, breaks=(session.start, session.current))
    return tuple((chain, chain.nodes[-1].number in path) for chain in found)


def to_markdown(session: Session) -> str:
    """Prompt, current text, and the list of all chains; numbers of the current text's are bold.

    A list goes one level in at each branching; a chain that goes on alone stays on its level.
    Each says what it follows.
    """
    parts = ["# A guided text", f"Model: {_escaped(session.model.info.name)}. Seed: {session.seed}."]
    if session.context is not None:
        parts += ["## What stood before it", _fenced(session.context)]
    parts += ["## Prompt", _fenced(session.tree.text(session.start)), "## Text", _fenced(session.text), "## Branches"]
    found = session_chains(session)
    lines = []
    for (chain, current), depth in zip(found, depths(chain for chain, _ in found), strict=True):
        number = f"**{chain.number}**" if current else str(chain.number)
        after = "" if chain.parent is None else f" after {chain.parent}"
        here = " **you are here**" if chain.nodes[-1] is session.current else ""
        lines.append(
            f"{'  ' * depth}- {number}{after}: {_escaped(chain_text(session, chain))} ({chain_figures(chain)}){here}"
        )
    return "\n\n".join([*parts, "\n".join(lines)]) + "\n"


def to_dot(session: Session) -> str:
    """A directed graph in GraphViz's DOT; the current text is drawn bold, its end with a double border."""
    lines = ["digraph guided {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for chain, current in session_chains(session):
        bold = ", penwidth=3" if current else ""
        here = ", peripheries=2" if chain.nodes[-1] is session.current else ""
        # "\l" ends a line that stands on the left
        lines.append(f'  n{chain.number} [label="{_label(session, chain, _dot_escaped, chr(92) + "l")}"{bold}{here}];')
        if chain.parent is not None:
            lines.append(f"  n{chain.parent} -> n{chain.number}{' [penwidth=3]' if current else ''};")
    return "\n".join([*lines, "}"]) + "\n"


def to_mermaid(session: Session) -> str:
    """A Mermaid flowchart; the current text has thick borders, its end a dashed one."""
    lines = ["flowchart LR"]
    current_ones = []
    for chain, current in session_chains(session):
        lines.append(f'    n{chain.number}["{_label(session, chain, _mermaid_escaped, "<br/>")}"]')
        if chain.parent is not None:
            lines.append(f"    n{chain.parent} {'==>' if current else '-->'} n{chain.number}")
        if current:
            current_ones.append(chain)
    lines.append("    classDef current stroke-width:3px")
    lines.append("    classDef here stroke-width:3px,stroke-dasharray:6 3")
    for chain in current_ones:
        lines.append(f"    class n{chain.number} {'here' if chain.nodes[-1] is session.current else 'current'}")
    return "\n".join(lines) + "\n"


def chain_text(session: Session, chain: Chain) -> str:
    """What a chain adds, quoted and visible; or what it is where it adds no text."""
    parts = [f"“{visible(chain.text)}”"] if chain.text else []
    last = chain.nodes[-1]
    if last.parent is not None and last.token is not None and session.kind(last.token) == END:
        parts.append("end of text")
    return ", ".join(parts) or ("the beginning" if chain.parent is None else "part of a character")


def chain_figures(chain: Chain) -> str:
    """Who chose it, how many tokens, and how surprising they are."""
    n = sum(node.token is not None for node in chain.nodes)
    surprise = "" if isnan(chain.mean_surprise) else f", {chain.mean_surprise * BITS_PER_NAT:.2f} bits a token"
    return f"{chain.chooser}, {n} {'token' if n == 1 else 'tokens'}{surprise}"


def _label(session: Session, chain: Chain, escaped: Callable[[str], str], line_end: str) -> str:
    text = chain_text(session, chain)
    if len(text) > _BEGINNING + _ENDING:
        text = f"{text[:_BEGINNING]} … {text[-_ENDING:]}"
    lines = [*textwrap.wrap(text, _WIDTH), f"{chain.number}: {chain_figures(chain)}"]
    return "".join(escaped(line) + line_end for line in lines)


def _fenced(text: str) -> str:
    """A block of code behind a fence longer than any in the text; its lines stay lines, its tabs tabs."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    shown = re.sub(r"[^\n\t]+", lambda found: visible(found[0]), text)
    return f"{fence}text\n{shown}\n{fence}"


def _escaped(text: str) -> str:
    """CommonMark: any punctuation of ASCII may stand behind a backslash, and is then no markup."""
    return re.sub(f"([{re.escape(string.punctuation)}])", r"\\\1", text)


def _dot_escaped(text: str) -> str:
    """In DOT a backslash, a quote and, as labels know HTML's entities, an ampersand."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


# Mermaid has entities for what it would read otherwise: quotes, HTML, %%{directives}%%, Markdown's lists. Inside it
# marks them by ﬂ°…¶ß, so those are written as entities too.
_ENTITIES = {ord(c): f"#{ord(c)};" for c in string.punctuation + "ﬂ°¶ß"} | {ord('"'): "#quot;"}


def _mermaid_escaped(text: str) -> str:
    return text.translate(_ENTITIES)
