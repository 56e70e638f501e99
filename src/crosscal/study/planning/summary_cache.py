"""Summaries of datasets, kept for as long as the files that they were made of stay as they are.

To plan a study its files need not be parsed again whenever a verb is called. A summary is taken
from the cache only if every file that it was made of has the same bytes, if nothing was added,
removed or changed where the source looks for files, and if the code that read them is the same.
Stages hold what they read against the plan, so that a summary that is wrong all the same is found.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import escape
from pathlib import Path
from typing import Any

from crosscal.artifacts import read_checked, sha256_code, sha256_file, write_checked
from crosscal.encoders.packaged import cache_folder
from crosscal.exceptions import CrosscalError
from crosscal.study.config.settings import FilesConfig, SourceConfig
from crosscal.study.config.sources import SplitSource
from crosscal.study.planning.summaries import DatasetSummary, summarise

# What reads files besides the code of this package.
_PACKAGES = ("pyarrow", "langcodes", "PyYAML")
# Where there is more to look through, nothing is kept.
_MOST_ENTRIES = 10_000
_MOST_SUMMARIES = 1_000
# A file that was changed so few seconds ago may change again without a newer time.
_SETTLED = 2.0

# Path of a file, its bytes, when it was last written, when anything of it was last changed.
_Listing = list[tuple[str, int, int, int]]


def cached_summary(source: SplitSource) -> DatasetSummary:
    """Summarise a source, or take the summary of an earlier call."""
    began, before = time.time(), _listing(source)
    entry = cache_folder() / "summaries" / f"{_key(source)}.json"
    kept = None if before is None else _kept(entry, before)
    if kept is not None:
        return kept
    summary = summarise(source.read(), with_clusters=source.split != "train")
    if before is not None and _is_settled(before, summary, began) and _listing(source) == before:
        content = json.dumps({"listing": before, "summary": summary.to_dict()})
        with suppress(OSError, CrosscalError):  # a cache saves time; a plan can do without
            entry.parent.mkdir(parents=True, exist_ok=True)
            write_checked(entry, content.encode())
            _forget_oldest(entry.parent)
    return summary


def _is_settled(listing: _Listing, summary: DatasetSummary, began: float) -> bool:
    """Whether all files are listed that were read, and none was changed just now."""
    listed = {os.path.normcase(path) for path, *_ in listing}
    of_package = str(Path(__file__).parents[2])
    read = [str(path) for path in summary.files if not str(path).startswith(of_package)]
    newest = max((written for _, _, written, _ in listing), default=0)
    return newest / 1e9 < began - _SETTLED and all(os.path.normcase(p) in listed for p in read)


def _forget_oldest(folder: Path) -> None:
    """Remove the summaries that were not asked for the longest, beyond `_MOST_SUMMARIES`."""
    by_age = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[_MOST_SUMMARIES:]:
        path.unlink()


def _kept(entry: Path, listing: _Listing) -> DatasetSummary | None:
    """Return a summary that is still that of its files."""
    content = read_checked(entry)
    if content is None:
        return None
    stored: dict[str, Any] = json.loads(content)
    if stored["listing"] != [list(each) for each in listing]:
        return None
    summary = DatasetSummary.from_dict(stored["summary"])
    if not all(_has_hash(path, sha) for path, sha in summary.files.items()):
        return None
    with suppress(OSError):
        os.utime(entry)
    return summary


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        return sha256_file(path) == sha256
    except OSError:
        return False


def _key(source: SplitSource) -> str:
    config = source.config.model_dump_json(exclude={"expected"})
    asked = [config, source.split, source.languages, source.labels, sha256_code(*_PACKAGES)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _listing(source: SplitSource) -> _Listing | None:
    """Return all files where a source looks for its own; None where that cannot be told."""
    listing: _Listing = []
    try:
        for place in dict.fromkeys(_places(source.config, source.languages)):
            for path in _files(place):
                state = os.stat(path)
                listing.append((path, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    except OSError:
        return None
    return sorted(set(listing))


@dataclass(frozen=True)
class _Place:
    """Where files are looked for.

    In a folder: files whose names begin so, and in folders whose names fit a pattern every file.
    """

    folder: str
    begin: str
    folders: str


def _files(place: _Place) -> Iterator[str]:
    """Yield the files of a place; OSError where there is too much, or a link to a folder."""
    seen, folders = 0, [place.folder]
    while folders:
        folder = folders.pop()
        within = folder != place.folder
        with os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES:
                    raise OSError("too many files")
                name = os.path.normcase(entry.name)
                if not entry.is_dir():
                    if within or name.startswith(os.path.normcase(place.begin)):
                        yield entry.path
                elif within or fnmatch(name, os.path.normcase(place.folders)):
                    if entry.is_symlink():
                        raise OSError("a link to a folder")
                    folders.append(entry.path)


def _places(source: SourceConfig, languages: Sequence[str]) -> Iterator[_Place]:
    """Yield the places of a source's files; OSError for one that only a download knows."""
    for files in (source, *(source.by_language.get(code, source) for code in languages)):
        yield from _places_of(files)
    for part in source.also:
        yield from _places(part, languages)


def _places_of(files: FilesConfig) -> Iterator[_Place]:
    if files.hub is not None:
        if not os.path.isdir(files.hub):
            raise OSError("a data set of the Hub")
        yield _Place(files.hub, "", "*")
    if files.path is None:
        return
    if os.path.isdir(files.path):
        yield _Place(files.path, "", "*")
        return
    parts = Path(files.path).parts
    first = next((i for i, part in enumerate(parts) if "{" in part), len(parts) - 1)
    folder, name = str(Path(*parts[:first])), parts[first]
    if "{" in name:
        pattern = "".join("*" if part[:1] == "{" else escape(part) for part in _fields(name))
        yield _Place(folder, name.partition("{")[0], pattern)
    else:
        # Labels may lie in a file beside it that is called alike.
        yield _Place(folder, name.split(".")[0] or name, "")


def _fields(name: str) -> list[str]:
    """Divide a name into fields in braces and what stands between them."""
    return [part for part in re.split(r"(\{[^}]*\})", name) if part]
