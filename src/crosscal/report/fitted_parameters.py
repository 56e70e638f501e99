"""The parameters of a fitted recalibrator in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosscal.calibration.evaluation.results import FitResult
from crosscal.report.numbers import MINUS

# About the fit, and not of the map that was fitted.
_OF_THE_FIT = {
    "converged_",
    "classes_",
    "n_features_in_",
    "n_rows_",
    "n_iter_",
    "gradient_",
    "nll_before_",
    "nll_after_",
}


def fitted_parameters(
    fit: FitResult, classes: Sequence[str] | None, *, most: int | None = None
) -> list[tuple[str, str]]:
    """Return every parameter's name and value; of long lists `most` numbers, and how many more."""
    learnt = {name: v for name, v in fit.learnt.items() if name not in _OF_THE_FIT}
    count = int(fit.learnt.get("n_features_in_", 0))
    names = list(classes) if classes and len(classes) == count else [str(i) for i in range(count)]
    lines = []
    for attribute, value in learnt.items():
        name = attribute.removesuffix("_")
        if name == "maps":
            lines += _maps(value, names, most)
        elif not isinstance(value, list):
            lines.append((name, significant(value)))
        elif isinstance(value[0], list):
            lines += _matrix(name, value, names)
        elif name == "bias":
            lines.append((name, _pairs(names, value)))
        else:
            lines.append((name, _listed(value, most)))
    return lines


def significant(value: float) -> str:
    """Write a number with four significant digits."""
    return f"{value:.4g}".replace("-", MINUS)


def _pairs(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{n} {significant(v)}" for n, v in zip(names, values, strict=True))


def _listed(values: Sequence[float], most: int | None) -> str:
    shown = [significant(value) for value in values]
    if most is None or len(shown) <= most:
        return " ".join(shown)
    half = most // 2
    return f"{' '.join(shown[:half])} … {' '.join(shown[-half:])} ({len(shown)} in all)"


def _matrix(
    name: str, rows: Sequence[Sequence[float]], names: Sequence[str]
) -> list[tuple[str, str]]:
    diagonal = [row[i] for i, row in enumerate(rows)]
    if all(value == 0 or i == j for i, row in enumerate(rows) for j, value in enumerate(row)):
        return [(name, _pairs(names, diagonal))]
    return [
        (f"{name} of {source}", _pairs([f"to {n}" for n in names], row))
        for source, row in zip(names, rows, strict=True)
    ]


def _maps(
    maps: Sequence[Mapping[str, Any]], names: Sequence[str], most: int | None
) -> list[tuple[str, str]]:
    about = names if len(maps) == len(names) else names[-1:] if len(names) == 2 else ["chosen"]
    lines = []
    for name, each in zip(about, maps, strict=True):
        for part, value in each.items():
            if isinstance(value, list):
                lines.append((f"{name}: {part}", _listed(value, most)))
        numbers = {
            part: value for part, value in each.items() if not isinstance(value, list | bool)
        }
        if numbers:
            lines.append((name, _pairs(list(numbers), list(numbers.values()))))
    return lines
