"""Modes of Apertium: which are installed, which lead where, and which package has them."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from crosscal.artifacts import sha256_file
from crosscal.exceptions import MissingExtra, SettingsError
from crosscal.spelling import did_you_mean

# Languages by what Apertium calls them; Bosnian, Croatian and Serbian are variants of one.
_CODES = {
    "bs": "hbs",
    "bul": "bg",
    "cat": "ca",
    "eng": "en",
    "fra": "fr",
    "glg": "gl",
    "hr": "hbs",
    "isl": "is",
    "ita": "it",
    "mkd": "mk",
    "por": "pt",
    "spa": "es",
    "sr": "hbs",
}
# Packages of Debian 12 between these languages, by source and target.
_PACKAGES = {
    ("en", "ca"): "apertium-eng-cat",
    ("en", "eo"): "apertium-eo-en",
    ("en", "es"): "apertium-eng-spa",
    ("en", "gl"): "apertium-en-gl",
    ("en", "hbs"): "apertium-hbs-eng",
    ("es", "fr"): "apertium-fr-es",
    ("es", "it"): "apertium-spa-ita",
    ("es", "pt"): "apertium-es-pt",
    ("mk", "bg"): "apertium-mkd-bul",
    ("ca", "en"): "apertium-eng-cat",
    ("eo", "en"): "apertium-eo-en",
    ("es", "en"): "apertium-eng-spa",
    ("gl", "en"): "apertium-en-gl",
    ("hbs", "en"): "apertium-hbs-eng",
    ("fr", "es"): "apertium-fr-es",
    ("it", "es"): "apertium-spa-ita",
    ("pt", "es"): "apertium-es-pt",
    ("bg", "mk"): "apertium-mkd-bul",
    ("eu", "en"): "apertium-eu-en",
    ("is", "en"): "apertium-isl-eng",
    ("mk", "en"): "apertium-mkd-eng",
}


def package(source: str, target: str) -> str | None:
    """Return the Debian package with the data straight from one language to another, if any."""
    return _PACKAGES.get((_language(source), _language(target)))


def installed_modes(programme: str) -> dict[str, Path]:
    """Return all modes of an installation by name."""
    folder = os.environ.get("APERTIUM_DATADIR")
    data = Path(folder) if folder else Path(programme).resolve().parent.parent / "share/apertium"
    return {path.stem: path for path in sorted((data / "modes").glob("*.mode"))}


def checked_modes(modes: Sequence[str], installed: Mapping[str, Path]) -> tuple[str, ...]:
    """Check that modes are installed."""
    if isinstance(modes, str) or not modes or not all(isinstance(mode, str) for mode in modes):
        raise SettingsError(
            "the modes are no list of names",
            where="translator.modes",
            remedy='Write for example modes = ["eng-spa", "es-pt"]',
        )
    for mode in modes:
        if mode not in installed:
            needed = _PACKAGES.get(_ends(mode))
            raise MissingExtra(
                f"Apertium has no mode '{mode}' here",
                where="translator.modes",
                remedy=f"On Debian and Ubuntu run: apt-get install {needed}"
                if needed
                else did_you_mean(str(mode), installed),
            )
    return tuple(modes)


def straight_mode(source: str, target: str, installed: Mapping[str, Path]) -> tuple[str]:
    """Return the mode from one language to another."""
    ends = (_language(source), _language(target))
    straight = [mode for mode in installed if mode.count("-") == 1 and _ends(mode) == ends]
    for mode in straight:
        if mode.endswith(f"_{target.upper()}"):
            return (mode,)
    for mode in straight:
        if "_" not in mode:
            return (mode,)
    pair = f"from '{source}' to '{target}'"
    if ends in _PACKAGES:
        raise MissingExtra(
            f"the Apertium data {pair} are not installed",
            where="translator.target",
            remedy=f"On Debian and Ubuntu run: apt-get install {_PACKAGES[ends]}",
        )
    first, last = ends
    for (one, other), needed in _PACKAGES.items():
        if one == first and (other, last) in _PACKAGES:
            packages = f"{needed} {_PACKAGES[other, last]}"
            raise SettingsError(
                f"Apertium has no data straight {pair}",
                where="translator.target",
                remedy=f"Go by way of '{other}': name both modes as translator.modes (packages "
                f"{packages})",
            )
    reached = sorted(other for one, other in _PACKAGES if one == first)
    raise SettingsError(
        f"Apertium has no data {pair}",
        where="translator.target",
        remedy=f"From '{source}' there are: {', '.join(reached) or 'none'}; or use 'seq2seq' with "
        "a model",
    )


def check_chain(chain: Sequence[str], source: str, target: str) -> None:
    """Check that modes lead from one language to another without a gap."""
    ends = [_ends(mode) for mode in chain]
    joins = all(one[1] == other[0] for one, other in pairwise(ends))
    if not joins or (ends[0][0], ends[-1][1]) != (_language(source), _language(target)):
        raise SettingsError(
            f"the modes {', '.join(chain)} do not lead from '{source}' to '{target}'",
            where="translator.modes",
            remedy="The first must begin with the source, each other where the one before ends, "
            "and the last end with the target",
        )


def _ends(mode: str) -> tuple[str, str]:
    """Languages of a mode: ``("es", "pt")`` of ``"es-pt_BR"``."""
    first, _, rest = mode.partition("-")
    return _language(first), _language(rest.partition("-")[0])


def _language(name: str) -> str:
    base = name.partition("_")[0]
    return _CODES.get(base, base)


def fingerprint(mode: Path) -> str:
    """Hash a mode and every file that its pipeline names."""
    text = mode.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    for word in shlex.split(text):
        if word.startswith("/") and Path(word).is_file():
            digest.update(sha256_file(Path(word)).encode())
    return digest.hexdigest()[:16]
