"""Cut an encoder's embedding table down to a vocabulary, and save and restore its weights.

Weights of a trained encoder are stored as a difference to the pretrained one:
all parameters but the embedding table, and the rows that training could have
changed. Any vocabulary can be laid over that, and an export is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import ArtifactError

_ROWS, _ROW_IDS = "crosscal.rows", "crosscal.row_ids"


def embedding_table(model: PreTrainedModel) -> torch.nn.Embedding:
    """Table of token embeddings."""
    table = model.get_input_embeddings()
    if not isinstance(table, torch.nn.Embedding):
        raise TypeError(f"token embeddings of type {type(table).__name__}")
    return table


def embedding_name(model: PreTrainedModel) -> str:
    """Parameter name of the table of token embeddings."""
    table = embedding_table(model).weight
    return next(name for name, parameter in model.named_parameters() if parameter is table)


def trim(model: PreTrainedModel, vocabulary: Vocabulary) -> None:
    """Replace the embedding table by the rows of a vocabulary, in place."""
    table = embedding_table(model)
    full = table.weight
    rows = torch.from_numpy(vocabulary.ids.astype(np.int64))
    weight = torch.nn.Parameter(full.detach()[rows])
    pad = model.config.pad_token_id
    moved = None if pad is None else int(vocabulary.rows(np.array([pad], dtype=np.int32))[0])
    module: Any  # torch gives attributes of modules no type of their own
    for module in model.modules():
        if moved is not None and getattr(module, "padding_idx", None) == pad:
            module.padding_idx = moved
        # Kept, not replaced: some scale what they look up. Encoders of T5 hold it twice.
        if isinstance(module, torch.nn.Embedding) and module.weight is full:
            module.weight, module.num_embeddings = weight, len(vocabulary)
    model.config.pad_token_id = moved


def save_weights(
    model: PreTrainedModel,
    vocabulary: Vocabulary,
    path: Path,
    parameters: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Save an encoder's parameters, or those given, and the embedding rows of its vocabulary."""
    name = embedding_name(model)
    named = dict(model.named_parameters()) if parameters is None else parameters
    tensors = {key: value.detach().contiguous() for key, value in named.items()}
    tensors[_ROWS] = tensors.pop(name)
    tensors[_ROW_IDS] = torch.from_numpy(vocabulary.ids.copy())
    save_file(tensors, path)


def load_weights(model: PreTrainedModel, path: Path) -> None:
    """Lay saved parameters and rows over an encoder with the full vocabulary, in place."""
    try:
        tensors = load_file(path)
        rows, ids = tensors.pop(_ROWS), tensors.pop(_ROW_IDS)
        table = embedding_table(model).weight
        with torch.no_grad():
            table[ids.long()] = rows
        tensors[embedding_name(model)] = table.detach()
        model.load_state_dict(tensors, strict=False)
        different = {key for key, _ in model.named_parameters()} ^ set(tensors)
        if different:
            raise KeyError(f"missing or unknown parameters: {', '.join(sorted(different)[:3])}")
    except (SafetensorError, OSError, KeyError, RuntimeError, IndexError) as error:
        raise ArtifactError(
            f"the encoder's weights cannot be loaded ({error})",
            where=str(path),
            remedy="Remove the artifact's folder and run again: it will be computed anew",
        ) from error


def saved_rows(path: Path) -> Vocabulary:
    """Vocabulary whose rows a file of `save_weights` holds."""
    with safe_open(path, framework="np") as file:
        return Vocabulary(file.get_tensor(_ROW_IDS))
