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
from torch import nn

from crosscal.artifacts import disk_errors, flush, read_checked, sha256_file, write_checked
from crosscal.encoders.packing import padding_share
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
from crosscal.training.evaluation import evaluate, is_best, mean_evaluation
from crosscal.training.losses import training_loss
from crosscal.training.mixing import TrainingTask, plan_steps
from crosscal.training.model import Model
from crosscal.training.parallel.gradients import add_up_gradients, clip_gradients
from crosscal.training.parallel.ranks import ALONE, Ranks
from crosscal.training.parallel.step_parts import step_parts
from crosscal.training.precision import Precision, default_device, full_speed
from crosscal.training.prefetching import prefetch
from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import Mixture, TrainingSettings
from crosscal.training.step_log import StepLog


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
    ranks: Ranks = ALONE,
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
    ranks : Ranks
        The processes that share each step, all of which call this; only the first one writes and
        returns how training ended.

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
    finished = _finished(outcome) if ranks.leads else None
    if finished is not None:
        finished.publish(folder)
        discard_state(state)
    if ranks.first_says([finished is not None])[0]:
        return finished or Progress()
    device = default_device()
    precision = Precision(settings.precision, device)
    torch.manual_seed(seed)  # dropout; the order has a generator of its own
    model.to(device)
    optimizer = _optimizer(model, settings)

    plan = plan_steps(tasks, mixture, settings, seed)
    eval_steps = {
        round(len(plan) * (i + 1) / settings.evaluations) for i in range(settings.evaluations)
    }
    progress, unusable = _resume(state, model, optimizer, precision.name, ranks)
    if unusable:
        report(0, len(plan), unusable)
    ranks.copy_first([parameter.detach() for parameter in model.parameters()])
    table = embedding_table(model.encoder).weight
    saved = time.monotonic()
    ahead, every = _pace(device)
    numbers = range(progress.step + 1, len(plan) + 1)
    most = settings.micro_batch_tokens
    make = partial(step_parts, tasks, plan, vocabulary, seed, device, most, ranks)
    log_file = folder / LOG if ranks.leads else None
    speed = full_speed(model.encoder, device, precision.name, ranks.size)
    open_log = partial(StepLog, steps=len(plan), every=every, full_speed=speed)

    with (
        disk_errors(folder),
        closing(open_log(log_file, progress.log_bytes)) as log,
        closing(prefetch(make, numbers, ahead)) as batches,
    ):
        for step in numbers:
            divided = next(batches)
            learning_rate = _learning_rate(step, len(plan), settings)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate

            model.train()
            ranks.seed_dropout(seed, step)
            task, groups = tasks[plan[step - 1].task], plan[step - 1].groups
            losses = []
            for batch in divided.parts:
                with precision.autocast():
                    scores = model(batch.packed, batch.scored_positions, task.name)  # (R, C)
                logits, known = batch.candidate_logits(scores), batch.any_known
                part_loss = training_loss(
                    logits, batch.gold, settings, any_known=known, n_known=divided.n_known
                )
                precision.backward(part_loss)
                losses.append(part_loss.detach())
            loss = torch.stack(losses).sum()
            add_up_gradients(model, table, divided.used_ids, loss, ranks)
            precision.unscale(optimizer)
            norm = clip_gradients(model, table, divided.used_ids, settings.clip)
            precision.step(optimizer)
            optimizer.zero_grad()

            line = {
                "step": step,
                "task": task.name,
                "languages": _languages(task, groups),
                "learning_rate": learning_rate,
                "examples": divided.sequences,
                "tokens": divided.tokens,
                "padding": padding_share(model.encoder, [part.packed for part in divided.parts]),
            }
            log.add(line, loss, norm)

            progress.step = step
            progress.tokens += divided.tokens
            if step in eval_steps:
                log.fetch()
                with precision.autocast():
                    scores_of = {
                        task.name: evaluate(model, vocabulary, task, settings.batch_tokens, ranks)
                        for task in tasks
                        if task.development is not None
                    }
                evaluation = mean_evaluation([*scores_of.values()])
                progress.evaluations.append({"step": step, **evaluation})
                log.note(step=step, development=scores_of)
                if ranks.leads and is_best(progress.evaluations, settings.select_by):
                    progress.best_step = step
                    progress.best_files = _save_model(model, vocabulary, folder, step)
            report(step, len(plan), log.recent.words(progress.evaluations))
            if ranks.leads and time.monotonic() - saved > checkpoint_seconds:
                progress.log_bytes = log.sync()
                save_state(state, model, optimizer, progress)
                drop_checkpoints(folder, progress.best_step)
                saved = log.since = time.monotonic()
        progress.log_bytes = log.sync()
    if not ranks.leads:
        return progress
    # In this order: killed in between, the stage finds its outcome and trains no step again.
    write_checked(outcome, json.dumps(asdict(progress)).encode())
    progress.publish(folder)
    discard_state(state)
    return progress


def _resume(
    state: Path, model: Model, optimizer: torch.optim.Optimizer, precision: str, ranks: Ranks
) -> tuple[Progress, str]:
    """Restore what an interrupted training left; return how far it was, or why it cannot be."""
    progress, unusable = Progress(precision=precision), ""
    try:
        if ranks.leads:
            progress = load_state(state, model, optimizer, precision=precision)
    except ArtifactError as error:
        unusable = str(error)
    if unusable:  # begin anew, better than to wait for someone who removes the file
        discard_state(state)  # not above: the error holds the file open
        drop_checkpoints(state.parent)
    if ranks.first_says([progress.step])[0] and not ranks.leads:
        progress = load_state(state, model, optimizer, precision=precision)
    return progress, unusable


def _pace(device: torch.device) -> tuple[int, int]:
    """Return how many batches are made ahead, and of how many steps the losses are read at once."""
    # A GPU is not to wait between steps, neither for a batch nor for someone who reads a loss.
    return (4, 20) if device.type == "cuda" else (0, 1)


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
