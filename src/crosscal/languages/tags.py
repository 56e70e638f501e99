"""Languages by code: any of BCP 47, also as FLORES (``swh_Latn``) and mBART (``sw_KE``) write it.

Codes outside the table are read by ``langcodes``: the registry of IANA has their names, CLDR their
usual script. It is loaded when the first of them is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from crosscal.exceptions import SettingsError
from crosscal.languages.table import LANGUAGES, Language, direction_of, is_rich

_NOTE = re.compile(r" \(.*\)$")  # "Swahili (macrolanguage)", "Modern Greek (1453-)"
_HAN = {"Hans": "Simplified", "Hant": "Traditional"}
# What holds of a language however it is written, and wherever.
_OF_LANGUAGE = ("family", "wals_22a", "wals_49a", "syntax_distance")


def language(code: str, *, where: str = "languages") -> Language:
    """Return the language of a code; raise `SettingsError` that says what to write instead."""
    entry = find_language(code)
    subtag, _ = re.split("(?=[-_])|$", code, maxsplit=1)
    # Tags have no case, but names of files do, and those are made of them.
    if entry is not None and subtag.islower():
        return entry
    named_code = code.replace(subtag, subtag.lower(), 1) if entry else _code_of_name(code)
    raise SettingsError(
        f"unknown language '{code}'",
        where=where,
        remedy=f"Write '{named_code}'"
        if named_code
        else "Give a code of BCP 47, as sv, quy, zh-Hant or swh_Latn",
    )


@cache
def find_language(code: str) -> Language | None:
    """Return the language of a code, None if it is the code of none.

    A code that means a language of the table (``swh_Latn``, ``en-US``) has all that is known of it;
    another script or region of one has what holds of the language as such; any other has its name
    and, if it is known, its script.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    tag = _parsed(code)
    if tag is None:
        return None
    script = _script(tag)
    name = _name(tag, script)
    same = _table_tags().get(_resolved(tag))
    if same is not None:
        return replace(LANGUAGES[same], code=code, name=name)
    relative = _table_languages().get(_macrolanguage(tag).language)
    facts = {key: getattr(LANGUAGES[relative], key) for key in _OF_LANGUAGE} if relative else {}
    return Language(
        **{"family": None, **facts},
        code=code,
        name=name,
        script=_script_name(script),
        direction=direction_of(_script_name(script)),
    )


@cache
def table_code(code: str) -> str:
    """Return the table's code of the same language, ``en`` for ``eng_Latn``, or else the code."""
    tag = None if code in LANGUAGES else _parsed(code)
    return code if tag is None else _table_tags().get(_resolved(tag), code)


def is_english(code: str) -> bool:
    """Tell whether a code means English as the table has it: ``en``, ``eng_Latn``, ``en-US``."""
    return table_code(code) == "en"


def default_groups(languages: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Divide languages by morphology, as reports do unless told otherwise; English is left out."""
    # By `is_rich`, and "not measured" where the ratio is unknown; without empty groups.
    names = {True: "morphologically rich", False: "others", None: "not measured"}
    groups: dict[str, tuple[str, ...]] = dict.fromkeys(names.values(), ())
    for code in languages:
        if not is_english(code):
            # Predictions of others may name languages in any way.
            entry = find_language(code)
            groups[names[None if entry is None else is_rich(entry)]] += (code,)
    present = {name: codes for name, codes in groups.items() if codes}
    # Where nothing was measured there is nothing to divide by.
    return {names[False]: present[names[None]]} if list(present) == [names[None]] else present


def _parsed(code: str) -> Any:
    import langcodes

    try:
        tag = langcodes.Language.get(code)
    except ValueError:
        return None
    if tag.territory == "XX":  # mBART's way of naming no region
        tag = tag.update_dict({"territory": None})
    # "und" and codes that only describe a text have no language.
    sound = tag.is_valid() and tag.language not in (None, "und", "mul", "mis", "zxx")
    return tag if sound or (tag.private and tag.language is None) else None


def _macrolanguage(tag: Any) -> Any:
    """Return ``sw`` for ``swh``, ``zh`` for ``cmn``: what codes of two letters usually mean."""
    return tag.prefer_macrolanguage()


def _resolved(tag: Any) -> str:
    """Return a tag with its usual script and region, by which equal languages are equal."""
    # Hangul is also written with Chinese characters, which the table does not tell apart.
    return str(_macrolanguage(tag).maximize().to_tag()).replace("-Kore", "-Hang")


@cache
def _table_tags() -> dict[str, str]:
    return {_resolved(_parsed(code)): code for code in reversed(LANGUAGES)}


@cache
def _table_languages() -> dict[str, str]:
    return {_macrolanguage(_parsed(code)).language: code for code in reversed(LANGUAGES)}


def _script(tag: Any) -> str | None:
    """Return the script of a tag, None where neither it nor CLDR says which."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    # Other languages would be given that of English.
    known = tag.script or tag.language in LIKELY_SUBTAGS
    return tag.maximize().script if known else None


@cache
def _registry() -> dict[tuple[str, str], str]:
    """Return names by type and subtag, as IANA's registry has them."""
    from langcodes.registry_parser import parse_registry

    return {
        (entry["Type"], entry["Subtag"]): entry["Description"][0]
        for entry in parse_registry()
        if "Subtag" in entry
    }


def _script_name(script: str | None) -> str | None:
    return script and _NOTE.sub("", _registry().get(("script", script), script))


def _name(tag: Any, script: str | None) -> str:
    """Return the name with what is unusual: ``Serbian (Latin)``, ``Portuguese (Brazil)``."""
    if tag.language is None:
        return str(tag.to_tag())
    relative = _table_languages().get(_macrolanguage(tag).language)
    own = _registry().get(("language", tag.language), tag.language)
    name = LANGUAGES[relative].name if relative else _NOTE.sub("", own)
    details = []
    if script and tag.script and script != tag.update_dict({"script": None}).maximize().script:
        details.append(_HAN.get(script) or str(_script_name(script)))
    if tag.territory:
        region = _registry().get(("region", tag.territory), tag.territory)
        details.append(region.partition(",")[0])
    details += [str(variant) for variant in tag.variants or ()]
    return f"{name} ({', '.join(details)})" if details else name


def _code_of_name(name: str) -> str | None:
    """Return the code of a language's English name, or of one much like it."""
    names = {
        _NOTE.sub("", text).casefold(): tag
        for (kind, tag), text in reversed(_registry().items())
        if kind == "language"
    }
    names |= {entry.name.casefold(): entry.code for entry in LANGUAGES.values()}
    near = get_close_matches(name.casefold(), names, n=1, cutoff=0.8)
    return names[near[0]] if near else None
