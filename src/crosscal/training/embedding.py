"""Sentence embeddings from every layer of an encoder in one pass, kept on disk as it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

from crosscal.artifacts import disk_errors, flush, move, write_aside
from crosscal.encoders.packing import Pooling, hidden_states, pool
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import SettingsError, StageFailed
from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.training.batches import Indices, prediction_order
from crosscal.training.collate import pack, ragged_indices
from crosscal.training.precision import default_device, prediction_tokens

SHARD_BATCHES = 16
_ZEROS = bytes(1 << 20)


@torch.no_grad()
def embed(
    model: PreTrainedModel,
    vocabulary: Vocabulary,
    tokens: EncodedDataset,
    path: Path,
    *,
    layers: Sequence[int] | None = None,
    pooling: Pooling = "mean",
    report: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Embed sentences; what was embedded before an interruption is not embedded again."""
    deepest = int(model.config.num_hidden_layers)
    numbers = list(range(deepest + 1) if layers is None else layers)
    if not numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= {*range(deepest + 1)}:
        raise SettingsError(
            f"layers {numbers} were asked for",
            where="layers",
            remedy=f"Choose different numbers from 0 (embeddings) to {deepest}",
        )
    shape = (len(numbers), len(tokens.offsets) - 1, int(model.config.hidden_size))
    progress = path.with_name(path.name + ".progress")
    with disk_errors(path):
        if not _is_done(path, shape):
            _fill(model, vocabulary, tokens, path, progress, shape, numbers, pooling, report)
        progress.unlink(missing_ok=True)
    result: npt.NDArray[np.float32] = np.load(path, mmap_mode="r")
    return result


def _is_done(path: Path, shape: tuple[int, ...]) -> bool:
    try:
        stored = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return False
    return bool(stored.shape == shape and stored.dtype == np.float32)


def _fill(
    model: PreTrainedModel,
    vocabulary: Vocabulary,
    tokens: EncodedDataset,
    path: Path,
    progress: Path,
    shape: tuple[int, ...],
    layers: list[int],
    pooling: Pooling,
    report: Callable[[int], None],
) -> None:
    """Write the rows of one shard of batches after another, and then give the file its name."""
    device = default_device()
    module: torch.nn.Module = model  # transformers' own methods have no types
    module.to(device).eval()
    partial = path.with_name(path.name + ".partial")
    batch_tokens = prediction_tokens(model, device)
    order = prediction_order(np.diff(tokens.offsets), batch_tokens=batch_tokens)
    key = {"shape": list(shape), "batch_tokens": batch_tokens}  # another device, other batches
    done = _opened(partial, progress, shape, key)
    vectors = np.lib.format.open_memmap(partial, mode="r+")
    for start in range(done, len(order), SHARD_BATCHES):
        batches = order[start : start + SHARD_BATCHES]
        for sentences in batches:
            ids = vocabulary.rows(tokens.ids[ragged_indices(tokens.offsets, sentences)])
            batch = pack(tokens, sentences, ids).to(device)
            hidden = hidden_states(model, batch)  # of each layer (T, width)
            for index, layer in enumerate(layers):
                pooled = pool(hidden[layer], batch, pooling).float().cpu().numpy()
                _check_finite(pooled, sentences, layer)
                vectors[index, sentences] = pooled
        vectors.flush()
        done = start + len(batches)
        write_aside(progress, json.dumps({**key, "batches": done}).encode())
        report(sum(map(len, order[:done])))
    del vectors
    flush(partial)
    move(partial, path)


def _opened(
    partial: Path, progress: Path, shape: tuple[int, ...], key: Mapping[str, object]
) -> int:
    """Make the file or find the unfinished one; return how many batches are in it."""
    try:
        state = json.loads(progress.read_text())
        batches = int(state.pop("batches"))
        if state == key and partial.exists():
            return batches
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        pass
    progress.unlink(missing_ok=True)
    empty = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
    remaining, offset = empty.nbytes, empty.offset
    del empty
    # Writing to a mapped file on a full disk kills the process, so all of it is written first.
    with partial.open("r+b") as stream:
        stream.seek(offset)
        while remaining:
            remaining -= stream.write(_ZEROS[:remaining])
    return 0


def _check_finite(pooled: npt.NDArray[np.float32], sentences: Indices, layer: int) -> None:
    bad = ~np.isfinite(pooled).all(axis=1)
    if bad.any():
        raise StageFailed(
            f"the embedding of sentence {int(sentences[bad].min())} is not finite in layer {layer}",
            where="embedding",
            remedy="Check the encoder's weights, or embed in fp32",
        )
