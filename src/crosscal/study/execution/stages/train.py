"""Train on one task or on several at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.encoders.architectures import size
from crosscal.study.config.settings import MLM
from crosscal.study.execution.stages.encoder import EncoderStage
from crosscal.study.execution.stages.stage import RUNTIME, TokenCounts, Workload
from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import HeadSettings, Mixture, TrainingSettings

# Of a layer, for each token and number of its vector, in half precision (Korthikanti et al. 2022,
# without the scores of attention, which are never held at once).
_BYTES_KEPT = 34


@dataclass(frozen=True, kw_only=True)
class TrainStage(EncoderStage):
    """From tokens (``train:NAME``, ``dev:NAME`` for each head) to the best checkpoint.

    Starts from the encoder, or from what an earlier training stage (``start``) left.
    """

    kind = "train"
    version = 3
    large = ("encoder.safetensors", "heads.npz")

    parts: tuple[HeadSettings, ...]
    training: TrainingSettings
    mixture: Mixture
    seed: int
    # Raised whenever training gives other numbers in other precisions than fp32; 0 in that.
    rounding: int = 0
    # Sums over several have other last bits, and each device drops out at random by itself.
    devices: int = 1
    # Of the tasks, joined: later stages name in their titles what they start from.
    name: str = field(metadata=RUNTIME)
    checkpoint_seconds: float = field(metadata=RUNTIME)

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave weights, heads and a log."""
        from crosscal.training.stage import train_stage

        return train_stage(
            self.model,
            self.parts,
            inputs,
            folder,
            progress,
            training=self.training,
            mixture=self.mixture,
            seed=self.seed,
            threads=self.threads,
            checkpoint_seconds=self.checkpoint_seconds,
        )

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the training tokens of all epochs, and a third of what each evaluation reads."""
        examples = development = 0.0
        cap = math.inf
        if self.mixture.sampling == "capped" and len(self.parts) - bool(self.mixture.mlm) > 1:
            cap = self.mixture.cap
        for role, node in self.inputs.items():
            if role.startswith("dev:"):
                development += counts.of_artifact(node)
            elif role.startswith("train:") and role != f"train:{MLM}":
                share = min(1.0, cap / max(1, counts.examples_of_artifact(node)))
                examples += share * counts.of_artifact(node)
        # Running text takes its share of the steps, however much of it there is.
        examples /= 1 - self.mixture.mlm
        return Workload(
            tokens=examples * self.training.epochs + development * self.training.evaluations / 3,
            bytes=4 * (self.layer_weights() + self.embedding_weights()),
            operations_per_token=self.operations_per_token(),
            precision=self.training.precision,
            memory=self._memory(),
        )

    def _memory(self) -> int:
        """Bytes of weights, gradients, Adam's moments, and of what is kept for the way back."""
        settings, layers = self.training, self.number_of_layers()
        weights = self.layer_weights() + self.embedding_weights()
        trained = 1 - settings.frozen_layers / layers if settings.frozen_layers else 1.0
        trained = 0.0 if settings.lora_rank else trained
        tokens = max(settings.max_length, settings.micro_batch_tokens or settings.batch_tokens)
        kept = (1 if settings.gradient_checkpointing else layers) * _BYTES_KEPT
        kept *= 2 if settings.precision == "fp32" else 1
        kept += 4 * layers * settings.gradient_checkpointing
        hidden = size(self.encoder_folder, "hidden_size")
        return int(weights * (4 + 12 * trained) + tokens * hidden * kept)

    def operations_per_token(self) -> float:
        """Count the operations of the layers: 2 a weight forwards, 4 back to the frozen ones."""
        share = 6.0 - 4.0 * self.training.frozen_layers / self.number_of_layers()
        return share * self.layer_weights()
