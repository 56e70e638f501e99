"""Export the model of a run: the checkpoint, what the study knows of it, and its scores."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration import ConvergenceWarning, TemperatureScaling
from crosscal.calibration.evaluation.evaluating import evaluate
from crosscal.calibration.evaluation.results import Evaluation
from crosscal.exceptions import SettingsError
from crosscal.export.card import CardContent, LanguageScores, model_card
from crosscal.export.folder import ExportFacts, TemperatureUse, check_free, export_model
from crosscal.predictions import Predictions, read_predictions
from crosscal.spelling import did_you_mean
from crosscal.study.config.settings import Study
from crosscal.study.execution.stages import CollectStage
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Plan, Run
from crosscal.study.results.report_context import describe_recipe
from crosscal.study.results.scores import ENGLISH, score_runs
from crosscal.tasks import EncodedDataset, task

if TYPE_CHECKING:
    from crosscal.export.classes import ExportedModel

_REPLICATES = 500


def trained_run(plan: Plan, store: Store, target: str, recipe: str, seed: int) -> Run:
    """Find a run that was trained; SettingsError with those that there are."""
    if target not in plan.study.targets:
        raise SettingsError(
            f"the study has no target '{target}'",
            where="--target",
            remedy=did_you_mean(target, list(plan.study.targets)),
        )
    runs = [run for run in plan.runs if run.training and run.target == target]
    if not all(isinstance(run.table, CollectStage) for run in runs):
        raise SettingsError(
            f"nothing is trained on target '{target}', which is of the retrieval family",
            where="--target",
            remedy="Its encoder is what it was; choose another target",
        )
    for run in runs:
        nodes = (run.training[-1].node, run.table.node)
        wanted = (run.recipe, run.seed) == (recipe, seed)
        if wanted and store.discarded(*nodes[0]):
            facts = store.facts_folder(*nodes[0])
            raise SettingsError(
                "the weights of this run were discarded",
                where=str(facts),
                remedy="Remove that folder and run the study with --set "
                "execution.checkpoints=keep: they are trained again, to the same bits",
            )
        if wanted and all(store.has(*node) for node in nodes):
            return run
    raise SettingsError(
        f"there is no trained run of recipe '{recipe}' with seed {seed}",
        where=plan.study.name,
        remedy="Run the study first; its runs are: "
        + ", ".join(f"{run.recipe} {run.seed}" for run in runs),
    )


def export_run(
    plan: Plan, store: Store, run: Run, folder: Path, temperature: TemperatureUse
) -> ExportedModel:
    """Write the folder of a trained run's model."""
    from crosscal.encoders.structure import inspect_encoder

    check_free(folder)  # before anything is measured
    stage = run.training[-1]
    table = read_predictions(store.open(*run.table.node) / "predictions.parquet")
    fitted = None if temperature == "none" else _temperature(table)
    if fitted is None and temperature == "apply":
        raise SettingsError(
            "no finite temperature fits the English development data best",
            where="--temperature",
            remedy="Export with --temperature none",
        )
    head = stage.parts[0]
    facts = ExportFacts(
        study=plan.study.name,
        recipe=run.recipe,
        seed=run.seed,
        task=table.provenance.task,
        encoder=table.provenance.encoder,
        family=head.family,
        labels=head.labels,
        pooling=stage.pooling,
        max_length=stage.training.max_length,
        temperature=fitted,
        temperature_use="none" if fitted is None else temperature,
        versions=table.provenance.versions,
    )
    target = plan.study.targets[run.target]
    content = CardContent(
        facts=facts,
        task=task(target.task),
        recipe=describe_recipe(plan.study.recipes[run.recipe], plan.study, target),
        train_languages=target.train_languages,
        training=stage.training.model_dump(exclude={"max_length"}),
        data=table.provenance.data,
        languages=_languages(plan.study, run.target, table, fitted),
        causal=inspect_encoder(stage.model.encoder).causal,
    )
    return export_model(
        stage.model,
        store.open(*stage.node),
        EncodedDataset.load(store.open(*run.table.inputs["test"])),
        facts,
        folder,
        card=lambda exported: model_card(
            content,
            class_name=type(exported.model).__name__,
            own_class=exported.own_class,
            difference=exported.difference,
        ),
    )


def _temperature(table: Predictions) -> float | None:
    """Fit the temperature of English on the development data; None if none is finite."""
    dev = table.select(language=ENGLISH, split="dev")
    known = dev.gold >= 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = TemperatureScaling().fit(dev.scores[known], dev.gold[known])
    return fitted.temperature_ if fitted.converged_ else None


def _languages(
    study: Study, target: str, table: Predictions, temperature: float | None
) -> list[LanguageScores]:
    """Measure the run in every language of the test."""
    rows = {row.language: row for row in score_runs(study, target, [table]) if row.split == "test"}
    plain = _measured(table, list(rows), 1.0)
    scaled = None if temperature is None else _measured(table, list(rows), temperature)
    return [
        LanguageScores(
            language=language,
            official=row.official,
            measured=plain.groups[language],
            with_temperature=None if scaled is None else scaled.groups[language],
        )
        for language, row in rows.items()
    ]


def _measured(table: Predictions, languages: list[str], temperature: float) -> Evaluation:
    parts = [table.select(language=language, split="test") for language in languages]
    width = max(part.scores.shape[1] for part in parts)

    def wide(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        filling = ((0, 0), (0, width - scores.shape[1]))
        return np.pad(scores / temperature, filling, constant_values=-np.inf)

    return evaluate(
        np.concatenate([wide(part.scores) for part in parts]),
        np.concatenate([part.gold for part in parts]),
        groups=np.repeat(languages, [len(part.gold) for part in parts]),
        clusters=np.concatenate([part.cluster_ids for part in parts]),
        errors=("ece_debiased",),
        replicates=_REPLICATES,
    )
