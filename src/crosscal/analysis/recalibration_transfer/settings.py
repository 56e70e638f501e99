"""What regimes of recalibration to compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.exceptions import SettingsError
from crosscal.spelling import did_you_mean

SINGLE = (
    "none",
    "english",
    "oracle",
    "mixture",
    "leave-one-out",
    "predicted",
    "unlabelled",
)
"""Regimes that fit once a language."""

FEW_SHOT = ("few-shot", "few-shot-pooled", "few-shot-prior")
"""Regimes that fit on k examples of the language, drawn many times."""

REGIMES = SINGLE + FEW_SHOT

TEMPERATURE_ONLY = frozenset({"predicted", "unlabelled", "few-shot-prior"})
"""Regimes that speak of the one number a temperature is."""


@dataclass(frozen=True, kw_only=True)
class RegimeSettings:
    """What to compare."""

    # some of `REGIMES`. ``none`` and ``english`` are always added: gains are measured from them
    regimes: tuple[str, ...] = REGIMES
    # of `RECALIBRATORS`; regimes of `TEMPERATURE_ONLY` are taken with ``temperature`` alone
    recalibrators: tuple[str, ...] = ("temperature",)
    # numbers of examples, 0 or more. Those that a language does not have are left out
    few_shot: tuple[int, ...] = (0, 10, 30, 100, 300, 1000)
    draws: int = 100  # of the examples, for each number
    # of clusters, where there are no calibration rows and the test rows are cross-fitted
    folds: int = 5
    calibration_split: str = "calibration"  # where labelled rows of all languages are looked for

    def __post_init__(self) -> None:
        _check_names("regimes", self.regimes, REGIMES)
        _check_names("recalibrators", self.recalibrators, RECALIBRATORS)
        requested = {"none", "english", *self.regimes}
        object.__setattr__(self, "regimes", tuple(name for name in REGIMES if name in requested))
        object.__setattr__(self, "few_shot", tuple(sorted(set(self.few_shot))))
        if self.few_shot and self.few_shot[0] < 0:
            raise SettingsError(
                f"{self.few_shot[0]} examples", where="few_shot", remedy="give 0 or more"
            )
        for name, least in (("draws", 10), ("folds", 2)):
            if getattr(self, name) < least:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}", where=name, remedy=f"give {least} or more"
                )

    def check_replicates(self, replicates: int) -> None:
        """Raise SettingsError unless every draw gets two bootstrap replicates or more."""
        if replicates < 2 * self.draws:
            raise SettingsError(
                f"{replicates} replicates are too few for {self.draws} draws",
                where="draws",
                remedy="ask for at most half as many draws as replicates",
            )

    def of(self, recalibrator: str) -> tuple[str, ...]:
        """Return the regimes that a recalibrator is taken with."""
        if recalibrator == "temperature":
            return self.regimes
        return tuple(name for name in self.regimes if name not in TEMPERATURE_ONLY)


def _check_names(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise SettingsError(
                f"unknown name '{name}'", where=where, remedy=did_you_mean(name, allowed)
            )
