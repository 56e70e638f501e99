"""A padded batch of examples with the scores that an exported model must give it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from crosscal.encoders.trimming import embedding_table
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.tasks import EncodedDataset
from crosscal.training.batches import Indices
from crosscal.training.collate import collate
from crosscal.training.model import Model

# Examples looked at, evenly spread over all lengths.
_EXAMPLES = 16


@dataclass(frozen=True, kw_only=True)
class Probe:
    """N sequences as transformers wants them, and R scored rows of them.

    Attributes
    ----------
    inputs : dict of str to Tensor
        By the names of transformers' arguments; shape (N, L).
    sequence, position : Tensor of int64, shape (R,)
        Where each row is in the batch.
    expected : Tensor, shape (R, outputs)
        What the trained model gives.
    """

    inputs: dict[str, Tensor]
    sequence: Tensor
    position: Tensor
    expected: Tensor

    @torch.no_grad()
    def scores(self, model: PreTrainedModel, family: str) -> Tensor:
        """Scores of the rows by a model of transformers, shape (R, outputs)."""
        inputs = self.inputs
        if family == "multiple choice":
            inputs = {name: values[:, None] for name, values in inputs.items()}
        found = model(**inputs)
        if family == "span":
            both = torch.stack([found.start_logits, found.end_logits], dim=-1)
            return both[self.sequence, self.position]
        if family == "tagging":
            logits: Tensor = found.logits[self.sequence, self.position]
            return logits
        of_texts: Tensor = found.logits[self.sequence]
        return of_texts


def make_probe(model: Model, head: str, dataset: EncodedDataset, *, token_types: int) -> Probe:
    """Take a few examples of all lengths, and score them by a model with the full vocabulary."""
    order = np.argsort(dataset.lengths, kind="stable")
    steps = np.linspace(0, len(order) - 1, min(_EXAMPLES, len(order))).astype(int)
    groups: Indices = order[steps]
    rows_of_table = embedding_table(model.encoder).num_embeddings
    batch = collate(dataset, groups, Vocabulary.full(rows_of_table), _columns(model))
    with torch.no_grad():
        expected = model.eval()(batch.packed, batch.scored_positions, head)
    rows = batch.dataset_rows
    sequence = np.searchsorted(dataset.row_offsets, rows, side="right") - 1
    sequences, inverse = np.unique(sequence, return_inverse=True)
    position = np.zeros(len(rows), dtype=np.int64)
    if len(dataset.scored_positions):
        position = dataset.scored_positions[rows] - dataset.offsets[sequence]
    inputs = _padded(dataset, sequences, int(model.encoder.config.pad_token_id or 0))
    if token_types <= 1:
        del inputs["token_type_ids"]
    return Probe(
        inputs=inputs,
        sequence=torch.from_numpy(inverse),
        position=torch.from_numpy(position),
        expected=expected,
    )


def _columns(model: Model) -> int:
    return int(model.heads[0].out_features)  # type: ignore[arg-type]


def _padded(dataset: EncodedDataset, sequences: Indices, pad: int) -> dict[str, Tensor]:
    starts, ends = dataset.offsets[sequences], dataset.offsets[sequences + 1]
    shape = (len(sequences), int((ends - starts).max()))
    ids, types = np.full(shape, pad, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        ids[row, : end - start] = dataset.ids[start:end]
        types[row, : end - start] = dataset.token_type_ids[start:end]
        mask[row, : end - start] = 1
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return {name: torch.from_numpy(values) for name, values in arrays.items()}
