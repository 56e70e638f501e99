"""The engine: measures of predictions with draws of their truth, noise floors and p-values.

One resampling of clusters, one product of its weights with sums over clusters, and all measures
of all languages and runs come out paired. What shows an interval or a p-value of
predictions gets it here, but for areas under risk and coverage and the parts of a Brier score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.errors.binned import ece_debiased, rmsce_debiased
from crosscal.calibration.errors.kernel import kernel_error
from crosscal.calibration.estimation.features import chunks, smoothing
from crosscal.calibration.estimation.functionals import (
    FEATURES_OF,
    ErrorFunctional,
    FeatureBlock,
    make_functional,
)
from crosscal.calibration.estimation.inversion import shifted_noise, true_errors
from crosscal.calibration.estimation.measurement import Measurement, PerfectCalibration
from crosscal.calibration.estimation.prepared import (
    SPANS,
    PreparedSample,
    SummedOutcomes,
    prepare,
    prepare_soft,
    sum_outcomes,
)
from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.estimation.samples import (
    EvaluationSettings,
    OutcomeSet,
    SampleSet,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# Steps to the bandwidth at which calibrated samples show that bandwidth; each quarters the
# distance.
_STEPS = 5
_LEAST_BANDWIDTH = 2 / 1024
_ON_A_GRID = ("smooth_ece", "kernel_error")
_UNIT = (0.0, 1.0)
# Replicates times columns that are inverted at once.
_MOST_NUMBERS = 4_000_000


def measure_samples(
    samples: Sequence[SampleSet], resampling: ClusterResampling, settings: EvaluationSettings
) -> list[dict[str, Measurement]]:
    """Measure several sets of rows on one resampling: as many at once as memory allows."""
    errors = settings.error_names()
    units = resampling.weights.shape[1]
    prepared = [prepare(sample, units, settings, errors) for sample in samples]
    return _measure_all(prepared, resampling, settings, errors)


def measure_outcomes(
    sets: Iterable[OutcomeSet], resampling: ClusterResampling
) -> list[Measurement]:
    """Measure means of outcomes on one resampling; that of none at all is 0, and unknown."""
    units = resampling.weights.shape[1]
    # Of a set that is made when it is asked for nothing is kept but its sums.
    sums = [sum_outcomes(each, units) if len(each.outcome) else None for each in sets]
    summed = [each for each in sums if each is not None]
    measured = iter(_mean_outcomes(summed, resampling) if summed else ())
    low, high = _unknown(resampling.replicates, _UNIT)
    nothing = Measurement(value=0.0, draws_low=low, draws_high=high, span=_UNIT)
    return [nothing if each is None else next(measured) for each in sums]


def _mean_outcomes(
    summed: Sequence[SummedOutcomes], resampling: ClusterResampling
) -> Iterator[Measurement]:
    """Yield the means of outcomes with draws; what `PreparedSample.replicates` does, for all."""
    sizes, sums = (np.stack(each, axis=1) for each in zip(*(s.sums for s in summed), strict=True))
    rows, right = np.split((resampling.weights @ np.hstack([sizes, sums])).T, 2)
    observed = sums.sum(axis=0) / [each.n for each in summed]
    for each, drawn, drawn_rows, mean in zip(summed, right, rows, observed, strict=True):
        if each.clusters < 2:
            low, high = _unknown(resampling.replicates, _UNIT)
            yield Measurement(value=each.value, draws_low=low, draws_high=high, span=_UNIT)
            continue
        weight, outcome = resampling.virtual_row(each.name, each.number, mean=each.value)
        weight = weight * each.rows_of_one
        draws = (drawn + weight * outcome) / (drawn_rows + weight)
        draws -= mean
        draws *= resampling.student(each.equal_clusters)
        draws += mean
        np.clip(draws, *_UNIT, out=draws)
        yield Measurement(value=each.value, draws_low=draws, draws_high=draws, span=_UNIT)


def _measure_all(
    prepared: Sequence[PreparedSample],
    resampling: ClusterResampling,
    settings: EvaluationSettings,
    errors: Sequence[str],
) -> list[dict[str, Measurement]]:
    if not prepared:
        return []
    # The weights are read from memory once.
    totals = resampling.weights @ np.hstack([each.sums for each in prepared])
    ends = np.cumsum([each.sums.shape[1] for each in prepared])[:-1]
    return [
        _measure(each, part, resampling, settings, errors)
        for each, part in zip(prepared, np.split(totals, ends, axis=1), strict=True)
    ]


def _measure(
    prepared: PreparedSample,
    totals: Floats,
    resampling: ClusterResampling,
    settings: EvaluationSettings,
    errors: Sequence[str],
) -> dict[str, Measurement]:
    known = prepared.clusters > 1
    drawn = prepared.replicates(totals, resampling) if known else None
    measurements = _means(prepared, drawn, resampling)
    if errors:
        excess = Excess.of(prepared, drawn, resampling, settings.calibrated_samples)
        for name in errors:
            plain = measurements.get(name.removesuffix("_debiased"))
            if name == "overconfident_errors":
                measurements[name] = _against_calibrated(measurements.pop(name), excess)
            elif name in ("ece_debiased", "rmsce_debiased") and plain is not None:
                # Another estimate of the same truth.
                value = _debiased(name, excess, settings.bins)
                measurements[name] = replace(plain, value=value)
            else:
                measurements[name] = _error(name, excess, settings)
    return measurements


def _means(
    prepared: PreparedSample, drawn: Floats | None, resampling: ClusterResampling
) -> dict[str, Measurement]:
    measurements = {}
    for column, (name, mean) in enumerate(prepared.means.items()):
        span = SPANS.get(name, _UNIT)
        if drawn is None:
            low, high = _unknown(resampling.replicates, span)
        else:
            low = np.clip(drawn[:, column], *span)
            if mean.infinite is not None:
                # A right choice of probability 0 costs infinity wherever it is drawn.
                low[resampling.weights @ mean.infinite > 0] = np.inf
            high = low
        measurements[name] = Measurement(
            value=mean.value, draws_low=low, draws_high=high, span=span
        )
    return measurements


def _unknown(replicates: int, span: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return draws of what a single cluster says: nothing."""
    return np.full(replicates, span[0]), np.full(replicates, span[1])


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Excess in used columns, and 0: observed, of draws less the observed, of calibrated rows."""

    prepared: PreparedSample
    blocks: Mapping[str, Sequence[FeatureBlock]]
    observed: Floats
    noise: Floats | None
    calibrated: Floats
    replicates: int

    @classmethod
    def of(
        cls,
        prepared: PreparedSample,
        drawn: Floats | None,
        resampling: ClusterResampling,
        samples: int,
    ) -> Excess:
        """Take a set's excess apart, in place; without `samples` there are no calibrated rows."""
        used = prepared.used
        observed = np.append(prepared.excess[used] / prepared.n, 0.0)
        noise = None
        if drawn is not None:
            noise = drawn[:, len(prepared.means) :]
            noise -= observed
        calibrated = np.zeros((0, len(observed)))
        if samples:
            rng = resampling.calibrated_stream()
            calibrated = prepared.views.calibrated_excess(prepared.expected, used, samples, rng)
        return cls(
            prepared=prepared,
            blocks=prepared.views.blocks(prepared.block_sums, used),
            observed=observed,
            noise=noise,
            calibrated=calibrated,
            replicates=resampling.replicates,
        )

    @property
    def dependent(self) -> bool:
        """Whether rows depend on each other, or nothing is known of calibrated rows."""
        prepared = self.prepared
        clusters = prepared.sample.clusters or prepared.clusters
        return clusters < prepared.n or not len(self.calibrated)


