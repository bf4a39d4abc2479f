"""The controls of the sampler: each shapes what is offered, and none asks the model anything."""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

import streamlit as st

from analyzer.errors import AnalyzerError
from analyzer.ui.guide_data import shown
from analyzer.ui.guide_state import desk
from analyzer.ui.words import plain

if TYPE_CHECKING:  # these load torch, and the first paint must not
    from analyzer.guided import Session
    from analyzer.sampling import Sampler
    from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

__all__ = ["order_named", "show_sampler", "show_steps"]

_TRANSFORMERS, _LLAMA, _OWN = "transformers: temperature first", "llama.cpp: temperature last", "as loaded"
_OTHER = "own settings"
# Keys of st.session_state for the widgets begin so; the rest is the setting's name.
_KEY = "sampler-"
_SHOWN = "shown-sampler"  # key of st.session_state: the sampler that the widgets show
_NUMBERS: Mapping[str, tuple[str, float, float, float, str]] = {
    # name: label, lowest, highest, step, help
    "min_p": ("Min-p", 0.0, 1.0, 0.01, "Keep tokens at least this times as likely as the likeliest; 0 keeps all."),
    "typical_p": ("Typical-p", 0.01, 1.0, 0.01, "Keep the tokens nearest to the expected surprise; 1 keeps all."),
    "epsilon": ("Epsilon", 0.0, 0.9, 0.0001, "Keep tokens at least so likely; 0 keeps all."),
    "eta": ("Eta", 0.0, 0.9, 0.0001, "As epsilon, less strict where the model is unsure; 0 keeps all."),
    "repetition_penalty": ("Repetition penalty", 0.01, 100.0, 0.05, "Divides logits of used tokens; 1 is off."),
    "frequency_penalty": ("Frequency penalty", -1000.0, 1000.0, 0.1, "Taken from a logit for each use; 0 is off."),
    "presence_penalty": ("Presence penalty", -1000.0, 1000.0, 0.1, "Taken from a logit if used; 0 is off."),
    "heat_per_use": ("Heat per use", 0.0, 1000.0, 0.05, "A used token’s own temperature grows by this per use."),
    "heat_if_used": ("Heat if used", 0.0, 1000.0, 0.05, "A used token’s own temperature is 1 plus this."),
}
_GREEN_SHARE = 0.25
_SYNTH_ID_KEYS = "654, 400, 836, 123, 340, 443, 597, 160, 57, 29"  # any numbers do; both sides must know them


def show_steps(session: "Session") -> None:
    """Say what the sampler does, in the order in which it does it."""
    steps = " → ".join(["the model’s probabilities", *session.sampler.steps(), "draw"])
    st.caption(f"**Sampler:** {plain(steps)}")


def show_sampler(session: "Session") -> None:
    """Draw the controls."""
    from analyzer.sampling import PRESETS

    sampler = session.sampler
    # Another session may be here since; and the widgets of a page that was left may be gone.
    if st.session_state.get(_SHOWN) != sampler or _key("temperature") not in st.session_state:
        _into_widgets(sampler)
    current = next((name for name, preset in PRESETS.items() if preset == sampler), _OTHER)
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    # Buttons: a box that the page sets and the reader too would take an answer of the one for a wish of the other.
    with left.popover(f"Preset: {current}", width="stretch", key=_key("presets")):
        for name in PRESETS:
            st.button(name, key=_key(f"preset-{name}"), on_click=_take_preset, args=(name,), width="stretch")
    right.number_input(
        "Top-k", 0, step=1, key=_key("top_k"), on_change=_take, args=("top_k",), persist_state="session",
        help="Keep the k likeliest tokens; 0 keeps all.",
    )  # fmt: skip
    left, right = st.columns(2, gap="small")
    # What a file may have and a widget does not go to, it goes to then.
    left.slider(
        "Temperature", 0.0, max(2.0, float(sampler.temperature)), step=0.05, key=_key("temperature"), on_change=_take,
        args=("temperature",), persist_state="session",
        help="Under 1 likely tokens become likelier; above 1 all become more alike; 0 takes the likeliest.",
    )  # fmt: skip
    right.slider(
        "Top-p", min(0.01, float(sampler.top_p)), 1.0, step=0.01, key=_key("top_p"), on_change=_take, args=("top_p",),
        persist_state="session", help="Keep the likeliest tokens that together reach this probability; 1 keeps all.",
    )  # fmt: skip
    with st.expander("More of the sampler"):
        _show_more(session)


