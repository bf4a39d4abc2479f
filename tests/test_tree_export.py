"""A guided text as Markdown, DOT and Mermaid: whatever a text holds is shown and never read as markup."""

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.analysis import Analyzer
from analyzer.guided import Session
from analyzer.guided.tree_export import session_chains, to_dot, to_markdown, to_mermaid
from analyzer.markup import visible
from analyzer.models.toy import ToyModel

MODEL = ToyModel("to be or not to be. ")
HOSTILE = (
    'say "hi"',
    "back\\slash \\n \\l \\N \\",
    'ends with \\"',
    "line\nends\r\nhere\n",
    "# heading\n- item\n1. one\n> quote\n---\n| a | b |",
    "*a* _b_ `c` ``` ~~~~ [x](http://e.org) ![i](j) <b>bold</b> <!-- no -->",
    "````\n```` fence",
    "<script>alert(1)</script> &lt; &amp; &#60; &quot;",
    'n1"]; end; click n0 call x()',
    "%%{init: {'theme':'dark'}}%% %% comment",
    "style a:#b; classDef x:#y;",
    "ﬂ°°60¶ß #quot; #35; #lt;",
    "]}) --> n9 ==> {x} ((y)) |z| ~~~",
    '"]\n    n7["more',
    '"];\n}\ndigraph other { a -> b }',
    "\x1b[31mred\x00\u202eright to left\u200b",
    "    four spaces\n\ttab",
    "👍 naïve 日本語",
)


def guide(prompt: str = "to ") -> Session:
    return Analyzer(MODEL).guide(prompt)


def token(text: str) -> int:
    """The first byte's."""
    return int(MODEL.tokenizer.encode(text).ids[0])


def branched(text: str) -> Session:
    """The text as prompt, as what was written, and as another branch."""
    session = guide(text)
    session.write(text)
    session.sample()
    session.jump(session.start)
    session.write("x" + text)
    return session


# A small reader of what to_dot writes, by the grammar of DOT: IDs, quoted strings in which only \" is an escape of the
# language, attributes, edges.
_DOT_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(->)|([{}\[\]=;,])|([A-Za-z_][A-Za-z_0-9]*|\d+))', re.DOTALL)


def dot_tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _DOT_TOKEN.match(text, at)
        assert match, text[at : at + 40]
        found.append(match[0].strip())
        at = match.end()
    return found


def read_dot(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Nodes with their labels as GraphViz shows them, and edges."""
    labels: dict[str, str] = {}
    edges = []
    tokens = dot_tokens(text)
    assert tokens[:3] == ["digraph", "guided", "{"]
    assert tokens[-1] == "}"
    statement: list[str] = []
    for token in tokens[3:-1]:
        if token != ";":
            statement.append(token)
            continue
        assert not {"{", "}", "digraph"} & set(statement)
        if statement[1:2] == ["->"]:
            edges.append((statement[0], statement[2]))
        elif statement[0] != "node" and "label" in statement:
            quoted = statement[statement.index("label") + 2][1:-1].replace('\\"', '"')
            shown = re.sub(r"\\(.)", lambda found: "\n" if found[1] in "lnr" else found[1], quoted)
            labels[statement[0]] = html.unescape(shown)
        statement = []
    assert not statement
    return labels, edges


def read_mermaid(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Nodes with their labels as Mermaid shows them, and edges; every line must be one of five kinds."""
    first, *lines = text.rstrip("\n").split("\n")
    assert first == "flowchart LR"
    labels, edges = {}, []
    for line in lines:
        if node := re.fullmatch(r'    (n\d+)\["([^"]*)"\]', line):
            assert not re.search(r"[<>]", node[2].replace("<br/>", ""))
            rest = re.sub(r"#(?:\d+|quot);", "", node[2].replace("<br/>", ""))
            assert not re.search(r"[!-/:-@\[-`{-~ﬂ°¶ß]", rest)
            entities = node[2].replace("<br/>", "\n").replace("#quot;", "#34;")
            labels[node[1]] = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), entities)
        elif edge := re.fullmatch(r"    (n\d+) (?:-->|==>) (n\d+)", line):
            edges.append((edge[1], edge[2]))
        else:
            assert re.fullmatch(r"    (?:classDef (?:current|here) \S[^\"]*|class n\d+ (?:current|here))", line), line
    return labels, edges


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("write", "read"), [(to_dot, read_dot), (to_mermaid, read_mermaid)])
def test_pictures_hold_every_chain_and_edge_as_shown(write, read, text):
    session = branched(text)
    labels, edges = read(write(session))
    found = session_chains(session)
    assert len(labels) == len(found)
    for chain, _ in found:
        label = labels[f"n{chain.number}"]
        if len(chain.text) < 200:
            assert squeezed(visible(chain.text)) in squeezed(label)
        assert "\n" in label  # wrapped, and the figures on a line of their own
    assert edges == [(f"n{chain.parent}", f"n{chain.number}") for chain, _ in found if chain.parent is not None]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_pictures_of_any_text_can_be_read(text):
    session = guide(text)
    session.pick(token("b"))
    (label, *_), _ = (list(part) for part in (read_dot(to_dot(session))[0].values(), ()))
    assert squeezed(visible(text)) in squeezed(label)
    (label, *_), _ = (list(part) for part in (read_mermaid(to_mermaid(session))[0].values(), ()))
    assert squeezed(visible(text)) in squeezed(label)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_keeps_the_text_in_a_fence_and_the_list_in_lines(text):
    session = branched(text)
    found = to_markdown(session)
    head, branches = found.split("\n## Branches\n\n", 1) if "\n## Branches" in found else (found, "")
    for part in (text, session.text):
        shown = re.sub(r"[^\n\t]+", lambda run: visible(run[0]), part)
        assert re.search(r"(`{3,})text\n" + re.escape(shown) + r"\n\1\n", head)
    fences = re.findall(r"^(`{3,})text$", head, re.MULTILINE)
    assert all(len(fence) > max(map(len, re.findall("`+", text)), default=0) for fence in fences)
    lines = branches.rstrip("\n").split("\n")
    assert len(lines) == len(session_chains(session))
    for line in lines:
        assert re.match(r"(?:  )*- (?:\*\*\d+\*\*|\d+)(?: after \d+)?: ", line)
        inside = line.split("“", 1)[-1].rsplit("”", 1)[0] if "“" in line else ""
        assert not re.search(r"[!-/:-@\[-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", inside))
    assert "\x1b" not in found
    assert "\u202e" not in found


