"""Precision of training: what is cast, what is scaled, and where."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders.loading import load_encoder  # noqa: E402
from crosscal.exceptions import SettingsError  # noqa: E402
from crosscal.training.precision import (  # noqa: E402
    Precision,
    default_device,
    fast_in_bf16,
    prediction_tokens,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_products_are_cast_and_gradients_are_not(name, dtype):
    precision = Precision(name, CPU)
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    with precision.autocast():
        product = torch.ones(1, 2) @ weight
    assert product.dtype == dtype
    assert (torch.ones(1, 2) @ weight).dtype == torch.float32
    precision.backward(product.float().sum(), optimizer)
    assert weight.grad.dtype == torch.float32
    assert torch.equal(weight.grad, torch.ones(2, 2))
    precision.step(optimizer)
    assert torch.equal(weight.detach(), torch.zeros(2, 2))


def test_fp16_needs_a_gpu():
    with pytest.raises(SettingsError, match="needs a GPU") as caught:
        Precision("fp16", CPU)
    assert caught.value.where == "training.precision"
    assert caught.value.remedy


def test_the_first_accelerator_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert default_device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert default_device() == CPU


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        ({"amx_bf16": True}, "bf16"),
        ({"amx_bf16": False, "avx512_bf16": True}, "fp32"),
        ({}, "fp32"),
    ],
)
def test_auto_takes_bf16_where_the_processor_has_a_unit_for_it(monkeypatch, capabilities, name):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert Precision("auto", CPU).name == name
    assert Precision("fp32", CPU).name == "fp32"


def test_auto_is_fp32_where_torch_does_not_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not fast_in_bf16(CPU)


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_auto_takes_bf16_on_gpus_from_ampere_on(monkeypatch, capability, fast):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert fast_in_bf16(torch.device("cuda")) is fast
    assert not fast_in_bf16(torch.device("mps"))


def test_a_gpu_predicts_in_larger_batches_as_far_as_its_memory_goes(tiny_encoder, monkeypatch):
    packed, padded = (load_encoder(tiny_encoder(kind)) for kind in ("bert", "deberta-v2"))
    memory = SimpleNamespace(total_memory=8 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: memory)
    gpu = torch.device("cuda")
    assert prediction_tokens(packed, gpu) == 32768
    memory.total_memory = 140 << 30
    assert prediction_tokens(packed, gpu) == 65536
    assert prediction_tokens(padded, gpu) == prediction_tokens(packed, CPU) == 4096
