"""In which order languages stand, in every figure and table alike."""

from __future__ import annotations

from dataclasses import dataclass

from crosscal.analysis import Results
from crosscal.report.findings import RICH, one

UNGROUPED = "not grouped"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Languages that stand together.

    Attributes
    ----------
    group : str or None
        Name of the group in the results; None where there is no mean over them.
    heading : str
        "" where nothing needs to be said.
    languages : tuple of str
    """

    group: str | None
    heading: str
    languages: tuple[str, ...]


def blocks(results: Results) -> list[Block]:
    """Return the languages other than the baseline, by group, most degraded first.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of Block
        The morphologically rich first, then the groups in their order, then what is in none.
        Within a group by degradation under the baseline recipe (or the first one there is).
    """
    others = [c for c in results.languages if c != results.baseline_language]
    names = sorted(results.groups, key=lambda name: name != RICH)
    found, placed = [], set()
    for name in names:
        members = [c for c in others if c in results.groups[name]]
        if members:
            heading = name[:1].upper() + name[1:]
            found.append(Block(group=name, heading=heading, languages=_sorted(results, members)))
            placed.update(members)
    left = [c for c in others if c not in placed]
    if left:
        heading = UNGROUPED.capitalize() if found else ""
        found.append(Block(group=None, heading=heading, languages=_sorted(results, left)))
    return found


def language_order(results: Results) -> list[str]:
    """Return all languages once: the baseline, then those of `blocks`."""
    first = [c for c in results.languages if c == results.baseline_language]
    rest = [code for block in blocks(results) for code in block.languages]
    return list(dict.fromkeys(first + rest))


def _sorted(results: Results, codes: list[str]) -> tuple[str, ...]:
    recipes = [results.baseline_recipe, *results.recipes]

    def degradation(code: str) -> float:
        found = (one(results, "degradation", recipe, code) for recipe in recipes)
        return next((e.value for e in found if e is not None), 0.0)

    return tuple(sorted(codes, key=lambda code: (-degradation(code), code)))
