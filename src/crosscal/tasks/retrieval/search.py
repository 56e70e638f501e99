"""All languages of a retrieval task: the translations found, as predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy.typing as npt

from crosscal.data.examples import SentenceExample
from crosscal.tasks.families.family import Scored
from crosscal.tasks.retrieval.retrieval import Sides, mine_pairs, retrieve

# As an embedding's layer: what the first layer is given, and what each layer gives.
EVERY_LAYER = "every"


def found_translations(
    examples: Sequence[SentenceExample],
    vectors: npt.NDArray[Any],
    *,
    mining: bool,
    neighbours: int,
) -> Iterator[Scored]:
    """Look for translations, language by language."""
    for _, sides in by_language(examples, vectors):
        if mining:
            yield mine_pairs(sides, neighbours=neighbours)
        else:
            k = min(neighbours, len(sides.other), len(sides.english))
            yield retrieve(sides, k=k)["from-english"]


def by_language(
    examples: Sequence[SentenceExample], vectors: npt.NDArray[Any]
) -> Iterator[tuple[str, Sides]]:
    """Divide sentences into languages and sides."""
    rows = {id(example): row for row, example in enumerate(examples)}
    for language, group in groupby(examples, key=lambda example: example.language):
        part = list(group)
        other = [example for example in part if not example.english]
        english = [example for example in part if example.english]
        yield (
            language,
            Sides(
                other=other,
                english=english,
                other_rows=_rows(vectors, [rows[id(example)] for example in other]),
                english_rows=_rows(vectors, [rows[id(example)] for example in english]),
            ),
        )


def _rows(vectors: npt.NDArray[Any], rows: list[int]) -> npt.NDArray[Any]:
    """Return some of the vectors, without a copy if they follow on one another."""
    if rows and rows == list(range(rows[0], rows[-1] + 1)):
        return vectors[..., rows[0] : rows[-1] + 1, :]
    return vectors[..., rows, :]
