"""The data doctor: what is odd about examples that were read without error.

Reading guarantees form; this looks at content. Nothing is changed or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from crosscal.data.checks.content import Content, Oddity, Severity, View, contents, view_of
from crosscal.data.checks.damage import damages
from crosscal.data.checks.family_oddities import family_oddities
from crosscal.data.checks.parallel import parallel_oddities
from crosscal.data.reader import Dataset

_SHOWN = 5
_LONG_FACTOR = 20
_LONG_LEAST = 2000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of oddity in one place.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        Error: results would be wrong. Warning: look before you train. Note: worth knowing.
    kind : str
        Short and stable, for programs, for example ``"conflicting duplicate"``.
    source : str
        Name of the dataset.
    language : str
        Code.
    count : int
        How many rows.
    message : str
        What it is, in a sentence without a final stop.
    units : tuple of str
        The first few unit ids.
    """

    severity: Severity
    kind: str
    source: str
    language: str
    count: int
    message: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartSummary:
    """Counts of one language in one dataset.

    Attributes
    ----------
    source, language : str
        Name of the dataset, code of the language.
    rows, clusters : int
        How many.
    labels : dict of str to int
        Rows per label (pairs), position of the answer (choices), "answerable" or not (spans),
        "with partner" or not (sentences), words per tag (tags); ``"(none)"`` counts rows
        without. Empty for running text.
    """

    source: str
    language: str
    rows: int
    clusters: int
    labels: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Everything the data doctor saw.

    Attributes
    ----------
    parts : tuple of PartSummary
        Dataset by dataset, language by language.
    dropped : dict of str to dict of str to int
        Rows the readers dropped, by dataset and reason.
    findings : tuple of Finding
        Errors first.
    notes : dict of str to tuple of str
        What was found out about how the files of a dataset are written.
    """

    parts: tuple[PartSummary, ...]
    dropped: dict[str, dict[str, int]]
    findings: tuple[Finding, ...]
    notes: dict[str, tuple[str, ...]]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and strings, for JSON.

        Returns
        -------
        dict
            With ``ok``, ``parts``, ``dropped``, ``findings`` and ``notes``.
        """
        return {"ok": self.ok, **asdict(self)}


def check(datasets: Mapping[str, Dataset]) -> DataReport:
    """Look for what would spoil a study.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        By a name that the user knows, for example ``"target train"``. Languages of a parallel
        one are compared. Examples that occur in several are reported.

    Returns
    -------
    DataReport
        Counts and findings.
    """
    parts: list[PartSummary] = []
    findings: list[Finding] = []
    contents_of: dict[str, dict[str, list[Content]]] = {}
    for source, dataset in datasets.items():
        contents_of[source] = {}
        for language, examples in groupby(dataset.examples, key=lambda e: str(e.language)):
            rows = list(examples)
            view = view_of(rows[0])
            content = contents_of[source][language] = contents(rows)
            parts.append(_summary(source, language, content, view))
            oddities = [
                *_label_oddities(content, view),
                *_duplicates(content, view),
                *family_oddities(rows),
                *_texts(content, view),
            ]
            findings += [_finding(source, language, *oddity) for oddity in oddities]
        if dataset.parallel and dataset.examples:
            view = view_of(dataset.examples[0])
            for language, oddity in parallel_oddities(contents_of[source], view):
                findings.append(_finding(source, language, *oddity))
    findings += _overlaps(datasets, contents_of)
    order = ("error", "warning", "note")
    return DataReport(
        parts=tuple(parts),
        dropped={source: dataset.dropped for source, dataset in datasets.items()},
        notes={source: dataset.notes for source, dataset in datasets.items() if dataset.notes},
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.severity))),
    )


def _summary(source: str, language: str, rows: Sequence[Content], view: View) -> PartSummary:
    labels = Counter(label for row in rows for label in row.labels or ("(none)",))
    return PartSummary(
        source=source,
        language=language,
        rows=len(rows),
        clusters=len({row.cluster_id for row in rows}),
        labels=dict(sorted(labels.items())) if view.counted else {},
    )


