"""What each kind of stage does: a pure function from inputs and settings to a folder.

Every function may be killed at any moment and called again with what it left
in its scratch folder; it then goes on to the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosscal.artifacts import building, locked
from crosscal.exceptions import DataError
from crosscal.study.config.settings import SourceConfig
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Stage
from crosscal.study.planning.sources import read_source

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
    from crosscal.encoders.architectures import token_types
    from crosscal.encoders.loading import load_tokenizer
    from crosscal.tasks import FAMILIES, Limits

    encoder = Path(stage.parameters["encoder"])
    examples = [
        example
        for language in stage.parameters["languages"]
        for example in _in_language(stage, language, inputs.get(f"translated:{language}"))
    ]
    limits = Limits(max_length=stage.settings["max_length"], types=token_types(encoder))
    tokens = FAMILIES[stage.settings["family"]].tokenise(
        load_tokenizer(encoder), examples, stage.settings["labels"], limits
    )
    tokens.save(scratch)
    return {"examples": len(tokens), "tokens": len(tokens.ids), "truncated": tokens.truncated}


def _in_language(stage: Stage, language: str, translated: Path | None) -> Sequence[Any]:
    """Examples of one language of a source, or what they were translated into."""
    if translated is None:
        parameters = stage.parameters
        read = read_source(
            SourceConfig(**parameters["source"]),
            parameters["split"],
            parameters["languages"],
            parameters["labels"],
        )
        return [example for example in read.examples if example.language == language]
    from crosscal.translation.files import read_examples

    found = read_examples(translated)
    if not found:
        raise DataError(
            f"no example in '{language}' is left after translation",
            where=stage.parameters["field"],
            remedy=f"{translated / 'summary.json'} counts the reasons; use another translator",
        )
    if not stage.settings["keep_languages"]:
        return found
    return [replace(example, language=language) for example in found]


def _translate(
    stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report
) -> dict[str, Any]:
    from crosscal.translation import load_translator
    from crosscal.translation.stage import translate_stage

    how, language = stage.parameters["translate"], stage.settings["language"]
    translator = load_translator(how["translator"], language, how["to"], **how["settings"])
    examples = _in_language(stage, language, None)
    found = translate_stage(examples, translator, scratch, report)
    return {key: value for key, value in found.items() if key != "seconds"}


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

    from crosscal.predictions import Predictions, Provenance, write_predictions
    from crosscal.tasks import FAMILIES, TokenSet, mean_scores

    made, labels = dict(stage.settings["provenance"]), stage.settings["labels"]
    family = FAMILIES[made["family"]]
    found = {}
    for split in (role for role in ("dev", "test", "calibration") if role in inputs):
        kind = "calibration:" if split == "calibration" else "scores:"
        members = sorted(role for role in inputs if role.startswith(kind))
        tokens = TokenSet.load(inputs[split])
        scores = [np.load(inputs[member] / f"{split}.npy") for member in members]
        mean = scores[0] if len(scores) == 1 else mean_scores(tokens, scores)
        found[split] = family.predictions(tokens, mean, labels)
    parts = found.values()
    if made["choices"] is not None:
        made["choices"] = tuple(made["choices"])
    table = Predictions.from_arrays(
        Provenance(**made),
        **{
            f"{name}s": [value for part in parts for value in part.units[name].to_pylist()]
            for name in ("unit_id", "cluster_id", "language")
        },
        splits=[split for split, part in found.items() for _ in part.gold],
        scores=[row for part in parts for row in part.scores],
        gold=np.concatenate([part.gold for part in parts]),
        extra={
            name: [value for part in parts for value in part.extra[name]]
            for name in found["test"].extra
        },
    )
    write_predictions(table, scratch / "predictions.parquet")
    return {"rows": len(table)}


def _embed(stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report) -> dict[str, Any]:
    from crosscal.training.embed_stage import embed_stage

    return embed_stage(stage.settings, stage.parameters, sentences(stage), inputs, scratch, report)


def _search(stage: Stage, inputs: dict[str, Path], scratch: Path, report: Report) -> dict[str, Any]:
    import numpy as np

    from crosscal.predictions import Predictions, Provenance, write_predictions
    from crosscal.tasks.retrieval.search import found_translations

    columns: dict[str, list[Any]] = {}
    extra: dict[str, list[Any]] = {}
    total = sum(len(examples) for examples in sentences(stage).values())
    for split, examples in sentences(stage).items():
        vectors = np.load(inputs["vectors"] / f"{split}.npy", mmap_mode="r")
        for scored in found_translations(
            examples,
            vectors[0],
            mining=stage.settings["scoring"] == "bitext",
            neighbours=stage.settings["neighbours"],
        ):
            for name in ("unit_id", "cluster_id", "language"):
                columns.setdefault(f"{name}s", []).extend(scored.units[name].to_pylist())
            columns.setdefault("splits", []).extend([split] * len(scored.gold))
            columns.setdefault("scores", []).extend(scored.scores)
            columns.setdefault("gold", []).extend(scored.gold.tolist())
            for name, values in scored.extra.items():
                extra.setdefault(name, []).extend(values)
            report(len(columns["gold"]), total)
    table = Predictions.from_arrays(
        Provenance(**stage.settings["provenance"]), **columns, extra=extra
    )
    write_predictions(table, scratch / "predictions.parquet")
    return {"rows": len(table)}


def sentences(stage: Stage) -> dict[str, tuple[Any, ...]]:
    """Sentences of every split of a retrieval stage."""
    return {
        split: read_source(SourceConfig(**found["source"]), split, found["languages"], ()).examples
        for split, found in stage.parameters["sources"].items()
    }


_KINDS: dict[str, Callable[[Stage, dict[str, Path], Path, Report], dict[str, Any]]] = {
    "prepare": _prepare,
    "train": _train,
    "predict": _predict,
    "collect": _collect,
    "translate": _translate,
    "embed": _embed,
    "search": _search,
}
