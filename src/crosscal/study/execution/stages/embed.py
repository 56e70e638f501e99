"""Embed the sentences of a retrieval target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.encoders.architectures import size
from crosscal.study.config.sources import SplitSource, read_splits
from crosscal.study.execution.stages.encoder import EncoderStage
from crosscal.study.execution.stages.stage import RUNTIME, TokenCounts, Workload
from crosscal.training.reporting import ReportProgress


@dataclass(frozen=True, kw_only=True)
class EmbedStage(EncoderStage):
    """From sentences (`examples`: hashes by split) to vectors, by the encoder as a recipe left it.

    Input ``model`` is what the recipe trained, if it trained anything.
    """

    kind = "embed"
    version = 1
    large = ("*.npy",)

    task: str
    examples: dict[str, str]
    layer: int | str | None
    prefix: str
    max_length: int
    sources: dict[str, SplitSource] = field(metadata=RUNTIME)

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the vectors of each split."""
        from crosscal.training.embed_stage import embed_stage

        return embed_stage(
            self.model,
            read_splits(self.sources, self.examples),
            inputs,
            folder,
            progress,
            layer=self.layer,
            prefix=self.prefix,
            max_length=self.max_length,
            threads=self.threads,
        )

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the tokens of all splits; each sentence leaves a vector, or one of every layer."""
        from crosscal.tasks.retrieval.search import EVERY_LAYER

        names = [source.field for source in self.sources.values()]
        layers = self.number_of_layers() + 1 if self.layer == EVERY_LAYER else 1
        numbers = layers * size(self.encoder_folder, "hidden_size")
        return Workload(
            tokens=sum(map(counts.of_source, names)),
            bytes=4 * numbers * sum(map(counts.examples_of_source, names)),
            operations_per_token=2.0 * self.layer_weights(),
            memory=4 * (self.layer_weights() + self.embedding_weights()),
        )
