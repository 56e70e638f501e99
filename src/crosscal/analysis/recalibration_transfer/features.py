"""What is known of a language without labels: typology, pretraining, and the model's own doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration import log_softmax
from crosscal.languages import Language, find_language

Floats = NDArray[np.float64]

# WALS gives ranges; the middle stands for them.
_MIDDLE = {
    "0-1": 0.5,
    "2-3": 2.5,
    "4-5": 4.5,
    "6-7": 6.5,
    "8-9": 8.5,
    "none": 0.0,
    "borderline": 1.0,
    "10 or more": 10.0,
}


def table_features(code: str) -> dict[str, float]:
    """Return the measures of the language table as numbers, those that are known."""
    entry = find_language(code)
    if entry is None:
        return {}
    measures = {
        "pretraining": None if entry.pretraining_gib is None else np.log(entry.pretraining_gib),
        "syntax_distance": entry.syntax_distance,
        "ttr": entry.ttr,
        "verb": _number(entry.wals_22a),
        "cases": _number(entry.wals_49a),
        "words": entry.tokens_ratio,
        **_kinship(entry),
    }
    return {name: float(value) for name, value in measures.items() if value is not None}


def _number(value: str | None) -> float | None:
    if value is None or value in _MIDDLE:
        return None if value is None else _MIDDLE[value]
    return float(value)


def _kinship(entry: Language) -> dict[str, float | None]:
    return {
        "latin": None if entry.script is None else float(entry.script == "Latin"),
        "indo_european": None if entry.family is None else float(entry.family == "Indo-European"),
    }


def unlabelled_features(scores: Floats) -> dict[str, float]:
    """Return how sure the model is of rows whose gold is not looked at."""
    logs = log_softmax(scores)
    probabilities = np.exp(logs)
    entropy = -(probabilities * np.where(probabilities > 0, logs, 0.0)).sum(axis=1)
    return {
        "mean_confidence": float(probabilities.max(axis=1).mean()),
        "mean_entropy": float(entropy.mean()),
    }


def feature_matrix(
    languages: Sequence[str], features: Mapping[str, Mapping[str, float]]
) -> tuple[tuple[str, ...], Floats]:
    """Lay out the features known of at least half of the languages, NaN where one is unknown."""
    every = sorted({name for code in languages for name in features.get(code, {})})
    values = np.array(
        [[features.get(code, {}).get(name, np.nan) for name in every] for code in languages]
    ).reshape(len(languages), len(every))
    often_known = np.isfinite(values).sum(axis=0) >= len(languages) / 2
    return tuple(name for name, keep in zip(every, often_known, strict=True) if keep), values[
        :, often_known
    ]
