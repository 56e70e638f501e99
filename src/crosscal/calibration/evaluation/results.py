"""The result of an evaluation: numbers by group, differences, gains of recalibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crosscal.calibration.recalibration import Recalibrator


@dataclass(frozen=True, kw_only=True)
class ErrorResult:
    """One calibration error or distance from votes; fractions."""

    value: float
    # low, high: interval of the true error; None with fewer than two clusters
    low: float | None
    high: float | None
    noise_floor: float | None  # mean of the error under perfect calibration
    p_value: float | None  # of perfect calibration


@dataclass(frozen=True, kw_only=True)
class DiagramBin:
    """One bin of a reliability diagram."""

    lower: float
    upper: float
    n: int  # rows
    # confidence, accuracy: means
    confidence: float
    accuracy: float
    # low, high: where the accuracy would lie, at the evaluation's level, if the confidence were
    # right
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GroupResult:
    """The numbers of one group."""

    n: int
    clusters: int
    # accuracy, nll, brier, confidence, gap, entropy, auroc, aurc, excess_aurc; None where undefined
    means: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]  # of the means that have one
    errors: Mapping[str, ErrorResult]
    reliability: tuple[DiagramBin, ...]  # bins with rows
    # against the votes of annotators: human_distance, human_nll (nats), human_ranking,
    # entropy_calibration_debiased (nats); empty without votes
    human: Mapping[str, ErrorResult] = field(default_factory=dict)
    # how many rows of equal weight the rows are worth; None where no weights are given
    effective: float | None = None
    note: str = ""  # why something is missing, or ""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        bounds = {m: {"low": low, "high": high} for m, (low, high) in self.intervals.items()}
        return {
            "n": self.n,
            "clusters": self.clusters,
            **({} if self.effective is None else {"effective": self.effective}),
            **self.means,
            "intervals": bounds,
            "errors": {name: asdict(error) for name, error in self.errors.items()},
            "reliability": [asdict(each) for each in self.reliability],
            **({"human": {k: asdict(v) for k, v in self.human.items()}} if self.human else {}),
            **({"note": self.note} if self.note else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A measure in one group minus that in the baseline."""

    group: str
    baseline: str
    measure: str
    value: float
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None  # Holm's, over the groups compared in this measure
    paired: bool  # whether the two were resampled together, since they share clusters


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a recalibrator changes in one measure: before minus after, above 0 is better."""

    before: float | None
    after: float | None
    gain: float | None
    low: float | None
    high: float | None
    p_value: float | None


@dataclass(frozen=True, kw_only=True)
class RecalibrationResult:
    """One recalibrator in one group."""

    recalibrator: str
    group: str
    regime: str  # {"cross-fitted", "baseline"}
    fitted_on: str  # the group whose rows were fitted on; never those that are scored
    n: int
    converged: bool | None
    accuracy_before: float | None
    accuracy_after: float | None
    measures: Mapping[str, Gain]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        document = asdict(self)
        if not self.note:
            del document["note"]
        return document


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """One recalibrator fitted on all rows of a group: the one to be used on other rows."""

    recalibrator: str
    fitted_on: str
    rows: int
    converged: bool | None
    learnt: Mapping[str, Any]  # every learnt attribute, as JSON holds it
    note: str = ""
    model: Recalibrator | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "recalibrator": self.recalibrator,
            "fitted_on": self.fitted_on,
            "rows": self.rows,
            "converged": self.converged,
            "learnt": dict(self.learnt),
            **({"note": self.note} if self.note else {}),
        }


@dataclass(frozen=True, kw_only=True)
class AcceptedRows:
    """What is kept of a group where only confidences from a threshold on are accepted."""

    group: str
    threshold: float
    n: int
    # kept: share of the rows; accuracy: of those kept; None with none, or without an interval
    kept: float
    kept_low: float | None
    kept_high: float | None
    accuracy: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class NeededThreshold:
    """The least threshold above which a group reaches a wanted accuracy."""

    group: str
    wanted: float
    threshold: float | None  # None: none reaches it on these rows
    # low: below it the accuracy is surely less. high: above it surely enough; None: nowhere sure
    low: float | None
    high: float | None
    kept: float | None  # share of these rows above the threshold


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything that `crosscal.calibration.evaluate` found.

    Attributes
    ----------
    groups : dict of str to GroupResult
    differences : tuple of Difference
    recalibration : tuple of RecalibrationResult
    fits : tuple of FitResult
    accepted : tuple of AcceptedRows
    needed : tuple of NeededThreshold
    settings : dict
        What was asked, and the conventions.
    warnings : tuple of str
        What speaks against the predictions: classes in another order, labels that are predictions.
    """

    groups: Mapping[str, GroupResult]
    differences: tuple[Difference, ...]
    recalibration: tuple[RecalibrationResult, ...]
    fits: tuple[FitResult, ...]
    accepted: tuple[AcceptedRows, ...]
    needed: tuple[NeededThreshold, ...]
    settings: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; fractions, not per cent.

        Returns
        -------
        dict
            ``{"groups": {group: {"n", "accuracy", "nll", "brier", "confidence", "errors":
            {name: {"value", "low", "high", "noise_floor", "p_value"}}, ...}},
            "differences": [...], "recalibration": [...], "fits": [...], "accepted": [...],
            "needed": [...], "settings": {...}, "warnings": [...]}``
        """
        return {
            "groups": {name: result.to_dict() for name, result in self.groups.items()},
            "differences": [asdict(each) for each in self.differences],
            "recalibration": [each.to_dict() for each in self.recalibration],
            "fits": [each.to_dict() for each in self.fits],
            "accepted": [asdict(each) for each in self.accepted],
            "needed": [asdict(each) for each in self.needed],
            "settings": dict(self.settings),
            "warnings": list(self.warnings),
        }
