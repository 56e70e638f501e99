"""Nearest neighbours against the full matrix in float64, and whatever blocks they come in."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.exceptions import DataError, SettingsError
from crosscal.tasks.retrieval import nearest as module
from crosscal.tasks.retrieval.nearest import Neighbours, nearest, nearest_both
from crosscal.tasks.retrieval.vectors import unit_rows


def vectors(seed: int, rows: int, dimensions: int = 24, *, shared: float = 0.0) -> np.ndarray:
    """Random rows; with `shared` all lie about one direction, as sentence embeddings do."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(rows, dimensions))
    return (shared * np.ones(dimensions) + noise).astype(np.float32)


def brute(queries: np.ndarray, candidates: np.ndarray, k: int) -> Neighbours:
    """The definition: every cosine in float64, sorted by cosine, then place."""
    left, right = (
        rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1)[:, None]
        for rows in (queries, candidates)
    )
    # Rounded, so that equal rows tie here too, whatever their place in the matrix product.
    cosines = np.round(left @ right.T, 12)
    places = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return Neighbours(indices=places, cosines=np.take_along_axis(cosines, places, axis=1))


def same_bits(one: Neighbours, other: Neighbours) -> bool:
    return (
        one.indices.tobytes() == other.indices.tobytes()
        and one.cosines.tobytes() == other.cosines.tobytes()
    )


@pytest.mark.parametrize("shared", [0.0, 5.0])
def test_equal_to_the_full_matrix(shared):
    queries, candidates = vectors(1, 300, shared=shared), vectors(2, 211, shared=shared)
    for k in (1, 4, 211):
        found, whole = nearest(queries, candidates, k, block=64), brute(queries, candidates, 211)
        assert found.cosines.dtype == np.float64
        # Rows were rounded to float32.
        assert np.abs(found.cosines - whole.cosines[:, :k]).max() < 2e-7
        # Places agree wherever the cosines lie further apart than that rounding.
        gaps = np.abs(np.diff(whole.cosines, axis=1)) > 4e-7
        clear = np.pad(gaps, ((0, 0), (1, 0)), constant_values=True)
        clear &= np.pad(gaps, ((0, 0), (0, 1)), constant_values=True)
        assert clear.mean() > 0.9
        assert (found.indices == whole.indices[:, :k])[clear[:, :k]].all()


def test_agrees_with_scikit_learn():
    neighbors = pytest.importorskip("sklearn.neighbors")
    queries, candidates = vectors(3, 100), vectors(4, 150)
    theirs = neighbors.NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute")
    distances, places = theirs.fit(candidates.astype(float)).kneighbors(queries.astype(float))
    found = nearest(queries, candidates, 5)
    assert (found.indices == places).all()
    assert np.abs(1 - distances - found.cosines).max() < 2e-7


@given(
    seed=st.integers(0, 10_000),
    rows=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    block=st.sampled_from([1, 2, 3, 5, 8, 13, 30]),
    copies=st.integers(0, 20),
    data=st.data(),
)
@settings(max_examples=40)
def test_blocks_change_no_bit(seed, rows, block, copies, data):
    rng = np.random.default_rng(seed)
    # Few values, so that many cosines are equal without the rows being so.
    queries, candidates = (rng.integers(-2, 3, (n, 6)).astype(np.float32) + 0.5 for n in rows)
    for _ in range(copies):
        candidates[rng.integers(rows[1])] = candidates[rng.integers(rows[1])]
    k = data.draw(st.integers(1, rows[1])), data.draw(st.integers(1, rows[0]))
    whole = nearest_both(queries, candidates, k)
    blocks = nearest_both(queries, candidates, k, block=block)
    assert all(map(same_bits, whole, blocks))
    assert same_bits(whole[0], nearest(queries, candidates, k[0], block=block))
    assert same_bits(whole[1], nearest(candidates, queries, k[1], block=block))
    cut = data.draw(st.integers(0, rows[0]))
    stream = (part for part in (queries[:cut], queries[cut:]))
    assert all(map(same_bits, whole, nearest_both(stream, [candidates], k, block=block)))


