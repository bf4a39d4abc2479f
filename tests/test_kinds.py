"""What is no English running prose: languages, programs, lists, verse, tables, loops; and what still is prose."""

import textwrap
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.calibration.kinds import Reason, reasons_not_prose

PROSE = (
    "The harbour was empty when they arrived. Two men sat on the wall with their backs to the sea, sharing a "
    "bottle and "
    "saying nothing. Nobody asked where the boats had gone, because everyone knew; the storm had been in the "
    "papers for "
    "a week, and those who had not believed them had lost more than their nets. She put down her case and waited."
)

# By non-native writers, with their errors; in one register after another: short, telegraphic, archaic, spoken.
ENGLISH = {
    "prose": PROSE,
    "learner": "I dont know what happend but the teacher she say we must write more and i try to do it every "
    "day becouse "
    "english is very important for finding good job in my country. In the other hand, many peoples thinks that is more "
    "better to learn with movies, and I am agree with them for some reasons.",
    "names": "Ludwig van Beethoven met Maria de la Cruz and Jean-Luc du Pont at the Rio de Janeiro conference, where "
    "they were joined by Otto von Bismarck and Leonardo da Vinci for a dinner that none of them would forget.",
    "abstract": "Background: Randomised trial in two centres, patients aged 40-60. Methods: Serum markers were "
    "measured "
    "monthly. Results: Higher doses reduced pain scores significantly (p<0.05). Conclusion: The treatment "
    "appears safe.",
    "archaic": "And it came to pass in those days, that there went out a decree from Caesar Augustus, that all "
    "the world "
    "should be taxed. And all went to be taxed, every one into his own city.",
    "dialogue": "“Where were you?” she asked.\n“Out.”\n“All night?”\n“Most of it.”\nShe put the kettle on and did not "
    "look at him again.\n“There's a letter,” she said. “From your mother.”\n“Burn it.”",
    "figures": "Sales rose 12% to £3.4m in 2019, from £3.0m a year earlier, while the number of shops fell by "
    "14 to 208. "
    "The company said it expected to open at least 20 more by 2021 and to hire 300 people.",
    "quotation": PROSE + " Above the door it said: «Liberté, égalité, fraternité, ou la mort.» " + PROSE,
    "formula": "If x_1 and x_2 are the roots of ax^2 + bx + c = 0, then their sum is -b/a and their product is "
    "c/a, which "
    "one can see by writing out the product of the two factors and comparing what stands before each power of x.",
    "lower case": PROSE.lower().replace(".", "").replace(",", ""),
}
ENGLISH["numbered paragraphs"] = "\n".join(
    f"{n}. {ENGLISH[name]}" for n, name in enumerate(("prose", "learner", "names", "abstract", "archaic", "figures"), 1)
)

LANGUAGES = {
    "German": "Der Mann sitzt im Garten und liest ein Buch. Seine Frau ist in der Stadt, um Brot und Milch zu "
    "kaufen. Am "
    "Abend kommen die Kinder nach Hause, dann essen alle zusammen und reden von dem Tag.",
    "French": "Le lendemain matin, elle se rendit à la gare pour chercher son frère. Le train avait du retard et il "
    "faisait froid sur le quai. Elle se demandait depuis combien de temps elle ne l'avait pas vu.",
    "Spanish": "A la mañana siguiente fue a la estación para recoger a su hermano. El tren venía con retraso y en el "
    "andén hacía frío. Pensaba en el tiempo que llevaba sin verlo y si habría cambiado mucho.",
    "Italian": "La mattina dopo andò alla stazione a prendere suo fratello. Il treno era in ritardo e sul "
    "binario faceva "
    "freddo. Pensava a quanto tempo era passato senza vederlo e se fosse cambiato.",
    "Portuguese": "Na manhã seguinte, ela foi à estação buscar o irmão. O trem estava atrasado e fazia frio na "
    "plataforma. Ela pensava em quanto tempo não o via e se ele teria mudado muito.",
    "Dutch": "De volgende ochtend ging ze naar het station om haar broer op te halen. De trein had vertraging "
    "en het was "
    "koud op het perron. Ze dacht eraan hoe lang ze hem niet had gezien.",
    "Danish": "Næste morgen tog hun til stationen for at hente sin bror. Toget var forsinket, og der var koldt på "
    "perronen. Hun tænkte på, hvor længe siden det var, hun havde set ham.",
    "Finnish": "Seuraavana aamuna hän lähti asemalle hakemaan veljeään. Juna oli myöhässä ja laiturilla oli kylmä.",
    "Croatian without accents": "Sutradan ujutro otisla je na kolodvor po brata. Vlak je kasnio i na peronu je bilo "
    "hladno. Razmisljala je koliko ga dugo nije vidjela i je li se mnogo promijenio.",
    "Turkish": "Ertesi sabah kardeşini almak için istasyona gitti. Tren gecikmişti ve peron soğuktu.",
    "Indonesian": "Keesokan harinya dia pergi ke stasiun untuk menjemput adiknya. Kereta itu terlambat dan udara di "
    "peron sangat dingin. Dia berpikir sudah berapa lama mereka tidak bertemu.",
    "Latin": "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, tertiam qui ipsorum "
    "lingua Celtae, nostra Galli appellantur. Hi omnes lingua, institutis, legibus inter se differunt.",
    "Scots": "The Scots leid is a Germanic leid spaken in the Lawlands o Scotland an in pairts o Ulster. It wis brocht "
    "tae the kintra bi fowk frae Northumbria, an it haes aye been sib tae the English leid, but it gaed its ain gate.",
    "Somali, of which no word is known": "Subaxdii xigtay waxay aaday saldhigga si ay walaalkeed u soo qaado. Tareenku "
    "waa daahay, meeshuna way qabowday. Waxay ka fikirtay muddada ay u kala maqnaayeen iyo in uu isbeddelay. Markii uu "
    "ugu dambayntii yimid, labaduba way ilmeeyeen, dabadeedna guriga ayay isla aadeen.",
    "Russian": "На следующее утро она пошла на вокзал встречать брата. Поезд опаздывал, и на перроне было холодно.",
    "Greek": "Το επόμενο πρωί πήγε στον σταθμό για να πάρει τον αδελφό της. Το τρένο είχε καθυστέρηση.",
    "Chinese": "第二天早上,她去车站接她的弟弟。火车晚点了,站台上很冷。她在想他们有多久没有见面了。",
    "Arabic": "في صباح اليوم التالي ذهبت إلى المحطة لاستقبال أخيها. تأخر القطار وكان الرصيف باردا.",
    "half English": "We went to the market in the morning because my mother wanted fresh fish and some bread for the "
    "evening. Después volvimos a casa y preparamos la comida con mi abuela, que siempre cuenta las mismas historias de "
    "su pueblo. Then everyone sat down and we talked about the old days until it was dark.",
    "mixed within sentences": "Yesterday I was hablando con mi prima about the party, y ella me dijo que no quiere ir "
    "because her ex is going to be there. Pero like, I told her que no se preocupe, we can just bailar y ignorarlo.",
}

