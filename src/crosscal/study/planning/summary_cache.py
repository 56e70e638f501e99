"""Summaries of datasets, kept for as long as the files that they were made of stay as they are.

To plan a study its files need not be parsed again whenever a verb is called. A summary is taken
from the cache only if every file that it was made of has the same bytes, if nothing was added,
removed or changed where the source looks for files, and if the code that read them is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
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
# Folders with more in them are not looked through at each call.
_MOST_ENTRIES = 10_000
_MOST_SUMMARIES = 1_000

# Path of a file from where its source looks, bytes, time of its last change.
_Listing = list[tuple[str, int, int]]


def cached_summary(source: SplitSource) -> DatasetSummary:
    """Summarise a source, or take the summary of an earlier call."""
    before = _listing(source)
    entry = cache_folder() / "summaries" / f"{_key(source)}.json"
    kept = None if before is None else _kept(entry, before)
    if kept is not None:
        return kept
    summary = summarise(source.read(), with_clusters=source.split != "train")
    if before is not None and _listing(source) == before:
        content = json.dumps({"listing": before, "summary": summary.to_dict()})
        with suppress(OSError, CrosscalError):  # a cache saves time; a plan can do without
            entry.parent.mkdir(parents=True, exist_ok=True)
            write_checked(entry, content.encode())
            _forget_oldest(entry.parent)
    return summary


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
    asked = [config, source.split, source.languages, source.labels, *_code()]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _code() -> list[str]:
    """Name what turns files into summaries."""
    versions = [sys.version, sha256_code()]
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    return versions


def _listing(source: SplitSource) -> _Listing | None:
    """Return all files where a source looks for its own; None where that cannot be told."""
    listing: _Listing = []
    places = dict.fromkeys(_places(source.config, source.languages))
    try:
        for begin, deep in places:
            if begin is None:
                return None
            for path in _files(begin, deep):
                state = os.stat(path)
                listing.append((path, state.st_size, state.st_mtime_ns))
    except OSError:
        return None
    return sorted(set(listing))


def _files(begin: str, deep: bool) -> Iterator[str]:
    """Yield the files whose paths begin so, those of folders that do so too if `deep`.

    Raises OSError where there is too much, or a link leads to another folder.
    """
    seen, folders = 0, [os.path.dirname(begin)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES:
                    raise OSError("too many files")
                if not entry.path.startswith(begin):
                    continue
                if not entry.is_dir():
                    yield entry.path
                elif deep and entry.is_symlink():
                    raise OSError("a link to a folder")
                elif deep:
                    folders.append(entry.path)


def _places(source: SourceConfig, languages: Sequence[str]) -> Iterator[tuple[str | None, bool]]:
    """Yield how the paths begin under which files are looked for, and whether in folders too.

    None stands for a place that only a download knows.
    """
    for files in (source, *(source.by_language.get(code, source) for code in languages)):
        yield from _places_of(files)
    for part in source.also:
        yield from _places(part, languages)


def _places_of(files: FilesConfig) -> Iterator[tuple[str | None, bool]]:
    if files.hub is not None:
        yield (os.path.join(files.hub, "") if os.path.isdir(files.hub) else None), True
    if files.path is None:
        return
    begin, _, rest = files.path.partition("{")
    if rest:
        yield begin, "/" in rest or not Path(rest).suffix
    elif os.path.isdir(begin):
        yield os.path.join(begin, ""), True
    else:
        # Labels may lie in a file beside it that is called alike.
        path = Path(begin)
        yield str(path.with_name(path.name.split(".")[0] or path.name)), False
