from __future__ import annotations

import pytest

from crosscal.exceptions import SettingsError
from crosscal.languages import LANGUAGES, default_groups, find_language, is_english, language


@pytest.mark.parametrize(
    ("code", "name", "script"),
    [
        ("sv", "Swedish", "Latin"),
        ("da", "Danish", "Latin"),
        ("no", "Norwegian", "Latin"),
        ("nb", "Norwegian Bokmål", "Latin"),
        ("cs", "Czech", "Latin"),
        ("hr", "Croatian", "Latin"),
        ("sr", "Serbian", "Cyrillic"),
        ("sr-Latn", "Serbian (Latin)", "Latin"),
        ("srp_Latn", "Serbian (Latin)", "Latin"),
        ("ne", "Nepali", "Devanagari"),
        ("sn", "Shona", "Latin"),
        ("sna", "Shona", "Latin"),
        ("xh", "Xhosa", "Latin"),
        ("bam", "Bambara", "Latin"),
        ("pt-br", "Portuguese (Brazil)", "Latin"),
        ("zh-Hant", "Chinese (Traditional)", "Han"),
        ("zh_TW", "Chinese (Taiwan)", "Han"),
        ("yue", "Yue Chinese", "Han"),
        ("kk-Latn", "Kazakh (Latin)", "Latin"),
        ("swh_Latn", "Swahili", "Latin"),
        ("npi_Deva", "Nepali", "Devanagari"),
        ("kmr_Latn", "Northern Kurdish", "Latin"),
        ("dv", "Dhivehi", "Thaana"),
        ("de-1996", "German (1996)", "Latin"),
        ("ja_XX", "Japanese", "Japanese"),
        ("tlh", "Klingon", None),
        ("qaa", "qaa", None),
        ("x-dialect", "x-dialect", None),
    ],
)
def test_names_and_scripts_outside_the_table(code, name, script):
    assert code not in LANGUAGES
    entry = language(code)
    assert (entry.code, entry.name, entry.script) == (code, name, script)


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("swh_Latn", "sw"),
        ("swa", "sw"),
        ("eng_Latn", "en"),
        ("en-US", "en"),
        ("arb_Arab", "ar"),
        ("zho_Hans", "zh"),
        ("cmn", "zh"),
        ("zh-CN", "zh"),
        ("kor_Hang", "ko"),
        ("quy_Latn", "quy"),
        ("ko_KR", "ko"),
    ],
)
def test_other_codes_of_a_language_have_its_facts(code, same):
    entry, known = language(code), LANGUAGES[same]
    for fact in ("family", "pretraining_gib", "ttr", "wals_49a", "syntax_distance", "script"):
        assert getattr(entry, fact) == getattr(known, fact)


@pytest.mark.parametrize(("code", "relative"), [("zh-Hant", "zh"), ("es-MX", "es")])
def test_what_was_measured_on_text_does_not_hold_of_other_forms(code, relative):
    entry, known = language(code), LANGUAGES[relative]
    assert (entry.family, entry.wals_22a) == (known.family, known.wals_22a)
    assert (entry.ttr, entry.tokens_ratio, entry.pretraining_gib) == (None, None, None)


def test_nothing_is_made_up_for_others():
    entry = language("sv")
    assert (entry.family, entry.ttr, entry.wals_22a, entry.pretraining_gib) == (None,) * 4


def test_direction_follows_script():
    assert [
        code for code in "dv ckb nqo sd pa sv".split() if language(code).direction == "rtl"
    ] == [
        "dv",
        "ckb",
        "nqo",
        "sd",
    ]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("Swahili", "Write 'sw'"),
        ("swedish", "Write 'sv'"),
        ("norwegain", "Write 'no'"),
        ("EN", "Write 'en'"),
        ("SV-se", "Write 'sv-se'"),
        ("jp", "Give a code of BCP 47"),
        ("xx", "Give a code of BCP 47"),
        ("und", "Give a code of BCP 47"),
        ("", "Give a code of BCP 47"),
        ("sw ke", "Give a code of BCP 47"),
        ("日本", "Give a code of BCP 47"),
    ],
)
def test_what_is_no_code_is_corrected(code, remedy):
    with pytest.raises(SettingsError, match=remedy):
        language(code)


def test_names_of_all_kinds_are_grouped():
    assert find_language("dialect 1") is None
    assert default_groups(["eng_Latn", "en", "tur_Latn", "de", "sv", "dialect 1"]) == {
        "morphologically rich": ("tur_Latn",),
        "others": ("de",),
        "not measured": ("sv", "dialect 1"),
    }


def test_english_is_known_by_its_codes():
    assert [
        c for c in ("en", "eng", "eng_Latn", "en-US", "en-GB", "enm", "x") if is_english(c)
    ] == [
        "en",
        "eng",
        "eng_Latn",
        "en-US",
    ]
