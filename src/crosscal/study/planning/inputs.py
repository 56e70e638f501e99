"""What a plan is made of: data, translators, the encoder; or what is expected where they lack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosscal.encoders.loading import find_encoder, lacking_files, locate_encoder
from crosscal.exceptions import DataError
from crosscal.study.config.settings import (
    EncoderSettings,
    FilesConfig,
    SourceConfig,
    Translate,
)
from crosscal.study.config.sources import SplitSource
from crosscal.study.planning.summaries import DatasetSummary
from crosscal.study.planning.summary_cache import cached_summary
from crosscal.translation import load_translator


class StudyInputs:
    """Reads what a study names; all of it must be there."""

    def summary(self, source: SplitSource) -> DatasetSummary:
        """Summarise the examples of a source."""
        return cached_summary(source)

    def translator(self, language: str, translate: Translate) -> str:
        """Return what changes whenever translations may."""
        return load_translator(
            translate.translator, language, translate.to, **translate.settings
        ).identity


@dataclass
class ExpectedInputs(StudyInputs):
    """Also takes what is not there, as the study describes it; such a plan cannot be run.

    Attributes
    ----------
    missing : list of pathlib.Path
        What is not there.
    """

    missing: list[Path] = field(default_factory=list)

    def encoder(self, settings: EncoderSettings) -> Path:
        """Folder of the encoder, whose weights and tokenizer may be missing."""
        folder = find_encoder(settings.name, network=settings.network)
        lacking = lacking_files(folder)
        self._miss(*(folder / name for name in lacking))
        return folder if lacking else locate_encoder(str(folder))

    def summary(self, source: SplitSource) -> DatasetSummary:
        """Summarise a source, or take the size that the study states if a path leads nowhere."""
        places = [each for each in _places(source.config, source.languages) if not each.exists()]
        if not places:
            return super().summary(source)
        source.check()
        size = source.config.expected
        if size is None:
            raise DataError(
                "there is no such file or folder",
                where=str(places[0]),
                remedy=f"Check the path. To plan without it, say how much {source.field} holds: "
                "expected = { examples = ..., characters = ... }",
            )
        self._miss(*places)
        expected = [source.config.model_dump_json(), source.split, source.languages]
        return DatasetSummary(
            digest=hashlib.sha256(repr(expected).encode()).hexdigest(),
            examples=size.examples,
            characters=size.examples * size.characters,
            is_there=False,
        )

    def translator(self, language: str, translate: Translate) -> str:
        """Return a translator's identity, or its description if its model is not there."""
        model = Path(str(translate.settings.get("model")))
        if translate.translator != "seq2seq" or model.exists():
            return super().translator(language, translate)
        self._miss(model)
        return f"{language} {translate.model_dump_json()}"

    def _miss(self, *places: Path) -> None:
        self.missing += [place for place in places if place not in self.missing]


def _places(source: SourceConfig, languages: Sequence[str]) -> Iterator[Path]:
    """Yield what the paths of a source begin with, before any field in braces."""
    files: list[FilesConfig] = [source.by_language.get(code, source) for code in languages]
    for path in dict.fromkeys(entry.path for entry in files if entry.path is not None):
        begin, brace, _ = path.partition("{")
        yield Path(begin).parent if brace and not begin.endswith("/") else Path(begin)
    for part in source.also:
        yield from _places(part, languages)
