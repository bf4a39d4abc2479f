"""The commands of ``analyzer guide``: each a function of the desk and of what stands behind its name.

Each says whether the session is to be shown again. What cannot be done is an ``AnalyzerError`` with one clear sentence.
"""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from analyzer.errors import InputError
from analyzer.guided import Session
from analyzer.guided.candidates import CONTROL
from analyzer.guided.session_file import to_json
from analyzer.guided.tree_export import to_dot, to_markdown, to_mermaid
from analyzer.markup import visible
from analyzer.sampling import PRESETS, Sampler
from analyzer.terminal.desk import Desk, node_of, two_numbers, whole_number
from analyzer.terminal.interrupts import interruptible, stoppable
from analyzer.terminal.printing import print_analysis, print_tree, progress

__all__ = ["obey"]

_HELP = """\
NUMBER        pick from the list          =WORD, w TEXT  write it, spaces as typed: "= of" is " of"
Enter, s      let the sampler draw        / WORD         how likely it is to come next, spaces as typed
r N           draw N tokens, Ctrl-C stops g              pick the model's first guess
stop TEXT     let r stop behind TEXT, as typed; stop alone: behind nothing
u [N]         go back                     t              the tree with the numbers of its nodes
j N           jump to node N              b N            branch: go to before node N
best C N      of C continuations of N tokens the likeliest     beam W N   beam search of width W
e             show or hide what each token would do to the log-odds of a machine
k N           length of the list          figures        the whole analysis
set NAME VALUE, set    one of the sampler's settings, or all    preset NAME, preset    settings by name
save FILE     to go on later with --load  export FILE    .md, .dot (GraphViz), .mmd (Mermaid) or .txt
              a ! behind the name writes over what is there
?             this                        q, quit        leave"""

_EXPORTS: dict[str, Callable[[Session], str]] = {
    ".md": to_markdown,
    ".dot": to_dot,
    ".mmd": to_mermaid,
    ".txt": lambda session: session.text,
}


def obey(desk: Desk, line: str) -> bool:
    """Do one command; whether to show the session again.

    Raises
    ------
    AnalyzerError
        If it cannot be done.
    """
    line = line.lstrip()
    word, _, rest = line.rstrip().partition(" ")
    if line.startswith("="):
        return _write(desk, line[1:])
    if line.startswith("w "):
        return _write(desk, line[2:])
    if line.startswith("stop "):
        return _stop(desk, line[5:])
    if line.startswith("/"):
        return _find(desk, line[1:])
    if word.isdecimal():
        return _pick(desk, word)
    if word not in _COMMANDS:
        raise InputError(f"There is no command “{word}”.", hint="Type ? for all of them.")
    return _COMMANDS[word](desk, rest.strip())


def _write(desk: Desk, text: str) -> bool:
    desk.session.write(text)
    return True


def _find(desk: Desk, text: str) -> bool:
    found = desk.session.find(text)
    names = [desk.session.model.tokenizer.text_of(token) for token in found.tokens]
    parts = [
        f"“{visible(name)}” rank {rank:,}, {100 * p:.3g} %"
        for name, rank, p in zip(names, found.ranks, found.probabilities, strict=True)
    ]
    together = f"; together {found.probability:.3g}" if len(parts) > 1 else ""
    elsewhere = (
        "" if found.after is desk.session.current else f" (behind node {found.after.number}: the last tokens change)"
    )
    desk.say("; ".join(parts) + together + elsewhere)
    return False


def _pick(desk: Desk, word: str) -> bool:
    listed = desk.listing.listed if desk.listing else ()
    number = whole_number(word)
    if number > len(listed):
        raise InputError(f"There is no {number} in the list.", hint="Pick one that is there, or write =WORD.")
    desk.session.pick(listed[number - 1].token)
    return True


def _guess(desk: Desk, _: str) -> bool:
    listed = desk.session.candidates(1 + len(desk.session.model.tokenizer.control_ids)).listed
    desk.session.pick(next(one.token for one in listed if one.kind != CONTROL))
    return True


def _sample(desk: Desk, _: str) -> bool:
    desk.session.sample()
    return True


