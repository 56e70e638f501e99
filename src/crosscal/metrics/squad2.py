"""SQuAD v2.0: questions that may have no answer, and the threshold that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.metrics.answers import SQUAD2, AnswerRules, exact_match, token_f1


@dataclass(frozen=True, kw_only=True)
class RawScores:
    """Scores of single questions before any threshold."""

    ids: tuple[str, ...]  # questions that were answered, in the order of the data
    exact_match: NDArray[np.float64]
    f1: NDArray[np.float64]
    answerable: NDArray[np.bool_]  # whether the data give an answer
    empty: NDArray[np.bool_]  # whether the prediction is the empty text
    # Without a prediction. v2.0's evaluator leaves them out of every denominator; v1.1's counts
    # them as wrong.
    missing: int


def raw_scores(
    answers: Mapping[str, str],
    golds: Mapping[str, Sequence[str]],
    *,
    rules: AnswerRules = SQUAD2,
    language: str = "en",
) -> RawScores:
    """Score each answer as it stands; without right answers the empty text is right.

    Right answers that normalisation leaves nothing of are passed over, as v2.0's evaluator does.
    """
    rows = []
    for question, references in golds.items():
        if question not in answers:
            continue
        right = [gold for gold in references if rules.normalise(gold, language)] or [""]
        answer = answers[question]
        exact = exact_match(answer, right, rules, language)
        rows.append(
            (
                question,
                exact,
                token_f1(answer, right, rules, language),
                bool(references),
                not answer,
            )
        )
    if not rows:
        raise DataError(
            "no question was answered",
            where="answers",
            remedy="Give predictions for the ids of the data",
        )
    ids, exact_matches, f1, answerable, empty = zip(*rows, strict=True)
    return RawScores(
        ids=ids,
        exact_match=np.array(exact_matches),
        f1=np.array(f1),
        answerable=np.array(answerable),
        empty=np.array(empty),
        missing=len(golds) - len(rows),
    )


def at_threshold(
    raw: RawScores, no_answer: NDArray[np.float64], threshold: float
) -> dict[str, float]:
    """Score with "no answer" wherever its score exceeds a threshold fixed beforehand.

    Metrics with ``_answerable`` are of the questions that have an answer, ``_unanswerable`` of
    others.
    """
    metrics = {}
    everything = np.ones(len(raw.ids), dtype=np.bool_)
    parts = {"": everything, "_answerable": raw.answerable, "_unanswerable": ~raw.answerable}
    for name, thresholded in scores_at_threshold(raw, no_answer, threshold).items():
        for suffix, part in parts.items():
            if thresholded[part].size:
                metrics[name + suffix] = float(thresholded[part].mean())
    return metrics


def scores_at_threshold(
    raw: RawScores, no_answer: NDArray[np.float64], threshold: float
) -> dict[str, NDArray[np.float64]]:
    """Return the scores of each question, with "no answer" as `at_threshold` has it."""
    silent = no_answer > threshold
    return {
        name: np.where(silent, (~raw.answerable).astype(np.float64), values)
        for name, values in (("exact_match", raw.exact_match), ("f1", raw.f1))
    }


def best_threshold(
    raw: RawScores, no_answer: NDArray[np.float64], metric: str
) -> tuple[float, float]:
    """Return the best score of any threshold (an oracle), and that threshold; 0 for silence.

    As v2.0's own evaluator: from silence everywhere, questions are answered in the order of their
    no-answer score. It may stop amid equal scores, where no threshold can.
    """
    values: NDArray[np.float64] = getattr(raw, metric)
    order = np.argsort(no_answer, kind="stable")
    lost = np.where(raw.empty, 0.0, -1.0)
    gains = np.where(raw.answerable, values, lost)[order]
    totals = np.cumsum([float((~raw.answerable).sum()), *gains])
    best = int(totals.argmax())
    threshold = float(no_answer[order[best - 1]]) if best else 0.0
    return float(totals[best]) / len(values), threshold
