"""All runs of a study, one after the other: what each is trained on, and where its table is."""

from __future__ import annotations

import itertools
from pathlib import Path

from crosscal.study.config.settings import RETRIEVAL, Study
from crosscal.study.execution.stages import CollectStage, SearchStage
from crosscal.study.planning.builder import PlanBuilder
from crosscal.study.planning.checks import check_analysis, check_examples
from crosscal.study.planning.encoder_limits import check_fits
from crosscal.study.planning.inputs import StudyInputs
from crosscal.study.planning.plan import Plan, Run
from crosscal.study.planning.predicting import ensemble, predict
from crosscal.study.planning.retrieval import search
from crosscal.study.planning.training import train_recipe, train_target
from crosscal.tasks import task


def make_plan(study: Study, encoder: Path, inputs: StudyInputs | None = None) -> Plan:
    """Read all data, check them, and plan the stages.

    Parameters
    ----------
    study : Study
        As `read_study` returns it.
    encoder : Path
        Folder of the encoder, as `locate_encoder` returns it.
    inputs : StudyInputs, optional
        What reads data and translators; None: all must be there.

    Raises
    ------
    DataError
        If anything is wrong with a data file.
    SettingsError
        If the study names an unknown task or format, or asks for what the encoder cannot do.
    """
    builder = PlanBuilder(study=study, encoder=encoder, inputs=inputs or StudyInputs())
    check_fits(study, encoder, lambda: builder.tokenizer)
    check_analysis(study)
    runs = [
        _run(builder, target, recipe, seed)
        for seed in study.seeds
        for target in study.targets
        for recipe in study.recipes
    ]
    if study.prediction.ensemble:
        runs += [
            ensemble(builder, [run for run in runs if (run.target, run.recipe) == pair])
            for pair in itertools.product(study.targets, study.recipes)
            if task(study.targets[pair[0]].task).family != RETRIEVAL
        ]
    check_examples(study, builder.datasets.by_field)
    return Plan(
        study=study,
        encoder=encoder,
        stages=tuple(builder.stages.values()),
        runs=tuple(runs),
        n_requested=builder.n_requested,
        datasets=builder.datasets.by_field,
    )


def _run(builder: PlanBuilder, target: str, recipe: str, seed: int) -> Run:
    training = train_recipe(builder, recipe, seed)
    previous = training[-1] if training else None
    table: CollectStage | SearchStage
    if task(builder.study.targets[target].task).family == RETRIEVAL:
        # Nothing is trained on the target: the encoder itself looks for translations.
        table = search(builder, target, recipe, seed, previous)
    else:
        training += (train_target(builder, target, seed, previous),)
        table = predict(builder, target, recipe, seed, training[-1])
    return Run(target=target, recipe=recipe, seed=seed, table=table, training=training)
