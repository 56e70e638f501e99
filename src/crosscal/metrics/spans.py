"""Scores of answers that are spans of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from crosscal.metrics.answers import (
    MLQA,
    SOUND,
    SQUAD,
    SQUAD2,
    AnswerRules,
    check_language,
    mean_scores,
    question_scores,
)
from crosscal.metrics.metric_input import MetricInput, MetricValues, OutcomeRows
from crosscal.metrics.squad2 import (
    at_threshold,
    best_threshold,
    raw_scores,
    scores_at_threshold,
)

_METRICS = ("exact_match", "f1")


def span_scorer(official: AnswerRules) -> Callable[[MetricInput], MetricValues]:
    """Return the scorer of a task whose questions all have an answer.

    It reads ``choices`` (answer texts) and ``answers`` (right ones); the first of the highest
    scores is the answer. ``sound`` normalises by one rule for all languages.
    """

    def score_spans(rows: MetricInput) -> MetricValues:
        check_language(official, rows.language, where=f"{rows.where}: column 'language'")
        units = rows.texts("unit_id")
        best = rows.scores.argmax(axis=1)
        best_texts = [texts[i] for texts, i in zip(rows.own_choices(), best, strict=True)]
        answers = dict(zip(units, best_texts, strict=True))
        golds = dict(zip(units, rows.text_lists("answers"), strict=True))
        scores = {
            kind: question_scores(answers, golds, rules, rows.language)
            for kind, rules in (("official", official), ("sound", SOUND))
        }
        return MetricValues(
            official=mean_scores(scores["official"]),
            sound=mean_scores(scores["sound"]),
            n=rows.n,
            rows={
                kind: _outcomes(rows, dict(zip(_METRICS, np.transpose(each), strict=True)))
                for kind, each in scores.items()
            },
        )

    return score_spans


score_squad = span_scorer(SQUAD)
score_mlqa = span_scorer(MLQA)


def score_squad2(rows: MetricInput) -> MetricValues:
    """Score answers where some questions have none (SQuAD v2.0).

    The best choice that is not empty, unless the empty one exceeds it by more than the threshold (0
    unless fixed). ``oracle`` has the scores at the threshold that suits these questions best.
    """
    units = rows.texts("unit_id")
    answers, no_answer = _without_silence(rows)
    golds = dict(zip(units, rows.text_lists("answers"), strict=True))
    answer_of = dict(zip(units, answers, strict=True))
    threshold = 0.0 if rows.threshold is None else rows.threshold
    official = raw_scores(answer_of, golds, rules=SQUAD2, language=rows.language)
    sound = raw_scores(answer_of, golds, rules=SOUND, language=rows.language)
    return MetricValues(
        official=at_threshold(official, no_answer, threshold),
        sound=at_threshold(sound, no_answer, threshold),
        oracle={m: best_threshold(official, no_answer, m)[0] for m in _METRICS},
        n=rows.n,
        rows={
            kind: _outcomes(rows, scores_at_threshold(raw, no_answer, threshold))
            for kind, raw in (("official", official), ("sound", sound))
        },
    )


def _outcomes(
    rows: MetricInput, scores: Mapping[str, NDArray[np.float64]]
) -> dict[str, OutcomeRows]:
    return {
        metric: OutcomeRows(values=values, cluster=rows.cluster)
        for metric, values in scores.items()
    }


def _without_silence(rows: MetricInput) -> tuple[list[str], NDArray[np.float64]]:
    """Return each best answer that is not empty, and by how much the empty one exceeds it."""
    answers = []
    excess = np.empty(rows.n)
    for row, texts in enumerate(rows.own_choices()):
        scores = rows.scores[row, : len(texts)]
        empty = np.array([text == "" for text in texts])
        spoken = np.where(empty, -np.inf, scores)
        answers.append("" if empty.all() else texts[int(spoken.argmax())])
        silent = scores[empty].max() if empty.any() else -np.inf
        excess[row] = np.inf if empty.all() else silent - spoken.max()
    return answers, excess
