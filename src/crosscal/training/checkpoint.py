"""The state of an interrupted training stage: one file, written aside and renamed.

It holds everything that the next step depends on, so that a run that was
killed goes on to the same bits as one that was not. It is checked before it is
used, and so are the files beside it: after a power cut names may be there and
contents lost.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from crosscal.artifacts import disk_errors, flush, move, sha256_file
from crosscal.exceptions import ArtifactError

LOG = "log.jsonl"
CHECKPOINT = ("encoder.safetensors", "heads.npz")


@dataclass
class Progress:
    """How far training came."""

    step: int = 0  # optimiser steps done
    tokens: int = 0  # seen in them
    best_step: int = 0  # step of the best checkpoint so far, 0 before the first evaluation
    # ``step, accuracy, nll, share`` (share of the most frequent predicted label)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    log_bytes: int = 0  # length of the step log when the state was saved
    precision: str = "fp32"  # of the steps
    # SHA-256 of the files of the best checkpoint, by name
    best_files: dict[str, str] = field(default_factory=dict)

    def is_in(self, folder: Path) -> bool:
        """Whether a folder holds the log and the checkpoint that this speaks of."""
        try:
            written = (folder / LOG).read_bytes()[: self.log_bytes] if self.log_bytes else b""
            if len(written) != self.log_bytes or b"\0" in written:
                return False
            return all(
                sha256_file(self._file(folder, name)) == checksum
                for name, checksum in self.best_files.items()
            )
        except OSError:
            return False

    def _file(self, folder: Path, name: str) -> Path:
        staged = staged_file(folder, name, self.best_step)
        return staged if staged.exists() else folder / name

    def publish(self, folder: Path) -> None:
        """Give the files of the best checkpoint their names, and remove the others."""
        for name in self.best_files:
            staged = staged_file(folder, name, self.best_step)
            if staged.exists():
                move(staged, folder / name)
        drop_checkpoints(folder)


def staged_file(folder: Path, name: str, step: int | Literal["*"]) -> Path:
    """Place of a checkpoint's file while training goes on: the state says which step counts."""
    stem, _, ending = name.partition(".")
    return folder / f"{stem}-{step}.{ending}"


def drop_checkpoints(folder: Path, but: int | None = None) -> None:
    """Remove the checkpoints of all steps, or of all but one."""
    for name in CHECKPOINT:
        kept = None if but is None else staged_file(folder, name, but)
        for path in folder.glob(staged_file(folder, name, "*").name):
            if path != kept:
                path.unlink()


def save_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Save the model, the optimiser, the random state and the progress."""
    tensors = {f"model.{name}": value.detach() for name, value in _trained(model)}
    for index, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            tensors[f"optimizer.{index}.{name}"] = value.detach()
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    aside = _aside(path)
    with disk_errors(path):
        metadata = {"progress": json.dumps(asdict(progress)), "crc32": str(_checksum(tensors))}
        save_file(tensors, aside, metadata=metadata)
        flush(aside)
        move(aside, path)


def load_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, precision: str = "fp32"
) -> Progress:
    """Restore what `save_state` saved; a fresh `Progress` if there is nothing.

    Raises
    ------
    ArtifactError
        If the state is damaged, of another model, precision or device, or speaks of files that are
        not there.
        The model is as before then.
    """
    if not path.exists():
        return Progress(precision=precision)
    tensors, progress = _read_state(path)
    trained = dict(_trained(model))
    if {name: value.shape for name, value in trained.items()} != {
        name.removeprefix("model."): value.shape
        for name, value in tensors.items()
        if name.startswith("model.")
    }:
        raise _unusable("it is of another model", path)
    if progress.precision != precision:
        raise _unusable(f"it was trained in {progress.precision}, not in {precision}", path)
    if ("random.cuda" in tensors) != torch.cuda.is_available():
        raise _unusable("it was left on another kind of device", path)
    if not progress.is_in(path.parent):
        raise _unusable("the log or the checkpoint beside it are not those it speaks of", path)
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            # Not the mapped file's own memory: Windows replaces no file that is mapped.
            state.setdefault(int(index), {})[key] = value.clone()
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(tensors[f"model.{name}"])
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return progress


def _read_state(path: Path) -> tuple[dict[str, Tensor], Progress]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        progress = Progress(**json.loads(metadata["progress"]))
        checksum = int(metadata["crc32"])
        random_state = tensors["random.cpu"]
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise _unusable(str(error) or type(error).__name__, path) from error
    if checksum != _checksum(tensors) or random_state.dtype != torch.uint8:
        raise _unusable("its content was altered", path)
    return tensors, progress


def _checksum(tensors: Mapping[str, Tensor]) -> int:
    checksum = 1
    for name in sorted(tensors):
        content = tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        checksum = zlib.crc32(content.data, zlib.crc32(name.encode(), checksum))
    return checksum


def _unusable(why: str, path: Path) -> ArtifactError:
    return ArtifactError(
        f"the state of the interrupted training cannot be used: {why}",
        where=str(path),
        remedy="Training begins anew",
    )


def discard_state(path: Path) -> None:
    """Remove a state that is not needed any more, and what a kill left of one."""
    path.unlink(missing_ok=True)
    _aside(path).unlink(missing_ok=True)


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the parameters that training changes; the others are those of the encoder."""
    return ((name, value) for name, value in model.named_parameters() if value.requires_grad)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".aside")
