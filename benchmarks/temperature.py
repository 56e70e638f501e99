"""Fit a temperature to random problems and check each against a brute-force search.

    python benchmarks/temperature.py --problems 10000

Thirteen kinds of problem, from plain ones to scores up to 1e4, separable ones, constant ones, a
class that is never right, ties, one to five rows with up to fifty choices, and rows of different
numbers of choices. The search shares no code with the fit: in extended precision, a grid over
1 / T and then golden section. Where the fit says that no finite temperature is best, the negative
log-likelihood in the limit named (T to 0, T to infinity) must not be above any that the search
finds. Written to ``benchmarks/temperature.json``: how many problems of each kind, how far the fit
was above the search at most, and every failure.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from crosscal.calibration import ConvergenceWarning, TemperatureScaling

LONG = np.longdouble
TOLERANCE = 1e-8
GOLDEN = (np.sqrt(LONG(5)) - 1) / 2


def noisy(rng, scores, strength):
    """Return gold that the scores know something of."""
    gumbel = rng.gumbel(size=scores.shape)
    return (strength * scores + gumbel).argmax(axis=1)


def size(rng):
    rows, choices = np.exp(rng.uniform(np.log([4, 2]), np.log([300, 51])))
    return int(rows), int(choices)


def plain(rng):
    scores = rng.normal(size=size(rng)) * np.exp(rng.uniform(-3, 3))
    return scores, noisy(rng, scores, np.exp(rng.uniform(-3, 1)))


def large(rng):
    scores = rng.uniform(-1e4, 1e4, size(rng))
    return scores, noisy(rng, scores, 10 ** rng.uniform(-5, -1))


def heavy_tailed(rng):
    scores = np.clip(rng.standard_cauchy(size(rng)) * 10 ** rng.uniform(-2, 3), -1e4, 1e4)
    return scores, noisy(rng, scores, 10 ** rng.uniform(-3, 1))


def many_scales(rng):
    n, k = size(rng)
    scores = rng.normal(size=(n, k)) * 10 ** rng.uniform(-8, 4, (n, 1))
    return scores, noisy(rng, scores, 10 ** rng.uniform(-4, 4))


def separable(rng):
    scores = rng.normal(size=size(rng)) * 10 ** rng.uniform(-3, 4)
    return scores, scores.argmax(axis=1)


def nearly_separable(rng):
    scores, gold = separable(rng)
    row = rng.integers(len(gold))
    order = np.argsort(scores[row])
    gold[row] = order[-2]
    scores[row, order[-2]] = scores[row, order[-1]] - 10 ** rng.uniform(-9, 0)
    return scores, gold


def worse_than_chance(rng):
    scores = rng.normal(size=size(rng)) * 10 ** rng.uniform(-3, 4)
    return scores, scores.argmin(axis=1) if rng.random() < 0.5 else noisy(rng, scores, -1.0)


def near_chance(rng):
    n, k = size(rng)
    scores = rng.normal(size=(n, k)) * 10 ** rng.uniform(-3, 4)
    # Each row with each right choice: the slope at 1 / T = 0 is 0 but for the last row.
    copies = np.repeat(scores, k, axis=0)
    gold = np.tile(np.arange(k), n)
    if rng.random() < 0.7:
        gold[-1] = rng.integers(k)
    return copies, gold


def constant(rng):
    n, k = size(rng)
    scores = np.repeat(rng.normal(size=(n, 1)) * 10 ** rng.uniform(-3, 4), k, axis=1)
    if rng.random() < 0.5:  # all but one row
        scores[0] = rng.normal(size=k)
    return scores, rng.integers(k, size=n)


def class_absent(rng):
    scores = rng.normal(size=size(rng)) * 10 ** rng.uniform(-2, 4)
    scores = np.column_stack([scores, rng.normal(size=len(scores)) * np.abs(scores).max()])
    return scores, noisy(rng, scores[:, :-1], 10 ** rng.uniform(-4, 1))


def tied(rng):
    scores = rng.integers(-2, 3, size(rng)) * 10.0 ** rng.integers(-2, 5)
    return scores, noisy(rng, scores, 10 ** rng.uniform(-4, 1))


def few_rows(rng):
    n, k = int(rng.integers(1, 6)), int(rng.integers(2, 51))
    scores = rng.normal(size=(n, k)) * 10 ** rng.uniform(-3, 4)
    return scores, rng.integers(k, size=n)


def ragged(rng):
    n, k = size(rng)
    k += 1
    counts = rng.integers(2, k + 1, n)
    there = np.arange(k) < counts[:, None]
    scores = np.where(there, rng.normal(size=(n, k)) * 10 ** rng.uniform(-2, 4), -np.inf)
    gold = noisy(rng, scores, 10 ** rng.uniform(-4, 1))
    if rng.random() < 0.3:
        gold = scores.argmax(axis=1)
    return scores, gold


KINDS = [
    plain,
    large,
    heavy_tailed,
    many_scales,
    separable,
    nearly_separable,
    worse_than_chance,
    near_chance,
    constant,
    class_absent,
    tied,
    few_rows,
    ragged,
]


class Search:
    """Mean negative log-likelihood over 1 / T, in extended precision, and where it is least."""

    def __init__(self, scores, gold):
        scores = scores.astype(LONG)
        # Distance to the right choice; those of absent choices stay minus infinity.
        self.margins = scores - scores[np.arange(len(gold)), gold][:, None]

    def loss(self, beta):
        """Return the loss at each of these 1 / T."""
        beta = np.atleast_1d(beta).astype(LONG)
        shifted = self.margins * beta[:, None, None]
        top = shifted.max(axis=-1, keepdims=True)
        return (top[..., 0] + np.log(np.exp(shifted - top).sum(axis=-1))).mean(axis=-1)

    def at_infinite_temperature(self):
        """Return the limit in which all choices of a row are equally likely."""
        return np.log(np.isfinite(self.margins).sum(axis=1).astype(LONG)).mean()

    def at_temperature_zero(self):
        """Return the limit in which a row's highest choices share all probability."""
        best = self.margins.max(axis=1)
        if (best > 0).any():
            return LONG(np.inf)
        return np.log((self.margins == 0).sum(axis=1).astype(LONG)).mean()

    def least(self):
        """Return the least loss at a finite temperature that a search finds."""
        sizes = np.abs(self.margins[np.isfinite(self.margins) & (self.margins != 0)])
        if not len(sizes):
            return self.loss(1.0)[0]
        grid = np.exp(np.linspace(np.log(1e-7 / sizes.max()), np.log(1e3 / sizes.min()), 160))
        # In blocks: a grid at once may not fit into memory.
        losses = np.concatenate([self.loss(block) for block in np.array_split(grid, 16)])
        at = int(losses.argmin())
        low, high = (
            np.log(LONG(grid[max(at - 1, 0)])),
            np.log(LONG(grid[min(at + 1, len(grid) - 1)])),
        )
        for _ in range(90):
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            a, b = self.loss(np.exp(np.array([left, right])))
            if a <= b:
                high = right
            else:
                low = left
        return min(self.loss(np.exp((low + high) / 2))[0], losses.min())


