"""The retrieval family: which sentence on the other side is the translation, if any is.

Nothing is trained on the target: a sentence's candidates are scored by how its embedding lies to
theirs. The scores are cosines or margins as they are, not divided by a temperature; a softmax
over them says little before one has been fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from crosscal.data.examples import SentenceExample
from crosscal.exceptions import DataError
from crosscal.tasks.families.family import Scored, unit_table
from crosscal.tasks.retrieval.mining import Indices, Retrieval, mine, score_margins
from crosscal.tasks.retrieval.nearest import BLOCK, Neighbours, nearest_both

Sentences = Sequence[SentenceExample]
Direction = Literal["to-english", "from-english"]
DIRECTIONS: tuple[Direction, Direction] = ("to-english", "from-english")
"""Which side the queries' answers are on. XTREME's Tatoeba score is ``from-english``."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The sentences of a language and those in English, n and m, with their embeddings.

    These have shape (n, d) and (m, d), with layers before them for `layer_sweep`; they may be a
    `numpy.memmap`.
    """

    other: Sequence[SentenceExample]
    english: Sequence[SentenceExample]
    other_rows: npt.NDArray[Any]
    english_rows: npt.NDArray[Any]

    def layer(self, number: int) -> Sides:
        """Return the same sentences with the embeddings of one layer."""
        return Sides(
            other=self.other,
            english=self.english,
            other_rows=self.other_rows[number],
            english_rows=self.english_rows[number],
        )


def retrieve(sides: Sides, *, k: int = 10, block: int = BLOCK) -> dict[Direction, Scored]:
    """Find the k nearest sentences of the other side, for the sentences of both sides.

    Scores are cosines, nearest first; gold is the nearest one that translates the sentence.
    """
    scored: dict[Direction, Scored] = {}
    for direction, queries, candidates, neighbours in _both_ways(sides, k, block):
        indices = neighbours.indices  # (n, k)
        scored[direction] = Scored(
            units=unit_table(queries),
            scores=neighbours.cosines.astype(np.float32),
            gold=_gold(_translations(queries, candidates), indices),
            extra={
                "choices": [[candidates[index].unit_id for index in row] for row in indices],
                "partners": [list(query.partners or ()) for query in queries],
                "direction": [direction] * len(queries),
            },
        )
    return scored


def mine_pairs(
    sides: Sides,
    *,
    neighbours: int = 4,
    margin: str = "ratio",
    retrieval: Retrieval = "max",
    block: int = BLOCK,
) -> Scored:
    """Mine the pairs of translations, of sentences most of which have none.

    A unit is a sentence in the other language; its scores are the margins of its nearest English
    texts. A threshold on ``mined_scores``, from training data, makes the answer.
    """
    translations = _translations(sides.other, sides.english)
    margins = score_margins(
        sides.other_rows,
        sides.english_rows,
        [example.text for example in sides.other],
        [example.text for example in sides.english],
        neighbours=neighbours,
        margin=margin,
        block=block,
    )
    mined = mine(margins, retrieval=retrieval)
    order = np.argsort(-margins.forward_scores, axis=1, kind="stable")[margins.sources.of]
    scores = np.take_along_axis(margins.forward_scores[margins.sources.of], order, axis=1)
    texts = np.take_along_axis(margins.forward.indices[margins.sources.of], order, axis=1)
    pairs: list[list[tuple[str, float]]] = [[] for _ in sides.other]
    for source, target, score in zip(
        mined.sources.tolist(), mined.targets.tolist(), mined.scores.tolist(), strict=True
    ):
        pairs[source].append((sides.english[target].unit_id, score))
    first, of = margins.targets.first, margins.targets.of
    return Scored(
        units=unit_table(sides.other),
        scores=scores.astype(np.float32),
        gold=_gold([of[rows] for rows in translations], texts),
        extra={
            "choices": [[sides.english[index].unit_id for index in row] for row in first[texts]],
            "partners": [list(example.partners or ()) for example in sides.other],
            "mined": [[unit for unit, _ in mates] for mates in pairs],
            "mined_scores": [[score for _, score in mates] for mates in pairs],
        },
    )


def accuracy(scored: Scored) -> float:
    """Share of the units whose first choice is right; those without gold among them are wrong.

    XTREME's Tatoeba score, with ties decided for the sentence that stands first.
    """
    return float(np.mean(np.asarray(scored.gold) == 0))


def layer_sweep(
    languages: Mapping[str, Sides], *, layers: Sequence[int], block: int = BLOCK
) -> list[dict[str, str | int | float]]:
    """Accuracy of the nearest sentence, by language, layer and direction."""
    rows: list[dict[str, str | int | float]] = []
    for language, sides in languages.items():
        for stack in (sides.other_rows, sides.english_rows):
            if len(stack) != len(layers):
                raise DataError(
                    f"embeddings of {len(stack)} layers for {len(layers)} names",
                    where=f"layer sweep, {language}",
                    remedy="Name the layers that were embedded",
                )
        for number, layer in enumerate(layers):
            for direction, queries, candidates, neighbours in _both_ways(
                sides.layer(number), 1, block
            ):
                right = _gold(_translations(queries, candidates), neighbours.indices) == 0
                rows.append(
                    {
                        "language": language,
                        "layer": layer,
                        "direction": direction,
                        "accuracy": float(right.mean()),
                        "n": len(queries),
                    }
                )
    return rows


def _both_ways(
    sides: Sides, k: int, block: int
) -> Iterator[tuple[Direction, Sentences, Sentences, Neighbours]]:
    """Yield direction, queries, candidates and neighbours, from one pass over the products."""
    for examples, rows, name in (
        (sides.other, sides.other_rows, "other side"),
        (sides.english, sides.english_rows, "English side"),
    ):
        if len(rows) != len(examples):
            raise DataError(
                f"{len(rows)} embeddings for {len(examples)} sentences",
                where=name,
                remedy="Embed the same sentences",
            )
    ahead, behind = nearest_both(sides.other_rows, sides.english_rows, (k, k), block=block)
    yield DIRECTIONS[0], sides.other, sides.english, ahead
    yield DIRECTIONS[1], sides.english, sides.other, behind


def _translations(queries: Sentences, candidates: Sentences) -> list[Indices]:
    """Return the rows of each query's translations among the candidates."""
    numbers = {candidate.unit_id: row for row, candidate in enumerate(candidates)}
    translations = []
    for query in queries:
        if query.partners is None or not numbers.keys() >= set(query.partners):
            what = "no gold translations" if query.partners is None else "a translation elsewhere"
            raise DataError(
                f"the sentence has {what}",
                where=f"{query.language} {query.unit_id}",
                remedy="Choose a split with gold pairs, and give all sentences of both sides",
            )
        translations.append(
            np.array([numbers[partner] for partner in query.partners], dtype=np.int64)
        )
    return translations


def _gold(translations: list[Indices], choices: Indices) -> Indices:
    """Return the index of the first choice that is a translation, -1 where none is."""
    right = np.array([np.isin(row, rows) for row, rows in zip(choices, translations, strict=True)])
    return np.where(right.any(axis=1), right.argmax(axis=1), -1)
