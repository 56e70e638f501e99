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
from crosscal.training.stage import reproducible, trained_encoder


def embed_stage(
    settings: dict[str, Any],
    parameters: dict[str, Any],
    examples: Mapping[str, Sequence[SentenceExample]],
    inputs: dict[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    """Embed the sentences of every split."""
    folder = Path(parameters["encoder"])
    limits = InputLimits(max_length=settings["max_length"], token_types=token_types(folder))
    tokenizer = load_tokenizer(folder)
    tokens = {
        split: sentence_tokens(tokenizer, of_split, limits, prefix=settings["prefix"])
        for split, of_split in examples.items()
    }
    with reproducible(settings["threads"]):
        weights = inputs["model"] / "encoder.safetensors" if "model" in inputs else None
        ids = [dataset.ids for dataset in tokens.values()]
        encoder, vocabulary = trained_encoder(settings, folder, weights, ids)
        total = sum(len(dataset) for dataset in tokens.values())
        done = 0
        layer = settings["layer"]
        layers = None if layer == EVERY_LAYER else [layer]
        if layer is None:
            layers = [encoder.config.num_hidden_layers]
        for split, dataset in tokens.items():
            embed(
                encoder,
                vocabulary,
                dataset,
                scratch / f"{split}.npy",
                layers=layers,
                pooling=settings["pooling"],
                report=lambda count, before=done: report(before + count, total),  # type: ignore[misc]
            )
            done += len(dataset)
    return {
        "examples": total,
        "tokens": sum(len(dataset.ids) for dataset in tokens.values()),
        "truncated": sum(dataset.truncated for dataset in tokens.values()),
    }
