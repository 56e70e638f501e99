"""Several tasks in one stage: which of them each step trains on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.training.batches import Indices, training_order
from crosscal.training.settings import Mixture, TrainingSettings

_ORDER = 0x7261696E
_TASKS = 0x6D697865


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """One task of a training stage, or the text of masked language modelling."""

    name: str  # names its head
    examples: EncodedDataset  # what is trained on
    # what chooses the checkpoint; None for masked language modelling
    development: EncodedDataset | None
    outputs: int  # scores a row; 0 for the vocabulary
    # language of each group of examples, for the step log; empty: unknown
    languages: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step trains on: groups of one task."""

    task: int
    groups: Indices


def shares(sizes: Sequence[int], mixture: Mixture) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of steps of each task; they sum to 1."""
    # ``capped``: Raffel et al. (2020), Phang et al. (2020) with cap 2^17; ``temperature``: Devlin
    # (2019).
    counts = np.asarray(sizes, dtype=np.float64)
    if mixture.sampling == "capped":
        counts = np.minimum(counts, mixture.cap)
    elif mixture.sampling == "uniform":
        counts = np.ones_like(counts)
    elif mixture.sampling == "temperature":
        counts = counts ** (1 / mixture.temperature)
    result: np.ndarray[tuple[int], np.dtype[np.float64]] = counts / counts.sum()
    return result


def plan_steps(
    tasks: Sequence[TrainingTask], mixture: Mixture, settings: TrainingSettings, seed: int
) -> list[Step]:
    """Plan all optimiser steps of a stage."""
    # One task alone is trained on ``epochs`` times, in order. Several have together as many steps
    # as they would have one after the other (each counted up to the cap). Masked language modelling
    # gets the share ``mixture.mlm`` of the steps, its texts equally.
    labelled = [i for i, task in enumerate(tasks) if task.examples.softmax_over != "vocabulary"]
    texts = [i for i, task in enumerate(tasks) if task.examples.softmax_over == "vocabulary"]
    streams = [_Stream(task.examples, settings, seed, i) for i, task in enumerate(tasks)]
    if len(labelled) == 1:
        (only,) = labelled
        steps = [Step(task=only, groups=groups) for groups in streams[only].epochs()]
    else:
        sizes = [len(tasks[i].examples) for i in labelled]
        weights = shares(sizes, mixture)
        batches = sum(
            streams[i].batches * min(1.0, mixture.cap / size if mixture.sampling == "capped" else 1)
            for i, size in zip(labelled, sizes, strict=True)
        )
        generator = np.random.default_rng([seed, _TASKS])
        total = max(1, round(batches * settings.epochs))
        order = generator.choice(labelled, size=total, p=weights)
        steps = [Step(task=int(i), groups=next(streams[i])) for i in order]
    return _with_texts(steps, texts, streams, mixture.mlm, seed) if texts else steps


def _with_texts(
    steps: list[Step], texts: list[int], streams: list[_Stream], share: float, seed: int
) -> list[Step]:
    generator = np.random.default_rng([seed, _TASKS, 1])
    total = round(len(steps) / (1 - share))
    text_steps = set(generator.permutation(total)[: total - len(steps)].tolist())
    labelled_steps = iter(steps)
    mixed = []
    for step in range(total):
        if step in text_steps:
            text = int(generator.choice(texts))
            mixed.append(Step(task=text, groups=next(streams[text])))
        else:
            mixed.append(next(labelled_steps))
    return mixed


class _Stream(Iterator[Indices]):
    """Batches of one task without end, every epoch in a new order."""

    def __init__(
        self, examples: EncodedDataset, settings: TrainingSettings, seed: int, task: int
    ) -> None:
        self._lengths = examples.lengths
        self._settings = settings
        self._generator = np.random.default_rng([seed, _ORDER, *([task] if task else [])])
        self._epoch_rest: list[Indices] = []
        self.batches = max(1, round(int(self._lengths.sum()) / settings.batch_tokens))

    def _epoch(self) -> list[Indices]:
        return training_order(
            self._lengths,
            batch_tokens=self._settings.batch_tokens,
            window_batches=self._settings.window_batches,
            generator=self._generator,
        )

    def __next__(self) -> Indices:
        if not self._epoch_rest:
            self._epoch_rest = self._epoch()[::-1]
        return self._epoch_rest.pop()

    def epochs(self) -> Iterator[Indices]:
        """Yield the batches of all epochs; the last one may be a part."""
        whole, fraction = divmod(self._settings.epochs, 1)
        for epoch in range(int(whole) + bool(fraction)):
            order = self._epoch()
            yield from order if epoch < whole else order[: max(1, round(len(order) * fraction))]
