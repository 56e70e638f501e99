"""The stages of a study as far as they are planned, and what all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crosscal.encoders.loading import fingerprint, has_tokenizer, load_tokenizer
from crosscal.study.config.settings import ONE_TARGET, Study, Translate
from crosscal.study.execution.stages import Stage
from crosscal.study.planning.datasets import StudyDatasets
from crosscal.study.planning.inputs import StudyInputs

if TYPE_CHECKING:
    from tokenizers import Tokenizer

S = TypeVar("S", bound=Stage)


@dataclass(kw_only=True)
class PlanBuilder:
    """What is planned so far: each stage once, in an order in which they can run."""

    study: Study
    encoder: Path
    inputs: StudyInputs = field(default_factory=StudyInputs)
    stages: dict[str, Stage] = field(default_factory=dict)
    n_requested: int = 0
    _translators: dict[str, str] = field(default_factory=dict)

    @cached_property
    def datasets(self) -> StudyDatasets:
        """What was read so far."""
        return StudyDatasets(self.inputs.summary)

    @cached_property
    def encoder_hash(self) -> str:
        """Identity of the encoder."""
        return fingerprint(self.encoder)

    @cached_property
    def tokenizer(self) -> Tokenizer | None:
        """The encoder's tokenizer; None where a plan is made before it is there."""
        return load_tokenizer(self.encoder) if has_tokenizer(self.encoder) else None

    @property
    def encoder_fields(self) -> dict[str, Any]:
        """Fields of every stage that runs the encoder."""
        return {
            "encoder": self.encoder_hash,
            **self.study.encoder.model_dump(exclude={"name", "network"}),
            "threads": self.study.execution.threads,
            "encoder_folder": self.encoder,
        }

    def translator(self, language: str, translate: Translate) -> str:
        """Return what changes whenever translations may; each translator is loaded once."""
        key = f"{language} {translate.model_dump_json()}"
        if key not in self._translators:
            self._translators[key] = self.inputs.translator(language, translate)
        return self._translators[key]

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
