r"""Hidden and look-alike characters: what a reader cannot see in a text, and what a plain text would have there.

Nothing here changes a text unasked: ``findings`` reports, ``cleaned`` applies. Typography (curly quotes, dashes, the
ellipsis) is never reported, nor are other alphabets used as such, Greek letters as symbols (α, µ, TNFα), joiners where
a script or an emoji needs them, or direction marks beside letters that run from right to left.

A letter is a homoglyph where it looks like a Latin letter and either stands in a word with Latin letters, or the whole
word consists of such letters in a text that is Latin otherwise. Not seen: words of Latin letters only (rn for m, l for
I), digits, and a whole word in a text that also quotes that alphabet honestly.

>>> text = "The pr\u200bice of cоpper."
>>> for f in findings(text):
...     print(f.start, f.end, f.kind, f.names, repr(f.replacement))
6 7 zero-width ('U+200B ZERO WIDTH SPACE',) ''
15 16 homoglyph ('U+043E CYRILLIC SMALL LETTER O',) 'o'
>>> cleaned(text)
'The price of copper.'
>>> summary(findings(text))
'1 zero-width character, 1 letter of another alphabet that looks Latin.'
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal, get_args

__all__ = ["Finding", "Kind", "cleaned", "findings", "summary"]

Kind = Literal[
    "zero-width",
    "homoglyph",
    "odd space",
    "soft hyphen",
    "bidi control",
    "tag or variation selector",
    "control",
]

_WORDING: dict[str, tuple[str, str]] = {
    "zero-width": ("zero-width character", "zero-width characters"),
    "homoglyph": ("letter of another alphabet that looks Latin", "letters of other alphabets that look Latin"),
    "odd space": ("unusual space", "unusual spaces"),
    "soft hyphen": ("soft hyphen", "soft hyphens"),
    "bidi control": ("direction control", "direction controls"),
    "tag or variation selector": ("tag or variation selector", "tags or variation selectors"),
    "control": ("control character", "control characters"),
}

_HIDDEN: dict[str, str] = {  # kind -> its characters, as the inside of a regular expression's class
    "zero-width": r"\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0",
    "odd space": r"\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000",
    "soft hyphen": r"\u00ad",
    "bidi control": r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f",
    "tag or variation selector": r"\u180b-\u180d\ufe00-\ufe0f\U000e0000-\U000e01ef",
    "control": r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufff9-\ufffb",
}
_KIND_PATTERN = re.compile("|".join(f"(?P<k{n}>[{chars}])" for n, chars in enumerate(_HIDDEN.values())))
_KINDS: tuple[Kind, ...] = get_args(Kind)
_HIDDEN_KINDS = tuple(kind for kind in _KINDS if kind in _HIDDEN)

_WORD = re.compile(r"[^\W\d_]+")

# Unicode's confusables.txt (UTS #39), single letters whose target is one Latin letter, of the alphabets that have been
# used to disguise Latin text; capitals are mapped to capitals (the file sends all of I, l and 1 to l).
_LOOK_ALIKES = {
    pair[0]: pair[1]
    for row in (
        "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ҮY ӀI ԌG ԜW ѴV",
        "аa еe оo рp сc уy хx ѕs іi јj һh ԁd ԛq ԝw ѵv ӏl үy",
        "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa γy ιi νv οo ρp σo υu ϲc ϳj ϹC ͿJ",
        "ՍU ՏS ՕO գq զq հh ոn ռn սu ցg օo",
        "ᎠD ᎡR ᎢT Ꭵi ᎩY ᎪA ᎫJ ᎬE ᎳW ᎷM ᎻH ᎽY ᏀG Ꮒh ᏃZ Ꮟb ᏒR ᏔW ᏕS ᏙV ᏚS ᏞL ᏟC ᏢP ᏦK Ꮷd ᏳG ᏴB",
        "ꮁr ꮃw ꮓz ꮩv ꮪs ꮯc",
        "ⲎH ⲒI ⲔK ⲘM ⲚN ⲞO ⲟo ⲢP ⲣp ⲤC ⲥc ⲦT ⲨY ⲬX ⲅr",
        "ꓐB ꓑP ꓒd ꓓD ꓔT ꓖG ꓗK ꓙJ ꓚC ꓜZ ꓝF ꓟM ꓠN ꓡL ꓢS ꓣR ꓦV ꓧH ꓪW ꓫX ꓬY ꓮA ꓰE ꓲI ꓳO ꓴU",
        "ɑa ɡg",
    )
    for pair in row.split()
}
# Alike enough to pass inside a Latin word, but so common in Russian that a whole word of them proves nothing.
_ALIKE_IN_A_WORD = {"к": "k", "м": "m", "н": "h", "т": "t", "в": "b", "г": "r", "п": "n", "и": "u"}
_SYMBOLS = frozenset("αγινρσυ")  # Greek letters that science sets before and behind Latin ones


@dataclass(frozen=True, slots=True)
class Finding:
    """One run of hidden or look-alike characters: ``text[start:end]``.

    Attributes
    ----------
    start, end : int
        Half-open code-point offsets.
    kind : Kind
        What it is.
    found : str
        The characters.
    names : tuple[str, ...]
        Code point and Unicode name of each.
    replacement : str
        What a plain text would have there; empty for nothing.
    """

    start: int
    end: int
    kind: Kind
    found: str
    names: tuple[str, ...]
    replacement: str


def findings(text: str) -> tuple[Finding, ...]:
    """Hidden and look-alike characters of `text`, in order; neighbours of one kind are one finding. Linear time.

    Examples
    --------
    >>> findings("“Naïve” — 👩‍💻, TNFα, Это тоже текст…")
    ()
    """
    hidden = list(_hidden(text))
    places = sorted(chain(hidden, _homoglyphs(text, [place for place, _, plain in hidden if not plain])))
    runs: list[tuple[int, Kind, list[str]]] = []  # first offset, kind, replacement of each character
    for place, kind, replacement in places:
        if runs and runs[-1][1] == kind and runs[-1][0] + len(runs[-1][2]) == place:
            runs[-1][2].append(replacement)
        else:
            runs.append((place, kind, [replacement]))
    return tuple(
        Finding(
            start,
            start + len(parts),
            kind,
            found := text[start : start + len(parts)],
            tuple(f"U+{ord(c):04X} {_name(c) or 'control character'}" for c in found),
            "".join(parts),
        )
        for start, kind, parts in runs
    )


def cleaned(text: str, found: Iterable[Finding] | None = None) -> str:
    r"""`text` with the replacements of `found`, or of all its findings; what is not found stays as it is.

    Raises
    ------
    ValueError
        If `found` was not made from `text`.

    Examples
    --------
    >>> cleaned("10 %\u00a0of \ufeffit")
    '10 % of it'
    """
    pieces, end = [], 0
    for finding in findings(text) if found is None else sorted(found, key=lambda f: f.start):
        if finding.start < end or text[finding.start : finding.end] != finding.found:
            raise ValueError(f"found: expected findings of this text, got {finding} that does not fit it")
        pieces += [text[end : finding.start], finding.replacement]
        end = finding.end
    return "".join([*pieces, text[end:]])


def summary(found: Iterable[Finding]) -> str:
    """How many characters of each kind, as one line for a person.

    Examples
    --------
    >>> summary([])
    'No hidden or look-alike characters.'
    """
    counts = Counter[str]()
    for finding in found:
        counts[finding.kind] += len(finding.found)
    parts = [f"{counts[kind]:,} {_WORDING[kind][counts[kind] > 1]}" for kind in _KINDS if counts[kind]]
    return f"{', '.join(parts)}." if parts else "No hidden or look-alike characters."


# Characters that are not seen


def _hidden(text: str) -> Iterator[tuple[int, Kind, str]]:
    """Offset, kind and replacement of each hidden character that nothing around it calls for."""
    if text.isascii() and text.isprintable():
        return
    right_to_left: bool | None = None  # is looked up once, and only where it matters
    kept = -1  # the last hidden character that was left standing: what may carry on an emoji
    for match in _KIND_PATTERN.finditer(text):
        place, char = match.start(), match.group()
        kind = _HIDDEN_KINDS[int((match.lastgroup or "k0")[1:])]
        before = text[place - 1 : place] if place else ""
        if before and place - 1 != kept and _KIND_PATTERN.match(before):
            before = ""  # a neighbour that goes calls for nothing
        after = text[place + 1 : place + 2]
        if kind == "bidi control" and char not in "\u202d\u202e" and not "\u206a" <= char <= "\u206f":
            if right_to_left is None:
                right_to_left = any(c.isalpha() and unicodedata.bidirectional(c) in ("R", "AL") for c in text)
            proper = right_to_left
        elif kind in ("zero-width", "tag or variation selector"):
            proper = _joins(char, before, after) or _selects(char, text, place, before, after)
        else:
            proper = char == "\u3000" and (_wide(before) or _wide(after))
        if proper:
            kept = place
        else:
            yield place, kind, _plain(char, kind)


def _joins(char: str, before: str, after: str) -> bool:
    """Whether a script or an emoji needs this joiner or break."""
    if char == "\u200d" and _is_emoji(after):
        return _is_emoji(before) or before == "\ufe0f"
    if char in "\u200c\u200d":
        return _in(_JOINING, before) and (char == "\u200d" or _in(_JOINING, after))
    return char == "\u200b" and _in(_UNSPACED, before) and _in(_UNSPACED, after)


def _selects(char: str, text: str, place: int, before: str, after: str) -> bool:
    """Whether a variation selector or tag has something before it that it selects a form of."""
    if not before:
        return False
    if char in "\ufe0e\ufe0f":
        if before in "0123456789#*":
            return after == "\u20e3"  # keycaps
        return unicodedata.category(before) in ("So", "Sm") or before in "‼⁉〰〽㊗㊙"
    if "\U000e0020" <= char <= "\U000e007f":  # flags of regions: a black flag, tags, the closing tag
        return before == "🏴" or ("\U000e0020" <= before <= "\U000e007e" and _in_flag(text, place))
    if char <= "\u180d":
        return _script(before) == "MONGOLIAN"
    return char >= "\ufe00" and (
        _script(before) in ("CJK", "PHAGS-PA", "MYANMAR") or unicodedata.category(before) == "Sm"
    )


def _in_flag(text: str, place: int) -> bool:
    return "🏴" in text[max(place - 8, 0) : place]  # the longest tag in use has 7 characters, the last one included


def _plain(char: str, kind: Kind) -> str:
    """What a plain text would have in place of a hidden character."""
    if char in "\u2028\u2029\x0b\x0c\x85":
        return "\n"
    if kind == "odd space":
        return " "
    if "\x80" <= char <= "\x9f":  # what is left of Windows-1252 text that was read as Latin-1
        return char.encode("latin-1").decode("cp1252", errors="ignore")
    return ""


# Letters that look like others


def _homoglyphs(text: str, hidden: list[int]) -> Iterator[tuple[int, Kind, str]]:
    """Offset, kind and Latin letter of each homoglyph; characters at `hidden` do not part words."""
    if text.isascii():
        return
    edges = [-1, *hidden, len(text)]
    bare = "".join(text[a + 1 : b] for a, b in pairwise(edges))
    words = [(m.start(), m.group()) for m in _WORD.finditer(bare)]
    foreign = [(start, word) for start, word in words if not word.isascii()]
    scripts = {_script(c) for _, word in foreign for c in word}
    honest = {_script(c) for _, word in foreign for c in word if not _latin_of(c) and c not in _ALIKE_IN_A_WORD}
    honest |= {"FULLWIDTH"} if honest & {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"} else set()
    if not scripts - {"LATIN"}:
        return
    latin_text = sum(any(_script(c) == "LATIN" for c in word) for _, word in words) * 2 > len(words)
    found: list[tuple[int, str, bool]] = []  # place in `bare`, letter, whether it may be a symbol
    for start, word in foreign:
        others = [i for i, c in enumerate(word) if _script(c) != "LATIN"]
        mixed = len(others) < len(word)
        if not others or (start and bare[start - 1] in "/[ˈ"):  # phonetic transcription
            continue
        if mixed and not all(_latin_of(word[i]) or word[i] in _ALIKE_IN_A_WORD for i in others):
            continue
        if mixed and 2 * len(others) > len(word) and _script(word[others[0]]) in honest:
            continue  # a word of that alphabet with a Latin letter in it
        if not mixed and not (latin_text and _disguised(word, honest)):
            continue
        ends = (0, len(word) - 1)
        plain = "".join(_latin_of(c) or _ALIKE_IN_A_WORD.get(c, c) for c in word)
        lower = sum("a" <= c <= "z" for c in plain) > 2
        for i in others:
            symbol = mixed and (word[i] in _SYMBOLS or _script(word[i]) == "MATHEMATICAL")
            found.append((start + i, word[i], symbol and (i in ends or not lower)))
    certain = {letter for _, letter, symbol in found if not symbol}  # inside one word: then a disguise elsewhere, too
    shift = 0
    for place, letter, symbol in found:
        while shift < len(hidden) and hidden[shift] - shift <= place:
            shift += 1
        if not symbol or letter in certain:
            yield place + shift, "homoglyph", _latin_of(letter) or _ALIKE_IN_A_WORD[letter]


def _disguised(word: str, honest: set[str]) -> bool:
    """Whether a word without Latin letters, in a Latin text, is a Latin word in disguise."""
    script = _script(word[0])
    if script in honest or not all(_latin_of(c) for c in word):
        return False
    if script in ("GREEK", "MATHEMATICAL"):  # symbols come alone and in pairs
        return len(word) > 2
    return script != "FULLWIDTH" or len(word) > 1


@lru_cache(maxsize=4096)
def _latin_of(char: str) -> str:
    """The ASCII letter that a letter of another alphabet looks like; empty for none."""
    if char in _LOOK_ALIKES:
        return _LOOK_ALIKES[char]
    if "\uff21" <= char <= "\uff5a" or "\U0001d400" <= char <= "\U0001d7cb":  # fullwidth, mathematical
        plain = unicodedata.normalize("NFKC", char)
        plain = _LOOK_ALIKES.get(plain, plain)
        return plain if plain.isascii() and plain.isalpha() else ""
    return ""


_JOINING = re.compile(
    "ARABIC|SYRIAC|NKO|MONGOLIAN|DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA"
    "|KHMER|MYANMAR|TIBETAN"
)
_UNSPACED = re.compile("THAI|LAO|KHMER|MYANMAR|TIBETAN|JAVANESE|BALINESE")


def _name(char: str) -> str:
    return unicodedata.name(char, "")


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    """First word of a character's Unicode name, for letters their script; ``ɑ`` and ``ɡ`` count as one of their own."""
    if char in ("ɑ", "ɡ"):
        return "LATIN ALPHA AND G"
    name = _name(char) if char else ""
    if name.startswith(("MICRO", "FEMININE", "MASCULINE", "MODIFIER", "KELVIN", "ANGSTROM")):
        return "LATIN"  # µ, ª, º and their like: signs of Latin text
    return name.split(" ")[0]


def _in(scripts: re.Pattern[str], char: str) -> bool:
    return scripts.fullmatch(_script(char)) is not None


def _wide(char: str) -> bool:
    return bool(char) and unicodedata.east_asian_width(char) == "W"


def _is_emoji(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) == "So" or "\U0001f3fb" <= char <= "\U0001f3ff")
