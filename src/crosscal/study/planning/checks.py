"""Everything that the analysis of a study could refuse, asked before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosscal.analysis import AnalysisSettings
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.exceptions import DataError, SettingsError
from crosscal.languages import default_groups
from crosscal.metrics import SCORERS
from crosscal.metrics.answers import MLQA, check_language
from crosscal.spelling import did_you_mean
from crosscal.study.config.load import baseline_of, languages_of, regime_settings
from crosscal.study.config.settings import ONE_TARGET, RETRIEVAL, Study
from crosscal.study.planning.summaries import DatasetSummary
from crosscal.tasks import FAMILIES, task


def analysis_settings(study: Study, target: str) -> AnalysisSettings:
    """Name the groups of a target's languages by the table, unless the study names them."""
    analysis, config = study.analysis, study.targets[target]
    baseline = baseline_of(config)
    return AnalysisSettings(
        title=study.name if target == ONE_TARGET else f"{study.name}: {target}",
        baseline_language=baseline,
        # Development data in other languages say nothing of the baseline.
        dev_split="dev" if _has_dev(study, target) else None,
        groups=dict(analysis.groups) or default_groups(languages_of(config)),
        bins=analysis.bins,
        replicates=analysis.replicates,
        level=analysis.level,
        bootstrap_seed=analysis.seed,
        margin=analysis.margin,
    )


def _has_dev(study: Study, target: str) -> bool:
    config = study.targets[target]
    if task(config.task).family == RETRIEVAL:
        return baseline_of(config) == "en"
    return baseline_of(config) in config.dev_languages


def check_analysis(study: Study) -> None:
    """Refuse an analysis that could not be carried out, whatever the data."""
    for name, target in study.targets.items():
        analysis_settings(study, name)
        languages = languages_of(target)
        named = [group for group in study.analysis.groups if group in languages]
        if named:
            raise SettingsError(
                f"a group is named like the language '{named[0]}'",
                where=f"analysis.groups.{named[0]}",
                remedy="Give it a name of its own",
            )
        description = task(target.task)
        if description.scoring not in SCORERS:
            raise SettingsError(
                f"the task '{target.task}' is not scored, and cannot be a target",
                where=f"{name}.task",
                remedy=did_you_mean(description.scoring, SCORERS),
            )
        if description.scoring == "mlqa":
            for code in languages:
                check_language(MLQA, code, where=f"{name}.languages")
        _check_recalibrators(study, description.family)


def _check_recalibrators(study: Study, family: str) -> None:
    if regime_settings(study) is None or (family in FAMILIES and FAMILIES[family].shared_labels):
        return
    for name in study.recalibration.recalibrators:
        if getattr(RECALIBRATORS[name](), "needs_common_choices", False):
            raise SettingsError(
                f"'{name}' needs the same choices in every row, and those of {family} have their "
                "own",
                where="recalibration.recalibrators",
                remedy="Take one that only rescales scores, as 'temperature'",
            )


def check_examples(study: Study, datasets: Mapping[str, DatasetSummary]) -> None:
    """Refuse examples that a task, intervals or regimes of recalibration could not be made of."""
    for name in (*study.targets, *study.intermediate):
        _check_one_form(datasets, name)
    for name, target in study.targets.items():
        field = f"{name}.test"
        if task(target.task).family == RETRIEVAL or field not in datasets:
            continue
        folded = study.recalibration.regimes and target.calibration is None
        least = study.recalibration.folds if folded else 2
        for code, names in datasets[field].clusters.items():
            if len(names) < least:
                raise DataError(
                    f"{len(names)} independent cluster{'s' * (len(names) != 1)} of examples in "
                    f"'{code}', but at least {least} are needed"
                    + (" as there are so many folds" if folded else " for an interval"),
                    where=field,
                    remedy="Test on more examples, or on examples of more premises or contexts",
                )
        if study.recalibration.regimes:
            check_disjoint(datasets, name)


def _check_one_form(datasets: Mapping[str, DatasetSummary], name: str) -> None:
    """Refuse single texts beside pairs: a model of one would be tested on the other."""
    counts = {
        field: summary.text_counts
        for field, summary in datasets.items()
        if field.startswith(f"{name}.")
    }
    if {1, 2} <= {count for each in counts.values() for count in each}:
        single = next(field for field, each in counts.items() if 1 in each)
        other = next(field for field, each in counts.items() if 2 in each)
        raise SettingsError(
            f"these are single texts, but those of {other} are pairs",
            where=f"{single}.columns",
            remedy="Name the columns of both texts everywhere, or one 'text' everywhere",
        )


def check_disjoint(datasets: Mapping[str, DatasetSummary], target: str) -> None:
    """Refuse examples to recalibrate on that share a cluster with the test, in any language."""
    tested = set(_all_clusters(datasets[f"{target}.test"]))
    for split in ("dev", "calibration"):
        field = f"{target}.{split}"
        for cluster in _all_clusters(datasets[field]) if field in datasets else ():
            if cluster in tested:
                raise DataError(
                    f"cluster {cluster!r} is among the test examples too",
                    where=field,
                    remedy="Recalibrate on other clusters than are tested, in whatever language",
                )


def _all_clusters(summary: DatasetSummary) -> Iterator[str]:
    for names in summary.clusters.values():
        yield from names
