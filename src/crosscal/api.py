"""What `import crosscal` offers: calibration of anyone's predictions in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.evaluation.accepting import THRESHOLDS, WANTED
from crosscal.calibration.evaluation.arguments import ALL, check_options
from crosscal.calibration.evaluation.evaluating import evaluate_coded
from crosscal.calibration.evaluation.memory import demand_memory, kept_numbers, parse_memory
from crosscal.calibration.notion import Notion
from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import (
    NamedFile,
    checksums,
    demand_different,
    files_read,
    join_files,
)
from crosscal.predictions.external.reader import ExternalPredictions, memory_left, read_external
from crosscal.report.calibration_report import CalibrationReport
from crosscal.spelling import did_you_mean

Report = Callable[[str, int, int], None]


def calibrate(
    predictions: Any,
    *,
    scores: str | None = None,
    probabilities: str | None = None,
    confidence: str | None = None,
    predicted: str | None = None,
    labels: str | None = None,
    group: str | None = None,
    cluster: str | None = None,
    votes: str | None = None,
    annotators: str | None = None,
    weights: str | None = None,
    classes: Sequence[str] | str | None = None,
    normalised: bool = False,
    encoding: str | None = None,
    baseline: str | None = None,
    recalibrate: Sequence[str] | str = (),
    notion: str = "top-label",
    bins: int = 15,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    thresholds: Sequence[float] | float = THRESHOLDS,
    wanted: Sequence[float] | float = WANTED,
    memory: str | int | None = None,
    report: Report | None = None,
) -> CalibrationReport:
    """Measure the calibration of anyone's predictions: what `crosscal calibrate` does.

    Parameters
    ----------
    predictions : path, list of paths, table of pandas, polars or Arrow, or arrays by name
        ``-`` is standard input.
    scores, probabilities, confidence, predicted, labels, group, cluster : str, optional
        Names of columns; what is left out is guessed where one reading is possible.
    votes, annotators : str, optional
        Columns of how many annotators chose each class, or of the label of each annotator.
    weights : str, optional
        Column of how many cases each row stands for, in any unit.
    classes : sequence of str, or str, optional
        Names of the classes in the order of the scores.
    normalised : bool
        Log-likelihoods of lm-evaluation-harness divided by the characters of the choices.
    encoding : str, optional
        Of text files, as ``cp1251``; UTF-8, UTF-16 and UTF-32 are recognised.
    baseline : str, optional
        Group that the others are compared with, and that recalibrators are fitted on for them.
    recalibrate : sequence of str, or str
        Recalibrators, as ``temperature``.
    notion : str
        What is calibrated: ``top-label``, ``class-wise``, or a class.
    thresholds, wanted : sequence of float, or float
        Confidences from which rows are accepted, and accuracies to find the threshold of.
    memory : str or int, optional
        How much may be used, as ``2GB`` or in bytes; by default what the machine has. Predictions
        that are estimated to need more are refused; no number depends on it.

    Returns
    -------
    CalibrationReport

    Examples
    --------
    >>> import crosscal, pandas
    >>> frame = pandas.DataFrame({"p0": [0.9, 0.2], "p1": [0.1, 0.8], "label": [0, 1]})
    >>> float(crosscal.calibrate(frame).to_pandas()["accuracy"].iloc[0])
    1.0
    """
    recalibrators = (recalibrate,) if isinstance(recalibrate, str) else tuple(recalibrate)
    bound = parse_memory(memory)
    accepting = {"thresholds": _several(thresholds), "wanted": _several(wanted)}
    check_options(
        recalibrate=recalibrators,
        replicates=replicates,
        seed=seed,
        bins=bins,
        level=level,
        **accepting,
    )
    columns = ColumnOptions(
        scores=scores,
        probabilities=probabilities,
        confidence=confidence,
        predicted=predicted,
        labels=labels,
        group=group,
        cluster=cluster,
        votes=votes,
        annotators=annotators,
        weights=weights,
        classes=_names(classes),
        per_character=normalised,
        encoding=encoding,
    )
    several = predictions if isinstance(predictions, list | tuple) else [predictions]
    paths = [Path(each) for each in several if isinstance(each, str | Path)]
    if len(several) != 1 and len(paths) < len(several):
        raise SettingsError(
            f"{len(several)} predictions, and not all are files",
            where="predictions",
            remedy="Give one table with a column of groups, or paths",
        )
    files = [NamedFile(path) for path in paths]
    demand_different(files)
    parts: list[ExternalPredictions] = []
    for each in several:
        parts.append(_read(each, columns, report, memory_left(bound, parts)))
    return evaluate_predictions(
        join_files(parts, files, pooled=group is not None) if files else parts[0],
        files=checksums(files),
        read=files_read(files, labels),
        notion=notion,
        baseline=baseline,
        recalibrate=recalibrators,
        bins=bins,
        level=level,
        replicates=replicates,
        seed=seed,
        memory=bound,
        report=report,
        **accepting,
    )


def evaluate_predictions(
    predictions: ExternalPredictions,
    *,
    files: Mapping[str, str],
    read: Sequence[Path] = (),
    notion: str = "top-label",
    bins: int = 15,
    level: float = 0.95,
    baseline: str | None = None,
    recalibrate: Sequence[str] = (),
    replicates: int = 1000,
    seed: int = 0,
    thresholds: Sequence[float] = THRESHOLDS,
    wanted: Sequence[float] = WANTED,
    memory: int | None = None,
    report: Report | None = None,
) -> CalibrationReport:
    """Do what `calibrate` does with predictions that are read."""
    pair = predictions.value_kind == "confidence"
    n = len(predictions)
    count = 2 if pair else predictions.values.shape[1]
    demand_memory(memory, n, count, replicates=replicates, units=n, recalibrated=bool(recalibrate))
    group = predictions.group
    if group is None:
        groups = np.broadcast_to(np.zeros(1, np.intp), len(predictions))  # one number for all
    else:
        groups = group.astype(np.intp)
    evaluation = evaluate_coded(
        predictions.values,
        predictions.gold,
        groups,
        predictions.groups or (ALL,),
        predictions.cluster,
        predictions.votes,
        predictions.weights,
        settings=EvaluationSettings(
            given="probabilities"
            if predictions.value_kind == "confidence"
            else predictions.value_kind,
            notion=1 if pair else _notion(notion, predictions),
            pair=pair,
            bins=bins,
            level=level,
        ),
        baseline=baseline,
        recalibrate=recalibrate,
        replicates=replicates,
        seed=seed,
        thresholds=thresholds,
        wanted=wanted,
        classes=predictions.classes,
        report=report,
        most_kept=kept_numbers(memory),
    )
    warnings = (*predictions.warnings, *evaluation.warnings)
    return CalibrationReport(
        evaluation=replace(evaluation, warnings=warnings),
        classes=predictions.classes,
        value_kind=predictions.value_kind,
        notes=predictions.notes,
        files=files,
        read=tuple(read),
    )


def _names(classes: Sequence[str] | str | None) -> tuple[str, ...] | None:
    """Return names of classes, also of a text with commas between them."""
    if isinstance(classes, str):
        return tuple(name.strip() for name in classes.split(","))
    return tuple(classes or ()) or None


def _several(numbers: Sequence[float] | float) -> tuple[float, ...]:
    """Return numbers, or the only one."""
    return tuple(numbers) if isinstance(numbers, Iterable) else (float(numbers),)


def _read(
    origin: Any, columns: ColumnOptions, report: Report | None, memory: int | None
) -> ExternalPredictions:
    if isinstance(origin, str | Path):
        part = partial(report, Path(origin).name) if report else None
        return read_external(str(origin), columns, report=part, memory=memory)
    return read_external(origin, columns, memory=memory)


def _notion(notion: str, predictions: ExternalPredictions) -> Notion:
    if notion == "top-label":
        return "top-label"
    if notion == "class-wise":
        return "class-wise"
    count = predictions.values.shape[1]
    names = predictions.classes or tuple(map(str, range(count)))
    if notion in names:
        return names.index(notion)
    if notion.isdigit() and int(notion) < count:
        return int(notion)
    raise SettingsError(
        f"unknown notion {notion!r}",
        where="--notion",
        remedy=did_you_mean(notion, ["top-label", "class-wise", *names]),
    )
