"""Dot-and-whisker charts: degradation by language and recipe, effect of each recipe."""

from __future__ import annotations

from crosscal.analysis import Estimate, Results
from crosscal.report.charts.axes import Scale, horizontal_axis, nice_ticks, padded
from crosscal.report.charts.markers import colour_class, legend, marker, style_of
from crosscal.report.charts.order import Block, blocks
from crosscal.report.findings import METRIC, language_name, one
from crosscal.report.numbers import direction_seen, level_percent, metric_number
from crosscal.report.svg import Drawing, Figure, line, shorten, text, text_width

WIDE, NARROW = 860.0, 344.0
_LANE, _MEAN_LANE = 11.0, 15.0

Rows = list[tuple[str, str, list[Estimate]]]


def dot_figure(results: Results, quantity: str) -> Figure | None:
    """Draw degradation, or the effect of recipes, with intervals.

    Parameters
    ----------
    results : Results
    quantity : {"degradation", "effect"}

    Returns
    -------
    Figure or None
        None if the results hold none of it.
    """
    found = results.find(quantity=quantity, metric=METRIC, scaling="none")
    if not found:
        return None
    english = language_name(results.baseline_language)
    title = (
        f"Calibration error beyond that in {english}, by language and recipe"
        if quantity == "degradation"
        else f"Change of the degradation against {results.baseline_recipe}, by language and recipe"
    )
    return Figure(
        name=quantity,
        kind=quantity,
        title=title,
        description=_describe(found, results),
        wide=_draw(results, quantity, found, WIDE),
        narrow=_draw(results, quantity, found, NARROW),
    )


def _describe(found: list[Estimate], results: Results) -> str:
    parts = []
    for recipe in dict.fromkeys(e.recipe for e in found):
        rows = [e for e in found if e.recipe == recipe and not e.is_group]
        above = sum(direction_seen(e) > 0 for e in rows)
        below = sum(direction_seen(e) < 0 for e in rows)
        parts.append(f"{recipe}: of {len(rows)} languages {above} above zero, {below} below")
    return (
        f"Dots are estimates in percentage points, lines {level_percent(results)} intervals. "
        + "; ".join(parts)
        + ". The numbers are in the data file of the same name."
    )


def _draw(results: Results, quantity: str, found: list[Estimate], width: float) -> Drawing:
    styles = style_of(results.recipes, results.baseline_recipe)
    recipes = [r for r in styles if any(e.recipe == r for e in found)]
    left = 12 + max(text_width(name, 13) for name in _row_names(results))
    right = width - 16
    low, high = padded(
        100 * min(0.0, *(min(e.low, e.value) for e in found)),
        100 * max(0.0, *(max(e.high, e.value) for e in found)),
    )
    scale = Scale(low=low, high=high, start=left + 10, end=right)
    ticks = nice_ticks(low, high, max(5, int((right - left) / 70)))
    head, height = legend([(r, styles[r]) for r in recipes], x=0, y=0, width=width)
    top = height + 22
    rows, bottom = "", top
    for block in blocks(results):
        part, bottom = _block(
            results,
            quantity,
            block,
            recipes=recipes,
            styles=styles,
            scale=scale,
            y=bottom,
            right=right,
        )
        rows += part
    bottom += 6
    signs = _side_notes(results, quantity, scale, height + 14, right)
    axis = horizontal_axis(scale, ticks, top=top, bottom=bottom, signed=quantity == "effect")
    unit = text("percentage points", right, bottom + 33, class_="note", text_anchor="end")
    return Drawing(width=width, height=bottom + 40, body=head + signs + axis + unit + rows)


def _row_names(results: Results) -> list[str]:
    names = [language_name(code) for code in results.languages]
    return [shorten(n, 16) for n in names] + ["Mean of 00"]


def _side_notes(results: Results, quantity: str, scale: Scale, y: float, right: float) -> str:
    """Say beside the zero line what lies on its two sides, in short where there is no room."""
    english = language_name(results.baseline_language)
    rest = f" than {english}" if quantity == "degradation" else " degradation"
    worse, better = ("worse", "better") if quantity == "degradation" else ("larger", "smaller")
    zero = scale(0)
    for end in (rest, ""):
        more, less = f"{worse}{end} \u2192", f"\u2190 {better}{end}"
        fits = zero + 6 + text_width(more, 12) < right + 14
        if fits and zero - 6 - text_width(less, 12) > 0:
            break
    return text(more, zero + 6, y, class_="note") + text(
        less, zero - 6, y, class_="note", text_anchor="end"
    )


def _block(
    results: Results,
    quantity: str,
    block: Block,
    *,
    recipes: list[str],
    styles: dict[str, int],
    scale: Scale,
    y: float,
    right: float,
) -> tuple[str, float]:
    """Draw a heading, the mean over the group, and its languages; return the new y too."""
    body = ""
    if block.heading:
        body += text(shorten(block.heading, 40), 0, y + 20, class_="heading")
        y += 28
    names = {code: shorten(language_name(code), 16) for code in block.languages}
    lines = [(code, names[code], False) for code in block.languages]
    if block.group is not None:
        lines.insert(0, (block.group, f"Mean of {len(block.languages)}", True))
    for key, label, is_mean in lines:
        found = [
            e
            for r in recipes
            if (e := one(results, quantity, r, key, is_group=is_mean)) is not None
        ]
        if not found:
            continue
        # Means have their value beside them, which needs the height of a line of text.
        lane_height = _MEAN_LANE if is_mean else _LANE
        height = lane_height * len(found) + 9
        body += line(0, y, right, y, "rule")
        kind = "label strong" if is_mean else "label"
        body += text(label, 0, y + height / 2 + 4.5, class_=kind)
        for lane, estimate in enumerate(found):
            middle = y + 4.5 + lane_height * (lane + 0.5)
            body += _whisker(
                estimate,
                styles[estimate.recipe],
                scale,
                y=middle,
                is_mean=is_mean,
                right=right,
            )
        y += height
    return body, y + 6


def _whisker(
    estimate: Estimate, style: int, scale: Scale, *, y: float, is_mean: bool, right: float
) -> str:
    low, high, x = (scale(100 * v) for v in (estimate.low, estimate.high, estimate.value))
    kind = f"whisker {colour_class(style)}{' strong' if is_mean else ''}"
    body = line(low, y, high, y, kind)
    body += marker(style, x, y, 5.0 if is_mean else 3.8, filled=direction_seen(estimate) != 0)
    if not is_mean:
        return body
    words = metric_number(estimate.value, METRIC, signed=True)
    end = max(high, x) + 7
    if end + text_width(words, 12) < right + 14:
        return body + text(words, end, y + 4, class_=f"value {colour_class(style)}")
    start = min(low, x) - 7
    return body + text(
        words, start, y + 4, class_=f"value {colour_class(style)}", text_anchor="end"
    )
