"""Charts as SVG and PDF: text kept, the same bytes, nothing of the network, named."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from crosscal.analysis import Results
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.dot_plot import dot_plot
from crosscal.report.charts.render import coordinate, render

NAME = "تجربة हिन्दी ไทย 中文 $x^2$ <b>&"


@pytest.fixture(scope="module")
def chart(build: Callable[..., Results]) -> Chart:
    results = build(languages=("en", "sw", "tr"), recipes=("direct", NAME))
    made = dot_plot(results, "degradation")
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("value", "words"), [(-0.001, "0"), (1.0, "1"), (2.505, "2.5"), (100, "100")]
)
def test_coordinates_are_short(value: float, words: str) -> None:
    assert coordinate(value) == words


def test_text_of_every_script_stays_text(chart: Chart) -> None:
    drawing = render(chart)
    for svg in (f"<b>{drawing.inline}</b>", drawing.files["degradation.svg"]):
        texts = [e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("text")]
        assert NAME in texts
        assert "Mean of 2" in texts


def test_wide_and_narrow_are_named_for_those_who_cannot_see_them(chart: Chart) -> None:
    wide, narrow = ET.fromstring(f"<b>{render(chart).inline}</b>")
    for svg, width in ((wide, 860), (narrow, 344)):
        assert float(svg.attrib["width"]) == width
        assert svg.attrib["role"] == "img"
        title, description = svg[:2]
        assert (title.tag, title.text) == ("title", chart.title)
        assert (description.tag, description.text) == ("desc", chart.description)
        ids = f"{title.attrib['id']} {description.attrib['id']}"
        assert svg.attrib["aria-labelledby"] == ids


def test_nothing_but_what_is_drawn(chart: Chart) -> None:
    drawing = render(chart)
    assert not re.search(r"metadata|clip|font-family|xlink|://|url\(", drawing.inline)
    files = drawing.files["degradation.svg"].decode()
    assert re.findall(r"\w+://[^\"]*", files) == ["http://www.w3.org/2000/svg"]
    ids = re.findall(r' id="([^"]*)"', drawing.inline)
    assert len(ids) == len(set(ids))
    assert {name[1:] for name in re.findall(r'href="([^"]*)"', drawing.inline)} <= set(ids)


def test_shapes_take_their_colours_from_what_uses_them(chart: Chart) -> None:
    # A browser that is dark changes the colours of what uses a shape, and reaches none within it.
    root = ET.fromstring(f"<b>{render(chart).inline}</b>")
    shapes = [shape for defs in root.iter("defs") for shape in defs]
    assert shapes
    assert not [shape for shape in shapes if "style" in shape.attrib]
    assert all("stroke" in use.attrib["style"] for use in root.iter("use"))


def test_numbers_have_two_decimals_at_most(chart: Chart) -> None:
    assert not re.search(r"\d\.\d{3}", render(chart).inline)


def test_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib\n"
        "from tests.report.conftest import make_results\n"
        "from crosscal.report.charts import all_figures\n"
        "from crosscal.report.charts.render import render\n"
        "for c in all_figures(make_results(languages=('en', 'sw'), scalings=('none',)))[::2]:\n"
        "    d = render(c)\n"
        "    for b in (d.inline.encode(), *d.files.values()):\n"
        "        print(hashlib.sha256(b).hexdigest())\n"
    )
    digests = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1
    assert len(digests.pop().split()) == 4 * 3


def test_pdf_embeds_fonts_that_journals_accept(chart: Chart) -> None:
    pdf = render(chart).files["degradation.pdf"]
    assert pdf.startswith(b"%PDF")
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    assert render(chart, files=False).files == {}


def test_importing_the_report_does_not_import_matplotlib() -> None:
    code = "import sys, crosscal.report, crosscal.cli.app; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
