from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crosscal.data import Dataset, PairExample, check, read_examples
from crosscal.data.checks.content import contents
from crosscal.data.checks.damage import damages
from crosscal.data.checks.family_oddities import iob_breaks
from crosscal.data.examples import (
    Answer,
    ChoiceExample,
    SentenceExample,
    SpanExample,
    TagExample,
    TextExample,
)


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


# --- the other families --------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("attach\ufffd", "U+FFFD"),
        ("Il est allÃ© Ã\xa0 Paris", "mojibake"),
        ("itâ€™s", "mojibake"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "mojibake"),
        ("à¤\xa8à¤®à¤¸", "mojibake"),
        ("a\x08b", "control character"),
        ("a\u0085b", "control character"),
        ("a\u2028b", "line break"),
        ("AT&amp;T", "HTML entity"),
        ("caf\\u00e9", "escape"),
        ("x (ROOT (S y))", "parse tree"),
        ("\u202babc", "unpaired mark"),
        ("abc\u2069", "unpaired mark"),
        ("a\ue000b", "private use"),
    ],
)
def test_damage_is_named(text, what):
    assert any(what in name for _, name in damages(text))


@pytest.mark.parametrize(
    "text",
    [
        "A plain sentence, with (brackets) & signs.",
        "Où était l'école? À Paris, île déserte… « Oui »",
        "Größe, Straße, Ärger, ¿Qué? ¡Año!",
        "Привет, как дела?",
        "Γεια σου, τι κάνεις;",
        "สวัสดีครับ วันนี้อากาศดี",
        "مرحبًا، كيف حالك؟ \u200fنعم\u200f",
        "آپ کیسے ہیں؟",
        "नमस्ते, आप कैसे हैं?",
        "你好，今天天气很好。",
        "Xin chào, bạn có khỏe không? Đúng vậy.",
        "Merhaba, nasılsın? İyiyim, çok şükür. Ğ",
        "România: ÎNTÂI, SÂNTEM",
        "\u2067עברית\u2069",
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    ],
)
def test_good_text_of_many_languages_is_not_damaged(text):
    assert damages(text) == ()
