"""The data doctor: what is odd about examples that were read without error.

Reading guarantees form; this looks at content. Nothing is changed or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

from crosscal.data.damage import damages
from crosscal.data.examples import PairExample
from crosscal.data.parallel import parallel_oddities
from crosscal.data.reading import Reading

Severity = Literal["error", "warning", "note"]

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
        Name of the reading.
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
    """Counts of one language in one reading.

    Attributes
    ----------
    source, language : str
        Name of the reading, code of the language.
    rows, clusters : int
        How many.
    labels : dict of str to int
        Rows per label, ``"(none)"`` for rows without.
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
        Reading by reading, language by language.
    dropped : dict of str to dict of str to int
        Rows the readers left out, by reading and reason.
    findings : tuple of Finding
        Errors first.
    """

    parts: tuple[PartSummary, ...]
    dropped: dict[str, dict[str, int]]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and strings, for JSON.

        Returns
        -------
        dict
            With ``ok``, ``parts``, ``dropped`` and ``findings``.
        """
        return {"ok": self.ok, **asdict(self)}


def check(readings: Mapping[str, Reading]) -> DataReport:
    """Look for what would spoil a study.

    Parameters
    ----------
    readings : mapping of str to Reading
        By a name that the user knows, for example ``"target train"``. Languages of one reading
        are parallel. Pairs that occur in several readings are reported.

    Returns
    -------
    DataReport
        Counts and findings.
    """
    parts: list[PartSummary] = []
    findings: list[Finding] = []
    for source, reading in readings.items():
        by_language = {
            language: list(rows)
            for language, rows in groupby(reading.examples, key=lambda e: e.language)
        }
        for language, rows in by_language.items():
            parts.append(_summary(source, language, rows))
            findings += _label_oddities(source, language, rows)
            findings += _duplicates(source, language, rows)
            findings += _texts(source, language, rows)
        for language, severity, kind, message, units in parallel_oddities(by_language):
            findings.append(_finding(severity, kind, source, language, message, units))
    findings += _overlaps(readings)
    order = ("error", "warning", "note")
    return DataReport(
        parts=tuple(parts),
        dropped={source: reading.dropped for source, reading in readings.items()},
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.severity))),
    )


def _summary(source: str, language: str, rows: Sequence[PairExample]) -> PartSummary:
    labels = Counter("(none)" if row.label is None else row.label for row in rows)
    return PartSummary(
        source=source,
        language=language,
        rows=len(rows),
        clusters=len({row.cluster_id for row in rows}),
        labels=dict(sorted(labels.items())),
    )


def _label_oddities(source: str, language: str, rows: Sequence[PairExample]) -> list[Finding]:
    counts = Counter(row.label for row in rows)
    counts.pop(None, None)
    if len(counts) == 1 and len(rows) > 1:
        (label,) = counts
        message = f"every row has the label '{label}': a placeholder, as in unlabelled tests"
        return [_finding("error", "constant label", source, language, message, _ids(rows))]
    if counts and max(counts.values()) > 10 * min(counts.values()):
        rare = min(counts, key=lambda label: counts[label])
        few = [row for row in rows if row.label == rare]
        message = f"label '{rare}' is more than ten times rarer than the commonest"
        return [_finding("warning", "rare label", source, language, message, _ids(few))]
    return []


def _duplicates(source: str, language: str, rows: Sequence[PairExample]) -> list[Finding]:
    first: dict[tuple[str, str], PairExample] = {}
    same: list[str] = []
    conflicting: list[str] = []
    equal_texts: list[str] = []
    for row in rows:
        earlier = first.setdefault((row.text_a, row.text_b), row)
        if earlier is not row:
            (same if earlier.label == row.label else conflicting).append(row.unit_id)
        if row.text_a == row.text_b:
            equal_texts.append(row.unit_id)
    return _some(
        source,
        language,
        ("warning", "conflicting duplicate", "pair occurs before with another label", conflicting),
        ("note", "duplicate", "pair occurs before with the same label", same),
        ("note", "equal texts", "both texts of the pair are the same", equal_texts),
    )


def _texts(source: str, language: str, rows: Sequence[PairExample]) -> list[Finding]:
    empty: list[str] = []
    found: dict[tuple[Severity, str], list[str]] = {}
    for row in rows:
        if not row.text_a.strip() or not row.text_b.strip():
            empty.append(row.unit_id)
        for damage in dict.fromkeys((*damages(row.text_a), *damages(row.text_b))):
            found.setdefault(damage, []).append(row.unit_id)
    lengths = sorted(max(len(row.text_a), len(row.text_b)) for row in rows)
    limit = max(_LONG_LEAST, _LONG_FACTOR * lengths[len(lengths) // 2])
    long = [row.unit_id for row in rows if max(len(row.text_a), len(row.text_b)) > limit]
    return _some(
        source,
        language,
        ("error", "empty text", "a text is empty", empty),
        (
            "warning",
            "overlong text",
            f"a text has more than {limit} characters: perhaps an unpaired quote swallowed rows",
            long,
        ),
        *((severity, "damaged text", name, units) for (severity, name), units in found.items()),
    )


def _overlaps(readings: Mapping[str, Reading]) -> list[Finding]:
    names = list(readings)
    pairs = {
        name: {(e.language, e.text_a, e.text_b): e.unit_id for e in readings[name].examples}
        for name in names
    }
    findings = []
    for place, name in enumerate(names):
        for other in names[:place]:
            shared = [key for key in pairs[name] if key in pairs[other]]
            by_language = Counter(key[0] for key in shared)
            for language, count in by_language.items():
                units = [pairs[name][key] for key in shared if key[0] == language]
                verb = "pair also occurs" if count == 1 else "pairs also occur"
                message = f"{verb} in '{other}'"
                findings.append(_finding("warning", "overlap", name, language, message, units))
    return findings


def _some(
    source: str, language: str, *kinds: tuple[Severity, str, str, Sequence[str]]
) -> list[Finding]:
    return [
        _finding(severity, kind, source, language, message, units)
        for severity, kind, message, units in kinds
        if units
    ]


def _finding(
    severity: Severity,
    kind: str,
    source: str,
    language: str,
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


def _ids(rows: Sequence[PairExample]) -> list[str]:
    return [row.unit_id for row in rows]
