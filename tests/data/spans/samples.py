"""Small files of this family, for the tests of its readers."""

from __future__ import annotations

import json

# Letters beyond the basic plane, combining marks, right to left, no spaces between words.
CONTEXTS = {
    "en": ("\U0001f600 Normandy lies in France.", "France"),
    "ar": ("تقع نورماندي في فرنسا.", "فرنسا"),
    "th": ("นอร์ม็องดีอยู่ในฝรั่งเศส", "ฝรั่งเศส"),
    "zh": ("\ufeff诺曼底位于法国。", "法国"),
    "hi": ("नॉर्मंडी फ़्रांस में है।", "फ़्रांस"),
}


def question(identity="1", text="France", start=19, **more):
    answers = [{"text": text, "answer_start": start}]
    return {"id": identity, "question": "Where?", "answers": answers, **more}


def squad(*paragraphs, **more):
    """Return a file of one article with paragraphs of a context and questions."""
    listed = [{"context": context, "qas": qas} for context, qas in paragraphs]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": listed}], **more})


def of(language, *identities):
    context, answer = CONTEXTS[language]
    start = context.index(answer)
    return squad((context, [question(i, answer, start) for i in identities or ("1",)]))


def plainly(file):
    """Return all questions of a file, read as directly as can be."""
    return [
        (p["context"], q["question"], [(a["text"], a["answer_start"]) for a in q["answers"]])
        for article in json.loads(file.read_bytes())["data"]
        for p in article["paragraphs"]
        for q in p["qas"]
    ]


def actual(examples):
    return [(e.context, e.question, [(a.text, a.start) for a in e.answers]) for e in examples]
