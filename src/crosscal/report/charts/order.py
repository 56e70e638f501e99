"""In which order languages stand, in every figure and table alike."""

from __future__ import annotations

from dataclasses import dataclass

from crosscal.analysis import Results
from crosscal.report.findings import RICH

UNGROUPED = "not grouped"


@dataclass(frozen=True, kw_only=True)
class LanguageBlock:
    """Languages that stand together; `group` is None where there is no mean over them."""

    group: str | None
    heading: str
    languages: tuple[str, ...]


def blocks(results: Results) -> list[LanguageBlock]:
    """Return the languages other than the baseline, by group, most degraded first."""
    # The morphologically rich come first, what is in no group last.
    others = [c for c in results.languages if c != results.baseline_language]
    names = sorted(results.groups, key=lambda name: name != RICH)
    blocks, placed = [], set()
    for name in names:
        members = [c for c in others if c in results.groups[name]]
        if members:
            heading = name[:1].upper() + name[1:]
            languages = _most_degraded_first(results, members)
            blocks.append(LanguageBlock(group=name, heading=heading, languages=languages))
            placed.update(members)
    ungrouped = [c for c in others if c not in placed]
    if ungrouped:
        heading = UNGROUPED.capitalize() if blocks else ""
        languages = _most_degraded_first(results, ungrouped)
        blocks.append(LanguageBlock(group=None, heading=heading, languages=languages))
    return blocks


def language_order(results: Results) -> list[str]:
    """Return all languages once: the baseline, then those of `blocks`."""
    first = [c for c in results.languages if c == results.baseline_language]
    rest = [code for block in blocks(results) for code in block.languages]
    return list(dict.fromkeys(first + rest))


def _most_degraded_first(results: Results, codes: list[str]) -> tuple[str, ...]:
    recipes = [results.baseline_recipe, *results.recipes]

    def degradation(code: str) -> float:
        estimates = (results.get("degradation", recipe, code) for recipe in recipes)
        return next((e.value for e in estimates if e is not None), 0.0)

    return tuple(sorted(codes, key=lambda code: (-degradation(code), code)))
