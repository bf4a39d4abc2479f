"""What kind of text it is, as far as it bears on whether a likelihood fitted to English running prose speaks about it.

A few shares that anyone can count again, each with one threshold; several reasons may hold at once. Thresholds were set
on the 7,636 labelled texts, nearly all English prose of people and machines, and on program files; the figures are
printed by ``python tests/benchmarks/kinds.py``.

Of the labelled texts 32 (0.42 %) are called something else. 13 of them are human, of 3,828: five in Welsh and eight of
program code, none in error. Of the 19 by machines ten repeat themselves. Of 1,010 excerpts from program files 96.0 %
are called code or a table; 28 of the other 40 are of Python, much of it documentation.

For the language, py3langid 0.4.0 (4.5 MB) was compared. On every third labelled text it, too, called Welsh alone not
English; it needs no list (it named Somali), but it took Scots, and Spanish mixed into English, for English.

Not seen: verse or lists whose line breaks are lost; code that is a small part of a text, or mostly comments; languages
of which no small word is listed, where they use English letters only and the text has less than 40 words.

>>> for reason in reasons_not_prose("eggs\\nmilk\\nbrown bread\\nsix apples\\nflour"):
...     print(reason.code, "-", reason.message)
list - 5 of 5 lines are short entries that do not end like sentences.
>>> reasons_not_prose("It was late. She put the book on the table and went to bed.")
()
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

__all__ = ["Code", "Reason", "reasons_not_prose"]

Code = Literal["not_english", "code", "list", "verse", "table_or_numbers", "repetitive"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a text is not English running prose: a code for programs, a sentence with the figure for a person."""

    code: Code
    message: str


