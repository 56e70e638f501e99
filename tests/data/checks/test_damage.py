"""What damaged text looks like, and what good text does not."""

from __future__ import annotations

import pytest

from crosscal.data.checks.damage import damages


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
