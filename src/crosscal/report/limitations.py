"""What could not be concluded, found from the results themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosscal.analysis import Estimate, Results
from crosscal.analysis.results import METRIC, PARTS
from crosscal.report.findings import RICH, group_phrase, language_name, unmatched_runs
from crosscal.report.numbers import (
    direction_seen,
    interval,
    level_percent,
    metric_number,
)

FEW_CLUSTERS, FEW_SEEDS = 300, 5


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that stays open."""

    heading: str
    words: str
    items: tuple[str, ...] = ()  # the cases, if they are to be named one by one


def limits(results: Results) -> list[Limit]:
    """List what the results do not show, most important first; what does not apply is left out."""
    found = [
        _collapsed(results),
        _seeds(results),
        _signs(results),
        _open(results, "effect"),
        _open(results, "degradation"),
        _size(results),
        _accuracy(results),
        _morphology(results),
        _many(results),
        _temperature(results),
    ]
    return [limit for limit in found if limit is not None]


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
        "Some of these numbers rest on two seeds: how far training again would change them is "
        "learnt from two runs, which makes their intervals wide. Each further seed narrows them."
    )


def _collapsed(results: Results) -> Limit | None:
    if not results.collapsed:
        return None
    return Limit(
        heading="Collapsed runs",
        words=(
            "These runs learnt nothing and are in no average. What is said of their recipes "
            "holds for the runs that learnt something, which is a selection."
        ),
        items=(
            *(f"{r['recipe']}, seed {r['seed']}: {r['reason']}" for r in results.collapsed),
            *_collapse_rates(results),
        ),
    )


def _collapse_rates(results: Results) -> list[str]:
    """Say how often each recipe collapsed, and whether that differs from the baseline recipe."""
    from scipy.stats import fisher_exact  # takes a second to import

    base = results.collapse_rates.get(results.baseline_recipe)
    rates = []
    for recipe, (collapsed, runs) in results.collapse_rates.items():
        words = f"{recipe}: {collapsed} of {runs} runs collapsed"
        if base is not None and recipe != results.baseline_recipe:
            table = [[collapsed, runs - collapsed], [base[0], base[1] - base[0]]]
            words += f" (against {results.baseline_recipe}, p = {fisher_exact(table).pvalue:.2g})"
        rates.append(f"{words}.")
    return rates


def _signs(results: Results) -> Limit | None:
    """Name the languages whose error has the other direction than that in English."""
    items = []
    for recipe in results.recipes:
        english = results.get("level", recipe, results.baseline_language, metric="gap")
        if english is None or not direction_seen(english):
            continue
        opposed = [
            language_name(code)
            for code in results.languages
            if (gap := results.get("level", recipe, code, metric="gap", is_group=False))
            and direction_seen(gap) == -direction_seen(english)
        ]
        if opposed:
            side = "overconfident" if direction_seen(english) > 0 else "underconfident"
            name = language_name(results.baseline_language)
            items.append(f"{recipe}: {side} in {name}, the other way in {', '.join(opposed)}.")
    if not items:
        return None
    return Limit(
        heading="Errors of opposed direction",
        words=(
            "The calibration error has no sign. Where confidence is too low in one language and "
            "too high in another, the two errors may be equal and their difference zero, although "
            "confidence shifted against accuracy. The signed gap shows that."
        ),
        items=tuple(items),
    )


def _seeds(results: Results) -> Limit | None:
    counts = {e.recipe: e.seeds for e in results.estimates if e.quantity == "level"}
    few = {recipe: n for recipe, n in counts.items() if n < FEW_SEEDS}
    if not few:
        return None
    listed = ", ".join(f"{recipe} {n}" for recipe, n in few.items())
    return Limit(
        heading="Few seeds",
        words=(
            f"Runs behind each number: {listed}. With one seed the intervals hold nothing of "
            "what training again would change, and a difference between recipes may be one "
            "between runs. With two to four they hold it, learnt from the seeds of all recipes "
            "together unless one is far more unstable than the others, and degradations are "
            "wide, because so few runs say little about how runs differ."
        ),
    )


def _open(results: Results, quantity: str) -> Limit | None:
    rows = results.find(quantity=quantity, metric=METRIC, scaling="none")
    unseen = [e for e in rows if direction_seen(e) == 0]
    if not unseen:
        return None
    what = "effect" if quantity == "effect" else "degradation"
    items = []
    for recipe in dict.fromkeys(e.recipe for e in unseen):
        own = [e for e in unseen if e.recipe == recipe]
        total = sum(e.recipe == recipe for e in rows)
        smallest, largest = (
            metric_number(f(e.detectable or 0.0 for e in own), METRIC) for f in (min, max)
        )
        span = smallest if smallest == largest else f"{smallest} to {largest}"
        names = ", ".join(_name(e) for e in own)
        items.append(
            f"{recipe}, {len(own)} of {total}: {names}. Visible would have been {span} points or "
            "more."
        )
    return Limit(
        heading=f"No visible {what} does not mean no {what}",
        words=(
            f"The {level_percent(results)} interval of the {what} holds zero in the cases below. "
            "\u201cVisible\u201d is the true size that an interval would leave zero out for in "
            "four of five such studies, with one seed: of the same models on other items."
        ),
        items=tuple(items),
    )


