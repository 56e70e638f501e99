"""The answer in one sentence, worded by what the intervals allow."""

from __future__ import annotations

from dataclasses import replace

from crosscal.analysis import Estimate, Results
from crosscal.analysis.results import METRIC, PARTS
from crosscal.report.findings import (
    contrasts_of,
    group_phrase,
    headline_subject,
    language_name,
    recipes_with_results,
)
from crosscal.report.numbers import (
    direction_seen,
    interval,
    level_percent,
    metric_number,
)

MANY_ALIKE = 3
"""From this many recipes with the same verdict on, one clause speaks of all of them."""


def answer(results: Results) -> str:
    """Answer the question in one sentence: the clauses of `answer_clauses`, joined; plain text."""
    return " ".join(answer_clauses(results))


def answer_clauses(results: Results) -> list[str]:
    """Say whether degradation is there, whether it persists under each recipe, and its size."""
    # Of the group of morphologically rich languages; without it of the first group; without groups
    # of the only language, or how many languages show what. An interval that holds zero yields
    # "could not be seen" and how large a difference would have been seen.
    base = results.baseline_recipe
    if not results.find(quantity="level"):
        return ["There is no answer: every run collapsed, so there is nothing to measure."]
    if not results.find(quantity="degradation", metric=METRIC, scaling="none"):
        only = language_name(results.baseline_language)
        return [f"There is no answer: only {only} was evaluated, and nothing to compare it with."]
    subject = headline_subject(results)
    parts = _counted(results) if subject is None else _measured(results, subject)
    present = recipes_with_results(results)
    if present == [base]:
        parts.append("no other recipe has results, so whether a recipe changes this remains open")
    elif base not in present:
        parts.append(f"{base} has no results, so the effect of the recipes cannot be told")
    parts += [
        f"of {recipe} no run learnt anything"
        for recipe in results.recipes
        if recipe not in (*present, base)
    ]
    parts[0] = parts[0][0].upper() + parts[0][1:]
    return [f"{part};" for part in parts[:-1]] + [f"{parts[-1]}."]


def _measured(results: Results, subject: str) -> list[str]:
    """Return the clauses about one group or language."""
    is_group = subject in results.groups
    where = group_phrase(subject) if is_group else language_name(subject)
    found = [
        (degradation, results.get("effect", recipe, subject, is_group=is_group))
        for recipe in recipes_with_results(results)
        if (degradation := results.get("degradation", recipe, subject, is_group=is_group))
    ]
    base = next((d for d, _ in found if d.recipe == results.baseline_recipe), None)
    clauses: list[str] = []
    if base is not None:
        clauses += [_baseline_clause(results, base), *_accuracy_clause(results, base)]
    alike: dict[tuple[int, int | None], list[tuple[Estimate, Estimate | None]]] = {}
    for degradation, effect in found:
        if degradation is not base:
            verdict = (
                direction_seen(degradation),
                None if effect is None else direction_seen(effect),
            )
            alike.setdefault(verdict, []).append((degradation, effect))
    for rows in alike.values():
        if len(rows) >= MANY_ALIKE:
            clauses.append(_alike_clause(results, rows, base))
        else:
            clauses += [_recipe_clause(results, d, e, base) for d, e in rows]
    clauses += _further_clauses(results, subject, is_group=is_group)
    # The first clause says whom all the others are about.
    return [f"in {where}, {clauses[0]}", *clauses[1:]] if clauses else []


def _further_clauses(results: Results, subject: str, *, is_group: bool) -> list[str]:
    """Return what the size of the error does not show: its sign, other groups, one seed."""
    base = results.baseline_recipe
    clauses = [_gap_clause(results, base, subject, is_group=is_group)]
    for name in contrasts_of(results, subject):
        clauses.append(_contrast_clause(results, name))
    measured = results.find(quantity="degradation", metric=METRIC, scaling="none")
    if measured and all(e.seed_variance == "one seed" for e in measured):
        clauses.append("of each recipe one training counts, so this speaks of these very models")
    return [clause for clause in clauses if clause]


