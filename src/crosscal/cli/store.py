"""The verb that clears a store."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from crosscal.cli.load import load_plan
from crosscal.cli.options import RESULTS, AsJson, Output, Overrides
from crosscal.cli.screen import say, show
from crosscal.report.numbers import data_size
from crosscal.study.execution.garbage import Garbage, find_garbage
from crosscal.study.execution.store import Store

_WORDS = {
    "artifact": "of no study named",
    "interrupted": "begun for no study named",
    "facts": "facts of no study named",
    "checkpoint": "read by every stage",
    "leftover": "left of what is gone",
}


def gc(
    studies: Annotated[list[Path], typer.Argument(help="study files whose artifacts stay")],
    output: Output = RESULTS,
    overrides: Overrides = None,
    checkpoints: Annotated[
        bool,
        typer.Option(
            "--checkpoints",
            help="weights and vectors too that every stage of these studies has read",
        ),
    ] = False,
    days: Annotated[
        float, typer.Option(min=0, help="leave what was made in so many last days")
    ] = 1.0,
    yes: Annotated[
        bool, typer.Option("--yes", help="remove it; without, it is only shown")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the store holds that none of these studies needs, or remove it."""
    store = Store.within(output)
    plans = [load_plan(study, overrides, quiet=as_json).stages for study in studies]
    garbage = find_garbage(store, plans, checkpoints=checkpoints, days=days)
    kept = [each for each in garbage if yes and not each.remove(store)]
    if as_json:
        print(json.dumps([_to_dict(each, removed=yes and each not in kept) for each in garbage]))
        return
    if not garbage:
        say(f"{store.root} holds nothing that these studies do not need.")
        return
    _print(garbage, store)
    total = data_size(sum(each.bytes for each in garbage if each not in kept))
    if not yes:
        say(f"Nothing is removed yet. With --yes, {total} are.")
        return
    say(f"{total} removed.")
    for each in kept:
        say(f"{each.path} is in use, and stays.")


def _print(garbage: list[Garbage], store: Store) -> None:
    groups: dict[tuple[str, str], list[Garbage]] = defaultdict(list)
    for each in garbage:
        groups[each.kind, each.what].append(each)
    table = Table("kind", "why", "how many", "size", title=str(store.root))
    for column in table.columns[2:]:
        column.justify = "right"
    for (kind, what), members in groups.items():
        size = data_size(sum(each.bytes for each in members))
        table.add_row(kind, _WORDS[what], str(len(members)), size)
    show(table)


def _to_dict(each: Garbage, *, removed: bool) -> dict[str, Any]:
    return {
        "path": str(each.path),
        "kind": each.kind,
        "what": each.what,
        "bytes": each.bytes,
        "removed": removed,
    }
