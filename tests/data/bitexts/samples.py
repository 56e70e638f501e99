"""Small files of this family, for the tests of its readers."""

from __future__ import annotations

import json

SENTENCES = {
    "zh": ("狗在睡觉。", "天在下雨。", "门是开着的。"),
    "th": ("สุนัขนอน", "ฝนตก", "ประตูเปิดอยู่"),
    "ar": ("الكلب نائم.", "السماء تمطر.", "الباب مفتوح."),
    "ur": ("کتا سو رہا ہے۔", "بارش ہو رہی ہے۔", "دروازہ کھلا ہے۔"),
    "hi": ("कुत्ता सो रहा है।", "बारिश हो रही है।", "दरवाज़ा खुला है।"),
}


ENGLISH = ("The dog sleeps.", "It rains.", "The door is open.")


def lines(texts) -> str:
    return "".join(f"{text}\n" for text in texts)


def sides(reading, language):
    rows = [e for e in reading.examples if e.language == language]
    return [e for e in rows if not e.english], [e for e in rows if e.english]


ARTICLES = (
    ("7", 'A "quoted" & title', ["狗在睡觉。", "天在下雨。"]),
    ("9", "空", []),
    ("12", "门", ["门是开着的。"]),
)


def as_text(articles=ARTICLES) -> str:
    text = ""
    for identity, title, paragraphs in articles:
        body = "\n".join([title, "", *paragraphs, ""])
        text += f'<doc id="{identity}" url="https://x?curid={identity}" title="{title}">\n'
        text += f"{body}\n</doc>\n"
    return text


def as_json(articles=ARTICLES) -> str:
    return "".join(
        json.dumps({"id": i, "revid": "1", "url": "u", "title": t, "text": "\n".join(p)}) + "\n"
        for i, t, p in articles
    )