PROGRAMS = {
    "Python": "def mean(values):\n    total = 0.0\n    for value in values:\n        total += value\n"
    "    return total / len(values)\n\nif __name__ == '__main__':\n    print(mean([1, 2, 3]))\n",
    "JavaScript": "const items = document.querySelectorAll('li');\nitems.forEach((item) => {\n"
    "  item.addEventListener('click', () => item.classList.toggle('done'));\n});\n",
    "C": "#include <stdio.h>\n\nint main(void) {\n    int i;\n    for (i = 0; i < 10; i++) {\n"
    '        printf("%d\\n", i * i);\n    }\n    return 0;\n}\n',
    "SQL": "SELECT customer.name, SUM(orders.amount) AS total FROM customer\nJOIN orders ON orders.customer_id = "
    "customer.id\nWHERE orders.placed >= '2020-01-01'\nGROUP BY customer.name;\n",
    "HTML": '<div class="card"><h2>News</h2><p>Nothing <b>new</b> today.</p><a href="/more">More</a></div>\n'
    "<ul><li>One</li><li>Two</li></ul>",
    "JSON": '{"name": "Ann", "age": 31, "tags": ["a", "b"], "address": {"street": "Long Lane", "number": 4}}',
    "shell": 'for f in *.txt; do\n  if [ -s "$f" ]; then\n    wc -l "$f" >> counts.log\n  fi\ndone\necho '
    '"$(date)" && exit 0',
    "on one line, spaces between": "< ? php function next ( $ a ) { if ( $ a == 1 ) { return $ a ; } $ b = $ a - 1 ; "
    "return next ( $ b ) ; } ? >",
}

LISTS = {
    "bullets": "Things to bring:\n- a warm coat\n- boots that keep the water out\n- a torch\n- bread for two "
    "days\n- a map",
    "numbers": "1. Fill the kettle with water.\n2. Wait until it boils.\n3. Pour it over the leaves.\n4. Wait again.",
    "shopping": "eggs\nmilk\nbrown bread\nsix apples\nflour\nbutter",
    "bold heads": "* **Speed**: the answer comes at once.\n* **Cost**: it is cheap to run.\n* **Care**: nobody has to "
    "look after it.\n* **Growth**: it scales with the need.",
}

VERSE = {
    "Shakespeare, sonnet 18": "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;\n"
    "Sometime too hot the eye of heaven shines,\nAnd often is his gold complexion dimm'd;\n"
    "And every fair from fair sometime declines,\nBy chance or nature's changing course untrimm'd;\n",
    "Dickinson": "Because I could not stop for Death –\nHe kindly stopped for me –\nThe Carriage held but just "
    "Ourselves –\n"
    "And Immortality.\n\nWe slowly drove – He knew no haste\nAnd I had put away\nMy labor and my leisure too,\n"
    "For His Civility –\n",
    "Blake": "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\n"
    "Could frame thy fearful symmetry?\n\nIn what distant deeps or skies,\nBurnt the fire of thine eyes?\n"
    "On what wings dare he aspire?\nWhat the hand, dare seize the fire?\n",
    "Whitman": "When I heard the learn'd astronomer,\nWhen the proofs, the figures, were ranged in columns before me,\n"
    "When I was shown the charts and diagrams, to add, divide,\nand measure them,\n"
    "How soon unaccountable I became tired and sick,\nTill rising and gliding out I wander'd off by myself,\n",
    "Wordsworth": "I wandered lonely as a cloud\nThat floats on high o'er vales and hills,\nWhen all at once I "
    "saw a crowd,\n"
    "A host, of golden daffodils;\nBeside the lake, beneath the trees,\nFluttering and dancing in the breeze.\n",
}

