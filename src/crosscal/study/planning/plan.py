"""What a plan is: stages with their keys, and the runs they serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crosscal.study.config.settings import Study
from crosscal.study.execution.stages import CollectStage, SearchStage, Stage, TrainStage
from crosscal.study.planning.summaries import DatasetSummary


@dataclass(frozen=True, kw_only=True)
class Run:
    """A recipe with a seed and a target: where its predictions are, and how it was trained.

    The last of its training stages trained on the target; ensembles of runs have none.
    """

    target: str
    recipe: str
    seed: int
    table: CollectStage | SearchStage
    training: tuple[TrainStage, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The stages of a study in an order in which they can run, and its runs.

    `n_requested` counts stages before sharing; `datasets` are by field of the study file.
    """

    study: Study
    encoder: Path
    stages: tuple[Stage, ...]
    runs: tuple[Run, ...]
    n_requested: int
    datasets: dict[str, DatasetSummary]
