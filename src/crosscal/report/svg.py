"""A drawing as text: elements, escaped; the same drawing is always the same bytes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape

_ALLOWED_CONTROLS = "\t\n\r"
_MARGIN, _TITLE = 20.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The inside of an SVG element.

    Attributes
    ----------
    width, height : float
        In pixels, at which text has its natural size.
    body : str
        Elements, escaped.
    """

    width: float
    height: float
    body: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure, drawn for wide and for narrow windows.

    Attributes
    ----------
    name : str
        Of its files, without ending; unique in a report.
    title, description : str
        What is seen, for those who cannot see it.
    wide, narrow : Drawing
    kind : str
        What the page places it by.
    recipe : str
        If it is about one, else "".
    """

    name: str
    title: str
    description: str
    wide: Drawing
    narrow: Drawing
    kind: str
    recipe: str = ""


def clean(text: str) -> str:
    """Remove the characters that XML cannot hold."""
    return "".join(
        c
        for c in text
        if c in _ALLOWED_CONTROLS
        or not (unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff")
    )


def coordinate(value: float) -> str:
    """Write a coordinate: two decimals at most, no negative zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def element(name: str, *children: str, **attributes: str | float | None) -> str:
    """Write an element.

    Parameters
    ----------
    name : str
    children : str
        Elements, already escaped; see `text` for words.
    attributes : str or float or None
        ``class_`` means class, an underscore a hyphen; None leaves the attribute out.

    Returns
    -------
    str
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="'
        f'{coordinate(value) if isinstance(value, int | float) else escape(clean(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def text(words: str, x: float, y: float, **attributes: str | float | None) -> str:
    """Write words at a place."""
    return element("text", escape(clean(words), quote=False), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Write a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def polyline(points: list[tuple[float, float]], class_: str) -> str:
    """Write a line through points."""
    return element("polyline", points=_points(points), class_=class_)


def polygon(points: list[tuple[float, float]], class_: str) -> str:
    """Write a filled shape."""
    return element("polygon", points=_points(points), class_=class_)


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in points)


def text_width(words: str, size: float) -> float:
    """Estimate how wide words are, in pixels, in a common sans serif of this size."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in words)
    return size * (wide * 1.0 + (len(words) - wide) * 0.56)


def shorten(words: str, length: int) -> str:
    """Cut words to a number of characters."""
    return (
        words if len(words) <= length else words[: length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    )


def inline(drawing: Drawing, figure: Figure, *, ident: str, class_: str = "") -> str:
    """Write a drawing as part of a page, named for those who cannot see it.

    Parameters
    ----------
    drawing : Drawing
    figure : Figure
    ident : str
        Unique in the page.
    class_ : str

    Returns
    -------
    str
    """
    return _element(drawing, figure, ident, class_=class_ or None)


def standalone(drawing: Drawing, figure: Figure, *, style: str) -> str:
    """Write a drawing as a file of its own, with a margin and its title above.

    Parameters
    ----------
    drawing : Drawing
    figure : Figure
    style : str
        CSS.

    Returns
    -------
    str
        With the XML declaration.
    """
    length = max(20, int(drawing.width / (15 * 0.56)))
    title = text(shorten(figure.title, length), 0, 0, class_="title")
    framed = Drawing(
        width=drawing.width + 2 * _MARGIN,
        height=drawing.height + 2 * _MARGIN + _TITLE,
        body=element("rect", width="100%", height="100%", class_="ground")
        + element("g", title, transform=f"translate({_MARGIN:g} {_MARGIN + 12:g})")
        + element("g", drawing.body, transform=f"translate({_MARGIN:g} {_MARGIN + _TITLE:g})"),
    )
    sheet = element("style", escape(style, quote=False))
    xmlns = "http://www.w3.org/2000/svg"
    body = _element(framed, figure, figure.name, sheet, xmlns=xmlns, class_="chart")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _element(
    drawing: Drawing, figure: Figure, ident: str, sheet: str = "", **attributes: str | None
) -> str:
    return element(
        "svg",
        element("title", escape(clean(figure.title), quote=False), id=f"{ident}-title"),
        element("desc", escape(clean(figure.description), quote=False), id=f"{ident}-desc"),
        sheet,
        drawing.body,
        **attributes,
        viewBox=f"0 0 {coordinate(drawing.width)} {coordinate(drawing.height)}",
        width=drawing.width,
        height=drawing.height,
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
    )
