"""What training again would change, learnt from few seeds that recipes share.

Equal seed numbers give every recipe the same target head and the same order of batches, on
purpose: common random numbers make the comparison of recipes sharper. So seeds are crossed with
recipes, and a contrast (a language minus English, say) of recipe r and seed s is

    D_rs = delta_r + alpha_s + beta_rs + e_rs,   alpha ~ N(0, sa2), beta ~ N(0, sb2),

with e the noise of the test items, whose covariance the resampling of clusters knows. alpha is
common to all recipes and cancels in the effect of one of them; only beta stays.

Mean squares (of the interaction, MSb with nb degrees of freedom; of the seeds, MSa with na) hold
the variances plus the items' noise (wb, wa: the same mean squares of the resampled tables). The
uncertainty of a variance learnt from so few numbers is drawn as a generalised pivotal quantity
(Weerahandi 1993): nb MSb / chi2 - wb, at least 0, are draws of sb2, and
``sqrt(their variance factor) z``, z standard normal, draws of what the mean over seeds is off by.
Without item noise that is Student's t exactly. Sums of two mean squares have Satterthwaite's
degrees of freedom. Tables with holes (collapsed runs) have the mean squares of least squares
(Henderson's third method).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, fdtrc, ndtri

from crosscal.calibration.statistics.halton import scrambled_halton
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ONE_SEED, OWN, POOLED, PAIRED = "one seed", "own seeds", "pooled over recipes", "paired by seed"
"""How the variance between trainings was learnt."""

# From so many seeds on a recipe speaks for itself.
_ENOUGH_SEEDS = 5
# Below this a recipe's trainings differ more than those of the others, and are not pooled.
_UNEQUAL = 0.1
# With more recipes both mean squares of a level are drawn.
_FEW_RECIPES = 5
# Factors of the variance of the mean over seeds count as 0 below this.
_NOTHING = 1e-12


# Degrees of freedom are rounded to this, so that their quantiles are computed once.
_FREEDOM_STEP = 0.05


class SeedPivots:
    """Draws behind all measures: a standard normal and a chi-square number for each replicate."""

    def __init__(self, normal: Floats, uniform: Floats) -> None:
        self.normal, self._uniform = normal, uniform
        self._chi_squares: dict[float, Floats] = {}

    def chi_square(self, freedom: float) -> Floats:
        """Return chi-square numbers over their degrees of freedom, shape (replicates,)."""
        near = max(1.0, round(freedom / _FREEDOM_STEP) * _FREEDOM_STEP)
        if near not in self._chi_squares:
            self._chi_squares[near] = chdtri(near, 1.0 - self._uniform) / near
        return self._chi_squares[near]


def seed_pivots(replicates: int, rng: np.random.Generator) -> SeedPivots:
    """Draw what all measures of a study share.

    Raises
    ------
    SettingsError
        Fewer than one replicate.
    """
    if replicates < 1:
        raise SettingsError(f"{replicates} replicates", where="replicates", remedy="give 1 or more")
    # Evenly spread points: with two seeds the ends of an interval hang on the rarest draws.
    points = rng.permutation(scrambled_halton(replicates, rng))
    return SeedPivots(normal=ndtri(points[:, 0]), uniform=points[:, 1])


@dataclass(frozen=True, kw_only=True)
class SeedSpread:
    """What trainings add to a mean over seeds."""

    scale: Floats  # (replicates,): draws of its standard deviation; 0 throughout with one seed
    rule: str  # `ONE_SEED`, `OWN`, `POOLED` or `PAIRED`
    variance: float  # its estimate, the items' noise taken off, at least 0
    # raw, items: the variance that was observed, and what of it items explain; `raw - items` is the
    # estimate
    raw: float
    items: float
    freedom: float  # degrees of freedom of `raw`; infinite with one seed


class _MeanSquare(NamedTuple):
    """A variance learnt from a table: observed, of that the items' noise, degrees of freedom."""

    value: float
    items: float
    freedom: float


class _Design(NamedTuple):
    """Matrices of the squares of interaction and of seeds, in a table of some runs."""

    interaction: Floats
    seeds: Floats
    interaction_freedom: int
    seeds_freedom: int
    factor: float  # how often a seed's variance is in the mean square of the seeds


