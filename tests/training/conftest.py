"""Shared by the tests of training: one thread, tiny classifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# The name of the only part of most trainings here.
TASK = "task"


def parts(examples: Any, development: Any = None, *, name: str = TASK, outputs: int = 3) -> Any:
    """Return the parts of a training on one task."""
    from crosscal.training.mixing import TrainingTask

    return [TrainingTask(name=name, examples=examples, development=development, outputs=outputs)]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread, as the machine may be busy, and put the number back."""
    try:
        import torch
    except ImportError:  # the tests that need it skip themselves
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def assemble(tiny_encoder: Callable[[str], Path]) -> Callable[..., Any]:
    """Return a function that assembles a classifier on a tiny encoder: (model, vocabulary)."""

    @cache
    def load(folder: Path, layers: int | None) -> Any:
        from crosscal.encoders.loading import load_encoder

        return load_encoder(folder, layers=layers)

    def build(
        kind: str = "bert",
        *tokens: Any,
        trim: bool = True,
        layers: int | None = 2,
        pooling: str = "mean",
        dropout: float = 0.0,
        seed: int = 3,
        weights: Path | None = None,
        heads: Path | None = None,
        outputs: Mapping[str, int] | None = None,
    ) -> Any:
        from crosscal.training import stage
        from crosscal.training.settings import ModelSettings

        settings = ModelSettings(
            encoder=tiny_encoder(kind), layers=layers, pooling=pooling, trim=trim
        )
        ids = [part.ids for part in tokens]
        masks = [part.arrays["mask"].astype("int32") for part in tokens if "mask" in part.arrays]
        with pytest.MonkeyPatch.context() as patch:
            # Reading the same files hundreds of times is most of what these tests would do.
            patch.setattr(stage, "load_encoder", lambda at, layers: deepcopy(load(at, layers)))
            return stage.build_model(
                settings,
                weights,
                [*ids, *masks],
                dict(outputs or {TASK: 3}),
                seed=seed,
                dropout=dropout,
                heads=heads,
            )

    return build
