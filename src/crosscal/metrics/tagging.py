"""Scores of taggers: parts of speech and named entities."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

import numpy as np

from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics.accuracy import shared_choice_accuracy, shared_choice_right
from crosscal.metrics.chunks import (
    Chunk,
    after_first_hyphen,
    chunk_scores,
    chunks,
    strict_chunks,
)
from crosscal.metrics.metric_input import MetricInput, MetricValues, OutcomeRows
from crosscal.metrics.overlap import overlap, overlap_rows
from crosscal.metrics.tokens import macro_f1

Sentences = list[list[str]]


def score_parts_of_speech(rows: MetricInput) -> MetricValues:
    """Score tags of words; ``cluster_id`` is the sentence, the choices are the tags.

    ``official``: over chunks, as XTREME (see `chunks`). ``sound``: ``accuracy`` over words, ties
    shared, and ``f1_macro`` over tags.
    """
    predicted, gold = _sentences(rows)
    found = chunks(predicted), chunks(gold)
    words = OutcomeRows(values=shared_choice_right(rows.scores, rows.gold), cluster=rows.cluster)
    return MetricValues(
        official=overlap(*found),
        sound={
            "accuracy": shared_choice_accuracy(rows.scores, rows.gold),
            "f1_macro": macro_f1(_flat(predicted), _flat(gold)),
        },
        n=rows.n,
        rows={"official": {"f1": _chunk_rows(*found, gold)}, "sound": {"accuracy": words}},
    )


def score_entities(rows: MetricInput) -> MetricValues:
    """Score named entities in IOB2 tags.

    ``official``: as seqeval 0.0.12, which XTREME was published with. ``sound``: as seqeval 1.2.2 in
    its default mode, which keeps types with a hyphen apart; both let an I- without its B- begin an
    entity. ``f1_strict`` does not.
    """
    predicted, gold = _sentences(rows)
    old = chunks(predicted), chunks(gold)
    new = chunks(predicted, after_first_hyphen), chunks(gold, after_first_hyphen)
    strict = chunk_scores(predicted, gold, strict_chunks)
    return MetricValues(
        official=overlap(*old),
        sound={**overlap(*new), "f1_strict": strict["f1"]},
        n=rows.n,
        rows={
            "official": {"f1": _chunk_rows(*old, gold)},
            "sound": {"f1": _chunk_rows(*new, gold)},
        },
    )


def _chunk_rows(
    predicted: frozenset[Chunk], gold: frozenset[Chunk], sentences: Sentences
) -> OutcomeRows:
    """Return the rows of F1; a chunk belongs to the sentence in which it ends."""
    # Words are counted through all sentences, one added after each; clusters are the sentences.
    ends = list(accumulate(len(sentence) + 1 for sentence in sentences))
    return overlap_rows(predicted, gold, lambda chunk: bisect_right(ends, chunk[2]))


def _sentences(rows: MetricInput) -> tuple[Sentences, Sentences]:
    """Return predicted and right tags by sentence; of tied tags the first is predicted."""
    if rows.choices is None:
        raise SettingsError(
            "the tags are not named",
            where=f"{rows.where}: provenance.choices",
            remedy="Name the tags, in the order of the scores",
        )
    if (rows.gold < 0).any():
        row = int(np.argmax(rows.gold < 0))
        raise DataError(
            "the right tag is not among the choices",
            where=f"{rows.where}: column 'gold', row {row} of {rows.language}",
            remedy="Name all tags of the data among the choices",
        )
    predicted: dict[str, list[str]] = {}
    gold: dict[str, list[str]] = {}
    best = rows.scores.argmax(axis=1)
    for sentence, tag, true in zip(rows.texts("cluster_id"), best, rows.gold, strict=True):
        predicted.setdefault(sentence, []).append(rows.choices[tag])
        gold.setdefault(sentence, []).append(rows.choices[true])
    return list(predicted.values()), list(gold.values())


def _flat(sentences: Sentences) -> list[str]:
    return [tag for sentence in sentences for tag in sentence]