_FEWEST_WORDS = 10  # below, a share of words says nothing
_FOREIGN_LETTERS = 0.20  # of the letters outside the Latin alphabet; the labelled texts have 0.041 at most
_ACCENTED_WORDS = 0.12  # of the words
_PASSAGE = 20  # words: short enough to find a foreign part, long enough to hold some small words of its language
_FOREIGN_SMALL_WORDS = 0.10  # of the words of a passage, where they are more than the English ones
_DIALECT_SMALL_WORDS = 0.20  # of the words of a passage, however many are English, as in Scots
_FOREIGN_PASSAGES = 0.25  # of the words
_ENGLISH_SMALL_WORDS = 0.02  # of the words, where no other language is recognised
_CODE_MARKS = 0.15  # per word
_FEWEST_LINES = 4
_ITEMS = 0.5  # of the words stand in such lines; so for verse and tables
_LONGEST_ITEM = 30  # words on average; longer ones are paragraphs with a mark in front
_NUMBERS = 0.25  # of what white space parts
_REPEATED = 0.5  # of the runs of four words
_RUN = 4


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Common English words that no other language in the list below has among its common ones ("in", "was", "he" are left
# out: Dutch, German, Spanish have them too).
_ENGLISH = _words(
    "the and that it with you this from they which their there were been are but not has she would what when if about "
    "could your these than been into our some more because how where after other being through while should those "
    "don't it's i'm did then only between during both against its just like very much many any every each might why "
    "of to have who his said him them my"
)
# The commonest small words of other languages in Latin letters, less those that English texts hold, too: also as ends
# that were parted from their word (I 've) or letters that were not set (im, i).
_OTHERS = _words(
    # Spanish, Portuguese, Italian, French, Catalan, Romanian
    "de la el los las que y en un una por para del se su como más pero está es le les des et est une dans qui pour pas "
    "sur avec il elle ce je vous nous au aux du ne di che della dei non sono gli o os em não uma com ao seu foi mais "
    "amb els és și să este cu pe din lui è alla nel "
    # German, Dutch, Afrikaans, Swedish, Danish, Norwegian, Icelandic
    "der das und ist nicht ein eine mit von zu dem auf sich auch wie wir ich sie het een niet dat zijn voor ook "
    "aan wordt nie vir och att det som är inte för og er ikke til på av af við sem ekki "
    # Polish, Czech, Croatian, Hungarian, Finnish, Estonian, Turkish
    "się nie jest że w z na je že v su da az és hogy nem egy ja ei oli että ning ve bir bu için çok "
    # Indonesian, Tagalog, Swahili, Vietnamese, Latin, Welsh, Irish, Scots
    "yang dan ini itu dengan untuk ang ng sa mga wa kwa ni katika và của là có không cum sed ut quod atque "
    "yn yr ac ei wrth mae wedi gan agus ag tae frae fae wis wi hae nae aw maist thay whilk oot aboot "
    "bi ain haes gaed sae ane mony ither fowk doon hame noo hoose dinna cannae didnae wisna whit yer"
)

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_OF_A_NAME = re.compile(
    r"\b([A-Z][^\W\d_]*) (?:(?:de|du|da|di|del|dos|la|las|los|le|el|von|van|zu|den|der) ){1,3}(?=[A-Z])"
)
_MARK = re.compile(  # what programs have and prose has not; each is worth one
    r"""\w\(|\w\[|\)\.\w|[!=<>+*/-]=|=>|->|::|&&|\|\||\w_\w|[a-z][A-Z][a-z]|[{};]\s*$|[{}]|\w\s?=\s?[\w"'\[{(]"""
    r"""|</?\w[^<>\n]{0,80}>|/\*|\*/|//|"[\w -]{1,40}"\s?:|\$\w|\$\(|\s--?[a-z]\w*\s|\]\("""
    r"""|^[^\S\n]*(?:def|class|import|from|return|if|elif|else|for|while|try|except|function|const|let|var|public"""
    r"""|private|static|void|int|struct|package|use|\#\s*include|\#\s*define|@\w+)\b[^.?!\n]{0,80}[:;{()}]"""
    r"""|\b(?:SELECT|INSERT\ INTO|CREATE\ TABLE|WHERE|FROM|VALUES|NOT\ NULL|PRIMARY\ KEY|VARCHAR|JOIN)\b""",
    re.MULTILINE,
)
_ITEM = re.compile(r"\s*(?:[-*+•‣·–o]|\[[ xX]\]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])\s+")
_COLUMNS = re.compile(r"\t|\||(?<=\S) {2,}(?=\S)|,(?=\S)|;(?=\S)")
_SENTENCE_END = re.compile(r"[.!?…:][\"'”’»)\]*_]*\Z")


def reasons_not_prose(text: str) -> tuple[Reason, ...]:
    """Why `text` is not English running prose; empty if nothing says so, as for very short texts. Linear time."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    plain = _OF_A_NAME.sub(r"\1 ", text)  # "Maria de la Cruz" is no Spanish
    words = [word.lower().replace("’", "'") for word in _WORD.findall(plain)]
    code = _is_code(text, words)
    found = (
        None if code else _not_english(text, words),  # the words of a program are none of a language
        code,
        _is_table(text, lines),
        _is_list(lines) or _is_verse(text, lines),
        _is_repetitive(words),
    )
    return tuple(reason for reason in found if reason)


def _not_english(text: str, words: list[str]) -> Reason | None:
    letters = sum(c.isalpha() for c in text)
    foreign = sum(c.isalpha() and c > "\u024f" and not "\u1e00" <= c <= "\u1eff" for c in text)  # all Latin lies below
    if foreign > _FOREIGN_LETTERS * letters and foreign >= _FEWEST_WORDS:
        return Reason("not_english", f"{foreign / letters:.0%} of the letters are not Latin.")
    if len(words) < _FEWEST_WORDS:
        return None
    accented = sum(not word.isascii() for word in words) / len(words)
    if accented > _ACCENTED_WORDS:
        return Reason("not_english", f"{accented:.0%} of the words have letters that English does not use.")
    in_passages = 0
    for first in range(0, len(words), _PASSAGE):
        passage = words[first : first + _PASSAGE]
        other = sum(word in _OTHERS for word in passage)
        least = _FOREIGN_SMALL_WORDS if other > sum(word in _ENGLISH for word in passage) else _DIALECT_SMALL_WORDS
        if other >= max(least * len(passage), 2):
            in_passages += len(passage)
    if in_passages > _FOREIGN_PASSAGES * len(words):
        share = in_passages / len(words)
        return Reason("not_english", f"{share:.0%} of the words stand in passages with small words of other languages.")
    english = sum(word in _ENGLISH for word in words) / len(words)
    if english < _ENGLISH_SMALL_WORDS and len(words) >= 2 * _PASSAGE:
        return Reason("not_english", f"{english:.0%} of the words are common English ones (the, and, of …).")
    return None


def _is_code(text: str, words: list[str]) -> Reason | None:
    marks = sum(1 for _ in _MARK.finditer(text))
    if marks <= max(_CODE_MARKS * len(words), _FEWEST_LINES):
        return None
    return Reason("code", f"{marks:,} marks of program code (brackets, operators, tags) beside {len(words):,} words.")


def _is_table(text: str, lines: list[str]) -> Reason | None:
    parts = text.split()
    numbers = sum(any(c.isdigit() for c in part) for part in parts)
    if numbers > _NUMBERS * len(parts) and len(parts) >= _FEWEST_WORDS:
        return Reason("table_or_numbers", f"{numbers / len(parts):.0%} of the words are or hold numbers.")
    columns = [_has_columns(line) for line in lines]
    if sum(columns) >= _FEWEST_LINES and _share_of_words(lines, columns) > _ITEMS:
        return Reason("table_or_numbers", f"{sum(columns)} of {len(lines)} lines are set in columns.")
    return None


def _has_columns(line: str) -> bool:
    marks = len(_COLUMNS.findall(line))
    return marks >= 2 and ("|" in line or "\t" in line or len(line.split()) <= 4 * (marks + 1))


def _is_list(lines: list[str]) -> Reason | None:
    items = [bool(_ITEM.match(line)) for line in lines]
    words = sum(len(line.split()) for line, item in zip(lines, items, strict=True) if item)
    enough = sum(items) >= _FEWEST_LINES
    if enough and _share_of_words(lines, items) > _ITEMS and words <= _LONGEST_ITEM * sum(items):
        return Reason("list", f"{sum(items)} of {len(lines)} lines begin with the mark or number of an item.")
    entries = [len(line.split()) <= 5 and not _SENTENCE_END.search(line[-8:]) for line in lines]
    if sum(entries) >= _FEWEST_LINES and _share_of_words(lines, entries) > 0.8 and sum(map(_comma, lines)) <= 1:
        return Reason("list", f"{sum(entries)} of {len(lines)} lines are short entries that do not end like sentences.")
    return None


def _is_verse(text: str, lines: list[str]) -> Reason | None:
    """Short lines broken at will: many are no whole sentences, many had room for the next word, or all begin large."""
    if len(lines) < _FEWEST_LINES:
        return None
    short = [len(line) <= 70 and 2 <= len(line.split()) <= 14 for line in lines]
    unfinished = sum(not _SENTENCE_END.search(line[-8:]) for line in lines)
    width = sorted(map(len, lines))[int(0.9 * (len(lines) - 1))]  # a tenth may be longer: tables, headings
    pairs = [(len(a.rstrip()), b.split()[0]) for a, b in pairwise(text.splitlines()) if a.strip() and b.strip()]
    room = sum(length + 1 + len(word) <= width for length, word in pairs)
    large = sum(word.lstrip("\"'“‘([")[:1].isupper() for _, word in pairs)
    at_will = room > 0.4 * max(len(pairs), 1) or large > 0.8 * max(len(pairs), 1)
    if _share_of_words(lines, short) > 0.8 and unfinished > 0.4 * len(lines) and at_will:
        return Reason("verse", f"{unfinished} of {len(lines)} lines are short and end before the sentence does.")
    return None


def _is_repetitive(words: list[str]) -> Reason | None:
    runs = list(zip(*(words[i:] for i in range(_RUN)), strict=False))
    repeated = len(runs) - len(set(runs))
    if len(runs) < 2 * _FEWEST_WORDS or repeated <= _REPEATED * len(runs):
        return None
    share = repeated / len(runs)
    return Reason("repetitive", f"{share:.0%} of the runs of {_RUN} words occur a second time in the text.")


def _comma(line: str) -> bool:
    return line.endswith((",", ";", "—", "-"))


def _share_of_words(lines: list[str], chosen: list[bool]) -> float:
    counts = [len(line.split()) for line in lines]
    return sum(n for n, yes in zip(counts, chosen, strict=True) if yes) / max(sum(counts), 1)
