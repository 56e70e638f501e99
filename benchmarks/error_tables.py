"""The tables of ``docs/what-to-trust.md``: ``python benchmarks/error_tables.py``.

From the JSON files of ``error_simulation.py``, ``coverage.py`` and ``many_groups.py``; prints
Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

ROWS = (200, 750, 2490, 5010)
WORLDS = ("calibrated", "temperature 1.5", "S-shape", "offset 0.05", "bump")
ERRORS = (
    "ece", "ece_debiased", "ece_mass", "ece_sweep", "rmsce", "rmsce_debiased", "mce", "smooth_ece",
    "kernel_error", "overconfidence", "underconfidence", "classwise_ece", "ace", "tace",
    "brier calibration", "corp brier", "corp nll", "gap",
)  # fmt: skip
INTERVALS = (
    *(name for name in ERRORS if not name.startswith("corp")),
    "overconfident_errors", "accuracy", "nll", "brier", "confidence",
)  # fmt: skip
OTHERS = ("ece, percentile",)
TESTS = (
    "ece", "ece_mass", "ece_sweep", "rmsce", "mce", "smooth_ece", "kernel_error", "classwise_ece",
    "ace", "test: gap", "test: spiegelhalter z", "test: kernel test", "test: kernel test, linear",
)  # fmt: skip
RECIPES, SEEDS = (2, 3, 5, 10), (2, 3, 5, 10)

Scenario = dict


def load(name: str) -> Scenario:
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def pick(
    scenarios: Sequence[Scenario], measure: str, key: str, wanted: Callable[[Scenario], bool]
) -> list[float]:
    """Return a number of every wanted scenario that has it."""
    return [
        s["measures"][measure][key]
        for s in scenarios
        if wanted(s) and key in s["measures"].get(measure, {})
    ]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def points(value: float) -> str:
    return f"{100 * value:.1f}".replace("-0.0", "0.0")


def share(values: Sequence[float]) -> str:
    return f"{100 * mean(values):.0f}"


def shown(name: str) -> str:
    return name.removeprefix("test: ") if " " in name else f"`{name}`"


def bias_table(scenarios: Sequence[Scenario]) -> str:
    """Mean deviation from the truth, calibrated and averaged over the others, and the error."""
    head = ["", *(f"calibrated, {n:,}" for n in ROWS), *(f"others, {n:,}" for n in ROWS)]
    head.append("rmse, others, 2,490")
    rows = []
    for name in ERRORS:
        row = [shown(name)]
        for calibrated in (True, False):
            for n in ROWS:
                found = pick(
                    scenarios, name, "bias_function",
                    lambda s, n=n, c=calibrated: s["n"] == n and (s["world"] == WORLDS[0]) == c,
                )  # fmt: skip
                row.append(points(mean(found)))
        errors = pick(
            scenarios, name, "rmse_function", lambda s: s["n"] == 2490 and s["world"] != WORLDS[0]
        )
        rows.append([*row, points(mean(errors))])
    return table(head, rows)


def coverage_table(scenarios: Sequence[Scenario], names: Sequence[str]) -> str:
    """Share of intervals that hold the truth with the same bins; and of the function itself."""
    head = ["", *(f"{n:,}" for n in ROWS), "independent", "in threes"]
    head += ["calibrated", "others, lowest of four", "function itself"]
    rows = []
    for name in names:
        row = [shown(name)]
        for n in ROWS:
            row.append(share(pick(scenarios, name, "covers_binned", lambda s, n=n: s["n"] == n)))
        for kind in ("iid", "clustered"):
            held = pick(scenarios, name, "covers_binned", lambda s, k=kind: s["rows"] == k)
            row.append(share(held))
        by_world = [
            pick(scenarios, name, "covers_binned", lambda s, w=w: s["world"] == w) for w in WORLDS
        ]
        row.append(share(by_world[0]))
        row.append(share(min(by_world[1:], key=mean)))
        row.append(share(pick(scenarios, name, "covers_function", lambda s: True)))
        rows.append(row)
    return table(head, rows)


def test_table(scenarios: Sequence[Scenario]) -> str:
    """How often each test rejects at 5 %."""
    head = ["", "size, independent", "size, in threes"]
    head += [f"{world}, 750" for world in WORLDS[1:]] + ["bump, 2,490"]
    rows = []
    for name in TESTS:
        row = [shown(name)]
        for kind in ("iid", "clustered"):
            found = pick(
                scenarios, name, "rejects",
                lambda s, k=kind: s["world"] == WORLDS[0] and s["rows"] == k,
            )  # fmt: skip
            row.append(share(found))
        for world, n in (*((w, 750) for w in WORLDS[1:]), ("bump", 2490)):
            found = pick(
                scenarios, name, "rejects",
                lambda s, w=world, n=n: s["world"] == w and s["n"] == n,
            )  # fmt: skip
            row.append(share(found))
        rows.append(row)
    return table(head, rows)


def seed_table(scenarios: Sequence[Scenario]) -> str:
    """Lowest and highest coverage, and the range of median widths, of equal variances."""
    head = ["recipes", "seeds", "effect", "degradation", "width, effect", "width, degradation"]
    body = []
    for recipes in RECIPES:
        for seeds in SEEDS:
            of = [
                s
                for s in scenarios
                if (s["recipes"], s["seeds"], s["unstable"]) == (recipes, seeds, 1.0)
            ]
            if not of:
                continue
            line = [str(recipes), str(seeds)]
            for kind, factor, digits in (("coverage", 100, 0), ("median_width", 1, 1)):
                for name in ("effect", "degradation"):
                    low, high = (factor * f(s[kind][name] for s in of) for f in (min, max))
                    line.append(f"{low:.{digits}f} to {high:.{digits}f}")
            body.append(line)
    return table(head, body)


def item_table(scenarios: Sequence[Scenario]) -> str:
    """Lowest and highest coverage of each number, over studies and kinds of clusters."""
    measures = ("accuracy", "nll", "brier", "gap", "ece", "ece_mass", "smooth_ece")
    body = []
    for n in sorted({s["n"] for s in scenarios}):
        for what in ("level", "degradation", "effect", "group"):
            line = [f"{n:,}", what]
            for name in measures:
                held = [100 * s["coverage"][what][name] for s in scenarios if s["n"] == n]
                line.append(f"{min(held):.0f} to {max(held):.0f}")
            body.append(line)
    return table(["items", "", *(shown(name) for name in measures)], body)


def group_table(cells: dict[str, Scenario]) -> str:
    """Return shares of false alarms where no group is off, and of what is found where some are."""
    verdicts = ("ece against calibration", "ece", "gap", "accuracy")
    body = []
    for name, quiet in cells.items():
        if not name.endswith("none off"):
            continue
        groups, replicates = (part.split()[0] for part in name.split(", ")[:2])
        off = cells.get(name.replace("none off", "some off"))
        line = [f"{int(groups):,}", f"{int(replicates):,}", str(quiet["tables"])]
        line += [f"{100 * quiet[verdict]['any_false']:.0f}" for verdict in verdicts]
        line += [
            "" if off is None else f"{100 * off[verdict]['found']:.0f}" for verdict in verdicts
        ]
        body.append(line)
    short = ("calibration", "ECE", "gap", "accuracy")
    head = ["groups", "replicates", "tables"]
    return table([*head, *(f"false, {v}" for v in short), *(f"found, {v}" for v in short)], body)


def tables() -> list[str]:
    """Return all tables in the order of the page."""
    scenarios = load("error_simulation.json")["scenarios"]
    return [
        bias_table(scenarios),
        coverage_table(scenarios, INTERVALS),
        coverage_table(scenarios, OTHERS),
        test_table(scenarios),
        item_table(list(load("coverage_items.json")["scenarios"].values())),
        seed_table(list(load("coverage_seeds.json")["scenarios"].values())),
        group_table(load("many_groups.json")),
    ]


if __name__ == "__main__":
    print("\n\n".join(tables()))
