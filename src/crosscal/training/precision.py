"""Where a model runs, and in which precision."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from transformers import PreTrainedModel

from crosscal.encoders import varlen
from crosscal.encoders.packing import is_packable
from crosscal.exceptions import SettingsError
from crosscal.training.parallel.ranks import current_ranks

# Operations a second in 1e12 of matrix products in bf16 and fp16, without sparsity, and in fp32,
# by torch's name of the card: NVIDIA's data sheets (of GeForce cards the white papers on their
# architectures, with sums in fp32). Names that stand for several speeds are not here.
_PEAK_RATES = {
    "NVIDIA H200": (989.0, 67.0),
    "NVIDIA H200 NVL": (835.0, 60.0),
    "NVIDIA H100 80GB HBM3": (989.0, 67.0),
    "NVIDIA H100 NVL": (835.0, 60.0),
    "NVIDIA H100 PCIe": (756.0, 51.0),
    "NVIDIA A100-SXM4-80GB": (312.0, 19.5),
    "NVIDIA A100-SXM4-40GB": (312.0, 19.5),
    "NVIDIA A100 80GB PCIe": (312.0, 19.5),
    "NVIDIA A100-PCIE-40GB": (312.0, 19.5),
    "NVIDIA A40": (149.7, 37.4),
    "NVIDIA L40S": (362.0, 91.6),
    "NVIDIA L40": (181.0, 90.5),
    "NVIDIA L4": (121.0, 30.3),
    "NVIDIA RTX 6000 Ada Generation": (364.2, 91.1),
    "NVIDIA RTX A6000": (154.8, 38.7),
    "NVIDIA GeForce RTX 5090": (209.5, 104.8),
    "NVIDIA GeForce RTX 4090": (165.2, 82.6),
    "NVIDIA GeForce RTX 3090": (71.0, 35.6),
}


def default_device() -> torch.device:
    """Return the first accelerator of this machine, or the processor; if shared, this process's."""
    shared = current_ranks().size > 1
    if torch.cuda.is_available():
        # By its number, as a thread that makes batches would take the first one.
        return torch.device("cuda", torch.cuda.current_device()) if shared else torch.device("cuda")
    if shared:
        return torch.device("cpu")
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


def full_speed(
    model: nn.Module, device: torch.device, precision: str, devices: int = 1
) -> float | None:
    """Return the tokens a second that so many devices could train on; None if not known."""
    if device.type != "cuda":
        return None
    half, single = _PEAK_RATES.get(torch.cuda.get_device_name(device), (None, None))
    rate = single if precision == "fp32" else half
    return None if rate is None else devices * rate * 1e12 / operations_per_token(model)


def operations_per_token(model: nn.Module) -> float:
    """Count the operations by which a token trains the weights that are no table of embeddings."""
    # Two forwards and four on the way back, half of which are for the weight itself. (Kaplan et
    # al. 2020; attention itself is not counted.) Nothing flows back to before what is trained.
    counts = [
        (parameter.numel(), parameter.requires_grad)
        for module in model.modules()
        if not isinstance(module, nn.Embedding)
        for parameter in module.parameters(recurse=False)
    ]
    first = next((place for place, (_, trained) in enumerate(counts) if trained), len(counts))
    return sum(
        n * (6.0 if trained else 4.0 if place > first else 2.0)
        for place, (n, trained) in enumerate(counts)
    )


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

    def backward(self, loss: torch.Tensor) -> None:
        """Add to the gradients, which are scaled until `unscale`."""
        torch.autograd.backward(self._scaler.scale(loss))

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Unscale the gradients of a step, as clipping must see their true norm."""
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the optimiser step, unless fp16 overflowed."""
        self._scaler.step(optimizer)
        self._scaler.update()