@given(seed=st.integers(0, 10_000), block=st.integers(1, 30))
@settings(max_examples=40)
def test_of_equal_candidates_the_first_wins_in_any_order(seed, block):
    rng = np.random.default_rng(seed)
    distinct = vectors(seed, 6)
    copy = rng.permutation(np.repeat(np.arange(6), 4))  # each row stands in four places
    found = nearest(distinct, distinct[copy], 24, block=block)
    for row in range(6):
        order = copy[found.indices[row]]
        assert order.reshape(6, 4).std() > 0
        assert (order.reshape(6, 4) == order[::4][:, None]).all()  # copies stand together
        assert order[0] == row
        ties = found.indices[row].reshape(6, 4)
        assert (np.diff(ties, axis=1) > 0).all()  # the lowest place first
        groups = found.cosines[row].reshape(6, 4)
        assert (groups == groups[:, :1]).all()


def test_cosines_closer_than_float32_are_told_apart():
    """Neighbours that a float32 product cannot rank are ranked as exact arithmetic does."""
    rng = np.random.default_rng(5)
    base = rng.normal(size=48)
    candidates = (base + 1e-6 * rng.normal(size=(500, 48))).astype(np.float32)
    query = (base + 0.1 * rng.normal(size=48)).astype(np.float32)[None]
    units = unit_rows(candidates, range(500)), unit_rows(query, range(1))
    exact = [
        sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(row, units[1][0], strict=True))
        for row in units[0]
    ]
    expected = sorted(range(500), key=lambda place: (-exact[place], place))[:20]
    products = units[1] @ units[0].T
    assert np.argsort(-products[0], kind="stable")[:20].tolist() != expected
    for block in (1, 7, 1024):
        assert nearest(query, candidates, 20, block=block).indices[0].tolist() == expected


def test_all_rows_equal():
    rows = np.ones((300, 5), dtype=np.float32)
    found = nearest(rows, rows, 3, block=100)
    assert (found.indices == [0, 1, 2]).all()
    assert (np.abs(found.cosines - 1) < 1e-6).all()


def test_scale_of_a_row_does_not_matter():
    queries, candidates = vectors(6, 20), vectors(7, 30)
    found = nearest(queries * np.float32(2**60), candidates * np.float32(2**-60), 3)
    assert same_bits(found, nearest(queries, candidates, 3))
    assert same_bits(found, nearest(queries.astype(np.float64), candidates, 3))


def test_files_are_read_in_blocks(tmp_path):
    queries, candidates = vectors(8, 500), vectors(9, 60)
    np.save(tmp_path / "q.npy", queries)
    np.save(tmp_path / "c.npy", np.stack([candidates, -candidates]))
    mapped = np.load(tmp_path / "q.npy", mmap_mode="r")
    layer = np.load(tmp_path / "c.npy", mmap_mode="r")[0]
    found = nearest(mapped, layer, 4, block=50)
    assert same_bits(found, nearest(queries, candidates, 4))

    largest = 0

    def stream() -> Iterator[np.ndarray]:
        nonlocal largest
        for start in range(0, 500, 7):
            largest = max(largest, len(queries[start : start + 7]))
            yield queries[start : start + 7]

    assert same_bits(found, nearest(stream(), layer, 4, block=50))
    assert largest == 7


@pytest.mark.parametrize(
    ("value", "what"),
    [(0.0, "row 13 is zero"), (np.nan, "row 13 is NaN or infinite"), (np.inf, "row 13 is NaN")],
)
@pytest.mark.parametrize("side", ["queries", "candidates"])
def test_rows_without_direction_are_named(value, what, side):
    good, bad = vectors(1, 20), vectors(2, 20)
    bad[13] = value
    bad[17] = value
    rows = (bad, good) if side == "queries" else (good, bad)
    for block in (4, 13, 1024):
        with pytest.raises(DataError, match=what) as caught:
            nearest(*rows, 2, block=block)
        assert caught.value.where == side


