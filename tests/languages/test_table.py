from __future__ import annotations

from crosscal.languages import (
    LANGUAGES,
    MORPHOLOGICALLY_RICH,
    XNLI,
    default_groups,
    is_rich,
    language,
)

XTREME = (
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru "
    "sw ta te th tl tr ur vi yo zh"
).split()


OTHERS = {
    "AmericasNLI": "aym bzd cni gn hch nah oto quy shp tar",
    "JamPatoisNLI": "jam",
    "XCOPA": "et ht id it qu sw ta th tr vi zh",
    "MasakhaNER": "am ha ig rw lg luo pcm sw wo yo",
    "XTREME-R": "lt pl ro uk wo",
}


def test_xnli_and_xtreme_are_there():
    assert sorted(XNLI) == sorted("ar bg de el en es fr hi ru sw th tr ur vi zh".split())
    others = {code for codes in OTHERS.values() for code in codes.split()}
    assert set(LANGUAGES) == {*XTREME, *others}
    assert len({entry.name for entry in LANGUAGES.values()}) == len(LANGUAGES)
    for code, entry in LANGUAGES.items():
        assert entry.code == code
        assert entry.name
        assert entry.script
        assert entry.family


def test_xnli_languages_are_measured():
    for code in XNLI:
        entry = language(code)
        assert entry.pretraining_gib is not None
        assert entry.pretraining_gib > 0
        for ratio in (entry.ttr, entry.mattr500):
            assert ratio is not None
            assert 0 < ratio < 1
    assert (language("en").tokens_ratio, language("en").types_ratio) == (1.0, 1.0)


def test_unknown_is_none():
    assert language("yo").ttr is None
    assert language("bg").wals_22a is None


def test_direction_follows_script():
    assert {code for code in LANGUAGES if language(code).direction == "rtl"} == {
        "ar",
        "fa",
        "he",
        "ur",
    }


def test_rich_languages_come_from_the_rule():
    assert MORPHOLOGICALLY_RICH == ("tr", "ru", "ar", "bg", "el", "sw")
    assert is_rich(language("de")) is False
    assert is_rich(language("fi")) is None


def test_default_groups():
    groups = default_groups(XNLI)
    assert set(groups) == {"morphologically rich", "others"}
    assert set(groups["morphologically rich"]) == set(MORPHOLOGICALLY_RICH)
    assert set(groups["others"]) == set(XNLI) - set(MORPHOLOGICALLY_RICH) - {"en"}
    assert default_groups(["en", "tr", "fi"]) == {
        "morphologically rich": ("tr",),
        "not measured": ("fi",),
    }
    assert default_groups(["en"]) == {}