def judge(scores, gold):
    """Return what the fit said, by how much it is above the search, and what is wrong."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        fitted = TemperatureScaling().fit(scores, gold)
    search = Search(scores, gold)
    least = search.least()
    hot, cold = search.at_infinite_temperature(), search.at_temperature_zero()
    reached = search.loss(1 / LONG(fitted.temperature_))[0]
    wrong = []
    if not (np.isfinite(fitted.temperature_) and fitted.temperature_ > 0):
        wrong.append(f"temperature {fitted.temperature_}")
    said = [w for w in heard if issubclass(w.category, ConvergenceWarning)]
    if len(said) != len(heard) or len(said) != (not fitted.converged_):
        wrong.append(f"warnings {[str(w.message) for w in heard]}")
    if abs(LONG(fitted.nll_after_) - reached) > TOLERANCE * max(1.0, reached):
        wrong.append(f"nll_after_ {fitted.nll_after_!r} is {reached!r}")
    if fitted.nll_after_ > fitted.nll_before_ + 1e-12:
        wrong.append("worse than temperature 1")
    if fitted.converged_:
        said, above = "optimum", reached - min(least, hot, cold)
    else:
        message = str(heard[0].message) if heard else ""
        limits = {"is 0": cold, "is infinite": hot, "any temperature": reached}
        said = next((name for name in limits if name in message), message)
        above = limits.get(said, LONG(np.inf)) - min(least, hot, cold)
    if not above <= TOLERANCE:
        wrong.append(f"{said}: {float(above):.3g} above the search")
    return said, float(above), wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    kinds, failures = {}, []
    for number in range(options.problems):
        make = KINDS[number % len(KINDS)]
        rng = np.random.default_rng([options.seed, number])
        said, above, wrong = judge(*make(rng))
        kind = kinds.setdefault(make.__name__, {"problems": 0, "said": {}, "most_above": 0.0})
        kind["problems"] += 1
        kind["said"][said] = kind["said"].get(said, 0) + 1
        kind["most_above"] = max(kind["most_above"], above)
        if wrong:
            failures.append({"kind": make.__name__, "number": number, "wrong": wrong})
    result = {
        "problems": options.problems,
        "seed": options.seed,
        "tolerance": TOLERANCE,
        "most_above": max(kind["most_above"] for kind in kinds.values()),
        "kinds": kinds,
        "failures": failures,
    }
    text = json.dumps(result, indent=1)
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
