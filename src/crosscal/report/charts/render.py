"""From charts to SVG and PDF: tidy, named, and the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from markupsafe import Markup

from crosscal.report.characters import clean, label
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE, Chart
from crosscal.report.charts.palette import LIGHT, chart_sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOVER = "hover:"
"""What the gid of an artist starts with whose rest is shown on hovering over it."""

_MARGIN, _TITLE = 20.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A chart as a part of a page, and as files: name to content."""

    inline: Markup
    files: dict[str, bytes] = field(default_factory=dict)


def render(chart: Chart, *, files: bool = True) -> Drawing:
    """Draw a chart as a page shows it and, if asked, as an SVG file and a PDF file."""
    with chart_style():
        figure = chart.draw(WIDE)
        wide = _read(figure, f"{chart.name}-wide")
        narrow = _read(chart.draw(NARROW), f"{chart.name}-narrow")
        pdf = _pdf(figure) if files else b""
    inline = [
        _named(drawn, chart, f"{chart.name}-{kind}", class_=f"chart {kind}")
        for kind, drawn in (("wide", wide), ("narrow", narrow))
    ]
    both = Markup("".join(ET.tostring(svg, encoding="unicode") for svg in inline))
    if not files:
        return Drawing(inline=both)
    svg = ET.tostring(_standalone(wide, chart), encoding="utf-8", xml_declaration=True)
    return Drawing(inline=both, files={f"{chart.name}.svg": svg + b"\n", f"{chart.name}.pdf": pdf})


def _pdf(figure: Figure) -> bytes:
    stream = BytesIO()
    figure.savefig(stream, format="pdf", metadata={"CreationDate": None})
    return stream.getvalue()


def _read(figure: Figure, ident: str) -> ET.Element:
    """Return the SVG that matplotlib writes, without what a page cannot or need not hold."""
    stream = BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    root = ET.fromstring(stream.getvalue())
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        element.text = element.text if element.tag in ("text", "tspan") else None
        element.tail = None
    used = [e.attrib["href"] for e in root.iter("use")]
    # Names are unique in a page of many charts.
    names = {name: f"#{ident}-{i}" for i, name in enumerate(dict.fromkeys(used))}
    _tidy(root, names)
    return root


def _tidy(parent: ET.Element, names: dict[str, str]) -> None:
    """Drop metadata, clipping and empty groups below an element; shorten numbers; name on hover."""
    kept: list[ET.Element] = []
    for child in parent:
        if child.tag in ("metadata", "style", "clipPath") or child.get("style") == "fill: none":
            continue
        _tidy(child, names)
        ident = child.attrib.pop("id", "")
        child.attrib.pop("clip-path", None)  # nothing is drawn outside of its axes
        href = child.attrib.pop("href", None)
        child.attrib = {
            key: short for key, value in child.attrib.items() if (short := _shorten(value))
        }
        if f"#{ident}" in names:
            child.set("id", names[f"#{ident}"][1:])
            # What uses a shape has all of its style; one's own could not follow a dark page.
            child.attrib.pop("style", None)
        if href is not None:
            child.set("href", names[href])
        if ident.startswith(HOVER):
            title = ET.Element("title")
            title.text = ident.removeprefix(HOVER)
            child.insert(0, title)
            kept.append(child)
        elif child.tag in ("g", "defs") and not len(child):
            continue
        elif child.tag == "g" and not child.attrib:
            kept += child
        else:
            kept.append(child)
    parent[:] = kept


def _shorten(value: str) -> str:
    """Write numbers with two decimals, and neither a font nor a rotation by nothing."""
    if value.startswith("rotate(-0 "):
        return ""
    value = re.sub(r"font-family: [^;]*(; )?", "", value)
    value = re.sub(r"-?\d+\.\d+", lambda found: coordinate(float(found[0])), value)
    return " ".join(value.split())


def coordinate(value: float) -> str:
    """Write a coordinate: two decimals at most, no negative zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _named(drawn: ET.Element, chart: Chart, ident: str, *, class_: str) -> ET.Element:
    """Return an SVG element with title and description, for those who cannot see it."""
    across, down = (coordinate(float(v)) for v in drawn.attrib["viewBox"].split()[2:])
    svg = ET.Element(
        "svg",
        {
            "class": class_,
            "viewBox": f"0 0 {across} {down}",
            "width": across,
            "height": down,
            "role": "img",
            "aria-labelledby": f"{ident}-title {ident}-desc",
        },
    )
    for tag, words in (("title", chart.title), ("desc", chart.description)):
        ET.SubElement(svg, tag, {"id": f"{ident}-{tag}"}).text = clean(words)
    svg.extend(drawn)
    return svg


def _standalone(drawn: ET.Element, chart: Chart) -> ET.Element:
    """Return a document of its own: on paper, with a margin, and with its title above."""
    inner = _named(drawn, chart, chart.name, class_="chart")
    across, down = (float(inner.attrib[side]) for side in ("width", "height"))
    outer = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **inner.attrib})
    across, down = across + 2 * _MARGIN, down + 2 * _MARGIN + _TITLE
    outer.attrib |= {
        "viewBox": f"0 0 {across:g} {down:g}",
        "width": f"{across:g}",
        "height": f"{down:g}",
    }
    outer.extend(inner[:2])  # title and description
    ET.SubElement(outer, "style").text = chart_sheet()
    ground = {"width": "100%", "height": "100%", "style": f"fill: {LIGHT['paper']}"}
    ET.SubElement(outer, "rect", ground)
    place = {"x": f"{_MARGIN:g}", "y": f"{_MARGIN + 12:g}"}
    look = f"font-size: 15px; font-weight: 600; fill: {LIGHT['ink']}"
    title = ET.SubElement(outer, "text", {**place, "style": look})
    title.text = label(chart.title, int((across - 2 * _MARGIN) / (15 * 0.56)))
    shift = f"translate({_MARGIN:g} {_MARGIN + _TITLE:g})"
    ET.SubElement(outer, "g", {"transform": shift}).extend(inner[2:])
    return outer