class CrossedSeeds:
    """The model of a table of runs: recipes crossed with seeds, numbered.

    Parameters
    ----------
    recipe, seed : ndarray of int, shape (runs,)
        Of each run, numbered from 0.
    pivots : SeedPivots
        Draws behind all contrasts of a study.
    """

    def __init__(self, recipe: Ints, seed: Ints, pivots: SeedPivots) -> None:
        self.recipe, self.seed, self.pivots = recipe, seed, pivots
        self.recipes = int(recipe.max()) + 1
        self.recipe_of = np.eye(self.recipes)[recipe]
        self.seed_of = np.eye(int(seed.max()) + 1)[seed]
        self._designs: dict[bytes, _Design] = {}
        self._common: dict[tuple[int, int], Ints] = {}

    def contrast(self, values: Floats, covariance: Floats) -> SeedTable:
        """Return what follows for a contrast of these values, shape (runs,).

        `covariance`, shape (runs, runs), is that of the values when the items are resampled.
        """
        return SeedTable(self, values, covariance)

    def design(self, runs: NDArray[np.bool_]) -> _Design:
        """Return the squares of a table of some runs, computed once."""
        key = runs.tobytes()
        if key not in self._designs:
            recipes, seeds = self.recipe_of[runs], self.seed_of[runs]
            by_recipe = _residual_maker(recipes)
            left = _residual_maker(np.hstack([recipes, seeds]))
            between = by_recipe - left
            freedom = round(float(np.trace(between)))
            factor = float(np.trace(seeds.T @ by_recipe @ seeds)) / freedom if freedom else 0.0
            left_freedom = round(float(np.trace(left)))
            self._designs[key] = _Design(left, between, left_freedom, freedom, factor)
        return self._designs[key]

    def common(self, recipe: int, baseline: int) -> Ints:
        """Return the seeds that both recipes were trained with."""
        both = recipe, baseline
        if both not in self._common:
            mine, theirs = (self.seed[self.recipe == each] for each in both)
            self._common[both] = np.intersect1d(mine, theirs)
        return self._common[both]


