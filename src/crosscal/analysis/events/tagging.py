"""Events about entities: stretches of words that a tagger marks as one thing.

The entities are those that scoring finds in the chosen tags. An entity is right if one of the
same type, first and last word is in the gold tags. Its confidence comes of the probabilities of
its words' tags, which a tagger gives word by word, as if words were independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.events.event import EventSettings, Floats, RawEvents, Recall, Texts
from crosscal.calibration import softmax
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import MetricInput
from crosscal.metrics.chunks import (
    Chunk,
    after_first_hyphen,
    after_last_hyphen,
    chunks,
    strict_chunks,
)
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A way to read entities off tags."""

    find: Callable[[Iterable[list[str]]], frozenset[Chunk]]
    type_of: Callable[[str], str]  # the type of a tag that begins with B or I
    lenient: bool = True  # whether an I- that goes on with nothing begins an entity


READINGS = {
    "sound": Reading(
        find=lambda sentences: chunks(sentences, after_first_hyphen), type_of=after_first_hyphen
    ),
    "seqeval": Reading(find=chunks, type_of=after_last_hyphen),
    "strict": Reading(find=strict_chunks, type_of=after_first_hyphen, lenient=False),
}


@dataclass(frozen=True, kw_only=True)
class _Tagged:
    """The words of one language in sentences, and the entities in them."""

    order: NDArray[np.intp]  # rows, sentence by sentence, -1 behind each sentence
    predicted: list[Chunk]
    gold: frozenset[Chunk]


def product_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return predicted entities with the product of their words' tag probabilities."""
    # Falls with the length of the entity. That every tag is right is more than it takes (an I- may
    # stand for a B-) and less (the next word must not go on with it): see `marginal_event`.
    return _entity_events(rows, settings, lambda chosen, _: float(np.prod(chosen)))


def minimum_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return predicted entities with the least of their words' tag probabilities."""
    # An upper bound of the product.
    return _entity_events(rows, settings, lambda chosen, _: float(chosen.min()))


def geometric_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return predicted entities with the geometric mean of their words' tag probabilities."""
    return _entity_events(rows, settings, lambda chosen, n: float(np.prod(chosen) ** (1 / n)))


def marginal_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return predicted entities with the probability that this very entity is there."""
    # Were words independent, an entity of type t on words i to j would be read off the tags with
    # probability begin(i) I(i+1) ... I(j) (1 - I(j+1)), where B(i) and I(i) are those of B-t and
    # I-t and begin(i) = B(i) + I(i) (1 - B(i-1) - I(i-1)); by strict rules begin(i) is B(i).
    reading = _reading(settings)
    tagged = _tagged(rows, reading)
    events = _predicted(rows, tagged)

    def at(temperature: float, _: float) -> Floats:
        probabilities = softmax(rows.scores / temperature)
        return _marginals(rows.choices or (), probabilities, tagged, reading)

    return _raw(rows, tagged, events, at)


def _entity_events(
    rows: MetricInput, settings: EventSettings, combine: Callable[[Floats, int], float]
) -> RawEvents:
    """Return events whose confidence combines the chosen tags' probabilities."""
    tagged = _tagged(rows, _reading(settings))
    events = _predicted(rows, tagged)

    def at(temperature: float, _: float) -> Floats:
        chosen = softmax(rows.scores / temperature).max(axis=1)
        return np.array(
            [
                combine(chosen[tagged.order[first : last + 1]], last - first + 1)
                for _, first, last in tagged.predicted
            ],
            dtype=np.float64,
        )

    return _raw(rows, tagged, events, at)


def _raw(
    rows: MetricInput,
    tagged: _Tagged,
    first_rows: NDArray[np.intp],
    at: Callable[[float, float], Floats],
) -> RawEvents:
    return RawEvents(
        confidence_at=at,
        correct=np.array([chunk in tagged.gold for chunk in tagged.predicted], dtype=np.float64),
        cluster_ids=_at(rows, "cluster_id", first_rows),
        unit_ids=_at(rows, "unit_id", first_rows),
        kinds=np.array([kind for kind, _, _ in tagged.predicted], dtype=np.str_),
        recall=_recall(tagged),
    )


def _predicted(rows: MetricInput, tagged: _Tagged) -> NDArray[np.intp]:
    """Return the row of each predicted entity's first word."""
    return np.array([tagged.order[first] for _, first, _ in tagged.predicted], dtype=np.intp)


def _at(rows: MetricInput, column: str, places: NDArray[np.intp]) -> Texts:
    return np.array(rows.texts(column), dtype=np.str_)[places]


