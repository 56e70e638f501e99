"""Small files of this family, for the tests of its readers."""

from __future__ import annotations

CONTEXTS = (
    "A dog sleeps on the mat.",
    "一只狗在垫子上睡觉。",
    "สุนัขนอนอยู่บนเสื่อ",
    "كلبٌ ينام على الحصيرة.",
    "ایک کتا چٹائی پر سو رہا ہے۔",
    "एक कुत्ता चटाई पर सो रहा है।",
)


def seen(reading) -> list[tuple]:
    return [(e.context, e.question, e.options, e.answer) for e in reading.examples]


ENDINGS = ("it wakes.", "它醒了。", "ตื่นแล้ว", "يستيقظ.")


HELLASWAG = [
    {
        "ind": 10 * i,
        "activity_label": "Sleeping",
        "ctx_a": context,
        "ctx_b": "the dog",
        "ctx": f"{context} the dog",
        "split": "val",
        "split_type": "indomain",
        "label": i % 4,
        "endings": list(ENDINGS),
        "source_id": f"activitynet~{i // 2}",
    }
    for i, context in enumerate(CONTEXTS)
]


HELLASWAG_TEXT = "".join(
    "\n".join([f"Sleeping: {row['ctx']}", str(row["label"]), *ENDINGS]) + "\n" for row in HELLASWAG
)


LETTERS = ["A", "B", "C", "D", "E"]


PLACES = ["bank", "library", "图书馆", "متجر", "दुकान"]


def nested(number: int, key: str = "C") -> dict:
    return {
        "id": f"q{number}",
        "answerKey": key,
        "question": {
            "stem": f"Where is door {number}?",
            "question_concept": f"door {number // 2}",
            "choices": [{"label": a, "text": t} for a, t in zip(LETTERS, PLACES, strict=True)],
        },
    }


def flat(number: int, key: str = "C") -> dict:
    return {
        "id": f"q{number}",
        "answerKey": key,
        "question": f"Where is door {number}?",
        "question_concept": f"door {number // 2}",
        "choices": {"label": LETTERS, "text": PLACES},
    }


COSMOS = "id,context,question,answer0,answer1,answer2,answer3,label\n"


SOCIAL = [
    {"context": c, "question": "Why?", "answerA": "甲", "answerB": "b", "answerC": "ج"}
    for c in CONTEXTS[:3]
]


def copa(language: str, index: int) -> dict:
    context = CONTEXTS[index]
    return {
        "premise": context,
        "choice1": f"{language} 1",
        "choice2": f"{language} 2",
        "question": ("cause", "effect")[index % 2],
        "label": index % 2,
        "idx": index,
        "changed": False,
    }
