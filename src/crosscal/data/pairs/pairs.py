"""Rows of the classification family: one text or two, and a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import PairExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import shown, text_problems
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, slots=True)
class PairRow(Row):
    """One text or two, and a label; without `cluster`, rows with equal `text_a` form one."""

    text_a: str
    text_b: str | None
    label: str | None  # as in the file; None if it says that there is none


def _problems(row: PairRow, request: Request, label_map: Mapping[str, str]) -> Iterator[Problem]:
    yield from text_problems("text" if row.text_b is None else "first text", row.text_a)
    if row.text_b is not None:
        yield from text_problems("second text", row.text_b)
    known = set(request.labels)
    if row.label is None:
        if request.require_labels:
            yield Problem(
                "the row has no label",
                "Choose a split that has labels; some data sets publish tests without",
            )
    elif label_map.get(row.label, row.label) not in known:
        # A file may spell its labels in its own way: name those, they are what is seen.
        own = [spelling for spelling, label in label_map.items() if label in known]
        yield Problem(
            f"unknown label '{shown(row.label)}'",
            did_you_mean(row.label, [*request.labels, *own]),
        )


def _example(
    row: PairRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> PairExample:
    label = None if row.label is None else label_map.get(row.label, row.label)
    return PairExample(unit, cluster, language, row.text_a, row.text_b, label)


PAIRS = RowSchema(
    family="classification",
    problems=_problems,
    cluster_key=lambda row: str(row.text_a),
    example=_example,
)
