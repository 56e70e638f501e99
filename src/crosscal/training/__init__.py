"""Training an encoder on a task, and scoring examples with it.

Names that need torch are imported on first use, so that the settings can be
read without having it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crosscal.training.settings import Mixture, TrainingSettings

if TYPE_CHECKING:
    from crosscal.training.checkpoint import Progress
    from crosscal.training.evaluation import evaluate
    from crosscal.training.loop import train
    from crosscal.training.mixing import TrainingTask
    from crosscal.training.model import Model
    from crosscal.training.predicting import predict
    from crosscal.training.stage import build_model, predict_stage, train_stage

__all__ = [
    "Mixture",
    "Model",
    "Progress",
    "TrainingSettings",
    "TrainingTask",
    "build_model",
    "evaluate",
    "predict",
    "predict_stage",
    "train",
    "train_stage",
]

_WITH_TORCH = {
    "Progress": "checkpoint",
    "Model": "model",
    "TrainingTask": "mixing",
    "build_model": "stage",
    "evaluate": "evaluation",
    "predict": "predicting",
    "predict_stage": "stage",
    "train": "loop",
    "train_stage": "stage",
}


def __getattr__(name: str) -> object:
    if name in _WITH_TORCH:
        return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
