"""Translation as a stage: from examples to an artifact, in chunks, so that a kill costs little.

Chunks of texts are the same whenever the examples are the same, and each is written aside and
renamed; so a stage that was killed and started again leaves the same bytes as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.artifacts import disk_errors, read_checked, write_aside, write_checked
from crosscal.data.examples import Example
from crosscal.exceptions import SettingsError
from crosscal.translation.examples import Translation, rebuild
from crosscal.translation.files import write_examples
from crosscal.translation.outcomes import Projection, is_lost
from crosscal.translation.translator import Translator, counts_of, translate_checked

CHUNK = 2000
_CHUNKS = "chunks"
_SUMMARY = "summary.json"
# Raise when the same examples may give other bytes.
VERSION = 1


def translate_stage(
    examples: Sequence[Example],
    translator: Translator,
    scratch: Path,
    report: Callable[[int, int], None],
    *,
    projection: Projection | None = None,
    chunk: int = CHUNK,
) -> dict[str, Any]:
    """Translate examples into a folder; after a kill, call it again with the same folder.

    Parameters
    ----------
    examples : sequence of examples
        All of one type, at least one.
    translator : Translator
        Any.
    scratch : pathlib.Path
        An existing folder, empty or as a killed call left it. It then holds ``examples.parquet``,
        for `crosscal.translation.files.read_examples`, and ``summary.json`` (without ``seconds``).
    report : callable
        Called with (texts translated, texts known to be needed) after each chunk. The second
        number grows where answers need more texts than the first round.
    projection : Projection, optional
        How answers are carried over.
    chunk : int
        Texts between two writes, at least 1.

    Returns
    -------
    dict
        ``examples`` and ``kept``; ``dropped`` and ``methods`` (each a dict of numbers) and
        ``answers_lost`` as in `Projected`; ``texts`` (needed), ``unique`` (different ones, each
        translated once), ``characters`` (in these), ``unchanged`` (share of these whose
        translation is the text itself, 0 to 1), ``empty`` (of these, translations that came out
        empty); ``counted`` (what the translator counts, a dict); ``seconds`` (spent on
        translating, those of killed calls included as far as their chunks were kept).
    """
    _check(examples, chunk)
    projection = projection or Projection()
    key = [VERSION, translator.identity, chunk, projection.methods, projection.level]
    cache = _ChunkCache(
        translator=translator,
        folder=scratch / _CHUNKS,
        key=json.dumps(key),
        chunk=chunk,
        report=report,
    )
    with disk_errors(scratch):
        translation = rebuild(
            examples,
            source=translator.source,
            target=translator.target,
            translate=cache.translate,
            projection=projection,
        )
        summary = _summary(examples, translation, cache.counted)
        write_examples(
            translation.projected.examples,
            type(examples[0]),
            scratch / "examples.parquet",
            {"source": translator.source, "target": translator.target},
        )
        write_aside(
            scratch / _SUMMARY,
            json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False).encode(),
        )
        if cache.folder.exists():
            shutil.rmtree(cache.folder)
    return {**summary, "seconds": round(cache.seconds, 2)}


@dataclass(kw_only=True)
class _ChunkCache:
    """Translates in chunks, and keeps each on disk."""

    translator: Translator
    folder: Path
    key: str
    chunk: int
    report: Callable[[int, int], None]
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    counted: Counter[str] = field(default_factory=Counter)

    def translate(self, texts: list[str]) -> list[str]:
        """Translate one round's texts."""
        self.total += len(texts)
        translations: list[str] = []
        for start in range(0, len(texts), self.chunk):
            part = texts[start : start + self.chunk]
            stored = self._stored(part) or self._translated(part)
            translations += stored["translations"]
            self.counted.update(stored["counted"])
            self.seconds += stored["seconds"]
            self.done += len(part)
            self.report(self.done, self.total)
        return translations

    def _path(self, texts: list[str]) -> Path:
        # Named by content: chunks of other texts or settings are simply not found.
        content = json.dumps([self.key, texts]).encode()
        return self.folder / f"{hashlib.sha256(content).hexdigest()[:32]}.json"

    def _stored(self, texts: list[str]) -> dict[str, Any] | None:
        kept = read_checked(self._path(texts))
        stored: dict[str, Any] | None = None if kept is None else json.loads(kept)
        return stored

    def _translated(self, texts: list[str]) -> dict[str, Any]:
        before, started = counts_of(self.translator), time.monotonic()
        translations = translate_checked(self.translator, texts)
        after = counts_of(self.translator)
        stored = {
            "translations": translations,
            "counted": {what: number - before.get(what, 0) for what, number in after.items()},
            "seconds": time.monotonic() - started,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_checked(self._path(texts), json.dumps(stored).encode())
        return stored


def _check(examples: Sequence[Example], chunk: int) -> None:
    if chunk < 1:
        raise SettingsError(
            f"a chunk of {chunk} texts", where="translate.chunk", remedy="Choose 1 or more"
        )
    kinds = sorted({type(example).__name__ for example in examples})
    if len(kinds) != 1:
        raise SettingsError(
            f"examples of one type are needed, but these are {', '.join(kinds) or 'none'}",
            where="translate",
            remedy="Translate each data set on its own",
        )


def _summary(
    examples: Sequence[Example], translation: Translation, counted: Counter[str]
) -> dict[str, Any]:
    projected, known = translation.projected, translation.known
    return {
        "examples": len(examples),
        "kept": len(projected.examples),
        "dropped": projected.dropped,
        "methods": projected.methods,
        "answers_lost": projected.answers_lost,
        "texts": translation.texts,
        "unique": len(known),
        "characters": sum(map(len, known)),
        "unchanged": sum(a == b for a, b in known.items()) / max(1, len(known)),
        "empty": sum(is_lost(a, b) for a, b in known.items()),
        "counted": dict(sorted(counted.items())),
    }
