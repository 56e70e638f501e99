"""Translate the examples of one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.study.config.settings import Translate
from crosscal.study.config.sources import SplitSource
from crosscal.study.execution.stages.stage import (
    RUNTIME,
    Stage,
    TokenCounts,
    Workload,
)
from crosscal.training.reporting import ReportProgress


@dataclass(frozen=True, kw_only=True)
class TranslateStage(Stage):
    """From examples in one language to the same in another; `identity` is the translator's."""

    kind = "translate"
    version = 1
    on_gpu = True  # some translators use one

    examples: str
    identity: str
    language: str
    to: str
    source: SplitSource = field(metadata=RUNTIME)
    translate: Translate = field(metadata=RUNTIME)

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the translated examples and a summary."""
        from crosscal.translation import load_translator
        from crosscal.translation.stage import translate_stage

        translator = load_translator(
            self.translate.translator, self.language, self.to, **self.translate.settings
        )
        everything = self.source.read_planned(self.examples)
        examples = [example for example in everything if example.language == self.language]
        facts = translate_stage(examples, translator, folder, progress)
        return {name: value for name, value in facts.items() if name != "seconds"}

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the source's tokens."""
        tokens = counts.of_source(self.source.field)
        return Workload(tokens=tokens, bytes=int(tokens * 0.5))
