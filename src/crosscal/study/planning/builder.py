"""The stages of a study as far as they are planned, and what all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crosscal.encoders.loading import load_tokenizer
from crosscal.study.config.settings import ONE_TARGET, Study
from crosscal.study.execution.stages import Stage
from crosscal.study.planning.datasets import StudyDatasets

if TYPE_CHECKING:
    from tokenizers import Tokenizer

S = TypeVar("S", bound=Stage)


@dataclass(kw_only=True)
class PlanBuilder:
    """What is planned so far: each stage once, in an order in which they can run."""

    study: Study
    encoder: Path
    encoder_hash: str
    datasets: StudyDatasets = field(default_factory=StudyDatasets)
    stages: dict[str, Stage] = field(default_factory=dict)
    n_requested: int = 0

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The encoder's tokenizer."""
        return load_tokenizer(self.encoder)

    @property
    def encoder_fields(self) -> dict[str, Any]:
        """Fields of every stage that runs the encoder."""
        return {
            "encoder": self.encoder_hash,
            **self.study.encoder.model_dump(exclude={"name", "network"}),
            "threads": self.study.execution.threads,
            "encoder_folder": self.encoder,
        }

    def add(self, stage: S) -> S:
        """Add a stage, or return the one of the same key that is there."""
        self.n_requested += 1
        self.stages.setdefault(stage.key, stage)
        planned = self.stages[stage.key]
        assert isinstance(planned, type(stage))  # the kind is part of the key
        return planned


def title_prefix(target: str) -> str:
    """Begin a title so that it tells targets apart; empty for the target of a study with one."""
    return "" if target == ONE_TARGET else f"{target}, "
