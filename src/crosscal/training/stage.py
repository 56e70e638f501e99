"""Training and prediction as stages: from artifacts to artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from crosscal.encoders.loading import load_encoder
from crosscal.encoders.packing import check_padding
from crosscal.encoders.trimming import embedding_table, load_weights, saved_rows, trim
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.label_order import MOST_ORDERED, permuted_labels
from crosscal.memory import freed_memory_kept
from crosscal.tasks import FAMILIES, EncodedDataset, mean_scores
from crosscal.training.adapters import add_adapters
from crosscal.training.freezing import checkpoint_layers, freeze_layers
from crosscal.training.loop import train
from crosscal.training.mixing import TrainingTask
from crosscal.training.model import Model
from crosscal.training.parallel.ranks import current_ranks
from crosscal.training.precision import default_device
from crosscal.training.predicting import predict
from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import HeadSettings, Mixture, ModelSettings, TrainingSettings

_HEAD = ("weight", "bias")


@contextmanager
def torch_session(threads: int) -> Iterator[None]:
    """Fix the number of threads and torch's random state, and put both back afterwards.

    Meanwhile freed memory is kept for the next step.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(), freed_memory_kept():
            yield
    finally:
        torch.set_num_threads(before)


def train_stage(
    model_settings: ModelSettings,
    heads: Sequence[HeadSettings],
    inputs: Mapping[str, Path],
    scratch: Path,
    report: ReportProgress,
    *,
    training: TrainingSettings,
    mixture: Mixture,
    seed: int,
    threads: int,
    checkpoint_seconds: float,
) -> dict[str, Any]:
    """Train on one task or several, from the pretrained encoder or from another stage's.

    `inputs` are ``train:NAME`` and ``dev:NAME`` of every head, ``start`` if there is an earlier
    stage. Fills the folder `scratch`, reports (steps done, steps in all), and returns development
    scores, best step and tokens seen. torch computes with so many threads; the rest as in `train`.
    """
    parts = [_part(head, inputs) for head in heads]
    start = inputs.get("start")
    with torch_session(threads):
        model, vocabulary = build_model(
            model_settings,
            None if start is None else start / "encoder.safetensors",
            [ids for part in parts for ids in _tokens(part)],
            {part.name: part.outputs for part in parts},
            seed=seed,
            dropout=training.dropout,
            biases={head.name: FAMILIES[head.family].bias for head in heads},
        )
        freeze_layers(model.encoder, training.frozen_layers)
        add_adapters(model.encoder, training, seed=seed)
        if training.gradient_checkpointing:
            checkpoint_layers(model.encoder)
        ranks = current_ranks()
        progress = train(
            model,
            vocabulary,
            parts,
            training,
            mixture=mixture,
            seed=seed,
            folder=scratch,
            checkpoint_seconds=checkpoint_seconds,
            report=report,
            ranks=ranks,
        )
    if not ranks.leads:
        return {}
    best = next(e for e in progress.evaluations if e["step"] == progress.best_step)
    return {
        "evaluations": progress.evaluations,
        "best_step": progress.best_step,
        "steps": progress.step,
        "development": best,
        "vocabulary": len(vocabulary),
        "tokens": progress.tokens,
        "precision": progress.precision,
        "device": default_device().type,
        "parts": [head.model_dump(mode="json") for head in heads],
    }


def _part(head: HeadSettings, inputs: Mapping[str, Path]) -> TrainingTask:
    name, family = head.name, FAMILIES[head.family]
    development = inputs.get(f"dev:{name}")
    examples = EncodedDataset.load(inputs[f"train:{name}"])
    languages = np.array(examples.units["language"].to_pylist(), dtype=np.str_)
    return TrainingTask(
        name=name,
        examples=examples,
        development=None if development is None else EncodedDataset.load(development),
        outputs=family.outputs(head.labels),
        languages=languages[family.units_of(examples)],
    )


def _tokens(part: TrainingTask) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    """All ids that a part can show the model."""
    found = [part.examples.ids]
    if part.development is not None:
        found.append(part.development.ids)
    if "mask" in part.examples.arrays:
        found.append(np.asarray(part.examples.arrays["mask"], dtype=np.int32))
    return found


