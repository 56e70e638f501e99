"""The colours of charts: those of Okabe and Ito, dark enough to be read as text.

Charts hold the light ones; the style sheet puts the dark ones in their place where a browser is
dark, and other programs show what is there.
"""

from __future__ import annotations

RECIPES_LIGHT = ("#1d2125", "#0072b2", "#c14f00", "#00805c", "#b0558a", "#2b8cc4", "#a87400")
"""The baseline's colour, then those of other recipes; more recipes repeat them."""

RECIPES_DARK = ("#e8e6e1", "#56b4e9", "#f28540", "#2cc99a", "#e39cc3", "#8ccdf2", "#e9b23c")

LIGHT = {
    "ink": "#1d2125",
    "soft": "#5c656d",
    "faint": "#9aa2a9",
    "grid": "#e3e6e8",
    "band": "#dfe3e6",
    "paper": "#ffffff",
}

DARK = {
    "ink": "#e8e6e1",
    "soft": "#a9adb0",
    "faint": "#74797d",
    "grid": "#2f3438",
    "band": "#343a3f",
    "paper": "#16191c",
}

_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def chart_sheet() -> str:
    """Return the style sheet of charts."""
    pairs = [(LIGHT[name], DARK[name]) for name in LIGHT]
    pairs += zip(RECIPES_LIGHT[1:], RECIPES_DARK[1:], strict=True)
    dark = "\n".join(
        f'  .chart [style*="{use}: {light}"] {{ {use}: {other} !important; }}'
        for light, other in pairs
        for use in ("fill", "stroke")
    )
    # A halo of paper keeps text readable over lines.
    return f"""\
.chart {{ font-family: {_FONTS}; font-variant-numeric: tabular-nums; }}
.chart * {{ stroke-linejoin: round; }}
.chart text {{ paint-order: stroke; stroke: {LIGHT["paper"]}; stroke-width: 3px; }}
@media screen and (prefers-color-scheme: dark) {{
  .chart text {{ stroke: {DARK["paper"]}; }}
{dark}
}}
"""
