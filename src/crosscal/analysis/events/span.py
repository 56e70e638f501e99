"""Events about answers: exactly right, nearly right, none at all.

The n-best answers of a question are softmaxed over their scores, "no answer" among them where
there is one. Each event then has a weight for each of them, and its confidence is the weights'
expectation. So the confidence in an exact match is the mass of all the n-best that are the same
answer, and the confidence in an F1 of at least one half is the mass of all the n-best that would
give the answer such an F1 if they were right.

What lies outside the n-best has no mass. Spans of one text were made one choice, with the best
score of them, when the table was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.events.choices import mass
from crosscal.analysis.events.event import EventSettings, Floats, RawEvents
from crosscal.calibration import log_softmax
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import MetricInput
from crosscal.metrics.answers import (
    MLQA,
    SOUND,
    SQUAD,
    SQUAD2,
    AnswerRules,
    check_language,
    exact_match,
    token_f1,
)
from crosscal.spelling import did_you_mean


def _remembering(rules: AnswerRules) -> AnswerRules:
    """Return rules that remember what they normalised: texts recur from event to event."""
    return replace(rules, normalise=lru_cache(maxsize=1 << 17)(rules.normalise))


RULES = {
    "sound": _remembering(SOUND),
    "squad": _remembering(SQUAD),
    "squad2": _remembering(SQUAD2),
    "mlqa": _remembering(MLQA),
}
NO_ANSWER = ""
# Log-mass of the second choice of a question whose n-best are all one answer.
_NOTHING = -100.0


def exact_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that the answer is exactly one of the right ones."""
    # The confidence is the mass of all choices that normalise to the same as the answer.

    def same(answer: str, other: str, rules: AnswerRules) -> float:
        return exact_match(other, [answer], rules, rows.language)

    return _answer_events(rows, settings, same, _exact)


def exact_span_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event of `exact_event` with the probability of the one best span."""
    # Other spans that are the same answer after normalisation are not added to it.

    def identical(answer: str, other: str, rules: AnswerRules) -> float:
        return float(answer == other)

    return _answer_events(rows, settings, identical, _exact)


def f1_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that the answer's F1 is at least ``settings.level``."""
    # The confidence is the mass of all choices with which the answer has such an F1.
    level = _check_level(settings.level)

    def near(answer: str, other: str, rules: AnswerRules) -> float:
        return float(token_f1(answer, [other], rules, rows.language) >= level)

    def reached(answer: str, golds: Sequence[str], rules: AnswerRules, language: str) -> float:
        return float(token_f1(answer, golds, rules, language) >= level)

    return _answer_events(rows, settings, near, reached)


def f1_span_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event of `f1_event` with the probability of the one best span."""
    # A confidence in more than it was made for: it speaks of that very span.
    near = f1_event(rows, settings)
    return replace(near, confidence_at=exact_span_event(rows, settings).confidence_at)


def f1_expected_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the soft event of the answer's F1 itself, expected against reached."""
    # ``correct`` is a share from 0 to 1: the mean of `f1_event` over all levels.

    def overlap(answer: str, other: str, rules: AnswerRules) -> float:
        return token_f1(answer, [other], rules, rows.language)

    return _answer_events(rows, settings, overlap, token_f1)


