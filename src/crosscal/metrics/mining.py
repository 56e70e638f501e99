"""The score of mined translations: BUCC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics.bitext import Pair, best_threshold, bitext_scores
from crosscal.metrics.metric_input import MetricInput, MetricValues
from crosscal.metrics.overlap import overlap_rows


def score_mined_pairs(rows: MetricInput) -> MetricValues:
    """Score the mined pairs (columns ``mined``, ``mined_scores``) that reach the threshold.

    Units are source sentences; ``partners`` has the ids of their translations, mostly none. The
    threshold belongs to the training split, so there is none to fall back on.
    """
    if rows.threshold is None:
        raise SettingsError(
            "mined pairs need a threshold",
            where=rows.where,
            remedy="Choose it on the training split, with crosscal.metrics.mining_threshold",
        )
    mined = _mined_pairs(rows)
    enough = mined.scores >= rows.threshold
    above = [pair for pair, high in zip(mined.pairs, enough, strict=True) if high]
    figures = bitext_scores(above, mined.gold)
    cluster = dict(zip(rows.texts("unit_id"), rows.cluster.tolist(), strict=True))
    f1 = {"f1": overlap_rows(frozenset(above), mined.gold, lambda pair: cluster[pair[0]])}
    return MetricValues(
        official=figures,
        sound=dict(figures),
        n=rows.n,
        rows={"official": f1, "sound": f1},
    )


def mining_threshold(rows: MetricInput) -> float:
    """Return the score from which on mined pairs of the training split give the highest F1.

    See `crosscal.metrics.bitext.best_threshold`; columns as for `score_mined_pairs`.
    """
    mined = _mined_pairs(rows)
    right = np.array([pair in mined.gold for pair in mined.pairs], dtype=np.bool_)
    return best_threshold(mined.scores, right, len(mined.gold))[0]


@dataclass(frozen=True, kw_only=True)
class _MinedPairs:
    """Mined pairs with their scores, and the gold ones."""

    pairs: list[Pair]
    scores: NDArray[np.float64]
    gold: frozenset[Pair]


def _mined_pairs(rows: MetricInput) -> _MinedPairs:
    units = rows.texts("unit_id")
    mined, scores = rows.text_lists("mined"), rows.number_lists("mined_scores")
    for row, (targets, values) in enumerate(zip(mined, scores, strict=True)):
        if len(targets) != len(values):
            raise DataError(
                f"{len(values)} scores for {len(targets)} pairs",
                where=f"{rows.where}: column 'mined_scores', row {row} of {rows.language}",
                remedy="Give one score for each pair",
            )
    return _MinedPairs(
        pairs=_pairs(units, mined),
        scores=np.array([value for values in scores for value in values], dtype=np.float64),
        gold=frozenset(_pairs(units, rows.text_lists("partners"))),
    )


def _pairs(units: list[str], targets: list[list[str]]) -> list[Pair]:
    return [(unit, target) for unit, ids in zip(units, targets, strict=True) for target in ids]
