"""From the predictions of all runs to a comparison of regimes of recalibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.analyse import SEEDS, present_groups
from crosscal.analysis.collapse import collapse_reason
from crosscal.analysis.measuring import LanguageOrGroup, draw_blocks
from crosscal.analysis.recalibration_transfer.draws import draw_order, finite_pool_factor
from crosscal.analysis.recalibration_transfer.estimating import Key, RegimeMeasurements, estimates
from crosscal.analysis.recalibration_transfer.features import table_features
from crosscal.analysis.recalibration_transfer.folds import Fold, calibration_rows, make_folds
from crosscal.analysis.recalibration_transfer.measuring import (
    evaluation_settings,
    measure_draws,
)
from crosscal.analysis.recalibration_transfer.results import RegimeResults
from crosscal.analysis.recalibration_transfer.rows import Fitted, Rows
from crosscal.analysis.recalibration_transfer.settings import FEW_SHOT, SINGLE, RegimeSettings
from crosscal.analysis.recalibration_transfer.strategies import (
    FEW_SHOT_FITS,
    Maker,
    families,
    temperature,
)
from crosscal.analysis.runs import Panel, RunPredictions, make_panel
from crosscal.analysis.settings import AnalysisSettings
from crosscal.calibration import Measurement, seed_pivots
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions import Predictions

Floats = NDArray[np.float64]


def compare_regimes(
    runs: Sequence[Predictions],
    *,
    settings: AnalysisSettings,
    recalibration: RegimeSettings,
    features: Mapping[str, Mapping[str, float]] | None = None,
) -> RegimeResults:
    """Recalibrate the test rows of every run under every regime, and measure what is gained.

    `runs` are as `crosscal.analysis.analyse` takes them. Rows of `recalibration.calibration_split`
    in every test language are what regimes learn from; without them the test rows are cross-fitted
    by folds of clusters. `features` are laid over those of the language table, for the regime
    ``predicted``. There are no estimates if every run collapsed.

    One draw of clusters serves all languages, recipes, regimes and recalibrators, and so does
    each draw of k examples. Intervals of few-shot regimes hold the draw of the examples:
    replicate r of the test clusters is taken with draw r modulo `draws`. All others take
    the fit as given: they speak of this fitted recalibrator, not of fitting it anew.

    Raises
    ------
    DataError
        Runs that cannot be compared; calibration rows in some languages only; clusters that
        are both learnt from and scored.
    SettingsError
        Fewer than two replicates a draw; a recalibrator that these rows do not allow.
    """
    recalibration.check_replicates(settings.replicates)
    panel = make_panel(runs, settings)
    if not panel.shared_labels:
        _check_choices(recalibration)
    usable = [
        (run, predictions)
        for run, predictions in zip(panel.runs, runs, strict=True)
        if run.dev is None or not collapse_reason(run.dev, shared_labels=panel.shared_labels)
    ]
    known = {code: table_features(code) for code in panel.languages}
    for code, more in (features or {}).items():
        known.setdefault(code, {}).update(more)
    cross_fitted = {
        calibration_rows(predictions, run, recalibration) is None for run, predictions in usable
    }
    if len(cross_fitted) > 1:
        raise DataError(
            f"some runs have a split {recalibration.calibration_split!r}, others have none",
            where="recalibration",
            remedy="predict it with every run",
        )
    comparison = _Comparison(panel, settings, recalibration, known)
    for run, predictions in usable:
        comparison.add(run, calibration_rows(predictions, run, recalibration))
    return comparison.results(cross_fitted=cross_fitted == {True})


def _check_choices(recalibration: RegimeSettings) -> None:
    """Refuse recalibrators that need the same choices in every row."""
    for name in recalibration.recalibrators:
        if getattr(RECALIBRATORS[name](), "needs_common_choices", False):
            raise SettingsError(
                f"'{name}' needs the same choices in every row, and these rows have their own",
                where="recalibrators",
                remedy="take one that only rescales scores, as 'temperature'",
            )


@dataclass
class _Comparison:
    """Measures under every regime, run by run."""

    panel: Panel
    settings: AnalysisSettings
    recalibration: RegimeSettings
    features: Mapping[str, Mapping[str, float]]

    def __post_init__(self) -> None:
        self.resamplings = {
            code: (block, resampling)
            for block, resampling in draw_blocks(self.panel, self.settings)
            for code in block.languages
        }
        self.runs: list[tuple[str, int]] = []
        self.measured: dict[Key, dict[str, dict[str, Measurement]]] = {}
        self.fits: list[dict[str, object]] = []
        self.laws: list[dict[str, object]] = []

    def add(self, run: RunPredictions, pool: dict[str, Rows] | None) -> None:
        """Fit and measure one run under every regime."""
        self.runs.append((run.recipe, run.seed))
        seed = self.settings.bootstrap_seed
        folds = make_folds(run, pool, self.panel, self.recalibration, self.features, seed)
        for name in self.recalibration.recalibrators:
            make = RECALIBRATORS[name]
            regimes = self.recalibration.of(name)
            for regime in (regime for regime in SINGLE if regime in regimes):
                self._single(run, folds, regime, name, make)
            few = [regime for regime in FEW_SHOT if regime in regimes]
            if few:
                self._few_shot(run, folds, few, name, make)
        if "predicted" in self.recalibration.regimes:
            self._record_models(run, folds)

    def _single(
        self, run: RunPredictions, folds: list[Fold], regime: str, name: str, make: Maker
    ) -> None:
        key = Key(run.recipe, run.seed, name, regime, None)
        for code in self.panel.languages:
            fitted = [fold.fit_data.fit(regime, code, name, make) for fold in folds]
            self._measure(run, key, code, [_assemble(folds, code, fitted)])
            self._record_fits(key, code, [fitted])

    def _few_shot(
        self, run: RunPredictions, folds: list[Fold], regimes: list[str], name: str, make: Maker
    ) -> None:
        draws, seed = self.recalibration.draws, self.settings.bootstrap_seed
        orders = [
            [draw_order(fold.fit_data.pool, np.random.default_rng([seed, 2, number, draw]))
             for number, fold in enumerate(folds)]
            for draw in range(draws)
        ]  # fmt: skip
        for code in self.panel.languages:
            english = [fold.fit_data.fit("english", code, name, make) for fold in folds]
            available = min(len(fold.fit_data.pool[code]) for fold in folds)
            for k in (k for k in self.recalibration.few_shot if k < available):
                rows = [
                    [
                        fold.fit_data.pool[code].take(order[code][:k])
                        for fold, order in zip(folds, each, strict=True)
                    ]
                    for each in (orders if k else orders[:1])
                ]
                for regime in regimes:
                    fit = FEW_SHOT_FITS[regime]
                    fitted = [
                        [
                            fit(start, fold.fit_data, drawn, make)
                            for start, fold, drawn in zip(english, folds, each, strict=True)
                        ]
                        for each in rows
                    ]
                    key = Key(run.recipe, run.seed, name, regime, k)
                    drawn = [_assemble(folds, code, each) for each in fitted]
                    self._measure(run, key, code, drawn, finite_pool_factor(k, available))
                    self._record_fits(key, code, fitted)

    def _measure(
        self, run: RunPredictions, key: Key, code: str, drawn: list[Floats], factor: float = 1.0
    ) -> None:
        block, resampling = self.resamplings[code]
        settings = self.settings
        self.measured.setdefault(key, {})[code] = measure_draws(
            drawn,
            run.test[code].gold,
            block,
            resampling,
            evaluation_settings(
                settings.bins, settings.level, -(-settings.noise_resamples // len(drawn))
            ),
            name=code,
            number=self.runs.index((run.recipe, run.seed)),
            finite_pool_factor=factor,
        )

    def _record_fits(self, key: Key, code: str, fitted: list[list[Fitted]]) -> None:
        """Record temperatures, rows and failures of the fits of one language."""
        every = [one for each in fitted for one in each]
        temperatures = [t for one in every if (t := temperature(one)) is not None]
        shown = dict.fromkeys(("temperature", "temperature_low", "temperature_high"))
        if temperatures:
            quantiles = np.quantile(temperatures, [0.5, 0.05, 0.95]).tolist()
            shown = dict(zip(shown, quantiles, strict=True))
        self.fits.append(
            {
                "recipe": key.recipe,
                "seed": key.seed,
                "recalibrator": key.recalibrator,
                "regime": key.regime,
                "k": key.k,
                "language": code,
                "rows": round(float(np.mean([sum(map(len, one.fitted_on)) for one in every]))),
                "unconverged": float(np.mean([not one.converged for one in every])),
                **shown,
            }
        )

    def _record_models(self, run: RunPredictions, folds: list[Fold]) -> None:
        for code in self.panel.languages:
            models = [
                model
                for fold in folds
                if (model := fold.fit_data.temperature_model(code)) is not None
            ]
            if not models:
                continue
            ridge, _, others = models[0]
            fitted = [fold.fit_data.log_temperatures.get(code, np.nan) for fold in folds]
            oracle = float(np.exp(np.mean(fitted)))
            self.laws.append(
                {
                    "recipe": run.recipe,
                    "seed": run.seed,
                    "language": code,
                    "temperature": float(np.exp(np.mean([log_t for _, log_t, _ in models]))),
                    "oracle": oracle if np.isfinite(oracle) else None,
                    "languages": len(others),
                    "families": families(others),
                    "penalty": ridge.penalty if np.isfinite(ridge.penalty) else None,
                    "freedom": float(np.mean([ridge.freedom for ridge, _, _ in models])),
                    "r2": float(np.mean([ridge.r2 for ridge, _, _ in models])),
                }
            )

    def results(self, *, cross_fitted: bool) -> RegimeResults:
        """Turn all measures into estimates."""
        recipes = tuple(dict.fromkeys(key.recipe for key in self.measured))
        seeds = {
            recipe: tuple(dict.fromkeys(k.seed for k in self.measured if k.recipe == recipe))
            for recipe in recipes
        }
        groups = present_groups(self.panel, self.settings)
        dev = self.panel.runs[0].dev
        return RegimeResults(
            baseline_language=self.settings.baseline_language,
            baseline_recipe=self.settings.baseline_recipe,
            languages=self.panel.languages,
            recipes=recipes,
            groups=groups,
            settings={
                **_plain(asdict(self.recalibration)),
                "replicates": self.settings.replicates,
                "level": self.settings.level,
                "bins": self.settings.bins,
                "bootstrap_seed": self.settings.bootstrap_seed,
                "learnt_from": "cross-fitted" if cross_fitted else "calibration",
                "english_from": self.settings.dev_split
                if dev is not None
                else ("cross-fitted" if cross_fitted else "calibration"),
            },
            fits=self.fits,
            laws=self.laws,
            estimates=estimates(
                RegimeMeasurements(
                    by_key=self.measured,
                    seeds=seeds,
                    pivots=seed_pivots(
                        self.settings.replicates,
                        np.random.default_rng([self.settings.bootstrap_seed, SEEDS]),
                    ),
                    subjects=tuple(self._subjects(groups)),
                    rows={c: len(b.cluster) for c, (b, _) in self.resamplings.items()},
                    clusters={c: b.clusters for c, (b, _) in self.resamplings.items()},
                    draws=self.recalibration.draws,
                    level=self.settings.level,
                )
            ),
        )

    def _subjects(self, groups: Mapping[str, tuple[str, ...]]) -> Iterator[LanguageOrGroup]:
        for code in self.panel.languages:
            yield LanguageOrGroup(name=code, languages=(code,), is_group=False)
        for name, codes in groups.items():
            yield LanguageOrGroup(name=name, languages=codes, is_group=True)


def _assemble(folds: list[Fold], code: str, fitted: Sequence[Fitted]) -> Floats:
    """Put the probabilities of all folds in the order of the test rows."""
    parts = [one.apply(fold.test[code]) for fold, one in zip(folds, fitted, strict=True)]
    rows = np.concatenate([fold.positions[code] for fold in folds])
    whole = np.empty((len(rows), parts[0].shape[1]))
    whole[rows] = np.concatenate(parts)
    return whole


def _plain(settings: dict[str, object]) -> dict[str, object]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
