"""What each kind of stage does: a pure function from inputs and settings to a folder.

Every function may be killed at any moment and called again with what it left
in its scratch folder; it then goes on to the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crosscal.artifacts import building, locked
from crosscal.study.plan import Stage, read_source
from crosscal.study.settings import Source
from crosscal.study.store import Store

Report = Callable[[int, int], None]


def run_stage(stage: Stage, store: Store) -> bool:
    """Run a stage unless its artifact is there; returns whether it had to run.

    Raises
    ------
    CrosscalError
        Whatever went wrong in the stage; what it had done so far is kept.
    """
    folder = store.folder(*stage.node)
    with locked(folder):
        if folder.is_dir():
            return False
        inputs = {role: store.open(*node) for role, node in stage.inputs.items()}
        details: dict[str, Any] = {"kind": stage.kind, "title": stage.title, "key": stage.key}
        started = time.monotonic()
        with building(folder, details, resume=True) as scratch:
            report = store.progress_writer(*stage.node)
            found = _KINDS[stage.kind](stage, inputs, scratch, report)
            details.update(found, seconds=round(time.monotonic() - started, 2))
        store.progress_file(*stage.node).unlink(missing_ok=True)
    return True


def _prepare(
    stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report
) -> dict[str, Any]:
    import pyarrow as pa

    from crosscal.encoders.loading import load_tokenizer, token_types
    from crosscal.tasks import gold, model_input, task
    from crosscal.training.tokens import tokenise_pairs

    parameters = stage.parameters
    encoder = Path(parameters["encoder"])
    chosen = task(stage.settings["task"])
    examples = read_source(
        Source(**parameters["source"]), stage.settings["split"], parameters["languages"], chosen
    ).examples
    columns = ("unit_id", "cluster_id", "language")
    tokens = tokenise_pairs(
        load_tokenizer(encoder),
        [model_input(example) for example in examples],
        [gold(example, chosen) for example in examples],
        pa.table({name: [getattr(example, name) for example in examples] for name in columns}),
        max_length=stage.settings["max_length"],
        types=token_types(encoder),
    )
    tokens.save(scratch)
    return {"examples": len(tokens), "tokens": len(tokens.ids), "truncated": tokens.truncated}


def _train(stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report) -> dict[str, Any]:
    from crosscal.training.stage import train_stage

    return train_stage(stage.settings, stage.parameters, inputs, scratch, report)


def _predict(
    stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report
) -> dict[str, Any]:
    from crosscal.training.stage import predict_stage

    return predict_stage(stage.settings, stage.parameters, inputs, scratch, report)


def _collect(
    stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report
) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from crosscal.predictions import Predictions, Provenance, write_predictions

    units: list[pa.Table] = []
    scores, gold, splits = [], [], []
    for split in ("dev", "test"):
        units.append(pq.read_table(inputs[split] / "units.parquet"))
        scores.append(np.load(inputs["scores"] / f"{split}.npy"))
        gold.append(np.load(inputs[split] / "gold.npy"))
        splits += [split] * len(gold[-1])
    rows = pa.concat_tables(part.replace_schema_metadata() for part in units)
    table = Predictions.from_arrays(
        Provenance(**{**stage.settings, "choices": tuple(stage.settings["choices"])}),
        unit_ids=rows["unit_id"].to_pylist(),
        cluster_ids=rows["cluster_id"].to_pylist(),
        languages=rows["language"].to_pylist(),
        splits=splits,
        scores=np.concatenate(scores),
        gold=np.concatenate(gold),
    )
    write_predictions(table, scratch / "predictions.parquet")
    return {"rows": len(rows)}


_KINDS: dict[str, Callable[[Stage, dict[str, Path], Path, Report], dict[str, Any]]] = {
    "prepare": _prepare,
    "train": _train,
    "predict": _predict,
    "collect": _collect,
}
