"""Attention in one call: laid out as torch wants it, and taken only where it is right.

There is no such attention on a processor, so a plain one with its arguments stands in for it.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders import packing, varlen  # noqa: E402
from crosscal.encoders.loading import load_encoder  # noqa: E402
from tests.encoders.test_packing import LENGTHS, TOLERANCE, batch_of, sequences  # noqa: E402

CPU = torch.device("cpu")


def plain(query, key, value, starts, starts_of_keys, longest, longest_key, *, scale=None):
    """`varlen_attn` written down: each of shape (T, heads, width)."""
    assert starts.dtype == torch.int32
    assert torch.equal(starts, starts_of_keys)
    sizes = starts.diff().tolist()
    assert longest == longest_key == max(sizes)
    assert starts[-1] == len(query)
    parts = zip(*(rows.split(sizes) for rows in (query, key, value)), strict=True)
    mixed = []
    for part in parts:
        q, k, v = (rows.transpose(0, 1) for rows in part)  # (heads, length, width)
        weights = (q @ k.transpose(1, 2)) * (q.shape[-1] ** -0.5 if scale is None else scale)
        mixed.append((weights.softmax(-1) @ v).transpose(0, 1))
    return torch.cat(mixed)


@pytest.fixture(autouse=True)
def fresh():
    varlen.is_right.cache_clear()
    yield
    varlen.is_right.cache_clear()


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_one_call_equals_the_loop(tiny_encoder, monkeypatch, kind):
    model = load_encoder(tiny_encoder(kind)).eval()
    batch = batch_of(sequences(LENGTHS))
    assert batch.boundaries.tolist() == [0, 1, 2, 4, 9, 14, 19, 28, 45, 62, 92]
    with torch.no_grad():
        expected = packing.encode(model, batch)
        calls = []
        monkeypatch.setattr(varlen, "is_usable", lambda query, dropout: True)
        monkeypatch.setattr(
            varlen, "varlen_attn", lambda *a, **k: calls.append(1) or plain(*a, **k)
        )
        found = packing.encode(model, batch)
    assert len(calls) == model.config.num_hidden_layers
    torch.testing.assert_close(found, expected, **TOLERANCE)


def broken(*_: object, **__: object):
    raise RuntimeError("FlashAttention only supports Ampere GPUs or newer.")


@pytest.mark.parametrize(
    ("attention", "right"),
    [
        (plain, True),
        (lambda *rows, **more: plain(*rows, **more) * 1.2, False),
        (lambda q, k, v, *rest, **more: plain(q, k, v, *rest, **more).detach(), False),
        (broken, False),
        (None, False),
    ],
)
def test_taken_only_if_it_is_right(monkeypatch, attention, right):
    monkeypatch.setattr(varlen, "varlen_attn", attention)
    assert varlen.is_right(CPU, torch.float32, 8) is right


@pytest.mark.parametrize(
    ("change", "dropout", "usable"),
    [
        ({}, 0.0, True),
        ({}, 0.1, False),
        ({"is_cuda": False}, 0.0, False),
        ({"dtype": torch.float32}, 0.0, False),
    ],
)
def test_taken_on_a_gpu_in_half_precision_without_dropout(monkeypatch, change, dropout, usable):
    monkeypatch.setattr(varlen, "is_right", lambda device, dtype, width: width == 8)
    query = SimpleNamespace(
        **{"is_cuda": True, "dtype": torch.bfloat16, "device": "cuda:0", "shape": (1, 2, 3, 8)}
        | change
    )
    assert varlen.is_usable(query, dropout) is usable


@pytest.mark.parametrize("scale", [None, 0.3])
def test_the_scale_that_models_pass_reaches_it(monkeypatch, scale):
    monkeypatch.setattr(varlen, "varlen_attn", plain)
    rows = torch.randn(3, 2, 7, 8, generator=torch.Generator().manual_seed(1))
    boundaries = torch.tensor([0, 4, 7], dtype=torch.int32)
    found = varlen.one_call_attention(*rows, boundaries, 4, scale)
    for start, end in ((0, 4), (4, 7)):
        query, key, value = (part[None, :, start:end] for part in rows)
        expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=scale)
        torch.testing.assert_close(found[start:end], expected[0].transpose(0, 1))
