"""Score the examples of a target's splits with a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscal.study.execution.stages.encoder import EncoderStage
from crosscal.study.execution.stages.stage import TokenCounts, Workload
from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import HeadSettings


@dataclass(frozen=True, kw_only=True)
class PredictStage(EncoderStage):
    """From a trained model (``model``) and the tokens of each split to scores."""

    kind = "predict"
    version = 2

    part: HeadSettings
    prediction: dict[str, Any]  # dropout and dropout_samples

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the scores of each split."""
        from crosscal.training.stage import predict_stage

        return predict_stage(
            self.model,
            self.part,
            inputs,
            folder,
            progress,
            threads=self.threads,
            **self.prediction,
        )

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the tokens of all splits."""
        tokens = sum(
            counts.of_artifact(node) for role, node in self.inputs.items() if role != "model"
        )
        return Workload(
            tokens=tokens,
            bytes=int(tokens * 0.5),
            operations_per_token=2.0 * self.layer_weights(),
            memory=4 * (self.layer_weights() + self.embedding_weights()),
        )
