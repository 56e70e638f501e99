"""An encoder with heads that score what they are shown."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from crosscal.encoders.packing import PackedBatch, Pooling, encode, pool
from crosscal.encoders.trimming import embedding_table


class Model(nn.Module):
    """Encoder, heads by name, and what a head sees: whole sequences or single tokens.

    Parameters
    ----------
    encoder : PreTrainedModel
        As `crosscal.encoders.load_encoder` returns it.
    outputs : mapping of str to int
        Scores a row of each head; 0 for one that scores the vocabulary.
    pooling : {"mean", "first", "last"}
        A sequence is the mean of its token vectors, or the first or last token's.
    dropout : float
        In the encoder and before each head.
    seed : int
        Of the heads' initial weights.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        outputs: Mapping[str, int],
        *,
        pooling: Pooling,
        dropout: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        for module, name in dropouts(encoder):
            setattr(module, name, 0.0 if name == "layerdrop" else dropout)
        self.dropout = nn.Dropout(dropout)
        generator = torch.Generator().manual_seed(seed)
        width = encoder.config.hidden_size
        # Not by name within torch, which has names of its own ("train", "type") and no dots.
        self.names = tuple(outputs)
        self.heads = nn.ModuleList()
        for size in outputs.values():
            head = nn.Linear(width, size) if size else VocabularyHead(encoder)
            for parameter in head.parameters():
                nn.init.zeros_(parameter)
            if isinstance(head, nn.Linear):
                nn.init.normal_(head.weight, std=0.02, generator=generator)
            else:
                head.initialise(generator)
            self.heads.append(head)

    def head(self, name: str) -> nn.Module:
        """Return the head of a name."""
        return self.heads[self.names.index(name)]

    def forward(self, batch: PackedBatch, positions: Tensor | None, head: str) -> Tensor:
        """Score the tokens at some positions, or whole sequences; float32, shape (R, outputs)."""
        hidden = encode(self.encoder, batch)  # (T, width)
        vectors = pool(hidden, batch, self.pooling) if positions is None else hidden[positions]
        scores: Tensor = self.head(head)(self.dropout(vectors))
        return scores.float()


def dropouts(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """Modules that drop something while training, and the names of their probabilities."""
    return [
        (module, name)
        for module in model.modules()
        for name, value in vars(module).items()
        if (isinstance(module, nn.Dropout) and name == "p")
        or (isinstance(value, float) and name.endswith(("dropout", "layerdrop")))
    ]


class VocabularyHead(nn.Module):
    """Scores of the kept vocabulary at a token: the head of masked language modelling."""

    # Devlin et al. (2019): a linear layer, GELU, layer norm, and the product with the token
    # embeddings, which are shared with the encoder, plus a bias. The layers start anew, near the
    # identity, since encoders are published without their head.

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        table = embedding_table(encoder)
        # ELECTRA's embeddings are narrower than its hidden states.
        self.dense = nn.Linear(encoder.config.hidden_size, table.embedding_dim)
        self.norm = nn.LayerNorm(table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))
        # In a tuple, so that the table stays a parameter of the encoder alone.
        self._shared = (table,)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the initial weights."""
        nn.init.normal_(self.dense.weight, std=0.02, generator=generator)
        with torch.no_grad():
            self.dense.weight += torch.eye(*self.dense.weight.shape)
        nn.init.ones_(self.norm.weight)

    def forward(self, hidden: Tensor) -> Tensor:
        """Scores, shape (R, kept vocabulary)."""
        transformed: Tensor = self.norm(nn.functional.gelu(self.dense(hidden)))
        return transformed @ self._shared[0].weight.T + self.bias