def answerability_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that a question has no answer (SQuAD v2.0)."""
    # The confidence is the mass of the empty choice, whatever is chosen.
    choices, golds = rows.own_choices(), rows.text_lists("answers")
    weights = _weights(rows, [[float(text == NO_ANSWER) for text in texts] for texts in choices])
    lacking = weights.sum(axis=1) == 0
    if lacking.any():
        raise DataError(
            f"the choices of question {rows.texts('unit_id')[int(lacking.argmax())]!r} lack the "
            "empty text, which stands for no answer",
            where=f"{rows.where}: column 'choices', {rows.language}",
            remedy="This event is for tasks some of whose questions have no answer",
        )
    best = rows.scores.argmax(axis=1)
    silent = weights[np.arange(rows.n), best] > 0
    return RawEvents(
        confidence_at=lambda temperature, _: mass(rows.scores, weights, temperature),
        correct=np.array([float(not right) for right in golds]),
        cluster_ids=np.array(rows.texts("cluster_id"), dtype=np.str_),
        unit_ids=np.array(rows.texts("unit_id"), dtype=np.str_),
        kinds=np.where(silent, "silent", "answered").astype(np.str_),
    )


def answers_as_choices(
    rows: MetricInput, settings: EventSettings, *, temperature: float = 1.0
) -> tuple[Floats, NDArray[np.int64]]:
    """Make every set of choices that are the same answer one choice.

    For what takes scores and gold, as proper scores and recalibrators do.
    The values, shape (n, k), are logarithms of the masses of the different answers, in the order of
    the best span of each; minus infinity where a question has fewer. One whose choices are all the
    same answer gets a second of mass e^-100. Gold, shape (n,), is the first answer that is right,
    -1 if none is.
    """
    rules = _rules(rows, settings)
    golds = _right_answers(rows, rules)
    logs = log_softmax(rows.scores / temperature)
    merged: list[list[float]] = []
    gold = np.full(rows.n, -1, dtype=np.int64)
    for row, texts in enumerate(rows.own_choices()):
        masses: dict[str, float] = {}
        for choice in np.argsort(-rows.scores[row, : len(texts)], kind="stable").tolist():
            answer = rules.normalise(texts[choice], rows.language)
            right = exact_match(texts[choice], golds[row], rules, rows.language)
            if right and gold[row] < 0:
                gold[row] = [*masses, answer].index(answer)
            masses[answer] = float(np.logaddexp(masses.get(answer, -np.inf), logs[row, choice]))
        merged.append([*masses.values(), _NOTHING] if len(masses) == 1 else [*masses.values()])
    values = np.full((rows.n, max(len(masses) for masses in merged)), -np.inf)
    for row, log_masses in enumerate(merged):
        values[row, : len(log_masses)] = log_masses
    return values, gold


def _answer_events(
    rows: MetricInput,
    settings: EventSettings,
    weigh: Callable[[str, str, AnswerRules], float],
    judge: Callable[[str, Sequence[str], AnswerRules, str], float],
) -> RawEvents:
    """Return events about the best answer: a weight for each choice, an outcome by the golds."""
    rules = _rules(rows, settings)
    choices, golds = rows.own_choices(), _right_answers(rows, rules)
    best = rows.scores.argmax(axis=1)
    answers = [texts[choice] for texts, choice in zip(choices, best, strict=True)]
    weights = [
        [weigh(answer, text, rules) for text in texts]
        for answer, texts in zip(answers, choices, strict=True)
    ]
    weight_array = _weights(rows, weights)
    correct = [
        judge(answer, right, rules, rows.language)
        for answer, right in zip(answers, golds, strict=True)
    ]
    return RawEvents(
        confidence_at=lambda temperature, _: mass(rows.scores, weight_array, temperature),
        correct=np.array(correct, dtype=np.float64),
        cluster_ids=np.array(rows.texts("cluster_id"), dtype=np.str_),
        unit_ids=np.array(rows.texts("unit_id"), dtype=np.str_),
        kinds=np.array(
            ["silent" if answer == NO_ANSWER else "answered" for answer in answers], dtype=np.str_
        ),
    )


def _exact(answer: str, golds: Sequence[str], rules: AnswerRules, language: str) -> float:
    return exact_match(answer, golds, rules, language)


def _weights(rows: MetricInput, weights: list[list[float]]) -> Floats:
    """Return lists of weights as an array, 0 where a unit has fewer choices."""
    array = np.zeros(rows.scores.shape)
    for row, weights_of_row in enumerate(weights):
        array[row, : len(weights_of_row)] = weights_of_row
    return array


def _rules(rows: MetricInput, settings: EventSettings) -> AnswerRules:
    """Return the rules of the settings, if they fit the language."""
    if settings.rules not in RULES:
        raise SettingsError(
            f"no rules {settings.rules!r} for answers",
            where="rules",
            remedy=did_you_mean(settings.rules, RULES),
        )
    rules = RULES[settings.rules]
    check_language(rules, rows.language, where=f"{rows.where}: column 'language'")
    return rules


def _right_answers(rows: MetricInput, rules: AnswerRules) -> list[list[str]]:
    """Return each question's right answers: "no answer" where there are none."""
    right_answers = []
    units = rows.texts("unit_id")
    for unit, texts, golds in zip(
        units, rows.own_choices(), rows.text_lists("answers"), strict=True
    ):
        right = golds
        if rules.both_empty and golds:
            # SQuAD v2.0 passes over right answers that normalisation leaves nothing of.
            right = [gold for gold in golds if rules.normalise(gold, rows.language)]
        elif not golds and NO_ANSWER not in texts:
            raise DataError(
                f"question {unit!r} has no right answer, and 'no answer' is not among its choices",
                where=f"{rows.where}: column 'answers', {rows.language}",
                remedy="Choose a split whose answers are known",
            )
        right_answers.append(list(right) or [NO_ANSWER])
    return right_answers


def _check_level(level: float) -> float:
    if not 0 < level <= 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="Give an F1 above 0 and at most 1"
        )
    return level
