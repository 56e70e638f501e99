"""What languages call themselves, for the languages of XNLI and their nearest company."""

from __future__ import annotations

AUTONYMS: dict[str, str] = {
    "ar": "العربية",
    "bg": "български",
    "de": "Deutsch",
    "el": "ελληνικά",
    "en": "English",
    "es": "español",
    "fr": "français",
    "hi": "हिन्दी",
    "ko": "한국어",
    "ru": "русский",
    "sw": "Kiswahili",
    "th": "ไทย",
    "tr": "Türkçe",
    "ur": "اردو",
    "vi": "Tiếng Việt",
    "zh": "中文",
}
