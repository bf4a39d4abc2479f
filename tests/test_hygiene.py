"""Hidden and look-alike characters: what is found, what is left alone, and that nothing else changes."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.text.hygiene import Finding, cleaned, findings, summary

ODD = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u00a0\u2009\u3000\u202e\u200f\u2066\ufe0f\ufe00\U000e0061"
ODD += "\U000e007f\x00\x07\x92"
MIXED = "abcxyAIО оасеурхкмαονΑВІ𝗮𝑥ａＡɑĠé中あא👩💻🏴❤1#\u20e3Жж .,/\n" + ODD
texts = st.one_of(st.text(max_size=80), st.text(alphabet=MIXED, max_size=60))


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in findings(text)]


@pytest.mark.parametrize(
    ("text", "kind", "plain"),
    [
        ("pr\u200bice", "zero-width", "price"),
        ("\ufeffprice", "zero-width", "price"),
        ("a\u2060\u200c\u200db", "zero-width", "ab"),
        ("10\u00a0%", "odd space", "10 %"),
        ("one\u2009two", "odd space", "one two"),
        ("one\u2028two", "odd space", "one\ntwo"),
        ("hy\u00adphen", "soft hyphen", "hyphen"),
        ("a\u202etxt\u202c", "bidi control", "atxt"),
        ("a\u200fb", "bidi control", "ab"),
        ("a\U000e0068\U000e0069", "tag or variation selector", "a"),
        ("a\ufe0fb", "tag or variation selector", "ab"),
        ("a\U000e0100b", "tag or variation selector", "ab"),
        ("a\x00b", "control", "ab"),
        ("it\x92s", "control", "it’s"),
        ("a\x0cb", "control", "a\nb"),
        ("cоpper", "homoglyph", "copper"),
        ("Тhe рrice оf а сору", "homoglyph", "The price of a copy"),
        ("the ѕсоре of it all", "homoglyph", "the scope of it all"),
        ("brеaк", "homoglyph", "break"),
        ("cοpper", "homoglyph", "copper"),  # Greek omicron
        ("wαter αnd fire", "homoglyph", "water and fire"),  # at the end of a word, too, once seen inside one
        ("ցood", "homoglyph", "good"),
        ("ᎳᎻᎪT", "homoglyph", "WHAT"),
        ("this is 𝗯𝗼𝗹𝗱", "homoglyph", "this is bold"),
        ("plain and ｗｉｄｅ", "homoglyph", "plain and wide"),
        ("ɑpple", "homoglyph", "apple"),
    ],
)
def test_found_and_cleaned(text: str, kind: str, plain: str) -> None:
    assert set(kinds(text)) == {kind}
    assert cleaned(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, with tabs\tand\r\nlines.",
        "“Curly” ‘quotes’ – dashes — and an ellipsis… §3 5° £4 €5 ™ ½ ²",
        "naïve café Łódź Ærøskøbing Ångström ﬁne İstanbul ırmak",
        "Это честный русский текст, а не подделка. Он сам, как есть: а, о, с, у.",
        "The word «кот» is Russian for cat, and так is so; сорок is forty.",
        "Αυτό είναι ένα ελληνικό κείμενο. Ο ήλιος και η νύχτα.",
        "The angle α, a mass of 5 µg or μg, 3 Ω, Δx, αB-crystallin, TNFα, IFNγ, NFκB, σ and ρ, Χ².",
        "Let 𝑥 be in 𝐑 and d𝑥 small, with 𝑑𝑦.",
        "日本語のＡとＢ、ＮＨＫ　です。",
        "👩\u200d💻 👨\u200d👩\u200d👧 ❤️ ❤️\u200d🔥 👍🏽 1️⃣ #️⃣ ©️ "
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 🇩🇪",
        "می\u200cخواهم این را بدانم",
        "क्\u200dष और श्री",
        "He said שלום\u200f! and left.",
        "ไทย\u200bภาษา",
        "/ˈɡɑrdən/ and [ɡɑrd] are how it sounds",
        "葛\U000e0100飾",
        "",
    ],
)
def test_honest_text_is_left_alone(text: str) -> None:
    assert findings(text) == ()
    assert cleaned(text) == text


def test_neighbours_of_one_kind_are_one_finding() -> None:
    assert findings("a\u200b\u200cb") == (
        Finding(1, 3, "zero-width", "\u200b\u200c", ("U+200B ZERO WIDTH SPACE", "U+200C ZERO WIDTH NON-JOINER"), ""),
    )


def test_hidden_characters_do_not_part_words() -> None:
    assert cleaned("с\u200bopper") == "copper"


def test_control_characters_are_named() -> None:
    assert findings("\x07")[0].names == ("U+0007 control character",)


def test_only_what_is_asked_for_is_changed() -> None:
    text = "cоpper\u200b"
    assert cleaned(text, [f for f in findings(text) if f.kind == "zero-width"]) == "cоpper"
    assert cleaned(text, []) == text
    assert cleaned(text, reversed(findings(text))) == "copper"


def test_findings_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        cleaned("copper", findings("cоpper"))


def test_summary_counts_characters() -> None:
    text = "а\u200b\u200b сору of it аnd more\u00a0text"
    assert summary(findings(text)) == (
        "2 zero-width characters, 6 letters of other alphabets that look Latin, 1 unusual space."
    )


@given(texts)
def test_each_finding_is_where_it_says(text: str) -> None:
    end = 0
    for finding in findings(text):
        assert end <= finding.start < finding.end <= len(text)
        assert text[finding.start : finding.end] == finding.found
        assert len(finding.names) == len(finding.found)
        end = finding.end


@given(texts)
def test_what_is_not_found_stays(text: str) -> None:
    rest, plain, at = [], cleaned(text), 0
    end = 0
    for finding in findings(text):
        rest.append(text[end : finding.start])
        end = finding.end
    for piece in [*rest, text[end:]]:
        at = plain.index(piece, at) + len(piece)
    if not findings(text):
        assert plain == text


@given(texts)
def test_cleaning_leaves_nothing_to_clean(text: str) -> None:
    assert findings(cleaned(text)) == ()


@pytest.mark.parametrize(
    "unit", ["a", "a\u200b", "сору ", "cо", "\u200b", "🏴\U000e0061", "👩\u200d", "\u3000", "é ", "א\u200f", "α"]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """Eight times the text takes about eight times as long; a square would take 64 times."""

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = 9.0
        for _ in range(2):
            begin = process_time()
            findings(text)
            best = min(best, process_time() - begin)
        return best

    assert seconds(160_000) < 24 * seconds(20_000) + 0.02
