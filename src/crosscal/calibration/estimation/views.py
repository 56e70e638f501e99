"""The views of predictions that errors look at: the notion's confidence, and each class's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.features import BinaryView, chunks
from crosscal.calibration.estimation.functionals import FEATURES_OF, FeatureBlock, make_columns

Floats = NDArray[np.float64]

# Uniform numbers held at once: 16 MB of float32.
_NUMBERS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Views:
    """Views of the same rows, and the names of their columns, as `FEATURES_OF` has them."""

    views: Sequence[BinaryView]
    names: Sequence[Sequence[str]]

    def blocks(self, sums: Sequence[Floats]) -> dict[str, list[FeatureBlock]]:
        """Return what each name stands for, given each view's cluster sums."""
        blocks, start = defaultdict(list), 0
        for view, names, each in zip(self.views, self.names, sums, strict=True):
            for name, columns, part in zip(names, view.columns, view.slices(), strict=True):
                blocks[name].append(
                    FeatureBlock(
                        view=view, columns=columns, sums=each[:, part], start=start + part.start
                    )
                )
            start += view.width
        return dict(blocks)

    def calibrated_excess(self, expected: Floats, samples: int, rng: np.random.Generator) -> Floats:
        """Draw the excess that perfectly calibrated rows would show, shape (samples, columns)."""
        n = len(self.views[0].confidence)
        hits = np.zeros((len(expected), samples))
        for rows in chunks(n, max(1, _NUMBERS // samples)):
            uniforms = rng.random((rows.stop - rows.start, samples), dtype=np.float32)
            start = 0
            for view in self.views:
                low, high = view.range
                inside = uniforms < high[rows, None].astype(np.float32)
                if low.any():
                    inside &= uniforms >= low[rows, None].astype(np.float32)
                part = slice(start, start + view.width)
                hits[part] += view.matrix(rows) @ inside.astype(np.float32)
                start += view.width
        return np.asarray((expected[:, None] - hits).T / n)


def notion_view(
    confidence: Floats,
    correct: Floats,
    names: Sequence[str],
    *,
    bins: int,
    threshold: float,
    weights: Floats | None = None,
) -> BinaryView:
    """Return the view of one confidence a row."""
    nothing = np.zeros_like(confidence)
    columns = [
        make_columns(name, confidence, correct, bins=bins, threshold=threshold, weights=weights)
        for name in names
    ]
    return BinaryView(
        confidence=confidence,
        correct=correct,
        columns=columns,
        range=(nothing, confidence),
        if_right=np.ones_like(confidence),
        if_wrong=nothing,
        weights=weights,
    )


def make_views(
    errors: Sequence[str],
    confidence: Floats,
    correct: Floats,
    probabilities: Floats,
    gold: NDArray[np.int64],
    *,
    bins: int,
    threshold: float,
    weights: Floats | None = None,
) -> Views:
    """Return the views that errors of these names (keys of `FEATURES_OF`) look at."""
    features = list(dict.fromkeys(FEATURES_OF[name] for name in errors))
    by_class = [name for name in features if name.startswith("class ")]
    of_notion = [name for name in features if name not in by_class]
    views, names = [], []
    if of_notion:
        views.append(
            notion_view(
                confidence, correct, of_notion, bins=bins, threshold=threshold, weights=weights
            )
        )
        names.append(of_notion)
    if by_class:
        views += _class_views(by_class, probabilities, gold, bins, threshold, weights)
        names += [by_class] * probabilities.shape[1]
    return Views(views=views, names=names)


def _class_views(
    names: Sequence[str],
    probabilities: Floats,
    gold: NDArray[np.int64],
    bins: int,
    threshold: float,
    weights: Floats | None,
) -> list[BinaryView]:
    ends = np.cumsum(probabilities, axis=1)
    chosen = probabilities.argmax(axis=1)
    rest = 1.0 - probabilities[np.arange(len(gold)), chosen]
    views = []
    for number, column in enumerate(probabilities.T):
        low = ends[:, number - 1] if number else np.zeros(len(ends))
        # Where rounding leaves the last end short of 1.
        high = ends[:, number] if number < len(ends.T) - 1 else np.full(len(ends), 2.0)
        confidence, right = np.ascontiguousarray(column), (gold == number).astype(np.float64)
        other = np.divide(column, rest, out=np.zeros_like(column), where=rest > 0)
        views.append(
            BinaryView(
                confidence=confidence,
                correct=right,
                columns=[
                    make_columns(
                        name, confidence, right, bins=bins, threshold=threshold, weights=weights
                    )
                    for name in names
                ],
                range=(low, high),
                if_right=(chosen == number).astype(np.float64),
                if_wrong=np.where(chosen == number, 0.0, np.minimum(other, 1.0)),
                weights=weights,
            )
        )
    return views