def test_markdown_says_who_chose_what_and_where_one_is():
    session = guide("to ")
    place = session.write("be")
    session.write(" or")
    session.jump(place)
    session.write("d")
    assert to_markdown(session).split("## Branches\n\n")[1].splitlines()[:3] == [
        "- **0**: “to ” (pasted, 3 tokens, 0.44 bits a token)".replace(
            "0.44", f"{session_chains(session)[0][0].mean_surprise / 0.6931471805599453:.2f}"
        ),
        f"- **1** after 0: “be” (user, 2 tokens, {_bits(session, 1)} bits a token)",
        f"  - 2 after 1: “ or” (user, 3 tokens, {_bits(session, 2)} bits a token)",
    ]
    assert to_markdown(session).rstrip().endswith("bits a token) **you are here**")
    assert to_markdown(session).count("you are here") == 1


def _bits(session: Session, number: int) -> str:
    return f"{session_chains(session)[number][0].mean_surprise / 0.6931471805599453:.2f}"


def test_context_ends_and_parts_of_characters_are_named():
    session = Analyzer(MODEL).guide("to", context="be *it*")
    session.pick(token("é"))
    assert "part of a character" in to_markdown(session)
    session.undo()
    session.pick(MODEL.end_ids[0])
    found = to_markdown(session)
    assert "## What stood before it\n\n```text\nbe *it*\n```" in found
    assert ": end of text (user, 1 token, " in found
    labels, _ = read_dot(to_dot(session))
    assert any("end of text" in label for label in labels.values())


def test_the_current_text_is_marked_in_pictures():
    session = branched("to")
    dot, mermaid = to_dot(session), to_mermaid(session)
    assert dot.count("peripheries=2") == 1
    assert dot.count(" [penwidth=3]") == mermaid.count("==>") == 1
    assert mermaid.count(" here\n") == 1


def test_a_long_chain_is_cut_in_a_picture_and_whole_in_markdown():
    session = guide("to be or not " * 100)
    assert " … " in read_dot(to_dot(session))[0]["n0"].replace("\n", " ")
    assert len(to_mermaid(session)) < 1000
    assert "to be or not " * 100 in to_markdown(session)


@pytest.mark.skipif(not Path("/usr/bin/dot").exists(), reason="needs GraphViz")
@pytest.mark.parametrize("text", HOSTILE)
def test_graphviz_reads_it(text, tmp_path):
    import subprocess

    file = tmp_path / "tree.dot"
    file.write_text(to_dot(branched(text)), encoding="utf-8")
    subprocess.run(["/usr/bin/dot", "-Tsvg", str(file)], check=True, capture_output=True)
