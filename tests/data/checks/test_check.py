from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crosscal.data import Dataset, PairExample, check


def reading(*languages: str, count: int = 60) -> Dataset:
    """Return a good parallel reading, with a numeral in every row."""
    labels = ("entailment", "neutral", "contradiction")
    examples = tuple(
        PairExample(
            unit_id=f"test-{i:05d}",
            cluster_id=f"premise-{i // 3}",
            language=language,
            text_a=f"{language} premise number {i // 3 + 1000}",
            text_b=f"{language} hypothesis number {i + 2000}",
            label=labels[i % 3],
        )
        for language in languages
        for i in range(count)
    )
    return Dataset(examples=examples, files=(), dropped={}, parallel=True)


def changed(good: Dataset, index: int, **change: object) -> Dataset:
    examples = list(good.examples)
    examples[index] = replace(examples[index], **change)
    return replace(good, examples=tuple(examples))


def kinds(*readings: Dataset) -> set[tuple[str, str]]:
    report = check({f"reading {i}": reading for i, reading in enumerate(readings)})
    return {(finding.severity, finding.kind) for finding in report.findings}


def test_good_data_has_no_findings():
    report = check({"test": reading("en", "tr")})
    assert report.findings == ()
    assert report.ok
    assert report.parts[0].labels == {"contradiction": 20, "entailment": 20, "neutral": 20}
    assert report.parts[1].clusters == 20


@pytest.mark.parametrize(
    ("index", "change", "kind"),
    [
        (61, {"label": "entailment"}, ("error", "misaligned label")),
        (61, {"text_a": "tr another premise 1000"}, ("error", "misaligned premise")),
        (61, {"text_b": " "}, ("error", "empty text")),
        (63, {"text_a": "tr premise number 1000"}, ("warning", "repeated premise")),
        (61, {"text_b": "en hypothesis number 2001"}, ("warning", "untranslated")),
        (61, {"text_b": "x" * 400}, ("note", "odd length")),
        (61, {"text_b": "x" * 3000}, ("warning", "overlong text")),
        (61, {"text_b": "a \ufffd 2001"}, ("warning", "damaged text")),
        (61, {"text_a": "a", "text_b": "a"}, ("note", "equal texts")),
        (2, {"text_b": "en hypothesis number 2001"}, ("warning", "conflicting duplicate")),
        (
            2,
            {"text_b": "en hypothesis number 2001", "label": "neutral"},
            ("note", "duplicate"),
        ),
        (61, {"unit_id": "test-99999"}, ("error", "not parallel")),
    ],
)
def test_each_fault_is_found(index, change, kind):
    assert kind in kinds(changed(reading("en", "tr"), index, **change))


def test_placeholder_labels_are_an_error():
    examples = tuple(replace(e, label="neutral") for e in reading("en").examples)
    assert kinds(replace(reading("en"), examples=examples)) == {("error", "constant label")}


def test_shifted_rows_are_an_error():
    good = reading("en", "tr", count=90)
    english, turkish = good.examples[:90], good.examples[90:]
    moved = turkish[3:] + turkish[:3]
    texts = zip(turkish, moved, strict=True)
    shifted = tuple(replace(a, text_a=b.text_a, text_b=b.text_b) for a, b in texts)
    actual = kinds(replace(good, examples=english + shifted))
    assert ("error", "shifted rows") in actual


def test_overlap_between_readings_is_a_warning():
    train = replace(reading("en"), examples=reading("en").examples[:5])
    assert ("warning", "overlap") in kinds(train, reading("en"))
    assert kinds(reading("en"), reading("tr")) == set()


def test_report_is_json_with_counts():
    report = check({"test": changed(reading("en"), 1, text_b="")})
    data = json.loads(json.dumps(report.to_dict()))
    assert data["ok"] is False
    assert data["findings"][0]["kind"] == "empty text"
    assert data["findings"][0]["units"] == ["test-00001"]


def test_languages_that_are_not_parallel_are_not_compared():
    apart = replace(
        reading("en", "tr"), examples=reading("en").examples + reading("tr").examples[:7]
    )
    assert kinds(apart) == {("error", "not parallel")}
    assert kinds(replace(apart, parallel=False)) == set()
