"""The store of artifacts: what a stage made, found again by the stage's key."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosscal.artifacts import read_manifest, verify
from crosscal.exceptions import ArtifactError
from crosscal.training.reporting import ReportProgress


class StageProgress(NamedTuple):
    """How far a stage is, and how it goes, in words."""

    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class Store:
    """A folder of artifacts, ``<kind>-<key>``; several studies may share one."""

    root: Path

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
        folder = self.folder(kind, key)
        return dict(read_manifest(folder)["details"]) if folder.is_dir() else {}

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

    def progress_writer(self, kind: str, key: str) -> ReportProgress:
        """Return a function that notes progress, at most a few times a second."""
        path = self.progress_file(kind, key)
        last = 0.0

        def write(done: int, total: int, note: str = "", /) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > 0.3 or done == total:
                last = now
                # Only shown to people: not worth an fsync, and a lost note does no harm.
                content = {"done": done, "total": total, "note": note, "pid": os.getpid()}
                path.write_text(json.dumps(content))

        return write
