"""An encoder with a head that scores choices."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from crosscal.encoders.packing import Batch, encode


class SequenceClassifier(nn.Module):
    """Encoder, pooling over the tokens of a sequence, linear scores of the labels.

    Parameters
    ----------
    encoder : PreTrainedModel
        As `crosscal.encoders.load_encoder` returns it.
    choices : int
        Number of labels.
    pooling : {"mean", "first"}
        Mean of the token vectors, or the first token's.
    dropout : float
        In the encoder and before the linear layer.
    seed : int
        Of the linear layer's initial weights.
    """

    def __init__(
        self, encoder: PreTrainedModel, choices: int, *, pooling: str, dropout: float, seed: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        for module in encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, choices)
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.head.weight, std=0.02, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: Batch) -> Tensor:
        """Scores of the labels, float32, shape (sequences, labels)."""
        pooled = self._pool(encode(self.encoder, batch), batch)
        scores: Tensor = self.head(self.dropout(pooled))
        return scores.float()

    def _pool(self, hidden: Tensor, batch: Batch) -> Tensor:
        pooled, start = [], 0
        for length, count in batch.runs:
            rows = hidden[start : start + length * count].view(count, length, hidden.shape[1])
            pooled.append(rows[:, 0] if self.pooling == "first" else rows.mean(dim=1))
            start += length * count
        return torch.cat(pooled)
