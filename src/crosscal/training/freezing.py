"""Training of the upper layers alone: all else keeps the pretrained weights.

Nothing flows back through what is below: a step costs a third less with half the layers frozen.
"""

from __future__ import annotations

from transformers import PreTrainedModel

from crosscal.encoders.structure import layer_list


def freeze_layers(encoder: PreTrainedModel, layers: int) -> None:
    """Freeze all but the layers above the first so many, in place; 0: nothing."""
    found = layer_list(encoder)
    if not layers or found is None:  # a plan asks for nothing else of encoders without such a list
        return
    holder, name = found
    encoder.requires_grad_(False)
    getattr(holder, name)[layers:].requires_grad_(True)