TABLES = {
    "numbers": "3.1 4.1 5.9 2.6 5.3 5.8 9.7 9.3 2.3 8.4 6.2 6.4 3.3 8.3 2.7",
    "commas": "name,town,age\nAnn,Leeds,thirty\nBob,York,forty\nCid,Hull,fifty\nDan,Ripon,sixty\nEve,Selby,ten\n",
    "bars": "| word | sort | note |\n|---|---|---|\n| red | colour | warm |\n| blue | colour | cold |\n| oak | "
    "tree | old |\n",
    "tabs": "word\tsort\tnote\nred\tcolour\twarm\nblue\tcolour\tcold\noak\ttree\told\nash\ttree\ttall\n",
    "results": "Leeds 3 York 1\nHull 0 Ripon 0\nSelby 2 Leeds 2\nYork 1 Hull 4\nRipon 2 Selby 0\n",
}


def codes(text: str) -> set[str]:
    return {reason.code for reason in reasons_not_prose(text)}


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH)
def test_english_prose_in_many_registers_has_no_reason(text: str) -> None:
    assert reasons_not_prose(text) == ()


@pytest.mark.parametrize("width", [45, 72, 90])
def test_prose_in_lines_of_one_width_is_no_verse(width: int) -> None:
    assert reasons_not_prose(textwrap.fill(PROSE, width)) == ()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *(("not_english", text) for text in LANGUAGES.values()),
        *(("code", text) for text in PROGRAMS.values()),
        *(("list", text) for text in LISTS.values()),
        *(("verse", text) for text in VERSE.values()),
        *(("table_or_numbers", text) for text in TABLES.values()),
        ("repetitive", "He said that he would come back. " * 12),
        ("repetitive", PROSE + " And then the train left the station again." * 25),
    ],
    ids=[*LANGUAGES, *PROGRAMS, *LISTS, *VERSE, *TABLES, "sentence", "loop at the end"],
)
def test_other_kinds_are_recognised(code: str, text: str) -> None:
    assert code in codes(text)


def test_the_reason_is_given_with_its_figure() -> None:
    assert reasons_not_prose(LISTS["numbers"]) == (
        Reason("list", "4 of 4 lines begin with the mark or number of an item."),
    )
    assert reasons_not_prose(LANGUAGES["Russian"])[0].message == "100% of the letters are not Latin."


@pytest.mark.parametrize("text", ["", " \n\n ", "Yes.", "42", "!!!", "Hello, world"])
def test_too_little_to_say(text: str) -> None:
    assert reasons_not_prose(text) == ()


def test_most_real_prose_is_prose(real_texts: list[str]) -> None:
    """The whole count is in the benchmark; here a sample, of which Welsh news and stories in JavaScript are part."""
    called = [text[:60] for text in real_texts if reasons_not_prose(text)]
    assert len(called) <= 0.02 * len(real_texts), called


@given(st.text(alphabet=st.sampled_from("ab éя1 2\n\t|,;{}()=<>/\"'-.$:_*"), max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    reasons = reasons_not_prose(text)
    assert len({reason.code for reason in reasons}) == len(reasons)
    assert all(reason.message.endswith(".") for reason in reasons)


@pytest.mark.parametrize(
    "unit", [" ", "\n", "\n ", "a", "{ ", "<a ", '"', "a=", "- ", "1 ", "| ", "the ", "import ", "é"]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """Eight times the text takes about eight times as long; a square would take 64 times."""

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = 9.0
        for _ in range(2):
            begin = process_time()
            reasons_not_prose(text)
            best = min(best, process_time() - begin)
        return best

    assert seconds(160_000) < 24 * seconds(20_000) + 0.02


def test_wrapped_prose_with_headings_and_indents_is_no_verse() -> None:
    paragraphs = [
        textwrap.fill(f"{text} {PROSE}", 68, initial_indent="  ")
        for text in (ENGLISH["archaic"], ENGLISH["figures"], ENGLISH["names"])
    ]
    text = "\n\n".join(["                            TERMS AND CONDITIONS OF THE WHOLE MATTER", *paragraphs])
    assert reasons_not_prose(text) == ()


def test_wide_spaces_in_sentences_are_no_columns() -> None:
    assert reasons_not_prose(PROSE.replace(". ", ".\n").replace(", ", ",  ").replace(" the ", "  the ")) == ()
