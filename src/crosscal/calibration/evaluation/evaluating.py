"""Calibration of predictions in one call: errors by group, differences, recalibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.estimation.resampling import MOST_UNITS
from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.evaluation.accepting import ConfidentRows
from crosscal.calibration.evaluation.arguments import (
    ALL,
    check_settings,
    check_values,
    class_numbers,
    confidence_pairs,
    drop_weightless,
    label_codes,
)
from crosscal.calibration.evaluation.cluster_design import GroupDesign, design_groups
from crosscal.calibration.evaluation.comparison import Comparison
from crosscal.calibration.evaluation.measures import (
    GroupMeasures,
    group_result,
    measure_group,
)
from crosscal.calibration.evaluation.plausibility import (
    implausible,
    unequal_weights,
    unshared_clusters,
)
from crosscal.calibration.evaluation.recalibrated import GroupRows, fits, recalibrations
from crosscal.calibration.evaluation.results import (
    AcceptedRows,
    Evaluation,
    GroupResult,
    NeededThreshold,
)
from crosscal.calibration.human.votes import check_votes
from crosscal.calibration.notion import Notion, outcomes
from crosscal.calibration.recalibration.crossfit import FOLDS, recalibrator
from crosscal.calibration.sample_weights import check_weights
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Report = Callable[[str, int, int], None]

# Calibrated samples: as many as the p-values deserve, but not more numbers than these.
_SAMPLES, _FEWEST_SAMPLES, _MOST_NUMBERS = 400, 100, 1_000_000_000
# Names the stream of the folds of recalibrators.
_FOLD_STREAM = 10_000_019


def evaluate(
    scores: ArrayLike,
    gold: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    votes: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    given: Literal["scores", "probabilities", "confidence"] = "scores",
    notion: Notion = "top-label",
    baseline: str | None = None,
    recalibrate: Sequence[str] = (),
    bins: int = 15,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    errors: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    thresholds: Sequence[float] = (),
    wanted: Sequence[float] = (),
    report: Report | None = None,
) -> Evaluation:
    """Measure the calibration of predictions, by group, with intervals.

    Parameters
    ----------
    scores : array of shape (n, k), or (n,) given as confidence
        Logits or log-scores (minus infinity where a row has no such choice); or probabilities;
        or the confidence of each chosen label.
    gold : array of int, shape (n,)
        Index of the right choice, -1 if it is not among them; or its name, with `classes`. Given as
        confidence: 1 where the chosen label is right, else 0.
    groups : array of shape (n,), optional
        Any labels. Without, all rows are the group "all".
    clusters : array of shape (n,), optional
        Any labels; rows of one cluster are dependent. Without, every row is by itself. One
        cluster in two groups means the same item, and makes their difference paired.
    votes : array of int, shape (n, k), optional
        How many annotators chose each label; 0 of each where that is not known. Groups then have
        the measures `human` as well.
    weights : array of shape (n,), optional
        How many cases each row stands for, from 0 up, in any unit. All numbers are then those of
        the cases; rows remain what is drawn, so that a weight of 3 is no three independent rows.
    given : {"scores", "probabilities", "confidence"}
    notion : "top-label", "class-wise" or int
        What the errors are about (see `outcomes`). Ignored for confidences, which have one.
    baseline : str, optional
        Group that the others are compared with.
    recalibrate : sequence of str
        Names from `RECALIBRATORS`. Each is cross-fitted by clusters within each group, and
        fitted on the baseline for the other groups.
    replicates : int
        Bootstrap replicates, 100 or more.
    level : float
        Of the intervals.
    errors : sequence of str, optional
        From `crosscal.calibration.ERRORS`; by default all.
    classes : sequence of str, optional
        Names of the columns of `scores`.
    thresholds : sequence of float
        Confidences above which rows are accepted: the share kept, and its accuracy.
    wanted : sequence of float
        Accuracies whose least threshold is looked for.
    report : callable, optional
        Called with what is done, how much of it, and the total.

    Returns
    -------
    Evaluation
        Groups with the baseline first, the others sorted.

    Raises
    ------
    DataError
        Arrays that do not fit, NaN, probabilities that do not sum to one, gold out of range.
    SettingsError
        Unknown baseline, recalibrator or error; a setting out of range.

    Notes
    -----
    *Intervals* are from one draw of clusters (`crosscal.calibration.evaluation.cluster_design`);
    those of errors by inversion (`crosscal.calibration.estimation.estimates`). A group of a single
    cluster gets values without intervals, and a note. Intervals of gains take the fit as given.

    Examples
    --------
    >>> evaluation = evaluate([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]] * 20, [0, 1, 1] * 20)
    >>> round(evaluation.groups["all"].means["accuracy"], 3)
    0.667
    """
    values, right = check_values(scores, class_numbers(gold, classes), given)
    names, group = label_codes(groups, len(right), "groups")
    cluster = None if clusters is None else label_codes(clusters, len(right), "clusters")[1]
    return evaluate_coded(
        values,
        right,
        group,
        [str(name) for name in names] if groups is not None else [ALL],
        cluster,
        None if votes is None else _known_votes(votes, values.shape),
        None if weights is None else check_weights(weights, len(right)),
        settings=EvaluationSettings(
            given="probabilities" if given == "confidence" else given,
            notion=1 if given == "confidence" else notion,
            pair=given == "confidence",
            bins=bins,
            level=level,
            errors=None if errors is None else tuple(errors),
        ),
        baseline=baseline,
        recalibrate=recalibrate,
        replicates=replicates,
        seed=seed,
        thresholds=thresholds,
        wanted=wanted,
        classes=classes,
        report=report,
    )


def evaluate_coded(
    values: NDArray[Any],
    gold: NDArray[Any],
    group: Ints,
    names: Sequence[str],
    cluster: Ints | None,
    votes: Floats | None = None,
    weights: Floats | None = None,
    *,
    settings: EvaluationSettings,
    baseline: str | None,
    recalibrate: Sequence[str],
    replicates: int,
    seed: int,
    thresholds: Sequence[float] = (),
    wanted: Sequence[float] = (),
    classes: Sequence[str] | None = None,
    report: Report | None = None,
    most_kept: int | None = None,
) -> Evaluation:
    """Do what `evaluate` does, with groups (each has rows) and clusters already numbered."""
    check_settings(names, baseline, recalibrate, replicates, seed, settings, thresholds, wanted)
    left_out: tuple[str, ...] = ()
    if weights is not None:
        kept, left_out = drop_weightless(weights, group, names)
        values, gold, group, weights = values[kept], gold[kept], group[kept], weights[kept]
        cluster = None if cluster is None else cluster[kept]
        votes = None if votes is None else votes[kept]
    order = sorted(range(len(names)), key=lambda i: (names[i] != baseline, names[i]))
    designs = _in_order_of_names(names, group, cluster, weights, replicates, seed, most_kept)
    results: dict[str, GroupResult] = {}
    comparison: Comparison | None = None
    # Draws are many numbers: those of a group are only kept where they are needed again.
    measured: dict[str, GroupMeasures] = {}
    parts: dict[str, GroupRows] = {}
    accepted: list[AcceptedRows] = []
    needed: list[NeededThreshold] = []
    samples = int(np.clip(_MOST_NUMBERS // len(gold), _FEWEST_SAMPLES, _SAMPLES))
    settings = replace(settings, calibrated_samples=samples)
    for done, number in enumerate(order):
        name, design = names[number], designs[number]
        if report:
            report(f"errors of {name}", done, len(names))
        part = GroupRows(
            values=confidence_pairs(design.own(values)),
            gold=design.own(gold),
            design=design,
        )
        found = measure_group(
            part.values,
            part.gold,
            design,
            settings,
            name,
            votes=None if votes is None else votes[design.rows],
        )
        effective = None if weights is None else design.effective
        results[name] = group_result(found, settings.level, effective)
        if comparison is not None:
            comparison.add(name, found)
        elif baseline is not None:  # the first
            comparison = Comparison(baseline, found, settings.level)
        if recalibrate:
            parts[name], measured[name] = part, found
        if thresholds or wanted:
            rows = _confident(part, settings, name)
            accepted += rows.accepted(thresholds) if thresholds else []
            needed += rows.needed(wanted) if wanted else []
    makes = {name: recalibrator(name, settings.given) for name in recalibrate}
    return Evaluation(
        groups=results,
        differences=() if comparison is None else tuple(comparison.differences()),
        recalibration=tuple(
            recalibrations(
                parts,
                measured,
                makes,
                settings=settings,
                baseline=baseline,
                seed=np.random.SeedSequence([seed, _FOLD_STREAM]),
                report=report,
            )
        ),
        fits=tuple(fits(parts, makes)),
        accepted=tuple(accepted),
        needed=tuple(needed),
        settings={
            **_described(settings, designs, cluster, baseline, recalibrate, replicates, seed),
            "classes": None if classes is None else list(classes),
            **({} if weights is None else {"weights": "cases a row stands for"}),
        },
        warnings=(
            *left_out,
            *implausible(
                _rows_by_group(names, designs, values, gold),
                pair=settings.pair,
                clusters=[design.cluster for design in designs],
            ),
            *unshared_clusters(names, group, cluster),
            *unequal_weights([(names[i], designs[i]) for i in order]),
        ),
    )


def _confident(part: GroupRows, settings: EvaluationSettings, name: str) -> ConfidentRows:
    about: Notion = "top-label" if settings.notion == "class-wise" else settings.notion
    confidence, correct = outcomes(part.values, part.gold, notion=about, given=settings.given)
    return ConfidentRows(name, confidence, correct, part.design, settings.level)


def _rows_by_group(
    names: Sequence[str], designs: Sequence[GroupDesign], values: NDArray[Any], gold: NDArray[Any]
) -> Iterator[tuple[str, NDArray[Any], NDArray[Any]]]:
    for name, design in zip(names, designs, strict=True):
        yield name, design.own(values), design.own(gold)


def _in_order_of_names(
    names: Sequence[str],
    group: Ints,
    cluster: Ints | None,
    weights: Floats | None,
    replicates: int,
    seed: int,
    most_kept: int | None,
) -> list[GroupDesign]:
    """Return the designs of all groups, drawn in the order of their names."""
    order = np.argsort(np.asarray(names, dtype=object), kind="stable")
    rank = np.argsort(order)
    designs = design_groups(
        rank[group] if len(names) > 1 else group,
        len(names),
        cluster,
        replicates=replicates,
        seed=seed,
        weights=weights,
        most_kept=most_kept,
    )
    return [designs[number] for number in rank]


def _known_votes(votes: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return counts of votes; rows of zeros have none."""
    if len(shape) != 2:
        raise DataError(
            "votes are for classes, and these are confidences",
            where="votes",
            remedy="give the scores of all classes, or leave out the votes",
        )
    counts = np.asarray(votes, dtype=np.float64)
    none = (counts == 0).all(axis=-1, keepdims=True) if counts.ndim == 2 else np.zeros(1, bool)
    return np.where(none, 0.0, check_votes(np.where(none, 1.0, counts), shape))


def _plain(notion: Notion) -> Notion:
    """Return a class as a number that JSON can hold."""
    return notion if isinstance(notion, str) else int(notion)


def _described(
    settings: EvaluationSettings,
    designs: Sequence[GroupDesign],
    cluster: Ints | None,
    baseline: str | None,
    recalibrate: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    what = "rows" if cluster is None else "clusters"
    batched = any(design.batched for design in designs)
    return {
        "given": "confidence" if settings.pair else settings.given,
        "notion": "confidence" if settings.pair else _plain(settings.notion),
        "baseline": baseline,
        "recalibrate": list(recalibrate),
        "bins": int(settings.bins),
        "replicates": int(replicates),
        "level": float(settings.level),
        "seed": int(seed),
        "resampled": f"{MOST_UNITS} random batches of {what}" if batched else what,
        "calibrated_samples": settings.calibrated_samples,
        "folds": FOLDS,
        "brier": "summed over classes, 0 to 2",
        "nll": "natural logarithm",
        "adjusted": "Holm, over the groups compared in a measure",
        "p_values": "counted among draws; beyond them an upper bound by an exponential tail",
    }
