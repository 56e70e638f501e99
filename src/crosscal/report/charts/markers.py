"""How a recipe looks: a colour and a shape, so that neither is needed to tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crosscal.report.svg import element, polygon, shorten, text, text_width

Points = list[tuple[float, float]]

COLOURS = 7
"""Number of colours in the style sheet (``.r0`` is the baseline); more recipes repeat them."""


def style_of(recipes: Sequence[str], baseline: str) -> dict[str, int]:
    """Return a number for each recipe: 0 for the baseline, the others from 1 in their order."""
    others = [r for r in recipes if r != baseline]
    return {baseline: 0} | {name: i for i, name in enumerate(others, start=1)}


def colour_class(style: int) -> str:
    """Return the class that colours what belongs to a recipe."""
    return "r0" if style == 0 else f"r{(style - 1) % (COLOURS - 1) + 1}"


def marker(style: int, x: float, y: float, size: float, *, filled: bool = True) -> str:
    """Draw a recipe's marker.

    Parameters
    ----------
    style : int
        From `style_of`.
    x, y : float
        Centre.
    size : float
        Radius of the circle; the other shapes have about its area.
    filled : bool
        Hollow markers stand for what cannot be told from zero.

    Returns
    -------
    str
    """
    kind = f"mark {colour_class(style)}{'' if filled else ' hollow'}"
    if style == 0:
        return element("circle", cx=x, cy=y, r=size, class_=kind)
    # Colours and shapes repeat after different counts, so pairs stay distinct for long.
    shape = _SHAPES[(style - 1) % len(_SHAPES)]
    return polygon([(x + size * dx, y + size * dy) for dx, dy in shape()], kind)


def _square() -> Points:
    return [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]


def _triangle() -> Points:
    return [(0, -1.25), (1.15, 0.8), (-1.15, 0.8)]


def _diamond() -> Points:
    return [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]


def _hanging() -> Points:
    return [(0, 1.25), (1.15, -0.8), (-1.15, -0.8)]


def _cross() -> Points:
    a, b = 0.42, 1.2
    return [
        (-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a),
        (a, b), (-a, b), (-a, a), (-b, a), (-b, -a), (-a, -a),
    ]  # fmt: skip


_SHAPES: tuple[Callable[[], Points], ...] = (_square, _triangle, _diamond, _hanging, _cross)


def legend(
    entries: Sequence[tuple[str, int]], *, x: float, y: float, width: float
) -> tuple[str, float]:
    """Draw marker and name of each recipe, over as many lines as they need.

    Parameters
    ----------
    entries : sequence of (name, style)
    x, y : float
        Top left corner.
    width : float
        Available.

    Returns
    -------
    body : str
    height : float
        Used.
    """
    body, left, top = "", x, y
    for name, style in entries:
        label = shorten(name, 34)
        needed = 16 + text_width(label, 13) + 18
        if left > x and left + needed > x + width:
            left, top = x, top + 20
        body += marker(style, left + 6, top + 9, 4.6)
        body += text(label, left + 16, top + 13.5, class_=f"label {colour_class(style)}")
        left += needed
    return body, top - y + 22
