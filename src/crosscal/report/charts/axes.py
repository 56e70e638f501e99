"""Figures of an evaluation on axes of matplotlib: of any size and font, for papers.

Nothing is set but what is drawn: fonts, sizes and colours of the surroundings are those of the
caller's style (``rcParams``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from crosscal.calibration.evaluation.results import Evaluation, GroupResult
from crosscal.exceptions import MissingExtra, SettingsError
from crosscal.report.charts.canvas import can_draw
from crosscal.report.evaluation_words import main_error
from crosscal.spelling import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL = 2.2  # inches
_COLUMNS = 4


def reliability_axes(
    evaluation: Evaluation, groups: Sequence[str] | None, axes: Sequence[Axes] | None
) -> list[Axes]:
    """Draw accuracy by confidence, a pair of axes for each group."""
    names = _names(evaluation, groups)
    drawn = _grid(len(names)) if axes is None else list(axes)
    if len(drawn) < len(names):
        raise SettingsError(
            f"{len(drawn)} axes for {len(names)} groups",
            where="axes",
            remedy="Give one for each group, or name the groups",
        )
    for ax, name in zip(drawn, names, strict=False):
        _reliability(ax, name, evaluation.groups[name])
    return drawn[: len(names)]


def error_axes(evaluation: Evaluation, groups: Sequence[str] | None, ax: Axes | None) -> Axes:
    """Draw the calibration error of each group with its interval, and its noise floor."""
    names, error = _names(evaluation, groups), main_error(evaluation)
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(figsize=(4.5, 0.8 + 0.3 * len(names)), layout="constrained")
    for row, name in enumerate(names):
        found = evaluation.groups[name].errors[error]
        if found.low is not None and found.high is not None:
            ax.plot([100 * found.low, 100 * found.high], [row, row], color="C0", linewidth=1.5)
        ax.plot(100 * found.value, row, "o", color="C0", label=error if row == 0 else None)
        if found.noise_floor is not None:
            floor = 100 * found.noise_floor
            ax.plot(floor, row, "|", color="0.4", label="noise floor" if row == 0 else None)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"{error}, %")
    ax.legend(frameon=False)
    return ax


def _names(evaluation: Evaluation, groups: Sequence[str] | None) -> list[str]:
    if not can_draw():
        raise MissingExtra(
            "figures need the package 'matplotlib', which is not installed",
            remedy="Run: pip install 'crosscal[plot]'",
        )
    for name in groups or ():
        if name not in evaluation.groups:
            raise SettingsError(
                f"there is no group {name!r}",
                where="groups",
                remedy=did_you_mean(name, evaluation.groups),
            )
    return list(groups or evaluation.groups)


def _grid(panels: int) -> list[Axes]:
    """Return axes of a new figure, as many as there are panels."""
    from matplotlib import pyplot

    columns = min(_COLUMNS, panels)
    rows = -(-panels // columns)
    _, grid = pyplot.subplots(
        rows,
        columns,
        figsize=(_PANEL * columns, _PANEL * rows + 0.3),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    axes: list[Axes] = list(np.ravel(grid))
    for empty in axes[panels:]:
        empty.set_axis_off()
    return axes[:panels]


def _reliability(ax: Axes, name: str, result: GroupResult) -> None:
    bins = result.reliability
    confidence, accuracy, low, high = (
        100 * np.array([getattr(b, part) for b in bins])
        for part in ("confidence", "accuracy", "low", "high")
    )
    ax.plot([0, 100], [0, 100], color="0.6", linewidth=0.8, linestyle="--", zorder=1)
    ax.fill_between(confidence, low, high, color="0.85", linewidth=0, zorder=0)
    ax.plot(confidence, accuracy, color="C0", zorder=2)
    outside = (accuracy < low) | (accuracy > high)
    # Filled where accuracy lies outside of what right confidences would give.
    ax.plot(confidence[outside], accuracy[outside], "o", color="C0", zorder=3)
    ax.plot(confidence[~outside], accuracy[~outside], "o", color="C0", mfc="white", zorder=3)
    start = 10 * int(10 * min(b.lower for b in bins) + 1e-9)
    ax.set(xlim=(min(start, 90), 100), ylim=(0, 100), title=name)
    ax.set(xlabel="confidence, %", ylabel="accuracy, %")
    ax.label_outer()