def _gap_clause(results: Results, recipe: str, subject: str, *, is_group: bool) -> str:
    """Say where confidence lies against accuracy, and whether the error changed its direction."""
    english = results.get("level", recipe, results.baseline_language, metric="gap")
    here = results.get("level", recipe, subject, metric="gap", is_group=is_group)
    shift = results.get("degradation", recipe, subject, metric="gap", is_group=is_group)
    if english is None or here is None or shift is None:
        return ""
    first, second, change = (
        f"{metric_number(e.value, 'gap', signed=True)} points ({interval(e, signed=True)})"
        for e in (english, here, shift)
    )
    name = language_name(results.baseline_language)
    clause = (
        f"under {recipe} mean confidence less accuracy is {first} in {name} and {second} there, "
        f"a shift of {change}"
    )
    if direction_seen(english) * direction_seen(here) < 0:
        words = {1: "overconfident", -1: "underconfident"}
        clause += (
            f": {words[direction_seen(english)]} in {name}, {words[direction_seen(here)]} there, "
            "which the size of the error hides"
        )
    elif direction_seen(shift):
        size = results.get("degradation", recipe, subject, is_group=is_group)
        if size is not None and not direction_seen(size):
            moves = "rises" if shift.value > 0 else "falls"
            clause += f": confidence {moves} against accuracy without a visibly larger error"
    return clause


def _contrast_clause(results: Results, name: str) -> str:
    """Say whether the first group differs from another in its degradation."""
    contrast = results.get("degradation contrast", results.baseline_recipe, name, is_group=True)
    if contrast is None:
        return ""
    other = group_phrase(name.split(" minus ")[1])
    value = metric_number(contrast.value, METRIC, signed=True)
    bounds = f"{value} points, {interval(contrast, signed=True)}"
    seen = direction_seen(contrast)
    if seen == 0:
        return f"no difference of the degradation from that in {other} could be seen ({bounds})"
    return f"the degradation is {'larger' if seen > 0 else 'smaller'} than in {other} ({bounds})"


def _baseline_clause(results: Results, base: Estimate) -> str:
    size = metric_number(abs(base.value), METRIC)
    english = language_name(results.baseline_language)
    level, under = level_percent(results), f"under {base.recipe}"
    seen = direction_seen(base)
    if seen > 0:
        return (
            f"calibration degrades {under}, by {size} percentage points of calibration error "
            f"against {english} ({level} interval {interval(base)})"
        )
    if seen < 0:
        return (
            f"the calibration error is smaller than in {english} {under}, by {size} percentage "
            f"points ({level} interval of the difference {interval(base)})"
        )
    return (
        f"no degradation of calibration against {english} could be seen {under} "
        f"({metric_number(base.value, METRIC, signed=True)} percentage points of calibration "
        f"error, {level} interval {interval(base, signed=True)}; "
        f"{_would_have_been(results, [base])}{_within_margin(results, [base])})"
    )


def _accuracy_clause(results: Results, base: Estimate) -> list[str]:
    """Say how much of a degradation the lower accuracy explains, if one was seen."""
    accuracy, explained, beyond = (
        results.get(
            "degradation", base.recipe, base.language, metric=metric, is_group=base.is_group
        )
        for metric in ("accuracy", *PARTS[METRIC])
    )
    if direction_seen(base) <= 0 or accuracy is None or explained is None or beyond is None:
        return []
    first, second = (
        f"{metric_number(e.value, METRIC, signed=True)} points ({interval(e, signed=True)})"
        for e in (explained, beyond)
    )
    lower = "lower" if accuracy.value < 0 else "higher"
    clause = f"of this the {lower} accuracy alone explains {first}, and "
    if direction_seen(beyond):
        return [f"{clause}{second} are beyond it"]
    return [f"{clause}nothing beyond it could be seen: {second}"]


def _recipe_clause(
    results: Results, found: Estimate, effect: Estimate | None, base: Estimate | None
) -> str:
    seen = direction_seen(found)
    size = metric_number(abs(found.value), METRIC)
    if seen > 0:
        numbers = f"{size} points ({interval(found)})"
    elif seen < 0:
        numbers = f"{size} points (interval of the difference {interval(found)})"
    else:
        value = metric_number(found.value, METRIC, signed=True)
        numbers = f"({value} points, {interval(found, signed=True)})"
    clause = f"under {found.recipe}, {_state(results, seen, base, numbers)}"
    if effect is None:
        return clause
    value = metric_number(effect.value, METRIC, signed=True)
    bounds = f"{value} points, {interval(effect, signed=True)}"
    return f"{clause}, {_comparison(results, [effect], seen, bounds)}"


