"""Export a trained model: an ordinary Hugging Face folder with the full vocabulary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from crosscal.artifacts import disk_errors
from crosscal.encoders.loading import load_encoder
from crosscal.encoders.trimming import load_weights
from crosscal.exceptions import ArtifactError
from crosscal.training.settings import ModelSettings


def export_model(
    settings: ModelSettings, labels: Sequence[str], trained: Path, folder: Path
) -> None:
    """Write a training stage's best checkpoint as a folder that any tool can load."""
    if folder.exists():
        raise ArtifactError(
            "the folder exists", where=str(folder), remedy="Choose another name or remove it"
        )
    model = load_encoder(settings.encoder, layers=settings.layers)
    load_weights(model, trained / "encoder.safetensors")
    heads = np.load(trained / "heads.npz")
    (name,) = {key.rsplit(".", 1)[0] for key in heads}
    with disk_errors(folder):
        # Attention without padding is crosscal's own: others get the library's default.
        model.config._attn_implementation = "eager"
        model.save_pretrained(folder)
        for path in settings.encoder.iterdir():
            if "token" in path.name or path.suffix == ".model" or path.name == "vocab.txt":
                shutil.copyfile(path, folder / path.name)
        tensors = {kind: torch.from_numpy(heads[f"{name}.{kind}"]) for kind in ("weight", "bias")}
        save_file(tensors, folder / "head.safetensors")
        facts = {"labels": list(labels), "pooling": settings.pooling}
        (folder / "crosscal.json").write_text(json.dumps(facts, indent=1))
