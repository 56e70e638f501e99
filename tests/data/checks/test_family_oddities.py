"""What is checked of every family, and what of one alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosscal.data import Dataset, check, read_examples
from crosscal.data.checks.content import contents
from crosscal.data.checks.family_oddities import iob_breaks
from crosscal.data.examples import (
    Answer,
    ChoiceExample,
    SentenceExample,
    SpanExample,
    TagExample,
    TextExample,
)
from tests.data.checks.test_check import changed, kinds


def choice(i: int, language: str = "en", **change: object) -> ChoiceExample:
    options = (f"{language} because of {i + 500}", f"{language} in spite of {i + 700}")
    example = ChoiceExample(
        f"dev-{i:05d}", f"dev-{i:05d}", language, f"{language} fact {i + 100}", "", options, i % 2
    )
    return replace(example, **change)


def span(i: int, language: str = "en", **change: object) -> SpanExample:
    context = f"{language}: number {i // 4 + 1000} fell in {i // 4 + 3000}."
    answers = (Answer(str(i // 4 + 1000), context.index("1")),)
    example = SpanExample(
        f"dev-{i:05d}",
        f"dev-{i // 4 * 4:05d}",
        language,
        f"q{i}",
        context,
        f"{language} which is {i + 5000}?",
        answers,
    )
    return replace(example, **change)


def tagged(i: int, language: str = "sw", **change: object) -> TagExample:
    words = (f"{language}{i}", "Dar", "es", f"{i + 100}")
    tags = ("O", "B-LOC", "I-LOC", "O")
    example = TagExample(f"dev-{i:05d}", f"{language}/dev-{i:05d}", language, words, tags)
    return replace(example, **change)


def sentence(i: int, **change: object) -> SentenceExample:
    english = i % 2 == 1
    text = f"Satz {i + 100}" if not english else f"sentence {i + 100}"
    example = SentenceExample(
        f"test-{i:05d}", f"de/{i // 2}", "de", english, f"s{i}", text, (f"test-{i ^ 1:05d}",)
    )
    return replace(example, **change)


def running(i: int, **change: object) -> TextExample:
    return replace(TextExample(f"row-{i:05d}", f"row-{i:05d}", "th", f"ข้อความที่ {i}"), **change)


MAKERS = {choice: True, span: True, tagged: False, sentence: False, running: False}
LANGUAGES = {choice: ("en", "ta"), span: ("en", "ar"), tagged: ("sw", "he")}


def many(make, count: int = 40) -> Dataset:
    examples = tuple(
        make(i, language) if languages else make(i)
        for languages in [LANGUAGES.get(make)]
        for language in languages or ("",)
        for i in range(count)
    )
    return Dataset(examples=examples, files=(), dropped={}, parallel=MAKERS[make])


@pytest.mark.parametrize("make", MAKERS)
def test_good_data_of_every_family_has_no_findings(make):
    assert check({"dev": many(make)}).findings == ()


@pytest.mark.parametrize(
    ("make", "labels", "clusters"),
    [
        (choice, {"0": 20, "1": 20}, 40),
        (span, {"answerable": 40}, 10),
        (tagged, {"B-LOC": 40, "I-LOC": 40, "O": 80}, 40),
        (sentence, {"with partner": 40}, 20),
        (running, {}, 40),
    ],
)
def test_labels_are_what_the_family_has(make, labels, clusters):
    part = check({"dev": many(make)}).parts[0]
    assert (part.labels, part.clusters, part.rows) == (labels, clusters, 40)


WITHOUT = {choice: {"answer": None}, span: {"answers": None}, tagged: {"tags": None}}


@pytest.mark.parametrize("make", WITHOUT)
def test_rows_without_labels_are_counted(make):
    good = many(make)
    examples = tuple(replace(example, **WITHOUT[make]) for example in good.examples)
    report = check({"test": replace(good, examples=examples)})
    assert report.parts[0].labels == {"(none)": 40}
    assert report.findings == ()


@pytest.mark.parametrize(
    ("make", "index", "change", "kind"),
    [
        (choice, 1, {"options": ("a", "a")}, ("warning", "equal options")),
        (choice, 1, {"options": ("a", " ")}, ("error", "empty text")),
        (choice, 41, {"answer": 0}, ("error", "misaligned label")),
        (choice, 41, {"context": "en fact 101, that is"}, ("note", "odd length")),
        (span, 1, {"question": "en which is 5000?"}, ("note", "duplicate")),
        (span, 1, {"question": "en which is 5000?", "answers": ()}, ("note", "unanswerable")),
        (
            span,
            1,
            {"question": "en which is 5000?", "answers": ()},
            ("warning", "conflicting duplicate"),
        ),
        (span, 41, {"context": "ar: another 1000"}, ("error", "misaligned context")),
        (span, 44, {"context": span(40, "ar").context}, ("error", "misaligned context")),
        (span, 41, {"answers": ()}, ("error", "misaligned label")),
        (span, 41, {"answers": (Answer(" 1000", 10),)}, ("note", "loose answer")),
        (tagged, 1, {"tags": ("I-LOC", "B-LOC", "I-LOC", "O")}, ("note", "inconsistent IOB")),
        (tagged, 1, {"words": ("sw0", "Dar", "es", "100")}, ("note", "duplicate")),
        (
            tagged,
            1,
            {"words": ("sw0", "Dar", "es", "100"), "tags": ("O",) * 4},
            ("warning", "conflicting duplicate"),
        ),
        (tagged, 1, {"words": ("caf\ufffd", "b", "c", "d")}, ("warning", "damaged text")),
        (sentence, 2, {"text": "Satz 100"}, ("warning", "conflicting duplicate")),
        (running, 2, {"text": "ข้อความที่ 1"}, ("note", "duplicate")),
        (running, 2, {"text": "x" * 3000}, ("warning", "overlong text")),
    ],
)
def test_each_fault_of_a_family_is_found(make, index, change, kind):
    good = many(make)
    if make is choice and "context" in change:
        change = {"context": change["context"] * 30}
    assert kind in kinds(changed(good, index, **change))


def test_a_question_asked_of_every_row_needs_no_translation():
    good = many(choice)
    args = "What happened as a result of this?"
    examples = tuple(replace(example, question=args) for example in good.examples)
    assert kinds(replace(good, examples=examples)) == set()


def test_a_sentence_may_stand_on_both_sides():
    assert kinds(changed(many(sentence), 3, text="Satz 102")) == set()


def test_placeholders_of_every_family_with_labels():
    for make, change in ((choice, {"answer": 0}), (tagged, {"tags": ("O",) * 4})):
        good = many(make)
        examples = tuple(replace(example, **change) for example in good.examples)
        assert ("error", "constant label") in kinds(replace(good, examples=examples))


def test_messages_speak_of_the_family():
    report = check({"train": many(tagged), "dev": many(tagged)})
    (finding, _) = report.findings
    assert finding.message == "sentences also occur in 'train'"
    assert (finding.kind, finding.count) == ("overlap", 40)
    both = check({"train": many(running), "dev": many(sentence)})
    assert both.findings == ()


@pytest.mark.parametrize(
    ("tags", "indices"),
    [
        ((), []),
        (("O", "I-PER"), [1]),
        (("I-PER", "I-PER", "B-PER", "I-PER"), [0]),
        (("B-PER", "I-LOC", "I-LOC", "O", "I-LOC"), [1, 4]),
        (("B-LOC", "B-LOC", "I-LOC"), []),
    ],
)
def test_where_an_entity_begins_with_i(tags, indices):
    assert iob_breaks(tags) == indices


def test_iob1_is_named():
    good = many(tagged)
    tags = ("I-PER", "I-PER", "B-PER", "O")
    iob1 = replace(good, examples=tuple(replace(e, tags=tags) for e in good.examples))
    (first, _) = check({"dev": iob1}).findings
    assert "IOB1" in first.message
    assert first.count == 40


def test_supertags_are_no_iob():
    good = many(tagged)
    tags = ("I-PER", "N", "O", "NP/N")
    odd = replace(good, examples=tuple(replace(e, tags=tags) for e in good.examples))
    assert kinds(odd) == set()


def test_contents_keep_every_text():
    assert contents([choice(3)])[0].texts == ("en fact 103", "", *choice(3).options)
    assert contents([tagged(3)])[0].texts == ("sw3 Dar es 103",)


def test_real_xquad_is_parallel(real_data):
    reading = read_examples(
        "xquad", real_data / "xquad", split="test", languages=("en", "ar", "tr", "zh")
    )
    report = check({"test": reading})
    assert report.ok
    assert [part.clusters for part in report.parts] == [240] * 4
    # The published Arabic and Turkish files hold dashes that were decoded wrongly.
    damaged = {f.language for f in report.findings if "mojibake" in f.message}
    assert damaged == {"ar", "tr"}
    examples = list(reading.examples)
    turkish = [index for index, e in enumerate(examples) if e.language == "tr"]
    shifted = [examples[index] for index in turkish[25:] + turkish[:25]]
    for index, other in zip(turkish, shifted, strict=True):
        examples[index] = replace(examples[index], context=other.context, question=other.question)
    actual = kinds(replace(reading, examples=tuple(examples)))
    assert ("error", "misaligned context") in actual


def test_real_treebanks_are_parallel(real_data):
    languages = ("en", "ar", "hi", "tr", "zh")
    reading = read_examples("ud-pud", real_data / "ud_pud", split="test", languages=languages)
    assert check({"test": reading}).ok


def test_real_entities_are_in_order(real_data):
    folder = real_data / "masakhaner" / "swa"
    readings = {
        split: read_examples("conll", folder, split=split, languages=("sw",))
        for split in ("train", "dev", "test")
    }
    report = check(readings)
    assert report.ok
    assert {f.kind for f in report.findings} >= {"overlap"}
