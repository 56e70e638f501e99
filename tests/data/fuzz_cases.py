"""Sound files of pairs, choices, sentences and text to be damaged, and counts of their rows."""

from __future__ import annotations

import bz2
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.bitexts.samples import ARTICLES, as_json, as_text
from tests.data.bitexts.samples import SENTENCES as TEXTS
from tests.data.choices.samples import COSMOS, HELLASWAG, HELLASWAG_TEXT, SOCIAL, copa, flat, nested
from tests.data.conftest import NLI, PARAPHRASE
from tests.data.pairs.samples import AMERICAS, SICK_HEADER, anli, headed, pawsx, quoted, sick

Contents = dict[str, bytes]


@dataclass
class Case:
    """Sound files, what is asked of them, and bounds on the rows that they hold."""

    format: str
    files: Contents
    count: Callable[[Contents], int | range]
    args: dict[str, Any] = field(default_factory=dict)


def text_of(content: bytes) -> str:
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def file_lines(content: bytes) -> list[str]:
    actual = text_of(content).split("\n")
    return [line.removesuffix("\r") for line in (actual if actual[-1] else actual[:-1])]


def lines(files: Contents) -> int:
    return sum(len(file_lines(content)) for content in files.values())


def rows_below_a_header(files: Contents) -> int:
    return lines(files) - len(files)


def first_file(files: Contents) -> int:
    return lines(dict([next(iter(files.items()))]))


def csv_rows(separator: str, header: int) -> Callable[[Contents], int]:
    def count(files: Contents) -> int:
        (content,) = files.values()
        text = "\n".join(file_lines(content))
        return len(list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))) - header

    return count


def listed(files: Contents) -> int:
    (content,) = files.values()
    return len(json.loads(text_of(content), parse_int=str))


def rows_of_parquet(files: Contents) -> int:
    (content,) = files.values()
    return int(pq.read_metadata(io.BytesIO(content)).num_rows)


def items(files: Contents) -> int:
    return lines(files) // 6


def unpacked_items(files: Contents) -> int:
    (content,) = files.values()
    return items({"": bz2.decompress(content)})


def training_rows(files: Contents) -> int:
    (content,) = files.values()
    return sum(line.endswith("\tTRAIN") for line in file_lines(content))


def both_sides(files: Contents) -> int:
    return lines({name: c for name, c in files.items() if not name.endswith((".gold", ".tsv"))})


def paragraphs(files: Contents) -> int:
    return sum(bool(line.strip()) for content in files.values() for line in file_lines(content))


def wiki_paragraphs(files: Contents) -> range:
    (content,) = files.values()
    actual = [line for line in file_lines(content) if line.strip()]
    articles = actual.count("</doc>")
    # A title that was damaged is a paragraph; an empty article counts as a row left out.
    return range(len(actual) - 3 * articles, len(actual) - articles + 1)


def json_paragraphs(files: Contents) -> range:
    (content,) = files.values()
    texts = [json.loads(line)["text"] for line in file_lines(content)]
    most = sum(bool(line.strip()) for text in texts for line in text.split("\n"))
    return range(most - len(texts), most + len(texts) + 1)


