"""Charts as files: SVG for print and for pages of one's own, PNG for everything else. Nothing is fetched for either.

An SVG is drawn in ``currentColor`` on a background that a style sheet can take away: inlined in a page, it takes the
page's ink, light or dark. Without one it is dark on white.
"""

import hashlib
import re
import xml.etree.ElementTree as ET
from typing import Any

import altair as alt

__all__ = ["to_png", "to_svg"]

_SVG = "http://www.w3.org/2000/svg"
_WIDTH = 640  # pixels, of charts that would fill their container
_INK = "currentColor"
_FAINT = 0.18  # opacity of the grid
# Neither the marks' own descriptions, hundreds of them, nor tooltips: the whole has one description.
_CONFIG = {
    "aria": False,
    "background": "white",
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": _INK, "tickColor": _INK, "labelColor": _INK, "titleColor": _INK, "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": _INK,
         "gridOpacity": _FAINT, "domainOpacity": 0.5,
        "tickOpacity": 0.5, "labelPadding": 4,
    },
    "legend": {"labelColor": _INK, "labelFontSize": 12},
    "title": {"color": _INK, "fontSize": 14, "anchor": "start"},
}  # fmt: skip

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")  # Vega draws points as paths
_ID = re.compile(r"#([^)\s\"']+)")
# What a drawing needs. Whatever else a future Vega may write (scripts, links, images, styles) is left out.
_ELEMENTS = (
    "svg",
    "g",
    "path",
    "rect",
    "line",
    "circle",
    "text",
    "tspan",
    "defs",
    "clipPath",
    "linearGradient",
    "stop",
)
_ATTRIBUTES = (
    "width", "height", "viewBox", "x", "y", "x1", "x2", "y1", "y2", "r", "cx", "cy", "d", "dx", "dy", "transform", "id",
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "opacity", "clip-path", "text-anchor", "font-family", "font-size",
    "font-weight", "font-style", "offset", "stop-color", "gradientUnits",
)  # fmt: skip
_INHERITED = (
    "fill", "stroke", "stroke-width", "stroke-opacity", "text-anchor", "font-family", "font-size", "font-weight",
)  # fmt: skip


def to_svg(chart: alt.Chart | alt.LayerChart, *, width: int = _WIDTH) -> str:
    """The chart as one SVG element, well-formed as XML and as part of an HTML page.

    It has a role, a title and a description; ids that no other chart has; no script, style, link, image or font.

    Parameters
    ----------
    chart
    width : int
        Pixels, axes included, of a chart that has no width of its own.

    Examples
    --------
    >>> rows = alt.Data(values=[{"x": 1}, {"x": 2}])
    >>> chart = alt.Chart(rows, title="Two ticks").mark_tick().encode(x="x:Q")
    >>> to_svg(chart).startswith('<svg xmlns="http://www.w3.org/2000/svg" width="640"')
    True
    """
    import vl_convert  # 88 MB, a second

    spec = _spec(chart, width)
    drawn = str(vl_convert.vegalite_to_svg(spec, vl_version=_version(), allowed_base_urls=[]))
    # Nobody else may have its ids: charts are told apart by what is drawn and said.
    key = "c" + hashlib.sha256(f"{drawn}{spec.get('description')}".encode()).hexdigest()[:10]
    root = _tidy(ET.fromstring(drawn), key)
    root.set("role", "img")
    root.set("color", "#1b1f24")  # what currentColor is where no style sheet says otherwise
    labels: list[str] = []
    for name, text in (("desc", spec.get("description")), ("title", spec.get("title"))):
        if text:
            label = ET.Element(f"{{{_SVG}}}{name}", {"id": f"{key}-{name}"})
            label.text = _plain(text)
            root.insert(0, label)
            labels.insert(0, f"{key}-{name}")
    if labels:
        root.set("aria-labelledby", " ".join(labels))
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")


def to_png(chart: alt.Chart | alt.LayerChart, scale: float = 2, *, width: int = _WIDTH) -> bytes:
    """The chart as a PNG, dark on white, `scale` pixels of the picture for one of the chart."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(
        _spec(chart, width), vl_version=_version(), scale=scale, allowed_base_urls=[]
    )
    return drawn


def _spec(chart: alt.Chart | alt.LayerChart, width: int) -> dict[str, Any]:
    spec: dict[str, Any] = _legible(chart.to_dict())
    if spec.get("width", "container") == "container":
        spec |= {"width": width, "autosize": {"type": "fit", "contains": "padding"}}
    spec["config"] = _CONFIG
    return spec


def _legible(value: Any) -> Any:
    """`value` with U+FFFD for characters that XML cannot hold: vl-convert would end the whole process over one."""
    if isinstance(value, dict):
        return {_legible(name): _legible(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_legible(one) for one in value]
    return _NOT_XML.sub("\ufffd", value) if isinstance(value, str) else value


def _version() -> str:
    """The version of Vega-Lite that altair writes, as vl-convert names it."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _plain(title: Any) -> str:
    """A title may be a list of lines, or stand among settings."""
    text = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(text) if isinstance(text, list) else str(text)


def _tidy(element: ET.Element, key: str) -> ET.Element:
    """A copy with what a drawing needs and nothing else, all texts in ink, numbers rounded, ids made its own."""
    name = _name(element)
    kept = ET.Element(element.tag, {k: _value(v, key) for k, v in element.items() if k in _ATTRIBUTES})
    if "id" in kept.attrib:
        kept.set("id", f"{key}-{kept.attrib['id']}")
    if kept.get("opacity") == "1":
        del kept.attrib["opacity"]
    if name == "text" and kept.get("fill", "none") != "none":
        kept.set("fill", _INK)
    if name == "rect" and element.get("fill") == _CONFIG["background"]:
        kept.set("class", "background")
    if name == "path" and (circle := _CIRCLE.fullmatch(kept.get("d", ""))):
        kept.tag = f"{{{_SVG}}}circle"
        kept.set("r", circle[1])
        del kept.attrib["d"]
    if name in ("text", "tspan"):
        kept.text = element.text
    for child in element:
        if _name(child) in _ELEMENTS and not _invisible(child):
            copy = _tidy(child, key)
            if len(copy) or _name(child) not in ("g", "defs"):
                kept.append(copy)
    if name == "g":
        _share(kept)
    return kept


def _name(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{_SVG}}}")


def _invisible(element: ET.Element) -> bool:
    return _name(element) == "path" and (
        element.get("display") == "none" or element.get("d") in ("", "M0,0h0v0h0Z")  # frames of axes and legends
    )


def _share(group: ET.Element) -> None:
    """Say once what all children of a group have in common: hundreds of points do."""
    for name in _INHERITED:
        values = {child.get(name) for child in group}
        if len(values) == 1 and len(group) > 1 and (value := values.pop()) is not None:
            group.set(name, value)
            for child in group:
                del child.attrib[name]


def _value(value: str, key: str) -> str:
    if "url(" in value:  # of the drawing itself only
        return _ID.sub(rf"#{key}-\1", value) if value.startswith("url(#") else "none"
    return _LONG_NUMBER.sub(lambda match: f"{float(match.group()):.2f}", value)
