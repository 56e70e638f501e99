"""Find in a store what no study needs, and remove it."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosscal.artifacts import PARTIAL, REMOVED, disk_errors, locked_now, remove_folder
from crosscal.exceptions import ArtifactError
from crosscal.study.execution.needs import needed_stages, unread
from crosscal.study.execution.stages import Node, Stage
from crosscal.study.execution.store import FACTS, Store

_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<key>[0-9a-f]{20})(?P<rest>\.[a-z.]+)?")
# How far a stage is. (Locks stay: to remove one under somebody's hands would give it to two.)
_PROGRESS = ".progress"

What = Literal["artifact", "interrupted", "facts", "checkpoint", "leftover"]


@dataclass(frozen=True)
class Garbage:
    """Something in a store that can go.

    `what` is an artifact of no study named, what an interrupted stage of none has done, facts of
    an artifact of none, weights or vectors that every stage has read (`checkpoint`), or a file or
    folder that is left of a removed one.
    """

    path: Path
    what: What
    kind: str
    bytes: int
    stage: Stage | None = None

    def remove(self, store: Store) -> bool:
        """Remove it, unless somebody works on it now; tells whether it is gone."""
        if self.stage is not None:
            return bool(store.discard(*self.stage.node, self.stage.large))
        with disk_errors(self.path), locked_now(_artifact(self.path)) as held:
            if held and self.path.is_dir():
                remove_folder(self.path)
            elif held:
                self.path.unlink(missing_ok=True)
        return held


def find_garbage(
    store: Store, plans: Sequence[Sequence[Stage]], *, checkpoints: bool, days: float
) -> list[Garbage]:
    """Return what in a store none of the plans needs, the largest first.

    Parameters
    ----------
    plans : sequence of sequence of Stage
        Their artifacts stay, and what they have begun.
    checkpoints : bool
        Count weights and vectors as garbage that every stage of the plans has read.
    days : float
        What was changed later than so many days ago stays, but for such checkpoints.

    Raises
    ------
    ArtifactError
        If there is no store.
    """
    if not store.root.is_dir():
        raise ArtifactError(
            "there is no store here",
            where=str(store.root),
            remedy="Name the folder of results with --output",
        )
    kept = {store.folder(*stage.node).name for stages in plans for stage in stages}
    found = [each for each in _unknown(store.root, kept) if _age(each.path) >= days * 86400]
    if checkpoints:
        found += _read_checkpoints(store, plans)
    return sorted(found, key=lambda each: (-each.bytes, each.path.name))


def _unknown(root: Path, kept: Collection[str]) -> Iterator[Garbage]:
    for path in sorted(root.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None or path.is_symlink():
            continue
        name, rest = f"{match['kind']}-{match['key']}", match["rest"] or ""
        what: What
        if rest.endswith(REMOVED):
            what = "leftover"
        elif rest == _PROGRESS:
            if name in kept or (root / (name + PARTIAL)).exists():
                continue
            what = "leftover"
        elif name in kept or rest not in ("", PARTIAL, FACTS, FACTS + PARTIAL):
            continue
        else:
            what = {"": "artifact", FACTS: "facts"}.get(rest, "interrupted")  # type: ignore[assignment]
        yield Garbage(path, what, match["kind"], _size(path))


def _read_checkpoints(store: Store, plans: Sequence[Sequence[Stage]]) -> Iterator[Garbage]:
    """Weights and vectors that no stage of any plan has still to read."""
    stages = list({stage.node: stage for each in plans for stage in each}.values())
    missing: set[Node] = {stage.node for stage in needed_stages(stages, store)}
    for stage in unread(stages, missing):
        folder = store.folder(*stage.node)
        count = sum(path.stat().st_size for name in stage.large for path in folder.glob(name))
        if count:
            yield Garbage(folder, "checkpoint", stage.kind, count, stage)


def _artifact(path: Path) -> Path:
    """Folder of the artifact that a file or folder beside it belongs to."""
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return path.with_name(f"{match['kind']}-{match['key']}")


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime
