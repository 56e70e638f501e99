"""What a report says beside the results: question, study, stages, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosscal.languages import Language


@dataclass(frozen=True, kw_only=True)
class StageNote:
    """One stage of the study, as the report lists it."""

    # kind, name: for example ``"train"`` and ``"mrpc/seed 0"``
    kind: str
    name: str
    seconds: float | None = None  # time it took; None if not known
    cached: bool = False  # whether its result was there already


@dataclass(frozen=True, kw_only=True)
class ReportContext:
    """Everything a report shows that is not a result.

    All text is shown escaped. Only `question` and `study` are needed; parts left empty are
    left out of the report.

    Attributes
    ----------
    question : str
        What was asked, in a sentence.
    study, encoder, task : str
        Names.
    languages : tuple of Language
        For names, scripts and directions; a code without an entry is shown as it is.
    recipes : mapping of str to str
        Recipe name to a description of its stages in words.
    training : mapping of str to str
        What was set to what, in words, in the order to show.
    stages : tuple of StageNote
    settings_toml : str
        The resolved study.
    warnings : tuple of str
        Whatever a reader must know: collapsed runs, truncated inputs, temperatures that
        did not converge.
    version : str
        Of crosscal.
    versions : mapping of str to str
        Of the packages that matter.
    data_files : mapping of str to str
        File name to SHA-256.
    development : mapping of (recipe, seed) to float
        Accuracy of each run on development data in the baseline language, a fraction.
    """

    question: str
    study: str
    encoder: str = ""
    task: str = ""
    languages: tuple[Language, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[StageNote, ...] = ()
    settings_toml: str = ""
    warnings: tuple[str, ...] = ()
    version: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    data_files: Mapping[str, str] = field(default_factory=dict)
    development: Mapping[tuple[str, int], float] = field(default_factory=dict)
