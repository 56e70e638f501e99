"""Where a prediction table comes from, kept inside the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from crosscal.exceptions import DataError

FORMAT = "crosscal-predictions/1"
METADATA_KEY = b"crosscal"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made the predictions of one run.

    Attributes
    ----------
    study, recipe : str
    seed : int
    task, family, encoder : str
    choices : tuple of str or None
        The choices common to all units, in the order of the scores; None if each unit has
        its own.
    data : dict of str to str
        File name to SHA-256 of every data file used.
    versions : dict of str to str
        Package name to version.
    """

    study: str
    recipe: str
    seed: int
    task: str
    family: str
    encoder: str
    choices: tuple[str, ...] | None = None
    data: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.choices is None:
            return
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise DataError(
                f"choices must be two or more different names, not {list(self.choices)}",
                where="provenance.choices",
                remedy="name each choice once, in the order of the scores",
            )

    def to_json(self) -> str:
        """Return compact JSON with sorted keys, the same text for equal provenance."""
        document = {"format": FORMAT, **asdict(self)}
        return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str = "metadata") -> Provenance:
        """Read what `to_json` wrote; `where` is named in errors."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"provenance is not JSON: {error}", where=where, remedy="predict again"
            ) from error
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise DataError(
                f"provenance is not of format {FORMAT!r}",
                where=where,
                remedy="predict again with this version, or use Predictions.from_arrays",
            )
        _check(document, where)
        if document["choices"] is not None:
            document["choices"] = tuple(document["choices"])
        return cls(**document)


def _is_text_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())


def _is_choices(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _check(document: dict[str, Any], where: str) -> None:
    for name in sorted({f.name for f in fields(Provenance)} ^ document.keys()):
        problem = "unknown" if name in document else "missing"
        raise DataError(f"{problem} provenance field {name!r}", where=where, remedy="predict again")
    for name, value in document.items():
        good = {
            "seed": isinstance(value, int) and not isinstance(value, bool),
            "choices": _is_choices(value),
            "data": _is_text_map(value),
            "versions": _is_text_map(value),
        }.get(name, isinstance(value, str))
        if not good:
            raise DataError(
                f"provenance field {name!r} has the wrong type: {value!r}",
                where=where,
                remedy="predict again",
            )
