"""The first sentence of a report: what was seen, in words that need no training."""

from __future__ import annotations

from crosscal.analysis import Estimate, Results
from crosscal.analysis.results import METRIC
from crosscal.report.findings import (
    group_phrase,
    headline_subject,
    language_name,
    recipes_with_results,
)
from crosscal.report.numbers import direction_seen, metric_number


def headline(results: Results) -> str:
    """Say in plain words whether the models know when they are wrong, as well as in English."""
    english = language_name(results.baseline_language)
    if not results.find(quantity="level"):
        return "Nothing can be said: every run collapsed."
    if not results.find(quantity="degradation", metric=METRIC, scaling="none"):
        return f"Nothing can be said yet: only {english} was evaluated."
    subject = headline_subject(results)
    if subject is None:
        return f"{_counted(results, english)}{_recipes_counted(results)}."
    is_group = subject in results.groups
    where = group_phrase(subject) if is_group else language_name(subject)
    base = results.get("degradation", results.baseline_recipe, subject, is_group=is_group)
    if base is None:
        return f"What recipes change cannot be said: {results.baseline_recipe} has no results."
    effects = [
        effect
        for recipe in recipes_with_results(results)
        if (effect := results.get("effect", recipe, subject, is_group=is_group))
    ]
    return f"{_degradation(base, where, english)}{_effects(effects, is_group=is_group)}."


def _degradation(base: Estimate, where: str, english: str) -> str:
    seen = direction_seen(base)
    if seen == 0:
        reach = max(abs(base.low), abs(base.high))
        return (
            f"In {where} no difference from {english} could be seen in how well the model knows "
            f"when it is wrong; it may be as large as {metric_number(reach, METRIC)} percentage "
            "points"
        )
    size = metric_number(abs(base.value), METRIC)
    comparison = "less well" if seen > 0 else "better"
    return (
        f"In {where} the model knows {comparison} than in {english} when it is wrong: what it "
        f"claims is {size} percentage points {'further from' if seen > 0 else 'closer to'} the "
        "truth"
    )


def _effects(effects: list[Estimate], *, is_group: bool) -> str:
    """Say under which recipes it fares better or worse, and under which no change was seen."""
    better, worse, unseen = (
        [e.recipe for e in effects if direction_seen(e) == seen] for seen in (-1, 1, 0)
    )
    they = "they fare" if is_group else "it fares"
    parts = [
        f"under {_listed(recipes)} {what}"
        for recipes, what in (
            (better, f"{they} better"),
            (worse, f"{they} worse"),
            (unseen, "no change could be seen"),
        )
        if recipes
    ]
    if parts and all(e.seed_variance == "one seed" for e in effects):
        parts[-1] += " (of these very models, each trained once)"
    return "".join(f"; {part}" for part in parts)


def _counted(results: Results, english: str) -> str:
    rows = [
        row
        for row in results.find(
            quantity="degradation",
            recipe=results.baseline_recipe,
            metric=METRIC,
            scaling="none",
        )
        if not row.is_group
    ]
    if not rows:
        return f"What recipes change cannot be said: {results.baseline_recipe} has no results"
    worse = sum(direction_seen(row) > 0 for row in rows)
    return (
        f"In {worse} of {len(rows)} languages the model visibly knows less well than in {english} "
        "when it is wrong"
    )


def _recipes_counted(results: Results) -> str:
    effects = results.find(quantity="effect", metric=METRIC, scaling="none")
    if not effects:
        return ""
    seen = [direction_seen(effect) for effect in effects]
    return (
        f"; other recipes change that visibly in {len(seen) - seen.count(0)} of {len(seen)} "
        "comparisons"
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
