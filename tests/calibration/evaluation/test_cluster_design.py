"""One draw for groups that share clusters, draws of their own for the others."""

import numpy as np
import pytest

from crosscal.calibration.evaluation import cluster_design
from crosscal.calibration.evaluation.cluster_design import design_groups


def designs(group, cluster, replicates=400, seed=0):
    group = np.asarray(group)
    cluster = None if cluster is None else np.asarray(cluster)
    return design_groups(group, int(group.max()) + 1, cluster, replicates=replicates, seed=seed)


def test_rows_of_groups_and_what_is_drawn():
    one, two = designs([1, 0, 1, 0, 1], None)
    assert (one.rows.tolist(), two.rows.tolist()) == ([1, 3], [0, 2, 4])
    assert (one.clusters, two.clusters) == (2, 3)
    assert one.draw != two.draw
    assert (one.resampling.weights.sum(axis=1) == 2).all()
    assert (two.resampling.weights.sum(axis=1) == 3).all()


def test_shared_clusters_share_their_draw():
    # Groups 0 and 1 share cluster 5, groups 1 and 2 share 9; group 3 is by itself.
    found = designs([0, 0, 1, 1, 2, 2, 3, 3], [1, 5, 5, 9, 9, 2, 3, 4])
    assert found[0].draw == found[1].draw == found[2].draw != found[3].draw
    assert found[0].resampling.weights is found[1].resampling.weights
    five = found[0].unit[1], found[1].unit[0]
    assert five[0] == five[1]
    assert found[3].resampling.weights.shape[1] == 2


def test_a_single_cluster_is_not_resampled():
    (only,) = designs([0, 0, 0], ["a", "a", "a"])
    assert only.clusters == 1
    assert (only.resampling.weights == 1).all()


def test_batches_have_the_variance_of_clusters(monkeypatch):
    monkeypatch.setattr(cluster_design, "MOST_UNITS", 500)
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(4000), 2)
    values = np.repeat(rng.normal(size=4000), 2) + rng.normal(size=8000)
    (design,) = designs(np.zeros(8000, dtype=int), cluster, replicates=4000)
    assert design.batched
    assert np.unique(np.bincount(design.unit)).tolist() == [16]
    # Rows of a cluster stay together.
    assert (design.unit[::2] == design.unit[1::2]).all()
    sums = np.bincount(design.unit, weights=values)
    found = (design.resampling.weights @ sums / 8000).std()
    exact = np.bincount(cluster, weights=values).std() * np.sqrt(4000) / 8000
    # 500 batches tell a standard deviation to 3 %, 4,000 replicates to 1 %.
    assert found == pytest.approx(exact, rel=0.12)


def test_draws_are_kept_within_bounds_and_made_again(monkeypatch):
    monkeypatch.setattr(cluster_design, "MOST_KEPT", 100 * 50)
    found = designs(np.repeat(np.arange(4), 20), None, replicates=100)
    first = found[0].resampling.weights.copy()
    for each in found:
        assert each.resampling.weights.shape[1] == 20
        assert sum(d.weights.size for d in each.draws._kept.values()) <= 100 * 50
    assert (found[0].resampling.weights == first).all()
