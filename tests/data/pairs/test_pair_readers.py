"""Every format on small files: what is read, and what is refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import FORMATS, read_examples
from crosscal.data.pairs.pair_files import NO_AGREEMENT
from crosscal.data.pairs.paraphrase.qqp import BROKEN, EMPTY
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI, PARAPHRASE

TEXTS = {
    "en": ("A dog sleeps.", "An animal rests."),
    "zh": ("一只狗在睡觉。", "动物在休息。"),
    "th": ("สุนัขกำลังนอนหลับ", "สัตว์กำลังพักผ่อน"),
    "ar": ("كلبٌ نائم.", "حيوان يستريح."),
    "ur": ("ایک کتا سو رہا ہے۔", "ایک جانور آرام کر رہا ہے۔"),
    "hi": ("एक कुत्ता सो रहा है।", "एक जानवर आराम कर रहा है।"),
    "vi": ("Con cho\u0301 \u0111ang ngu\u0309.", "Động vật nghỉ ngơi."),
}


def rows(language: str, count: int = 6) -> list[tuple[str, str, str]]:
    """Return pairs of which three consecutive ones share a premise."""
    premise, hypothesis = TEXTS[language]
    return [
        (f"{premise} {i // 3}", f"{hypothesis} {i}", NLI[(2 * i + 1) % 3]) for i in range(count)
    ]


def tsv(table: list[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in table)


# --- tsv-pairs -----------------------------------------------------------------------------


def test_pairs_keep_text_and_order(write):
    path = write("pairs.tsv", ' "Quoted \u2028 text\tb \x1c c\tneutral\r\nd\te\tentailment\r\n')
    reading = read_examples("tsv-pairs", path, split="train", labels=NLI)
    first, second = reading.examples
    assert (first.text_a, first.text_b, first.label) == (
        ' "Quoted \u2028 text',
        "b \x1c c",
        "neutral",
    )
    assert (first.unit_id, second.unit_id) == ("train-00000", "train-00001")
    assert first.cluster_id != second.cluster_id
    assert reading.files == (path,)
    assert reading.dropped == {}


def test_pairs_of_several_languages_share_ids_and_clusters(write, tmp_path):
    for language in TEXTS:
        write(f"nli-test.{language}.tsv", tsv(rows(language)))
    pattern = tmp_path / "nli-{split}.{language}.tsv"
    reading = read_examples("tsv-pairs", pattern, split="test", languages=tuple(TEXTS), labels=NLI)
    by_language = {code: [e for e in reading.examples if e.language == code] for code in TEXTS}
    assert list(dict.fromkeys(e.language for e in reading.examples)) == list(TEXTS)
    for code, examples in by_language.items():
        assert [(e.text_a, e.text_b, e.label) for e in examples] == rows(code)
        assert [e.unit_id for e in examples] == [e.unit_id for e in by_language["en"]]
        assert [e.cluster_id for e in examples] == [e.cluster_id for e in by_language["en"]]
    assert len({e.cluster_id for e in reading.examples}) == 2


def test_order_of_ids_is_order_of_rows_beyond_any_width(write):
    path = write("many.tsv", "".join(f"a{i}\tb\tneutral\n" for i in range(100_001)))
    ids = [e.unit_id for e in read_examples("tsv-pairs", path, labels=NLI).examples]
    assert ids == sorted(ids)
    assert ids[-1] == "row-100000"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a\tb\tentailmnt\n", 1, "unknown label 'entailmnt'.*Did you mean 'entailment'"),
        ("a\tb\tneutral\n \tb\tneutral\n", 2, "first text is empty"),
        ("a\t\u3000\tneutral\n", 1, "second text is empty"),
        ("a\tb\n", 1, "2 columns instead of 3"),
        ("a\tb\tNEUTRAL\n", 1, "Did you mean 'neutral'"),
        ("a\tb\t\n", 1, "unknown label ''"),
    ],
)
def test_bad_rows_are_told_with_their_line(write, content, line, what):
    path = write("bad.tsv", content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("tsv-pairs", path, labels=NLI)
    assert caught.value.where == f"{path}:{line}"


def test_labels_may_be_missing_only_if_asked_for(write):
    path = write("test.tsv", "a\tb\nc\td\n")
    with pytest.raises(DataError, match="2 columns"):
        read_examples("tsv-pairs", path, labels=NLI)
    reading = read_examples("tsv-pairs", path, labels=NLI, require_labels=False)
    assert [e.label for e in reading.examples] == [None, None]


def test_one_file_is_one_language(write):
    with pytest.raises(SettingsError, match="cannot hold 2 languages"):
        read_examples("tsv-pairs", write("a.tsv", "a\tb\tx\n"), languages=("en", "tr"), labels=NLI)


def test_missing_language_and_split_name_those_there(write, tmp_path):
    write("nli-test.en.tsv", tsv(rows("en")))
    pattern = tmp_path / "nli-{split}.{language}.tsv"
    with pytest.raises(DataError, match="no language 'tr'.*Known are: en"):
        read_examples("tsv-pairs", pattern, split="test", languages=("en", "tr"), labels=NLI)
    with pytest.raises(DataError, match="no split 'tset'.*Did you mean 'test'"):
        read_examples("tsv-pairs", pattern, split="tset", labels=NLI)
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("tsv-pairs", pattern, labels=NLI)


# --- what is asked -------------------------------------------------------------------------


def test_unknown_format_names_the_nearest():
    with pytest.raises(SettingsError, match="Did you mean 'xnli-xtreme'"):
        read_examples("xnli-xtrem", "x", labels=NLI)


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.needs_path])
def test_formats_need_a_path_and_tell_a_missing_one(name, tmp_path):
    with pytest.raises(SettingsError, match="needs a path"):
        read_examples(name, labels=NLI)
    with pytest.raises(DataError, match="no such"):
        read_examples(name, tmp_path / "nowhere", split="test", labels=NLI)


@pytest.mark.parametrize(
    "wrong",
    [
        {"languages": ("en", "en")},
        {"languages": ("../en",)},
        {"languages": "en"},
        {"languages": ()},
        {"labels": ()},
        {"split": "a/b"},
        {"split": ""},
    ],
)
def test_wrong_requests_are_refused(write, wrong):
    asked = {"labels": NLI, **wrong}
    with pytest.raises(SettingsError):
        read_examples("tsv-pairs", write("a.tsv", "a\tb\tneutral\n"), **asked)


@pytest.mark.parametrize(
    ("format", "split", "path"),
    [
        ("conll", "train", ""),
        ("conll", "train", "{split}.txt"),
        ("squad", "train", ""),
        ("squad", "train", "{split}-v1.1.json"),
        ("copa", "val", ""),
        ("copa", "val", "{split}.jsonl"),
        ("copa", "dev", "hub"),
        ("tsv-pairs", "dev", "{split}.tsv"),
        ("columns-unaligned", "dev", "c.{split}.csv"),
    ],
)
def test_one_file_is_not_read_as_several_languages(write, tmp_path, format, split, path):
    answer = {"text": "a", "answer_start": 0}
    question = {"id": "1", "question": "q", "answers": [answer]}
    squad = {"data": [{"paragraphs": [{"context": "a b", "qas": [question]}]}]}
    copa = {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 0}
    write("train.txt", "a O\nb B-PER\n")
    write("train-v1.1.json", json.dumps(squad))
    write("val.jsonl", json.dumps(copa))
    write("dev.tsv", "p\th\tneutral\n")
    write("c.dev.csv", "text_a,text_b,label\np,h,neutral\n")
    (tmp_path / "hub").mkdir()
    pq.write_table(pa.Table.from_pylist([copa]), tmp_path / "hub" / "validation.parquet")
    labels = NLI if format in ("tsv-pairs", "columns-unaligned") else ()
    asked = {"split": split, "labels": labels}
    assert read_examples(format, tmp_path / path, languages=("sw",), **asked).examples
    with pytest.raises(SettingsError, match="one file cannot hold 2 languages"):
        read_examples(format, tmp_path / path, languages=("sw", "yo"), **asked)


def test_formats_describe_themselves():
    for name, entry in FORMATS.items():
        assert entry.name == name
        assert entry.description
        assert "\n" not in entry.description


# --- xnli-xtreme ---------------------------------------------------------------------------


def test_xtreme_takes_premises_from_the_list(write, tmp_path):
    for language in ("en", "th", "ar"):
        write(f"test-{language}.tsv", tsv(rows(language)))
    meta = "row\tpromptID\tpairID\n" + "".join(f"{i}\t{7 + i // 3}\t{i}x\n" for i in range(6))
    write("test.meta.tsv", meta)
    reading = read_examples(
        "xnli-xtreme", tmp_path, split="test", languages=("th", "ar"), labels=NLI
    )
    assert {e.cluster_id for e in reading.examples} == {"test-premise-7", "test-premise-8"}
    # English was read to check the premises, and the list: all count as data.
    assert {file.name for file in reading.files} == {
        "test-th.tsv",
        "test-ar.tsv",
        "test-en.tsv",
        "test.meta.tsv",
    }


def test_xtreme_counts_threes_without_the_list(write, tmp_path):
    for language in ("en", "hi"):
        write(f"dev-{language}.tsv", tsv(rows(language)))
    reading = read_examples(
        "xnli-xtreme", tmp_path, split="dev", languages=("en", "hi"), labels=NLI
    )
    assert len({e.cluster_id for e in reading.examples}) == 2


def test_xtreme_training_rows_are_in_no_order(write, tmp_path):
    write("train-en.tsv", "a\tb\tneutral\nc\td\tcontradictory\n")
    reading = read_examples("xnli-xtreme", tmp_path, split="train", labels=NLI)
    assert [e.label for e in reading.examples] == ["neutral", "contradiction"]


@pytest.mark.parametrize(
    ("files", "languages", "what"),
    [
        ({"en": rows("en", 5)}, ("en",), "not a multiple of 3"),
        ({"en": rows("en")[1:] + rows("en")[:1]}, ("en",), "premise differs"),
        ({"en": rows("en"), "hi": rows("hi", 3)}, ("en", "hi"), "3 rows, but 6"),
        ({"en": rows("en"), "hi": rows("hi", 3)}, ("hi",), "3 rows, but 6"),
        ({"en": rows("en")}, ("en", "sw"), "no language 'sw'"),
        ({"hi": [(*row[:2],) for row in rows("hi")]}, ("hi",), "2 columns instead of 3"),
    ],
)
def test_xtreme_refuses(write, tmp_path, files, languages, what):
    for language, table in files.items():
        write(f"test-{language}.tsv", tsv(table))
    with pytest.raises(DataError, match=what):
        read_examples("xnli-xtreme", tmp_path, split="test", languages=languages, labels=NLI)


def test_xtreme_lists_of_other_length_and_repeated_ids_are_refused(write, tmp_path):
    write("test-en.tsv", tsv(rows("en")))
    write("test.meta.tsv", "promptID\tpairID\n1\t1\n")
    with pytest.raises(DataError, match="1 rows, but 6"):
        read_examples("xnli-xtreme", tmp_path, split="test", labels=NLI)
    write("test.meta.tsv", "promptID\tpairID\n" + "1\tx\n" * 3 + "2\ty\n" * 3)
    with pytest.raises(DataError, match="id 'x' occurs twice"):
        read_examples("xnli-xtreme", tmp_path, split="test", labels=NLI)


# --- xnli-original -------------------------------------------------------------------------

ORIGINAL = (
    "language gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
    "sentence2_parse sentence1 sentence2 promptID pairID genre label1 label2 label3 label4 "
    "label5 sentence1_tokenized sentence2_tokenized match"
).split()


def original(languages: tuple[str, ...], **change: str) -> str:
    lines = ["\t".join(ORIGINAL)]
    for language in languages:
        for i, (text_a, text_b, label) in enumerate(rows(language)):
            spelled = "contradictory" if label == "contradiction" else label
            row = dict.fromkeys(ORIGINAL, "") | {
                "language": language,
                "gold_label": spelled,
                "sentence1": text_a,
                "sentence2": text_b,
                "promptID": str(i // 3),
                "pairID": str(i),
            }
            if language == languages[-1] and i == 4:
                row |= change
            lines.append("\t".join(row.values()))
    return "\n".join(lines) + "\n"


def test_original_file_holds_all_languages(write, tmp_path):
    write("xnli.dev.tsv", original(("ar", "en", "zh")))
    reading = read_examples(
        "xnli-original", tmp_path, split="dev", languages=("zh", "ar"), labels=NLI
    )
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("zh") + rows("ar")
    assert len({e.cluster_id for e in reading.examples}) == 2
    direct = read_examples("xnli-original", tmp_path / "xnli.dev.tsv", split="dev", labels=NLI)
    assert [e.unit_id for e in direct.examples] == [f"dev-{i:05d}" for i in range(6)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"pairID": "77"}, "pairID '77' in 'zh' where 'en' has '4'"),
        ({"gold_label": "maybe"}, "unknown label 'maybe'"),
        ({"gold_label": "-"}, "has no label"),
        ({"sentence2": "  "}, "second text is empty"),
        ({"language": "xx"}, "pairID '5' in 'zh' where 'en' has '4'"),
    ],
)
def test_original_refuses(write, change, what):
    path = write("xnli.dev.tsv", original(("en", "zh"), **change))
    with pytest.raises(DataError, match=what):
        read_examples("xnli-original", path, languages=("en", "zh"), labels=NLI)


def test_original_without_a_language_names_the_nearest(write):
    path = write("xnli.dev.tsv", original(("en", "zh")))
    with pytest.raises(DataError, match="no language 'zn'.*Did you mean 'zh'"):
        read_examples("xnli-original", path, languages=("zn",), labels=NLI)


# --- xnli-hub ------------------------------------------------------------------------------


def hub(path, language: str, table=None) -> None:
    table = table or rows(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        "premise": [row[0] for row in table],
        "hypothesis": [row[1] for row in table],
        "label": [NLI.index(row[2]) if row[2] else -1 for row in table],
    }
    pq.write_table(pa.table(columns), path)


def test_hub_folders_and_the_hub_name_of_dev(tmp_path):
    for language in ("en", "ur"):
        hub(tmp_path / language / "validation-00000-of-00001.parquet", language)
    reading = read_examples("xnli-hub", tmp_path, split="dev", languages=("ur", "en"), labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("ur") + rows("en")
    assert len({e.cluster_id for e in reading.examples}) == 2
    assert reading.examples[0].unit_id == "dev-00000"


def test_hub_folder_of_all_languages(tmp_path):
    languages = ("ar", "en", "th")
    premise = [{code: rows(code)[i][0] for code in languages} for i in range(6)]
    hypothesis = [
        {"language": list(languages), "translation": [rows(code)[i][1] for code in languages]}
        for i in range(6)
    ]
    label = [NLI.index(row[2]) for row in rows("en")]
    folder = tmp_path / "all_languages"
    folder.mkdir()
    table = pa.table({"premise": premise, "hypothesis": hypothesis, "label": label})
    pq.write_table(table, folder / "test-00000-of-00001.parquet")
    reading = read_examples("xnli-hub", tmp_path, split="test", languages=("th", "en"), labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("th") + rows("en")
    with pytest.raises(DataError, match="no text in language 'sw'"):
        read_examples("xnli-hub", tmp_path, split="test", languages=("sw",), labels=NLI)


def test_hub_shards_are_read_whole_and_in_order(tmp_path):
    table = rows("en", 12)
    for i in range(2):
        name = f"train-{i:05d}-of-00002.parquet"
        hub(tmp_path / "en" / name, "en", table[6 * i : 6 * i + 6])
    reading = read_examples("xnli-hub", tmp_path, split="train", labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == table
    (tmp_path / "en" / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="1 files, but there should be 2"):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)


def test_hub_refuses_what_is_broken(tmp_path):
    file = tmp_path / "en" / "test-00000-of-00001.parquet"
    hub(file, "en")
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"PAR1", b"", whole[10:]):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match="no whole Parquet file"):
            read_examples("xnli-hub", tmp_path, split="test", labels=NLI)
    with pytest.raises(DataError, match="no split 'tset'"):
        read_examples("xnli-hub", tmp_path, split="tset", labels=NLI)
    with pytest.raises(DataError, match="no folder for language 'sw'"):
        read_examples("xnli-hub", tmp_path, split="test", languages=("sw",), labels=NLI)


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"premise": ["a"], "hypothesis": ["b"]}, "no column 'label'"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": [3]}, "unknown label 3"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": [-1]}, "has no label"),
        ({"premise": ["a"], "hypothesis": [None], "label": [1]}, "no value"),
        ({"premise": ["a"], "hypothesis": [b"\xff"], "label": [1]}, "no text, but bytes"),
        ({"premise": ["a"], "hypothesis": ["b"], "label": ["0"]}, "no whole numbers, but str"),
        ({"premise": ["a\0"], "hypothesis": ["b"], "label": [0]}, "NUL"),
        ({"premise": [], "hypothesis": [], "label": []}, "no rows"),
    ],
)
def test_hub_refuses_columns_of_another_kind(tmp_path, columns, what):
    (tmp_path / "en").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "en" / "train-00000-of-00001.parquet")
    with pytest.raises(DataError, match=what):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)


def test_text_that_is_no_utf8_inside_parquet_is_refused(tmp_path):
    (tmp_path / "en").mkdir()
    bad = pa.StringArray.from_buffers(
        1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")
    )
    table = pa.table({"premise": ["a"], "hypothesis": bad, "label": [0]})
    pq.write_table(table, tmp_path / "en" / "train.parquet")
    with pytest.raises(DataError, match="UTF-?8"):
        read_examples("xnli-hub", tmp_path, split="train", labels=NLI)


# --- MultiNLI ------------------------------------------------------------------------------

MNLI = [
    ("neutral", "A dog sleeps.", "It is brown.", "11", "11n"),
    ("-", "A dog sleeps.", "It dreams.", "11", "11c"),
    ("contradiction", "Rain fell.", "It was dry.", "12", "12c"),
]
KEPT = [row[1:3] + row[:1] for row in MNLI if row[0] != "-"]


def assert_mnli(reading) -> None:
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == KEPT
    assert reading.dropped == {NO_AGREEMENT: 1}
    # Row numbers count what was dropped, so that they still point into the file.
    assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00002"]
    assert [e.cluster_id for e in reading.examples] == ["train-premise-11", "train-premise-12"]


def test_mnli_jsonl(write, tmp_path):
    keys = ("gold_label", "sentence1", "sentence2", "promptID", "pairID")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in MNLI]
    write("multinli_1.0_train.jsonl", "\n".join(lines))
    assert_mnli(read_examples("mnli-jsonl", tmp_path, split="train", labels=NLI))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('["a"]', "no JSON object"),
        ('{"sentence1": "a", "gold_label": "neutral"}', "no key 'sentence2'"),
        ('{"sentence1": 1, "sentence2": "b", "gold_label": "neutral"}', "'sentence1' is no text"),
        (
            r'{"sentence1": "\ud83d", "sentence2": "b", "gold_label": "neutral"}',
            "half a surrogate",
        ),
        (r'{"sentence1": "a\u0000", "sentence2": "b", "gold_label": "neutral"}', "NUL"),
        ('{"sentence1": "a", "sentence2": "b", "gold_label": "hidden"}', "has no label"),
        ("", "no JSON"),
    ],
)
def test_mnli_jsonl_refuses(write, line, what):
    good = '{"sentence1": "a", "sentence2": "b", "gold_label": "neutral"}'
    path = write("x.jsonl", f"{good}\n{line}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_examples("mnli-jsonl", path, labels=NLI)
    assert caught.value.where == f"{path}:2"


def test_mnli_tsv_with_and_without_the_empty_annotators(write, tmp_path):
    header = (
        "gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
        "sentence2_parse sentence1 sentence2 promptID pairID genre label1 label2 label3 label4 "
        "label5"
    ).split()
    for blanks in (4, 0):
        lines = ["\t".join(header)]
        for label, text_a, text_b, prompt, pair in MNLI:
            parses = ["( x )"] * 4
            row = [label, *parses, text_a, text_b, prompt, pair, "fiction", label]
            lines.append("\t".join(row + [""] * blanks))
        write("multinli_1.0_train.txt", "\n".join(lines) + "\n")
        assert_mnli(read_examples("mnli-tsv", tmp_path, split="train", labels=NLI))


def test_mnli_glue_tsv_and_parquet(write, tmp_path):
    header = (
        "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse "
        "sentence1_parse sentence2_parse sentence1 sentence2 label1 gold_label"
    ).split()
    lines = ["\t".join(header)]
    for i, (label, text_a, text_b, prompt, pair) in enumerate(MNLI):
        row = [str(i), prompt, pair, "fiction", *["( x )"] * 4, text_a, text_b, label, label]
        lines.append("\t".join(row))
    write("tsv/train.tsv", "\n".join(lines) + "\n")
    assert_mnli(read_examples("mnli-glue", tmp_path / "tsv", split="train", labels=NLI))
    hub(tmp_path / "hub" / "validation_matched-00000-of-00001.parquet", "en")
    reading = read_examples("mnli-glue", tmp_path / "hub", split="dev_matched", labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("en")
    with pytest.raises(DataError, match="no split 'train'"):
        read_examples("mnli-glue", tmp_path / "hub", split="train", labels=NLI)


def test_mnli_glue_test_has_no_labels(write, tmp_path):
    write("test_matched.tsv", "index\tpromptID\tsentence1\tsentence2\n0\t1\ta\tb\n")
    with pytest.raises(DataError, match="no column 'gold_label'"):
        read_examples("mnli-glue", tmp_path, split="test_matched", labels=NLI)
    reading = read_examples(
        "mnli-glue", tmp_path, split="test_matched", labels=NLI, require_labels=False
    )
    assert reading.examples[0].label is None


def test_mnli_ptb_is_detokenised_and_swallowed_rows_are_counted(write):
    path = write(
        "mnli_train.tsv",
        "sentence1\tsentence2\tlabel\tgenre\n"
        "I do n't know , `` he '' said .\tHe ca n't say .\tneutral\tfiction\n"
        "a\tb ( ROOT ( S ( NP x ) ) ) c\tneutral\tfiction\n",
    )
    reading = read_examples("mnli-ptb", path, labels=NLI)
    (example,) = reading.examples
    assert (example.text_a, example.text_b) == ('I don\'t know, "he" said.', "He can't say.")
    assert list(reading.dropped.values()) == [1]


# --- MRPC and QQP --------------------------------------------------------------------------

MRPC_HEADER = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"


def test_mrpc_drops_and_counts_foreign_rows(write, tmp_path):
    write(
        "msr_paraphrase_train.txt",
        MRPC_HEADER + '1\t1\t2\tHe said "no.\tHe said no.\r\n0\t-1\t-1\tx\ty\r\n0\t3\t4\ta\tb\r\n',
    )
    reading = read_examples("mrpc", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["paraphrase", "different"]
    assert reading.examples[0].text_a == 'He said "no.'
    assert list(reading.dropped.values()) == [1]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("2\t1\t2\ta\tb\n", "unknown label '2'.*0, 1"),
        ("1\t1\t2\ta\tb\n1\t1\t2\ta\tb\n", "occurs twice"),
        ("1\t1\t2\ta\n", "4 columns instead of 5"),
        ("1\t-1\t-1\ta\tb\n", "no rows are left after dropping 1"),
    ],
)
def test_mrpc_refuses(write, body, what):
    with pytest.raises(DataError, match=what):
        read_examples("mrpc", write("m.txt", MRPC_HEADER + body), labels=PARAPHRASE)


QQP_HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"


def test_qqp_counts_what_everybody_leaves_out(write, tmp_path):
    write(
        "train.tsv",
        QQP_HEADER + '1\t1\t2\tWhy?\tHow?\t0\n2\t3\t4\t"Was it\nall?\t0\n'
        "3\t5\t6\tWho?\t\t0\n4\t7\t8\tWhen?\tAt what time?\t1\n",
    )
    reading = read_examples("qqp", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["different", "paraphrase"]
    assert reading.dropped == {BROKEN: 2, EMPTY: 1}


def test_qqp_refuses_more_than_a_few(write):
    body = "".join(f"{i}\t1\t2\ta\tb\t0\n" for i in range(20)) + "broken\n" * 10
    with pytest.raises(DataError, match="10 rows have the wrong number"):
        read_examples("qqp", write("train.tsv", QQP_HEADER + body), labels=PARAPHRASE)
    with pytest.raises(DataError, match="id '1' occurs twice"):
        body = "1\t1\t2\ta\tb\t0\n" * 2
        read_examples("qqp", write("train.tsv", QQP_HEADER + body), labels=PARAPHRASE)


def test_qqp_from_the_hub(tmp_path):
    table = pa.table({"question1": ["Why?"], "question2": ["How?"], "label": [1], "idx": [0]})
    pq.write_table(table, tmp_path / "validation-00000-of-00001.parquet")
    reading = read_examples("qqp", tmp_path, split="dev", labels=PARAPHRASE)
    assert reading.examples[0].label == "paraphrase"


def test_parallel_files_of_unequal_length_are_refused(write, tmp_path):
    write("t.en.tsv", tsv(rows("en")))
    write("t.hi.tsv", tsv(rows("hi", 3)))
    with pytest.raises(DataError, match="3 rows in 'hi' but 6 in 'en'"):
        read_examples(
            "tsv-pairs", tmp_path / "t.{language}.tsv", languages=("en", "hi"), labels=NLI
        )
