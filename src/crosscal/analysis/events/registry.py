"""The events of each family by name, and a prediction table turned into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from crosscal.analysis.events.choices import chosen_event
from crosscal.analysis.events.event import Events, EventSettings, RawEvents, at_temperature
from crosscal.analysis.events.fitting import fit_temperature
from crosscal.analysis.events.retrieval import margin_event, mined_event, nearest_event
from crosscal.analysis.events.span import (
    answerability_event,
    exact_event,
    exact_span_event,
    f1_event,
    f1_expected_event,
    f1_span_event,
)
from crosscal.analysis.events.tagging import (
    geometric_event,
    marginal_event,
    minimum_event,
    product_event,
)
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import MetricInput
from crosscal.predictions import Predictions
from crosscal.spelling import did_you_mean

Builder = Callable[[MetricInput, EventSettings], RawEvents]
Temperature = float | Literal["dev", "others"]

EVENTS: Mapping[str, Mapping[str, Builder]] = MappingProxyType(
    {
        "classification": {"label": chosen_event},
        "multiple choice": {"option": chosen_event},
        "span": {
            "exact": exact_event,
            "exact-span": exact_span_event,
            "f1": f1_event,
            "f1-span": f1_span_event,
            "f1-expected": f1_expected_event,
            "answerability": answerability_event,
        },
        "tagging": {
            "word": chosen_event,
            "entity-product": product_event,
            "entity-minimum": minimum_event,
            "entity-geometric": geometric_event,
            "entity-marginal": marginal_event,
        },
        "retrieval": {"nearest": nearest_event, "margin": margin_event, "mined": mined_event},
    }
)
"""By family and name: functions from rows and settings to events before any temperature."""

TAKING: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "rules": frozenset(
            {
                *(EVENTS["span"].keys() - {"answerability"}),
                *(EVENTS["tagging"].keys() - {"word"}),
            }
        ),
        "level": frozenset({"f1", "f1-span"}),
    }
)
"""By the name of a setting: the events that it changes."""


def event_names(predictions: Predictions) -> tuple[str, ...]:
    """Return the events that a table can be turned into, by its family, tags and columns."""
    table, choices = predictions.table, predictions.provenance.choices
    names = tuple(_of_family(predictions))
    if choices is None or "O" not in choices:
        names = tuple(name for name in names if not name.startswith("entity"))
    if "mined" not in table.column_names:
        names = tuple(name for name in names if name != "mined")
    if "answerability" in names and not _may_be_silent(predictions):
        names = tuple(name for name in names if name != "answerability")
    return names


def events(
    predictions: Predictions,
    name: str,
    *,
    split: str = "test",
    temperature: Temperature = 1.0,
    settings: EventSettings | None = None,
) -> dict[str, Events]:
    """Turn a prediction table into events, language by language, in the order of codes.

    `name` is one of `EVENTS` for the table's family. Scores are divided by a number, or by a
    temperature fitted on the events of split ``dev`` (``"dev"``: in the baseline language if it is
    there, else in all languages) or, for each language, on the other languages of the same split
    (``"others"``).

    Raises
    ------
    SettingsError
        No such event for this family; a temperature that is not above 0, that would be fitted
        on rows it is used for (also under the name of another split), or on other languages that
        hold the same items.
    DataError
        No such split, or what the event needs is missing (see its function in `EVENTS`).
    """
    chosen = settings or EventSettings()
    builder = _builder(predictions, name)
    languages = predictions.languages(split)
    if not languages:
        raise DataError(
            f"no predictions in split {split!r}",
            where=predictions.where,
            remedy=f"The splits are {', '.join(predictions.splits)}",
        )
    raw = {
        code: builder(MetricInput.of(predictions, language=code, split=split), chosen)
        for code in languages
    }
    if temperature == "dev":
        development = _development(predictions, builder, split, chosen)
        _check_unseen(development, raw, predictions.where)
        fitted = fit_temperature([*development.values()])
        return {code: at_temperature(part, *fitted) for code, part in raw.items()}
    if temperature == "others":
        _check_apart(raw, predictions.where)
        return {
            code: at_temperature(
                part, *fit_temperature([other for at, other in raw.items() if at != code])
            )
            for code, part in raw.items()
        }
    return {code: at_temperature(part, _positive(temperature)) for code, part in raw.items()}


def _of_family(predictions: Predictions) -> Mapping[str, Builder]:
    """Return the events of the table's family; of an unknown one those of classification."""
    return EVENTS.get(predictions.provenance.family, EVENTS["classification"])


def _builder(predictions: Predictions, name: str) -> Builder:
    known = _of_family(predictions)
    if name not in known:
        raise SettingsError(
            f"no event {name!r} for family {predictions.provenance.family!r}",
            where=predictions.where,
            remedy=did_you_mean(name, known),
        )
    return known[name]


def _may_be_silent(predictions: Predictions) -> bool:
    """Whether "no answer" is a choice of every question."""
    if "choices" not in predictions.table.column_names:
        return False
    return all("" in (texts or ()) for texts in predictions.table["choices"].to_pylist())


def _development(
    predictions: Predictions, builder: Builder, split: str, settings: EventSettings
) -> dict[str, RawEvents]:
    """Return the events that a temperature is fitted on, by language."""
    if split == "dev":
        raise SettingsError(
            "a temperature fitted on development rows cannot be judged on them",
            where="temperature",
            remedy="Look at another split, or give a number",
        )
    languages = predictions.languages("dev")
    if settings.baseline_language in languages:
        languages = (settings.baseline_language,)
    return {
        code: builder(MetricInput.of(predictions, language=code, split="dev"), settings)
        for code in languages
    }


def _check_unseen(
    development: Mapping[str, RawEvents], raw: Mapping[str, RawEvents], where: str
) -> None:
    """Refuse development rows of which some are rows of the split itself under another name."""
    for code in development.keys() & raw.keys():
        known = _by_unit(development[code])
        ours = _by_unit(raw[code])
        # Equal ids may name other rows. Equal confidences too are no accident, but for those that
        # have reached 1; one in a hundred allows for some other.
        both = [unit for unit in known.keys() & ours.keys() if 0 < ours[unit] < 1]
        seen = sum(known[unit] == ours[unit] for unit in both)
        if 100 * seen > len(ours):
            raise SettingsError(
                f"{seen} of the {len(ours)} rows to be judged in {code} are development rows",
                where=f"{where}: column 'split'",
                remedy="Predict other development rows, or give a temperature as a number",
            )


def _by_unit(part: RawEvents) -> dict[str, float]:
    return dict(zip(part.unit_ids.tolist(), part.confidence_at(1.0, 0.0).tolist(), strict=True))


def _check_apart(raw: Mapping[str, RawEvents], where: str) -> None:
    """Refuse other languages that hold translations of the items themselves."""
    seen: dict[str, str] = {}
    for code, part in raw.items():
        for cluster in set(part.cluster_ids.tolist()):
            if seen.setdefault(cluster, code) != code:
                raise SettingsError(
                    f"{code} and {seen[cluster]} hold the same items (cluster {cluster!r}): a "
                    "temperature fitted on one has seen the other",
                    where=f"{where}: column 'cluster_id'",
                    remedy="Fit it on development rows (dev), or give a number",
                )


def _positive(temperature: float | str) -> float:
    if isinstance(temperature, str) or not 0 < temperature < float("inf"):
        raise SettingsError(
            f"temperature is {temperature!r}",
            where="temperature",
            remedy="Give a number above 0, or 'dev' or 'others'",
        )
    return float(temperature)
