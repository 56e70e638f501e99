"""What an analysis found, as tidy rows, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from crosscal.exceptions import DataError

FORMAT = "crosscal-results/2"

METRICS = (
    "accuracy",
    "nll",
    "brier",
    "confidence",
    "gap",
    "ece",
    "ece_mass",
    "ece_debiased",
)
PARTS = {
    "ece_debiased": ("ece_explained_by_accuracy", "ece_beyond_accuracy"),
    "gap": ("gap_explained_by_accuracy", "gap_beyond_accuracy"),
}
"""Metrics whose degradation is taken apart: the names of what lower accuracy alone explains, and of
what is beyond. The two add up to it, and have no level."""
METRIC = "ece_debiased"
"""What degradation is stated in: the one calibration error whose value is not inflated by
noise, and so may be compared between languages and recipes."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with its interval.

    Attributes
    ----------
    quantity : {"level", "degradation", "effect", "degradation contrast", "effect contrast"}
        ``level``: the metric itself; ``degradation``: the metric in this language minus
        that in the baseline language, same run; ``effect``: degradation under this recipe
        minus degradation under the baseline recipe; a contrast: that of one group minus that of
        another.
    language : str
        A language code; the name of a group, or of two, when `is_group`.
    is_group : bool
        Whether the number is the unweighted mean over a group's languages (the baseline
        language left out).
    scaling : {"none", "english"}
        Whether the scores were divided by the temperature fitted on English development data.
    metric : str
        One of ``METRICS``, or a part of a degradation (``PARTS``). Fractions, not per cent;
        ``nll`` in nats; ``brier`` sums over classes (0 to 2); ``gap`` is mean confidence minus
        accuracy, signed.
    value, low, high : float
        Point estimate (mean over seeds) and ends of the confidence interval. The interval is
        for the value at infinite data; for the plug-in ``ece`` and ``ece_mass``, whose value
        is biased upwards, it therefore need not be centred on the value nor contain it.
    p_value : float or None
        Two-sided for degradation and effect (null: zero); for the levels of ``ece``,
        ``ece_mass`` and ``ece_debiased`` against perfect calibration; else None.
    noise_floor : float or None
        For the levels of ``ece``, ``ece_mass`` and ``ece_debiased``: the mean plug-in
        calibration error that a perfectly calibrated model with these confidences would show.
    n, clusters, seeds : int
        Rows of the language, independent clusters among them, runs averaged; of a group those
        of the language with the fewest.
    per_seed : tuple of float
        The number in each run, in the order of the seeds used.
    seed_variance : str
        How the variance between trainings was learnt: "one seed" (not at all: the number speaks of
        these models), "own seeds", "pooled over recipes", or "paired by seed".
    detectable : float or None
        Of differences of accuracy, gap and debiased error: the true size that the interval of
        such a study would leave zero out for in four of five cases; with one seed, of studies of
        the same models.
    note : str
        Where the value lies outside its interval: why; else "".
    verdict : {"within", "beyond", "inconclusive"} or None
        Of differences, where a margin was set: whether the interval of level ``1 - 2 * 0.05`` lies
        inside it, outside it, or neither.
    """

    quantity: str
    recipe: str
    language: str
    is_group: bool
    scaling: str
    metric: str
    value: float
    low: float
    high: float
    p_value: float | None
    noise_floor: float | None
    n: int
    clusters: int
    seeds: int
    per_seed: tuple[float, ...]
    seed_variance: str = "one seed"
    detectable: float | None = None
    verdict: str | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """One non-empty bin of a reliability diagram, pooled over seeds.

    Attributes
    ----------
    index : int
        Number of the bin, from 0.
    lower, upper : float
        Edges of the bin in confidence.
    n : int
        Predictions in the bin over all seeds.
    confidence, accuracy : float
        Means over the bin.
    low, high : float
        Consistency band: accuracy expected in this bin, in 95 of 100 samples, if the
        confidences were right. Its width counts the items of one seed, because
        further seeds look at the same items.
    """

    recipe: str
    language: str
    scaling: str
    index: int
    lower: float
    upper: float
    n: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything an analysis found.

    Attributes
    ----------
    languages, recipes : tuple of str
        In the order of the predictions (languages by code, baseline first) and of the runs.
    seeds : tuple of int
    groups : dict of str to tuple of str
    settings : dict
        The settings of the analysis, resolved, and what follows from them and the runs (see
        `analyse`).
    temperatures : list of dict
        One per run: ``recipe, seed, temperature, nll_before, nll_after, converged, n``.
    estimates : list of Estimate
    reliability : list of ReliabilityBin
    collapsed : list of dict
        Runs left out of every average: ``recipe, seed, reason``.
    collapse_rates : dict of str to (int, int)
        By recipe: runs that collapsed, and all.
    """

    title: str
    baseline_language: str
    baseline_recipe: str
    languages: tuple[str, ...]
    recipes: tuple[str, ...]
    seeds: tuple[int, ...]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    temperatures: list[dict[str, Any]] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    reliability: list[ReliabilityBin] = field(default_factory=list)
    collapsed: list[dict[str, Any]] = field(default_factory=list)
    collapse_rates: dict[str, tuple[int, int]] = field(default_factory=dict)

    def find(
        self,
        *,
        quantity: str | None = None,
        recipe: str | None = None,
        language: str | None = None,
        scaling: str | None = None,
        metric: str | None = None,
    ) -> list[Estimate]:
        """Return the estimates that agree with every argument that is not None, in order."""
        description = {
            "quantity": quantity,
            "recipe": recipe,
            "language": language,
            "scaling": scaling,
            "metric": metric,
        }
        wanted = {name: value for name, value in description.items() if value is not None}
        if not wanted:
            return list(self.estimates)
        return list(self._by(*wanted).get(tuple(wanted.values()), ()))

    def get(
        self,
        quantity: str,
        recipe: str,
        language: str,
        *,
        metric: str = METRIC,
        scaling: str = "none",
        is_group: bool | None = None,
    ) -> Estimate | None:
        """Return the estimate with this description, or None if it was not computed."""
        by_description = self._by("quantity", "recipe", "language", "metric", "scaling")
        described = by_description.get((quantity, recipe, language, metric, scaling), ())
        return next((e for e in described if is_group in (None, e.is_group)), None)

    def _by(self, *names: str) -> dict[tuple[Any, ...], list[Estimate]]:
        """Return the estimates by their values of some fields, each list in order."""
        # A page asks for thousands of estimates among thousands.
        indexes: dict[Any, dict[tuple[Any, ...], list[Estimate]]]
        indexes = self.__dict__.setdefault("_indexes", {})
        key = (names, len(self.estimates))
        if key not in indexes:
            index = indexes[key] = {}
            for estimate in self.estimates:
                values = tuple(getattr(estimate, name) for name in names)
                index.setdefault(values, []).append(estimate)
        return indexes[key]

    def to_json(self) -> str:
        """Return JSON text that `from_json` reads to an equal object: floats keep every bit."""
        # Rows become dictionaries as they are written: asdict would copy every value first.
        document = {"format": FORMAT, **{f.name: getattr(self, f.name) for f in fields(self)}}
        return (
            json.dumps(document, default=_as_dict, indent=1, ensure_ascii=False, allow_nan=False)
            + "\n"
        )

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Read what `to_json` wrote; `DataError` for another format or version, or other fields."""
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(
                f"results are not JSON: {error.msg}",
                where=f"line {error.lineno}",
                remedy="run the analysis again",
            ) from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise DataError(
                f"not a results document of format {FORMAT!r}",
                where="format",
                remedy="run the analysis again with this version",
            )
        values = {key: value for key, value in document.items() if key != "format"}
        _check_fields(cls, values, "results")
        values["languages"] = tuple(values["languages"])
        values["recipes"] = tuple(values["recipes"])
        values["seeds"] = tuple(values["seeds"])
        values["groups"] = {name: tuple(codes) for name, codes in values["groups"].items()}
        rates = values["collapse_rates"]
        values["collapse_rates"] = {name: tuple(rate) for name, rate in rates.items()}
        values["estimates"] = _rows(Estimate, values["estimates"], "estimates")
        values["reliability"] = _rows(ReliabilityBin, values["reliability"], "reliability")
        return cls(**values)


def _as_dict(row: Any) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row)}


def _rows(kind: type, rows: Sequence[Mapping[str, Any]], where: str) -> list[Any]:
    """Build one `kind` from each mapping; lists inside become tuples."""
    built = []
    for number, row in enumerate(rows):
        _check_fields(kind, row, f"{where}[{number}]")
        built.append(kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}))
    return built


def _check_fields(kind: type, values: Mapping[str, Any], where: str) -> None:
    known = {f.name for f in fields(kind)}
    for problem, names in (("missing", known - values.keys()), ("unknown", values.keys() - known)):
        if names:
            raise DataError(
                f"{problem} field {sorted(names)[0]!r}",
                where=where,
                remedy="run the analysis again with this version",
            )
