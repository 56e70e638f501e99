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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST_UNITS = 10_000
"""Clusters (or batches of them) that are drawn at most."""

# Replicates counted at once; few, so that they fit in a processor's cache.
_BLOCK = 5


@dataclass(frozen=True, kw_only=True)
class GroupDesign:
    """How the rows of one group are resampled.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Of the group, among all.
    cluster : ndarray of int, shape (m,)
        Cluster of each row; equal numbers in two groups mean one cluster.
    clusters : int
        Different ones in this group.
    unit : ndarray of int, shape (m,)
        Column of `weights` that belongs to each row.
    weights : ndarray of shape (replicates, units)
        Shared by the groups of one draw; units without rows of this group among them.
    draw : int
        Groups of one number share their draws, replicate by replicate.
    batched : bool
        Whether units are batches of clusters.
    """

    rows: Ints
    cluster: Ints
    clusters: int
    unit: Ints
    weights: Floats
    draw: int
    batched: bool


def design_groups(
    group: Ints, groups: int, cluster: Ints | None, *, replicates: int, rng: np.random.Generator
) -> list[GroupDesign]:
    """Draw clusters for every group.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        0 .. groups - 1; every group has rows.
    groups : int
    cluster : ndarray of int, shape (n,), or None
        None: every row is a cluster.
    replicates : int
    rng : numpy.random.Generator

    Returns
    -------
    list of GroupDesign
        One a group.
    """
    rows = _rows_of(group, groups)
    if cluster is None:
        own, draws = np.arange(len(group)), np.arange(groups)
    else:
        names, own = np.unique(cluster, return_inverse=True)
        incidence = csr_array(
            (np.ones(len(group)), (group, own)), shape=(groups, len(names)), dtype=np.float64
        )
        _, draws = connected_components(incidence @ incidence.T, directed=False)
    designs: dict[int, GroupDesign] = {}
    for draw in range(int(draws.max()) + 1):
        members = np.flatnonzero(draws == draw)
        designs |= _one_draw(draw, members.tolist(), rows, own, replicates, rng)
    return [designs[number] for number in range(groups)]


def _rows_of(group: Ints, groups: int) -> list[Ints]:
    if groups == 1:
        return [np.arange(len(group))]
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=groups))[:-1]
    return np.split(order, ends)


def _one_draw(
    draw: int,
    members: Sequence[int],
    rows: Sequence[Ints],
    cluster: Ints,
    replicates: int,
    rng: np.random.Generator,
) -> dict[int, GroupDesign]:
    """Draw the clusters of groups that are linked by shared ones."""
    together = np.concatenate([cluster[rows[number]] for number in members])
    names, unit = np.unique(together, return_inverse=True)
    count, batched = len(names), len(names) > MOST_UNITS
    if batched:
        unit = (rng.permutation(count) % MOST_UNITS)[unit]
        count = MOST_UNITS
    # A single cluster cannot be resampled; its weights are 1 throughout.
    weights = _drawn(count, replicates, rng) if count > 1 else np.ones((replicates, 1))
    parts = np.split(unit, np.cumsum([len(rows[number]) for number in members])[:-1])
    return {
        number: GroupDesign(
            rows=rows[number],
            cluster=cluster[rows[number]],
            clusters=len(np.unique(cluster[rows[number]])) if len(members) > 1 else len(names),
            unit=part,
            weights=weights,
            draw=draw,
            batched=batched,
        )
        for number, part in zip(members, parts, strict=True)
    }


def _drawn(units: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw units with replacement, and count; shape (replicates, units).

    The same distribution as `cluster_weights`, from other random numbers, ten times as fast:
    units are at most `MOST_UNITS`, so that numbers of 16 bits suffice.
    """
    weights = np.empty((replicates, units))
    for start in range(0, replicates, _BLOCK):
        block = min(_BLOCK, replicates - start)
        drawn = rng.integers(0, units, size=(block, units), dtype=np.uint16).astype(np.intp)
        drawn += (np.arange(block) * units)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=block * units)
        weights[start : start + block] = counts.reshape(block, units)
    return weights
