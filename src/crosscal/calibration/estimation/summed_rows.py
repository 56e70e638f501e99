"""What rows add to every mean, summed over clusters some rows at a time, and their confidences.

Beyond `ROWS_AT_ONCE` rows memory holds the scores as they came and a confidence for each row and
class; everything else exists for some rows at a time. Sums over several parts differ from those
over one in the last digits (1e-12 is asserted).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.entropy import entropy_of, entropy_rows
from crosscal.calibration.estimation.features import chunks
from crosscal.calibration.estimation.samples import EvaluationSettings, SampleSet
from crosscal.calibration.estimation.views import ClassProbabilities, looks_at_classes
from crosscal.calibration.notion import ROWS_AT_ONCE, Notion, outcomes, to_probabilities
from crosscal.calibration.proper import brier_of, log_probabilities, nll_of
from crosscal.calibration.rows import row_argmax, row_max, row_sum
from crosscal.calibration.sample_weights import weighted_mean
from crosscal.calibration.statistics.cluster_sums import cluster_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Expected = tuple[Floats | None, float]
"""A number to expect: the mean of these rows, if there are any, and a constant."""

HIGH_CONFIDENCE = 0.9
"""Of ``overconfident_errors``."""

# Where a model gives all others none.
_LEAST_PROBABILITY = 1e-300


@dataclass(frozen=True, kw_only=True)
class SummedMean:
    """A measure that is a mean over rows, and its mean if every prediction were right or wrong."""

    value: float
    finite: float  # the mean with 0 for what is infinite
    sums: Floats  # (units,): of what is finite
    infinite: Floats | None  # (units,): rows that are infinite, if any are
    if_right: float
    if_wrong: float


class MeanSums:
    """Sums of means, to which parts of the rows are added one after the other."""

    def __init__(self, units: int, weights: Floats | None) -> None:
        self._units, self._weights = units, weights
        self._parts: dict[str, list[tuple[float, list[float]]]] = {}
        self._sums: dict[str, Floats] = {}
        self._infinite: dict[str, Floats] = {}

    def add(
        self,
        name: str,
        rows: Floats,
        unit: Ints,
        if_right: Expected,
        if_wrong: Expected,
        part: slice = slice(None),
    ) -> None:
        """Add a part of the rows; `unit` is of the part, the weights are of all rows."""
        weights = None if self._weights is None else self._weights[part]
        is_finite = np.isfinite(rows)
        finite = rows
        if not is_finite.all():
            finite = np.where(is_finite, rows, 0.0)
            count = np.bincount(unit, weights=np.isinf(rows), minlength=self._units)
            before = self._infinite.get(name)
            self._infinite[name] = np.asarray(count if before is None else before + count)
        sums = cluster_sums(finite if weights is None else weights * finite, unit, self._units)
        self._sums[name] = self._sums[name] + sums if name in self._sums else sums
        expected = [
            constant if each is None else weighted_mean(each, weights) + constant
            for each, constant in (if_right, if_wrong)
        ]
        own = [weighted_mean(rows, weights)]
        own.append(own[0] if finite is rows else weighted_mean(finite, weights))
        size = float(len(rows)) if weights is None else float(weights.sum())
        self._parts.setdefault(name, []).append((size, [*own, *expected]))

    def means(self) -> dict[str, SummedMean]:
        """Return what was added up."""
        found = {}
        for name, parts in self._parts.items():
            value, finite, if_right, if_wrong = parts[0][1]
            if len(parts) > 1:
                sizes = np.array([size for size, _ in parts])
                averaged = sizes @ np.array([each for _, each in parts]) / sizes.sum()
                value, finite, if_right, if_wrong = averaged.tolist()
            found[name] = SummedMean(
                value=value,
                finite=finite,
                sums=self._sums[name],
                infinite=self._infinite.get(name),
                if_right=if_right,
                if_wrong=if_wrong,
            )
        return found


@dataclass(frozen=True, kw_only=True)
class SummedRows:
    """The sums of all means, and what is kept of each row."""

    means: Mapping[str, SummedMean]
    confidence: Floats  # (n,): of the notion
    correct: NDArray[Any]  # (n,): whether what it is the confidence in is true
    accuracy: NDArray[Any]  # (n,): whether the chosen label is right
    classes: ClassProbabilities | None  # where an error looks at them


def sum_rows(sample: SampleSet, units: int, settings: EvaluationSettings) -> SummedRows:
    """Sum what the rows of a set add to every mean."""
    n, count = len(sample.unit), sample.values.shape[1]
    sums = MeanSums(units, sample.weights)
    # Of very many rows an eighth of the memory.
    correct: NDArray[Any] = np.empty(n, dtype=np.float64 if n <= ROWS_AT_ONCE else np.bool_)
    one_class = settings.notion not in ("top-label", "class-wise") and not settings.pair
    by_class = looks_at_classes(settings.error_names())
    classes = None
    if by_class:
        classes = ClassProbabilities(
            columns=[np.empty(n) for _ in range(count)],
            chosen=np.empty(n, dtype=np.min_scalar_type(count)),
            top=np.empty(0),
            gold=sample.gold.astype(np.min_scalar_type(-count)),
        )
    rows = SummedRows(
        means={},
        confidence=np.empty(n),
        correct=correct,
        accuracy=np.empty(n) if one_class else correct,
        classes=classes,
    )
    if classes is not None:
        shared = not one_class and not settings.pair
        classes = replace(classes, top=rows.confidence if shared else np.empty(n))
        rows = replace(rows, classes=classes)
    known = bool(sample.gold.min(initial=0) >= 0)
    for part in chunks(n, ROWS_AT_ONCE):
        # Once for all means: of many rows exponentials are most of the work.
        values = sample.values[part]
        logs = None
        if settings.given == "scores":
            logs = log_probabilities(values)
            probabilities = np.exp(logs)
        else:
            probabilities = to_probabilities(values, given=settings.given)
        _add_means(sums, sample, part, (probabilities, logs), settings, rows, known)
        if classes is not None:
            for column, each in zip(classes.columns, probabilities.T, strict=True):
                column[part] = each
            classes.chosen[part] = row_argmax(probabilities)
            if classes.top is not rows.confidence:
                classes.top[part] = row_max(probabilities)
    return replace(rows, means=sums.means())


def _add_means(
    sums: MeanSums,
    sample: SampleSet,
    part: slice,
    predicted: tuple[Floats, Floats | None],
    settings: EvaluationSettings,
    rows: SummedRows,
    known: bool,
) -> None:
    """Add some rows to all means, and fill in their confidences and outcomes."""
    probabilities, logs = predicted
    values, gold, unit = sample.values[part], sample.gold[part], sample.unit[part]
    given, notion = settings.given, settings.notion
    about: Notion = "top-label" if notion == "class-wise" else notion
    if about == "top-label" and given == "scores":
        # What `outcomes` returns, to the last bit.
        confidence, correct = row_max(probabilities), row_argmax(values) == gold
    else:
        confidence, correct = outcomes(values, gold, notion=about, given=given)
    rows.confidence[part], rows.correct[part] = confidence, correct
    correct = rows.correct[part].astype(np.float64)
    top = confidence
    if about != "top-label":
        top, chosen_right = outcomes(probabilities, gold, given="probabilities")
        if rows.accuracy is not rows.correct:
            rows.accuracy[part] = chosen_right
    square = row_sum(np.square(probabilities))
    other_nll, other_probability = _if_wrong(probabilities)

    def add(name: str, each: Floats, if_right: Expected, if_wrong: Expected) -> None:
        sums.add(name, each, unit, if_right, if_wrong, part)

    add("accuracy", rows.accuracy[part].astype(np.float64), (None, 1.0), (None, 0.0))
    if known:
        own_logs = log_probabilities(values, given=given) if logs is None else logs
        add("nll", nll_of(own_logs, gold), (-np.log(top), 0.0), (other_nll, 0.0))
    right, wrong = (square + 1.0 - 2.0 * each for each in (top, other_probability))
    add("brier", brier_of(probabilities, gold), (right, 0.0), (wrong, 0.0))
    add("confidence", confidence, (confidence, 0.0), (confidence, 0.0))
    add("gap", confidence - correct, (confidence, -1.0), (confidence, 0.0))
    entropy = entropy_rows(values, given=given) if logs is None else entropy_of(probabilities, logs)
    add("entropy", entropy, (entropy, 0.0), (entropy, 0.0))
    if "overconfident_errors" in settings.error_names():
        high = (confidence >= HIGH_CONFIDENCE).astype(np.float64)
        add("overconfident_errors", (1.0 - correct) * high, (None, 0.0), (high, 0.0))
    for name, each in sample.added.items():
        # What a right or a wrong prediction would add, nobody knows: the same.
        finite = np.where(np.isfinite(each[part]), each[part], 0.0)
        add(name, each[part], (finite, 0.0), (finite, 0.0))


def _if_wrong(probabilities: Floats) -> tuple[Floats, Floats]:
    """Return the NLL and probability of the right label to expect where the chosen one is wrong."""
    # Each other label is right then as probably as it says.
    others = probabilities.copy()
    others[np.arange(len(others)), row_argmax(others)] = 0.0
    rest = row_sum(others)
    surprise = -np.log(others, out=np.zeros_like(others), where=others > 0)
    some = np.maximum(rest, _LEAST_PROBABILITY)
    nll = np.where(rest > 0, row_sum(others * surprise) / some, -np.log(_LEAST_PROBABILITY))
    return nll, row_sum(np.square(others)) / some
