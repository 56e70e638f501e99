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
    """One task of a training stage.

    Attributes
    ----------
    name : str
        Names its head.
    examples : EncodedDataset
        What is trained on.
    development : EncodedDataset or None
        What chooses the checkpoint; None for masked language modelling.
    outputs : int
        Scores a row; 0 for the vocabulary.
    languages : ndarray of str
        Language of each group of examples, for the step log; empty: not told.
    """

    name: str
    examples: EncodedDataset
    development: EncodedDataset | None
    outputs: int
    languages: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step trains on: groups of one part."""

    part: int
    chosen: Indices


def shares(sizes: Sequence[int], mixture: Mixture) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of steps of each task.

    Parameters
    ----------
    sizes : sequence of int
        Examples of each task.
    mixture : Mixture
        ``proportional``: to size; ``capped``: to min(size, cap), Raffel et al. (2020) and Phang
        et al. (2020) with cap 2^17; ``uniform``; ``temperature``: to size^(1/T), Devlin (2019).

    Returns
    -------
    ndarray of float64
        Sums to 1.
    """
    counts = np.asarray(sizes, dtype=np.float64)
    if mixture.sampling == "capped":
        counts = np.minimum(counts, mixture.cap)
    elif mixture.sampling == "uniform":
        counts = np.ones_like(counts)
    elif mixture.sampling == "temperature":
        counts = counts ** (1 / mixture.temperature)
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = counts / counts.sum()
    return found


def plan_steps(
    parts: Sequence[TrainingTask], mixture: Mixture, settings: TrainingSettings, seed: int
) -> list[Step]:
    """Lay out all steps of a stage.

    Parameters
    ----------
    parts : sequence of TrainingTask
        Those over the vocabulary get the share ``mixture.mlm`` of the steps, equally.
    mixture : Mixture
        Shares of the others.
    settings : TrainingSettings
        One task alone is trained on ``epochs`` times, in order. Several have together as many
        steps as they would have one after the other (each counted up to the cap).
    seed : int
        Of every order.

    Returns
    -------
    list of Step
        One an optimiser step.
    """
    tasks = [i for i, part in enumerate(parts) if part.examples.over != "vocabulary"]
    texts = [i for i, part in enumerate(parts) if part.examples.over == "vocabulary"]
    streams = [_Stream(part.examples, settings, seed, i) for i, part in enumerate(parts)]
    if len(tasks) == 1:
        steps = [Step(part=tasks[0], chosen=chosen) for chosen in streams[tasks[0]].epochs()]
    else:
        sizes = [len(parts[i].examples) for i in tasks]
        weights = shares(sizes, mixture)
        counted = sum(
            streams[i].batches * min(1.0, mixture.cap / size if mixture.sampling == "capped" else 1)
            for i, size in zip(tasks, sizes, strict=True)
        )
        generator = np.random.default_rng([seed, _TASKS])
        total = max(1, round(counted * settings.epochs))
        drawn = generator.choice(tasks, size=total, p=weights)
        steps = [Step(part=int(i), chosen=next(streams[i])) for i in drawn]
    return _with_texts(steps, texts, streams, mixture.mlm, seed) if texts else steps


def _with_texts(
    steps: list[Step], texts: list[int], streams: list[_Stream], share: float, seed: int
) -> list[Step]:
    generator = np.random.default_rng([seed, _TASKS, 1])
    total = round(len(steps) / (1 - share))
    places = set(generator.permutation(total)[: total - len(steps)].tolist())
    rest = iter(steps)
    mixed = []
    for place in range(total):
        if place in places:
            part = int(generator.choice(texts))
            mixed.append(Step(part=part, chosen=next(streams[part])))
        else:
            mixed.append(next(rest))
    return mixed


class _Stream(Iterator[Indices]):
    """Batches of one part without end, every epoch in a new order."""

    def __init__(
        self, examples: EncodedDataset, settings: TrainingSettings, seed: int, part: int
    ) -> None:
        self._lengths = examples.lengths
        self._settings = settings
        self._generator = np.random.default_rng([seed, _ORDER, *([part] if part else [])])
        self._left: list[Indices] = []
        self.batches = max(1, round(int(self._lengths.sum()) / settings.batch_tokens))

    def _epoch(self) -> list[Indices]:
        return training_order(
            self._lengths,
            batch_tokens=self._settings.batch_tokens,
            window_batches=self._settings.window_batches,
            generator=self._generator,
        )

    def __next__(self) -> Indices:
        if not self._left:
            self._left = self._epoch()[::-1]
        return self._left.pop()

    def epochs(self) -> Iterator[Indices]:
        """Yield the batches of all epochs asked for; the last one may be a part."""
        whole, part = divmod(self._settings.epochs, 1)
        for epoch in range(int(whole) + bool(part)):
            order = self._epoch()
            yield from order if epoch < whole else order[: max(1, round(len(order) * part))]
