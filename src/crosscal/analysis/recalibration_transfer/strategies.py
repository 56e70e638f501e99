"""The regimes: from what may be seen to a fitted recalibrator for one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.recalibration_transfer.features import feature_matrix, unlabelled_features
from crosscal.analysis.recalibration_transfer.fixed_temperature import (
    GivenTemperature,
    matching_temperature,
    temperature_with_prior,
    threshold_accuracy,
)
from crosscal.analysis.recalibration_transfer.ridge import Ridge, fit_ridge
from crosscal.analysis.recalibration_transfer.rows import (
    IDENTITY,
    Fitted,
    Rows,
    ScoreMap,
    fit_rows,
    pooled,
)
from crosscal.calibration import TemperatureScaling, top_label
from crosscal.languages import find_language


@dataclass(frozen=True)
class FitData:
    """All that regimes may learn from: rows that are not scored."""

    english: Rows  # development rows of the baseline language
    pool: dict[str, Rows]  # labelled rows of every language
    features: Mapping[str, Mapping[str, float]]  # what is known of languages without the model
    order: dict[str, NDArray[np.intp]]  # random order of each language's rows, clusters together
    made: dict[tuple[str, str, str], Fitted] = field(default_factory=dict)

    def fit(self, regime: str, language: str, name: str, make: Maker) -> Fitted:
        """Fit a regime of `SINGLE_FITS` for a language, once."""
        # One fit serves all languages where the language does not matter.
        own = "" if regime in ("none", "english", "mixture") else language
        key = (regime, own, name)
        if key not in self.made:
            self.made[key] = SINGLE_FITS[regime](self, language, make)
        return self.made[key]

    @cached_property
    def least(self) -> int:
        """Rows of the language that has the fewest."""
        return min(len(rows) for rows in self.pool.values())

    def shares(self, without: str | None = None) -> Rows:
        """Return equally many rows of every language, but for one."""
        return pooled(
            [
                rows if len(rows) == self.least else rows.take(self.order[code][: self.least])
                for code, rows in self.pool.items()
                if code != without
            ]
        )

    @cached_property
    def log_temperatures(self) -> dict[str, float]:
        """Log of the temperature fitted on each language, where it has one."""
        fitted_values = {}
        for code, rows in self.pool.items():
            fitted = fit_rows(TemperatureScaling, rows, otherwise=IDENTITY)
            value = temperature(fitted)
            if fitted.converged and value is not None:
                fitted_values[code] = float(np.log(value))
        return fitted_values

    @cached_property
    def confidence_features(self) -> dict[str, dict[str, float]]:
        """All features of every language, the model's unlabelled confidences among them."""
        return {
            code: {**self.features.get(code, {}), **unlabelled_features(rows.scores)}
            for code, rows in self.pool.items()
        }

    def temperature_model(self, language: str) -> tuple[Ridge, float, tuple[str, ...]] | None:
        """Learn from the other languages how temperature follows from features."""
        others = tuple(code for code in self.log_temperatures if code != language)
        if not others:
            return None
        _, values = feature_matrix((*others, language), self.confidence_features)
        outcome = np.array([self.log_temperatures[code] for code in others])
        ridge = fit_ridge(values[:-1], outcome)
        return ridge, ridge.predict(values[-1]), others


Maker = Callable[[], ScoreMap]


def temperature(fitted: Fitted) -> float | None:
    """Return the temperature of a fit, or None if it is none of a temperature."""
    value = getattr(fitted.recalibrator, "temperature_", None)
    return None if value is None else float(value)


def _none(fit_data: FitData, language: str, make: Maker) -> Fitted:
    return IDENTITY


def _english(fit_data: FitData, language: str, make: Maker) -> Fitted:
    return fit_rows(make, fit_data.english, otherwise=IDENTITY)


def _oracle(fit_data: FitData, language: str, make: Maker) -> Fitted:
    return fit_rows(make, fit_data.pool[language], otherwise=IDENTITY)


def _mixture(fit_data: FitData, language: str, make: Maker) -> Fitted:
    return fit_rows(make, fit_data.shares(), otherwise=IDENTITY)


def _leave_one_out(fit_data: FitData, language: str, make: Maker) -> Fitted:
    return fit_rows(make, fit_data.shares(without=language), otherwise=IDENTITY)


def _predicted(fit_data: FitData, language: str, make: Maker) -> Fitted:
    model = fit_data.temperature_model(language)
    if model is None:
        return replace(IDENTITY, fitted_on=tuple(fit_data.pool.values()), converged=False)
    _, log_temperature, others = model
    fitted_on = tuple(fit_data.pool[code] for code in (*others, language))
    return Fitted(GivenTemperature(float(np.exp(log_temperature))), fitted_on)


def _unlabelled(fit_data: FitData, language: str, make: Maker) -> Fitted:
    target = fit_data.pool[language]
    confidence, correct = top_label(fit_data.english.scores, fit_data.english.gold)
    surety, _ = top_label(target.scores, np.full(len(target), -1))
    accuracy = threshold_accuracy(confidence, correct, surety)
    matched = matching_temperature(target.scores, accuracy)
    return Fitted(GivenTemperature(matched), (fit_data.english, target))


SINGLE_FITS: dict[str, Callable[[FitData, str, Maker], Fitted]] = {
    "none": _none,
    "english": _english,
    "oracle": _oracle,
    "mixture": _mixture,
    "leave-one-out": _leave_one_out,
    "predicted": _predicted,
    "unlabelled": _unlabelled,
}
"""Regimes that fit once: from fit data, language and maker."""


def _few(english: Fitted, fit_data: FitData, drawn: Rows, make: Maker) -> Fitted:
    return fit_rows(make, drawn, otherwise=IDENTITY) if len(drawn) else IDENTITY


def _few_pooled(english: Fitted, fit_data: FitData, drawn: Rows, make: Maker) -> Fitted:
    if not len(drawn):
        return english
    fitted = fit_rows(make, pooled([fit_data.english, drawn]), otherwise=english)
    # The parts stand for the whole: their clusters are known already.
    return replace(fitted, fitted_on=(fit_data.english, drawn))


def _few_prior(english: Fitted, fit_data: FitData, drawn: Rows, make: Maker) -> Fitted:
    known = drawn.take(drawn.gold >= 0)
    posterior_mode = temperature_with_prior(known.scores, known.gold, temperature(english) or 1.0)
    return Fitted(GivenTemperature(posterior_mode), (*english.fitted_on, drawn))


FEW_SHOT_FITS: dict[str, Callable[[Fitted, FitData, Rows, Maker], Fitted]] = {
    "few-shot": _few,
    "few-shot-pooled": _few_pooled,
    "few-shot-prior": _few_prior,
}
"""Regimes that learn from k rows of the language: from the English fit, fit data and the rows."""


def families(codes: tuple[str, ...]) -> int:
    """Count language families; a language that the table does not hold is one of its own."""
    entries = {code: find_language(code) for code in codes}
    return len({(entry and entry.family) or code for code, entry in entries.items()})