def _run(desk: Desk, rest: str) -> bool:
    n = whole_number(rest)
    with interruptible() as stopped, progress() as show:
        run = desk.session.run(n, stop=desk.stop, progress=show, stopped=stopped)
    desk.say(f"{len(run.nodes)} tokens: {run.reason}.")
    return True


def _stop(desk: Desk, text: str) -> bool:
    desk.stop = (text,) if text else ()
    desk.say(f"A run stops behind “{visible(text)}”." if text else "A run stops behind no text.")
    return False


def _best(desk: Desk, rest: str) -> bool:
    count, length = two_numbers(rest, "best")
    with stoppable() as show:
        desk.session.best_of(count, length, progress=show)
    return True


def _beam(desk: Desk, rest: str) -> bool:
    width, length = two_numbers(rest, "beam")
    with stoppable() as show:
        desk.session.beam(width, length, progress=show)
    return True


def _undo(desk: Desk, rest: str) -> bool:
    desk.session.undo(whole_number(rest or "1"))
    return True


def _tree(desk: Desk, _: str) -> bool:
    print_tree(desk.session, desk.console)
    return False


def _jump(desk: Desk, rest: str) -> bool:
    desk.session.jump(node_of(desk, rest))
    return True


def _branch(desk: Desk, rest: str) -> bool:
    desk.session.branch(node_of(desk, rest))
    return True


def _effects(desk: Desk, _: str) -> bool:
    desk.effects = not desk.effects
    return True


def _length(desk: Desk, rest: str) -> bool:
    desk.k = whole_number(rest)
    return True


def _set(desk: Desk, rest: str) -> bool:
    sampler = desk.session.sampler
    name, _, given = rest.partition(" ")
    if not name:
        for field in fields(Sampler):
            desk.say(f"{field.name} = {getattr(sampler, field.name)}")
        return False
    name = name.replace("-", "_")
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        value = given.split(",") if name == "order" else None if given in ("none", "off") else given
    desk.session.sampler = Sampler.from_dict(sampler.to_dict() | {name: value})
    return True


def _preset(desk: Desk, rest: str) -> bool:
    fitting = [name for name in PRESETS if name.lower().startswith(rest.lower())]
    if not rest or len(fitting) != 1:
        raise InputError(f"preset: got “{rest}”.", hint=f"Give one of: {'; '.join(PRESETS)}.")
    desk.session.sampler = PRESETS[fitting[0]]
    return True


def _figures(desk: Desk, _: str) -> bool:
    print_analysis(desk.session.analysis(), desk.console)
    return False


def _save(desk: Desk, rest: str) -> bool:
    return _keep(desk, rest, to_json)


def _export(desk: Desk, rest: str) -> bool:
    suffix = Path(rest.removesuffix("!").rstrip()).suffix
    if suffix not in _EXPORTS:
        raise InputError(f"export: got “{rest}”.", hint=f"Give a file that ends in one of: {', '.join(_EXPORTS)}.")
    return _keep(desk, rest, _EXPORTS[suffix])


def _help(desk: Desk, _: str) -> bool:
    desk.say(_HELP)
    return False


_COMMANDS: dict[str, Callable[[Desk, str], bool]] = {
    "": _sample, "s": _sample, "r": _run, "g": _guess, "u": _undo, "t": _tree, "j": _jump, "b": _branch, "e": _effects,
    "k": _length, "stop": _stop, "set": _set, "preset": _preset, "best": _best, "beam": _beam, "figures": _figures,
    "save": _save, "export": _export, "?": _help, "w": _write,
}  # fmt: skip


def _keep(desk: Desk, given: str, rendering: Callable[[Session], str]) -> bool:
    name = given.removesuffix("!").rstrip()
    if not name:
        raise InputError("There is no file named.", hint="Give a name behind the command.")
    rendered = rendering(desk.session)
    try:
        file = Path(name).expanduser()
        with file.open("w" if given.endswith("!") else "x", encoding="utf-8", newline="") as out:
            out.write(rendered)
    except FileExistsError as error:
        raise InputError(f"{name} is there already.", hint="Put a ! behind the name to write over it.") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{name} cannot be written: {error}.", hint="Name another file.") from error
    desk.say(f"Written: {visible(str(file))}")
    return False
