"""Draws of the truth of scores: one of clusters for all runs of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crosscal.calibration import Measurement
from crosscal.calibration.estimation.engine import measure_outcomes
from crosscal.calibration.estimation.samples import OutcomeSet
from crosscal.calibration.evaluation.cluster_design import design_groups
from crosscal.metrics import MetricInput, MetricValues
from crosscal.predictions import Predictions

ByMetric = dict[str, dict[str, Measurement]]
"""Measurements by kind (official, sound) and metric."""


class ScoreDraws:
    """One draw of the clusters of a split, shared by all runs and by languages that share them.

    It is that of the analysis: an accuracy has the same interval in both, where no run collapsed.
    """

    def __init__(
        self, runs: Sequence[Predictions], split: str, *, replicates: int, seed: int
    ) -> None:
        names = ["language", "cluster_id"]
        tables = [
            run.table.filter(pc.equal(run.table["split"], split)).select(names) for run in runs
        ]
        pairs = pa.concat_tables([each.group_by(names).aggregate([]) for each in tables])
        pairs = pairs.group_by(names).aggregate([]).sort_by([(name, "ascending") for name in names])
        language, cluster = (np.asarray(pairs[name].to_pylist()) for name in names)
        self.languages, group = np.unique(language, return_inverse=True)
        _, code = np.unique(cluster, return_inverse=True)
        designs = design_groups(group, len(self.languages), code, replicates=replicates, seed=seed)
        self._designs = dict(zip(self.languages.tolist(), designs, strict=True))
        self._unit = {
            name: dict(zip(cluster[each.rows].tolist(), each.unit.tolist(), strict=True))
            for name, each in self._designs.items()
        }

    def measure(
        self, scored: Mapping[str, tuple[MetricInput, MetricValues]], number: int
    ) -> dict[str, ByMetric]:
        """Measure the headline metrics of one run, by language; `number` is that of the run."""
        measured: dict[str, ByMetric] = {}
        for draw in dict.fromkeys(self._designs[language].draw for language in scored):
            together = [name for name in scored if self._designs[name].draw == draw]
            keys, sets = [], []
            for language in together:
                rows, values = scored[language]
                units = np.array([self._unit[language][name] for name in rows.clusters])
                for kind, metrics in values.rows.items():
                    for metric, of in metrics.items():
                        keys.append((language, kind, metric))
                        sets.append(
                            OutcomeSet(
                                outcome=of.values,
                                unit=units[of.cluster],
                                name=language,
                                number=number,
                                clusters=len(np.unique(of.cluster)),
                            )
                        )
            found = measure_outcomes(sets, self._designs[together[0]].resampling)
            for (language, kind, metric), one in zip(keys, found, strict=True):
                measured.setdefault(language, {}).setdefault(kind, {})[metric] = one
        return measured
