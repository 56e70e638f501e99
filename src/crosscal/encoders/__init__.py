"""Pretrained encoders: find one, load it, run it on packed batches, trim its vocabulary.

Names that need torch are imported on first use, so that the rest of crosscal
can ask about encoders without having it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crosscal.encoders.architectures import encoder_config
from crosscal.encoders.loading import (
    PACKAGED,
    fingerprint,
    load_encoder,
    load_tokenizer,
    locate_encoder,
)
from crosscal.encoders.packaged import cache_folder, packaged_encoder
from crosscal.encoders.vocabulary import Vocabulary

if TYPE_CHECKING:
    from crosscal.encoders.packing import PackedBatch, encode
    from crosscal.encoders.trimming import load_weights, save_weights, trim

__all__ = [
    "PACKAGED",
    "PackedBatch",
    "Vocabulary",
    "cache_folder",
    "encode",
    "encoder_config",
    "fingerprint",
    "load_encoder",
    "load_tokenizer",
    "load_weights",
    "locate_encoder",
    "packaged_encoder",
    "save_weights",
    "trim",
]

_WITH_TORCH = {
    "PackedBatch": "packing",
    "encode": "packing",
    "load_weights": "trimming",
    "save_weights": "trimming",
    "trim": "trimming",
}


def __getattr__(name: str) -> object:
    if name in _WITH_TORCH:
        return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
