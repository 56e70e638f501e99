"""Mining translations from two sets of sentences, as XTREME does for BUCC 2018.

A pair is scored by its cosine against how near its two sentences are to others on the opposite
side (Artetxe and Schwenk, 2019), which evens out that some sentences are near to everything.
Which score is enough is for `crosscal.metrics` to find on training data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean
from crosscal.tasks.retrieval.nearest import BLOCK, Neighbours, nearest_both
from crosscal.tasks.retrieval.vectors import check_block, unit_rows

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Retrieval = Literal["max", "forward", "backward"]

MARGINS: dict[str, Callable[[Doubles, Doubles], Doubles]] = {
    "ratio": lambda cosine, mean: cosine / mean,
    "distance": lambda cosine, mean: cosine - mean,
    "absolute": lambda cosine, mean: cosine,
}
"""Score of a pair from its cosine and from the mean of the two sentences' mean cosines."""


@dataclass(frozen=True, kw_only=True)
class DeduplicatedTexts:
    """Sentences of one side, those of equal text as one.

    Attributes
    ----------
    first : ndarray of int64, shape (u,)
        Row of the first sentence of each text, ascending.
    of : ndarray of int64, shape (n,)
        Which of the u texts each sentence has.
    repeated : ndarray of bool, shape (u,)
        Whether another sentence has this text too, blanks at both ends aside.
    """

    first: Indices
    of: Indices
    repeated: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Nearest neighbours both ways, with the margin score of each pair.

    Attributes
    ----------
    sources, targets : DeduplicatedTexts
        The texts; all indices below are of texts, not of sentences.
    forward, backward : Neighbours
        Of each source among the targets, and of each target among the sources.
    forward_scores, backward_scores : ndarray of float64
        Of the same shapes. A pair that is in both has the same score in both, to the bit.
    """

    sources: DeduplicatedTexts
    targets: DeduplicatedTexts
    forward: Neighbours
    backward: Neighbours
    forward_scores: Doubles
    backward_scores: Doubles


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Rows of P paired sentences, highest score first; of equal ones lowest source, then target."""

    sources: Indices
    targets: Indices
    scores: Doubles

    def at_least(self, threshold: float) -> Mined:
        """Return the pairs whose score reaches a threshold."""
        mask = self.scores >= threshold
        return Mined(
            sources=self.sources[mask], targets=self.targets[mask], scores=self.scores[mask]
        )


def deduplicate(texts: Sequence[str]) -> DeduplicatedTexts:
    """Find the sentences that have the same text, to the character."""
    numbers: dict[str, int] = {}
    of = [numbers.setdefault(text, len(numbers)) for text in texts]
    # Blanks at both ends do not count here: so the reference loses the id of such a sentence.
    counts = Counter(text.strip() for text in texts)
    first = np.unique(np.array(of, dtype=np.int64), return_index=True)[1]
    return DeduplicatedTexts(
        first=first.astype(np.int64),
        of=np.array(of, dtype=np.int64),
        repeated=np.array([counts[text.strip()] > 1 for text in numbers], dtype=bool),
    )


def score_margins(
    source_rows: npt.NDArray[Any],
    target_rows: npt.NDArray[Any],
    source_texts: Sequence[str],
    target_texts: Sequence[str],
    *,
    neighbours: int = 4,
    margin: str = "ratio",
    block: int = BLOCK,
) -> Margins:
    """Find the neighbours of every text both ways, in one pass, and score the pairs.

    Of sentences of equal text the first one's embedding is taken. A ratio whose mean cosine is not
    above zero is an error: its sign would turn round.
    """
    if margin not in MARGINS:
        raise SettingsError(
            f"unknown margin '{margin}'", where="margin", remedy=did_you_mean(margin, MARGINS)
        )
    check_block(block)
    sources, targets = deduplicate(source_texts), deduplicate(target_texts)
    ours = _TextRows(source_rows, sources, block, "sources")
    theirs = _TextRows(target_rows, targets, block, "targets")
    k = min(neighbours, len(targets.first)), min(neighbours, len(sources.first))
    forward, backward = nearest_both(ours, theirs, k, block=block)
    means = forward.cosines.mean(axis=1), backward.cosines.mean(axis=1)
    # Each pair's mean over the neighbours of both of its texts, shapes (u, k) and (v, l).
    ahead = (means[0][:, None] + means[1][forward.indices]) / 2
    behind = (means[0][backward.indices] + means[1][:, None]) / 2
    if margin == "ratio":
        _check_positive(ahead, sources, "sources")
        _check_positive(behind, targets, "targets")
    return Margins(
        sources=sources,
        targets=targets,
        forward=forward,
        backward=backward,
        forward_scores=MARGINS[margin](forward.cosines, ahead),
        backward_scores=MARGINS[margin](backward.cosines, behind),
    )


