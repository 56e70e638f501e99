"""Training and prediction as stages: from artifacts to artifacts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from crosscal.encoders.loading import load_encoder
from crosscal.encoders.trimming import embedding_table, load_weights, saved_rows, trim
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.tasks import FAMILIES, MOST_ORDERED, EncodedDataset, mean_scores, permuted_labels
from crosscal.training.loop import train
from crosscal.training.mixing import TrainingTask
from crosscal.training.model import Model
from crosscal.training.predicting import predict
from crosscal.training.settings import Mixture, TrainingSettings

_HEAD = ("weight", "bias")


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Fix the number of threads and torch's random state, and put both back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(before)


def train_stage(
    settings: dict[str, Any],
    parameters: dict[str, Any],
    inputs: dict[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    """Train on one task or several, from the pretrained encoder or from another stage's.

    `inputs` are ``train:NAME`` and ``dev:NAME`` of every task, and ``start`` if there is an
    earlier stage. Returns the summary for the manifest.
    """
    training = TrainingSettings(**settings["training"])
    tasks = [_training_task(part, inputs) for part in settings["parts"]]
    start = inputs.get("start")
    with reproducible(settings["threads"]):
        model, vocabulary = build_model(
            settings,
            Path(parameters["encoder"]),
            None if start is None else start / "encoder.safetensors",
            [ids for task in tasks for ids in _token_ids(task)],
            {task.name: task.outputs for task in tasks},
            dropout=training.dropout,
            biases={part["name"]: FAMILIES[part["family"]].bias for part in settings["parts"]},
        )
        progress = train(
            model,
            vocabulary,
            tasks,
            training,
            mixture=Mixture(**settings["mixture"]),
            seed=settings["seed"],
            folder=scratch,
            checkpoint_seconds=parameters["checkpoint_seconds"],
            report=report,
        )
    best = next(e for e in progress.evaluations if e["step"] == progress.best_step)
    return {
        "evaluations": progress.evaluations,
        "best_step": progress.best_step,
        "steps": progress.step,
        "development": best,
        "vocabulary": len(vocabulary),
        "tokens": _tokens_seen(scratch / "log.jsonl"),
        "parts": settings["parts"],
    }


def _tokens_seen(log: Path) -> int:
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return sum(int(line.get("tokens", 0)) for line in lines)


def _training_task(part: dict[str, Any], inputs: dict[str, Path]) -> TrainingTask:
    name, family = part["name"], FAMILIES[part["family"]]
    development = inputs.get(f"dev:{name}")
    examples = EncodedDataset.load(inputs[f"train:{name}"])
    languages = np.array(examples.units["language"].to_pylist(), dtype=np.str_)
    return TrainingTask(
        name=name,
        examples=examples,
        development=None if development is None else EncodedDataset.load(development),
        outputs=family.outputs(part["labels"]),
        languages=languages[family.units_of(examples)],
    )


def _token_ids(task: TrainingTask) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    """All ids that a task can show the model."""
    ids = [task.examples.ids]
    if task.development is not None:
        ids.append(task.development.ids)
    if "mask" in task.examples.arrays:
        ids.append(np.asarray(task.examples.arrays["mask"], dtype=np.int32))
    return ids


def predict_stage(
    settings: dict[str, Any],
    parameters: dict[str, Any],
    inputs: dict[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    """Score the English development examples and the test examples of every language.

    `inputs` are ``model``, ``dev``, ``test``; `scratch` receives ``dev.npy`` and ``test.npy``.
    """
    part = settings["part"]
    family = FAMILIES[part["family"]]
    outputs = family.outputs(part["labels"])
    splits = [split for split in ("dev", "test", "calibration") if split in inputs]
    tokens = {split: EncodedDataset.load(inputs[split]) for split in splits}
    with reproducible(settings["threads"]):
        model, vocabulary = build_model(
            settings,
            Path(parameters["encoder"]),
            inputs["model"] / "encoder.safetensors",
            [examples.ids for examples in tokens.values()],
            {part["name"]: outputs},
            dropout=settings["prediction"]["dropout"],
            heads=inputs["model"] / "heads.npz",
        )
        samples = settings["prediction"]["dropout_samples"]
        seeds: list[int | None] = list(range(samples)) if samples else [None]
        total = len(seeds) * sum(len(examples) for examples in tokens.values())
        done = 0
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
                        head=part["name"],
                        outputs=outputs,
                        dropout_seed=seed,
                        report=lambda count, before=done: report(before + count, total),  # type: ignore[misc]
                    )
                )
                done += len(examples)
            scores = sampled[0] if seeds == [None] else mean_scores(examples, sampled)
            np.save(scratch / f"{split}.npy", scores)
            if (
                split == "dev"
                and examples.softmax_over == "labels"
                and 2 <= outputs <= MOST_ORDERED
            ):
                known = np.asarray(examples.gold) >= 0
                gold = np.asarray(examples.gold, dtype=np.int64)[known]
                suspected = permuted_labels(scores[known].astype(np.float64), gold, part["labels"])
    return {
        "examples": total,
        "tokens": len(seeds) * sum(len(examples.ids) for examples in tokens.values()),
        "labels_seem": suspected,
    }


def trained_encoder(
    settings: dict[str, Any],
    encoder: Path,
    weights: Path | None,
    tokens: list[np.ndarray[Any, np.dtype[np.int32]]],
) -> tuple[PreTrainedModel, Vocabulary]:
    """Load an encoder with trained weights over it, trimmed to the vocabulary of the tokens."""
    pretrained = load_encoder(encoder, layers=settings["layers"])
    if weights is not None:
        load_weights(pretrained, weights)
    if not settings["trim"]:
        return pretrained, Vocabulary.full(embedding_table(pretrained).num_embeddings)
    vocabulary = Vocabulary.of(tokens, pad=int(pretrained.config.pad_token_id or 0))
    trim(pretrained, vocabulary)
    return pretrained, vocabulary


def build_model(
    settings: dict[str, Any],
    encoder: Path,
    weights: Path | None,
    tokens: list[np.ndarray[Any, np.dtype[np.int32]]],
    outputs: dict[str, int],
    *,
    dropout: float = 0.0,
    biases: Mapping[str, Sequence[float]] = MappingProxyType({}),
    heads: Path | None = None,
) -> tuple[Model, Vocabulary]:
    """Assemble encoder, trained weights and heads over the vocabulary that the tokens need.

    Parameters
    ----------
    settings : dict
        A stage's: ``layers``, ``pooling``, ``trim``; for training ``seed``.
    encoder : Path
        Folder of the pretrained encoder.
    weights : Path, optional
        Trained weights to lay over it. Their rows stay in the vocabulary, because training
        changed them and later stages must find them again.
    tokens : list of ndarray
        All token ids that the model will meet.
    outputs : dict of str to int
        Scores a row of each head; 0 for the vocabulary.
    dropout : float
        For training.
    biases : mapping of str to sequence of float
        What new heads start with, of those that start with another than 0.
    heads : Path, optional
        Trained heads; otherwise new ones are drawn from the seed.
    """
    earlier = [] if weights is None or heads is not None else [saved_rows(weights).ids]
    pretrained, vocabulary = trained_encoder(settings, encoder, weights, [*tokens, *earlier])
    model = Model(
        pretrained,
        outputs,
        pooling=settings["pooling"],
        dropout=dropout,
        seed=settings.get("seed", 0),
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
