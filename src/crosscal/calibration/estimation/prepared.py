"""A set of rows as sums over clusters: all that resampling needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.estimation.samples import (
    EvaluationSettings,
    OutcomeSet,
    SampleSet,
)
from crosscal.calibration.estimation.summed_rows import (
    HIGH_CONFIDENCE,
    MeanSums,
    SummedMean,
    SummedRows,
    sum_rows,
)
from crosscal.calibration.estimation.views import Views, make_views, notion_view
from crosscal.calibration.sample_weights import effective_size, inequality, mean_one, weighted_mean
from crosscal.calibration.statistics.cluster_sums import cluster_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# Sums over clusters and columns that are held at once: 160 MB.
_MOST_SUMS = 20_000_000

SPANS = {
    "nll": (0.0, np.inf),
    "brier": (0.0, 2.0),
    "gap": (-1.0, 1.0),
    "entropy": (0.0, np.inf),
    "human_nll": (0.0, np.inf),
    "entropy_calibration_debiased": (-np.inf, np.inf),
}
"""What means can be; 0 to 1 for all others."""


@dataclass(frozen=True, kw_only=True)
class PreparedSample:
    """Sums of one set."""

    sample: SampleSet
    means: Mapping[str, SummedMean]
    views: Views
    # (units, 1 + columns): rows; means; excess in the used columns of the views, unless these are
    # so many that they are summed in parts, when they are asked for (`view_parts`). Weights of
    # mean 1 multiply them all, so that the rows sum to their number
    sums: Floats
    used: Ints  # the columns with rows, of all columns of the views
    excess: Floats  # (all columns of views,): sums of confidence minus outcome
    # of views that one error looks at alone, (units with rows, columns); None of the others
    block_sums: Sequence[Floats | None]
    # if_right, if_wrong: (columns,): means of the columns if every prediction were right, or wrong
    if_right: Floats
    if_wrong: Floats
    expected: Floats  # (all columns of views,): sums of the confidences
    clusters: int  # units with rows
    equal_clusters: float  # how many clusters of equal weight they are worth
    rows_of_one: float  # how many independent rows the rows of one cluster are correlated like
    # means of the columns at the lower and the upper node of the temperature, less those at the
    # fitted one
    moved: tuple[Floats, Floats] | None = field(default=None)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.sample.unit)

    @property
    def width(self) -> int:
        """Columns of all views."""
        return len(self.expected)

    def view_parts(self) -> Iterator[tuple[slice, Floats]]:
        """Yield sums of used columns that `sums` lacks, and where they lie among the used ones."""
        start = self.sums.shape[1] - 1 - len(self.means)
        if start == len(self.used):
            return
        units, at = len(self.sums), start
        views = self.views.views
        ends = np.searchsorted(self.used, np.cumsum([view.width for view in views]))
        parts: list[Floats] = []
        for view, first, end, offset in zip(
            views,
            [0, *ends[:-1]],
            ends,
            np.cumsum([0, *(view.width for view in views)]),
            strict=False,
        ):
            own = self.used[first:end] - offset
            sums = view.cluster_sums(self.sample.unit, units)
            parts.append(sums[:, own])
            if sum(part.size for part in parts) >= _MOST_SUMS or end == len(self.used):
                whole = np.hstack(parts)
                yield slice(at, at + whole.shape[1]), whole
                at, parts = at + whole.shape[1], []

    def replicates(self, totals: Floats, resampling: ClusterResampling) -> Floats:
        """Return draws of the true means of all columns and, last, of nothing."""
        # From replicates of the sums; what these lack is summed in parts.
        whole = np.zeros((len(totals), len(self.if_right) + 1))
        row, rows = self._virtual_row(resampling), totals[:, :1]
        held = slice(0, totals.shape[1] - 1)
        self._draw(whole, held, totals[:, 1:], rows, self.sums[:, 1:], row, resampling)
        for place, sums in self.view_parts():
            at = slice(len(self.means) + place.start, len(self.means) + place.stop)
            self._draw(whole, at, resampling.weights @ sums, rows, sums, row, resampling)
        return whole

    def _virtual_row(self, resampling: ClusterResampling) -> tuple[Floats, Floats]:
        mean = self.means["accuracy"].value
        weight, outcome = resampling.virtual_row(self.sample.name, self.sample.number, mean=mean)
        return (weight * self.rows_of_one)[:, None], outcome[:, None]

    def _draw(
        self,
        whole: Floats,
        columns: slice,
        totals: Floats,
        rows: Floats,
        sums: Floats,
        virtual_row: tuple[Floats, Floats],
        resampling: ClusterResampling,
    ) -> None:
        """Fill in draws of the true means of some columns."""
        observed = sums.sum(axis=0) / self.n
        weight, outcome = virtual_row
        drawn = np.multiply(outcome, self.if_right[columns], out=whole[:, columns])
        drawn += (1.0 - outcome) * self.if_wrong[columns]
        drawn *= weight
        drawn += totals
        drawn /= rows + weight
        drawn -= observed
        drawn *= resampling.student(self.equal_clusters)[:, None]
        drawn += observed
        if self.moved is not None and self.sample.temperature is not None:
            below, above = (each[columns] for each in self.moved)
            drawn += _interpolated(self.sample.temperature.offsets, below, above)


def in_unit_order(sample: SampleSet) -> SampleSet:
    """Return the set with the rows of each unit together, so that their order changes nothing."""
    if (sample.unit[1:] >= sample.unit[:-1]).all():
        return sample
    # Numbers of 16 bits are sorted several times as fast.
    small = sample.unit.max() <= np.iinfo(np.uint16).max
    order = np.argsort(sample.unit.astype(np.uint16) if small else sample.unit, kind="stable")
    drawn = sample.temperature
    if drawn is not None:
        drawn = replace(drawn, values_at=_reordered(drawn.values_at, order))
    return replace(
        sample,
        values=sample.values[order],
        gold=sample.gold[order],
        unit=sample.unit[order],
        weights=None if sample.weights is None else sample.weights[order],
        added={name: rows[order] for name, rows in sample.added.items()},
        temperature=drawn,
    )


def _reordered(values_at: Callable[[float], Floats], order: Ints) -> Callable[[float], Floats]:
    return lambda at: values_at(at)[order]


def prepare(
    sample: SampleSet, units: int, settings: EvaluationSettings, errors: Sequence[str]
) -> PreparedSample:
    """Sum a set's rows over clusters."""
    sample = in_unit_order(sample)
    weights = mean_one(sample.weights, len(sample.unit))
    sample = replace(sample, weights=weights)
    rows = sum_rows(sample, units, settings)
    if sample.temperature is None:
        # Summed, they are not looked at again: of many rows they are large.
        sample = replace(sample, values=sample.values[:0].copy(), gold=sample.gold[:0].copy())
    views = _views(rows, settings, weights)
    prepared = summed(sample, units, rows.means, views, rows.accuracy)
    if sample.temperature is None or not sample.temperature.offsets.any():
        return prepared
    node = 2.0 * float(sample.temperature.offsets.std())
    here, below, above = (
        _column_means(sample.temperature.values_at(at), units, settings, prepared)
        for at in (0.0, -node, node)
    )
    return PreparedSample(**{**vars(prepared), "moved": (below - here, above - here)})


