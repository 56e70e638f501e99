"""Stages of the retrieval family: vectors of the sentences, and a search among them."""

from __future__ import annotations

from typing import Any

from crosscal.study.config.load import languages_of, training_settings
from crosscal.study.config.settings import TargetTask
from crosscal.study.planning.builder import PlanBuilder, title_prefix
from crosscal.study.planning.datasets import source_of
from crosscal.study.planning.plan import Stage
from crosscal.study.planning.provenance import provenance
from crosscal.tasks import task


def search(
    builder: PlanBuilder, target: str, recipe: str, seed: int, before: Stage | None
) -> Stage:
    """Look for translations with the encoder as the recipe left it.

    Parameters
    ----------
    builder : PlanBuilder
    target, recipe : str
    seed : int
    before : Stage or None
        The last one that trained; None for the encoder as it came.

    Returns
    -------
    Stage
        The one that holds the run's table.

    Raises
    ------
    DataError
        If anything is wrong with the data.
    """
    data = builder.study.targets[target]
    chosen, how = task(data.task), data.search
    longest = training_settings(builder.study, data, where=f"{target}.training").max_length
    sources = _read(builder, target, data)
    settings = {
        "task": chosen.name,
        "examples": {split: found["examples"] for split, found in sources.items()},
    }
    parameters = {
        "encoder": str(builder.encoder),
        "sources": sources,
        "field": f"{target}.test",
    }
    left = f"{title_prefix(target)}recipe {recipe}"
    embedded = builder.add(
        Stage(
            kind="embed",
            # Untrained, it is the same for every seed.
            title=f"embed, {left}, seed {seed}" if before else f"embed, {left}",
            settings={
                **builder.common,
                **settings,
                "layer": how.layer,
                "prefix": how.prefix,
                "max_length": longest,
            },
            inputs={"model": before.node} if before else {},
            parameters=parameters,
        )
    )
    return builder.add(
        Stage(
            kind="search",
            title=f"search, {left}, seed {seed}",
            settings={
                **settings,
                "neighbours": how.neighbours,
                "scoring": chosen.scoring,
                "provenance": provenance(builder, target, recipe, seed),
            },
            inputs={"vectors": embedded.node},
            parameters=parameters,
        )
    )


def _read(builder: PlanBuilder, target: str, data: TargetTask) -> dict[str, dict[str, Any]]:
    """Read the splits that there are; hash, source and languages of each."""
    sources = {}
    for split in ("test",) if data.dev is None else ("dev", "test"):
        source = source_of(data, split)
        field = f"{target}.{split}"
        builder.datasets.read(field, source, split, languages_of(data), task(data.task))
        sources[split] = {
            "examples": builder.datasets.digest(field),
            "source": source.model_dump(),
            "languages": list(languages_of(data)),
        }
    return sources
