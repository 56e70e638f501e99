"""Answers in words: exact match and F1 over tokens, as SQuAD v1.1 counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosscal.exceptions import DataError
from crosscal.languages import table_code
from crosscal.metrics import normalising
from crosscal.metrics.normalising import Normalise


@dataclass(frozen=True, kw_only=True)
class AnswerRules:
    """How a benchmark compares answers."""

    normalise: Normalise
    languages: tuple[str, ...] | None = None  # the languages that it has rules for; None if any
    # F1 of two answers without tokens: SQuAD v1.1 gives 0, although they match exactly; v2.0 1.
    both_empty: float = 0.0


SQUAD = AnswerRules(normalise=normalising.squad)
SQUAD2 = AnswerRules(normalise=normalising.squad, both_empty=1.0)
MLQA = AnswerRules(normalise=normalising.mlqa, languages=normalising.MLQA_LANGUAGES)
SOUND = AnswerRules(normalise=normalising.sound, both_empty=1.0)


def exact_match(answer: str, golds: Sequence[str], rules: AnswerRules, language: str) -> float:
    """Return 1 if the answer equals one of the right ones after normalisation, else 0."""
    predicted = rules.normalise(answer, language)
    return float(any(predicted == rules.normalise(gold, language) for gold in golds))


def token_f1(answer: str, golds: Sequence[str], rules: AnswerRules, language: str) -> float:
    """Return the best F1 of an answer's tokens, as a bag, against one of the right answers."""
    predicted = Counter(rules.normalise(answer, language).split())
    return max(_bag_f1(predicted, gold, rules, language) for gold in golds)


def _bag_f1(predicted: Counter[str], gold: str, rules: AnswerRules, language: str) -> float:
    true = Counter(rules.normalise(gold, language).split())
    if not predicted and not true:
        return rules.both_empty
    shared = (predicted & true).total()
    if shared == 0:
        return 0.0
    precision, recall = shared / predicted.total(), shared / true.total()
    return 2 * precision * recall / (precision + recall)


def answer_scores(
    answers: Mapping[str, str],
    golds: Mapping[str, Sequence[str]],
    rules: AnswerRules,
    language: str,
) -> dict[str, float]:
    """Return ``exact_match`` and ``f1`` over all questions, as fractions.

    A question without answer scores 0; answers to other questions are not looked at.
    """
    check_language(rules, language, where="answers")
    if not golds:
        raise DataError("there are no questions", where="golds", remedy="Give at least one")
    return mean_scores(question_scores(answers, golds, rules, language))


def mean_scores(questions: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return the means of exact match and F1 of questions, at least one."""
    exact = f1 = 0.0
    for one, other in questions:
        exact += one
        f1 += other
    return {"exact_match": exact / len(questions), "f1": f1 / len(questions)}


def question_scores(
    answers: Mapping[str, str],
    golds: Mapping[str, Sequence[str]],
    rules: AnswerRules,
    language: str,
) -> list[tuple[float, float]]:
    """Return exact match and F1 of each question, in the order of `golds`."""
    scores = []
    for question, right in golds.items():
        if not right or not all(gold.strip() for gold in right):
            raise DataError(
                "a question has no right answer, or an empty one",
                where=f"question {question!r}",
                remedy="Questions that cannot be answered are scored as SQuAD v2.0 (squad2)",
            )
        scores.append(
            (
                exact_match(answers[question], right, rules, language),
                token_f1(answers[question], right, rules, language),
            )
            if question in answers
            else (0.0, 0.0)
        )
    return scores


def check_language(rules: AnswerRules, language: str, *, where: str) -> None:
    """Raise DataError, naming the place, if the rules lack the language."""
    if rules.languages is not None and table_code(language) not in rules.languages:
        raise DataError(
            f"there are no rules for answers in language {language!r}",
            where=where,
            remedy=f"The languages are {', '.join(rules.languages)}",
        )
