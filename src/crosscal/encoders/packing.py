"""Padding-free batches: sequences laid end to end, attention within each alone.

Linear layers see one row a token and no padding. A model of transformers runs
on such a batch when its attention is set to ``PACKED``, registered here; models
that bring their own attention (DeBERTa) are given an ordinary padded batch by
`encode`, which returns the same packed rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from crosscal.encoders import varlen
from crosscal.encoders.architectures import first_position
from crosscal.encoders.structure import parameters_of
from crosscal.encoders.trimming import embedding_table
from crosscal.exceptions import SettingsError

PACKED = "crosscal_packed"

Pooling = Literal["mean", "first", "last"]
_PLACES = {"first": 0, "last": -1}


@dataclass(frozen=True, kw_only=True)
class PackedBatch:
    """N token sequences, concatenated and sorted by length: T tokens and no padding.

    Attributes
    ----------
    ids, token_type_ids, position_ids : Tensor
        Token ids, token types and positions within the sequence; int64, shape (T,).
    length_groups : tuple of (int, int)
        (length, count) of each stretch of sequences of equal length, in order.
    used_ids : Tensor
        The different ids, ascending; made from the others.
    boundaries : Tensor
        Where each sequence starts, and T; int32, shape (N + 1,); made from the others.
    """

    ids: Tensor
    token_type_ids: Tensor
    position_ids: Tensor
    length_groups: tuple[tuple[int, int], ...]
    used_ids: Tensor = field(init=False)
    boundaries: Tensor = field(init=False)

    @property
    def size(self) -> int:
        """Number of sequences."""
        return sum(count for _, count in self.length_groups)

    def __post_init__(self) -> None:
        starts = np.cumsum([0, *np.repeat(*np.transpose(self.length_groups))])
        object.__setattr__(self, "used_ids", torch.unique(self.ids))
        object.__setattr__(self, "boundaries", torch.from_numpy(starts.astype(np.int32)))

    def to(self, device: torch.device) -> PackedBatch:
        """Return the same batch on another device."""
        moved = copy(self)
        for name in ("ids", "token_type_ids", "position_ids", "used_ids", "boundaries"):
            object.__setattr__(moved, name, to_device(getattr(self, name), device))
        return moved


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Move a tensor of the processor; a GPU is not waited for."""
    # Only from pinned memory a copy goes on by itself.
    source = tensor.pin_memory() if device.type == "cuda" else tensor
    return source.to(device, non_blocking=True)


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    length_groups: tuple[tuple[int, int], ...] = (),
    boundaries: Tensor | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attention of each sequence of a packed batch to itself."""
    if boundaries is not None and varlen.is_usable(query, dropout):
        longest = max(length for length, _ in length_groups)
        rows = (query[0], key[0], value[0])
        return varlen.one_call_attention(*rows, boundaries, longest, scaling)[None], None
    attend = partial(_attend_within, length_groups=length_groups, dropout=dropout, scaling=scaling)
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return attend(query, key, value)[None], None
    # In bf16 the gradient of fused attention takes a processor ten times as long as in float32.
    with torch.autocast("cpu", enabled=False):
        mixed = attend(query.float(), key.float(), value.float())
    return mixed.to(query.dtype)[None], None


def _attend_within(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    length_groups: tuple[tuple[int, int], ...],
    dropout: float,
    scaling: float | None,
) -> Tensor:
    """Mix the values of each sequence, shape (T, heads, width)."""
    heads, width = query.shape[1], query.shape[3]
    # Split at once: the gradient of a slice is as long as the batch, that of a split its part.
    sizes = [length * count for length, count in length_groups]
    parts = zip(*(torch.split(rows[0], sizes, dim=1) for rows in (query, key, value)), strict=True)
    outputs = []
    for (length, count), part in zip(length_groups, parts, strict=True):
        q, k, v = (rows.view(heads, count, length, width).transpose(0, 1) for rows in part)
        mixed = scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling)
        outputs.append(mixed.transpose(1, 2).reshape(count * length, heads, width))
    return torch.cat(outputs)


AttentionInterface.register(PACKED, packed_attention)


def encode(model: PreTrainedModel, batch: PackedBatch) -> Tensor:
    """Last hidden states of a batch.

    Parameters
    ----------
    model : PreTrainedModel
        An encoder of transformers.
    batch : PackedBatch
        Sequences to encode; every token type must be known to the model.

    Returns
    -------
    Tensor
        Shape (T, hidden), rows in the order of ``batch.ids``.
    """
    output, rows = _run(model, batch)
    hidden: Tensor = output.last_hidden_state[rows]
    return hidden


def hidden_states(model: PreTrainedModel, batch: PackedBatch) -> tuple[Tensor, ...]:
    """Hidden states of every layer of a batch."""
    output, rows = _run(model, batch, output_hidden_states=True)
    return tuple(hidden[rows] for hidden in output.hidden_states)


def is_packable(model: PreTrainedModel) -> bool:
    """Whether a model computes packed batches as they are, without padding."""
    return bool(model.config._attn_implementation == PACKED)


def padding_share(model: PreTrainedModel, batches: Sequence[PackedBatch]) -> float:
    """Share of the rows that the model computes which are padding (0 for packed batches)."""
    if is_packable(model):
        return 0.0
    rows = sum(batch.size * max(length for length, _ in batch.length_groups) for batch in batches)
    return 1.0 - sum(len(batch.ids) for batch in batches) / rows


def _run(model: PreTrainedModel, batch: PackedBatch, **outputs: bool) -> tuple[Any, int | Tensor]:
    """Return the model's output, and the index that takes the batch's rows out of its tensors."""
    if not is_packable(model):
        return _run_padded(model, batch, **outputs)
    offset = first_position(model.config.model_type, model.config.pad_token_id)
    output = model(
        input_ids=batch.ids[None],
        token_type_ids=batch.token_type_ids[None],
        position_ids=batch.position_ids[None] + offset,
        length_groups=batch.length_groups,
        boundaries=batch.boundaries,
        **outputs,
    )
    return output, 0


def _run_padded(model: PreTrainedModel, batch: PackedBatch, **outputs: bool) -> tuple[Any, Tensor]:
    longest = max(length for length, _ in batch.length_groups)
    rows, start = [], 0
    for length, count in batch.length_groups:
        index = torch.arange(start, start + length * count, device=batch.ids.device)
        rows.append(pad(index.view(count, length), (0, longest - length), value=-1))
        start += length * count
    where = torch.cat(rows)
    mask = where >= 0
    fill = int(model.config.pad_token_id or 0)
    ids = torch.where(mask, batch.ids[where], fill)
    inputs = {"input_ids": ids, "attention_mask": mask.long()}
    # Without a table of their own, some look them up among the words.
    if hasattr(model.config, "type_vocab_size") and "token_type_ids" in parameters_of(
        model.forward
    ):
        inputs["token_type_ids"] = torch.where(mask, batch.token_type_ids[where], 0)
    return model(**inputs, **outputs), mask


def check_padding(model: PreTrainedModel) -> None:
    """Refuse an encoder that gives a text other vectors beside a longer one than alone."""
    if is_packable(model):
        return
    rows = embedding_table(model).num_embeddings
    ids = torch.arange(11) % min(rows, 7)
    short = PackedBatch(
        ids=ids[:3],
        token_type_ids=torch.zeros(3, dtype=torch.int64),
        position_ids=torch.arange(3),
        length_groups=((3, 1),),
    )
    both = PackedBatch(
        ids=ids,
        token_type_ids=torch.zeros(11, dtype=torch.int64),
        position_ids=torch.cat([torch.arange(3), torch.arange(8)]),
        length_groups=((3, 1), (8, 1)),
    )
    with torch.no_grad():
        alone, beside = encode(model, short), encode(model, both)[:3]
    if not torch.allclose(alone, beside, rtol=1e-4, atol=1e-4 * float(alone.abs().max())):
        raise SettingsError(
            f"an encoder of kind '{model.config.model_type}' gives a text other vectors beside a "
            "longer one than alone",
            where="encoder.name",
            remedy="Choose another encoder: what padding changes cannot be measured",
        )


def pool(hidden: Tensor, batch: PackedBatch, pooling: Pooling) -> Tensor:
    """One vector a sequence, (N, width): the mean of its tokens, or the first or last alone."""
    parts = torch.split(hidden, [length * count for length, count in batch.length_groups])
    pooled = []
    for (length, count), part in zip(batch.length_groups, parts, strict=True):
        rows = part.view(count, length, hidden.shape[1])
        pooled.append(rows.mean(dim=1) if pooling == "mean" else rows[:, _PLACES[pooling]])
    return torch.cat(pooled)