def jsonl(table: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


def parquet(table: list[dict]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(table), sink, compression="none")
    return sink.getvalue()


def args(labels: tuple[str, ...] = (), language: str = "en", **more: Any) -> dict[str, Any]:
    return {"split": "train", "labels": labels, "languages": (language,), **more}


def numbered(a: str, b: str, label: str, *, count: int = 3) -> list[dict]:
    return [{a: f"{a} {i}", b: f"{b} {i}", label: i % 2, "id": i} for i in range(count)]


SNLI = [
    {"gold_label": label, "sentence1": "狗在睡", "sentence2": "สุนัข", "captionID": "1.jpg#0"}
    for label in ("neutral", "-", "entailment")
]
SNLI_TSV = headed("gold_label sentence1 sentence2 captionID", *(tuple(r.values()) for r in SNLI))
GN = [(str(12451 + i), "gn", "Péa", f"hína {i}", "neutral") for i in range(4)]
KO = [(f"전제 {i // 3}", f"가설 {i}", NLI[i % 3]) for i in range(6)]
KLUE = [
    {"guid": f"g{i}", "premise": "전제", "hypothesis": "가설", "gold_label": "neutral"}
    for i in range(3)
]
OCNLI = [
    {"sentence1": "狗", "sentence2": "动物", "label": label, "prem_id": "a", "id": i}
    for i, label in enumerate(("entailment", "-", "neutral"))
]
PATOIS = ',Number,premise,hypothesis,label\n0,1,"Mi ""a""\nb","A, b",neutral\n1,2,c😁,d,neutral\n'
QUORA = (
    "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    '0\t1\t2\t"Why ""A""\tor\nB?"\tHow?\t1\n1\t3\t4\tWho?\t\t0\n2\t5\t6\tWhen?\tHow?\t0\n'
)
PAWS = headed("id sentence1 sentence2 label", ("1", "a", "b", "1"), ("2", "c", "d", "0"))
RTE = headed("index sentence1 sentence2 label", ("0", "a", "b", "entailment"))
ROLES = {"text_a": "sentence1", "text_b": "sentence2", "labels": "0 = neutral, 1 = entailment"}
COSMOS_ROWS = (
    COSMOS + 'a,"He said ""no"",\nleft .",Why ?,"x, y",b,c,d,2\nb,她,为什么,甲,乙,丙,丁,0\n'
)
COSMOS_JSON = [
    {"id": f"c{i}", "context": "c", "question": "q", "label": i, **dict.fromkeys(COSMOS_KEYS, "o")}
    for i in range(3)
    for COSMOS_KEYS in (("answer0", "answer1", "answer2", "answer3"),)
]
SIQA = [row | {"correct": "ABC"[i]} for i, row in enumerate(SOCIAL)]
HUB_CHOICES = [row | {"label": str(row["label"])} for row in HELLASWAG]
ZH = "".join(f"{text}\n" for text in TEXTS["zh"]).encode()
EN = b"One.\nTwo.\nThree.\n"
BUCC = {
    "zh-en.train.zh": "".join(f"zh-{i}\t{t}\n" for i, t in enumerate(TEXTS["zh"])).encode(),
    "zh-en.train.en": b"en-0\tOne.\nen-1\tTwo.\n",
    "zh-en.train.gold": b"zh-1\ten-0\nzh-2\ten-1\n",
}
IN_CHINESE = args(language="zh")
COLUMNS = numbered("sentence1", "sentence2", "label")
ANLI = [anli(i, label) for i, label in enumerate("enc")]
HUB_PAIRS = numbered("premise", "hypothesis", "label")
HUB_SENTENCES = numbered("sentence1", "sentence2", "label")

CASES = {
    "snli": Case("snli", {"snli_1.0_train.jsonl": jsonl(SNLI)}, lines, args(NLI)),
    "snli-tsv": Case(
        "snli", {"snli_1.0_train.txt": SNLI_TSV.encode()}, rows_below_a_header, args(NLI)
    ),
    "snli-hub": Case("snli", {"train.parquet": parquet(HUB_PAIRS)}, rows_of_parquet, args(NLI)),
    "anli": Case("anli", {"R2/train.jsonl": jsonl(ANLI)}, lines, args(NLI) | {"split": "train_r2"}),
    "sick": Case(
        "sick",
        {
            "SICK.txt": headed(
                SICK_HEADER, *(sick(i, "NEUTRAL", ("TRAIN", "TEST")[i % 2]) for i in range(4))
            ).encode()
        },
        training_rows,
        args(NLI),
    ),
    "sick-nl": Case(
        "sick-nl",
        {"SICK_NL.txt": headed(SICK_HEADER, sick(1, "NEUTRAL", "TRAIN")).encode()},
        training_rows,
        args(NLI, "nl"),
    ),
    "rte-glue": Case(
        "rte-glue",
        {"train.tsv": RTE.encode()},
        rows_below_a_header,
        args(("entailment", "not_entailment")),
    ),
    "paws": Case("paws", {"train.tsv": PAWS.encode()}, rows_below_a_header, args(PARAPHRASE)),
    "pawsx-original": Case(
        "pawsx-original",
        {"ko/translated_train.tsv": PAWS.encode()},
        rows_below_a_header,
        args(PARAPHRASE, "ko"),
    ),
    "pawsx-xtreme": Case(
        "pawsx-xtreme",
        {"train-zh.tsv": quoted(pawsx("zh", {1: "NS"})).encode()},
        csv_rows("\t", 0),
        args(PARAPHRASE, "zh"),
    ),
    "pawsx-hub": Case(
        "pawsx-hub",
        {"zh/train.parquet": parquet(HUB_SENTENCES)},
        rows_of_parquet,
        args(PARAPHRASE, "zh"),
    ),
    "americasnli": Case(
        "americasnli",
        {"dev/gn.tsv": headed(AMERICAS, *GN).encode()},
        rows_below_a_header,
        args(NLI, "gn") | {"split": "dev"},
    ),
    "kornli": Case(
        "kornli",
        {"xnli.dev.ko.tsv": headed("sentence1 sentence2 gold_label", *KO).encode()},
        rows_below_a_header,
        args(NLI, "ko") | {"split": "dev"},
    ),
    "klue-nli": Case(
        "klue-nli",
        {"klue-nli-v1.1_train.json": json.dumps(KLUE, indent=1).encode()},
        listed,
        args(NLI, "ko"),
    ),
    "ocnli": Case("ocnli", {"train.json": jsonl(OCNLI)}, lines, args(NLI, "zh")),
    "jampatoisnli": Case(
        "jampatoisnli",
        {"jampatoisnli-train.csv": PATOIS.encode()},
        csv_rows(",", 1),
        args(NLI, "jam"),
    ),
    "qqp-quora": Case(
        "qqp-quora",
        {"quora_duplicate_questions.tsv": QUORA.encode()},
        csv_rows("\t", 1),
        args(PARAPHRASE),
    ),
    "columns": Case(
        "columns", {"train.jsonl": jsonl(COLUMNS)}, lines, args(NLI, columns=ROLES | {"id": "id"})
    ),
    "columns-unaligned": Case(
        "columns-unaligned",
        {"train.parquet": parquet(COLUMNS)},
        rows_of_parquet,
        args(NLI, columns=ROLES),
    ),
    "columns-json": Case(
        "columns", {"train.json": json.dumps(COLUMNS).encode()}, listed, args(NLI, columns=ROLES)
    ),
    "hellaswag": Case("hellaswag", {"hellaswag_train.jsonl": jsonl(HELLASWAG)}, lines, args()),
    "hellaswag-text": Case(
        "hellaswag", {"hellaswag_train_full.txt": HELLASWAG_TEXT.encode()}, items, args()
    ),
    "hellaswag-bz2": Case(
        "hellaswag",
        {"hellaswag_train_full.txt.bz2": bz2.compress(HELLASWAG_TEXT.encode())},
        unpacked_items,
        args(),
    ),
    "hellaswag-hub": Case(
        "hellaswag", {"train.parquet": parquet(HUB_CHOICES)}, rows_of_parquet, args()
    ),
    "commonsenseqa": Case(
        "commonsenseqa",
        {"train_rand_split.jsonl": jsonl([nested(i) for i in range(3)])},
        lines,
        args(),
    ),
    "commonsenseqa-flat": Case(
        "commonsenseqa",
        {"train_rand_split.jsonl": jsonl([flat(i) for i in range(3)])},
        lines,
        args(),
    ),
    "commonsenseqa-hub": Case(
        "commonsenseqa",
        {"train.parquet": parquet([flat(i) for i in range(3)])},
        rows_of_parquet,
        args(),
    ),
    "cosmosqa": Case("cosmosqa", {"train.csv": COSMOS_ROWS.encode()}, csv_rows(",", 1), args()),
    "cosmosqa-jsonl": Case("cosmosqa", {"train.jsonl": jsonl(COSMOS_JSON)}, lines, args()),
    "siqa": Case(
        "siqa",
        {"train.jsonl": jsonl(SOCIAL), "train-labels.lst": b"1\n3\n2\n"},
        first_file,
        args(),
    ),
    "siqa-xtreme": Case("siqa", {"socialIQa_v1.4_trn.jsonl": jsonl(SIQA)}, lines, args()),
    "copa": Case(
        "copa", {"train.th.jsonl": jsonl([copa("th", i) for i in range(3)])}, lines, args((), "th")
    ),
    "tatoeba-laser": Case(
        "tatoeba-laser",
        {"tatoeba.cmn-eng.cmn": ZH, "tatoeba.cmn-eng.eng": EN},
        both_sides,
        IN_CHINESE,
    ),
    "tatoeba-xtreme": Case(
        "tatoeba-xtreme",
        {"zh-en.zh": ZH, "zh-en.en": EN, "test-zh.tsv": b"2\n0\n1\n"},
        both_sides,
        IN_CHINESE,
    ),
    "bucc2018": Case("bucc2018", BUCC, both_sides, IN_CHINESE),
    "text": Case("text", {"zh.txt": ZH + b"\n" + EN}, paragraphs, IN_CHINESE),
    "wikipedia": Case(
        "wikipedia", {"zh/AA/wiki_00": as_text(ARTICLES).encode()}, wiki_paragraphs, IN_CHINESE
    ),
    "wikipedia-json": Case(
        "wikipedia", {"AA/wiki_00": as_json(ARTICLES).encode()}, json_paragraphs, IN_CHINESE
    ),
}
