"""The answer in one sentence, worded by what the intervals allow."""

from __future__ import annotations

from crosscal.analysis import Estimate, Results
from crosscal.languages import LANGUAGES
from crosscal.report.numbers import (
    direction_seen,
    interval,
    level_percent,
    metric_number,
    visible_from,
)

METRIC = "ece_debiased"
"""What degradation is stated in: the one calibration error whose value is not inflated by
noise, and so may be compared between languages and recipes."""

RICH = "morphologically rich"


def answer(results: Results) -> str:
    """Say whether degradation is there, whether it persists under each recipe, and its size.

    Of the group of morphologically rich languages; without it of the first group; without
    groups of the only language, or how many languages show what. Every statement follows from
    an interval: one that holds zero yields "could not be seen" and how large a difference
    would have been seen.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        One sentence of plain text.
    """
    base = results.baseline_recipe
    if not results.find(quantity="level"):
        return "There is no answer: every run collapsed, so nothing was learnt that could be wrong."
    if not results.find(quantity="degradation", metric=METRIC):
        only = language_name(results.baseline_language)
        return f"There is no answer: only {only} was evaluated, so nothing can be compared with it."
    subject = headline_subject(results)
    parts = _counted(results) if subject is None else _measured(results, subject)
    if not _recipes_with_results(results, other_than=base):
        parts.append(
            "no other recipe has results, so whether a recipe changes this remains open"
            if base in _recipes_with_results(results)
            else f"no recipe but {base} was run"
        )
    elif base not in _recipes_with_results(results):
        parts.append(f"{base} has no results, so the effect of the recipes cannot be told")
    return _sentence(parts)


def headline_subject(results: Results) -> str | None:
    """Return the group or language the answer is about, or None if it must count languages."""
    found = results.find(quantity="degradation", metric=METRIC, scaling="none")
    groups = list(dict.fromkeys(e.language for e in found if e.is_group))
    if groups:
        return RICH if RICH in groups else groups[0]
    languages = list(dict.fromkeys(e.language for e in found))
    return languages[0] if len(languages) == 1 else None


def language_name(code: str) -> str:
    """Return a language's English name, or the code if it is unknown."""
    return LANGUAGES[code].name if code in LANGUAGES else code


def group_phrase(name: str) -> str:
    """Return how a sentence speaks of a group."""
    if name == RICH:
        return "the morphologically rich languages"
    return "the other languages" if name == "others" else f"the group \u201c{name}\u201d"


def one(results: Results, quantity: str, recipe: str, language: str, **more: str) -> Estimate | None:
    """Return the estimate with this description, or None if it was not computed."""
    wanted = {"scaling": "none", "metric": METRIC, **more}
    found = results.find(quantity=quantity, recipe=recipe, language=language, **wanted)
    return found[0] if found else None


def _recipes_with_results(results: Results, other_than: str | None = None) -> list[str]:
    present = {e.recipe for e in results.estimates}
    return [r for r in results.recipes if r in present and r != other_than]


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _measured(results: Results, subject: str) -> list[str]:
    """Return the clauses about one group or language."""
    is_group = subject in results.groups
    where = group_phrase(subject) if is_group else language_name(subject)
    ordered = _recipes_with_results(results)
    base = one(results, "degradation", results.baseline_recipe, subject)
    clauses = []
    if base is not None:
        ordered = [r for r in ordered if r != results.baseline_recipe]
        clauses.append(f"in {where}, {_baseline_clause(results, base)}")
    for recipe in ordered:
        degradation = one(results, "degradation", recipe, subject)
        if degradation is not None:
            effect = one(results, "effect", recipe, subject)
            clause = _recipe_clause(results, degradation, effect, base)
            # The first clause says whom all the others are about.
            clauses.append(clause if clauses else f"in {where}, {clause}")
    return clauses