class SeedTable:
    """One contrast in all runs: what trainings add to its means over seeds."""

    def __init__(self, design: CrossedSeeds, values: Floats, covariance: Floats) -> None:
        self.design, self.values, self.covariance = design, values, covariance
        self.recipe, self.pivots = design.recipe, design.pivots

    def level(self, recipe: int) -> SeedSpread:
        """Return what trainings add to the mean of a recipe over its seeds."""
        runs = np.flatnonzero(self.recipe == recipe)
        own = self._own(runs) if len(runs) > 1 else None
        pooled = self._pooled
        enough = len(runs) >= _ENOUGH_SEEDS or self.design.recipes == 1
        if own is not None and (pooled is None or enough):
            return self._spread(own, 1.0 / len(runs), OWN)
        if own is not None and pooled is not None:
            others = self._pooled_over(self.recipe != recipe)
            if others is not None and _exceeds(own, others):
                return self._spread(own, 1.0 / len(runs), OWN)
        spread = self._spread(pooled, 1.0 / len(runs), POOLED)
        many = self.design.recipes > _FEW_RECIPES
        if many and pooled is not None and self._interaction is not None:
            return replace(spread, scale=self._both_drawn(pooled.items) / np.sqrt(len(runs)))
        return spread

    def effect(self, recipe: int, baseline: int) -> SeedSpread:
        """Return what trainings add to the mean of a recipe less that of the baseline."""
        pair, interaction = self._paired(recipe, baseline), self._interaction
        mine, theirs = self.recipe == recipe, self.recipe == baseline
        common = len(self.design.common(recipe, baseline))
        enough = common >= _ENOUGH_SEEDS or self.design.recipes == 2
        if pair is not None and (enough or interaction is None):
            return self._spread(pair, 1.0 / common, PAIRED)
        if interaction is None:
            return self._apart(recipe, baseline)
        if pair is not None:
            others = self._interaction_over(~mine)
            half = pair._replace(value=pair.value / 2, items=pair.items / 2)
            if others is not None and _exceeds(half, others):
                return self._spread(pair, 1.0 / common, PAIRED)
        weights = mine / mine.sum() - theirs / theirs.sum()
        spread = self._spread(interaction, float(weights @ weights), POOLED)
        return self._with_seeds(spread, weights, interaction)

    @cached_property
    def _everyone(self) -> NDArray[np.bool_]:
        return np.ones(len(self.recipe), dtype=bool)

    @cached_property
    def _interaction(self) -> _MeanSquare | None:
        return self._interaction_over(self._everyone)

    @cached_property
    def _seeds(self) -> _MeanSquare | None:
        return self._seeds_over(self._everyone)

    @cached_property
    def _pooled(self) -> _MeanSquare | None:
        return self._pooled_over(self._everyone)

    def _interaction_over(self, runs: NDArray[np.bool_]) -> _MeanSquare | None:
        """Return MSb: what is left when recipes and seeds are taken off."""
        of = self.design.design(runs)
        return self._mean_square(of.interaction, runs, of.interaction_freedom)

    def _seeds_over(self, runs: NDArray[np.bool_]) -> _MeanSquare | None:
        """Return MSa: what seeds explain beyond the recipes."""
        of = self.design.design(runs)
        return self._mean_square(of.seeds, runs, of.seeds_freedom)

    def _pooled_over(self, runs: NDArray[np.bool_]) -> _MeanSquare | None:
        """Return sa2 + sb2 and Satterthwaite's degrees of freedom."""
        factor, seeds = self.design.design(runs).factor, self._seeds_over(runs)
        if seeds is None or factor <= 0:
            return None
        rest = self._interaction_over(runs)
        if rest is None:
            return seeds if abs(factor - 1.0) < 1e-9 else None
        return _sum_of((seeds, 1.0 / factor), (rest, 1.0 - 1.0 / factor))

    def _both_drawn(self, items: float) -> Floats:
        """Draw the standard deviation of one training from draws of both mean squares."""
        # Satterthwaite's degrees of freedom rely on the mean square of the seeds just where it
        # happens to be small: with many recipes that costs coverage (.89 of .95). Drawing both
        # costs little width.
        factor, seeds, rest = (
            self.design.design(self._everyone).factor,
            self._seeds,
            self._interaction,
        )
        assert seeds is not None
        assert rest is not None
        drawn = seeds.value / self.pivots.chi_square(seeds.freedom) / factor
        others = np.roll(self.pivots.chi_square(rest.freedom), len(drawn) // 2)
        drawn = drawn + (1.0 - 1.0 / factor) * rest.value / others
        return np.asarray(np.sqrt(np.maximum(0.0, drawn - items)))

    def _paired(self, recipe: int, baseline: int) -> _MeanSquare | None:
        """Return the variance of differences by seed; None with other seeds besides, or one."""
        common = self.design.common(recipe, baseline)
        runs = np.flatnonzero((self.recipe == recipe) | (self.recipe == baseline))
        if len(common) < 2 or len(runs) != 2 * len(common):
            return None
        sign = np.where(self.recipe[runs] == recipe, 1.0, -1.0)
        pairs = (self.design.seed[runs] == common[:, None]) * sign  # (seeds, runs)
        covariance = pairs @ self.covariance[np.ix_(runs, runs)] @ pairs.T
        return _variance(pairs @ self.values[runs], covariance)

    def _apart(self, recipe: int, baseline: int) -> SeedSpread:
        """Return the spread of a difference of recipes that share too few seeds to be paired."""
        # A recipe with one seed is taken to vary like the other. Common seeds would make the
        # difference vary less, which cannot be learnt here.
        runs = [np.flatnonzero(self.recipe == each) for each in (recipe, baseline)]
        learnt = [self._own(each) for each in runs if len(each) > 1]
        if not learnt:
            return self._spread(None, 0.0, ONE_SEED)
        if len(learnt) == 1:
            return self._spread(learnt[0], sum(1.0 / len(each) for each in runs), OWN)
        parts = [(own, 1.0 / len(each)) for own, each in zip(learnt, runs, strict=True)]
        return self._spread(_sum_of(*parts), 1.0, OWN)

    def _with_seeds(
        self, spread: SeedSpread, weights: Floats, interaction: _MeanSquare
    ) -> SeedSpread:
        """Add what seeds that only one of the recipes has do not cancel."""
        left_over = float(np.square(weights @ self.design.seed_of).sum())
        factor, seeds = self.design.design(self._everyone).factor, self._seeds
        if left_over < _NOTHING or seeds is None or factor <= 0:
            return spread
        rest = interaction.value / self.pivots.chi_square(interaction.freedom) - interaction.items
        # The two mean squares are independent: one is drawn with other numbers.
        chi_square = self.pivots.chi_square(seeds.freedom)
        drawn = seeds.value / np.roll(chi_square, len(chi_square) // 2) - seeds.items
        drawn, rest = np.maximum(0.0, drawn), np.maximum(0.0, rest)
        more = np.maximum(0.0, drawn - rest) / factor * left_over
        seen = max(0.0, seeds.value - interaction.value) / factor * left_over
        explained = max(0.0, seeds.items - interaction.items) / factor * left_over
        return replace(
            spread,
            scale=np.sqrt(spread.scale**2 + more),
            variance=spread.variance + max(0.0, seen - explained),
            raw=spread.raw + seen,
            items=spread.items + explained,
            freedom=min(spread.freedom, seeds.freedom),
        )

    def _own(self, runs: Ints) -> _MeanSquare:
        return _variance(self.values[runs], self.covariance[np.ix_(runs, runs)])

    def _mean_square(
        self, matrix: Floats, runs: NDArray[np.bool_], freedom: int
    ) -> _MeanSquare | None:
        if freedom < 1:
            return None
        return _mean_square(matrix, self.values[runs], self.covariance[np.ix_(runs, runs)], freedom)

    def _spread(self, square: _MeanSquare | None, factor: float, rule: str) -> SeedSpread:
        if square is None:
            nothing = np.zeros(len(self.pivots.normal))
            return SeedSpread(
                scale=nothing, rule=ONE_SEED, variance=0.0, raw=0.0, items=0.0, freedom=np.inf
            )
        drawn = square.value / self.pivots.chi_square(square.freedom)
        between = np.maximum(0.0, drawn - square.items)
        return SeedSpread(
            scale=np.sqrt(between * factor),
            rule=rule,
            variance=max(0.0, square.value - square.items) * factor,
            raw=square.value * factor,
            items=square.items * factor,
            freedom=square.freedom,
        )


def _sum_of(*parts: tuple[_MeanSquare, float]) -> _MeanSquare:
    """Return a weighted sum of independent mean squares, with Satterthwaite's freedom."""
    total = sum(share * part.value for part, share in parts)
    square = sum((share * part.value) ** 2 / part.freedom for part, share in parts)
    return _MeanSquare(
        value=total,
        items=sum(share * part.items for part, share in parts),
        freedom=total**2 / square if square > 0 else min(p.freedom for p, _ in parts),
    )


def _residual_maker(design: Floats) -> Floats:
    """Return the matrix that leaves what a design does not explain."""
    return np.asarray(np.eye(len(design)) - design @ np.linalg.pinv(design))


def _mean_square(
    matrix: Floats, values: Floats, covariance: Floats, freedom: int
) -> _MeanSquare | None:
    if freedom < 1:
        return None
    return _MeanSquare(
        value=max(0.0, float(values @ matrix @ values)) / freedom,
        items=max(0.0, float(np.sum(matrix * covariance))) / freedom,
        freedom=float(freedom),
    )


def _variance(values: Floats, covariance: Floats) -> _MeanSquare:
    """Return the variance of some numbers, and what of it their covariance explains."""
    n = len(values)
    square = _mean_square(np.eye(n) - 1.0 / n, values, covariance, n - 1)
    assert square is not None
    return square


def _exceeds(own: _MeanSquare, others: _MeanSquare) -> bool:
    """Whether an F test finds the trainings of one recipe more unlike than those of the others."""
    if others.value <= 0:
        return own.value > 0
    ratio = own.value / others.value
    return bool(fdtrc(own.freedom, others.freedom, ratio) < _UNEQUAL)
