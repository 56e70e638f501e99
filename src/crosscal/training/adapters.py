"""Low-rank adapters (Hu et al. 2022): trained in place of an encoder's weights, then merged.

For encoders too large to be trained as a whole: gradients and the optimiser's state are those of
the adapters and heads alone. What a stage leaves is an encoder like any other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from crosscal.exceptions import SettingsError
from crosscal.training.settings import TrainingSettings

_NAME = "default"
_BASE = ".base_layer."


def add_adapters(encoder: PreTrainedModel, settings: TrainingSettings, *, seed: int) -> None:
    """Put an adapter on every linear layer of an encoder, in place, and freeze all else."""
    if not settings.lora_rank:
        return
    from peft import LoraConfig, inject_adapter_in_model

    linear = [name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise SettingsError(
            f"an encoder of kind '{encoder.config.model_type}' has no linear layers to adapt",
            where="training.lora_rank",
            remedy="Leave the setting out",
        )
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=0.0,
        target_modules=linear,
        bias="none",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, encoder, adapter_name=_NAME)
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(".lora_" in name)


def merged_parameters(encoder: PreTrainedModel) -> dict[str, Tensor]:
    """Return an encoder's parameters by name, as they are with all adapters merged."""
    added: dict[str, Any] = {
        f"{name}{_BASE}weight": module.get_delta_weight(_NAME)
        for name, module in encoder.named_modules()
        if hasattr(module, "get_delta_weight")
    }
    return {
        name.replace(_BASE, "."): parameter.detach() + added[name]
        if name in added
        else parameter.detach()
        for name, parameter in encoder.named_parameters()
        if ".lora_" not in name
    }