def _baseline_clause(results: Results, base: Estimate) -> str:
    size = metric_number(abs(base.value), METRIC)
    english = language_name(results.baseline_language)
    bounds = f"{level_percent(results)} interval {interval(base)}"
    under = f"under {base.recipe}"
    seen = direction_seen(base)
    if seen > 0:
        return (
            f"calibration degrades {under}, by {size} percentage points of calibration error "
            f"against {english} ({bounds})"
        )
    if seen < 0:
        return (
            f"calibration is better than in {english} {under}, by {size} percentage points of "
            f"calibration error ({level_percent(results)} interval of the difference "
            f"{interval(base)})"
        )
    floor = metric_number(visible_from(base, results), METRIC)
    return (
        f"no degradation of calibration against {english} could be seen {under} "
        f"({metric_number(base.value, METRIC, signed=True)} percentage points of calibration "
        f"error, {level_percent(results)} interval {interval(base, signed=True)}; differences "
        f"beyond {floor} would have been seen in four of five such studies)"
    )


def _recipe_clause(
    results: Results, found: Estimate, effect: Estimate | None, base: Estimate | None
) -> str:
    size = metric_number(abs(found.value), METRIC)
    english = language_name(results.baseline_language)
    seen = direction_seen(found)
    if seen > 0 and base is not None and direction_seen(base) > 0:
        state = f"the degradation persists, at {size} points ({interval(found)})"
    elif seen > 0:
        state = f"calibration degrades, by {size} points against {english} ({interval(found)})"
    elif seen < 0:
        state = (
            f"calibration is better than in {english}, by {size} points (interval of the "
            f"difference {interval(found)})"
        )
    else:
        state = (
            f"no degradation could be seen ({metric_number(found.value, METRIC, signed=True)} "
            f"points, {interval(found, signed=True)})"
        )
    clause = f"under {found.recipe}, {state}"
    return clause if effect is None else f"{clause}, {_effect_clause(results, effect, seen)}"


def _effect_clause(results: Results, effect: Estimate, degradation_seen: int) -> str:
    base = results.baseline_recipe
    change = (
        f"({metric_number(effect.value, METRIC, signed=True)} points, {interval(effect, signed=True)}"
    )
    seen = direction_seen(effect)
    if seen == 0:
        floor = metric_number(visible_from(effect, results), METRIC)
        return (
            f"and no difference from {base} could be seen {change}; differences beyond {floor} "
            f"would have been seen in four of five such studies)"
        )
    link = "but" if (degradation_seen > 0) == (seen < 0) else "and"
    return f"{link} it is {'larger' if seen > 0 else 'smaller'} than under {base} {change})"


def _counted(results: Results) -> list[str]:
    """Return the clauses where there is no group to speak of: how many languages show what."""
    english, clauses = language_name(results.baseline_language), []
    for recipe in _recipes_with_results(results):
        rows = results.find(quantity="degradation", recipe=recipe, scaling="none", metric=METRIC)
        if not rows:
            continue
        worse = [e for e in rows if direction_seen(e) > 0]
        clause = (
            f"under {recipe}, calibration is visibly worse than in {english} in {len(worse)} of "
            f"{len(rows)} languages"
        )
        largest = max(rows, key=lambda e: e.value)
        if worse:
            clause += (
                f" (most in {language_name(largest.language)}: "
                f"{metric_number(largest.value, METRIC, signed=True)} percentage points of "
                f"calibration error, {level_percent(results)} interval {interval(largest)})"
            )
        effects = results.find(quantity="effect", recipe=recipe, scaling="none", metric=METRIC)
        if effects:
            seen = [direction_seen(e) for e in effects]
            clause += (
                f", and the degradation is smaller than under {results.baseline_recipe} in "
                f"{seen.count(-1)}, larger in {seen.count(1)}, not visibly different in "
                f"{seen.count(0)}"
            )
        clauses.append(clause)
    return clauses


def caution(results: Results) -> str:
    """Return a line of caution where fewer than three seeds stand behind a number, else ''."""
    counts = [e.seeds for e in results.estimates]
    if not counts or min(counts) >= 3:
        return ""
    fewest = min(counts)
    if fewest == 1:
        return (
            "Some of these numbers rest on one seed: their intervals show what other test items "
            "would change, and nothing of what training again would change. Take them as a "
            "description of these models, not of the recipes."
        )
    return (
        "Some of these numbers rest on two seeds: the part of their intervals that stands for "
        "training again is learnt from two runs and is too short about half of the time. Run "
        "three seeds or more before relying on a difference between recipes."
    )
