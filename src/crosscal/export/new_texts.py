"""Predictions of an exported model for new texts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from crosscal.artifacts import aside_of, disk_errors, move
from crosscal.calibration import softmax
from crosscal.encoders.architectures import token_types
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import DataError, SettingsError
from crosscal.export.folder import HEADS, ExportFacts, head_of, read_facts
from crosscal.export.inputs import NewTexts, read_texts
from crosscal.tasks import FAMILIES, EncodedDataset, InputLimits, Scored
from crosscal.tasks.families.sentence_tokens import sentence_tokens
from crosscal.training.settings import ModelSettings

if TYPE_CHECKING:
    pass

WRITTEN = (".parquet", ".csv", ".jsonl")


@dataclass(frozen=True, kw_only=True)
class NewPredictions:
    """What was predicted: a table, and what there is to say of it."""

    table: pa.Table
    notes: tuple[str, ...]


def predict_texts(
    folder: Path,
    file: Path,
    *,
    columns: Sequence[str] = (),
    encoding: str | None = None,
    temperature: bool | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> NewPredictions:
    """Predict the rows of a file with an exported model, on this machine's best device.

    Parameters
    ----------
    folder : Path
        As `crosscal export` writes it.
    file, columns, encoding : Path, sequence of str, str
        As for `read_texts`.
    temperature : bool, optional
        Whether scores are divided by the temperature that the folder holds; None: if the
        exported head is.
    report : callable
        Called with (examples done, examples in all).

    Returns
    -------
    NewPredictions
        Rows in the order of the file: its columns, then ``predicted``, ``confidence``, and
        ``prob_LABEL`` for each label. For spans and options ``candidates`` and ``probabilities``
        are lists. For tagging one row a word: ``row, position, word`` in place of the columns.
    """
    facts = read_facts(folder)
    divisor = _divisor(facts, folder, temperature)
    texts = read_texts(file, facts.family, columns, encoding=encoding)
    dataset = _encoded(folder, facts, texts)
    scores = _scores(folder, facts, dataset, lambda done: report(done, len(dataset)))
    scored = FAMILIES[facts.family].predictions(dataset, scores, facts.labels)
    notes = [*texts.notes]
    if dataset.truncated:
        notes.append(f"{dataset.truncated} inputs were cut to {facts.max_length} tokens")
    if divisor != 1.0:
        notes.append(f"scores were divided by the temperature {divisor:.4f}")
    elif facts.temperature is not None:
        notes.append(f"the temperature {facts.temperature:.4f} was not applied")
    return NewPredictions(table=_table(facts, texts, scored, divisor), notes=tuple(notes))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table by the ending of its name; lists become JSON in CSV."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = aside_of(path)
        if path.suffix == ".parquet":
            pq.write_table(table, aside, write_page_checksum=True)
        elif path.suffix == ".csv":
            pyarrow.csv.write_csv(_flat(table), aside)
        else:
            lines = (json.dumps(row, ensure_ascii=False) for row in table.to_pylist())
            aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        move(aside, path)


def _divisor(facts: ExportFacts, folder: Path, temperature: bool | None) -> float:
    if temperature is None:
        temperature = facts.temperature_use == "apply"
    if not temperature:
        return 1.0
    if facts.temperature is None:
        raise SettingsError(
            "the model was exported without a temperature",
            where=str(folder),
            remedy="Export it again with --temperature config, or leave out --temperature",
        )
    return facts.temperature


def _encoded(folder: Path, facts: ExportFacts, texts: NewTexts) -> EncodedDataset:
    from crosscal.encoders.structure import inspect_encoder

    tokenizer = load_tokenizer(folder)
    limits = InputLimits(
        max_length=facts.max_length,
        token_types=token_types(folder),
        causal=inspect_encoder(folder).causal,
    )
    examples: list[Any] = texts.examples
    if facts.family == "classification":
        if hasattr(examples[0], "text"):
            return sentence_tokens(tokenizer, examples, limits)
        # Classification is tokenised with labels; any will do, as nothing is compared with them.
        examples = [replace(example, label=facts.labels[0]) for example in examples]
    return FAMILIES[facts.family].tokenise(tokenizer, examples, facts.labels, limits)


def _scores(
    folder: Path, facts: ExportFacts, dataset: EncodedDataset, report: Callable[[int], None]
) -> NDArray[np.float32]:
    from crosscal.training.predicting import predict
    from crosscal.training.stage import build_model

    head = head_of(facts)
    outputs = FAMILIES[facts.family].outputs(facts.labels)
    settings = ModelSettings(encoder=folder, layers=None, pooling=facts.pooling, trim=True)
    model, vocabulary = build_model(
        settings, None, [dataset.ids], {head.name: outputs}, heads=folder / HEADS
    )
    with tempfile.TemporaryDirectory() as scratch:
        return predict(
            model,
            vocabulary,
            dataset,
            Path(scratch) / "shards",
            head=head.name,
            outputs=outputs,
            report=report,
        )


def _table(facts: ExportFacts, texts: NewTexts, scored: Scored, divisor: float) -> pa.Table:
    """Put what was read and what was predicted side by side."""
    if FAMILIES[facts.family].shared_labels:
        probabilities = softmax(np.asarray(scored.scores, dtype=np.float64) / divisor)
        chosen = probabilities.argmax(axis=1)
        added: dict[str, Any] = {
            "predicted": [facts.labels[index] for index in chosen],
            "confidence": probabilities.max(axis=1),
            **{f"prob_{name}": probabilities[:, i] for i, name in enumerate(facts.labels)},
        }
    else:
        rows = [
            softmax(np.asarray(row, dtype=np.float64)[None] / divisor)[0] for row in scored.scores
        ]
        candidates = scored.extra["choices"]
        best = [int(row.argmax()) for row in rows]
        added = {
            "predicted": [names[index] for names, index in zip(candidates, best, strict=True)],
            "confidence": [float(row.max()) for row in rows],
            "candidates": candidates,
            "probabilities": [row.tolist() for row in rows],
        }
    columns: dict[str, Any] = texts.columns
    if facts.family == "tagging":
        units = [unit.rsplit("-", 1) for unit in scored.units["unit_id"].to_pylist()]
        columns = {
            "row": [int(row) for row, _ in units],
            "position": [int(position) for _, position in units],
            "word": scored.extra["word"],
        }
        if any(scored.units["language"].to_pylist()):
            columns["language"] = scored.units["language"]
    twice = sorted(columns.keys() & added.keys())
    if twice:
        raise DataError(
            f"the file has a column '{twice[0]}', which predictions need the name of",
            where="predictions",
            remedy="Rename the column",
        )
    return pa.table({**columns, **added})


def _flat(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type) or pa.types.is_struct(field.type):
            texts = [json.dumps(each, ensure_ascii=False) for each in table[index].to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table
