"""What the results are about, and the words for languages and groups."""

from __future__ import annotations

from crosscal.analysis import Results
from crosscal.analysis.results import METRIC
from crosscal.languages import find_language

RICH = "morphologically rich"


def recipes_with_results(results: Results) -> list[str]:
    """Return the recipes of which not every run collapsed, in their order."""
    present = {e.recipe for e in results.estimates}
    return [r for r in results.recipes if r in present]


def headline_subject(results: Results) -> str | None:
    """Return the group or language the answer is about, or None if it must count languages."""
    found = results.find(quantity="degradation", metric=METRIC, scaling="none")
    groups = list(dict.fromkeys(e.language for e in found if e.is_group))
    if groups:
        return RICH if RICH in groups else groups[0]
    languages = list(dict.fromkeys(e.language for e in found))
    return languages[0] if len(languages) == 1 else None


def contrasts_of(results: Results, group: str) -> list[str]:
    """Return the names of the contrasts between a group and others."""
    rows = results.find(quantity="degradation contrast", metric=METRIC, scaling="none")
    names = dict.fromkeys(e.language for e in rows)
    return [name for name in names if name.startswith(f"{group} minus ")]


def unmatched_runs(results: Results) -> str:
    """Say because of which degradations are not taken apart, or '' if nothing stood against it."""
    runs = [f"{r['recipe']}, seed {r['seed']}" for r in results.settings.get("unmatched", ())]
    if not runs:
        return ""
    return (
        "What lower accuracy explains cannot be told: every answer in "
        f"{language_name(results.baseline_language)} is right, or every one wrong, in "
        f"{'; '.join(runs)}."
    )


def language_name(code: str) -> str:
    """Return a language's English name, or the code if it is unknown."""
    entry = find_language(code)
    return entry.name if entry else code


def group_phrase(name: str) -> str:
    """Return how a sentence speaks of a group."""
    if name == RICH:
        return "the morphologically rich languages"
    return "the other languages" if name == "others" else f"the group \u201c{name}\u201d"