def _reading(settings: EventSettings) -> Reading:
    if settings.rules not in READINGS:
        raise SettingsError(
            f"no rules {settings.rules!r} for entities",
            where="rules",
            remedy=did_you_mean(settings.rules, READINGS),
        )
    return READINGS[settings.rules]


def _tagged(rows: MetricInput, reading: Reading) -> _Tagged:
    """Put words into sentences, and find the entities in their tags."""
    names = _tags(rows)
    sentences: dict[str, list[int]] = {}
    for row, sentence in enumerate(rows.texts("cluster_id")):
        sentences.setdefault(sentence, []).append(row)
    # Chunks count words through all sentences, with one place between two.
    order = [row_or_gap for words in sentences.values() for row_or_gap in (*words, -1)]
    chosen = rows.scores.argmax(axis=1)
    predicted = reading.find([[names[chosen[row]] for row in s] for s in sentences.values()])
    gold = reading.find([[names[rows.gold[row]] for row in s] for s in sentences.values()])
    return _Tagged(
        order=np.array(order, dtype=np.intp),
        predicted=sorted(predicted, key=lambda chunk: chunk[1:]),
        gold=gold,
    )


def _tags(rows: MetricInput) -> tuple[str, ...]:
    """Return the tags' names; demand that they mark entities."""
    if rows.choices is None:
        raise SettingsError(
            "the tags are not named",
            where=f"{rows.where}: provenance.choices",
            remedy="Name the tags, in the order of the scores",
        )
    unreadable = [tag for tag in rows.choices if tag != "O" and tag[:2] not in ("B-", "I-")]
    if unreadable:
        raise SettingsError(
            f"tag {unreadable[0]!r} marks no entity",
            where=f"{rows.where}: provenance.choices",
            remedy="Entities are read off O, B-... and I-...; for other tags look at words",
        )
    if (rows.gold < 0).any():
        row = int(np.argmax(rows.gold < 0))
        raise DataError(
            "the right tag is not among the choices",
            where=f"{rows.where}: column 'gold', row {row} of {rows.language}",
            remedy="Name all tags of the data among the choices",
        )
    return rows.choices


def _marginals(
    tags: tuple[str, ...], probabilities: Floats, tagged: _Tagged, reading: Reading
) -> Floats:
    """Return the probability of each predicted entity, were words independent."""
    # A row of zeros stands for what is before, between and behind sentences.
    padded = np.vstack([probabilities, np.zeros((1, probabilities.shape[1]))])
    begins: dict[str, Floats] = {}
    inside: dict[str, Floats] = {}
    for kind in {kind for kind, _, _ in tagged.predicted}:
        for prefix, totals in (("B-", begins), ("I-", inside)):
            columns = [
                column
                for column, tag in enumerate(tags)
                if tag.startswith(prefix) and reading.type_of(tag) == kind
            ]
            totals[kind] = padded[:, columns].sum(axis=1)
    confidence = np.empty(len(tagged.predicted))
    for number, (kind, first, last) in enumerate(tagged.predicted):
        begin, within = begins[kind], inside[kind]
        # Place -1 is the last one, which lies behind the last sentence: outside, as wanted.
        before, start, *rest = tagged.order[np.arange(first - 1, last + 2)]
        value = begin[start]
        if reading.lenient:
            value += within[start] * (1 - begin[before] - within[before])
        confidence[number] = value * np.prod(within[rest[:-1]]) * (1 - within[rest[-1]])
    # Sums of probabilities may exceed 1 in their last bit.
    return np.clip(confidence, 0.0, 1.0)


def _recall(tagged: _Tagged) -> Mapping[str, Recall]:
    """Count by type what became of the entities in the gold tags, types in alphabetical order."""
    predicted = frozenset(tagged.predicted)
    covered = np.zeros(len(tagged.order), dtype=bool)
    for _, first, last in predicted:
        covered[first : last + 1] = True
    counts: dict[str, list[int]] = {kind: [0, 0, 0] for kind, _, _ in {*predicted, *tagged.gold}}
    for chunk in tagged.gold:
        kind, first, last = chunk
        exact = chunk in predicted
        counts[kind][0] += 1
        counts[kind][1] += exact
        counts[kind][2] += not exact and bool(covered[first : last + 1].any())
    return {
        kind: Recall(gold=gold, found=exact, partial_match=partial_match)
        for kind, (gold, exact, partial_match) in sorted(counts.items())
    }
