"""What all stages that run the encoder have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crosscal.encoders.architectures import size
from crosscal.study.execution.stages.stage import RUNTIME, Stage
from crosscal.training.settings import ModelSettings


@dataclass(frozen=True, kw_only=True)
class EncoderStage(Stage):
    """A stage that runs the encoder; `encoder` is the hash that stands for it."""

    on_gpu = True

    encoder: str
    layers: int | None
    pooling: Literal["mean", "first", "last"]
    trim: bool
    threads: int
    encoder_folder: Path = field(metadata=RUNTIME)

    @property
    def model(self) -> ModelSettings:
        """What to load of the encoder, and how."""
        return ModelSettings(
            encoder=self.encoder_folder, layers=self.layers, pooling=self.pooling, trim=self.trim
        )

    def layer_weights(self) -> int:
        """Count the weights in all layers; each takes two operations a token."""
        hidden, inner = (
            size(self.encoder_folder, name) for name in ("hidden_size", "intermediate_size")
        )
        return self.number_of_layers() * (4 * hidden * hidden + 2 * hidden * inner)

    def number_of_layers(self) -> int:
        """Count the layers that are kept."""
        return self.layers or size(self.encoder_folder, "num_hidden_layers")

    def embedding_weights(self) -> int:
        """Count the weights in the table of embeddings."""
        rows = 25_000 if self.trim else size(self.encoder_folder, "vocab_size")
        return rows * size(self.encoder_folder, "hidden_size")