def _check_positive(means: Doubles, texts: DeduplicatedTexts, name: str) -> None:
    bad = (means <= 0).any(axis=1)
    if bad.any():
        raise DataError(
            "the mean cosine with the nearest neighbours is not above zero",
            where=f"{name}: row {texts.first[int(bad.argmax())]}",
            remedy="Use margin='distance', or check the embeddings",
        )


class _TextRows:
    """The rows that stand for a text, in blocks that are read when they are needed."""

    def __init__(
        self, rows: npt.NDArray[Any], texts: DeduplicatedTexts, block: int, name: str
    ) -> None:
        if len(rows) != len(texts.of):
            raise DataError(
                f"{len(rows)} vectors for {len(texts.of)} sentences",
                where=name,
                remedy="Embed the same sentences",
            )
        if not len(rows):
            raise DataError("there are no sentences", where=name, remedy="Give at least one")
        starts = range(0, len(texts.first), block)
        self._rows = rows
        self._blocks = [texts.first[start : start + block] for start in starts]
        # Here, because only here rows have the numbers that the user knows.
        for indices in self._blocks:
            unit_rows(rows[indices], indices.tolist(), name=name)

    def __len__(self) -> int:
        return len(self._blocks)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self._rows[indices] for indices in self._blocks)


def mine(margins: Margins, *, retrieval: Retrieval = "max") -> Mined:
    """Choose the pairs that are translations of each other, if any are.

    ``forward`` takes for every source the neighbour of the highest score, ``backward`` for every
    target; of equal scores the nearer one. ``max`` takes from both the highest scores first, no
    text twice, and only scores above zero. Equal scores are in the order of the sentences, where
    the reference (``mine_bitext``, ``bucc_extract``) leaves it to an unstable sort.
    """
    ways = {
        "forward": [_forward],
        "backward": [_backward],
        "max": [_forward, _backward],
    }
    if retrieval not in ways:
        raise SettingsError(
            f"unknown retrieval '{retrieval}'",
            where="retrieval",
            remedy=did_you_mean(retrieval, ways),
        )
    pairs = [way(margins) for way in ways[retrieval]]
    sources, targets, scores = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.lexsort((targets, sources, -scores))
    if retrieval == "max":
        order = _one_to_one(order, sources, targets)
        order = order[scores[order] > 0]
    # As in the reference, pairs that a repeated text has won are lost.
    repeated = margins.sources.repeated[sources[order]] | margins.targets.repeated[targets[order]]
    order = order[~repeated]
    return Mined(
        sources=margins.sources.first[sources[order]],
        targets=margins.targets.first[targets[order]],
        scores=scores[order],
    )


def _forward(margins: Margins) -> tuple[Indices, Indices, Doubles]:
    rows = np.arange(len(margins.forward_scores))
    best = margins.forward_scores.argmax(axis=1)
    return rows, margins.forward.indices[rows, best], margins.forward_scores[rows, best]


def _backward(margins: Margins) -> tuple[Indices, Indices, Doubles]:
    rows = np.arange(len(margins.backward_scores))
    best = margins.backward_scores.argmax(axis=1)
    return margins.backward.indices[rows, best], rows, margins.backward_scores[rows, best]


def _one_to_one(order: Indices, sources: Indices, targets: Indices) -> Indices:
    """Go through pairs in order, and leave out those of which a part is taken."""
    taken: tuple[set[int], set[int]] = set(), set()
    free = []
    for index in order.tolist():
        source, target = int(sources[index]), int(targets[index])
        if source not in taken[0] and target not in taken[1]:
            taken[0].add(source)
            taken[1].add(target)
            free.append(index)
    return np.array(free, dtype=np.int64)
