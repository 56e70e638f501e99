"""The training loop: read it from top to bottom, there is nothing behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crosscal.artifacts import disk_errors, flush, read_checked, sha256_file, write_checked
from crosscal.encoders.packing import PackedBatch, padding_share
from crosscal.encoders.trimming import embedding_name, embedding_table, save_weights
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import ArtifactError, DataError
from crosscal.training.adapters import merged_parameters
from crosscal.training.batches import Indices
from crosscal.training.checkpoint import (
    CHECKPOINT,
    LOG,
    Progress,
    discard_state,
    drop_checkpoints,
    load_state,
    save_state,
    staged_file,
)
from crosscal.training.collate import TrainingBatch, collate, mask
from crosscal.training.evaluation import evaluate, is_best, mean_evaluation
from crosscal.training.losses import training_loss
from crosscal.training.mixing import Step, TrainingTask, plan_steps
from crosscal.training.model import Model
from crosscal.training.precision import Precision, default_device
from crosscal.training.prefetching import prefetch
from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import Mixture, TrainingSettings
from crosscal.training.step_log import StepLog

_MASKS = 0x6D61736B


def train(
    model: Model,
    vocabulary: Vocabulary,
    tasks: Sequence[TrainingTask],
    settings: TrainingSettings,
    *,
    mixture: Mixture,
    seed: int,
    folder: Path,
    checkpoint_seconds: float = 120.0,
    report: ReportProgress = lambda step, steps, note="": None,
) -> Progress:
    """Train a model and leave its best checkpoint in a folder.

    Parameters
    ----------
    model, vocabulary : Model, Vocabulary
        Encoder, trimmed to the vocabulary, and a head for each task.
    tasks : sequence of TrainingTask
        What is trained on, and the English development examples that choose the checkpoint; of
        several tasks the mean of their scores does.
    seed : int
        Of the order of the examples, of masks and of dropout.
    folder : Path
        Receives ``encoder.safetensors``, ``heads.npz`` (of the best checkpoint) and
        ``log.jsonl`` (a line a step); ``state.safetensors`` while interrupted.
    checkpoint_seconds : float
        How often the state is saved; has no influence on the result.
    report : callable
        Called with steps done, steps in all, and the loss and development accuracy in words.

    Raises
    ------
    StageFailed
        If the loss stops being finite.
    DataError
        If none of a task's development examples says what is right.
    """
    for task in tasks:
        if task.development is not None and not (np.asarray(task.development.gold) >= 0).any():
            raise DataError(
                "none of the development examples says what is right",
                where=task.name,
                remedy="Checkpoints are chosen on them: give a set with labels or answers",
            )
    outcome = folder / "outcome.checked"
    state = folder / "state.safetensors"
    finished = _finished(outcome)
    if finished is not None:
        finished.publish(folder)
        discard_state(state)
        return finished
    device = default_device()
    precision = Precision(settings.precision, device)
    torch.manual_seed(seed)  # dropout; the order has a generator of its own
    model.to(device)
    optimizer = _optimizer(model, settings)

    plan = plan_steps(tasks, mixture, settings, seed)
    eval_steps = {
        round(len(plan) * (i + 1) / settings.evaluations) for i in range(settings.evaluations)
    }
    progress, unusable = Progress(precision=precision.name), ""
    try:
        progress = load_state(state, model, optimizer, precision=precision.name)
    except ArtifactError as error:
        unusable = str(error)
    if unusable:  # begin anew, better than to wait for someone who removes the file
        report(0, len(plan), unusable)
        discard_state(state)  # not above: the error holds the file open
        drop_checkpoints(folder)
    table = embedding_table(model.encoder).weight
    saved = time.monotonic()
    ahead, every = _pace(device)
    numbers = range(progress.step + 1, len(plan) + 1)
    make = partial(_batch, tasks, plan, vocabulary, seed, device)

    with (
        disk_errors(folder),
        closing(StepLog(folder / LOG, progress.log_bytes, steps=len(plan), every=every)) as log,
        closing(prefetch(make, numbers, ahead)) as batches,
    ):
        for step in numbers:
            batch = next(batches)
            learning_rate = _learning_rate(step, len(plan), settings)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate

            model.train()
            task, groups = tasks[plan[step - 1].task], plan[step - 1].groups
            with precision.autocast():
                scores = model(batch.packed, batch.scored_positions, task.name)  # (R, C)
            logits = batch.candidate_logits(scores)
            loss = training_loss(logits, batch.gold, settings, any_known=batch.any_known)
            precision.backward(loss, optimizer)
            norm = _clip(model, table, batch.packed if task.outputs else None, settings.clip)
            precision.step(optimizer)
            optimizer.zero_grad()

            line = {
                "step": step,
                "task": task.name,
                "languages": _languages(task, groups),
                "learning_rate": learning_rate,
                "examples": batch.packed.size,
                "tokens": len(batch.packed.ids),
                "padding": padding_share(model.encoder, batch.packed),
            }
            log.add(line, loss, norm)

            progress.step = step
            progress.tokens += len(batch.packed.ids)
            if step in eval_steps:
                log.fetch()
                with precision.autocast():
                    scores_of = {
                        task.name: evaluate(model, vocabulary, task, settings.batch_tokens)
                        for task in tasks
                        if task.development is not None
                    }
                evaluation = mean_evaluation([*scores_of.values()])
                progress.evaluations.append({"step": step, **evaluation})
                log.note(step=step, development=scores_of)
                if is_best(progress.evaluations, settings.select_by):
                    progress.best_step = step
                    progress.best_files = _save_model(model, vocabulary, folder, step)
            report(step, len(plan), log.recent.words(progress.evaluations))
            if time.monotonic() - saved > checkpoint_seconds:
                progress.log_bytes = log.sync()
                save_state(state, model, optimizer, progress)
                drop_checkpoints(folder, progress.best_step)
                saved = log.since = time.monotonic()
        progress.log_bytes = log.sync()
    # In this order: killed in between, the stage finds its outcome and trains no step again.
    write_checked(outcome, json.dumps(asdict(progress)).encode())
    progress.publish(folder)
    discard_state(state)
    return progress


def _pace(device: torch.device) -> tuple[int, int]:
    """Return how many batches are made ahead, and of how many steps the losses are read at once."""
    # A GPU is not to wait between steps, neither for a batch nor for someone who reads a loss.
    return (4, 20) if device.type == "cuda" else (0, 1)


def _batch(
    tasks: Sequence[TrainingTask],
    plan: Sequence[Step],
    vocabulary: Vocabulary,
    seed: int,
    device: torch.device,
    step: int,
) -> TrainingBatch:
    """Gather what a step (counted from 1) trains on."""
    task, groups = tasks[plan[step - 1].task], plan[step - 1].groups
    if task.outputs:
        batch = collate(task.examples, groups, vocabulary, task.outputs)
    else:
        generator = np.random.default_rng([seed, _MASKS, step])
        batch = mask(task.examples, groups, vocabulary, generator)
    return batch.to(device)


def _optimizer(model: Model, settings: TrainingSettings) -> torch.optim.AdamW:
    table = f"encoder.{embedding_name(model.encoder)}"
    decayed: list[nn.Parameter] = []
    no_decay: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        # Rows that a batch lacks would otherwise decay, and a trimmed table train differently.
        is_decayed = parameter.ndim >= 2 and name != table and "embeddings" not in name
        (decayed if is_decayed else no_decay).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def _learning_rate(step: int, steps: int, settings: TrainingSettings) -> float:
    """Linear rise over the warm-up, then linear fall to 0 behind the last step."""
    warmup = settings.warmup * steps
    share = step / warmup if step < warmup else (steps + 1 - step) / max(1.0, steps + 1 - warmup)
    return settings.learning_rate * min(1.0, share)


def _clip(model: Model, table: Tensor, batch: PackedBatch | None, limit: float) -> Tensor:
    """Scale the gradient to a norm of at most `limit`; returns the norm before."""
    # Only the table's rows of this batch can have a gradient. Looking at no others makes the norm,
    # and so training, the same to the bit for every vocabulary.
    others = [p.grad for p in model.parameters() if p.grad is not None and p is not table]
    parts = list(others)
    used = torch.arange(len(table), device=table.device) if batch is None else batch.used_ids
    if table.requires_grad:
        if table.grad is None:
            raise ValueError("the embedding table has no gradient")
        parts.insert(0, table.grad[used])
    norm: Tensor = torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(p) for p in parts])
    )
    # Elsewhere than on a processor, to ask for the norm would be to wait for it.
    if norm.device.type != "cpu" or norm > limit:
        factor = (limit / norm).clamp(max=1.0)
        for grad in others:
            grad.mul_(factor)
        if table.grad is not None:
            table.grad[used] = parts[0] * factor
    return norm


def _languages(task: TrainingTask, groups: Indices) -> dict[str, int]:
    """Count the groups of each language."""
    if not len(task.languages):
        return {}
    codes, counts = np.unique(task.languages[groups], return_counts=True)
    return dict(zip(codes.tolist(), counts.tolist(), strict=True))


def _finished(outcome: Path) -> Progress | None:
    """Return how an interrupted stage's training ended, None if it did not or files are lost."""
    content = read_checked(outcome)
    if content is None:
        return None
    progress = Progress(**json.loads(content))
    return progress if progress.best_files and progress.is_in(outcome.parent) else None


def _save_model(model: Model, vocabulary: Vocabulary, folder: Path, step: int) -> dict[str, str]:
    """Write encoder and heads as the checkpoint of a step; return their checksums."""
    # Of the heads, those that predict: a stage that follows takes none.
    heads = {
        f"{name}.{kind}": getattr(head, kind).detach().cpu().numpy()
        for name, head in zip(model.names, model.heads, strict=True)
        if isinstance(head, nn.Linear)
        for kind in ("weight", "bias")
    }
    encoder_file, heads_file = (staged_file(folder, name, step) for name in CHECKPOINT)
    save_weights(model.encoder, vocabulary, encoder_file, merged_parameters(model.encoder))
    with heads_file.open("wb") as stream:
        np.savez(stream, **heads)
    checksums = {}
    for name, path in zip(CHECKPOINT, (encoder_file, heads_file), strict=True):
        flush(path)
        checksums[name] = sha256_file(path)
    return checksums
