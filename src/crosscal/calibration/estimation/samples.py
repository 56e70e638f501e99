"""What the engine is given: sets of rows, and what is to be measured in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.functionals import FEATURES_OF
from crosscal.calibration.notion import Notion
from crosscal.calibration.proper import Given
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ERRORS: tuple[str, ...] = tuple(FEATURES_OF)
CLASSWISE: tuple[str, ...] = tuple(e for e, c in FEATURES_OF.items() if c.startswith("class"))


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """What is measured, the same in all sets."""

    given: Given = "scores"
    notion: Notion = "top-label"  # what errors are about
    # whether the values are made of confidences of right and wrong: class 1 is "right"
    pair: bool = False
    bins: int = 15
    level: float = 0.95  # of the intervals; decides which errors may well be 0
    errors: tuple[str, ...] | None = None  # from `ERRORS`; None: all that the notion has
    calibrated_samples: int = 400  # behind noise floors and p-values

    def __post_init__(self) -> None:
        if self.calibrated_samples < 1:
            raise SettingsError(
                f"{self.calibrated_samples} samples",
                where="noise_resamples",
                remedy="give 1 or more",
            )
        if not 0 < self.level < 1:
            raise SettingsError(
                f"level is {self.level}",
                where="level",
                remedy="give a share between 0 and 1, as 0.95",
            )

    def error_names(self) -> list[str]:
        """Return the names of the errors to be estimated."""
        available = CLASSWISE if self.notion == "class-wise" else ERRORS
        for name in self.errors or ():
            if name not in ERRORS:
                raise SettingsError(
                    f"unknown error {name!r}",
                    where="errors",
                    remedy=f"choose from {', '.join(ERRORS)}",
                )
            if name not in available:
                raise SettingsError(
                    f"{name} is not class-wise",
                    where="errors",
                    remedy=f"choose from {', '.join(CLASSWISE)}, or another notion",
                )
        return list(available if self.errors is None else dict.fromkeys(self.errors))


@dataclass(frozen=True, kw_only=True)
class TemperatureDraws:
    """A fitted temperature as one of those that other development data would have given."""

    # (replicates,): draws of the logarithm of the true temperature less that of the fitted one
    offsets: Floats
    values_at: Callable[[float], Floats]  # the values at an offset; at 0 those of the set


@dataclass(frozen=True, kw_only=True)
class OutcomeSet:
    """Outcomes without confidences, whose mean is measured: a task's own score."""

    outcome: Floats  # (n,), from 0 to 1
    unit: Ints  # (n,): column of the resampling's weights that each belongs to
    name: str = "all"
    number: int = 0  # as of a `SampleSet`
    clusters: int | None = None  # how many there are, where units are batches of them
    # as of a `SampleSet`
    weights: Floats | None = None
    equal_clusters: float | None = None


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """Rows that are measured together: one language, one run."""

    values: Floats  # (n, k)
    gold: NDArray[np.int64]  # (n,)
    unit: Ints  # (n,): column of the resampling's weights that each row belongs to
    name: str = "all"
    number: int = 0  # of the run; name and number together tell sets on the same items apart
    # (n,) each: what rows add to further measures, whose means are wanted as well
    added: Mapping[str, Floats] = field(default_factory=dict)
    temperature: TemperatureDraws | None = None
    clusters: int | None = None  # how many there are, where units are batches of them
    # (n,), above 0: how many cases each row stands for, in any unit; None: all as many
    weights: Floats | None = None
    # how many clusters of equal weight these are worth, where units are batches of them
    equal_clusters: float | None = None