def test_one_nan_is_enough_and_too_large_for_float32_is_infinite():
    rows = vectors(1, 20).astype(np.float64)
    for value in (np.nan, 1e200):
        bad = rows.copy()
        bad[3, 5] = value
        with pytest.raises(DataError, match="row 3 is NaN or infinite in float32"):
            nearest(rows, [bad[:2], bad[2:]], 2)


def test_tiny_rows_have_a_direction():
    tiny = np.array([[1e-44, 0.0], [0.0, 1e-44]], dtype=np.float32)
    assert nearest(tiny, tiny, 1).indices.tolist() == [[0], [1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 21}, "21 neighbours were asked for, but there are 20 candidates"),
        ({"k": 0}, "0 neighbours"),
        ({"k": -1}, "neighbours"),
        ({"k": 1, "block": 0}, "blocks of 0 rows"),
    ],
)
def test_impossible_settings(arguments, message):
    with pytest.raises(SettingsError, match=message):
        nearest(vectors(1, 5), vectors(2, 20), **arguments)


def test_too_few_queries_for_the_way_back():
    for queries in (vectors(1, 5), (part for part in [vectors(1, 3), vectors(1, 2)])):
        with pytest.raises(SettingsError, match="6 neighbours .* but there are 5 queries"):
            nearest_both(queries, vectors(2, 20), (1, 6), block=2)


def test_generator_as_candidates():
    with pytest.raises(SettingsError, match="generator, which can be read only once"):
        nearest(vectors(1, 5), (part for part in [vectors(2, 20)]), 1)


@pytest.mark.parametrize(
    ("queries", "candidates", "message"),
    [
        (vectors(1, 5), vectors(2, 5, 23), "queries of 24 dimensions, candidates of 23"),
        (vectors(1, 0), vectors(2, 5), "there are no rows"),
        (vectors(1, 5), vectors(2, 0), "there are no rows"),
        ([], vectors(2, 5), "there are no rows"),
        (np.ones(3), vectors(2, 5), r"vectors of shape \(3,\)"),
        (np.array(3.0), vectors(2, 5), r"vectors of shape \(1,\)"),
        (np.ones((2, 0)), vectors(2, 5), r"vectors of shape \(2, 0\)"),
        (np.ones((2, 24), dtype=complex), vectors(2, 5), "type complex128"),
        (np.array([["a"] * 24]), vectors(2, 5), "vectors of shape"),
    ],
)
def test_unusable_vectors(queries, candidates, message):
    with pytest.raises(DataError, match=message):
        nearest(queries, candidates, 1)


def test_memory_does_not_grow_with_the_rows():
    candidates = vectors(1, 300, 16)

    def peak(blocks: int) -> int:
        stream = (vectors(seed, 200, 16) for seed in range(blocks))
        tracemalloc.start()
        nearest_both(stream, candidates, (2, 2), block=150)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(5), peak(60)
    result = 55 * 200 * 2 * 16  # places and cosines of the rows that came in addition
    assert few < 150**2 * 20 + 1_000_000
    assert many - few < 2.5 * result


def test_only_what_can_be_among_the_best_is_computed_again(monkeypatch):
    """The bound must not let everything through, or speed is lost without a test failing."""
    counted = 0
    cosines = module._cosines

    def count(mine, others, row, column):
        nonlocal counted
        counted += len(row)
        return cosines(mine, others, row, column)

    monkeypatch.setattr(module, "_cosines", count)
    nearest(vectors(1, 200, 384), vectors(2, 4000, 384), 4, block=200)
    # k of the first block, and k / j of the block after j: k (1 + 1 + 1/2 + ... + 1/19) expected.
    assert 200 * 4 * 4.55 * 0.8 < counted < 200 * 4 * 4.55 * 1.2
