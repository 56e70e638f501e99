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
    full_speed,
    operations_per_token,
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
    precision.backward(product.float().sum())
    precision.unscale(optimizer)
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


def test_operations_of_a_token(tiny_encoder):
    """Six a trained weight, two a frozen one, four where the gradient goes through it."""
    encoder = load_encoder(tiny_encoder("bert"), layers=2)
    tables = [m for m in encoder.modules() if isinstance(m, torch.nn.Embedding)]
    weights = sum(p.numel() for p in encoder.parameters()) - sum(t.weight.numel() for t in tables)
    layer = sum(p.numel() for p in encoder.encoder.layer[0].parameters())
    assert operations_per_token(encoder) == 6 * weights
    encoder.requires_grad_(False)
    assert operations_per_token(encoder) == 2 * weights
    encoder.encoder.layer[0].requires_grad_(True)
    norm = sum(p.numel() for p in encoder.embeddings.LayerNorm.parameters())
    assert operations_per_token(encoder) == 2 * norm + 6 * layer + 4 * (weights - norm - layer)


def test_full_speed_of_known_cards_alone(tiny_encoder, monkeypatch):
    encoder, card = load_encoder(tiny_encoder("bert"), layers=2), torch.device("cuda", 1)
    assert full_speed(encoder, CPU, "fp32") is None
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA A100-SXM4-80GB")
    operations = operations_per_token(encoder)
    assert full_speed(encoder, card, "bf16") == pytest.approx(312e12 / operations)
    assert full_speed(encoder, card, "fp32", 2) == pytest.approx(39e12 / operations)
    monkeypatch.setattr(
        torch.cuda, "get_device_name", lambda device: "NVIDIA A100-SXM4-40GB MIG 1g.5gb"
    )
    assert full_speed(encoder, card, "bf16") is None
