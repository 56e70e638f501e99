"""What can become of an example on its way through a translator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crosscal.data.examples import Example
from crosscal.exceptions import SettingsError
from crosscal.spelling import did_you_mean
from crosscal.translation.projection import METHODS

EMPTY = "the translation of a text is empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Projection:
    """How answers are carried over into the translated context.

    Attributes
    ----------
    methods : tuple of str
        Tried in this order: ``"exact"`` and ``"normalised"`` look for the translated answer in
        the translated sentence, the second without regard to case and diacritics; ``"marked"``
        translates the sentence again with marks around the answer; ``"fuzzy"`` takes the words
        that share most with the translated answer.
    level : float
        Least overlap for ``"fuzzy"``, in (0, 1].

    Raises
    ------
    SettingsError
        For an unknown method, none or one twice, or a level out of range.
    """

    methods: tuple[str, ...] = METHODS
    level: float = 0.8

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise SettingsError(
                    f"unknown method '{method}'",
                    where="projection.methods",
                    remedy=did_you_mean(str(method), METHODS),
                )
        if len(set(self.methods)) != len(self.methods) or not self.methods:
            raise SettingsError(
                "the methods are none, or one stands twice",
                where="projection.methods",
                remedy=f"Choose among {', '.join(METHODS)}, each once",
            )
        if not 0 < self.level <= 1:
            raise SettingsError(
                f"the level {self.level} is out of range",
                where="projection.level",
                remedy="Choose a number above 0 and up to 1",
            )


@dataclass(frozen=True, slots=True)
class MissingTranslations:
    """An example that cannot be rebuilt before these texts are translated, equal ones repeated."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that has to be left out; the reason is the same for all with this fault."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An example in the target language, of the type that it had.

    `method` says how its answer was projected, if it has one; `answers_lost` counts accepted ones
    that could not be, beside others that could.
    """

    example: Example
    method: str | None = None
    answers_lost: int = 0


Outcome = MissingTranslations | Dropped | Rebuilt


@dataclass(slots=True)
class Lookup:
    """Translations known so far, from source to translation, and texts that `get` lacked."""

    known: Mapping[str, str]
    missing: list[str] = field(default_factory=list)

    def get(self, text: str) -> str:
        """Return the translation; blank texts are their own, unknown ones empty for now."""
        if not text.strip():
            return text
        if text not in self.known:
            self.missing.append(text)
        return self.known.get(text, "")

    def get_all(self, texts: Iterable[str]) -> list[str]:
        """Return the translations of several texts, as `get` does."""
        return [self.get(text) for text in texts]


def is_lost(text: str, translation: str) -> bool:
    """Whether a text that is not blank came out blank."""
    return bool(text.strip()) and not translation.strip()
