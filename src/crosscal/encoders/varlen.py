"""Attention of all sequences of a packed batch in one call, where torch and the GPU have it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

varlen_attn: Callable[..., Tensor] | None
try:
    from torch.nn.attention import varlen
except ImportError:  # an older torch
    varlen_attn = None
else:
    varlen_attn = varlen.varlen_attn  # type: ignore[assignment]  # of two results only if asked

_LENGTHS = (5, 3)
_HEADS = 2
_TOLERANCE = 0.05  # of values of size 1 in bf16


def one_call_attention(
    query: Tensor, key: Tensor, value: Tensor, boundaries: Tensor, longest: int, scale: float | None
) -> Tensor:
    """Mix the values of each sequence: from three of (heads, T, width) to (T, heads, width)."""
    assert varlen_attn is not None
    rows = (part.transpose(0, 1).contiguous() for part in (query, key, value))
    return varlen_attn(*rows, boundaries, boundaries, longest, longest, scale=scale)


def is_usable(query: Tensor, dropout: float) -> bool:
    """Whether attention of this kind can be had in one call: on a GPU, in half precision."""
    return (
        not dropout  # it has none
        and query.is_cuda
        and query.dtype in (torch.bfloat16, torch.float16)
        and is_right(query.device, query.dtype, query.shape[-1])
    )


@cache
def is_right(device: torch.device, dtype: torch.dtype, width: int) -> bool:
    """Whether it is there and gives, forwards and backwards, what the plain kind does."""
    if varlen_attn is None:
        return False
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(3, _HEADS, sum(_LENGTHS), width, generator=generator).to(device, dtype)
    boundaries = torch.tensor([0, _LENGTHS[0], sum(_LENGTHS)], dtype=torch.int32, device=device)

    def outcomes(in_one_call: bool) -> tuple[Tensor, Tensor]:
        given = rows.clone().requires_grad_()
        if in_one_call:
            query, key, value = given
            mixed = one_call_attention(query, key, value, boundaries, max(_LENGTHS), None)
        else:
            parts = zip(*(part.split(_LENGTHS, dim=1) for part in given), strict=True)
            each = [scaled_dot_product_attention(*(p[None] for p in part))[0] for part in parts]
            mixed = torch.cat([part.transpose(0, 1) for part in each])
        torch.autograd.backward(mixed.float().square().sum())
        assert given.grad is not None
        return mixed.detach().float(), given.grad.float()

    try:
        with torch.enable_grad():
            pairs = zip(outcomes(True), outcomes(False), strict=True)
            return all(torch.allclose(a, b, atol=_TOLERANCE, rtol=_TOLERANCE) for a, b in pairs)
    except (RuntimeError, NotImplementedError, TypeError):  # another card or another version
        return False
