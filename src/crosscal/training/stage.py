"""Training and prediction as stages: from artifacts to artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crosscal.encoders.loading import load_encoder
from crosscal.encoders.trimming import embedding_table, load_weights, saved_rows, trim
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.tasks import MOST_ORDERED, permuted_labels
from crosscal.training.loop import train
from crosscal.training.model import SequenceClassifier
from crosscal.training.predicting import predict
from crosscal.training.settings import TrainingSettings
from crosscal.training.tokens import TokenSet


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
    """Train on one task, starting from the pretrained encoder or from another stage's.

    Returns
    -------
    dict
        Development scores, best step, tokens seen.
    """
    chosen = TrainingSettings(**settings["training"])
    tokens = {split: TokenSet.load(inputs[split]) for split in ("train", "dev")}
    start = inputs.get("start")
    with reproducible(settings["threads"]):
        model, vocabulary = build_model(
            settings,
            Path(parameters["encoder"]),
            None if start is None else start / "encoder.safetensors",
            [tokens["train"].ids, tokens["dev"].ids],
            dropout=chosen.dropout,
        )
        progress = train(
            model,
            vocabulary,
            tokens["train"],
            tokens["dev"],
            chosen,
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
        "tokens": int(len(tokens["train"].ids) * chosen.epochs),
        "labels": settings["labels"],
    }


def predict_stage(
    settings: dict[str, Any],
    parameters: dict[str, Any],
    inputs: dict[str, Path],
    scratch: Path,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    """Score the English development examples and the test examples of every language.

    Returns
    -------
    dict
        Examples and tokens scored; the order of the labels that the English development
        scores speak for, if it is another than the task's.
    """
    tokens = {split: TokenSet.load(inputs[split]) for split in ("dev", "test")}
    with reproducible(settings["threads"]):
        model, vocabulary = build_model(
            settings,
            Path(parameters["encoder"]),
            inputs["model"] / "encoder.safetensors",
            [tokens["dev"].ids, tokens["test"].ids],
            head=inputs["model"] / "head.npz",
        )
        total = sum(len(part) for part in tokens.values())
        done = 0
        suspected: tuple[str, ...] | None = None
        for split, part in tokens.items():
            scores = predict(
                model,
                vocabulary,
                part,
                scratch / f"{split}.shards",
                lambda count, before=done: report(before + count, total),  # type: ignore[misc]
            )
            np.save(scratch / f"{split}.npy", scores)
            done += len(part)
            if split == "dev" and 2 <= len(parameters["labels"]) <= MOST_ORDERED:
                gold = np.asarray(part.gold, dtype=np.int64)
                suspected = permuted_labels(scores.astype(np.float64), gold, parameters["labels"])
    return {
        "examples": total,
        "tokens": sum(len(part.ids) for part in tokens.values()),
        "labels_seem": suspected,
    }


def build_model(
    settings: dict[str, Any],
    encoder: Path,
    weights: Path | None,
    tokens: list[np.ndarray[Any, np.dtype[np.int32]]],
    *,
    dropout: float = 0.0,
    head: Path | None = None,
) -> tuple[SequenceClassifier, Vocabulary]:
    """Assemble encoder, trained weights and head over the vocabulary that the tokens need.

    Parameters
    ----------
    settings : dict
        A stage's: ``layers``, ``pooling``, ``trim``; for training ``labels`` and ``seed``.
    encoder : Path
        Folder of the pretrained encoder.
    weights : Path, optional
        Trained weights to lay over it. Their rows stay in the vocabulary, because training
        changed them and later stages must find them again.
    tokens : list of ndarray
        All token ids that the model will meet.
    dropout : float
        For training.
    head : Path, optional
        A trained head; otherwise a new one is drawn from the seed.
    """
    pretrained = load_encoder(encoder, layers=settings["layers"])
    full = embedding_table(pretrained).num_embeddings
    vocabulary = Vocabulary.full(full)
    if weights is not None:
        load_weights(pretrained, weights)
    if settings["trim"]:
        earlier = [] if weights is None or head is not None else [saved_rows(weights).kept]
        pad = int(pretrained.config.pad_token_id or 0)
        vocabulary = Vocabulary.of([*tokens, *earlier], pad=pad)
        trim(pretrained, vocabulary)
    stored = None if head is None else np.load(head)
    model = SequenceClassifier(
        pretrained,
        len(settings["labels"]) if stored is None else len(stored["bias"]),
        pooling=settings["pooling"],
        dropout=dropout,
        seed=settings.get("seed", 0),
    )
    if stored is not None:
        with torch.no_grad():
            model.head.weight.copy_(torch.from_numpy(stored["weight"]))
            model.head.bias.copy_(torch.from_numpy(stored["bias"]))
    return model, vocabulary
