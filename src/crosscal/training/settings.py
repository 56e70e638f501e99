"""Settings of a training stage, each documented where it is defined."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

# Marks settings that older stages did not have: at their default they are not part of a key.
ADDED_LATER: dict[str, JsonValue] = {"added_later": True}


class TrainingSettings(BaseModel):
    """How a stage trains; every field changes the result and is part of the stage's key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: float = Field(
        default=2.0, gt=0, le=100_000, description="passes over the training examples"
    )
    learning_rate: float = Field(
        default=1e-4, gt=0, description="peak of the rate (1e-5 to 3e-5 suit XLM-R base and large)"
    )
    warmup: float = Field(
        default=0.1, ge=0, lt=1, description="share of the steps over which the rate rises from 0"
    )
    weight_decay: float = Field(
        default=0.01, ge=0, description="of weight matrices; embeddings, biases, norms have none"
    )
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")
    batch_tokens: int = Field(
        default=1536, gt=0, description="tokens a step (about 32 pairs of 48 tokens)"
    )
    window_batches: int = Field(
        default=50, gt=0, description="batches of a shuffled window within which lengths are sorted"
    )
    max_length: int = Field(
        default=256, ge=8, description="longest input in tokens; longer ones are cut and counted"
    )
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="in the encoder and before the head"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread over all choices"
    )
    focal: float = Field(
        default=0.0, ge=0, description="exponent of the focal loss (0: plain; 2 to 5 are usual)"
    )
    confidence_penalty: float = Field(
        default=0.0, ge=0, description="weight of the entropy that is taken off the loss"
    )
    evaluations: int = Field(
        default=4,
        ge=1,
        le=100_000,
        description="times the English development data are scored, last at the end",
    )
    select_by: Literal["accuracy", "nll", "last"] = Field(
        default="accuracy",
        description="which English development score picks the checkpoint (ties: lower nll)",
    )
    precision: Literal["fp32", "bf16", "fp16", "auto"] = Field(
        default="fp32",
        description="of matrix products; logits and loss are always float32; auto: bf16 where the "
        "device is faster in it",
    )
    frozen_layers: int = Field(
        default=0,
        ge=0,
        description="train only the layers above so many; all else stays as pretrained",
        json_schema_extra=ADDED_LATER,
    )
    lora_rank: int = Field(
        default=0,
        ge=0,
        le=65_536,
        description="train adapters of this rank instead of the encoder's weights (0: none)",
        json_schema_extra=ADDED_LATER,
    )
    lora_alpha: int = Field(
        default=16,
        gt=0,
        description="adapters are scaled by lora_alpha / lora_rank",
        json_schema_extra=ADDED_LATER,
    )
    micro_batch_tokens: int | None = Field(
        default=None,
        gt=0,
        description="tokens of a step that a device computes at once: less memory; none: all",
        json_schema_extra=ADDED_LATER,
    )
    gradient_checkpointing: bool = Field(
        default=False,
        description="compute each layer once more on the way back: less memory, slower",
        json_schema_extra=ADDED_LATER,
    )

    @model_validator(mode="after")
    def _one_way_to_save(self) -> Self:
        if self.frozen_layers and self.lora_rank:
            raise ValueError(
                "adapters freeze all layers: give frozen_layers or lora_rank, not both"
            )
        return self


class Mixture(BaseModel):
    """How steps are divided among tasks, and how many go to masked language modelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sampling: Literal["proportional", "capped", "uniform", "temperature"] = Field(
        default="proportional", description="of tasks trained at once, by their sizes"
    )
    cap: int = Field(
        default=131072, gt=0, description="examples beyond which a task counts no more ('capped')"
    )
    temperature: float = Field(
        # Below, the powers of large sizes are no longer finite.
        default=2.0,
        ge=0.1,
        description="tasks weigh size^(1/temperature) ('temperature')",
    )
    mlm: float = Field(
        default=0.0, ge=0, lt=1, description="share of steps of masked language modelling"
    )


class ModelSettings(BaseModel):
    """What is loaded of an encoder, and how its tokens are put together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: Path  # folder of the pretrained encoder
    layers: int | None  # so many, evenly spaced; None: all
    pooling: Literal["mean", "first", "last"]
    trim: bool  # hold only the embedding rows that are needed


class HeadSettings(BaseModel):
    """The head of one task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    family: str
    labels: tuple[str, ...]  # in the order of the scores
