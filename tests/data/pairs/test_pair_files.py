"""Further sets of pairs: every form, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import BLANK, BROKEN, NO_AGREEMENT
from crosscal.data.pairs.paraphrase.pawsx import UNTRANSLATED
from crosscal.data.pairs.paraphrase.qqp import EMPTY
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI, PARAPHRASE
from tests.data.pairs.test_pair_readers import TEXTS, rows, tsv

RTE = ("entailment", "not_entailment")


def jsonl(table: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table)


def parquet(path, table: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), path)


def seen(reading) -> list[tuple]:
    return [(e.text_a, e.text_b, e.label) for e in reading.examples]


def headed(header: str, *body: tuple[str, ...]) -> str:
    return tsv([tuple(header.split()), *body])


# --- SNLI ------------------------------------------------------------------------------------

SNLI = [
    ("neutral", "A dog sleeps.", "It is brown.", "1.jpg#0"),
    ("-", "A dog sleeps.", "It dreams.", "1.jpg#0"),
    ("contradiction", "A dog sleeps.", "It swims.", "2.jpg#3"),
]


def test_snli_in_all_forms(write, tmp_path):
    keys = ("gold_label", "sentence1", "sentence2", "captionID")
    write("a/snli_1.0_train.jsonl", jsonl([dict(zip(keys, r, strict=True)) for r in SNLI]))
    header = (
        "gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
        "sentence2_parse sentence1 sentence2 captionID pairID label1 label2 label3 label4 label5"
    )
    body = [(r[0], *["( x )"] * 4, *r[1:], "p", r[0]) for r in SNLI]
    write("b/snli_1.0_train.txt", headed(header, *body))
    number = {"neutral": 1, "-": -1, "contradiction": 2}
    hub = [{"premise": r[1], "hypothesis": r[2], "label": number[r[0]]} for r in SNLI]
    parquet(tmp_path / "c/train-00000-of-00001.parquet", hub)
    for folder, clusters in (("a", 2), ("b", 2), ("c", 1)):
        reading = read_examples("snli", tmp_path / folder, split="train", labels=NLI)
        assert seen(reading) == [(r[1], r[2], r[0]) for r in SNLI if r[0] != "-"]
        assert reading.dropped == {NO_AGREEMENT: 1}
        assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00002"]
        assert len({e.cluster_id for e in reading.examples}) == clusters
    kept = read_examples("snli", tmp_path / "a", split="train", labels=NLI, require_labels=False)
    assert [e.label for e in kept.examples] == ["neutral", None, "contradiction"]


# --- ANLI ------------------------------------------------------------------------------------


def anli(number: int, label: str) -> dict:
    return {"uid": f"u{number}", "context": "C.", "hypothesis": f"H{number}.", "label": label}


def test_anli_reads_all_rounds_or_one(write, tmp_path):
    for place in (1, 2, 3):
        table = [anli(10 * place + i, label) for i, label in enumerate("enc")]
        write(f"R{place}/dev.jsonl", jsonl(table))
    whole = read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert [e.label for e in whole.examples] == [*NLI] * 3
    assert [e.unit_id for e in whole.examples] == [f"dev-{i:05d}" for i in range(9)]
    assert len({e.cluster_id for e in whole.examples}) == 3
    assert [file.parent.name for file in whole.files] == ["R1", "R2", "R3"]
    second = read_examples("anli", tmp_path, split="dev_r2", labels=NLI)
    assert [e.text_b for e in second.examples] == ["H20.", "H21.", "H22."]
    with pytest.raises(DataError, match="no split 'tset'"):
        read_examples("anli", tmp_path, split="tset", labels=NLI)


def test_anli_names_the_file_of_the_round(write, tmp_path):
    for place in (1, 2, 3):
        write(f"R{place}/dev.jsonl", jsonl([anli(place, "e")]))
    path = write("R3/dev.jsonl", jsonl([anli(3, "e"), anli(4, "x")]))
    with pytest.raises(DataError, match=r"unknown label 'x'.*e, n, c") as caught:
        read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert caught.value.where == f"{path}:2"


def test_anli_from_the_hub(tmp_path):
    for place in (1, 2, 3):
        row = {"uid": f"u{place}", "premise": "P", "hypothesis": f"H{place}", "label": place - 1}
        parquet(tmp_path / f"dev_r{place}-00000-of-00001.parquet", [row])
    whole = read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert [e.label for e in whole.examples] == list(NLI)
    assert len(read_examples("anli", tmp_path, split="dev_r3", labels=NLI).examples) == 1


# --- SICK ------------------------------------------------------------------------------------

SICK_HEADER = (
    "pair_ID sentence_A sentence_B entailment_label relatedness_score entailment_AB "
    "entailment_BA sentence_A_original sentence_B_original sentence_A_dataset "
    "sentence_B_dataset SemEval_set"
)


def sick(number: int, label: str, part: str) -> tuple[str, ...]:
    texts = (f"Een hond {number}", f"Een kat {number}")
    english = (f"A dog {number}", f"A cat {number}")
    return (str(number), *texts, label, "4.5", "x", "y", *english, "F", "F", part)


def test_sick_nl_is_parallel(write, tmp_path):
    body = [sick(1, "NEUTRAL", "TRAIN"), sick(2, "ENTAILMENT", "TRIAL"), sick(3, "NEUTRAL", "TEST")]
    write("SICK_NL.txt", headed(SICK_HEADER, *body))
    reading = read_examples("sick-nl", tmp_path, split="dev", languages=("nl", "en"), labels=NLI)
    assert seen(reading) == [
        ("Een hond 2", "Een kat 2", "entailment"),
        ("A dog 2", "A cat 2", "entailment"),
    ]
    # The number of the row in the file, whatever set it belongs to.
    assert {e.unit_id for e in reading.examples} == {"dev-00001"}
    everything = read_examples("sick-nl", tmp_path / "SICK_NL.txt", labels=NLI)
    assert len(everything.examples) == 3
    with pytest.raises(SettingsError, match="are Dutch"):
        read_examples("sick", tmp_path / "SICK_NL.txt", labels=NLI)


def test_sick_as_published(write, tmp_path):
    write(
        "a/SICK.txt",
        headed(SICK_HEADER, sick(1, "NEUTRAL", "TRAIN"), sick(2, "ENTAILMENT", "TEST")),
    )
    reading = read_examples("sick", tmp_path / "a", split="test", labels=NLI)
    assert seen(reading) == [("Een hond 2", "Een kat 2", "entailment")]
    header = "pair_ID sentence_A sentence_B relatedness_score entailment_judgment"
    body = ("1", "A dog", "A cat", "3.2", "CONTRADICTION")
    write("b/SICK_test_annotated.txt", headed(header, body))
    write("b/SICK_trial.txt", headed(header, body))
    for split in ("test", "dev", "trial"):
        reading = read_examples("sick", tmp_path / "b", split=split, labels=NLI)
        assert seen(reading) == [("A dog", "A cat", "contradiction")]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (sick(2, "neutral?", "TRAIN"), r"unknown label 'neutral\?'"),
        (sick(2, "NEUTRAL", "DEV"), "unknown SemEval_set 'DEV'"),
        (sick(1, "NEUTRAL", "TRAIN"), "id '1' occurs twice"),
        (sick(2, "NEUTRAL", "TRAIN")[:-1], "11 columns instead of 12"),
    ],
)
def test_sick_refuses(write, row, what):
    path = write("SICK.txt", headed(SICK_HEADER, sick(1, "NEUTRAL", "TRAIN"), row))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("sick", path, split="train", labels=NLI)
    assert caught.value.where == f"{path}:3"


# --- RTE, PAWS, QQP --------------------------------------------------------------------------


def test_rte_has_labels_of_its_own(write, tmp_path):
    write(
        "train.tsv", headed("index sentence1 sentence2 label", ("0", '"A', "B", "not_entailment"))
    )
    reading = read_examples("rte-glue", tmp_path, split="train", labels=RTE)
    assert seen(reading) == [('"A', "B", "not_entailment")]
    with pytest.raises(DataError, match="unknown label 'not_entailment'"):
        read_examples("rte-glue", tmp_path, split="train", labels=NLI)
    table = [{"sentence1": "A", "sentence2": "B", "label": n, "idx": n} for n in (0, 1)]
    parquet(tmp_path / "hub/validation-00000-of-00001.parquet", table)
    reading = read_examples("rte-glue", tmp_path / "hub", split="dev", labels=RTE)
    assert [e.label for e in reading.examples] == list(RTE)
    parquet(tmp_path / "hub/test-00000-of-00001.parquet", [table[0] | {"label": -1}])
    with pytest.raises(DataError, match="has no label"):
        read_examples("rte-glue", tmp_path / "hub", split="test", labels=RTE)
    with pytest.raises(DataError, match="unknown label '2'"):
        parquet(tmp_path / "hub/test-00000-of-00001.parquet", [table[0] | {"label": 2}])
        read_examples("rte-glue", tmp_path / "hub", split="test", labels=RTE)


@pytest.mark.parametrize("label", ["label", "noisy_label"])
def test_paws_with_both_kinds_of_label(write, tmp_path, label):
    header = f"id sentence1 sentence2 {label}"
    write("train.tsv", headed(header, ("1", "a b", "b a", "1"), ("2", "c", "d", "0")))
    reading = read_examples("paws", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["paraphrase", "different"]


def test_paws_from_the_hub(tmp_path):
    row = {"id": 1, "sentence1": "a", "sentence2": "b", "label": 1}
    parquet(tmp_path / "train-00000-of-00002.parquet", [row])
    parquet(tmp_path / "train-00001-of-00002.parquet", [row | {"id": 2, "label": 7}])
    with pytest.raises(DataError, match="unknown label '7'") as caught:
        read_examples("paws", tmp_path, split="train", labels=PARAPHRASE)
    assert caught.value.where.endswith("row 0 of train-00001-of-00002.parquet")


def test_qqp_of_quora_is_quoted(write):
    path = write(
        "quora_duplicate_questions.tsv",
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
        '0\t1\t2\t"Why ""A""\tor\nB?"\tHow?\t1\n'
        "1\t3\t4\tWho?\t\t0\n2\t5\t6\tWhen?\tHow?\t0\n",
    )
    reading = read_examples("qqp-quora", path, labels=PARAPHRASE)
    assert seen(reading) == [
        ('Why "A"\tor\nB?', "How?", "paraphrase"),
        ("When?", "How?", "different"),
    ]
    assert reading.dropped == {EMPTY: 1}


# --- PAWS-X ----------------------------------------------------------------------------------

PAWSX_LANGUAGES = ("en", "zh", "ja")


def pawsx(language: str, bad: dict[int, str]) -> list[tuple[str, str, str]]:
    return [(f"{language} {i}", bad.get(i, f'{language} "x" {i}'), str(i % 2)) for i in range(12)]


def quoted(table) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(table)
    return out.getvalue()


@pytest.mark.parametrize("form", ["xtreme", "original", "hub"])
def test_pawsx_leaves_out_what_one_language_lacks(write, tmp_path, form):
    bad = {"zh": {1: "NS"}, "ja": {1: "NS", 4: " "}}
    for language in PAWSX_LANGUAGES:
        table = pawsx(language, bad.get(language, {}))
        numbered = [(str(i + 1), *row) for i, row in enumerate(table)]
        if form == "xtreme":
            write(f"dev-{language}.tsv", quoted(table))
        elif form == "original":
            write(f"{language}/dev_2k.tsv", headed("id sentence1 sentence2 label", *numbered))
        else:
            keys = ("id", "sentence1", "sentence2", "label")
            records = [dict(zip(keys, row, strict=True)) for row in numbered]
            records = [r | {"id": int(r["id"]), "label": int(r["label"])} for r in records]
            parquet(tmp_path / f"{language}/validation-00000-of-00001.parquet", records)
    asked = {"split": "dev", "labels": PARAPHRASE}
    reading = read_examples(f"pawsx-{form}", tmp_path, languages=PAWSX_LANGUAGES, **asked)
    assert reading.dropped == {UNTRANSLATED: 6}
    kept = [f"dev-{i:05d}" for i in range(12) if i not in (1, 4)]
    for language in PAWSX_LANGUAGES:
        rows_of = [e for e in reading.examples if e.language == language]
        assert [e.unit_id for e in rows_of] == kept
        assert rows_of[0].text_b == f'{language} "x" 0'
    # Alone, a language lacks its own pairs only.
    alone = read_examples(f"pawsx-{form}", tmp_path, languages=("zh",), **asked)
    assert (len(alone.examples), alone.dropped) == (11, {UNTRANSLATED: 1})
    english = read_examples(f"pawsx-{form}", tmp_path, languages=("en",), **asked)
    assert (len(english.examples), english.dropped) == (12, {})


def test_pawsx_training_files_have_names_of_their_own(write, tmp_path):
    header = "id sentence1 sentence2 label"
    write("en/train.tsv", headed(header, ("1", "a", "b", "0")))
    write("ko/translated_train.tsv", headed(header, ("1", "가", "나", "0")))
    reading = read_examples(
        "pawsx-original", tmp_path, split="train", languages=("en", "ko"), labels=PARAPHRASE
    )
    assert [e.text_a for e in reading.examples] == ["a", "가"]


def test_pawsx_refuses(write, tmp_path):
    write("test-de.tsv", "a\tb\r\nc\td\r\n")
    asked = {"split": "test", "languages": ("de",), "labels": PARAPHRASE}
    with pytest.raises(DataError, match="2 columns instead of 3.*no labels"):
        read_examples("pawsx-xtreme", tmp_path, **asked)
    reading = read_examples("pawsx-xtreme", tmp_path, require_labels=False, **asked)
    assert [e.label for e in reading.examples] == [None, None]
    path = write("test-de.tsv", 'a\tb\t1\r\n"c\td\t0\r\n')
    with pytest.raises(DataError, match="not quoted properly") as caught:
        read_examples("pawsx-xtreme", tmp_path, **asked)
    assert caught.value.where == f"{path}:2"
    path = write("test-de.tsv", "a\tb\t1\n" + "NS\tNS\t0\n" * 6)
    with pytest.raises(DataError, match="6 of 7 rows.*far more") as caught:
        read_examples("pawsx-xtreme", tmp_path, **asked)
    assert caught.value.where == f"{path}:2"
    write("test-fr.tsv", "a\tb\t1\n")
    with pytest.raises(DataError, match="1 rows in 'fr' but 2"):
        write("test-de.tsv", "a\tb\t1\nc\td\t0\n")
        read_examples("pawsx-xtreme", tmp_path, **asked | {"languages": ("de", "fr")})
    with pytest.raises(SettingsError, match="not 'tr'"):
        read_examples("pawsx-xtreme", tmp_path, **asked | {"languages": ("tr",)})


# --- AmericasNLI -----------------------------------------------------------------------------

AMERICAS = "id language premise hypothesis label"


def test_americasnli_rows_are_named_as_in_xnli(write, tmp_path):
    body = [("12451", "gn", "P", "a", "neutral"), ("12452", "gn", "P", "b", "entailment")]
    body += [("12460", "gn", "Q", "c", "neutral"), ("12463", "gn", " ", "d", "neutral")]
    write("dev/gn.tsv", headed(AMERICAS, *body))
    reading = read_examples("americasnli", tmp_path, split="dev", languages=("gn",), labels=NLI)
    assert [e.unit_id for e in reading.examples] == ["dev-00000", "dev-00001", "dev-00009"]
    premises = ["gn/dev-premise-00000", "gn/dev-premise-00000", "gn/dev-premise-00003"]
    assert [e.cluster_id for e in reading.examples] == premises
    assert reading.dropped == {BLANK: 1}


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (("12450", "gn", "P", "b", "neutral"), "id '12450' is not that of a later Spanish row"),
        (("14941", "gn", "P", "b", "neutral"), "id '14941' is not"),
        (("x", "gn", "P", "b", "neutral"), "id 'x' is not"),
        (("12451", "gn", "P", "b", "neutral"), "id '12451' is not that of a later"),
        (("12452", "gn", "P", "b", "maybe"), "unknown label 'maybe'"),
    ],
)
def test_americasnli_refuses(write, tmp_path, second, what):
    path = write("dev/gn.tsv", headed(AMERICAS, ("12451", "gn", "P", "a", "neutral"), second))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("americasnli", tmp_path, split="dev", languages=("gn",), labels=NLI)
    assert caught.value.where == f"{path}:3"


def test_americasnli_from_the_hub(tmp_path):
    for language in ("quy", "shp"):
        row = {"language": language, "premise": "P", "hypothesis": "H", "label": 2}
        parquet(tmp_path / f"{language}/validation-00000-of-00001.parquet", [row])
    reading = read_examples(
        "americasnli", tmp_path, split="dev", languages=("quy", "shp"), labels=NLI
    )
    assert [(e.language, e.label) for e in reading.examples] == [
        ("quy", "contradiction"),
        ("shp", "contradiction"),
    ]


# --- Korean, Chinese, Patois -----------------------------------------------------------------


def test_kornli_shares_the_premises_of_xnli(write, tmp_path):
    table = [(f"전제 {i // 3}", f'가설 "{i}', NLI[i % 3]) for i in range(6)]
    write("xnli.dev.ko.tsv", headed("sentence1 sentence2 gold_label", *table))
    asked = {"languages": ("ko",), "labels": NLI}
    reading = read_examples("kornli", tmp_path, split="dev", **asked)
    assert seen(reading) == table
    assert [e.cluster_id for e in reading.examples][2:4] == [
        "dev-premise-00000",
        "dev-premise-00001",
    ]
    write("xnli.dev.ko.tsv", headed("sentence1 sentence2 gold_label", *table[1:], table[0]))
    with pytest.raises(DataError, match="premise differs"):
        read_examples("kornli", tmp_path, split="dev", **asked)
    with pytest.raises(SettingsError, match="holds ko, not 'en'"):
        read_examples("kornli", tmp_path, split="dev", labels=NLI)


def test_kornli_training_file_has_a_few_broken_rows(write, tmp_path):
    header = "sentence1\tsentence2\tgold_label\n"
    body = "가\t나\tneutral\n가\t나\t다\tneutral\n가\t \tneutral\n라\t마\tentailment\n"
    path = write("multinli.train.ko.tsv", header + body)
    reading = read_examples("kornli", tmp_path, split="train", languages=("ko",), labels=NLI)
    assert reading.dropped == {BROKEN: 1, BLANK: 1}
    assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00003"]
    path = write("multinli.train.ko.tsv", header + body + "x\n" * 9)
    with pytest.raises(DataError, match="10 rows have the wrong number") as caught:
        read_examples("kornli", tmp_path, split="train", languages=("ko",), labels=NLI)
    assert caught.value.where == f"{path}:3"


def test_klue_is_one_list(write, tmp_path):
    row = {"guid": "g0", "premise": "전제", "hypothesis": "가설", "gold_label": "neutral"}
    asked = {"split": "dev", "languages": ("ko",), "labels": NLI}
    path = write("klue-nli-v1.1_dev.json", json.dumps([row, row | {"guid": "g1"}], indent=2))
    assert len(read_examples("klue-nli", tmp_path, **asked).examples) == 2
    write("klue-nli-v1.1_dev.json", json.dumps([row, row]))
    with pytest.raises(DataError, match="id 'g0' occurs twice"):
        read_examples("klue-nli", tmp_path, **asked)
    write("klue-nli-v1.1_dev.json", json.dumps([row, row | {"premise": 3}]))
    with pytest.raises(DataError, match="'premise' is no text") as caught:
        read_examples("klue-nli", tmp_path, **asked)
    assert caught.value.where == f"{path}:[1]"
    parquet(
        tmp_path / "hub/validation-00000-of-00001.parquet",
        [{"guid": "g", "premise": "가", "hypothesis": "나", "label": 0}],
    )
    hub = read_examples("klue-nli", tmp_path / "hub", **asked)
    assert hub.examples[0].label == "entailment"


def test_ocnli_and_its_other_order_of_labels_on_the_hub(write, tmp_path):
    row = {
        "sentence1": "狗在睡",
        "sentence2": "动物",
        "label": "entailment",
        "prem_id": "a",
        "id": 0,
    }
    table = [row, row | {"id": 1, "label": "-"}, row | {"id": 2, "label": "neutral"}]
    write("train.50k.json", jsonl(table))
    asked = {"languages": ("zh",), "labels": NLI}
    reading = read_examples("ocnli", tmp_path, split="train", **asked)
    assert [e.label for e in reading.examples] == ["entailment", "neutral"]
    assert reading.dropped == {NO_AGREEMENT: 1}
    assert {e.cluster_id for e in reading.examples} == {"train-premise-a"}
    records = [{"sentence1": "a", "sentence2": "b", "label": n, "idx": n} for n in range(3)]
    parquet(tmp_path / "hub/train-00000-of-00001.parquet", records)
    hub = read_examples("ocnli", tmp_path / "hub", split="train", **asked)
    assert [e.label for e in hub.examples] == ["neutral", "entailment", "contradiction"]


@pytest.mark.parametrize(
    ("format", "name", "texts", "language"),
    [
        ("klue-nli", "validation", ("premise", "hypothesis"), "ko"),
        ("kornli", "validation", ("premise", "hypothesis"), "ko"),
        ("ocnli", "validation", ("sentence1", "sentence2"), "zh"),
        ("snli", "validation", ("premise", "hypothesis"), "en"),
        ("anli", "dev_r1", ("premise", "hypothesis"), "en"),
        ("mnli-glue", "validation_matched", ("premise", "hypothesis"), "en"),
        ("xnli-hub", "en/validation", ("premise", "hypothesis"), "en"),
    ],
)
def test_a_file_that_names_its_label_numbers_is_believed(tmp_path, format, name, texts, language):
    # As klue/nli had them in 2021: not the order of other sets, and not that of today.
    names = ["entailment", "contradiction", "neutral"]
    feature = {"names": names, "_type": "ClassLabel"}
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": feature}}})}
    table = pa.table(
        {
            "guid": ["a", "b", "c"],
            "uid": ["a", "b", "c"],
            texts[0]: ["p", "p", "p"],
            texts[1]: ["1", "2", "3"],
            "label": [0, 1, 2],
        }
    )
    file = tmp_path / f"{name}-00000-of-00001.parquet"
    file.parent.mkdir(exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), file)
    split = name.removeprefix("en/").replace("validation", "dev")
    reading = read_examples(format, tmp_path, split=split, languages=(language,), labels=NLI)
    assert [e.label for e in reading.examples] == names


def test_jampatoisnli_is_quoted_csv(write, tmp_path):
    write(
        "jampatoisnli-val.csv",
        ',Number,premise,hypothesis,label\n0,1,"Mi ""fren""\na come","A, b",neutral\n'
        "1,2,c😁,d,maybe\n",
    )
    asked = {"split": "dev", "languages": ("jam",)}
    reading = read_examples("jampatoisnli", tmp_path, labels=(*NLI, "maybe"), **asked)
    assert reading.examples[0].text_a == 'Mi "fren"\na come'
    with pytest.raises(DataError, match="unknown label 'maybe'") as caught:
        read_examples("jampatoisnli", tmp_path, labels=NLI, **asked)
    # The first record has two lines.
    assert caught.value.where == f"{tmp_path / 'jampatoisnli-val.csv'}:4"


# --- any columns -----------------------------------------------------------------------------

NAMES = {"text_a": "premise", "text_b": "hypo", "label": "gold"}


def records(language: str) -> list[dict]:
    return [{"premise": a, "hypo": b, "gold": label} for a, b, label in rows(language)]


@pytest.mark.parametrize("suffix", ["tsv", "csv", "jsonl", "json", "parquet", "tsv.bz2"])
def test_columns_by_suffix(write, tmp_path, suffix):
    import bz2

    for language in TEXTS:
        table = [tuple(row.values()) for row in records(language)]
        name = f"{language}/test.{suffix}"
        tabs = tsv([("premise", "hypo", "gold"), *table])
        commas = io.StringIO()
        csv.writer(commas).writerows([("premise", "hypo", "gold"), *table])
        if suffix == "parquet":
            parquet(tmp_path / name, records(language))
        else:
            write(
                name,
                {
                    "tsv": tabs,
                    "csv": commas.getvalue(),
                    "jsonl": jsonl(records(language)),
                    "json": json.dumps(records(language)),
                    "tsv.bz2": bz2.compress(tabs.encode()),
                }[suffix],
            )
    pattern = tmp_path / "{language}" / ("{split}." + suffix)
    asked = {"split": "test", "languages": tuple(TEXTS), "labels": NLI, "columns": NAMES}
    for path in (pattern, tmp_path):
        if suffix == "tsv.bz2" and path is tmp_path:
            continue
        reading = read_examples("columns", path, **asked)
        for language in TEXTS:
            part = [e for e in reading.examples if e.language == language]
            assert [(e.text_a, e.text_b, e.label) for e in part] == rows(language)
        assert len({e.cluster_id for e in reading.examples}) == 2


def test_columns_roles(write):
    header = "n lang premise hypo gold group"
    body = [("1", "hi", "a", "b", "0", "g"), ("1", "ur", "c", "d", "1", "g")]
    body += [("2", "hi", "e", "f", "-", "h"), ("3", "hi", "i", "j", "1", "g")]
    path = write("all.tsv", headed(header, *body))
    columns = NAMES | {"id": "n", "language": "lang", "cluster": "group"}
    columns |= {"labels": "0 = entailment, 1 = neutral, - ="}
    asked = {"split": "test", "labels": NLI}
    reading = read_examples(
        "columns-unaligned", path, languages=("ur", "hi"), columns=columns, **asked
    )
    assert [(e.language, e.text_a, e.label) for e in reading.examples] == [
        ("ur", "c", "neutral"),
        ("hi", "a", "entailment"),
        ("hi", "i", "neutral"),
    ]
    assert reading.examples[2].unit_id == "test-00002"
    assert reading.examples[1].cluster_id == "hi/test-premise-g"
    assert reading.dropped == {"rows labelled '-', left out as the study says": 1}
    with pytest.raises(DataError, match="3 rows in 'hi'|1 rows in 'ur'|2 rows in 'hi'"):
        read_examples("columns", path, languages=("ur", "hi"), columns=columns, **asked)
    with pytest.raises(DataError, match="no row is in language 'th'"):
        read_examples("columns-unaligned", path, languages=("th",), columns=columns, **asked)


@pytest.mark.parametrize(
    ("columns", "error", "what"),
    [
        (NAMES | {"text_c": "x"}, SettingsError, "no column 'text_c'.*Did you mean 'text_b'"),
        (NAMES | {"labels": "entailment"}, SettingsError, "how a label is spelled"),
        (NAMES | {"labels": "0 = neutral, 0 = entailment"}, SettingsError, "says it again"),
        (NAMES | {"quoting": "double"}, SettingsError, "Did you mean 'doubled'"),
        (NAMES | {"label": "gold_label"}, DataError, "no column 'gold_label'"),
        ({}, DataError, "no column 'text_a'"),
        (NAMES | {"labels": "0 = entailed"}, DataError, "unknown label '0'"),
    ],
)
def test_columns_refuses(write, columns, error, what):
    path = write("x.tsv", headed("premise hypo gold", ("a", "b", "0")))
    with pytest.raises(error, match=what):
        read_examples("columns", path, labels=NLI, columns=columns)


def test_columns_reads_tabs_with_quotes(write):
    path = write("x.tsv", 'premise\thypo\tgold\n"Says ""no"""\t"b"\tneutral\n')
    asked = {"labels": NLI, "columns": NAMES}
    assert read_examples("columns", path, **asked).examples[0].text_a == '"Says ""no"""'
    asked["columns"] = NAMES | {"quoting": "doubled"}
    assert seen(read_examples("columns", path, **asked)) == [('Says "no"', "b", "neutral")]
    with pytest.raises(DataError, match="commas without quoting"):
        asked["columns"] = NAMES | {"quoting": "literal"}
        read_examples("columns", write("x.csv", "premise,hypo,gold\na,b,neutral\n"), **asked)


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("a.jsonl", '{"premise": "a", "hypo": "b", "gold": "neutral"}\n\n', ":2", "it is blank"),
        ("a.json", '[{"premise": "a", "hypo": "b"}]', ":[0]", "no key 'gold'"),
        ("a.json", '[\n{"premise": "a",\n}]', ":3", "no JSON"),
        ("a.jsonl", '{"premise": "a", "premise": "c", "hypo": "b"}\n', ":1", "stands twice"),
        ("a.jsonl", '{"premise": "a", "hypo": "b", "gold": 1.5}\n', ":1", "neither a word"),
        ("a.tsv", "premise\thypo\tgold\na\tb\n", ":2", "2 columns instead of 3"),
        ("a.csv", "premise,hypo,gold\na,b\n", ":2", "2 cells instead of 3"),
        ("a.parquet", "PAR1", "", "no whole Parquet"),
    ],
)
def test_columns_tell_the_place(write, name, content, where, what):
    path = write(name, content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("columns", path, labels=NLI, columns=NAMES)
    assert caught.value.where == f"{path}{where}"


# --- the published files ---------------------------------------------------------------------

AMERICAN = tuple("aym bzd cni gn hch nah oto quy shp tar".split())


@pytest.mark.parametrize(
    ("format", "folder", "split", "language", "count", "dropped"),
    [
        ("kornli", "korxnli", "dev", "ko", 2490, 0),
        ("kornli", "korxnli", "test", "ko", 5010, 0),
        ("klue-nli", "klue_nli/klue-nli-v1.1", "dev", "ko", 3000, 0),
        ("ocnli", "ocnli", "dev", "zh", 2950, 50),
        ("ocnli", "ocnli/train.10k.json", "train", "zh", 9985, 15),
        ("jampatoisnli", "jampatoisnli/patoisnli", "train", "jam", 250, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "dev", "jam", 200, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "test", "jam", 200, 0),
        ("jampatoisnli", "jampatoisnli/patoisnli", "transition", "jam", 30, 0),
        ("sick-nl", "sick_nl/sick_nl", "train", "en", 4439, 0),
        ("sick-nl", "sick_nl/sick_nl", "dev", "nl", 495, 0),
        ("sick-nl", "sick_nl/sick_nl", "test", "nl", 4906, 0),
        ("mnli-ptb", "mnli_nyu_hw2/snli_val.tsv", "dev", "en", 1000, 0),
    ],
)
def test_real_counts(real_data, format, folder, split, language, count, dropped):
    reading = read_examples(
        format, real_data / folder, split=split, languages=(language,), labels=NLI
    )
    assert len(reading.examples) == count
    assert sum(reading.dropped.values()) == dropped
    assert set(Counter(e.label for e in reading.examples)) == set(NLI)


@pytest.mark.parametrize(("split", "count"), [("train", 1244), ("dev", 139), ("test", 1384)])
def test_real_rte(real_data, split, count):
    reading = read_examples("rte-glue", real_data / "rte_resplit", split=split, labels=RTE)
    assert len(reading.examples) == count


@pytest.mark.parametrize(
    ("folder", "split", "count"),
    [
        ("original", "train", 1666),
        ("original", "dev", 200),
        ("original", "test", 400),
        ("revised_combined", "train", 6664),
        ("revised_combined", "dev", 800),
        ("revised_combined", "test", 1600),
    ],
)
def test_real_counterfactuals_fit_columns(real_data, folder, split, count):
    columns = {"text_a": "sentence1", "text_b": "sentence2", "label": "gold_label"}
    reading = read_examples(
        "columns",
        real_data / "cad_nli" / "NLI" / folder,
        split=split,
        labels=NLI,
        columns=columns | {"quoting": "doubled"},
    )
    assert len(reading.examples) == count
    assert not any('""' in e.text_a + e.text_b for e in reading.examples)


def test_real_pawsx(real_data):
    languages = tuple("de en es fr ja ko zh".split())
    asked = {"split": "dev", "labels": PARAPHRASE}
    reading = read_examples("pawsx-xtreme", real_data / "pawsx", languages=languages, **asked)
    assert len(reading.examples) == 7 * 1849
    assert reading.dropped == {UNTRANSLATED: 7 * 151}
    labels = [{e.unit_id: e.label for e in reading.examples if e.language == c} for c in languages]
    assert all(found == labels[0] for found in labels)
    english = read_examples("pawsx-xtreme", real_data / "pawsx", **asked)
    assert (len(english.examples), english.dropped) == (2000, {})
    test = read_examples(
        "pawsx-xtreme",
        real_data / "pawsx",
        split="test",
        languages=languages,
        labels=PARAPHRASE,
        require_labels=False,
    )
    assert len(test.examples) == 7 * (2000 - 121)


@pytest.mark.parametrize(
    ("split", "count", "dropped"), [("dev", 6666, {}), ("test", 7483, {BLANK: 3})]
)
def test_real_americasnli_is_part_of_xnli(real_data, split, count, dropped):
    reading = read_examples(
        "americasnli", real_data / "americasnli", split=split, languages=AMERICAN, labels=NLI
    )
    assert len(reading.examples) == count
    assert reading.dropped == dropped
    english = read_examples("xnli-xtreme", real_data / "xnli", split=split, labels=NLI)
    gold = {e.unit_id: e.label for e in english.examples}
    assert all(gold[e.unit_id] == e.label for e in reading.examples)


def test_real_test_sets_without_labels(real_data):
    with pytest.raises(DataError, match="no key 'label'"):
        read_examples("ocnli", real_data / "ocnli", split="test", languages=("zh",), labels=NLI)
    reading = read_examples(
        "ocnli",
        real_data / "ocnli",
        split="test",
        languages=("zh",),
        labels=NLI,
        require_labels=False,
    )
    assert {e.label for e in reading.examples} == {None}
    assert len(reading.examples) == 3000
