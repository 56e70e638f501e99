"""crosscal's own training and prediction, and what a step waits for."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pairs import GPU, LENGTH, TASK, WINDOW, Bench, Figures, spread, synchronise

from crosscal.tasks import EncodedDataset
from crosscal.training.loop import train
from crosscal.training.mixing import TrainingTask
from crosscal.training.predicting import predict
from crosscal.training.settings import Mixture, ModelSettings, TrainingSettings
from crosscal.training.stage import build_model

HEAD, OUTPUTS = "target", len(TASK.labels)


def settings_of(bench: Bench, tokens: int, epochs: float) -> TrainingSettings:
    """Return the settings that all peers are given too."""
    return TrainingSettings(
        epochs=epochs,
        learning_rate=bench.options.rate,
        batch_tokens=tokens,
        max_length=LENGTH,
        dropout=0.0,
        evaluations=1,
        select_by="last",
        precision=bench.options.precision,
    )


def task_of(examples: EncodedDataset, few: EncodedDataset) -> TrainingTask:
    return TrainingTask(name=HEAD, examples=examples, development=few, outputs=OUTPUTS)


def trained(
    bench: Bench,
    parts: dict[str, EncodedDataset],
    settings: TrainingSettings,
    seed: int,
    report: Any = lambda step, steps, note="": None,
) -> tuple[Any, list[dict[str, Any]]]:
    """Train as a stage of a study does; return the model with its vocabulary, and the step log."""
    model, vocabulary = model_of(bench, parts, seed)
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        train(
            model,
            vocabulary,
            [task_of(parts["train"], parts["dev"])],
            settings,
            mixture=Mixture(),
            seed=seed,
            folder=Path(name),
            checkpoint_seconds=math.inf,
            report=report,
        )
        lines = [json.loads(line) for line in Path(name, "log.jsonl").read_text().splitlines()]
    return (model, vocabulary), [line for line in lines if "loss" in line]


def model_of(bench: Bench, parts: dict[str, EncodedDataset], seed: int = 1) -> tuple[Any, Any]:
    model_settings = ModelSettings(encoder=bench.encoder, layers=None, pooling="mean", trim=True)
    ids = [part.ids for part in parts.values()]
    return build_model(model_settings, None, ids, {HEAD: OUTPUTS}, seed=seed)


def scores(bench: Bench, model: Any, examples: EncodedDataset) -> np.ndarray:
    """Predict as a stage of a study does."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        return predict(*model, examples, Path(name, "shards"), head=HEAD, outputs=OUTPUTS)


def parts_to_train(bench: Bench) -> dict[str, EncodedDataset]:
    return {name: bench.tokens(bench.examples[name]) for name in ("train", "dev")}


def epochs_of(bench: Bench, parts: dict[str, EncodedDataset], tokens: int, steps: int) -> float:
    return steps * tokens / len(parts["train"].ids)


def training(bench: Bench, parts: dict[str, EncodedDataset], tokens: int) -> Figures:
    """Train; speeds are those of the step log without its first steps."""
    warm, steps = bench.options.warm, bench.options.warm + bench.options.measured
    settings = settings_of(bench, tokens, epochs_of(bench, parts, tokens, steps))
    log = trained(bench, parts, settings, seed=1)[1][warm:]
    seconds = sum(line["seconds"] for line in log)
    usage = {"mfu": float(np.mean([line["mfu"] for line in log]))} if "mfu" in log[0] else {}
    return usage | {
        "examples_per_second": sum(line["examples"] for line in log) / seconds,
        "tokens_per_second": sum(line["tokens"] for line in log) / seconds,
        "milliseconds_a_step": 1e3 * seconds / len(log),
        "steps": len(log),
        "last_loss": float(np.mean([line["loss"] for line in log[-WINDOW:]])),
    }


def prediction(bench: Bench) -> Figures:
    """Score the texts that the pipeline is given; both with and without tokenisation."""
    examples = spread(bench.examples["train"], bench.options.predicted)
    bench.tokens(examples[:8])  # loads the tokenizer
    began = time.monotonic()
    tokens = bench.tokens(examples)
    tokenised = time.monotonic() - began
    model = model_of(bench, {"test": tokens})
    scores(bench, model, tokens)  # its memory is then there, as that of the pipeline
    synchronise()
    began = time.monotonic()
    scores(bench, model, tokens)
    scored = time.monotonic() - began
    return {
        "examples_per_second": len(examples) / (tokenised + scored),
        "scored_per_second": len(examples) / scored,
        "tokenised_per_second": len(examples) / tokenised,
        "examples": len(examples),
    }


class Watch:
    """Times some steps of a training as they are, then has the profiler see as many more."""

    def __init__(self, warm: int, steps: int) -> None:
        from torch.profiler import ProfilerActivity, profile

        # Without the processor's side, which would slow down what is measured.
        self._profile = profile(activities=[ProfilerActivity.CUDA])
        self._ends = (warm, warm + steps, warm + 2 * steps)
        self.seconds = 0.0

    def __call__(self, step: int, steps: int, note: str = "") -> None:
        """Be told of a step that was made."""
        if step in self._ends:
            synchronise()
        if step == self._ends[0]:
            self.seconds = -time.monotonic()
        elif step == self._ends[1]:
            self.seconds += time.monotonic()
            self._profile.start()
        elif step == self._ends[2]:
            self._profile.stop()

    def kernels(self) -> list[tuple[float, float]]:
        """Begin and end of whatever the device did, in microseconds."""
        return [
            (event.time_range.start, event.time_range.end)
            for event in self._profile.events()
            if event.device_type == torch.autograd.DeviceType.CUDA
            and not getattr(event, "is_user_annotation", False)  # stretches that have names
        ]


def busy_time(intervals: Iterable[tuple[float, float]]) -> float:
    """Return how long any of the intervals lasted, what overlaps counted once."""
    total, until = 0.0, -math.inf
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def launches(bench: Bench, parts: dict[str, EncodedDataset], tokens: int) -> Figures:
    """Measure for which share of a step the device waits for the next launch."""
    if not GPU:
        return {"left out": "nothing is launched without a GPU"}
    warm, count = bench.options.warm, 2 * WINDOW
    # Steps more than are watched: batches differ, and so does their number.
    epochs = epochs_of(bench, parts, tokens, warm + 3 * count)
    watch = Watch(warm, count)
    trained(bench, parts, settings_of(bench, tokens, epochs), seed=1, report=watch)
    kernels = watch.kernels()
    if not kernels:
        raise RuntimeError("the profiler saw nothing of the device (no right to its counters?)")
    step, busy = 1e3 * watch.seconds / count, busy_time(kernels) / 1e3 / count
    return {
        "milliseconds_a_step": step,
        "busy_milliseconds_a_step": busy,
        "busy_share": busy / step,
        "kernels_a_step": len(kernels) / count,
    }
