"""What lower accuracy alone explains of the degradations of a run, and what is beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crosscal.analysis.results import PARTS
from crosscal.calibration import Answers, Measurement
from crosscal.calibration.comparison.matching import (
    OutcomeSums,
    match_accuracy,
    sum_by_outcome,
)
from crosscal.calibration.estimation.resampling import ClusterResampling

Measurements = Mapping[str, Mapping[str, Measurement]]  # by language and metric


def measure_parts(
    answers: Sequence[tuple[Sequence[Answers], ClusterResampling]],
    levels: Measurements,
    *,
    baseline: str,
    bins: int,
    level: float,
) -> Measurements:
    """Take the degradations of one run apart: the `PARTS` of its metrics, by language.

    `answers` are named by their language, and come with the resampling that they share. The result
    is empty where every answer in the baseline is right, or every one wrong.
    """
    sums: dict[str, OutcomeSums] = {}
    for sets, resampling in answers:
        resampled = sum_by_outcome(sets, resampling, bins=bins)
        sums |= {each.name: own for each, own in zip(sets, resampled, strict=True)}
    ours = sums.pop(baseline)
    if not ours.both_occur:
        return {}
    parts: dict[str, dict[str, Measurement]] = {}
    matched = match_accuracy(ours, list(sums.values()), level=level)
    for code, by_metric in zip(sums, matched, strict=True):
        parts[code] = {}
        for metric, (explained, beyond) in PARTS.items():
            both = by_metric[metric]
            degradation = levels[code][metric].value - levels[baseline][metric].value
            # Draws of the replicates take the noise off a debiased error, formulas off its level:
            # the part that is explained is what is left, so that the parts add up.
            parts[code][explained] = replace(both.explained, value=degradation - both.beyond.value)
            parts[code][beyond] = both.beyond
    return parts