def _error(name: str, excess: Excess, settings: EvaluationSettings) -> Measurement:
    blocks = excess.blocks[FEATURES_OF[name]]
    functional = make_functional(name, blocks)
    length = float(functional.norm(functional.vector(excess.observed)))
    value = _exact(name, blocks[0], functional)
    if name in ("ece_debiased", "rmsce_debiased"):
        value = _debiased(name, excess, settings.bins)
    value = length if value is None else value
    # Draws on a grid come out a little different from the exact value.
    scale = value / length if name in _ON_A_GRID and length > 0 else 1.0
    floor = None
    if name == "smooth_ece" and len(excess.calibrated):
        floor = _smooth_floor(functional, excess.calibrated)
    return _inverted(functional, excess, settings.level, value, scale, floor)


def _inverted(
    functional: ErrorFunctional,
    excess: Excess,
    level: float,
    value: float,
    scale: float = 1.0,
    floor: float | None = None,
) -> Measurement:
    if excess.noise is None:
        shown = functional.norm(functional.vector(excess.calibrated))
        low, high = _unknown(excess.replicates, _UNIT)
        return Measurement(
            value=value,
            draws_low=low,
            draws_high=high,
            span=_UNIT,
            inside=False,
            noise_floor=scale * float(shown.mean()) if floor is None else floor,
        )
    return invert(
        functional,
        excess.observed,
        excess.noise,
        level=level,
        calibrated=excess.calibrated,
        dependent=excess.dependent,
        value=value,
        scale=scale,
        noise_floor=floor,
    )


