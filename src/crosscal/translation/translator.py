"""What a translator is, and how one is found by name: `seq2seq`, or a plug-in.

A plug-in is a Python package with an entry point in the group ``crosscal.translators``. The
entry point names a function that takes ``source``, ``target`` and its own settings, all by
keyword, and returns a `Translator`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, runtime_checkable

from crosscal.exceptions import CrosscalError, MissingExtra, SettingsError, StageFailed
from crosscal.spelling import did_you_mean

GROUP = "crosscal.translators"
_SEQ2SEQ = "seq2seq"
# Plug-ins of this repository, by the package that has to be installed.
_PACKAGES = {"apertium": "crosscal-apertium"}


@runtime_checkable
class Translator(Protocol):
    """A system that translates from one language to one other.

    The same list of texts must always give the same translations. A translator may also have an
    attribute ``counts``, a mapping from what happened to how often since it was loaded, for
    example ``{"inputs cut": 3}``; the stage reports it.
    """

    @property
    def name(self) -> str:
        """How the translator is asked for."""

    @property
    def source(self) -> str:
        """Code of the language that it reads."""

    @property
    def target(self) -> str:
        """Code of the language that it writes."""

    @property
    def identity(self) -> str:
        """What changes whenever the translations may change: versions, hashes, settings."""

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translate each text, which may be empty, or hold line breaks and any other character.

        Returns as many, in their order; empty where the system could not translate a text.
        """


def load_translator(
    name: str, source: str = "en", target: str = "de", **settings: Any
) -> Translator:
    """Return a translator that is ready to translate.

    Parameters
    ----------
    name : str
        ``"seq2seq"``, or the name of a plug-in, such as ``"apertium"``.
    source, target : str
        Codes of two different languages.
    **settings
        The translator's own.

    Returns
    -------
    Translator
        Of this source and target.

    Raises
    ------
    SettingsError
        If there is no such translator or setting (names the nearest), both languages are the
        same, a plug-in cannot be loaded or made ready, or its name is taken.
    MissingExtra
        If the plug-in, the programme, the language pair or the library is not installed.
    ArtifactError
        If a model's files are missing or damaged.
    """
    if source == target:
        raise SettingsError(
            f"the translation is from '{source}' into itself",
            where="translator.target",
            remedy="Name another language",
        )
    loader = _loader(name)
    _check_settings(name, loader, settings)
    try:
        translator = loader(source=source, target=target, **settings)
    except CrosscalError:
        raise
    except Exception as error:  # whatever somebody else's function raises
        raise SettingsError(
            f"the translator '{name}' cannot be made ready ({type(error).__name__}: {error})",
            where="translator.name",
            remedy="Check its settings and what it needs",
        ) from error
    if not isinstance(translator, Translator) or (translator.source, translator.target) != (
        source,
        target,
    ):
        raise SettingsError(
            f"the plug-in '{name}' gave no translator from '{source}' to '{target}'",
            where="translator.name",
            remedy="It must return an object with name, source, target, identity and translate()",
        )
    return translator


def _check_settings(name: str, loader: Callable[..., Translator], settings: dict[str, Any]) -> None:
    """Check the names of settings against the loader's parameters."""
    parameters = {
        word: parameter
        for word, parameter in inspect.signature(loader).parameters.items()
        if word not in ("source", "target")
    }
    kinds = {parameter.kind for parameter in parameters.values()}
    own = [
        word
        for word, p in parameters.items()
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    for setting in settings:
        if setting not in own and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise SettingsError(
                f"the translator '{name}' has no setting '{setting}'",
                where=f"translator.{setting}",
                remedy=did_you_mean(setting, own) if own else "It has no settings",
            )
    for word in own:
        if parameters[word].default is inspect.Parameter.empty and word not in settings:
            raise SettingsError(
                f"the translator '{name}' needs the setting '{word}'",
                where=f"translator.{word}",
                remedy="Give it",
            )


def translator_names() -> list[str]:
    """Names of all translators, those of plug-ins included, in alphabetical order."""
    return sorted({_SEQ2SEQ, *(point.name for point in entry_points(group=GROUP))})


def _loader(name: str) -> Callable[..., Translator]:
    plugins: list[EntryPoint] = [p for p in entry_points(group=GROUP) if p.name == name]
    if len(plugins) + (name == _SEQ2SEQ) > 1:
        packages = ", ".join(sorted({point.value for point in plugins}))
        raise SettingsError(
            f"the name '{name}' is given to more than one translator ({packages})",
            where="translator.name",
            remedy="Uninstall one of the plug-ins, or rename it",
        )
    try:
        if plugins:
            loaded: Callable[..., Translator] = plugins[0].load()
            return loaded
    except Exception as error:  # whatever somebody else's module raises while it is imported
        raise SettingsError(
            f"the translator '{name}' cannot be loaded ({error})",
            where="translator.name",
            remedy="Install the plug-in again",
        ) from error
    if name == _SEQ2SEQ:
        from crosscal.translation.seq2seq import load_seq2seq

        return load_seq2seq
    if name in _PACKAGES:
        raise MissingExtra(
            f"the translator '{name}' is a package of its own, which is not installed",
            where="translator.name",
            remedy=f"Run: pip install plugins/{_PACKAGES[name]}, in a clone of crosscal",
        )
    raise SettingsError(
        f"unknown translator '{name}'",
        where="translator.name",
        remedy=did_you_mean(name, {*translator_names(), *_PACKAGES}),
    )


def translate_checked(translator: Translator, texts: Sequence[str]) -> list[str]:
    """Translate texts and check what came back."""
    try:
        translations = list(translator.translate(texts))
    except CrosscalError:
        raise
    except Exception as error:  # whatever somebody else's method raises
        raise StageFailed(
            f"the translator '{translator.name}' failed ({type(error).__name__}: {error})",
            remedy="What it translated before is kept: run again once that is mended",
        ) from error
    if len(translations) != len(texts):
        raise StageFailed(
            f"the translator '{translator.name}' returned {len(translations)} translations of "
            f"{len(texts)} texts",
            remedy="Nothing can be matched to its source any more: report this to its authors",
        )
    for text in translations:
        try:
            str.encode(text)
        except (TypeError, UnicodeEncodeError) as error:
            raise StageFailed(
                f"the translator '{translator.name}' returned something that is no text ({error})",
                remedy="Report this to its authors",
            ) from error
    return translations


def counts_of(translator: Translator) -> dict[str, int]:
    """Return what a translator has counted since it was loaded; empty if it counts nothing."""
    counts: Mapping[str, int] = getattr(translator, "counts", {})
    return {str(what): int(number) for what, number in counts.items()}
