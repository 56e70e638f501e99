"""Print the tables of docs/regimes.md from the results of a study that compares regimes.

    python benchmarks/regime_tables.py results/xnli-regimes/recalibration.json

For each recipe, of each regime: the gain in NLL (thousandths of a nat) over no recalibration and
over the English fit, and the debiased ECE, in the two groups of languages, with intervals. Then,
by language, what the findings below the tables rest on. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.languages import LANGUAGES

GROUPS = ("morphologically rich", "others")
BEFORE = {"none": "over none", "english": "over English"}


def number(value: float, digits: int, *, sign: bool = False) -> str:
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+" if sign else "") + text


def gain(found) -> str:
    """Format a gain with its interval, in thousandths."""
    if found is None:
        return ""
    value, low, high = (
        number(1000 * x, 1, sign=True) for x in (found.value, found.low, found.high)
    )
    return f"{value} ({low} to {high})"


def error(found) -> str:
    value, low, high = (number(100 * x, 1) for x in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def one(results, place: str, **which):
    """Return the estimate in a place, or None."""
    rows = results.find(language=place, is_group=place in GROUPS, **which)
    return rows[0] if rows else None


def table(results, recipe: str) -> list[str]:
    kinds = [f"gain {text}" for text in BEFORE.values()] + ["ECE, %"]
    head = ["regime", *(f"{place}: {kind}" for place in GROUPS for kind in kinds)]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for regime, k in dict.fromkeys((e.regime, e.k) for e in results.estimates):
        if k == 0:
            continue
        cells = [regime if k is None else f"{regime}, k = {k:,}"]
        which = {"recipe": recipe, "regime": regime, "k": k}
        for place in GROUPS:
            for before in BEFORE:
                found = one(results, place, quantity="gain", metric="nll", before=before, **which)
                cells.append(gain(found))
            cells.append(
                error(one(results, place, quantity="level", metric="ece_debiased", **which))
            )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def fits(results, recipe: str, regime: str, **which) -> list[dict]:
    wanted = {"recipe": recipe, "regime": regime, **which}
    return [fit for fit in results.fits if all(fit[key] == value for key, value in wanted.items())]


def levels(results, recipe: str) -> list[str]:
    """Say how large NLL and noise floor are without recalibration."""
    lines = []
    for place in (*GROUPS, "en"):
        which = {"recipe": recipe, "regime": "none", "quantity": "level"}
        nll, ece, gap = (one(results, place, metric=m, **which) for m in ("nll", "ece", "gap"))
        lines.append(
            f"- {place}: NLL {number(nll.value, 3)} ({number(nll.low, 3)} to "
            f"{number(nll.high, 3)}), ECE {error(ece)}, floor {number(100 * ece.noise_floor, 1)}, "
            f"gap {error(gap)}"
        )
    return lines


def temperatures(results, recipe: str) -> list[str]:
    """Print fitted temperatures, their laws and what they go with."""
    own = {fit["language"]: fit["temperature"] for fit in fits(results, recipe, "oracle")}
    english = fits(results, recipe, "english")[0]["temperature"]
    others = [code for code in own if code != "en"]
    logs = np.log([own[code] for code in others])
    lines = [
        f"- English rows: {english:.3f}; own: "
        + ", ".join(f"{code} {value:.2f}" for code, value in own.items())
    ]
    for name, feature in (
        ("syntax", lambda code: LANGUAGES[code].syntax_distance),
        ("pretraining", lambda code: np.log(LANGUAGES[code].pretraining_gib)),
    ):
        values = [feature(code) for code in others]
        errors = [
            one(
                results, code, recipe=recipe, regime="none", quantity="level", metric="ece_debiased"
            ).value
            for code in others
        ]
        for what, numbers in (("log T", logs), ("debiased ECE", errors)):
            rank = spearmanr(numbers, values)
            lines.append(f"- {what} with {name}: {rank.statistic:.2f}, p = {rank.pvalue:.3f}")
    laws = {
        law["language"]: law
        for law in results.laws
        if law["recipe"] == recipe and law["language"] != "en"
    }
    truth = np.log([law["oracle"] for law in laws.values()])
    rest = (truth.sum() + np.log(own["en"]) - truth) / len(truth)
    for name, guess in (
        ("predicted", np.log([law["temperature"] for law in laws.values()])),
        ("mean of the other languages", rest),
        ("English", np.log(english)),
    ):
        lines.append(f"- off log T by {name}: {np.sqrt(np.mean((guess - truth) ** 2)):.3f}")
    freedom = [law["freedom"] for law in laws.values()]
    lines.append(f"- degrees of freedom of the laws: {min(freedom):.1f} to {max(freedom):.1f}")
    return lines


def seen(results, recipe: str) -> list[str]:
    """Name the languages where a gain is seen, and where it is after Holm."""
    lines = []
    pairs = dict.fromkeys(
        (e.regime, e.k, e.before)
        for e in results.find(recipe=recipe, quantity="gain", metric="nll", is_group=False)
    )
    for regime, k, before in pairs:
        rows = results.find(
            recipe=recipe,
            quantity="gain",
            metric="nll",
            is_group=False,
            regime=regime,
            k=k,
            before=before,
        )
        better = [f"{e.language}{'*' * (e.p_holm < 0.05)} {gain(e)}" for e in rows if e.low > 0]
        worse = [f"{e.language}{'*' * (e.p_holm < 0.05)} {gain(e)}" for e in rows if e.high < 0]
        named = regime if k is None else f"{regime}, k = {k:,}"
        lines.append(
            f"- {named} {BEFORE[before]}: better {'; '.join(better) or 'none'}. "
            f"Worse {'; '.join(worse) or 'none'}."
        )
    return lines


def swahili(results, recipe: str) -> list[str]:
    """Print what single fits do to the debiased ECE of one language."""
    lines = []
    for regime in ("none", "english", "oracle"):
        which = {"recipe": recipe, "regime": regime, "metric": "ece_debiased"}
        lines.append(f"- {regime}: {error(one(results, 'sw', quantity='level', **which))}")
        for before, named in BEFORE.items():
            found = one(results, "sw", quantity="gain", before=before, **which)
            if found is not None:
                lines.append(f"  - gain {named}: {error(found)}")
    for fit in fits(results, recipe, "few-shot", language="sw"):
        low, high = fit["temperature_low"], fit["temperature_high"]
        lines.append(
            f"- T of {fit['k']}: {fit['temperature']:.2f} ({low:.2f} to {high:.2f}), "
            f"{fit['unconverged']:.1%} without an optimum"
        )
    return lines


def section(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, "", *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    results = RegimeResults.from_json(parser.parse_args().results.read_text(encoding="utf-8"))
    for recipe in results.recipes:
        print(section(f"### Recipe `{recipe}`", table(results, recipe)))
        print(section("Without recalibration", levels(results, recipe)))
        print(section("Temperatures", temperatures(results, recipe)))
        print(section("Seen by language (* after Holm)", seen(results, recipe)))
        print(section("Swahili", swahili(results, recipe)))


if __name__ == "__main__":
    main()
