"""The settings of an analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from crosscal.calibration.estimation.resampling import MOST_REPLICATES
from crosscal.exceptions import SettingsError


@dataclass(frozen=True, kw_only=True)
class AnalysisSettings:
    """What to compare with what, and how finely.

    Attributes
    ----------
    baseline_language, baseline_recipe : str
        What degradation and effect are measured against. Where no run has the baseline
        recipe, no effects are computed.
    dev_split : str or None
        Baseline-language development data: detects collapsed runs and fits the temperature.
        None: neither is done.
    groups : mapping of str to tuple of str
        Group name to language codes; languages without predictions are left out.
    bins : int
        Bins of every calibration error.
    replicates : int
        Bootstrap replicates.
    level : float
        Level of every interval.
    noise_resamples : int
        Samples behind each noise floor.
    margin : float or None
        The smallest change of a metric that would matter, as a fraction (0.02: two points of
        calibration error), chosen before looking. Differences then have a verdict against it.

    Raises
    ------
    SettingsError
        A number outside its range.
    """

    title: str = ""
    baseline_language: str = "en"
    baseline_recipe: str = "direct"
    dev_split: str | None = "dev"
    test_split: str = "test"
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bins: int = 15
    replicates: int = 2000
    level: float = 0.95
    bootstrap_seed: int = 0
    noise_resamples: int = 400
    margin: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("bins", 1), ("replicates", 100), ("noise_resamples", 100)):
            if not least <= getattr(self, name) <= MOST_REPLICATES:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=name,
                    remedy=f"give {least} to {MOST_REPLICATES:,}",
                )
        if not 0 < self.level < 1:
            raise SettingsError(
                f"level is {self.level}", where="level", remedy="give a share, as 0.95"
            )
        if self.replicates * (1 - self.level) < 2:
            raise SettingsError(
                f"{self.replicates} replicates do not reach the ends of level {self.level}",
                where="replicates",
                remedy=f"give {math.ceil(2 / (1 - self.level)):,} or more, or a lower level",
            )
        if self.margin is not None and not 0 < self.margin < float("inf"):
            raise SettingsError(
                f"margin is {self.margin}",
                where="margin",
                remedy="give a fraction above 0, as 0.02 for two points",
            )
        if self.dev_split == self.test_split:
            raise SettingsError(
                f"dev_split and test_split are both {self.test_split!r}",
                where="dev_split",
                remedy="the temperature must not see the test data",
            )
