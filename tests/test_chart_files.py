"""Charts as files: what is drawn, what is said of it, and that nothing in them is ever more than a drawing."""

import io
import re
import xml.etree.ElementTree as ET

import altair as alt
import pytest
from PIL import Image

from analyzer import charts
from analyzer.analysis import Analysis, Analyzer
from analyzer.charts.chart_files import to_png, to_svg
from analyzer.models.toy import ToyModel

SVG = "{http://www.w3.org/2000/svg}"
ALL = (
    charts.rank_histogram,
    charts.frac_p_histogram,
    charts.entropy_histogram,
    charts.surprise_curve,
    charts.fluctuation_curve,
)
HOSTILE = "</svg></style></title><script>alert(1)</script> ]]> --> \0\x0b\ufffe\u202e <![CDATA[ &lt; '\" url(#x) url(http://a.b/c)"


def analyse(text: str) -> Analysis:
    return Analyzer(ToyModel("the cat sat on the mat. the dog sat on the cat.")).analyze(text)


def hostile_chart() -> alt.Chart:
    rows = alt.Data(values=[{"name": HOSTILE, "n": 1}, {"name": "b", "n": 2}])
    return (
        alt.Chart(rows, title=HOSTILE, description=HOSTILE)
        .mark_bar(tooltip=True)
        .encode(x=alt.X("n:Q", title=HOSTILE), y="name:N", color="name:N", href="name:N", tooltip="name:N")
    )


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("text", ["the cat sat on the dog", "t", HOSTILE])
def test_an_svg_says_what_it_shows(make, text):
    chart = make(analyse(text))
    root = ET.fromstring(to_svg(chart))
    assert root.get("role") == "img"
    by_id = {element.get("id"): element.text for element in root}
    title, description = (by_id[name] for name in root.get("aria-labelledby", "").split())
    assert title == chart.title
    assert description == chart.description
    assert [element.tag for element in root][:2] == [f"{SVG}title", f"{SVG}desc"]


@pytest.mark.parametrize("make", [*ALL, lambda _: hostile_chart()])
def test_an_svg_loads_runs_and_links_to_nothing(make):
    drawn = to_svg(make(analyse(HOSTILE)))
    root = ET.fromstring(drawn)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "desc", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath"}
    attributes = {name: value for element in root.iter() for name, value in element.items()}
    assert not [name for name in attributes if "href" in name or name == "style" or name.startswith("on")]
    assert not [
        value for value in attributes.values() if "url(" in value and not re.fullmatch(r"url\(#[\w-]+\)", value)
    ]
    assert {element.get("font-family") for element in root.iter()} <= {None, "sans-serif"}
    assert "script>" not in drawn
    assert "]]>" not in drawn


def test_ids_are_of_one_chart_only_and_all_references_lead_somewhere():
    analysis = analyse("the cat sat on the dog" * 5)
    drawn = [to_svg(make(analysis)) for make in ALL] + [to_svg(ALL[0](analysis), width=300)]
    ids = [name for one in drawn for name in re.findall(r'\bid="([^"]+)"', one)]
    assert len(ids) == len(set(ids))
    assert {name for one in drawn for name in re.findall(r"url\(#([^)]+)\)", one)} <= set(ids)


def test_the_same_chart_is_the_same_svg():
    assert to_svg(ALL[0](analyse("the cat"))) == to_svg(ALL[0](analyse("the cat")))


def test_a_chart_fills_the_width_it_is_given_and_keeps_its_own():
    chart = charts.fluctuation_curve(analyse("the cat sat"))
    assert to_svg(chart, width=321).startswith('<svg xmlns="http://www.w3.org/2000/svg" width="321"')
    assert 'width="321"' not in to_svg(chart.properties(width=200), width=321).split(">")[0]


def test_every_token_is_a_point_and_text_is_in_ink():
    analysis = analyse("the cat sat on the dog")
    root = ET.fromstring(to_svg(charts.surprise_curve(analysis)))
    in_plot = [e for e in root.iter(f"{SVG}circle") if e.get("opacity") == "0.9"]
    assert len(in_plot) == len(analysis.scores) + 2  # and those of the legend
    parents = {child: parent for parent in root.iter() for child in parent}
    for text in root.iter(f"{SVG}text"):
        assert (text.get("fill") or parents[text].get("fill")) == "currentColor"


def test_nothing_is_fetched():
    chart = alt.Chart("http://127.0.0.1:9/data.csv").mark_point().encode(x="a:Q")
    with pytest.raises(ValueError, match=r"(?i)allowed"):
        to_svg(chart)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_png_is_a_picture_dark_on_white(scale):
    picture = Image.open(io.BytesIO(to_png(charts.rank_histogram(analyse("the cat sat")), scale, width=400)))
    assert picture.size[0] == 400 * scale
    grey = picture.convert("L")
    assert grey.getpixel((1, 1)) == 255
    assert grey.getextrema()[0] < 90
