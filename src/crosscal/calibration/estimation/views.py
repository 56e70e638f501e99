"""The views of predictions that errors look at: the notion's confidence, and each class's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.features import BinaryView, chunks
from crosscal.calibration.estimation.functionals import FEATURES_OF, FeatureBlock, make_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# Uniform numbers held at once: 16 MB of float32.
_NUMBERS = 4_000_000
# Up to so many classes it is asked of each whether a number lies in its range.
_FEW_CLASSES = 16


@dataclass(frozen=True, kw_only=True)
class Views:
    """Views of the same rows, and the names of their columns, as `FEATURES_OF` has them."""

    views: Sequence[BinaryView]
    names: Sequence[Sequence[str]]

    def blocks(self, sums: Sequence[Floats | None], used: Ints) -> dict[str, list[FeatureBlock]]:
        """Return what each name stands for, given each view's cluster sums and used columns."""
        # Those that are not used share one place behind the others.
        places = np.full(sum(view.width for view in self.views), len(used), dtype=np.intp)
        places[used] = np.arange(len(used))
        blocks, start = defaultdict(list), 0
        for view, names, each in zip(self.views, self.names, sums, strict=True):
            for name, columns, part in zip(names, view.columns, view.slices(), strict=True):
                blocks[name].append(
                    FeatureBlock(
                        view=view,
                        columns=columns,
                        sums=None if each is None else each[:, part],
                        places=places[start + part.start : start + part.stop],
                    )
                )
            start += view.width
        return dict(blocks)

    def calibrated_excess(
        self, expected: Floats, used: Ints, samples: int, rng: np.random.Generator
    ) -> Floats:
        """Draw what calibrated rows would show in used columns, and 0: (samples, used + 1)."""
        n = len(self.views[0].confidence)
        starts = np.cumsum([0, *(view.width for view in self.views)])
        ends = np.searchsorted(used, starts)
        hits = np.zeros((len(used) + 1, samples))
        # Of the views of many classes, which come last, each number lies in the range of just one.
        several = [len(names) > 0 and names[0].startswith("class ") for names in self.names]
        first = several.index(True) if sum(several) > _FEW_CLASSES else len(self.views)
        for rows in chunks(n, max(1, _NUMBERS // samples)):
            uniforms = rng.random((rows.stop - rows.start, samples), dtype=np.float32)
            for number, view in enumerate(self.views[:first]):
                low, high = view.range
                inside = uniforms < high[rows, None].astype(np.float32)
                if low.any():
                    inside &= uniforms >= low[rows, None].astype(np.float32)
                part = slice(ends[number], ends[number + 1])
                own = used[part] - starts[number]
                hits[part] += (view.matrix(rows) @ inside.astype(np.float32))[own]
            for number, drawn in enumerate(_drawn_by_class(self.views[first:], rows, uniforms)):
                part = slice(ends[first + number], ends[first + number + 1])
                hits[part] += drawn[used[part] - starts[first + number]]
        whole = np.append(expected[used], 0.0)
        return np.asarray((whole[:, None] - hits).T / n)


def _drawn_by_class(
    views: Sequence[BinaryView], rows: slice, uniforms: NDArray[np.float32]
) -> Iterator[Floats]:
    """Yield for each class the sums of its columns over the rows where it was drawn."""
    if not views:
        return
    count, samples = uniforms.shape
    chosen = np.empty(uniforms.shape, dtype=np.uint32)
    ends = np.stack([view.range[1][rows].astype(np.float32) for view in views[:-1]], axis=1)
    for row in range(count):
        chosen[row] = np.searchsorted(ends[row], uniforms[row], side="right")
    order = np.argsort(chosen.ravel(), kind="stable")
    limits = np.cumsum([0, *np.bincount(chosen.ravel(), minlength=len(views))])
    for number, view in enumerate(views):
        row, sample = np.divmod(order[limits[number] : limits[number + 1]], samples)
        index, value = view.features(rows.start + row)
        cells = index * samples + sample[:, None]
        sums = np.bincount(cells.ravel(), value.ravel(), minlength=view.width * samples)
        yield sums.reshape(view.width, samples)


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
