"""The study of every task, ``studies/every-task-smoke.toml``, or a part of it, for benchmarks."""

from collections.abc import Sequence
from pathlib import Path

from crosscal.study.config.load import read_study
from crosscal.study.config.write import study_to_toml

FILE = Path(__file__).parents[1] / "studies" / "every-task-smoke.toml"


def part_of_every_task(
    name: str, data: Path, targets: Sequence[str], recipes: Sequence[str]
) -> str:
    """Return some cells of the study under a name, with the paths that it resolves to."""
    study = read_study(FILE, [f"paths.data={data.absolute()}"])
    used = {
        each
        for recipe in recipes
        for step in study.recipes[recipe].intermediate
        for each in ([step] if isinstance(step, str) else step)
    }
    part = study.model_copy(
        update={
            "name": name,
            "targets": {each: study.targets[each] for each in targets},
            "recipes": {each: study.recipes[each] for each in recipes},
            "intermediate": {n: task for n, task in study.intermediate.items() if n in used},
        }
    )
    return study_to_toml(part)
