"""Embed the sentences of a retrieval target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
            read_splits(self.sources),
            inputs,
            folder,
            progress,
            layer=self.layer,
            prefix=self.prefix,
            max_length=self.max_length,
            threads=self.threads,
        )

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the test's tokens: other splits are small beside it."""
        tokens = counts.of_source(self.sources["test"].field)
        return Workload(
            tokens=tokens,
            bytes=int(tokens * 0.5),
            operations_per_token=2.0 * self.layer_weights(),
        )
