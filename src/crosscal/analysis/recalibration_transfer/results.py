"""What a comparison of regimes found, as tidy rows, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from crosscal.exceptions import DataError

FORMAT = "crosscal-regimes/1"


@dataclass(frozen=True, kw_only=True)
class RegimeEstimate:
    """One number with its interval.

    Attributes
    ----------
    quantity : {"level", "gain"}
        ``level``: the metric under the regime; ``gain``: the metric under `before` minus that
        under the regime, above 0 if the regime is better.
    language : str
        A code, or the name of a group when `is_group` (unweighted mean, baseline left out).
    k : int or None
        Examples of the language, of few-shot regimes.
    before : {"none", "english"} or None
        What a gain is measured from.
    value, low, high : float
        Value (mean over seeds, and over draws of the examples) and ends of the interval.
    p_value, p_holm : float or None
        Of gains: two-sided, and adjusted for the languages (or groups) of one recipe,
        recalibrator, regime, k, before and metric. Of levels of calibration errors
        `p_value` is against perfect calibration.
    noise_floor : float or None
        Of levels of calibration errors.
    n, clusters, seeds, draws : int
        Scored rows, clusters among them (of a group the fewest), runs, and draws of examples.
    per_seed : tuple of float
    """

    quantity: str
    recipe: str
    language: str
    is_group: bool
    recalibrator: str
    regime: str
    k: int | None
    before: str | None
    metric: str
    value: float
    low: float
    high: float
    p_value: float | None
    p_holm: float | None
    noise_floor: float | None
    n: int
    clusters: int
    seeds: int
    draws: int
    per_seed: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RegimeResults:
    """Everything a comparison of regimes found.

    Attributes
    ----------
    languages, recipes : tuple of str
    groups : dict of str to tuple of str
    settings : dict
        Of the comparison and of the analysis, resolved; ``learnt_from`` says from which rows
        ("calibration" or "cross-fitted") and ``english_from`` from which English ones.
    fits : list of dict
        By recipe, seed, recalibrator, regime, k, language: ``rows`` learnt from, ``unconverged``
        (share of fits with no optimum), ``temperature`` (of several folds or draws the
        median), ``temperature_low`` and ``temperature_high`` (their 5 % and 95 % quantiles).
    laws : list of dict
        Of the regime ``predicted``, by recipe, seed and language: ``temperature`` predicted,
        ``oracle`` (fitted on the language), ``languages`` learnt from, ``families`` among them,
        ``penalty`` (None: infinite), ``freedom``, ``r2`` (see `Ridge`).
    estimates : list of RegimeEstimate
    """

    baseline_language: str
    baseline_recipe: str
    languages: tuple[str, ...]
    recipes: tuple[str, ...]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    fits: list[dict[str, Any]] = field(default_factory=list)
    laws: list[dict[str, Any]] = field(default_factory=list)
    estimates: list[RegimeEstimate] = field(default_factory=list)

    def find(self, **values: Any) -> list[RegimeEstimate]:
        """Return the estimates whose fields have these values, in order."""
        return [e for e in self.estimates if all(getattr(e, k) == v for k, v in values.items())]

    def to_json(self) -> str:
        """Return JSON text that `from_json` reads back to an equal object."""
        document = {"format": FORMAT, **asdict(self)}
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RegimeResults:
        """Read what `to_json` wrote; `DataError` if it is not that."""
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise _unreadable(f"line {error.lineno}", "not JSON") from error
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise _unreadable("format", f"not a document of format {FORMAT!r}")
        _check_fields(cls, document, "regimes")
        for number, row in enumerate(document["estimates"]):
            _check_fields(RegimeEstimate, row, f"estimates[{number}]")
        rows = [{**row, "per_seed": tuple(row["per_seed"])} for row in document["estimates"]]
        return cls(
            **{
                **document,
                "languages": tuple(document["languages"]),
                "recipes": tuple(document["recipes"]),
                "groups": {name: tuple(codes) for name, codes in document["groups"].items()},
                "estimates": [RegimeEstimate(**row) for row in rows],
            }
        )


def _check_fields(kind: type, values: Mapping[str, Any], where: str) -> None:
    wrong = {f.name for f in fields(kind)} ^ values.keys()
    if wrong:
        raise _unreadable(where, f"missing or unknown field {min(wrong)!r}")


def _unreadable(where: str, why: str) -> DataError:
    return DataError(
        f"results of regimes cannot be read: {why}",
        where=where,
        remedy="run the analysis again with this version",
    )
