"""Around the list of candidates: a word looked up and written, whole continuations, places by number, downloads."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.guide_data import WHO, shown
from analyzer.ui.guide_state import Desk, act, begin_search, desk
from analyzer.ui.words import plain
from analyzer.wording import percent

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.guided import Session
    from analyzer.guided.candidates import Candidates

__all__ = ["found_in_words", "show_downloads", "show_find", "show_numbers", "show_search"]

_FIND, _PASSAGE = "guide-find", "guide-passage"


def show_find(here: Desk) -> None:
    """A box for any word: how likely it is here, and a button that writes it; a larger one for free text."""
    if here.session.ended:
        return
    st.text_input(
        "Another word", key=_FIND, placeholder="Any word, likely or not", autocomplete="off",
        help="How likely it is to come next, as typed and with a space before it. “/” in the list jumps here.",
    )  # fmt: skip
    typed = st.session_state[_FIND]
    ways = [typed] if not typed or typed[0].isspace() else [f" {typed}", typed]
    answers = st.container()  # there before there are any: the box for a passage stays open
    for i, text in enumerate(ways if typed else []):
        with answers.container(horizontal=True, vertical_alignment="center", gap="small"):
            try:
                st.markdown(_looked_up(here, text), width="stretch")
            except AnalyzerError as error:
                st.caption(str(error))
                continue
            st.button("Write it", key=f"guide-write-{i}", on_click=_write, args=(text, _FIND))
    with st.expander("Write a passage"):
        st.text_area("Text to go on with", key=_PASSAGE, height=90, label_visibility="collapsed")
        st.button("Write on", key="guide-write-passage", on_click=lambda: _write(st.session_state[_PASSAGE], _PASSAGE))


def _looked_up(here: Desk, text: str) -> str:
    """As `found_in_words`; each run of the page asks, and the model is asked once."""
    place = here.session.current.number, text
    if place not in here.found:
        here.found[place] = found_in_words(here.session, text)
    return here.found[place]


def found_in_words(session: "Session", text: str) -> str:
    """How likely a text is to come next, and which tokens before it would become others.

    Raises
    ------
    InputError
        If it cannot be written here.
    """
    found = session.find(text)
    name = f"**{plain(shown(text))}**"
    before = session.tree.text(found.after)
    if found.after is not session.current:
        old = session.text[len(before) :]
        name += f" as {plain(shown(old + text))} in place of {plain(shown(old))}"
    if len(found.tokens) == 1:
        return f"{name}: rank {found.ranks[0]:,}, {_tiny(found.probability)}"
    ranks = ", ".join(f"{rank:,}" for rank in found.ranks[:6]) + (", …" if len(found.ranks) > 6 else "")
    return f"{name}: {len(found.tokens)} tokens, ranks {ranks}; together {_tiny(found.probability)}"


def _tiny(p: float) -> str:
    """A probability of a token: never 0, as none is."""
    return percent(p) if p >= 1e-4 else "under 0.01\u00a0%"


def _write(text: str, key: str) -> None:
    act(lambda session: session.write(text))
    here = desk()
    if here is not None and not here.message:
        st.session_state[key] = ""


def show_search(here: Desk) -> None:
    """Continuations as a whole: the likeliest of several drawn, or what a beam search finds."""
    with st.expander("Best of several, beam search"):
        left, right = st.columns(2, gap="small")
        count = int(left.number_input("How many", 1, 16, 4, key="guide-count", persist_state="session"))
        length = int(right.number_input("Tokens", 1, 200, 12, key="guide-length", persist_state="session"))
        with st.container(horizontal=True):
            best = st.button(
                "Best of", key="guide-best-of", disabled=here.session.ended,
                help="Draw so many continuations and go on with the likeliest; the others stay in the tree.",
            )  # fmt: skip
            beam = st.button(
                "Beam search", key="guide-beam", disabled=here.session.ended,
                help="Go on with what a beam search of this width finds likeliest under the model.",
            )  # fmt: skip
        st.caption("Longer and more takes longer.")
    if best or beam:
        begin_search(lambda s, tell: (s.beam if beam else s.best_of)(count, length, progress=tell))
        st.rerun()


def show_numbers(here: Desk, found: "Candidates | None") -> None:
    """Everything that the list, the text and the tree do, with plain widgets."""
    session = here.session
    with st.expander("By number"):
        if found is not None:
            st.number_input("Candidates to list", 5, 50, 10, step=5, key="guide-rows", persist_state="session")
            last = len(found.listed)
            number = int(st.number_input(f"Candidate, 1 to {last}", 1, last, key="guide-candidate"))
            token = found.listed[number - 1].token
            st.button("Pick it", key="guide-pick", on_click=act, args=(lambda s: s.pick(token),))
        path = session.tree.path(session.current)
        if path:
            number = int(st.number_input(f"Token, 1 to {len(path)}", 1, len(path), len(path), key="guide-token"))
            node = path[number - 1]
            with st.container(horizontal=True):
                st.button("Go here", key="guide-jump", on_click=act, args=(lambda s: s.jump(node),))
                st.button("Choose another here", key="guide-branch", on_click=act, args=(lambda s: s.branch(node),))
        leaves = [one for one in session.tree.nodes if one.parent is not None and not session.tree.children(one)]
        if len(leaves) > 1:
            chosen = st.selectbox(
                "End of a branch",
                [leaf.number for leaf in leaves[-100:]],
                format_func=lambda n: _ending(session, n),
                key="guide-leaf",
            )
            leaf = session.tree.nodes[chosen]
            st.button("Go to it", key="guide-go-leaf", on_click=act, args=(lambda s: s.jump(leaf),))


def _ending(session: "Session", number: int) -> str:
    node = session.tree.nodes[number]
    return f"…{shown(session.tree.text(node)[-40:])} ({WHO[node.chooser]})"


def show_downloads(here: Desk) -> None:
    """Files are made when somebody asks for them."""
    session = here.session
    files: tuple[tuple[str, Callable[[], str], str, str], ...] = (
        ("Session (JSON)", lambda: _session_json(session), "session.json", "application/json"),
        ("Text", lambda: session.text, "text.txt", "text/plain"),
        ("Markdown", lambda: _export(session, "markdown"), "tree.md", "text/markdown"),
        ("DOT", lambda: _export(session, "dot"), "tree.dot", "text/vnd.graphviz"),
        ("Mermaid", lambda: _export(session, "mermaid"), "tree.mmd", "text/plain"),
    )
    with st.popover("Save", icon=":material/download:"):
        st.caption("A session can be opened here again. The others are the text, and its tree to look at.")
        for label, make, name, kind in files:
            st.download_button(label, make, name, kind, key=f"guide-{name}", on_click="ignore", width="stretch")


def _session_json(session: "Session") -> str:
    from analyzer.guided.session_file import to_json

    return to_json(session)


def _export(session: "Session", form: str) -> str:
    from analyzer.guided import tree_export

    made: str = getattr(tree_export, f"to_{form}")(session)
    return made
