"""Random predictions for every way of scoring, in clusters of different size."""

from __future__ import annotations

import numpy as np

from crosscal.predictions import Predictions, Provenance

TAGS = {
    "pos": ("NOUN", "VERB", "SYM", "ADJ"),
    "entities": ("O", "B-PER", "I-PER", "B-geo-loc", "I-geo-loc", "B-loc"),
}
WORDS = ["the", "red", "cat", "of", "1945", "x", ""]


def random_predictions(
    scoring, rng, *, clusters=30, languages=("en", "de"), right=0.7, recipe="direct", seed=1
):
    """Predictions of one run: `right` is the chance that something is right, 0 to 1."""
    columns = {name: [] for name in ("unit", "cluster", "language", "scores", "gold")}
    extra = {}
    for language in languages:
        for cluster in range(clusters):
            for number in range(int(rng.integers(1, 6))):
                columns["unit"].append(f"{language}-{cluster:04d}-{number}")
                columns["cluster"].append(f"c{cluster:04d}")
                columns["language"].append(language)
                scores, gold, more = _unit(scoring, rng, right)
                columns["scores"].append(scores)
                columns["gold"].append(gold)
                for name, value in more.items():
                    extra.setdefault(name, []).append(value)
    provenance = Provenance(
        study="s", recipe=recipe, seed=seed, task="t", family="f", encoder="e",
        choices=TAGS.get(scoring),
    )  # fmt: skip
    return Predictions.from_arrays(
        provenance,
        unit_ids=columns["unit"],
        cluster_ids=columns["cluster"],
        languages=columns["language"],
        splits=["test"] * len(columns["unit"]),
        scores=columns["scores"],
        gold=columns["gold"],
        extra=extra,
    )


def _unit(scoring, rng, right):
    """Scores, gold and further columns of one unit."""
    hit = rng.random() < right
    if scoring in TAGS:
        k = len(TAGS[scoring])
        gold = int(rng.integers(k))
        tag = gold if hit else int(rng.integers(k))
        scores = np.eye(k)[tag]
        if rng.random() < 0.2:  # a tie
            scores[int(rng.integers(k))] = 1.0
        return scores, gold, {}
    if scoring == "accuracy":
        gold = int(rng.integers(3))
        scores = np.eye(3)[gold if hit else (gold + 1) % 3]
        if rng.random() < 0.2:
            scores[(gold + 2) % 3] = 1.0
        return scores, gold if rng.random() < 0.9 else -1, {}
    if scoring == "bitext":
        partners = [f"t{int(rng.integers(50))}"] if rng.random() < 0.5 else []
        mined = partners if hit else [f"t{int(rng.integers(50))}" for _ in range(2)]
        values = rng.random(len(mined)).tolist()
        more = {"partners": partners, "mined": [*mined], "mined_scores": values}
        return [1.0, 0.5], -1, more
    answer = " ".join(rng.choice(WORDS[:-1], 3))
    said = answer if hit else " ".join(rng.choice(WORDS, 2)).strip()
    answers = [answer] if scoring != "squad2" or rng.random() < 0.6 else []
    scores = rng.normal(size=3)
    scores[0] += 1.0
    return scores, -1, {"choices": [said, str(rng.choice(WORDS)), ""], "answers": answers}
