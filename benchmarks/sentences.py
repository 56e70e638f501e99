"""What the answer says in six simulated worlds, beside what is true there.

``python benchmarks/sentences.py`` makes the predictions of studies whose truth is known (1,500
items in clusters of three, English and three languages, two recipes, 1 to 5 seeds), analyses them,
and writes the sentences to ``benchmarks/sentences.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.predictions import Predictions, Provenance
from crosscal.report import answer

LANGUAGES = ("en", "sw", "tr", "de")
GROUPS = {"morphologically rich": ("sw", "tr"), "others": ("de",)}
PREMISES, DEV = 500, 600


@dataclass(frozen=True, kw_only=True)
class World:
    """How far scores are too large (above 1: overconfident), and how much the model knows."""

    truth: str
    sharpness: dict[tuple[str, str], float]  # of recipe, and "en" or "other"
    knowledge: dict[str, float]
    between_seeds: dict[str, float]


def world(truth: str, direct: tuple[float, float], mrpc: tuple[float, float], **more) -> World:
    return World(
        truth=truth,
        sharpness={
            ("direct", "en"): direct[0],
            ("direct", "other"): direct[1],
            ("mrpc", "en"): mrpc[0],
            ("mrpc", "other"): mrpc[1],
        },
        knowledge=more.get("knowledge", {"en": 2.0, "other": 1.6}),
        between_seeds=more.get("between_seeds", {"direct": 0.05, "mrpc": 0.05}),
    )


WORLDS = {
    "degradation": world(
        "away from English both recipes are overconfident alike", (1.0, 1.8), (1.0, 1.8)
    ),
    "effect": world(
        "away from English direct is overconfident, mrpc is calibrated", (1.0, 1.8), (1.0, 1.0)
    ),
    "nothing": world("calibrated everywhere", (1.0, 1.0), (1.0, 1.0)),
    "opposed signs": world(
        "underconfident in English and overconfident elsewhere, by about as much",
        (0.55, 1.65),
        (0.55, 1.65),
    ),
    "only accuracy differs": world(
        "calibrated everywhere, less accurate away from English",
        (1.0, 1.0),
        (1.0, 1.0),
        knowledge={"en": 3.0, "other": 0.9},
    ),
    "unstable recipe": world(
        "overconfident alike on average, but trainings of mrpc differ widely",
        (1.0, 1.5),
        (1.0, 1.5),
        between_seeds={"direct": 0.05, "mrpc": 0.5},
    ),
}


def run(world: World, recipe: str, seed: int, number: int) -> Predictions:
    """Return the predictions of one training."""
    shared = np.random.default_rng([number, 7])  # items are the same for all trainings
    own = np.random.default_rng([number, seed, len(recipe)])
    off = np.exp(world.between_seeds[recipe] * own.normal())
    columns: dict[str, list] = {"unit": [], "cluster": [], "language": [], "split": []}
    scores, gold = [], []
    parts = [("en", "dev", DEV), *((code, "test", 3 * PREMISES) for code in LANGUAGES)]
    for language, split, n in parts:
        kind = "en" if language == "en" else "other"
        knowledge = world.knowledge[kind]
        # Rows of a premise lean to the same choice.
        hard = np.repeat(shared.normal(size=(n // 3, 3)), 3, axis=0) * 0.3
        logits = knowledge * (shared.normal(size=(n, 3)) + hard)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        right = (shared.random((n, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)
        sharpness = world.sharpness[recipe, kind] * (off if kind == "other" else 1.0)
        scores.append(logits * sharpness)
        gold.append(right)
        columns["unit"] += [f"{split}{i:05d}" for i in range(n)]
        columns["cluster"] += [f"{split}p{i // 3:05d}" for i in range(n)]
        columns["language"] += [language] * n
        columns["split"] += [split] * n
    provenance = Provenance(
        study="world", recipe=recipe, seed=seed, task="xnli", family="classification",
        encoder="simulated", choices=("a", "b", "c"),
    )  # fmt: skip
    return Predictions.from_arrays(
        provenance,
        unit_ids=columns["unit"],
        cluster_ids=columns["cluster"],
        languages=columns["language"],
        splits=columns["split"],
        scores=np.concatenate(scores),
        gold=np.concatenate(gold),
    )


def main() -> None:
    told = {}
    for number, (name, world) in enumerate(WORLDS.items()):
        told[name] = {"truth": world.truth}
        for seeds in (1, 2, 3, 5):
            runs = [
                run(world, recipe, seed, number)
                for recipe in ("direct", "mrpc")
                for seed in range(1, seeds + 1)
            ]
            results = analyse(runs, settings=AnalysisSettings(groups=GROUPS, replicates=1000))
            told[name][f"{seeds} seeds"] = answer(results)
            print(
                f"{name}, {seeds} seeds (truth: {world.truth})\n  {answer(results)}\n", flush=True
            )
    Path(__file__).with_suffix(".json").write_text(
        json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
