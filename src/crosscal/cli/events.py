"""The verb that looks at the calibration of answers, entities, options and translations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from crosscal.analysis.events import (
    TAKING,
    Events,
    EventSettings,
    Temperature,
    above_chance,
    event_names,
    events,
    summarise,
)
from crosscal.cli.options import AsJson
from crosscal.cli.screen import REPORT_WIDTH, open_console, show
from crosscal.exceptions import SettingsError
from crosscal.predictions import Predictions, read_predictions

_SEED = 0


def show_events(
    files: Annotated[list[Path], typer.Argument(help="prediction files, each by itself")],
    event: Annotated[
        list[str] | None, typer.Option(help="event, as exact; repeatable; none: all there are")
    ] = None,
    rules: Annotated[
        str | None, typer.Option(help="how answers or entities are compared; none: sound; see docs")
    ] = None,
    level: Annotated[
        float | None, typer.Option(help="F1 from which an answer is right; none: 0.5")
    ] = None,
    temperature: Annotated[
        str, typer.Option(help="number to divide scores by, or fitted on: dev, others")
    ] = "1",
    split: Annotated[str, typer.Option(help="split to look at")] = "test",
    kinds: Annotated[
        bool, typer.Option("--kinds", help="also by type of entity, tag, number of options")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the calibration of answers, entities, options, translations (prediction files)."""
    given: dict[str, Any] = {"rules": rules, "level": level}
    given = {name: value for name, value in given.items() if value is not None}
    settings = EventSettings(**given)
    scaling = _temperature(temperature)
    runs = [read_predictions(file) for file in files]
    for run in runs:
        _check_taken(given, run, event)
    documents = []
    for run in runs:
        names = event or event_names(run)
        by_name = {
            name: events(run, name, split=split, temperature=scaling, settings=settings)
            for name in names
        }
        documents.append(_document(run, by_name, by_kind=kinds))
    if as_json:
        options = {**asdict(settings), "split": split, "temperature": temperature}
        print(json.dumps({"files": documents, "settings": options}, indent=1))
        return
    for document in documents:
        _print(document)


def _check_taken(given: Iterable[str], run: Predictions, event: Sequence[str] | None) -> None:
    """Refuse a setting that changes none of a file's events."""
    names = event or event_names(run)
    if not set(names) <= set(event_names(run)):
        return  # it is told which there are
    for setting in given:
        if TAKING[setting].isdisjoint(names):
            raise SettingsError(
                f"it changes nothing about {', '.join(names)}, the events of {run.where}",
                where=f"--{setting}",
                remedy=f"Leave it out; it is for {', '.join(sorted(TAKING[setting]))}",
            )


def _temperature(text: str) -> Temperature:
    words: dict[str, Temperature] = {"dev": "dev", "others": "others"}
    if text in words:
        return words[text]
    try:
        return float(text)
    except ValueError:
        raise SettingsError(
            f"temperature is {text!r}",
            where="--temperature",
            remedy="Give a number above 0, 'dev' or 'others'",
        ) from None


def _document(
    run: Predictions, by_name: dict[str, dict[str, Events]], *, by_kind: bool
) -> dict[str, Any]:
    return {
        "file": run.where,
        **{name: getattr(run.provenance, name) for name in ("recipe", "seed", "task", "family")},
        "events": {
            name: {code: _numbers(part, by_kind=by_kind) for code, part in languages.items()}
            for name, languages in by_name.items()
        },
    }


def _numbers(part: Events, *, by_kind: bool) -> dict[str, Any]:
    """Return a language's numbers as plain values."""
    numbers: dict[str, Any] = asdict(summarise(part, seed=_SEED))
    if part.chance is not None:
        numbers["above_chance"] = {
            "accuracy": float(above_chance(part.correct, part.chance).mean()),
            "confidence": float(above_chance(part.confidence, part.chance).mean()),
        }
    if part.recall:
        numbers["recall"] = {
            kind: {
                "gold": recall.gold,
                "found": recall.found,
                "touched": recall.partial_match,
                "missed": recall.missed,
            }
            for kind, recall in part.recall.items()
        }
    if by_kind:
        kinds = sorted({*part.kinds.tolist(), *part.recall})
        numbers["kinds"] = {kind: _numbers(part.of_kind(kind), by_kind=False) for kind in kinds}
    return numbers


def _print(document: dict[str, Any]) -> None:
    console = open_console(elsewhere=REPORT_WIDTH)
    for name, languages in document["events"].items():
        table = Table(
            "language",
            title=f"{document['task']}, {document['recipe']}, seed {document['seed']}: {name}",
            caption="per cent; gap: confidence minus right; error: ECE of 15 bins, debiased "
            "unless the outcome is a share; [95 % interval]",
        )
        with_recall = any("recall" in numbers for numbers in languages.values())
        headings = ("n", "right", "confidence", "gap", "error", "floor", "T")
        for heading in (*headings, *(("found", "missed") if with_recall else ())):
            table.add_column(heading, justify="right", no_wrap=True)
        for code, numbers in languages.items():
            table.add_row(code, *_cells(numbers, with_recall=with_recall))
            for kind, part in numbers.get("kinds", {}).items():
                table.add_row(f"  {kind}", *_cells(part, with_recall=with_recall))
        show(table, console)


def _cells(numbers: dict[str, Any], *, with_recall: bool) -> list[str]:
    error = numbers["ece"] if numbers["ece_debiased"] is None else numbers["ece_debiased"]
    cells = [
        f"{numbers['n']:,}",
        _percent(numbers["accuracy"]),
        _percent(numbers["confidence"]),
        f"{_percent(numbers['gap'], sign='+')}{_interval(numbers, 'gap', sign='+')}",
        f"{_percent(error)}{_interval(numbers, 'ece')}",
        _percent(numbers["noise_floor"]),
        f"{numbers['temperature']:.3g}",
    ]
    if with_recall:
        counts = numbers.get("recall", {}).values()
        gold = sum(each["gold"] for each in counts)
        for name in ("found", "missed"):
            count = sum(each[name] for each in counts)
            cells.append(f"{count:,} of {gold:,}" if gold else "-")
    return cells


def _interval(numbers: dict[str, Any], name: str, *, sign: str = "") -> str:
    low, high = numbers[f"{name}_low"], numbers[f"{name}_high"]
    return "" if low is None else f" [{_percent(low, sign=sign)}, {_percent(high, sign=sign)}]"


def _percent(value: float | None, *, sign: str = "") -> str:
    return "-" if value is None else f"{100 * value:{sign}.1f}"
