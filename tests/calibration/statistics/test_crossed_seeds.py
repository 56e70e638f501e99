"""Seeds crossed with recipes: closed forms, invariance, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from crosscal.calibration import CrossedSeeds, seed_pivots
from crosscal.calibration.statistics.crossed_seeds import ONE_SEED, OWN, PAIRED, POOLED
from crosscal.exceptions import SettingsError


def table(recipes, seeds):
    return np.repeat(np.arange(recipes), seeds), np.tile(np.arange(seeds), recipes)


def crossed(recipes, seeds, replicates=4000):
    pivots = seed_pivots(replicates, np.random.default_rng(0))
    return CrossedSeeds(*table(recipes, seeds), pivots)


@pytest.mark.parametrize("seeds", [2, 3, 5, 8])
def test_two_recipes_without_noise_of_items_are_the_paired_t(seeds):
    model = crossed(2, seeds, replicates=20_000)
    values = np.random.default_rng(1).normal(size=2 * seeds)
    found = model.contrast(values, np.zeros((2 * seeds, 2 * seeds))).effect(1, 0)
    differences = values[seeds:] - values[:seeds]
    error = differences.std(ddof=1) / np.sqrt(seeds)
    draws = found.scale * model.pivots.normal
    reach = np.quantile(np.abs(draws), 0.95)
    assert reach == pytest.approx(t.ppf(0.975, seeds - 1) * error, rel=0.03)
    assert found.variance == pytest.approx(error**2)
    assert found.freedom == seeds - 1


def test_mean_squares_are_those_of_a_two_way_analysis_of_variance():
    recipes, seeds = 4, 3
    model = crossed(recipes, seeds)
    values = np.random.default_rng(2).normal(size=recipes * seeds)
    grid = values.reshape(recipes, seeds)
    left = grid - grid.mean(1, keepdims=True) - grid.mean(0) + grid.mean()
    msb = (left**2).sum() / ((recipes - 1) * (seeds - 1))
    msa = recipes * ((grid.mean(0) - grid.mean()) ** 2).sum() / (seeds - 1)
    nothing = np.zeros((12, 12))
    effect = model.contrast(values, nothing).effect(2, 0)
    assert effect.rule == POOLED
    # The standard error of a balanced difference by restricted maximum likelihood.
    assert effect.variance == pytest.approx(2 * msb / seeds)
    assert effect.freedom == 6
    level = model.contrast(values, nothing).level(2)
    pooled = msa / recipes + (recipes - 1) * msb / recipes
    assert level.variance == pytest.approx(pooled / seeds)
    freedom = pooled**2 / ((msa / recipes) ** 2 / 2 + ((recipes - 1) / recipes * msb) ** 2 / 6)
    assert level.freedom == pytest.approx(freedom)


def test_the_noise_of_items_is_taken_off():
    model = crossed(3, 2)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(6, 50_000))
    found = model.contrast(np.zeros(6), np.cov(noise)).effect(1, 0)
    # Independent items of variance 1 explain a mean square of 1.
    assert found.items == pytest.approx(1.0, rel=0.02)
    assert not found.scale.any()


def test_a_constant_added_to_one_seed_of_all_recipes_moves_no_effect():
    model = crossed(3, 3)
    values, cov = np.random.default_rng(4).normal(size=9), 0.1 * np.eye(9)
    moved = values + 50.0 * (table(3, 3)[1] == 1)
    np.testing.assert_allclose(
        model.contrast(moved, cov).effect(1, 0).scale,
        model.contrast(values, cov).effect(1, 0).scale,
        atol=1e-10,
    )
    assert (
        model.contrast(moved, cov).level(1).scale.mean()
        > 5 * model.contrast(values, cov).level(1).scale.mean()
    )


def test_rules():
    cov = np.zeros((10, 10))
    values = np.random.default_rng(5).normal(size=10)
    assert crossed(2, 5).contrast(values, cov).effect(1, 0).rule == PAIRED
    assert crossed(2, 5).contrast(values, cov).level(1).rule == OWN
    one = crossed(3, 1)
    assert one.contrast(np.arange(3.0), np.eye(3)).effect(1, 0).rule == ONE_SEED
    assert not one.contrast(np.arange(3.0), np.eye(3)).level(1).scale.any()
    # A recipe far more unstable than the others is not pooled with them.
    unstable = np.array([0.0, 0.1, 0.2, 0.1, 0.0, 0.2, -9.0, 0.0, 9.0])
    model = crossed(3, 3)
    assert model.contrast(unstable, np.zeros((9, 9))).effect(2, 0).rule == PAIRED
    assert model.contrast(unstable, np.zeros((9, 9))).level(2).rule == OWN


def test_tables_with_holes():
    recipe, seed = table(3, 3)
    present = np.ones(9, dtype=bool)
    present[[4, 8]] = False
    pivots = seed_pivots(2000, np.random.default_rng(0))
    model = CrossedSeeds(recipe[present], seed[present], pivots)
    rng = np.random.default_rng(6)
    alpha, beta = rng.normal(size=3) * 30, rng.normal(size=9)
    values = (alpha[seed] + beta)[present]
    found = model.contrast(values, np.zeros((7, 7))).effect(1, 0)
    assert found.rule == POOLED
    # The seed that only one of them has does not cancel.
    assert found.scale.mean() > 5
    assert np.sqrt(found.variance) > 5
    full = (
        CrossedSeeds(recipe, seed, pivots)
        .contrast(alpha[seed] + beta, np.zeros((9, 9)))
        .effect(1, 0)
    )
    assert full.scale.mean() < 5


@pytest.mark.parametrize(
    ("recipe", "seed"), [([0, 0, 1, 2, 3, 4, 5], [0, 1, 0, 0, 0, 0, 0]), (range(6), range(6))]
)
def test_many_recipes_with_hardly_a_second_seed(recipe, seed):
    pivots = seed_pivots(200, np.random.default_rng(0))
    model = CrossedSeeds(np.array(recipe), np.array(seed), pivots)
    values = np.random.default_rng(1).normal(size=len(recipe))
    nothing = np.zeros((len(values), len(values)))
    for number in range(6):
        assert np.isfinite(model.contrast(values, nothing).level(number).scale).all()
        if number:
            assert np.isfinite(model.contrast(values, nothing).effect(number, 0).scale).all()


def test_recipes_without_a_common_seed():
    pivots = seed_pivots(1000, np.random.default_rng(0))
    model = CrossedSeeds(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), pivots)
    found = model.contrast(np.array([0.0, 1.0, 5.0, 7.0]), np.zeros((4, 4))).effect(1, 0)
    assert found.variance == pytest.approx(0.5 / 2 + 2.0 / 2)


@pytest.mark.parametrize(("recipes", "seeds"), [(2, 2), (3, 2), (3, 3), (5, 5)])
@pytest.mark.parametrize("share", [0.0, 0.9])
def test_coverage(recipes, seeds, share):
    rng = np.random.default_rng(7)
    model, n = crossed(recipes, seeds, 400), recipes * seeds
    recipe, seed = table(recipes, seeds)
    cov = 0.5 + 0.5 * np.eye(n)
    root = np.linalg.cholesky(cov)
    items = root @ rng.normal(size=(n, 400))
    mine, theirs = recipe == 1, recipe == 0
    hits = [0, 0]
    for _ in range(200):
        values = root @ rng.normal(size=n) + 2 * np.sqrt(1 - share) * rng.normal(size=n)
        values += 2 * np.sqrt(share) * rng.normal(size=seeds)[seed]
        for k, (off, drawn, spread) in enumerate(
            (
                (
                    values[mine].mean() - values[theirs].mean(),
                    items[mine].mean(0) - items[theirs].mean(0),
                    model.contrast(values, cov).effect(1, 0),
                ),
                (values[mine].mean(), items[mine].mean(0), model.contrast(values, cov).level(1)),
            )
        ):
            low, high = np.quantile(drawn + spread.scale * model.pivots.normal, [0.025, 0.975])
            hits[k] += low <= -off <= high
    # 95 % of 200; fewer than 178 happen less than once in a thousand times.
    assert min(hits) >= 178


def test_no_replicates():
    with pytest.raises(SettingsError):
        seed_pivots(0, np.random.default_rng(0))


def test_standard_errors_are_those_of_restricted_maximum_likelihood():
    mixed_model = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    recipes, seeds = 4, 4
    recipe, seed = table(recipes, seeds)
    rng = np.random.default_rng(8)
    values = 2.0 * rng.normal(size=seeds)[seed] + rng.normal(size=recipes * seeds)
    # Levels of the recipes as fixed effects, the seeds as random ones.
    design = np.eye(recipes)[recipe]
    fitted = mixed_model.MixedLM(values, design, groups=seed).fit(reml=True, method="powell")
    within, between = fitted.scale, float(np.asarray(fitted.cov_re)[0, 0])
    whole = within * np.eye(len(seed)) + between * (seed[:, None] == seed)
    covariance = np.linalg.inv(design.T @ np.linalg.solve(whole, design))
    contrast = crossed(recipes, seeds).contrast(values, np.zeros((16, 16)))
    weights = np.array([-1.0, 0.0, 1.0, 0.0])
    for spread, expected in (
        (contrast.effect(2, 0), weights @ covariance @ weights),
        (contrast.level(1), covariance[1, 1]),
    ):
        assert spread.rule == POOLED
        assert np.sqrt(spread.variance) == pytest.approx(np.sqrt(expected), rel=2e-4)