def invert(
    functional: ErrorFunctional,
    observed: Floats,
    noise: Floats,
    *,
    level: float,
    calibrated: Floats,
    dependent: bool,
    value: float | None = None,
    scale: float = 1.0,
    noise_floor: float | None = None,
) -> Measurement:
    """Return an error with draws of the true one, by the inversion of `true_errors`."""
    # The level decides whether the error may well be 0; `scale` is of the estimate to the length of
    # what was observed.
    vector = functional.vector(observed)
    length = float(functional.norm(vector))
    shown = functional.norm(functional.vector(calibrated))
    if noise_floor is None and len(shown):
        noise_floor = scale * float(shown.mean())
    # Of very many columns some replicates at a time: each is by itself, and its direction another.
    turned = shifted_noise(np.arange(len(noise)))
    parts = []
    for rows in chunks(len(noise), max(1, _MOST_NUMBERS // len(functional.columns))):
        moved = functional.vector(noise[rows])
        some = None if rows == slice(0, len(noise)) else turned[rows]
        direction = functional.direction(observed, noise, some)
        parts.append(
            (
                functional.norm(moved),
                *true_errors(vector, moved, direction, functional.norm),
            )
        )
    alone, least, greatest = (np.concatenate(each) for each in zip(*parts, strict=True))
    low, high = np.minimum(scale * least, 1.0), np.minimum(scale * greatest, 1.0)
    # A draw between 0 and the noise is too high if the true error is 0.
    if float((alone >= length).mean()) > (1 - level) / 2:
        low = np.zeros_like(high)
    return Measurement(
        value=length if value is None else value,
        draws_low=low,
        draws_high=high,
        span=_UNIT,
        inside=False,
        noise_floor=noise_floor,
        null=PerfectCalibration(
            observed=length, calibrated=shown, noise=alone, dependent=dependent
        ),
    )


def _exact(name: str, block: FeatureBlock, functional: ErrorFunctional) -> float | None:
    """Return the value, None where it is just the length of the observed excess."""
    view = block.view
    if name == "smooth_ece":
        return functional.exact
    if name == "kernel_error":
        return kernel_error(view.confidence, view.correct, weights=view.weights)
    return None


def _debiased(name: str, excess: Excess, bins: int) -> float:
    block = excess.blocks[FEATURES_OF[name]][0]
    view = block.view
    if name == "ece_debiased":
        unit = excess.prepared.sample.unit
        return ece_debiased(
            view.confidence, view.correct, bins=bins, clusters=unit, weights=view.weights
        )
    return rmsce_debiased(view.confidence, view.correct, bins=bins, weights=view.weights)


def _against_calibrated(rate: Measurement, excess: Excess) -> Measurement:
    """Add how many overconfident errors calibrated rows would show, and whether these are more."""
    (block,) = excess.blocks["threshold"]
    (place,) = block.places
    surplus = float(excess.observed[place])
    null = None
    if excess.noise is not None:
        null = PerfectCalibration(
            observed=surplus,
            calibrated=excess.calibrated[:, place].copy(),
            noise=excess.noise[:, place].copy(),  # not all others along with it
            dependent=excess.dependent,
        )
    return Measurement(
        value=rate.value,
        draws_low=rate.draws_low,
        draws_high=rate.draws_high,
        span=_UNIT,
        noise_floor=max(0.0, rate.value - surplus),
        null=null,
    )


def _smooth_floor(functional: ErrorFunctional, calibrated: Floats) -> float:
    """Return the mean error at the bandwidth at which calibrated rows show that bandwidth."""
    grid = calibrated[:, functional.columns]
    bandwidth = 0.1
    for _ in range(_STEPS):
        shown = float(np.abs(grid @ smoothing(grid.shape[1], bandwidth)).sum(axis=1).mean())
        # The error falls about as the root of the bandwidth, so the middle is nearly there.
        bandwidth = min(1.0, max(_LEAST_BANDWIDTH, float(np.sqrt(bandwidth * shown))))
    return shown


def measure_soft(
    confidence: Floats,
    outcome: Floats,
    unit: Ints,
    resampling: ClusterResampling,
    *,
    bins: int = 15,
    level: float = 0.95,
    name: str = "all",
) -> dict[str, Measurement]:
    """Measure confidences about outcomes that are shares from 0 to 1, as the F1 of an answer."""
    # A bin's mean outcome takes the place of its accuracy. Outcomes of 0 and 1 would scatter most,
    # so that nothing is drawn from the confidences: noise floor and p-value come from the scatter
    # of residuals around the mean of their bin.
    units = resampling.weights.shape[1]
    prepared = prepare_soft(confidence, outcome, unit, units, bins=bins, name=name)
    drawn = None
    if prepared.clusters > 1:
        drawn = prepared.replicates(resampling.weights @ prepared.sums, resampling)
    excess = Excess.of(prepared, drawn, resampling, samples=0)
    functional = make_functional("ece", excess.blocks["width"])
    value = float(functional.norm(functional.vector(excess.observed)))
    floor = _scatter_floor(prepared, resampling)
    error = _inverted(functional, excess, level, value, floor=floor)
    return {**_means(prepared, drawn, resampling), "ece": error}


def _scatter_floor(prepared: PreparedSample, resampling: ClusterResampling) -> float:
    """Return the mean length of resampled residuals, each less the mean of its bin."""
    (view,) = prepared.views.views
    index, _ = view.features(slice(0, prepared.n))
    index = index[:, 0]
    residual = view.confidence - view.correct
    mean = np.bincount(index, weights=residual) / np.maximum(np.bincount(index), 1)
    unit, units = prepared.sample.unit, resampling.weights.shape[1]
    scatter = view.cluster_sums(unit, units, residual - mean[index])
    rows = resampling.weights @ prepared.sums[:, 0]
    drawn = np.abs(resampling.weights @ scatter).sum(axis=1) / np.maximum(rows, 1.0)
    return float(drawn.mean())