def _views(rows: SummedRows, settings: EvaluationSettings, weights: Floats | None) -> Views:
    return make_views(
        settings.error_names(),
        rows.confidence,
        rows.correct,
        rows.classes,
        bins=settings.bins,
        threshold=HIGH_CONFIDENCE,
        weights=weights,
    )


def prepare_soft(
    confidence: Floats, outcome: Floats, unit: Ints, units: int, *, bins: int, name: str
) -> PreparedSample:
    """Sum rows whose outcomes are shares from 0 to 1 over clusters."""
    sample = SampleSet(
        values=confidence[:, None], gold=np.zeros(len(unit), dtype=np.int64), unit=unit, name=name
    )
    view = notion_view(confidence, outcome, ("width",), bins=bins, threshold=HIGH_CONFIDENCE)
    sums = MeanSums(units, None)
    sums.add("accuracy", outcome, unit, (None, 1.0), (None, 0.0))
    sums.add("confidence", confidence, unit, (confidence, 0.0), (confidence, 0.0))
    sums.add("gap", confidence - outcome, unit, (confidence, -1.0), (confidence, 0.0))
    return summed(sample, units, sums.means(), Views(views=[view], names=[("width",)]), outcome)


@dataclass(frozen=True, kw_only=True)
class SummedOutcomes:
    """Outcomes of one set, summed over clusters; the fields are those of `PreparedSample`."""

    name: str
    number: int
    n: int
    value: float
    sums: tuple[Floats, Floats]  # (units,) each: rows and outcomes
    clusters: int
    equal_clusters: float
    rows_of_one: float


def sum_outcomes(of: OutcomeSet, units: int) -> SummedOutcomes:
    """Sum outcomes over clusters."""
    n, weights = len(of.unit), mean_one(of.weights, len(of.unit))
    counts = np.bincount(of.unit, minlength=units).astype(np.float64)
    sizes = counts if weights is None else cluster_sums(weights, of.unit, units)
    rows = of.outcome if weights is None else weights * of.outcome
    clusters, equal_clusters = _cluster_counts(counts, sizes, weights)
    believed = of.equal_clusters or of.clusters or equal_clusters
    return SummedOutcomes(
        name=of.name,
        number=of.number,
        n=n,
        value=weighted_mean(of.outcome, weights),
        sums=(sizes, cluster_sums(rows, of.unit, units)),
        clusters=clusters,
        equal_clusters=equal_clusters,
        rows_of_one=_rows_of_one(of.outcome, weights, of.unit, sizes, believed),
    )


