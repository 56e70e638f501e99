"""What speaks against predictions before anything is measured: classes in another order, and so on.

Each is found by counts alone, and said where it cannot be chance; the numbers are measured anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln, ndtr, stdtrit

from crosscal.calibration.evaluation.cluster_design import GroupDesign

# Rows below which nothing is said, and classes above which no order is looked for.
_FEWEST, _MOST_CLASSES = 20, 300
# Standard errors that convince; of the best order among k! more are asked for.
_CONVINCING = 4.0
_FAR_BELOW = 0.75
# How near two means are that are one number, and confidences that no right class has of five.
_EQUAL, _LOW = 1e-4, 0.2
# What a saturated model says of choices that it rules out.
_SURE = 0.05
# Rows of a group that are all right, where elsewhere less than so many are.
_FEWEST_ALL_RIGHT, _OFTEN = 100, 0.9
_MOST_NAMED = 8
# Rows of equal weight, and their share of all rows, below which weights are said to be extreme.
_FEW_EQUAL, _LEAST_SHARE = 25, 0.1


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """The rows of one group by chosen and right class."""

    name: str
    table: NDArray[np.float64]  # (k, k): chosen, right
    n: int

    @property
    def right(self) -> float:
        return float(np.trace(self.table))

    @property
    def chance(self) -> float:
        """Share right if choices and labels were independent."""
        return float((self.table.sum(axis=1) * self.table.sum(axis=0)).sum()) / self.n**2


def implausible(
    groups: Iterable[tuple[str, NDArray[Any], NDArray[Any]]],
    classes: Sequence[str] | None = None,
    *,
    pair: bool = False,
    clusters: Sequence[NDArray[Any]] | None = None,
) -> tuple[str, ...]:
    """Return what speaks against the scores (n, k) and labels of each named group.

    Where `pair`, values are confidences (n,), and labels say right or wrong; rows of one number in
    `clusters`, of each group, depend on each other.
    """
    if pair:
        named = [(name, (np.asarray(values), np.asarray(gold))) for name, values, gold in groups]
        rows = [arrays for _, arrays in named]
        confidence, outcome = (np.concatenate(each) for each in zip(*rows, strict=True))
        group = np.repeat(np.arange(len(rows)), [len(gold) for _, gold in rows])
        cluster = np.arange(len(group)) if clusters is None else np.concatenate(clusters)
        odd = _odd_confidences(confidence, outcome > 0, group, cluster)
        outcomes = [(name, len(gold), int((gold > 0).sum())) for name, (_, gold) in named]
        return (*_all_right(outcomes), *odd)
    counts = [
        counted for name, values, gold in groups if (counted := _counts(name, values, gold)).n
    ]
    large = [each for each in counts if each.n >= _FEWEST]
    # What no group shows beyond doubt can be beyond doubt in all of them together.
    orders = [*_orders(large, classes)] or [
        f"in all groups together: {note}" for note in _orders(_together(counts), classes)
    ]
    notes = [*orders, *_same_choice(large, classes)]
    return (*notes, *_all_right([(each.name, each.n, int(each.right)) for each in counts]))


def _all_right(groups: Sequence[tuple[str, int, int]]) -> tuple[str, ...]:
    """Say where labels seem to be the choices: of (name, rows, right) in all groups, or in some."""
    rows, right = sum(n for _, n, _ in groups), sum(hits for *_, hits in groups)
    look = "look whether the labels are what the model chose"
    if rows == right:
        found = f"every prediction equals its label, in all {rows:,} rows: {look}"
        return (found,) if rows >= _FEWEST else ()
    names = [name for name, n, hits in groups if n == hits and n >= _FEWEST_ALL_RIGHT]
    others = [(n, hits) for name, n, hits in groups if name not in names]
    share = sum(hits for _, hits in others) / max(1, sum(n for n, _ in others))
    if not names or share >= _OFTEN:
        return ()
    return (
        f"{', '.join(names)}: every prediction equals its label, elsewhere {_percent(share)} do: "
        f"{look} there",
    )


def _odd_confidences(
    confidence: NDArray[Any], right: NDArray[np.bool_], group: NDArray[Any], cluster: NDArray[Any]
) -> Iterator[str]:
    """Say where confidences seem to be something else: of choices, of the right class, of one."""
    n, hits = len(right), int(right.sum())
    if min(hits, n - hits) < _FEWEST:
        return
    choices = round(n / hits)
    if hits * choices == n and choices > 1 and abs(confidence.mean() - 1 / choices) < _EQUAL:
        yield (
            f"confidence and accuracy are one in {choices} on average, as in tables with a row for "
            "each choice: look whether a row is a unit"
        )
    high, low = confidence >= 0.5, confidence < _LOW
    # Of calibrated confidences near 0 and 1 nothing else is to be expected.
    between = ~high & ~right & (confidence >= _SURE)
    apart = right[high].all() and not right[low].any()
    if apart and min(high.sum(), low.sum(), 2 * between.sum()) >= _FEWEST:
        yield (
            "every confidence from one half on is right, and none of the low ones: look whether "
            "it is the probability of the right class"
        )
    elif _falls(*(each[~high] for each in (confidence, right, group, cluster))):
        yield (
            "below one half, the lower the confidence the more rows are right: look whether it is "
            "the probability of one class, or says how unsure the model is"
        )
    elif _falls(confidence, right, group, cluster):
        yield (
            "the higher the confidence the fewer rows are right: look whether it says how unsure "
            "the model is, or is of another row"
        )


def _falls(
    confidence: NDArray[Any],
    right: NDArray[np.bool_],
    group: NDArray[Any],
    cluster: NDArray[Any],
) -> bool:
    """Whether rows that are right have the lower confidence within groups, beyond doubt."""
    if min(right.sum(), (~right).sum()) < _FEWEST:
        return False
    rows = np.maximum(np.bincount(group), 1)
    apart = [
        each - (np.bincount(group, each) / rows)[group]
        for each in (confidence.astype(np.float64), right.astype(np.float64))
    ]
    sums = np.bincount(np.unique(cluster, return_inverse=True)[1], apart[0] * apart[1])
    if len(sums) < _FEWEST:
        return False
    # Few clusters say less about their spread than the normal distribution believes.
    enough = stdtrit(len(sums) - 1, ndtr(_CONVINCING))
    return bool(-sums.sum() > enough * np.sqrt((sums**2).sum()) + 1e-9 * len(right))


def unshared_clusters(
    groups: Sequence[str], group: NDArray[Any], cluster: NDArray[Any] | None
) -> tuple[str, ...]:
    """Return what is odd about clusters: that none is in two groups, or none has two rows."""
    if cluster is None or len(cluster) < 2:
        return ()
    pairs = np.unique(cluster.astype(np.int64) * len(groups) + group)
    shared = len(np.unique(pairs // len(groups))) < len(pairs)
    if len(groups) > 1 and not shared:
        return (
            "no cluster is in two groups, so that their differences are not paired: if the groups "
            "have items in common, give these the same name in each",
        )
    if len(groups) == 1 and len(pairs) == len(cluster):
        return ("every cluster has a single row, so that clusters change nothing",)
    return ()


def unequal_weights(designs: Sequence[tuple[str, GroupDesign]]) -> tuple[str, ...]:
    """Return in which named groups a few heavy rows, or clusters, decide."""
    few = []
    for name, each in designs:
        rows, clusters = each.effective, each.equal_clusters
        if each.weights is None:
            continue
        if rows < _FEW_EQUAL or rows < _LEAST_SHARE * len(each.rows):
            few.append(f"{name} (of {len(each.rows):,} rows, {rows:.1f})")
        elif each.clusters < len(each.rows) and (
            clusters < _LEAST_SHARE * each.clusters or clusters < _FEW_EQUAL <= each.clusters
        ):
            few.append(f"{name} (of {each.clusters:,} clusters, {clusters:.1f})")
    if not few:
        return ()
    more = f" and {len(few) - _MOST_NAMED} more" if len(few) > _MOST_NAMED else ""
    return (
        "weights leave little that counts, so that intervals are rough; worth as many of equal "
        f"weight: {', '.join(few[:_MOST_NAMED])}{more}",
    )


def _counts(name: str, values: NDArray[Any], gold: NDArray[Any]) -> _Counts:
    known = gold >= 0
    size = values.shape[1]
    if size > _MOST_CLASSES:
        return _Counts(name=name, table=np.zeros((1, 1)), n=0)
    table = np.zeros((size, size))
    np.add.at(table, (values[known].argmax(axis=1), gold[known]), 1)
    return _Counts(name=name, table=table, n=int(known.sum()))


def _together(counts: Sequence[_Counts]) -> list[_Counts]:
    """Return all groups as one, if they are several and of the same classes."""
    if len(counts) < 2 or len({each.table.shape for each in counts}) > 1:
        return []
    table = sum((each.table for each in counts), np.zeros_like(counts[0].table))
    whole = _Counts(name="", table=table, n=sum(each.n for each in counts))
    return [whole] if whole.n >= _FEWEST else []


def _orders(counts: Sequence[_Counts], classes: Sequence[str] | None) -> Iterator[str]:
    """Say where accuracy is far below chance, or another order of the classes is far better."""
    by_order: dict[tuple[int, ...], list[_Counts]] = {}
    for each in counts:
        order = _better_order(each)
        if order or _far_below_chance(each):
            by_order.setdefault(order, []).append(each)
    for order, members in by_order.items():
        n = sum(each.n for each in members)
        accuracy = sum(each.right for each in members) / n
        chance = sum(each.chance * each.n for each in members) / n
        below = f" is far below chance ({_percent(chance)})" if accuracy < chance else ""
        said = f"{_listed(members, counts)}accuracy {_percent(accuracy)}{below}"
        if order:
            at = np.arange(len(order)), np.array(order)
            better = sum(float(each.table[at].sum()) for each in members) / n
            # Which score stands for each class, in the order of the classes.
            columns = np.argsort(order)
            said += f"; with scores in the order ({','.join(map(str, columns))})"
            if classes:
                said += f", as {', '.join(classes[i] for i in columns)},"
            said += f" it would be {_percent(better)}"
        yield f"{said}: check the order of the classes, and that scores and labels are of one row"


def _far_below_chance(each: _Counts) -> bool:
    chance, accuracy = each.chance, each.right / each.n
    error = np.sqrt(max(chance * (1 - chance), 1 / each.n) / each.n)
    return accuracy < _FAR_BELOW * chance and chance - accuracy > _CONVINCING * error


def _better_order(each: _Counts) -> tuple[int, ...]:
    """Return which class each score seems to stand for; nothing if the order is right."""
    size = len(each.table)
    chosen, order = linear_sum_assignment(-each.table)
    better = float(each.table[chosen, order].sum())
    kept = float(np.diag(each.table)[order == chosen].sum())
    parted = better + each.right - 2 * kept
    enough = _CONVINCING + np.sqrt(2 * gammaln(size + 1))
    commonest = float(each.table.sum(axis=0).max())
    if better - each.right < enough * np.sqrt(max(parted, 1)) or better <= commonest:
        return ()
    return tuple(int(i) for i in order)


def _same_choice(counts: Sequence[_Counts], classes: Sequence[str] | None) -> Iterator[str]:
    by_class: dict[int, list[_Counts]] = {}
    for each in counts:
        chosen = np.flatnonzero(each.table.sum(axis=1))
        if len(chosen) == 1 and np.count_nonzero(each.table.sum(axis=0)) > 1:
            by_class.setdefault(int(chosen[0]), []).append(each)
    for number, members in by_class.items():
        name = f"'{classes[number]}'" if classes else str(number)
        yield f"{_listed(members, counts)}the same class, {name}, is chosen in every row"


def _listed(members: Sequence[_Counts], counts: Sequence[_Counts]) -> str:
    if len(counts) == 1:
        return ""
    if len(members) == len(counts):
        return "in every group: "
    names = [each.name for each in members]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"in {', '.join(names[:_MOST_NAMED])}{more}: "


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
