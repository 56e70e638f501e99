"""Embedding as a stage: the vectors of a task's sentences, by the encoder as a recipe left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crosscal.data.examples import SentenceExample
from crosscal.encoders.architectures import token_types
from crosscal.encoders.loading import load_tokenizer
from crosscal.tasks import InputLimits
from crosscal.tasks.families.sentence_tokens import sentence_tokens
from crosscal.tasks.retrieval.search import EVERY_LAYER
from crosscal.training.embedding import embed
from crosscal.training.settings import ModelSettings
from crosscal.training.stage import torch_session, trained_encoder


def embed_stage(
    model_settings: ModelSettings,
    examples: Mapping[str, Sequence[SentenceExample]],
    inputs: Mapping[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
    *,
    layer: int | str | None,
    prefix: str,
    max_length: int,
    threads: int,
) -> dict[str, Any]:
    """Embed the sentences of every split."""
    folder = model_settings.encoder
    limits = InputLimits(max_length=max_length, token_types=token_types(folder))
    tokenizer = load_tokenizer(folder)
    tokens = {
        split: sentence_tokens(tokenizer, part, limits, prefix=prefix)
        for split, part in examples.items()
    }
    with torch_session(threads):
        weights = inputs["model"] / "encoder.safetensors" if "model" in inputs else None
        ids = [part.ids for part in tokens.values()]
        encoder, vocabulary = trained_encoder(model_settings, weights, ids)
        total = sum(len(part) for part in tokens.values())
        done = 0
        last = encoder.config.num_hidden_layers
        layers = None if layer == EVERY_LAYER else [last if layer is None else int(layer)]
        for split, part in tokens.items():
            embed(
                encoder,
                vocabulary,
                part,
                scratch / f"{split}.npy",
                layers=layers,
                pooling=model_settings.pooling,
                report=lambda count, before=done: report(before + count, total),  # type: ignore[misc]
            )
            done += len(part)
    return {
        "examples": total,
        "tokens": sum(len(part.ids) for part in tokens.values()),
        "truncated": sum(part.truncated for part in tokens.values()),
    }
