"""All languages of a retrieval task: the translations found, as predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from crosscal.data.examples import SentenceExample
from crosscal.tasks.family import Scored
from crosscal.tasks.retrieval import Sides, mine_pairs, retrieve


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
        See `crosscal.tasks.retrieval.mine_pairs` and `retrieve` (direction ``from-english``).
    """
    places = {id(example): place for place, example in enumerate(examples)}
    for _, group in groupby(examples, key=lambda example: example.language):
        part = list(group)
        other = [example for example in part if not example.english]
        english = [example for example in part if example.english]
        sides = Sides(
            other=other,
            english=english,
            other_rows=vectors[np.array([places[id(example)] for example in other])],
            english_rows=vectors[np.array([places[id(example)] for example in english])],
        )
        if mining:
            yield mine_pairs(sides, neighbours=neighbours)
        else:
            kept = min(neighbours, len(other), len(english))
            yield retrieve(sides, k=kept)["from-english"]