def _label_oddities(rows: Sequence[Content], view: View) -> list[Oddity]:
    counts = Counter(label for row in rows for label in row.labels)
    if view.labelled and len(counts) == 1 and len(rows) > 1:
        (label,) = counts
        name = "tag" if view.labelled == "word" else view.gold
        message = (
            f"every {view.labelled} has the {name} '{label}': a placeholder, as in unlabelled tests"
        )
        return [("error", "constant label", message, [row.unit_id for row in rows])]
    if view.balanced and counts and max(counts.values()) > 10 * min(counts.values()):
        rare = min(counts, key=lambda label: counts[label])
        message = f"{view.gold} '{rare}' is more than ten times rarer than the commonest"
        few = [row.unit_id for row in rows if rare in row.labels]
        return [("warning", "rare label", message, few)]
    return []


def _duplicates(rows: Sequence[Content], view: View) -> list[Oddity]:
    first: dict[tuple[str, tuple[str, ...]], Content] = {}
    same: list[str] = []
    conflicting: list[str] = []
    for row in rows:
        earlier = first.setdefault((row.side, row.texts), row)
        if earlier is not row:
            (same if earlier.gold == row.gold else conflicting).append(row.unit_id)
    before = f"{view.noun} occurs before"
    return _some(
        ("warning", "conflicting duplicate", f"{before} with another {view.gold}", conflicting),
        ("note", "duplicate", f"{before} with the same {view.gold}", same),
    )


def _texts(rows: Sequence[Content], view: View) -> list[Oddity]:
    empty: list[str] = []
    damaged: dict[tuple[Severity, str], list[str]] = {}
    # Neighbours share their premise or context, of which one look is enough.
    damages_of = lru_cache(maxsize=16)(damages)
    for row in rows:
        if not all(text.strip() for text in row.texts[view.may_be_empty :]):
            empty.append(row.unit_id)
        for damage in dict.fromkeys(damage for text in row.texts for damage in damages_of(text)):
            damaged.setdefault(damage, []).append(row.unit_id)
    lengths = [max(map(len, row.texts)) for row in rows]
    limit = max(_LONG_LEAST, _LONG_FACTOR * sorted(lengths)[len(lengths) // 2])
    long = [row.unit_id for row, length in zip(rows, lengths, strict=True) if length > limit]
    return _some(
        ("error", "empty text", "a text is empty", empty),
        (
            "warning",
            "overlong text",
            f"a text has more than {limit} characters: perhaps an unpaired quote swallowed rows",
            long,
        ),
        *((severity, "damaged text", name, units) for (severity, name), units in damaged.items()),
    )


def _overlaps(
    datasets: Mapping[str, Dataset], contents_of: Mapping[str, Mapping[str, Sequence[Content]]]
) -> list[Finding]:
    findings = []
    units = {
        (name, language): {(row.side, row.texts): row.unit_id for row in rows}
        for name, parts in contents_of.items()
        for language, rows in parts.items()
    }
    names = list(datasets)
    for (name, language), own_units in units.items():
        view = view_of(datasets[name].examples[0])
        for other in names[: names.index(name)]:
            other_units = units.get((other, language), {})
            if not other_units or view_of(datasets[other].examples[0]) is not view:
                continue
            shared = [unit for key, unit in own_units.items() if key in other_units]
            if shared:
                occurrence = (
                    f"{view.noun} also occurs" if len(shared) == 1 else f"{view.noun}s also occur"
                )
                message = f"{occurrence} in '{other}'"
                findings.append(_finding(name, language, "warning", "overlap", message, shared))
    return findings


def _some(*kinds: Oddity) -> list[Oddity]:
    return [kind for kind in kinds if kind[3]]


def _finding(
    source: str,
    language: str,
    severity: Severity,
    kind: str,
    message: str,
    units: Sequence[str],
) -> Finding:
    return Finding(
        severity=severity,
        kind=kind,
        source=source,
        language=language,
        count=len(units),
        message=message,
        units=tuple(units[:_SHOWN]),
    )
