"""Where a model runs, and in which precision: plain torch, no launcher."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from crosscal.encoders import varlen
from crosscal.encoders.packing import is_packable
from crosscal.exceptions import SettingsError


def default_device() -> torch.device:
    """Return the first accelerator of this machine, or the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def prediction_tokens(model: PreTrainedModel, device: torch.device) -> int:
    """Tokens of a batch of prediction: as many as the device likes, whatever the settings."""
    # With padding, attention is as large as the batch times its longest sequence.
    if device.type != "cuda" or not is_packable(model):
        return 4096
    # A quarter of a MiB a token is more than what one needs in the largest encoders.
    return int(min(65536, torch.cuda.get_device_properties(device).total_memory >> 18))


def fast_in_bf16(device: torch.device) -> bool:
    """Tell whether a device multiplies matrices faster in bf16 than in float32."""
    # Not by a measurement, which could come out otherwise when a stage is resumed.
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # Older versions of torch do not tell. Without a matrix unit bf16 is the slower one.
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and bool(capabilities.get("amx_bf16"))


def attention_words(device: torch.device) -> str:
    """Say how attention of packed batches is computed in bf16 on a device."""
    if device.type == "cuda" and varlen.is_right(device, torch.bfloat16, 64):
        return "all sequences in one call"
    in_float32 = ", in float32" if device.type == "cpu" else ""
    return f"sequences of equal length at once{in_float32}"


class Precision:
    """Autocast of the forward pass, and for fp16 the scaling of small gradients.

    ``auto`` is bf16 where the device is faster in it, else fp32.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        if name == "fp16" and device.type == "cpu":
            raise SettingsError(
                "fp16 needs a GPU",
                where="training.precision",
                remedy="Use 'bf16' or 'fp32' on the processor",
            )
        if name == "auto":
            name = "bf16" if fast_in_bf16(device) else "fp32"
        self.name = name
        self._device_type = device.type
        self._dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name)
        self._scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> torch.autocast:
        """Return the context of a forward pass."""
        return torch.autocast(self._device_type, dtype=self._dtype, enabled=self._dtype is not None)

    def backward(self, loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Compute gradients; they are unscaled, as clipping must see their true norm."""
        torch.autograd.backward(self._scaler.scale(loss))
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the optimiser step, unless fp16 overflowed."""
        self._scaler.step(optimizer)
        self._scaler.update()
