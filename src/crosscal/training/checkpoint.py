"""The state of an interrupted training stage: one file, written aside and renamed.

It holds everything that the next step depends on, so that a run that was
killed goes on to the same bits as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from crosscal.artifacts import disk_errors, flush, move
from crosscal.exceptions import ArtifactError


@dataclass
class Progress:
    """How far training came."""

    step: int = 0  # optimiser steps done
    best_step: int = 0  # step of the best checkpoint so far, 0 before the first evaluation
    # ``step, accuracy, nll, share`` (share of the most frequent predicted label)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    log_bytes: int = 0  # length of the step log when the state was saved


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
        save_file(tensors, aside, metadata={"progress": json.dumps(asdict(progress))})
        flush(aside)
        move(aside, path)


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Restore what `save_state` saved; a fresh `Progress` if there is nothing."""
    if not path.exists():
        return Progress()
    try:
        with safe_open(path, framework="pt") as file:
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            progress = Progress(**json.loads(file.metadata()["progress"]))
        with torch.no_grad():
            for name, parameter in _trained(model):
                parameter.copy_(tensors[f"model.{name}"])
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                # Not the mapped file's own memory: Windows replaces no file that is mapped.
                state.setdefault(int(index), {})[key] = value.clone()
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ArtifactError(
            f"the state of the interrupted training cannot be read ({error})",
            where=str(path),
            remedy="Remove the file: the stage then starts over",
        ) from error
    return progress


def discard_state(path: Path) -> None:
    """Remove a state that is not needed any more, and what a kill left of one."""
    path.unlink(missing_ok=True)
    _aside(path).unlink(missing_ok=True)


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the parameters that training changes; the others are those of the encoder."""
    return ((name, value) for name, value in model.named_parameters() if value.requires_grad)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".aside")
