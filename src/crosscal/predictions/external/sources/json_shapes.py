"""Shapes that JSON predictions have: pandas' tables, the output of transformers' pipelines.

A shape turns a record into flat cells. Scores that come with their labels are put in one order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import listed
from crosscal.predictions.external.plain_text import index_of, plain_text
from crosscal.predictions.external.sources.csv_source import is_list

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How records are read."""

    class_names: Mapping[str, tuple[str, ...]]  # of the columns of labels with scores
    best: frozenset[str]  # such columns of which only the highest score is taken
    zero_shot: bool  # labels and scores in two lists
    notes: tuple[str, ...]

    def flat(self, record: Record) -> Record:
        """Return the cells of a record, those inside of objects as ``doc.label``."""
        cells: Record = {}
        if self.zero_shot and "labels" in record and "scores" in record:
            pairs = dict(zip(map(plain_text, record["labels"]), record["scores"], strict=False))
            record = {name: cell for name, cell in record.items() if name != "labels"}
            record["scores"] = _ordered(pairs, self.class_names["scores"])
        for name, cell in record.items():
            if name in self.best:
                top = max(_scored(cell), key=lambda each: each["score"])
                cells[f"{name}.predicted"], cells[f"{name}.confidence"] = top["label"], top["score"]
            elif name in self.class_names and not is_list(cell):
                pairs = {plain_text(each["label"]): each["score"] for each in _scored(cell)}
                cells[name] = _ordered(pairs, self.class_names[name])
            elif isinstance(cell, dict):
                cells |= {f"{name}.{key}": inner for key, inner in self.flat(cell).items()}
            else:
                cells[name] = cell
        return cells


def find_shape(records: Sequence[Record], where: str) -> Shape:
    """Look at the first records for labels that come with their scores."""
    names: dict[str, tuple[str, ...]] = {}
    best, notes = set(), []
    for name in dict.fromkeys(name for record in records for name in record):
        cells = [record[name] for record in records if record.get(name) is not None]
        if not cells or not all(_is_scored(cell) for cell in cells):
            continue
        sets = {frozenset(plain_text(each["label"]) for each in _scored(cell)) for cell in cells}
        if len(sets) == 1 and len(next(iter(sets))) > 1:
            names[name] = _in_order(next(iter(sets)))
            notes.append(f"'{name}': labels with scores, put in the order of their names")
        else:
            best.add(name)
            notes.append(f"'{name}': the highest score is the confidence; others are not known")
    zero_shot = all(_is_zero_shot(record) for record in records)
    if zero_shot:
        sets = {frozenset(map(plain_text, record["labels"])) for record in records}
        if len(sets) > 1:
            raise DataError(
                "rows have different sets of 'labels'",
                where=where,
                remedy="Give files in which every row scores the same labels",
            )
        names["scores"] = _in_order(sets.pop())
        notes.append("'labels' are the classes of 'scores', put in the order of their names")
    return Shape(class_names=names, best=frozenset(best), zero_shot=zero_shot, notes=tuple(notes))


def records_of(document: Any, where: str) -> list[Record]:
    """Return the rows of one JSON document."""
    if isinstance(document, list):
        return [_record(row, where) for row in document]
    if not isinstance(document, dict):
        raise _unknown(where)
    if _is_zero_shot(document):
        return [document]
    if {"columns", "data"} <= document.keys():
        names = [str(name) for name in document["columns"]]
        return [dict(zip(names, row, strict=False)) for row in document["data"]]
    columns = list(document.values())
    if columns and all(isinstance(column, dict) for column in columns):
        keys = [tuple(column) for column in columns]
        if len(set(keys)) == 1:  # pandas' to_json
            return [{n: column[key] for n, column in document.items()} for key in keys[0]]
    lists = {name: column for name, column in document.items() if isinstance(column, list)}
    if len(lists) == len(document) > 1 and len({len(column) for column in columns}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*columns, strict=True)]
    if len(lists) == 1:
        (inner,) = lists.values()
        return records_of(inner, where)
    raise _unknown(where)


def _record(row: Any, where: str) -> Record:
    if isinstance(row, dict):
        return {"predictions": row} if row.keys() == {"label", "score"} else row
    if _is_scored(row):
        return {"predictions": row}
    if is_list(row):
        return {"scores": row}
    if isinstance(row, str | int | float | bool):
        return {"label": row}
    raise _unknown(where)


def _is_scored(cell: object) -> bool:
    """Whether this is ``{"label": ..., "score": ...}``, or a list of such."""
    if isinstance(cell, dict):
        return cell.keys() >= {"label", "score"} and is_list([cell["score"]])
    return (
        isinstance(cell, list)
        and bool(cell)
        and all(isinstance(each, dict) and _is_scored(each) for each in cell)
    )


def _scored(cell: Any) -> list[Record]:
    if not _is_scored(cell):
        raise DataError("no labels with scores", remedy="Give every row some")
    return [cell] if isinstance(cell, dict) else cell


def _is_zero_shot(record: Record) -> bool:
    labels, scores = record.get("labels"), record.get("scores")
    return (
        isinstance(labels, list)
        and is_list(scores)
        and len(labels) == len(scores) > 1  # type: ignore[arg-type]
        and all(isinstance(label, str) for label in labels)
    )


def _in_order(labels: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(labels, key=lambda label: (index_of(label) or 0, label)))


def _ordered(pairs: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    if pairs.keys() != set(names):
        raise DataError(
            f"scores of {listed(sorted(pairs))}, where other rows have {listed(names)}",
            remedy="Score the same labels in every row",
        )
    return [pairs[name] for name in names]


def _unknown(where: str) -> DataError:
    return DataError(
        "this JSON holds no table",
        where=where,
        remedy='Give a list of records, as [{"scores": [...], "label": ...}, ...], or one a line',
    )
