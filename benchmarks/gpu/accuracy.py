"""Accuracy after one epoch: crosscal, the Trainer and the plain packed loop, three seeds each.

All train on the same pairs for the same number of steps, each with the learning rate that crosscal
has in it, without dropout, and are tested on the same pairs in float32. A step of crosscal and of
the plain loop has 1,536 tokens, one of the Trainer so many pairs as make one epoch of these steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache, partial
from statistics import mean
from typing import Any

import numpy as np
import torch
from ours import scores, settings_of, task_of, trained
from pairs import DEVICE, Bench, Figures, Measurements, spread
from peers import Pairs, Schedule, packed_batch, packed_batches, train_plainly, train_with_trainer

from crosscal.training.loop import _learning_rate
from crosscal.training.mixing import plan_steps
from crosscal.training.settings import Mixture

TESTED_AT_ONCE = 256
OURS = "crosscal"


class Contest:
    """The pairs of all, and the steps of each seed."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        train = spread(bench.examples["train"], bench.options.pairs)
        test = spread(bench.examples["test"], bench.options.tested)
        few = bench.examples["dev"][:64]
        self.parts = {
            "train": bench.tokens(train), "dev": bench.tokens(few), "test": bench.tokens(test),
        }  # fmt: skip
        self.train, self.test = (Pairs(bench.tokenizer, each) for each in (train, test))
        self.gold = np.array(self.test.labels)
        self.settings = settings_of(bench, bench.options.tokens[0], 1.0)

    @cache  # noqa: B019  # there is one contest
    def steps(self, seed: int) -> int:
        """Count the steps that crosscal makes of an epoch."""
        task = task_of(self.parts["train"], self.parts["dev"])
        return len(plan_steps([task], Mixture(), self.settings, seed))

    def schedule(self, seed: int) -> Schedule:
        """Return the shares of the learning rate that crosscal has in them."""
        steps, rate = self.steps(seed), self.settings.learning_rate
        return lambda step: _learning_rate(step + 1, steps, self.settings) / rate

    def right(self, chosen: np.ndarray, examples: int) -> Figures:
        """Return how many of the chosen labels are right."""
        accuracy = float((chosen == self.gold).mean())
        return {"accuracy": accuracy, "examples": examples, "tested": len(self.gold)}


def of_crosscal(contest: Contest, seed: int) -> Figures:
    model, log = trained(contest.bench, contest.parts, contest.settings, seed)
    found = scores(contest.bench, model, contest.parts["test"]).argmax(1)
    return contest.right(found, sum(line["examples"] for line in log)) | {"steps": len(log)}


def of_trainer(contest: Contest, seed: int) -> Figures:
    steps = contest.steps(seed)
    batch = max(1, round(len(contest.train) / steps))
    model = train_with_trainer(
        contest.bench, contest.train, batch, steps, seed=seed, schedule=contest.schedule(seed)
    )
    found = padded_choices(model.to(DEVICE).eval(), contest.bench.tokenizer, contest.test)
    return contest.right(found, batch * steps) | {"steps": steps, "batch": batch}


def of_plain_loop(contest: Contest, seed: int) -> Figures:
    stream = packed_batches(contest.train, contest.bench.options.tokens[0], seed)
    batches = [next(stream) for _ in range(contest.steps(seed))]
    schedule = contest.schedule(seed)
    model = train_plainly(contest.bench, batches, seed=seed, schedule=schedule).eval()
    examples = sum(batch.size for batch, _ in batches)
    return contest.right(packed_choices(model, contest.test), examples) | {"steps": len(batches)}


def in_turn(pairs: Pairs) -> Iterable[np.ndarray]:
    """Yield the places of so many pairs of near lengths at a time."""
    order = np.argsort([len(ids) for ids in pairs.ids], kind="stable")
    return np.split(order, range(TESTED_AT_ONCE, len(order), TESTED_AT_ONCE))


@torch.no_grad()
def padded_choices(model: Any, tokenizer: Any, pairs: Pairs) -> np.ndarray:
    """Return the label that a model of transformers gives each pair."""
    chosen = np.empty(len(pairs), dtype=np.int64)
    for places in in_turn(pairs):
        ids = [pairs.ids[i] for i in places]
        inputs = tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(DEVICE)
        chosen[places] = model(**inputs).logits.argmax(1).cpu().numpy()
    return chosen


@torch.no_grad()
def packed_choices(model: Any, pairs: Pairs) -> np.ndarray:
    """Return the label that a packed classifier gives each pair."""
    lengths = np.array([len(ids) for ids in pairs.ids])
    chosen = np.empty(len(pairs), dtype=np.int64)
    for places in in_turn(pairs):  # sorted already, so that they stay in their places
        batch, _ = packed_batch(pairs, lengths, places)
        chosen[places] = model(batch).argmax(1).cpu().numpy()
    return chosen


WAYS = {OURS: of_crosscal, "Trainer": of_trainer, "plain packed loop": of_plain_loop}


def measurements(bench: Bench) -> Measurements:
    """Yield seed after seed, so that what is there at any time is there of all."""
    contest = Contest(bench)
    for seed in range(1, bench.options.seeds + 1):
        for name, work in WAYS.items():
            yield f"{name}, seed {seed}", partial(timed, work, contest, seed)


def timed(work: Any, contest: Contest, seed: int) -> Figures:
    began = time.monotonic()
    return work(contest, seed) | {"seconds": time.monotonic() - began}


def by_way(found: dict[str, Figures]) -> dict[str, list[float]]:
    """Return the accuracies of each way of training."""
    return {
        way: [
            figures["accuracy"]
            for name, figures in found.items()
            if name.startswith(f"{way}, seed ") and "accuracy" in figures
        ]
        for way in WAYS
    }


def place(value: float, others: list[float]) -> str:
    """Say where a value lies beside the range of others."""
    if not others:
        return "not known, as none was measured"
    if value < min(others):
        return "below"
    return "above" if value > max(others) else "within"


def table(found: dict[str, Figures]) -> list[str]:
    """Return a line for each way of training, and where crosscal's mean lies."""
    accuracies = by_way(found)
    lines = [
        f"{way}: mean {mean(values):.4f}, from {min(values):.4f} to {max(values):.4f} "
        f"({len(values)} seeds)"
        if values
        else f"{way}: not measured"
        for way, values in accuracies.items()
    ]
    ours = accuracies.pop(OURS)
    if ours:
        everyone = [value for values in accuracies.values() for value in values]
        for words, others in (*accuracies.items(), ("both of them", everyone)):
            where = place(mean(ours), others)
            lines.append(f"crosscal's mean beside the range of seeds, {words}: {where}")
    return lines