def _alike_clause(
    results: Results, rows: list[tuple[Estimate, Estimate | None]], base: Estimate | None
) -> str:
    """Return one clause for recipes of which the same can be said."""
    found = [degradation for degradation, _ in rows]
    effects = [effect for _, effect in rows if effect is not None]
    seen = direction_seen(found[0])
    names = ", ".join(e.recipe for e in found[:-1]) + f" and {found[-1].recipe}"
    span = _span([e if seen >= 0 else _negative(e) for e in found], signed=seen == 0)
    numbers = f"({span})" if seen == 0 else span
    clause = f"under {names}, {_state(results, seen, base, numbers)}"
    if not effects:
        return clause
    return f"{clause}, {_comparison(results, effects, seen, _span(effects, signed=True))}"


def _state(results: Results, seen: int, base: Estimate | None, numbers: str) -> str:
    """Return what is said of the degradation under a recipe."""
    english = language_name(results.baseline_language)
    if seen < 0:
        return f"the calibration error is smaller than in {english}, by {numbers}"
    if seen == 0:
        return f"no degradation could be seen {numbers}"
    if base is not None and direction_seen(base) > 0:
        return f"the degradation persists, at {numbers}"
    return f"calibration degrades, by {numbers} against {english}"


def _comparison(results: Results, effects: list[Estimate], state: int, numbers: str) -> str:
    """Return what is said of effects that agree in their verdict."""
    base, seen = results.baseline_recipe, direction_seen(effects[0])
    if seen == 0:
        beyond = _would_have_been(results, effects)
        margin = _within_margin(results, effects)
        return f"and no difference from {base} could be seen ({numbers}; {beyond}{margin})"
    link = "but" if (state > 0) == (seen < 0) else "and"
    what = "it" if state > 0 else "the degradation"
    if effects[0].seed_variance == "one seed":
        what = f"in these very models {what}"
    return f"{link} {what} is {'larger' if seen > 0 else 'smaller'} than under {base} ({numbers})"


def _would_have_been(results: Results, unseen: list[Estimate]) -> str:
    known = [e.detectable for e in unseen if e.detectable is not None]
    if not known:
        return "how large a difference would have been seen is not known"
    studies = "studies"
    if any(e.seed_variance == "one seed" for e in unseen):
        studies = "test sets for these models"
    return (
        f"differences beyond {metric_number(max(known), METRIC)} would have been seen in four of "
        f"five such {studies}"
    )


def _within_margin(results: Results, unseen: list[Estimate]) -> str:
    """Return the verdict against the margin, if there is one."""
    margin = results.settings.get("margin")
    verdicts = {e.verdict for e in unseen}
    if margin is None or len(verdicts) != 1:
        return ""
    words = {
        "within": "; smaller than",
        "beyond": "; larger than",
        "inconclusive": "; it cannot be told whether smaller than",
    }
    (verdict,) = verdicts
    return f"{words[str(verdict)]} the margin of {metric_number(float(margin), METRIC)} points"


def _span(rows: list[Estimate], *, signed: bool) -> str:
    """Return the range of several values, and of their intervals."""
    low, high, lowest, highest = (
        metric_number(value, METRIC, signed=signed)
        for value in (
            min(e.value for e in rows),
            max(e.value for e in rows),
            min(e.low for e in rows),
            max(e.high for e in rows),
        )
    )
    inside = f"intervals within {lowest} to {highest}"
    return f"{low} to {high} points, {inside}" if signed else f"{low} to {high} points ({inside})"


def _negative(estimate: Estimate) -> Estimate:
    return replace(estimate, value=-estimate.value, low=-estimate.high, high=-estimate.low)


def _counted(results: Results) -> list[str]:
    """Return the clauses where there is no group to speak of: how many languages show what."""
    english, base = language_name(results.baseline_language), results.baseline_recipe
    clauses: list[str] = []
    for recipe in recipes_with_results(results):
        rows = results.find(quantity="degradation", recipe=recipe, scaling="none", metric=METRIC)
        worse = sum(direction_seen(e) > 0 for e in rows)
        clause = f"under {recipe}, in {worse} of {len(rows)} languages"
        if not clauses:
            largest = max(rows, key=lambda e: e.value)
            clause = (
                f"calibration is visibly worse than in {english} {clause} (most in "
                f"{language_name(largest.language)}: "
                f"{metric_number(largest.value, METRIC, signed=True)} percentage points of "
                f"calibration error, {level_percent(results)} interval {interval(largest)})"
            )
        effects = results.find(quantity="effect", recipe=recipe, scaling="none", metric=METRIC)
        if effects:
            seen = [direction_seen(e) for e in effects]
            clause += (
                f", and the degradation is smaller than under {base} in {seen.count(-1)}, larger "
                f"in {seen.count(1)}, not visibly different in {seen.count(0)}"
            )
        clauses.append(clause)
    return clauses