def _show_more(session: "Session") -> None:
    orders = [_TRANSFORMERS, _LLAMA, *([_OWN] if _order_name(session.sampler.order) == _OWN else [])]
    st.selectbox(
        "Order of the steps", orders, key=_key("order"), on_change=_take, args=("order",), persist_state="session",
        help="The same settings keep other tokens in another order.",
    )  # fmt: skip
    columns = st.columns(2, gap="small")
    for i, (name, (label, low, high, step, about)) in enumerate(_NUMBERS.items()):
        value = float(getattr(session.sampler, name))
        columns[i % 2].number_input(
            label, min(low, value), max(high, value), step=step, format="%.4g", key=_key(name), on_change=_take,
            args=(name,), help=about, persist_state="session",
        )  # fmt: skip
    columns[1].number_input(
        "No repeated n-gram", 0, max(100, session.sampler.no_repeat_ngram), step=1, key=_key("no_repeat_ngram"),
        on_change=_take, args=("no_repeat_ngram",), persist_state="session",
        help="No n tokens in a row come twice; 0 is off.",
    )  # fmt: skip
    _show_bias(session)
    _show_watermark(session.sampler)


def _show_bias(session: "Session") -> None:
    left, middle, right = st.columns([2, 1, 1], gap="small", vertical_alignment="bottom")
    left.text_input("Bias on a word", key=_key("word"), help="With a space before it, as words stand in a text.")
    middle.number_input("Bias", -100.0, 100.0, -2.0, step=0.5, key=_key("bias"), help="−100 forbids it.")
    right.button("Add", key="sampler-add-bias", on_click=_add_bias, width="stretch")
    for i, (ids, bias) in enumerate(session.sampler.logit_bias):
        word = shown("".join(session.model.tokenizer.text_of(token) for token in ids))
        how = "forbidden" if bias == -inf else f"{bias:+g}".replace("-", "−")
        st.button(
            f"{plain(word)}: {how}", key=f"sampler-drop-bias-{i}", on_click=_drop_bias, args=(i,),
            icon=":material/close:", help="Take this bias away",
        )  # fmt: skip


def _show_watermark(sampler: "Sampler") -> None:
    kind = st.selectbox(
        "Watermark", ("none", "KGW", "SynthID"), key=_key("watermark"), on_change=_take, args=("watermark",),
        persist_state="session", help="A mark that who knows the key finds again.",
    )  # fmt: skip
    if kind == "KGW":
        columns = st.columns(3, gap="small")
        # A text box: a key may be larger than the whole numbers of a browser.
        columns[0].text_input(
            "Key", key=_key("kgw_key"), on_change=_take, args=("kgw_key",), persist_state="session"
        )  # fmt: skip
        share = float(getattr(sampler.watermark, "greenlist_ratio", _GREEN_SHARE))
        columns[1].number_input(
            "Green share", min(0.01, share), max(0.99, share), step=0.05, key=_key("kgw_share"), on_change=_take,
            args=("kgw_share",), persist_state="session",
        )  # fmt: skip
        columns[2].number_input(
            "Strength", 0.0, max(100.0, float(sampler.watermark_bias)), step=0.5, key=_key("kgw_bias"), on_change=_take,
            args=("kgw_bias",), persist_state="session",
        )  # fmt: skip
    elif kind == "SynthID":
        st.text_input(
            "Keys, whole numbers with commas", key=_key("synth_keys"), on_change=_take, args=("synth_keys",),
            persist_state="session",
        )  # fmt: skip


# From the widgets to the sampler and back


def _take(name: str) -> None:
    """Let one widget's setting be the sampler's: the others stay, whatever their widgets can show.

    What cannot be leaves a message and the sampler as it was.
    """
    from dataclasses import replace

    here = desk()
    if here is None:
        return
    here.message = ""
    try:
        here.session.sampler = replace(here.session.sampler, **_from_widget(name, here.session.sampler))
    except AnalyzerError as error:
        here.message = str(error)
        return
    _into_widgets(here.session.sampler)  # some have other bounds now, and forget what they show


def _take_preset(name: str) -> None:
    from analyzer.sampling import PRESETS

    here = desk()
    if here is not None:
        here.message = ""
        here.session.sampler = PRESETS[name]
        _into_widgets(PRESETS[name])


