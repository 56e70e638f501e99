"""How the predictions of the demo were simulated: ``python -m crosscal.demo.simulation``."""

from __future__ import annotations

import numpy as np

from crosscal.demo import PREDICTIONS

CLASSES = ("complaint", "order", "question", "refund")
ITEMS = 400

# How far the score of the right class lies above the others, in standard deviations of a score.
KNOWLEDGE = {
    "English": 2.6,
    "French": 2.4,
    "Turkish": 1.8,
    "Swahili": 1.35,
}
# Of an item's noise, what its translations share.
_SHARED = 0.4
_SEED = 20


def simulate() -> str:
    """Return the file's text."""
    rng = np.random.default_rng(_SEED)
    gold = rng.integers(len(CLASSES), size=ITEMS)
    common = rng.normal(size=(ITEMS, len(CLASSES)))
    lines = [",".join(["item", "language", "label", *(f"logit_{name}" for name in CLASSES)])]
    for language, knowledge in KNOWLEDGE.items():
        own = rng.normal(size=common.shape)
        evidence = np.sqrt(_SHARED) * common + np.sqrt(1 - _SHARED) * own
        evidence[np.arange(ITEMS), gold] += knowledge
        # Normal scores that differ by the knowledge have these log-probabilities (but for a
        # constant): exact in English, too far apart wherever less is known.
        logits = KNOWLEDGE["English"] * evidence
        for item, (label, row) in enumerate(zip(gold, logits, strict=True)):
            cells = [f"{value:.3f}" for value in row]
            lines.append(",".join([f"{item:03d}", language, CLASSES[label], *cells]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PREDICTIONS.write_text(simulate(), encoding="utf-8")
