"""Tokenise examples of a split, or what they were translated into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crosscal.exceptions import ArtifactError, DataError
from crosscal.study.config.sources import SplitSource
from crosscal.study.execution.stages.stage import (
    RUNTIME,
    Stage,
    TokenCounts,
    Workload,
)
from crosscal.training.reporting import ReportProgress


@dataclass(frozen=True, kw_only=True)
class PrepareStage(Stage):
    """From examples (`examples` is their hash) to the token ids that models read."""

    kind = "prepare"
    version = 3

    encoder: str
    family: str
    labels: tuple[str, ...]
    max_length: int
    examples: str
    family_version: int = 1
    # Of translated examples: whether they still stand for the language they came from.
    keep_languages: bool | None = None
    causal: bool = False  # whether a token of the encoder sees only those before it
    encoder_folder: Path = field(metadata=RUNTIME)
    source: SplitSource = field(metadata=RUNTIME)

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the tokens."""
        from crosscal.encoders.architectures import size, token_types
        from crosscal.encoders.loading import load_tokenizer
        from crosscal.encoders.tokenizer_faults import tokenising
        from crosscal.tasks import FAMILIES, InputLimits

        examples = self._examples(inputs)
        limits = InputLimits(
            max_length=self.max_length,
            token_types=token_types(self.encoder_folder),
            causal=self.causal,
        )
        tokenizer = load_tokenizer(self.encoder_folder)
        with tokenising(self.encoder_folder):
            tokens = FAMILIES[self.family].tokenise(tokenizer, examples, self.labels, limits)
        rows = size(self.encoder_folder, "vocab_size")
        if len(tokens.ids) and 0 < rows <= tokens.ids.max():  # 0: of a kind that does not say it
            raise ArtifactError(
                f"the tokenizer gives token {tokens.ids.max()}, but the encoder has vectors for "
                f"{rows}",
                where=str(self.encoder_folder),
                remedy="Save the tokenizer that belongs to the encoder",
            )
        tokens.save(folder)
        return {"examples": len(tokens), "tokens": len(tokens.ids), "truncated": tokens.truncated}

    def _examples(self, inputs: Mapping[str, Path]) -> list[Any]:
        """Return the examples of all languages in turn, or what they were translated into."""
        own: dict[str, list[Any]] = {}
        if any(f"translated:{language}" not in inputs for language in self.source.languages):
            for example in self.source.read_planned(self.examples):
                own.setdefault(example.language, []).append(example)
        examples: list[Any] = []
        for language in self.source.languages:
            translated = inputs.get(f"translated:{language}")
            if translated is None:
                examples += own.get(language, ())
            else:
                examples += self._translated(language, translated)
        return examples

    def _translated(self, language: str, translated: Path) -> Sequence[Any]:
        from crosscal.translation.files import read_examples

        examples = read_examples(translated)
        if not examples:
            raise DataError(
                f"no example in '{language}' is left after translation",
                where=self.source.field,
                remedy=f"{translated / 'summary.json'} counts the reasons; use another translator",
            )
        if not self.keep_languages:
            return examples
        return [replace(example, language=language) for example in examples]

    def workload(self, counts: TokenCounts) -> Workload:
        """Count the source's tokens; each takes an id and its share of the arrays."""
        tokens = counts.of_source(self.source.field)
        return Workload(tokens=tokens, bytes=int(tokens * 6))
