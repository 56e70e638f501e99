"""The nine tasks of XTREME: their languages, files and metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crosscal.exceptions import DataError
from crosscal.metrics.accuracy import accuracy
from crosscal.metrics.answer_files import read_answers, read_golds
from crosscal.metrics.answers import MLQA, SQUAD, AnswerRules, answer_scores, check_language
from crosscal.metrics.bitext import bitext_scores
from crosscal.metrics.chunks import chunk_scores
from crosscal.metrics.label_files import read_labels, read_pairs, read_sentences


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The predictions and labels of one language of one task."""

    predictions: Path
    labels: Path
    language: str
    notes: list[str]  # scorers add what does not stop them but should be known


@dataclass(frozen=True, kw_only=True)
class BenchmarkTask:
    """One task of the benchmark."""

    group: str  # classification, tagging, qa or retrieval
    suffix: str = "tsv"  # of its files
    headline: tuple[str, ...]  # the metrics whose mean counts in averages over tasks
    languages: tuple[str, ...]  # those of the benchmark
    measure: Callable[[Pairing], dict[str, float]]  # metrics as fractions


def _measure_labels(known: str, pairing: Pairing) -> dict[str, float]:
    pattern = re.compile(known)
    predicted = read_labels(pairing.predictions, pattern)
    gold = read_labels(pairing.labels, pattern)
    if len(predicted) != len(gold):
        raise DataError(
            f"{len(predicted)} predictions for {len(gold)} labels in {pairing.labels}",
            where=f"{pairing.predictions}:{min(len(predicted), len(gold)) + 1}",
            remedy="Give one prediction for each label, in the order of the labels",
        )
    if len(set(gold)) == 1 < len(gold):
        pairing.notes.append(
            f"{pairing.labels}: all labels are {gold[0]!r}: are they placeholders?"
        )
    return {"accuracy": accuracy(predicted, gold)}


def _measure_tags(known: str, pairing: Pairing) -> dict[str, float]:
    pattern = re.compile(known)
    predicted = read_sentences(pairing.predictions, pattern)
    gold = read_sentences(pairing.labels, pattern)
    for ours, theirs in zip(predicted, gold, strict=False):
        if len(ours.tags) != len(theirs.tags):
            raise DataError(
                f"{len(ours.tags)} tags for a sentence of {len(theirs.tags)} words "
                f"({pairing.labels}:{theirs.line})",
                where=f"{pairing.predictions}:{ours.line}",
                remedy="Give one tag for each word, and a blank line after each sentence",
            )
    if len(predicted) != len(gold):
        last = predicted[min(len(predicted), len(gold) + 1) - 1]
        raise DataError(
            f"{len(predicted)} sentences for {len(gold)} in {pairing.labels}",
            where=f"{pairing.predictions}:{last.line}",
            remedy="Give the tags of every sentence, in the order of the labels",
        )
    return chunk_scores([s.tags for s in predicted], [s.tags for s in gold])


def _measure_pairs(pairing: Pairing) -> dict[str, float]:
    mined, gold = read_pairs(pairing.predictions), read_pairs(pairing.labels)
    if not gold:
        raise DataError(
            "the file is empty", where=f"{pairing.labels}:1", remedy="Write the file again"
        )
    if not mined:
        pairing.notes.append(f"{pairing.predictions}: no pairs, which scores 0")
    for path, pairs in ((pairing.predictions, mined), (pairing.labels, gold)):
        if len(set(pairs)) < len(pairs):
            repeated = len(pairs) - len(set(pairs))
            pairing.notes.append(f"{path}: {repeated} repeated pairs count once")
    return bitext_scores(mined, gold)


def _measure_answers(rules: AnswerRules, pairing: Pairing) -> dict[str, float]:
    check_language(rules, pairing.language, where=str(pairing.labels))
    answers, golds = read_answers(pairing.predictions), read_golds(pairing.labels)
    missing, further = len(golds.keys() - answers.keys()), len(answers.keys() - golds.keys())
    if missing:
        pairing.notes.append(f"{pairing.predictions}: {missing} questions without answer score 0")
    if further:
        pairing.notes.append(
            f"{pairing.predictions}: {further} answers belong to no question of the labels"
        )
    return answer_scores(answers, golds, rules, pairing.language)


_NLI = "entailment|neutral|contradiction"
_PARTS_OF_SPEECH = (
    "ADJ|ADP|ADV|AUX|CCONJ|DET|INTJ|NOUN|NUM|PART|PRON|PROPN|PUNCT|SCONJ|SYM|VERB|X|_"
)
_ENTITIES = "O|[BI]-(?:LOC|ORG|PER)"

TASKS: dict[str, BenchmarkTask] = {
    "xnli": BenchmarkTask(
        group="classification",
        headline=("accuracy",),
        languages=tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split()),
        measure=partial(_measure_labels, _NLI),
    ),
    "pawsx": BenchmarkTask(
        group="classification",
        headline=("accuracy",),
        languages=tuple("de en es fr ja ko zh".split()),
        measure=partial(_measure_labels, "[01]"),
    ),
    "udpos": BenchmarkTask(
        group="tagging",
        headline=("f1",),
        languages=tuple(
            "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl "
            "tr ur vi yo zh".split()
        ),
        measure=partial(_measure_tags, _PARTS_OF_SPEECH),
    ),
    "panx": BenchmarkTask(
        group="tagging",
        headline=("f1",),
        languages=tuple(
            "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl "
            "pt ru sw ta te th tl tr ur vi yo zh".split()
        ),
        measure=partial(_measure_tags, _ENTITIES),
    ),
    "xquad": BenchmarkTask(
        group="qa",
        suffix="json",
        headline=("exact_match", "f1"),
        languages=tuple("ar de el en es hi ru th tr vi zh".split()),
        measure=partial(_measure_answers, SQUAD),
    ),
    "mlqa": BenchmarkTask(
        group="qa",
        suffix="json",
        headline=("exact_match", "f1"),
        languages=tuple("ar de en es hi vi zh".split()),
        measure=partial(_measure_answers, MLQA),
    ),
    "tydiqa": BenchmarkTask(
        group="qa",
        suffix="json",
        headline=("exact_match", "f1"),
        languages=tuple("ar bn en fi id ko ru sw te".split()),
        measure=partial(_measure_answers, SQUAD),
    ),
    "bucc2018": BenchmarkTask(
        group="retrieval",
        headline=("f1",),
        languages=tuple("de fr ru zh".split()),
        measure=_measure_pairs,
    ),
    "tatoeba": BenchmarkTask(
        group="retrieval",
        headline=("accuracy",),
        languages=tuple(
            "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw "
            "ta te th tl tr ur vi zh".split()
        ),
        measure=partial(_measure_labels, "[0-9]+"),
    ),
}
"""The tasks by the names of their folders, in the order of XTREME's own tables."""