def predict_stage(
    model_settings: ModelSettings,
    head: HeadSettings,
    inputs: Mapping[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
    *,
    threads: int,
    dropout_samples: int,
    dropout: float,
) -> dict[str, Any]:
    """Score the English development examples and the test examples of every language.

    `inputs` are ``model``, and any of ``dev``, ``test``, ``calibration``. Fills `scratch` with
    ``dev.npy`` and ``test.npy``, reports (groups done, groups in all), and averages so many
    predictions, each with its own dropout, as there are `dropout_samples`; 0: one without.
    Returns examples and tokens scored, and the order of the labels that the English development
    scores speak for, if it is another than the task's.
    """
    outputs = FAMILIES[head.family].outputs(head.labels)
    splits = [split for split in ("dev", "test", "calibration") if split in inputs]
    tokens = {split: EncodedDataset.load(inputs[split]) for split in splits}
    with torch_session(threads):
        model, vocabulary = build_model(
            model_settings,
            inputs["model"] / "encoder.safetensors",
            [examples.ids for examples in tokens.values()],
            {head.name: outputs},
            dropout=dropout,
            heads=inputs["model"] / "heads.npz",
        )
        seeds: list[int | None] = list(range(dropout_samples)) if dropout_samples else [None]
        total = len(seeds) * sum(len(examples) for examples in tokens.values())
        done = 0
        ranks = current_ranks()
        suspected: tuple[str, ...] | None = None
        for split, examples in tokens.items():
            sampled = []
            for seed in seeds:
                sampled.append(
                    predict(
                        model,
                        vocabulary,
                        examples,
                        scratch / f"{split}.shards{'' if seed is None else seed}",
                        head=head.name,
                        outputs=outputs,
                        dropout_seed=seed,
                        report=lambda count, before=done: report(before + count, total),  # type: ignore[misc]
                        ranks=ranks,
                    )
                )
                done += len(examples)
            if not ranks.leads:
                continue
            scores = sampled[0] if seeds == [None] else mean_scores(examples, sampled)
            np.save(scratch / f"{split}.npy", scores)
            if (
                split == "dev"
                and examples.softmax_over == "labels"
                and 2 <= outputs <= MOST_ORDERED
            ):
                known = np.asarray(examples.gold) >= 0
                gold = np.asarray(examples.gold, dtype=np.int64)[known]
                suspected = permuted_labels(scores[known].astype(np.float64), gold, head.labels)
    return {
        "examples": total,
        "tokens": len(seeds) * sum(len(examples.ids) for examples in tokens.values()),
        "labels_seem": suspected,
    }


def trained_encoder(
    settings: ModelSettings,
    weights: Path | None,
    tokens: list[np.ndarray[Any, np.dtype[np.int32]]],
) -> tuple[PreTrainedModel, Vocabulary]:
    """Load an encoder with trained weights over it, trimmed to the vocabulary of the tokens."""
    pretrained = load_encoder(settings.encoder, layers=settings.layers)
    check_padding(pretrained)
    if weights is not None:
        load_weights(pretrained, weights)
    if not settings.trim:
        return pretrained, Vocabulary.full(embedding_table(pretrained).num_embeddings)
    vocabulary = Vocabulary.of(tokens, pad=int(pretrained.config.pad_token_id or 0))
    trim(pretrained, vocabulary)
    return pretrained, vocabulary


def build_model(
    settings: ModelSettings,
    weights: Path | None,
    tokens: list[np.ndarray[Any, np.dtype[np.int32]]],
    outputs: dict[str, int],
    *,
    seed: int = 0,
    dropout: float = 0.0,
    biases: Mapping[str, Sequence[float]] = MappingProxyType({}),
    heads: Path | None = None,
) -> tuple[Model, Vocabulary]:
    """Assemble encoder, trained weights and heads over the vocabulary that the tokens need.

    `tokens` are all ids that the model will meet; rows of the trained `weights` stay in the
    vocabulary too, because training changed them and later stages must find them again. `outputs`
    are scores a row of each head; 0 for the vocabulary. Without trained `heads` new ones are drawn
    from the seed; `biases` are what those start with that start with another than 0.
    """
    earlier = [] if weights is None or heads is not None else [saved_rows(weights).ids]
    pretrained, vocabulary = trained_encoder(settings, weights, [*tokens, *earlier])
    model = Model(
        pretrained,
        outputs,
        pooling=settings.pooling,
        dropout=dropout,
        seed=seed,
    )
    with torch.no_grad():
        for name, bias in biases.items():
            if bias:
                model.head(name).get_parameter("bias").copy_(torch.tensor(bias))
        if heads is not None:
            stored = np.load(heads)
            for name in outputs:
                head = {kind: torch.from_numpy(stored[f"{name}.{kind}"]) for kind in _HEAD}
                model.head(name).load_state_dict(head)
    return model, vocabulary