def _cluster_counts(counts: Floats, sizes: Floats, weights: Floats | None) -> tuple[int, float]:
    """Return how many clusters have rows, and how many of equal weight they are worth."""
    clusters = int(np.count_nonzero(counts))
    unequal = 1.0 if weights is None else inequality(sizes, counts)
    # Two at least: what two clusters say is little enough.
    return clusters, clusters if unequal == 1.0 else max(clusters / unequal, 2.0)


def summed(
    sample: SampleSet,
    units: int,
    means: Mapping[str, SummedMean],
    views: Views,
    accuracy: Floats,
) -> PreparedSample:
    """Sum rows of views over clusters, and put them beside the means."""
    unit, n, weights = sample.unit, len(sample.unit), sample.weights
    counts = np.bincount(unit, minlength=units).astype(np.float64)
    sizes = counts if weights is None else cluster_sums(weights, unit, units)
    columns = [sizes, *(each.sums for each in means.values())]
    held = units * sum(view.width for view in views.views) <= _MOST_SUMS
    excess, totals, filled, block_sums, wide = [], [], [], [], [np.zeros((units, 0))]
    for view, names in zip(views.views, views.names, strict=True):
        each, expected_sums = view.both_sums(unit, units)
        some = each[sizes > 0]
        excess.append(some.sum(axis=0))
        filled.append(each.any(axis=0))
        block_sums.append(None if names[0].startswith("class ") else some)
        totals.append(expected_sums)
        if held:
            wide.append(each)
    expected, if_right, if_wrong = np.hstack(totals) if totals else np.zeros((3, 0))
    some_rows = np.concatenate(filled) if filled else np.zeros(0, dtype=bool)
    used = np.flatnonzero((expected != 0) | (if_right != 0) | (if_wrong != 0) | some_rows)
    right = [each.if_right for each in means.values()]
    wrong = [each.if_wrong for each in means.values()]
    clusters, equal_clusters = _cluster_counts(counts, sizes, weights)
    return PreparedSample(
        sample=sample,
        means=means,
        views=views,
        sums=np.hstack([np.stack(columns, axis=1), *([np.hstack(wide)[:, used]] if held else [])]),
        used=used,
        excess=np.concatenate(excess) if excess else np.zeros(0),
        block_sums=block_sums,
        if_right=np.concatenate([right, (expected - if_right)[used] / n]),
        if_wrong=np.concatenate([wrong, (expected - if_wrong)[used] / n]),
        expected=expected,
        clusters=clusters,
        equal_clusters=equal_clusters,
        # In batches weights average out: they do not tell how unequal clusters are.
        rows_of_one=_rows_of_one(
            accuracy,
            weights,
            unit,
            sizes,
            sample.equal_clusters or sample.clusters or equal_clusters,
        ),
    )


def _rows_of_one(
    outcome: Floats, weights: Floats | None, unit: Ints, sizes: Floats, clusters: float
) -> float:
    """Return the design effect of the outcomes; where none varies, rows of a cluster are one."""
    deviation = outcome - weighted_mean(outcome, weights)
    weighted = deviation if weights is None else weights * deviation
    square = float(weighted @ deviation)
    if square <= 1e-12 * len(outcome):
        return len(outcome) / clusters
    between = np.bincount(unit, weights=weighted, minlength=len(sizes))
    # What heavy rows would add had they been wrong is not known where only light ones were.
    least = 1.0 if weights is None else len(outcome) / effective_size(weights)
    return float(np.clip(between @ between / square, least, sizes.max()))


def _column_means(
    values: Floats, units: int, settings: EvaluationSettings, prepared: PreparedSample
) -> Floats:
    """Return the means of all columns at other values, with the bins of the set's own."""
    sample = replace(prepared.sample, values=values)
    rows = sum_rows(sample, units, settings)
    other = _views(rows, settings, sample.weights)
    excess = [
        view.excess_sums(moved)
        for view, moved in zip(prepared.views.views, other.views, strict=True)
    ]
    wide = np.concatenate(excess) if excess else np.zeros(0)
    plain = [each.finite for each in rows.means.values()]
    return np.concatenate([plain, wide[prepared.used] / prepared.n])


def _interpolated(offsets: Floats, below: Floats, above: Floats) -> Floats:
    """Return changes at the offsets, from those two standard deviations below and above."""
    at = (offsets / (2.0 * offsets.std()))[:, None]
    return np.asarray(at * (above - below) / 2 + at**2 * (above + below) / 2)
