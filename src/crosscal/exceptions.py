"""The errors a user can meet: each says what is wrong, where, and what to do.

Every error raised on purpose derives from `CrosscalError`; its `exit_code` is
what the command line returns (documented in ``docs/command-line.md``).
"""

from __future__ import annotations


class CrosscalError(Exception):
    """Something a user can act on: what is wrong, where, and what to do (no final stops)."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        # All three go to the base class, so that the error survives pickling
        # on its way out of a worker process.
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}." if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(
    kind: type[CrosscalError], what: str, where: str | None, remedy: str | None
) -> CrosscalError:
    return kind(what, where=where, remedy=remedy)


class SettingsError(CrosscalError):
    """The study file or an option is wrong: unknown key, bad value, impossible combination."""

    exit_code = 2


class DataError(CrosscalError):
    """A data or prediction file is wrong: malformed line, unknown label, missing language."""

    exit_code = 3


class ArrayError(DataError, ValueError):
    """An array given in Python is wrong; a ValueError too, as numpy and scikit-learn raise."""


class ArtifactError(CrosscalError):
    """A stored artifact, checkpoint or cache entry is truncated, altered or cannot be written."""

    exit_code = 4


class MissingExtra(CrosscalError):
    """A part of crosscal was asked for whose optional dependencies are not installed."""

    exit_code = 5


class StageFailed(CrosscalError):
    """A stage of a study failed or its worker process died; finished stages are kept."""

    exit_code = 6


class NotEnoughMemory(CrosscalError):
    """Memory of the machine or of a device was short; finished stages are kept."""

    exit_code = 6


class Interrupted(CrosscalError):
    """The user stopped a study."""

    exit_code = 130
