"""Search among the vectors of a retrieval target for translations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.study.config.sources import SplitSource, read_splits
from crosscal.study.execution.stages.stage import RUNTIME, Stage, TokenCounts, Workload
from crosscal.training.reporting import ReportProgress


@dataclass(frozen=True, kw_only=True)
class SearchStage(Stage):
    """From vectors (``vectors``) to the table of a run: the nearest candidates of each sentence."""

    kind = "search"
    version = 1

    task: str
    examples: dict[str, str]
    neighbours: int
    scoring: str
    provenance: dict[str, Any]
    sources: dict[str, SplitSource] = field(metadata=RUNTIME)
    width: int = field(metadata=RUNTIME)  # numbers of a vector

    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Leave the table."""
        import numpy as np

        from crosscal.predictions import Predictions, Provenance, write_predictions
        from crosscal.tasks.retrieval.search import found_translations

        columns: dict[str, list[Any]] = {}
        extra: dict[str, list[Any]] = {}
        sentences = read_splits(self.sources, self.examples)
        total = sum(map(len, sentences.values()))
        for split, examples in sentences.items():
            vectors = np.load(inputs["vectors"] / f"{split}.npy", mmap_mode="r")
            for scored in found_translations(
                examples,
                vectors[0],
                mining=self.scoring == "bitext",
                neighbours=self.neighbours,
            ):
                for name in ("unit_id", "cluster_id", "language"):
                    columns.setdefault(f"{name}s", []).extend(scored.units[name].to_pylist())
                columns.setdefault("splits", []).extend([split] * len(scored.gold))
                columns.setdefault("scores", []).extend(scored.scores)
                columns.setdefault("gold", []).extend(scored.gold.tolist())
                for name, values in scored.extra.items():
                    extra.setdefault(name, []).extend(values)
                progress(len(columns["gold"]), total)
        table = Predictions.from_arrays(Provenance(**self.provenance), **columns, extra=extra)
        write_predictions(table, folder / "predictions.parquet")
        return {"rows": len(table)}

    def workload(self, counts: TokenCounts) -> Workload:
        """Compare each sentence of a language with each of its English ones, as if all had so many.

        A row of the table is a sentence of one side and its candidates.
        """
        pairs = rows = 0.0
        for source in self.sources.values():
            sentences = counts.examples_of_source(source.field)
            rows += sentences / 2
            pairs += sentences**2 / (4 * len(source.languages))
        return Workload(
            tokens=0.0, bytes=int(rows * 8 * self.neighbours), operations=2 * self.width * pairs
        )
