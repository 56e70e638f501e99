"""Small files of this family, for the tests of its readers."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.conftest import NLI

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


def hub(path, language: str, table=None) -> None:
    table = table or rows(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        "premise": [row[0] for row in table],
        "hypothesis": [row[1] for row in table],
        "label": [NLI.index(row[2]) if row[2] else -1 for row in table],
    }
    pq.write_table(pa.table(columns), path)


MNLI = [
    ("neutral", "A dog sleeps.", "It is brown.", "11", "11n"),
    ("-", "A dog sleeps.", "It dreams.", "11", "11c"),
    ("contradiction", "Rain fell.", "It was dry.", "12", "12c"),
]


MRPC_HEADER = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"


QQP_HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"


def parquet(path, table: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), path)


def seen(reading) -> list[tuple]:
    return [(e.text_a, e.text_b, e.label) for e in reading.examples]


def headed(header: str, *body: tuple[str, ...]) -> str:
    return tsv([tuple(header.split()), *body])


def anli(number: int, label: str) -> dict:
    return {"uid": f"u{number}", "context": "C.", "hypothesis": f"H{number}.", "label": label}


SICK_HEADER = (
    "pair_ID sentence_A sentence_B entailment_label relatedness_score entailment_AB "
    "entailment_BA sentence_A_original sentence_B_original sentence_A_dataset "
    "sentence_B_dataset SemEval_set"
)


def sick(number: int, label: str, part: str) -> tuple[str, ...]:
    texts = (f"Een hond {number}", f"Een kat {number}")
    english = (f"A dog {number}", f"A cat {number}")
    return (str(number), *texts, label, "4.5", "x", "y", *english, "F", "F", part)


def pawsx(language: str, bad: dict[int, str]) -> list[tuple[str, str, str]]:
    return [(f"{language} {i}", bad.get(i, f'{language} "x" {i}'), str(i % 2)) for i in range(12)]


def quoted(table) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(table)
    return out.getvalue()


AMERICAS = "id language premise hypothesis label"


def records(language: str) -> list[dict]:
    return [{"premise": a, "hypo": b, "gold": label} for a, b, label in rows(language)]