def _add_bias() -> None:
    from dataclasses import replace

    here, word = desk(), st.session_state[_key("word")]
    if here is None or not word:
        return
    here.message = ""
    bias = st.session_state[_key("bias")]
    session = here.session
    try:
        ids = tuple(session.model.tokenizer.encode(word).ids.tolist())
        others = [entry for entry in session.sampler.logit_bias if entry[0] != ids]
        session.sampler = replace(session.sampler, logit_bias=(*others, (ids, -inf if bias == -100 else float(bias))))
        st.session_state[_key("word")] = ""
    except AnalyzerError as error:
        here.message = str(error)


def _drop_bias(number: int) -> None:
    from dataclasses import replace

    here = desk()
    if here is not None:
        sampler = here.session.sampler
        kept = tuple(entry for i, entry in enumerate(sampler.logit_bias) if i != number)
        here.session.sampler = replace(sampler, logit_bias=kept)


def _from_widget(name: str, before: "Sampler") -> dict[str, Any]:
    value: Any = st.session_state[_key(name)]
    match name:
        case "top_k":
            return {"top_k": int(value) or None}
        case "no_repeat_ngram":
            return {"no_repeat_ngram": int(value)}
        case "order":
            return {"order": order_named(value) or before.order}
        case "kgw_bias":
            return {"watermark_bias": float(value)}
        case "watermark" | "kgw_key" | "kgw_share" | "synth_keys":
            return {"watermark": _mark(name, before)}
        case _:
            return {name: float(value)}


def _mark(name: str, before: "Sampler") -> "KGWKey | SynthIDKey | None":
    """The key of the watermark; what no widget shows of the one before stays."""
    from dataclasses import replace

    from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

    state: Any = st.session_state
    mark, kind = before.watermark, state[_key("watermark")]
    if kind == "KGW":
        key = mark if isinstance(mark, KGWKey) else KGWKey()
        if name == "kgw_key":
            key = replace(key, hashing_key=_whole_numbers("Key", state[_key(name)])[0])
        return replace(key, greenlist_ratio=float(state[_key(name)])) if name == "kgw_share" else key
    if kind == "SynthID":
        keys = _whole_numbers("Keys", state.get(_key("synth_keys"), _SYNTH_ID_KEYS))
        return replace(mark, keys=keys) if isinstance(mark, SynthIDKey) else SynthIDKey(keys=keys)
    return None


def _whole_numbers(name: str, typed: str) -> tuple[int, ...]:
    from analyzer.errors import InputError

    try:
        return tuple(int(number) for number in typed.split(","))
    except ValueError as error:
        raise InputError(f"{name}: got {typed!r}.", hint="Give whole numbers with commas between them.") from error


def _into_widgets(sampler: "Sampler") -> None:
    from analyzer.sampling.watermark_keys import KGWKey, SynthIDKey

    state: Any = st.session_state
    for name in (*_NUMBERS, "temperature", "top_p"):
        state[_key(name)] = float(getattr(sampler, name))
    state[_key("top_k")] = sampler.top_k or 0
    state[_key("no_repeat_ngram")] = sampler.no_repeat_ngram
    state[_key("order")] = _order_name(sampler.order)
    mark = sampler.watermark
    state[_key("watermark")] = {KGWKey: "KGW", SynthIDKey: "SynthID"}.get(type(mark), "none")
    key = mark if isinstance(mark, KGWKey) else KGWKey()
    state[_key("kgw_key")], state[_key("kgw_share")] = str(key.hashing_key), float(key.greenlist_ratio)
    state[_key("kgw_bias")] = float(sampler.watermark_bias)
    state[_key("synth_keys")] = ", ".join(map(str, mark.keys)) if isinstance(mark, SynthIDKey) else _SYNTH_ID_KEYS
    state[_SHOWN] = sampler


def order_named(name: str) -> tuple[str, ...] | None:
    """The steps in the order of a program; None for an order that is neither's.

    llama.cpp applies the temperature after all that filters (its default ``--samplers``): penalties, top-k, typical-p,
    top-p, min-p, temperature. The steps that it does not have stay beside their relatives.
    """
    from analyzer.sampling import ORDER

    if name == _TRANSFORMERS:
        return ORDER
    if name != _LLAMA:
        return None
    filters = ("top_k", "typical_p", "top_p", "min_p", "epsilon", "eta")
    first = tuple(step for step in ORDER if step not in (*filters, "temperature", "watermark"))
    return (*first, *filters, "temperature", "watermark")


def _order_name(order: tuple[str, ...]) -> str:
    return next((name for name in (_TRANSFORMERS, _LLAMA) if order_named(name) == order), _OWN)


def _key(name: str) -> str:
    return _KEY + name
