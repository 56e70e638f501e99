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
    """Look for translations, language by language.

    Parameters
    ----------
    examples : sequence of SentenceExample
        Both sides of every language, the sentences of a language together.
    vectors : ndarray, shape (n, d)
        Their embeddings.
    mining : bool
        Whether most sentences have no translation: pairs are then mined by margin, else every
        English sentence is asked for its nearest, as XTREME does for Tatoeba.
    neighbours : int
        Candidates of each sentence.

    Yields
    ------
    Scored
        See `retrieval.mine_pairs` and `retrieve` (direction ``from-english``).
    """
    for _, sides in by_language(examples, vectors):
        if mining:
            yield mine_pairs(sides, neighbours=neighbours)
        else:
            kept = min(neighbours, len(sides.other), len(sides.english))
            yield retrieve(sides, k=kept)["from-english"]


def by_language(
    examples: Sequence[SentenceExample], vectors: npt.NDArray[Any]
) -> Iterator[tuple[str, Sides]]:
    """Divide sentences into languages and sides.

    Parameters
    ----------
    examples : sequence of SentenceExample
        Both sides of every language, the sentences of a language together.
    vectors : ndarray, shape (n, d) or (layers, n, d)
        Their embeddings.

    Yields
    ------
    (str, Sides)
        Code of the language; its embeddings have as many axes as `vectors`, and are views of
        them where the sentences of a side stand together, so that a file is not read at once.
    """
    places = {id(example): place for place, example in enumerate(examples)}
    for language, group in groupby(examples, key=lambda example: example.language):
        part = list(group)
        other = [example for example in part if not example.english]
        english = [example for example in part if example.english]
        yield (
            language,
            Sides(
                other=other,
                english=english,
                other_rows=_rows(vectors, [places[id(example)] for example in other]),
                english_rows=_rows(vectors, [places[id(example)] for example in english]),
            ),
        )


def _rows(vectors: npt.NDArray[Any], places: list[int]) -> npt.NDArray[Any]:
    """Return some of the vectors, without a copy if they follow on one another."""
    if places and places == list(range(places[0], places[-1] + 1)):
        return vectors[..., places[0] : places[-1] + 1, :]
    return vectors[..., places, :]
