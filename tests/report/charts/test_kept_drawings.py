"""Charts that are drawn already are taken as they are, and only if they would not differ."""

import pytest
from markupsafe import Markup

from crosscal.report.charts import kept_drawings as kept
from crosscal.report.charts.kept_drawings import FILE, drawings_of
from crosscal.report.charts.render import Drawing

pytest.importorskip("matplotlib")

DRAWN = {
    "a": Drawing(inline=Markup("<svg>a & b</svg>"), files={"a.svg": b"<svg/>", "a.pdf": b"%PDF"}),
    "b": Drawing(inline=Markup("<svg>ت</svg>"), files={"b.svg": b"<svg/>\n", "b.pdf": b"%PDF\0"}),
}


@pytest.fixture
def draw(tmp_path):
    """Return a function that asks for drawings as a report does; says if they were drawn."""

    def asked(*content, drawings=DRAWN):
        drawn = []
        found = drawings_of(content, tmp_path, lambda: drawn.append(1) or drawings)
        for drawing in found.values():
            for name, file in drawing.files.items():
                (tmp_path / name).write_bytes(file)
        return found, bool(drawn)

    return asked


def test_what_shows_the_same_is_drawn_once(draw):
    assert draw("results", "ت") == (DRAWN, True)
    found, drawn = draw("results", "ت")
    assert (found, drawn) == (DRAWN, False)
    assert isinstance(found["a"].inline, Markup)
    assert draw("results", "other")[1]
    assert draw("resultsother", "")[1]
    # No chart is a result too.
    assert draw("none", drawings={}) == ({}, True)
    assert draw("none", drawings={}) == ({}, False)


@pytest.mark.parametrize("change", ["removed", "altered", "emptied"])
@pytest.mark.parametrize("name", ["a.svg", "b.pdf", FILE])
def test_a_figure_that_is_not_as_it_was_is_drawn_again(draw, tmp_path, name, change):
    draw("results")
    file = tmp_path / name
    if change == "removed":
        file.unlink()
    else:
        file.write_bytes(b"" if change == "emptied" else file.read_bytes()[:-1] + b"!")
    assert draw("results") == (DRAWN, True)
    assert draw("results") == (DRAWN, False)


def test_other_code_fonts_or_versions_draw_again(draw, monkeypatch):
    draw("results")
    for name, value in (
        ("sha256_code", lambda *packages: "other code"),
        ("chart_fonts", lambda: ["another font"]),
    ):
        monkeypatch.setattr(kept, name, value)
        assert draw("results")[1], name
        assert not draw("results")[1], name


def test_without_matplotlib_nothing_is_kept(draw, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "can_draw", lambda: False)
    assert draw("results") == ({}, False)
    assert not (tmp_path / FILE).exists()
