"""The store of artifacts: what a stage made, found again by the stage's key."""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosscal.artifacts import building, locked_now, read_manifest, remove_folder, verify
from crosscal.exceptions import ArtifactError
from crosscal.study.config.settings import STORE
from crosscal.training.reporting import ReportProgress

# What follows the name of an artifact's folder, of which the facts alone are left.
FACTS = ".facts"


class StageProgress(NamedTuple):
    """How far a stage is, and how it goes, in words."""

    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class Store:
    """A folder of artifacts, ``<kind>-<key>``; several studies may share one."""

    root: Path

    @classmethod
    def within(cls, output: Path) -> Store:
        """Return the store that lies beside the results in a folder of output."""
        return cls(output / STORE)

    def folder(self, kind: str, key: str) -> Path:
        """Place of an artifact, whether it exists or not."""
        return self.root / f"{kind}-{key[:20]}"

    def has(self, kind: str, key: str) -> bool:
        """Whether the artifact is there (whole: half an artifact has another name)."""
        return self.folder(kind, key).is_dir()

    def open(self, kind: str, key: str) -> Path:
        """Folder of an artifact, checked against its manifest and for being what was asked for."""
        folder = self.folder(kind, key)
        if not folder.is_dir():
            raise ArtifactError(
                "an artifact that a later stage needs is missing",
                where=str(folder),
                remedy="Run the study again",
            )
        details = verify(folder)
        if (details.get("kind"), details.get("key")) != (kind, key):
            raise ArtifactError(
                f"the folder holds another artifact: {details.get('title', 'of no title')}",
                where=str(folder),
                remedy="Folders of the store were renamed or copied over each other. Remove this "
                "one and run again: it will be computed anew",
            )
        return folder

    def details(self, kind: str, key: str) -> dict[str, Any]:
        """Facts that a finished stage left about itself; empty if it is not finished."""
        for folder in (self.folder(kind, key), self.facts_folder(kind, key)):
            if folder.is_dir():
                return dict(read_manifest(folder)["details"])
        return {}

    def facts_folder(self, kind: str, key: str) -> Path:
        """Place of what stays of an artifact whose large files were discarded."""
        folder = self.folder(kind, key)
        return folder.with_name(folder.name + FACTS)

    def discarded(self, kind: str, key: str) -> bool:
        """Whether the artifact was made, and its large files were removed since."""
        return not self.has(kind, key) and self.facts_folder(kind, key).is_dir()

    def discard(self, kind: str, key: str, large: Sequence[str]) -> int:
        """Remove the files of an artifact that match patterns; the others and its facts stay.

        Nothing happens while somebody holds its lock. Returns the bytes that are free now.
        """
        folder, facts = self.folder(kind, key), self.facts_folder(kind, key)
        with locked_now(folder) as held:
            if not held or not folder.is_dir():
                return 0
            manifest = read_manifest(folder)
            sizes = {name: int(entry["bytes"]) for name, entry in manifest["files"].items()}
            gone = {name for name in sizes if any(fnmatch.fnmatch(name, each) for each in large)}
            if not facts.is_dir():
                with building(facts, manifest["details"]) as scratch:
                    for name in sizes.keys() - gone:
                        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(folder / name, scratch / name)
            # In this order: killed in between, the artifact is whole and may be discarded again.
            remove_folder(folder)
        return sum(sizes[name] for name in gone)

    def progress_file(self, kind: str, key: str) -> Path:
        """File in which a running stage says how far it is."""
        folder = self.folder(kind, key)
        return folder.with_name(folder.name + ".progress")

    def progress(self, kind: str, key: str) -> StageProgress | None:
        """How far a running or interrupted stage is, None if it has not begun."""
        try:
            content = json.loads(self.progress_file(kind, key).read_text())
            return StageProgress(
                int(content["done"]), int(content["total"]), str(content.get("note", ""))
            )
        except (OSError, ValueError, KeyError):
            return None

    def seconds_spent(self, kind: str, key: str) -> float:
        """How long interrupted attempts at a stage took, as far as they told."""
        try:
            return float(json.loads(self.progress_file(kind, key).read_text())["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0

    def progress_writer(self, kind: str, key: str) -> ReportProgress:
        """Return a function that notes progress, at most a few times a second."""
        path = self.progress_file(kind, key)
        before, started, last = self.seconds_spent(kind, key), time.monotonic(), 0.0

        def write(done: int, total: int, note: str = "", /) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > 0.3 or done == total:
                last = now
                # Only shown to people: not worth an fsync, and a lost note does no harm.
                content = {
                    "done": done,
                    "total": total,
                    "note": note,
                    "pid": os.getpid(),
                    "seconds": round(before + now - started, 2),
                }
                path.write_text(json.dumps(content))

        return write
