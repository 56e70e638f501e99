"""Layers from below that keep the pretrained weights, embeddings with them.

Nothing flows back through them: a step costs a third less with half the layers frozen.
"""

from __future__ import annotations

from transformers import PreTrainedModel

from crosscal.encoders.structure import layer_list


def freeze_layers(encoder: PreTrainedModel, layers: int) -> None:
    """Freeze the first so many layers and the embeddings, in place; 0: nothing."""
    found = layer_list(encoder)
    if not layers or found is None:  # a plan asks for nothing else of encoders without such a list
        return
    holder, name = found
    getattr(holder, name)[:layers].requires_grad_(False)
    for path, parameter in encoder.named_parameters():
        if "embed" in path:  # tables, their norms, and what widens them
            parameter.requires_grad_(False)
