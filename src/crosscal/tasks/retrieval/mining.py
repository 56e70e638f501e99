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
Places = npt.NDArray[np.int64]
Retrieval = Literal["max", "forward", "backward"]

MARGINS: dict[str, Callable[[Doubles, Doubles], Doubles]] = {
    "ratio": lambda cosine, mean: cosine / mean,
    "distance": lambda cosine, mean: cosine - mean,
    "absolute": lambda cosine, mean: cosine,
}
"""Score of a pair from its cosine and from the mean of the two sentences' mean cosines."""


@dataclass(frozen=True, kw_only=True)
class Unified:
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

    first: Places
    of: Places
    repeated: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Nearest neighbours both ways, with the margin score of each pair.

    Attributes
    ----------
    sources, targets : Unified
        The texts; all places below are numbers of texts, not of sentences.
    forward, backward : Neighbours
        Of each source among the targets, and of each target among the sources.
    forward_scores, backward_scores : ndarray of float64
        Of the same shapes. A pair that is in both has the same score in both, to the bit.
    """

    sources: Unified
    targets: Unified
    forward: Neighbours
    backward: Neighbours
    forward_scores: Doubles
    backward_scores: Doubles


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Pairs of sentences, highest score first; of equal scores lowest source, then target.

    Attributes
    ----------
    sources, targets : ndarray of int64, shape (p,)
        Rows of the two sides.
    scores : ndarray of float64, shape (p,)
        Margin scores.
    """

    sources: Places
    targets: Places
    scores: Doubles

    def at_least(self, threshold: float) -> Mined:
        """Return the pairs whose score reaches a threshold."""
        kept = self.scores >= threshold
        return Mined(
            sources=self.sources[kept], targets=self.targets[kept], scores=self.scores[kept]
        )


def unify(texts: Sequence[str]) -> Unified:
    """Find the sentences that have the same text.

    Parameters
    ----------
    texts : sequence of str
        One a sentence.

    Returns
    -------
    Unified
        Texts are the same if all their characters are; `repeated` also disregards blanks at both
        ends, which is how the reference loses the id of such a sentence.
    """
    numbers: dict[str, int] = {}
    of = [numbers.setdefault(text, len(numbers)) for text in texts]
    counts = Counter(text.strip() for text in texts)
    first = np.unique(np.array(of, dtype=np.int64), return_index=True)[1]
    return Unified(
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

    Parameters
    ----------
    source_rows, target_rows : ndarray of shape (n, d) and (m, d)
        Embeddings, one a sentence; may be `numpy.memmap`. Of sentences of equal text the first
        one's is taken.
    source_texts, target_texts : sequence of str, length n and m
        The sentences.
    neighbours : int, default 4
        How many to average over, at most all there are.
    margin : {"ratio", "distance", "absolute"}
        See `MARGINS`.
    block : int
        See `crosscal.tasks.retrieval.nearest.nearest`; the scores do not depend on it.

    Returns
    -------
    Margins
        In float64.

    Raises
    ------
    DataError
        If there is not one text a row, a row is zero or not finite, or a ratio has a mean that
        is not above zero, where its sign would turn round.
    SettingsError
        If there is no such margin, or `neighbours` is below 1.
    """
    if margin not in MARGINS:
        raise SettingsError(
            f"unknown margin '{margin}'", where="margin", remedy=did_you_mean(margin, MARGINS)
        )
    check_block(block)
    sources, targets = unify(source_texts), unify(target_texts)
    ours = _Chosen(source_rows, sources, block, "sources")
    theirs = _Chosen(target_rows, targets, block, "targets")
    k = min(neighbours, len(targets.first)), min(neighbours, len(sources.first))
    forward, backward = nearest_both(ours, theirs, k, block=block)
    means = forward.cosines.mean(axis=1), backward.cosines.mean(axis=1)
    ahead = (means[0][:, None] + means[1][forward.places]) / 2
    behind = (means[0][backward.places] + means[1][:, None]) / 2
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


def _check_positive(means: Doubles, texts: Unified, name: str) -> None:
    bad = (means <= 0).any(axis=1)
    if bad.any():
        raise DataError(
            "the mean cosine with the nearest neighbours is not above zero",
            where=f"{name}: row {texts.first[int(bad.argmax())]}",
            remedy="Use margin='distance', or check the embeddings",
        )


class _Chosen:
    """The rows that stand for a text, in blocks that are read when they are needed."""

    def __init__(self, rows: npt.NDArray[Any], texts: Unified, block: int, name: str) -> None:
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
        self._places = [texts.first[start : start + block] for start in starts]
        # Here, because only here rows have the numbers that the user knows.
        for places in self._places:
            unit_rows(rows[places], places.tolist(), name=name)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self._rows[places] for places in self._places)


def mine(margins: Margins, *, retrieval: Retrieval = "max") -> Mined:
    """Choose the pairs that are translations of each other, if any are.

    Parameters
    ----------
    margins : Margins
        As `score_margins` returns them.
    retrieval : {"max", "forward", "backward"}
        ``forward`` takes for every source the neighbour of the highest score, ``backward`` for
        every target; of equal scores the nearer one. ``max`` puts both together and takes the
        highest scores first, no text twice, and only scores above zero.

    Returns
    -------
    Mined
        Without sentences whose text is repeated: they had their part in all of the above, and
        pairs they won are lost, as in the reference (``mine_bitext`` and ``bucc_extract``).
        Where the reference leaves the order of equal scores to an unstable sort, it is by
        source, then target, in the order of the sentences.

    Raises
    ------
    SettingsError
        If there is no such way of retrieval.
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
    found = [way(margins) for way in ways[retrieval]]
    sources, targets, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((targets, sources, -scores))
    if retrieval == "max":
        order = _one_to_one(order, sources, targets)
        order = order[scores[order] > 0]
    lost = margins.sources.repeated[sources[order]] | margins.targets.repeated[targets[order]]
    order = order[~lost]
    return Mined(
        sources=margins.sources.first[sources[order]],
        targets=margins.targets.first[targets[order]],
        scores=scores[order],
    )


def _forward(margins: Margins) -> tuple[Places, Places, Doubles]:
    rows = np.arange(len(margins.forward_scores))
    best = margins.forward_scores.argmax(axis=1)
    return rows, margins.forward.places[rows, best], margins.forward_scores[rows, best]


def _backward(margins: Margins) -> tuple[Places, Places, Doubles]:
    rows = np.arange(len(margins.backward_scores))
    best = margins.backward_scores.argmax(axis=1)
    return margins.backward.places[rows, best], rows, margins.backward_scores[rows, best]


def _one_to_one(order: Places, sources: Places, targets: Places) -> Places:
    """Go through pairs in order, and leave out those of which a part is taken."""
    taken: tuple[set[int], set[int]] = set(), set()
    kept = []
    for place in order.tolist():
        source, target = int(sources[place]), int(targets[place])
        if source not in taken[0] and target not in taken[1]:
            taken[0].add(source)
            taken[1].add(target)
            kept.append(place)
    return np.array(kept, dtype=np.int64)
