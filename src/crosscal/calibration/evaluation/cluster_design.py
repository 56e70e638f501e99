"""One draw of clusters for several groups of rows: paired where groups share clusters.

Groups that share clusters (languages with the same items) are resampled together, so that their
differences are paired. Groups that share none are resampled each by itself, and are independent.

Beyond `MOST_UNITS` clusters, a matrix of weights would not fit into memory. Clusters are then put
at random into that many batches of equal size, and batches are drawn. Batches are exchangeable,
and the variance between them, times their number, is that between clusters; it is only learnt from
`MOST_UNITS` numbers instead of more, which adds 0.7 % to the uncertainty of a standard error. This
is the method of random groups (Wolter, 2007, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from crosscal.calibration.estimation.resampling import (
    MOST_UNITS,
    ClusterResampling,
    resample_clusters,
)
from crosscal.calibration.sample_weights import at_most_one, effective_size, inequality

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]

# Names the stream of the batches.
_BATCHES = 9
# Replicates times units of the draws that are kept: 320 MB.
MOST_KEPT = 40_000_000


class ClusterDraws:
    """Draws of clusters by number, made when they are asked for; the last ones are kept."""

    def __init__(self, replicates: int, seed: int, most_kept: int | None = None) -> None:
        self._replicates, self._seed = replicates, seed
        self._most_kept = MOST_KEPT if most_kept is None else most_kept
        self._kept: dict[int, ClusterResampling] = {}

    def of(self, draw: int, units: int) -> ClusterResampling:
        """Return a draw of so many units: the same whenever it is made."""
        if draw not in self._kept:
            while self._kept and self._numbers() + units * self._replicates > self._most_kept:
                del self._kept[next(iter(self._kept))]
            drawn = resample_clusters(units, self._replicates, entropy=(self._seed, draw))
            self._kept[draw] = drawn
        return self._kept[draw]

    def _numbers(self) -> int:
        return sum(each.weights.size for each in self._kept.values())


@dataclass(frozen=True, kw_only=True)
class GroupDesign:
    """How the rows of one group are resampled."""

    rows: Ints  # (m,): of the group, among all
    cluster: Ints  # (m,): cluster of each row; equal numbers in two groups mean one cluster
    clusters: int  # different ones in this group
    unit: Ints  # (m,): column of `weights` that belongs to each row
    units: int  # of the draw, also those without rows of this group
    draw: int  # groups of one number share their draws, replicate by replicate
    draws: ClusterDraws
    batched: bool  # whether units are batches of clusters
    weights: Floats | None = None  # (m,), above 0: cases each row stands for; None: all alike

    def own(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return what an array of all rows has of this group's; of a single group that is all."""
        return array if len(self.rows) == len(array) else array[self.rows]

    @property
    def resampling(self) -> ClusterResampling:
        """The draw, shared by all groups of its number."""
        return self.draws.of(self.draw, self.units)

    @property
    def effective(self) -> float:
        """How many rows of equal weight the rows are worth."""
        return float(len(self.rows)) if self.weights is None else effective_size(self.weights)

    @property
    def equal_clusters(self) -> float:
        """How many clusters of equal weight the clusters are worth, two or more."""
        if self.weights is None or self.clusters < 2:
            return float(self.clusters)
        _, own = np.unique(self.cluster, return_inverse=True)
        sizes = np.bincount(own, weights=self.weights).astype(np.float64)
        counts = np.bincount(own).astype(np.float64)
        return max(2.0, self.clusters / inequality(sizes, counts))


def design_groups(
    group: Ints,
    groups: int,
    cluster: Ints | None,
    *,
    replicates: int,
    seed: int,
    weights: Floats | None = None,
    most_kept: int | None = None,
) -> list[GroupDesign]:
    """Draw clusters for every group; without clusters every row is one.

    Of the draws at most so many numbers are kept; what is dropped is drawn again, alike.
    """
    rows = _rows_of(group, groups)
    if cluster is None:
        own, draws = None, np.arange(groups)
    else:
        names, own = np.unique(cluster, return_inverse=True)
        incidence = csr_array(
            (np.ones(len(group)), (group, own)), shape=(groups, len(names)), dtype=np.float64
        )
        _, labels = connected_components(incidence @ incidence.T, directed=False)
        # Draws are numbered by the first group of each, whatever the library's labels are.
        _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
        draws = np.argsort(np.argsort(first))[inverse]
    designs: dict[int, GroupDesign] = {}
    drawn = ClusterDraws(replicates, seed, most_kept)
    members = np.split(np.argsort(draws, kind="stable"), np.cumsum(np.bincount(draws))[:-1])
    for draw, groups_of_draw in enumerate(members):
        designs |= _one_draw(draw, groups_of_draw.tolist(), rows, own, drawn, seed)
    ordered = [designs[number] for number in range(groups)]
    if weights is None:
        return ordered
    return [replace(each, weights=at_most_one(weights[each.rows])) for each in ordered]


def _rows_of(group: Ints, groups: int) -> list[Ints]:
    if groups == 1:
        small = len(group) <= np.iinfo(np.int32).max
        return [np.arange(len(group), dtype=np.int32 if small else np.intp)]
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=groups))[:-1]
    return np.split(order, ends)


def _one_draw(
    draw: int,
    members: Sequence[int],
    rows: Sequence[Ints],
    cluster: Ints | None,
    draws: ClusterDraws,
    seed: int,
) -> dict[int, GroupDesign]:
    """Return the designs of groups that are linked by shared ones."""
    if cluster is None:  # every row by itself, and no two groups in one draw
        unit = np.arange(sum(len(rows[number]) for number in members))
        different = len(unit)
    else:
        together = np.concatenate([cluster[rows[number]] for number in members])
        names, unit = np.unique(together, return_inverse=True)
        different = len(names)
    count, batched = different, different > MOST_UNITS
    if batched:
        batch = np.random.default_rng([seed, draw, _BATCHES]).permutation(count) % MOST_UNITS
        # A quarter of the memory, and sorted much faster.
        unit = np.asarray(batch.astype(np.uint16)[unit])
        count = MOST_UNITS
    parts = np.split(unit, np.cumsum([len(rows[number]) for number in members])[:-1])
    return {
        number: GroupDesign(
            rows=rows[number],
            cluster=rows[number] if cluster is None else cluster[rows[number]],
            clusters=different
            if cluster is None or len(members) == 1
            else len(np.unique(cluster[rows[number]])),
            unit=part,
            units=count,
            draw=draw,
            draws=draws,
            batched=batched,
        )
        for number, part in zip(members, parts, strict=True)
    }
