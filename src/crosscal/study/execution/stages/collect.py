"""Collect the scores of a run into its prediction table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscal.study.execution.stages.stage import Stage
from crosscal.training.reporting import ReportProgress

_SPLITS = ("dev", "test", "calibration")


@dataclass(frozen=True, kw_only=True)
class CollectStage(Stage):
    """From scores (``scores:NUMBER``, ``calibration:NUMBER``) and tokens of the splits to a table.

    The scores of several models are averaged.
    """

    kind = "collect"
    version = 2

    provenance: dict[str, Any]
    labels: tuple[str, ...]

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the table."""
        import numpy as np

        from crosscal.predictions import Predictions, Provenance, write_predictions
        from crosscal.tasks import FAMILIES, EncodedDataset, mean_scores

        family = FAMILIES[self.provenance["family"]]
        scored = {}
        for split in (split for split in _SPLITS if split in inputs):
            prefix = "calibration:" if split == "calibration" else "scores:"
            models = sorted(role for role in inputs if role.startswith(prefix))
            tokens = EncodedDataset.load(inputs[split])
            scores = [np.load(inputs[model] / f"{split}.npy") for model in models]
            mean = scores[0] if len(scores) == 1 else mean_scores(tokens, scores)
            scored[split] = family.predictions(tokens, mean, self.labels)
        parts = scored.values()
        table = Predictions.from_arrays(
            Provenance(**self.provenance),
            **{
                f"{name}s": [value for part in parts for value in part.units[name].to_pylist()]
                for name in ("unit_id", "cluster_id", "language")
            },
            splits=[split for split, part in scored.items() for _ in part.gold],
            scores=[row for part in parts for row in part.scores],
            gold=np.concatenate([part.gold for part in parts]),
            extra={
                name: [value for part in parts for value in part.extra[name]]
                for name in scored["test"].extra
            },
        )
        write_predictions(table, folder / "predictions.parquet")
        return {"rows": len(table)}
