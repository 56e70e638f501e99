"""The views of predictions that errors look at: the notion's confidence, and each class's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.features import BinaryView, chunks
from crosscal.calibration.estimation.functionals import FEATURES_OF, FeatureBlock, make_columns
from crosscal.calibration.estimation.threads import in_threads

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
        cells = [view.cells() for view in self.views[:first]]
        sums = [np.zeros((each.width, samples)) for each in cells]

        def drawn_of(rows: slice, uniforms: NDArray[np.float32]) -> tuple[list[Any], list[Floats]]:
            """Return the sums of what is drawn: over cells of the first views, and by class."""
            of_cells = [
                divided.matrix(rows) @ inside
                for divided, inside in zip(
                    cells, _inside(self.views[:first], rows, uniforms), strict=True
                )
            ]
            return of_cells, list(_drawn_by_class(self.views[first:], rows, uniforms))

        numbers = (
            (rows, rng.random((rows.stop - rows.start, samples), dtype=np.float32))
            for rows in chunks(n, max(1, _NUMBERS // samples))
        )
        for of_cells, by_class in in_threads(drawn_of, numbers):
            for summed, each in zip(sums, of_cells, strict=True):
                summed += each
            for number, drawn in enumerate(by_class):
                part = slice(ends[first + number], ends[first + number + 1])
                hits[part] += drawn[used[part] - starts[first + number]]
        for number, (divided, summed) in enumerate(zip(cells, sums, strict=True)):
            part = slice(ends[number], ends[number + 1])
            hits[part] = divided.columns(summed)[used[part] - starts[number]]
        whole = np.append(expected[used], 0.0)
        return np.asarray((whole[:, None] - hits).T / n)


def _inside(
    views: Sequence[BinaryView], rows: slice, uniforms: NDArray[np.float32]
) -> Iterator[NDArray[np.float32]]:
    """Yield for each view where what it is about is drawn: 1, else 0."""
    # What a view is about is true where the number is below its confidence. Of the classes of a
    # row just one is: their ranges lie side by side, up to the end.
    end, below = np.zeros(len(uniforms)), np.zeros(uniforms.shape, dtype=bool)
    for view in views:
        if not isinstance(view, ClassView):
            inside = uniforms < view.confidence[rows, None].astype(np.float32)
        elif view.number == len(view.classes.columns) - 1:
            inside = ~below
        else:
            end += view.confidence[rows]
            reached = uniforms < end[:, None].astype(np.float32)
            inside, below = reached ^ below, reached
        yield inside.astype(np.float32)


def _drawn_by_class(
    views: Sequence[BinaryView], rows: slice, uniforms: NDArray[np.float32]
) -> Iterator[Floats]:
    """Yield for each class the sums of its columns over the rows where it was drawn."""
    if not views:
        return
    count, samples = uniforms.shape
    chosen = np.empty(uniforms.shape, dtype=np.uint32)
    columns = [view.confidence[rows] for view in views[:-1]]
    ends = np.cumsum(np.stack(columns, axis=1), axis=1).astype(np.float32)
    for row in range(count):
        chosen[row] = np.searchsorted(ends[row], uniforms[row], side="right")
    order = np.argsort(chosen.ravel(), kind="stable")
    limits = np.cumsum([0, *np.bincount(chosen.ravel(), minlength=len(views))])
    for number, view in enumerate(views):
        drawn, sample = np.divmod(order[limits[number] : limits[number + 1]], samples)
        index, value = view.features(rows.start + drawn)
        cells = index * samples + sample[:, None]
        sums = np.bincount(cells.ravel(), value.ravel(), minlength=view.width * samples)
        yield np.asarray(sums.reshape(view.width, samples), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class NotionView(BinaryView):
    """The view of one confidence a row, which is right or wrong as the prediction is."""

    outcomes: Floats  # (n,)

    def outcome(self, rows: slice) -> Floats:
        """Return the outcomes."""
        return np.asarray(self.outcomes[rows], dtype=np.float64)

    def outcome_if(self, rows: slice) -> tuple[Floats, Floats]:
        """Return 1, and 0."""
        count = len(self.confidence[rows])
        return np.ones(count), np.zeros(count)


@dataclass(frozen=True, kw_only=True)
class ClassProbabilities:
    """The probabilities of all classes, by class, and what they say of each row."""

    columns: Sequence[Floats]  # (n,) each
    chosen: NDArray[Any]  # (n,): the class of the highest one
    top: Floats  # (n,): the highest one
    gold: NDArray[Any]  # (n,)


@dataclass(frozen=True, kw_only=True)
class ClassView(BinaryView):
    """The view of one class's probability."""

    number: int
    classes: ClassProbabilities

    def outcome(self, rows: slice) -> Floats:
        """Return whether the class is right."""
        return np.asarray(self.classes.gold[rows] == self.number, dtype=np.float64)

    def outcome_if(self, rows: slice) -> tuple[Floats, Floats]:
        """Return where the class is chosen, and else how probable it would be."""
        confidence, rest = self.confidence[rows], 1.0 - self.classes.top[rows]
        chosen = self.classes.chosen[rows] == self.number
        other = np.divide(confidence, rest, out=np.zeros_like(confidence), where=rest > 0)
        return chosen.astype(np.float64), np.where(chosen, 0.0, np.minimum(other, 1.0))


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
    columns = [
        make_columns(name, confidence, correct, bins=bins, threshold=threshold, weights=weights)
        for name in names
    ]
    return NotionView(confidence=confidence, outcomes=correct, columns=columns, weights=weights)


def make_views(
    errors: Sequence[str],
    confidence: Floats,
    correct: Floats,
    classes: ClassProbabilities | None,
    *,
    bins: int,
    threshold: float,
    weights: Floats | None = None,
) -> Views:
    """Return the views that errors of these names (keys of `FEATURES_OF`) look at."""
    features = list(dict.fromkeys(FEATURES_OF[name] for name in errors))
    by_class = [name for name in features if name.startswith("class ")]
    of_notion = [name for name in features if name not in by_class]
    views: list[BinaryView] = []
    names = []
    if of_notion:
        views.append(
            notion_view(
                confidence, correct, of_notion, bins=bins, threshold=threshold, weights=weights
            )
        )
        names.append(of_notion)
    if by_class and classes is not None:
        views += _class_views(by_class, classes, bins, threshold, weights)
        names += [by_class] * len(classes.columns)
    return Views(views=views, names=names)


def looks_at_classes(errors: Sequence[str]) -> bool:
    """Whether some of these errors need the probabilities of all classes."""
    return any(FEATURES_OF[name].startswith("class ") for name in errors)


def _class_views(
    names: Sequence[str],
    classes: ClassProbabilities,
    bins: int,
    threshold: float,
    weights: Floats | None,
) -> Iterator[BinaryView]:
    for number, confidence in enumerate(classes.columns):
        right = (classes.gold == number).astype(np.float64)
        columns = [
            make_columns(name, confidence, right, bins=bins, threshold=threshold, weights=weights)
            for name in names
        ]
        yield ClassView(
            confidence=confidence, columns=columns, weights=weights, number=number, classes=classes
        )