def _name(estimate: Estimate) -> str:
    if estimate.is_group:
        return f"the mean of \u201c{estimate.language}\u201d"
    return language_name(estimate.language)


def _size(results: Results) -> Limit | None:
    levels = [
        e for e in results.find(quantity="level", metric="ece", scaling="none") if not e.is_group
    ]
    if not levels:
        return None
    n, clusters = min(e.n for e in levels), min(e.clusters for e in levels)
    hidden = [e for e in levels if e.p_value is not None and e.p_value > 0.05]
    words = f"{n:,} items a language, in {clusters:,} independent clusters. "
    if clusters < FEW_CLUSTERS:
        words += "That is a small set: good for trying a study out, too small to settle one. "
    if hidden:
        words += (
            f"In {len(hidden)} of {len(levels)} pairs of language and recipe the calibration error "
            "is no larger than perfectly calibrated confidences would show by chance (p > 0.05)."
        )
    elif clusters >= FEW_CLUSTERS:
        return None
    items = []
    for recipe in dict.fromkeys(e.recipe for e in hidden):
        names = ", ".join(language_name(e.language) for e in hidden if e.recipe == recipe)
        items.append(f"{recipe}: {names}")
    return Limit(heading="Sample size", words=words.strip(), items=tuple(items))


def _accuracy(results: Results) -> Limit | None:
    items = []
    for recipe in results.recipes:
        pairs = [
            (a.value, e.value)
            for code in results.languages
            if (a := results.get("level", recipe, code, metric="accuracy")) is not None
            and (e := results.get("level", recipe, code)) is not None
        ]
        if len(pairs) >= 4:
            rho = rank_correlation([a for a, _ in pairs], [e for _, e in pairs])
            rho_words = f"{rho:+.2f}".replace("-", "\N{MINUS SIGN}")
            items.append(
                f"{recipe}: rank correlation of accuracy and calibration error over "
                f"{len(pairs)} languages {rho_words} (a description of these, without interval)."
            )
    for e in results.find(quantity="effect", metric="accuracy", scaling="none"):
        if e.is_group and e.language == RICH:
            items.append(
                f"{e.recipe} changes the accuracy of {group_phrase(RICH)} relative to "
                f"{language_name(results.baseline_language)} by "
                f"{metric_number(e.value, 'accuracy', signed=True)} points "
                f"({interval(e, signed=True)})."
            )
    unmatched = unmatched_runs(results)
    separated = results.find(metric=PARTS[METRIC][1])
    if not items and not unmatched and not separated:
        return None
    if separated:
        return Limit(
            heading="Accuracy and calibration are separated by an assumption",
            words=(
                "What lower accuracy explains of a degradation was computed as if right and wrong "
                f"answers stayed as confident as in {language_name(results.baseline_language)}. A "
                "model may also lower its confidence as it errs more, or keep it; what is beyond "
                "shows which, but not why."
            ),
            items=tuple(items),
        )
    return Limit(
        heading="Accuracy and calibration are not separated",
        words=(
            "A model that is equally sure everywhere is further off where it is wrong more often. "
            "A larger calibration error in a language may be no more than its lower accuracy, "
            "and a recipe may change calibration only by changing accuracy."
            + (f" {unmatched}" if unmatched else "")
        ),
        items=tuple(items),
    )


def rank_correlation(first: list[float], second: list[float]) -> float:
    """Return Spearman's rank correlation; ties share their mean rank; 0 if either is constant."""
    a, b = _ranks(first), _ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def _ranks(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def _morphology(results: Results) -> Limit | None:
    members = [c for c in results.groups.get(RICH, ()) if c in results.languages]
    if not members:
        return None
    return Limit(
        heading="Morphology is not alone",
        words=(
            f"The {len(members)} languages called morphologically rich here are those whose "
            "translations of the same text have many distinct words (or those the study names). "
            "They also differ from the others in the amount of pretraining text, in script and "
            "in kinship. That the groups differ does not show that morphology is why, and the "
            "intervals hold for these languages, not for languages at large."
        ),
    )


def _many(results: Results) -> Limit | None:
    rows = [
        e
        for quantity in ("degradation", "effect")
        for e in results.find(quantity=quantity, metric=METRIC, scaling="none")
        if not e.is_group
    ]
    level = float(results.settings.get("level", 0.95))
    if len(rows) < 10:
        return None
    return Limit(
        heading="Many comparisons",
        words=(
            f"{len(rows)} intervals of single languages stand side by side, not corrected for "
            f"their number. If nothing differed anywhere, up to {(1 - level) * len(rows):.0f} of "
            "them would leave zero out nevertheless. The answer above is about a group for this "
            "reason."
        ),
    )


def _temperature(results: Results) -> Limit | None:
    failed = [t for t in results.temperatures if not t.get("converged", True)]
    if not failed:
        return None
    return Limit(
        heading="Temperatures without an optimum",
        words=(
            "For these runs no finite temperature is best on the English development data; their "
            "numbers after scaling mean little."
        ),
        items=tuple(f"{t['recipe']}, seed {t['seed']}" for t in failed),
    )
