"""Stages of the retrieval family: vectors of the sentences, and a search among them."""

from __future__ import annotations

from crosscal.encoders.architectures import size
from crosscal.study.config.load import languages_of, training_settings
from crosscal.study.execution.stages import EmbedStage, SearchStage, TrainStage
from crosscal.study.planning.builder import PlanBuilder, title_prefix
from crosscal.study.planning.datasets import source_of
from crosscal.study.planning.provenance import provenance
from crosscal.tasks import task


def search(
    builder: PlanBuilder, target: str, recipe: str, seed: int, trained: TrainStage | None
) -> SearchStage:
    """Look for translations with the encoder as the recipe left it (None: as it came)."""
    config = builder.study.targets[target]
    description = task(config.task)
    training = training_settings(builder.study, config, where=f"{target}.training")
    sources = {
        split: builder.datasets.read(
            f"{target}.{split}",
            source_of(config, split),
            split,
            languages_of(config),
            description,
        )
        for split in (("test",) if config.dev is None else ("dev", "test"))
    }
    examples = {
        split: builder.datasets.by_field[source.field].digest for split, source in sources.items()
    }
    run = f"{title_prefix(target)}recipe {recipe}"
    embedded = builder.add(
        EmbedStage(
            # Untrained, it is the same for every seed.
            title=f"embed, {run}, seed {seed}" if trained else f"embed, {run}",
            **builder.encoder_fields,
            task=description.name,
            examples=examples,
            layer=config.search.layer,
            prefix=config.search.prefix,
            max_length=training.max_length,
            inputs={"model": trained.node} if trained else {},
            sources=sources,
        )
    )
    return builder.add(
        SearchStage(
            title=f"search, {run}, seed {seed}",
            task=description.name,
            examples=examples,
            neighbours=config.search.neighbours,
            width=size(builder.encoder, "hidden_size"),
            scoring=description.scoring,
            provenance=provenance(builder, target, recipe, seed),
            inputs={"vectors": embedded.node},
            sources=sources,
        )
    )
