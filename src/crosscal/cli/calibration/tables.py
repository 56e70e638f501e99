"""An evaluation in the terminal: aligned tables and a few sentences.

Tables fit 80 columns. Numbers are never broken; what names a row is, over lines, where it must.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.calibration.evaluation.results import AcceptedRows, Evaluation, NeededThreshold
from crosscal.cli.screen import ANY_WIDTH, open_console, say, show, visible_table
from crosscal.report.evaluation_page import p_value, percent, plain
from crosscal.report.evaluation_words import main_error, sentences
from crosscal.report.fitted_parameters import fitted_parameters

# Groups with long names are folded to this, before columns of numbers follow below.
_SHORTEST = 8
# From here on there is room for one more column.
_WIDE = 100
# Numbers of a long parameter that are shown, and groups whose thresholds are.
_MOST_NUMBERS, _MOST_GROUPS = 8, 8


def print_evaluation(evaluation: Evaluation) -> None:
    """Print groups, differences, recalibration and thresholds, and what they mean."""
    console = _console()
    _groups(console, evaluation)
    _votes(console, evaluation)
    if evaluation.differences:
        _differences(console, evaluation)
    for name in dict.fromkeys(r.recalibrator for r in evaluation.recalibration):
        _recalibration(console, evaluation, name)
        _fits(console, evaluation, name)
    if len(evaluation.groups) <= _MOST_GROUPS:
        _thresholds(console, evaluation.accepted, evaluation.needed)
    elif evaluation.accepted or evaluation.needed:
        say("Thresholds of so many groups are in --report and --json.", console)
    notes = [f"{r.recalibrator}: {r.note}" for r in evaluation.recalibration if r.note]
    for note in dict.fromkeys(notes):
        say(f"{note}.", console)
    for sentence in sentences(evaluation):
        say(sentence, console)


def print_groups(evaluation: Evaluation) -> None:
    """Print the table of groups alone."""
    _groups(_console(), evaluation)


def _console() -> Console:
    return open_console(elsewhere=ANY_WIDTH)


def _print(
    console: Console, title: str, columns: Iterable[str], rows: Iterable[Iterable[str]], words: int
) -> None:
    """Print a table whose first columns are words, which may be folded, and the others numbers."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        is_text = index < words
        table.add_column(
            Text(column),
            justify="left" if is_text else "right",
            no_wrap=not is_text,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    say(title, console)
    show(table, console, shortest=_SHORTEST)


def _groups(console: Console, evaluation: Evaluation) -> None:
    name = main_error(evaluation)
    level = f"{100 * float(evaluation.settings['level']):g} %"
    wide = console.width >= _WIDE
    weighted = "weights" in evaluation.settings
    rows = []
    for group, result in evaluation.groups.items():
        error, means = result.errors[name], result.means
        rows.append(
            [
                group,
                f"{result.n:,}",
                *([f"{result.effective:,.1f}"] if weighted else []),
                percent(means["accuracy"]),
                percent(means["confidence"]),
                plain(means["nll"]),
                *([plain(means["brier"])] if wide else []),
                percent(error.value),
                interval(error.low, error.high),
                percent(error.noise_floor),
                p_value(error.p_value),
            ]
        )
    columns = [
        *("group", "rows"),
        *(["effective"] if weighted else []),
        *("accuracy", "confidence", "NLL"),
        *(["Brier"] if wide else []),
        *(name, "interval", "floor", "p"),
    ]
    effective = "; effective: worth so many rows of equal weight" if weighted else ""
    _print(
        console,
        f"Calibration (per cent; NLL in nats; {level} interval; noise floor{effective})",
        columns,
        rows,
        1,
    )


def _votes(console: Console, evaluation: Evaluation) -> None:
    rows = []
    for group, result in evaluation.groups.items():
        distance, entropy = (
            result.human.get(name) for name in ("human_distance", "entropy_calibration_debiased")
        )
        if distance is None:
            continue
        nll, ranking = (result.human.get(name) for name in ("human_nll", "human_ranking"))
        rows.append(
            [
                group,
                percent(distance.value),
                interval(distance.low, distance.high),
                percent(distance.noise_floor),
                plain(nll.value if nll else None),
                percent(ranking.value if ranking else None),
                plain(entropy.value if entropy else None, signed=True),
                "–"
                if entropy is None or entropy.low is None
                else f"{plain(entropy.low, signed=True)} to {plain(entropy.high, signed=True)}",
                plain(entropy.noise_floor if entropy else None),
            ]
        )
    if rows:
        _print(
            console,
            "Against the votes of annotators (distance: total variation, per cent; NLL of a vote, "
            "nats; same ranking, per cent; predicted entropy less that of the annotators, nats)",
            (
                "group",
                "distance",
                "interval",
                "floor",
                "NLL",
                "ranked",
                "entropy",
                "interval",
                "floor",
            ),
            rows,
            1,
        )


def _differences(console: Console, evaluation: Evaluation) -> None:
    name, baseline = main_error(evaluation), evaluation.settings["baseline"]
    others = {(d.group, d.measure): d for d in evaluation.differences}
    rows = []
    for d in evaluation.differences:
        if d.measure == name:
            accuracy, nll = (others.get((d.group, m)) for m in ("accuracy", "nll"))
            rows.append(
                [
                    d.group,
                    percent(d.value, signed=True),
                    interval(d.low, d.high, signed=True),
                    p_value(d.p_adjusted),
                    percent(accuracy.value if accuracy else None, signed=True),
                    plain(nll.value if nll else None, signed=True),
                ]
            )
    _print(
        console,
        f"{name} minus that of {baseline} (points; p adjusted by Holm)",
        ("group", "difference", "interval", "p adjusted", "accuracy", "NLL"),
        rows,
        1,
    )


def _recalibration(console: Console, evaluation: Evaluation, recalibrator: str) -> None:
    name = main_error(evaluation)
    rows = []
    for result in evaluation.recalibration:
        if result.recalibrator != recalibrator:
            continue
        fitted = "own folds" if result.regime == "cross-fitted" else result.fitted_on
        gain, nll = result.measures.get(name), result.measures.get("nll")
        row = [result.group, fitted]
        if gain is None:
            rows.append([*row, *["–"] * 6])
            continue
        rows.append(
            [
                *row,
                percent(gain.before),
                percent(gain.after),
                percent(gain.gain, signed=True),
                interval(gain.low, gain.high, signed=True),
                plain(nll.before if nll else None),
                plain(nll.after if nll else None),
            ]
        )
    _print(
        console,
        f"Recalibration by {recalibrator} (never scored on what was fitted on; gain above 0 is "
        "better)",
        ("group", "fitted on", name, "after", "gain", "interval", "NLL", "after"),
        rows,
        2,
    )


def _fits(console: Console, evaluation: Evaluation, recalibrator: str) -> None:
    """Print the parameters of one recalibrator, fitted on each group."""
    classes, rows = evaluation.settings["classes"], []
    for fit in evaluation.fits:
        if fit.recalibrator != recalibrator:
            continue
        named = [fit.fitted_on, f"{fit.rows:,}"]
        if not fit.learnt:
            rows.append([*named, "–", fit.note])
        for parameter, value in fitted_parameters(fit, classes, most=_MOST_NUMBERS):
            rows.append([*named, parameter, value])
    # The second column is numbers, but stands between words.
    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in ("fitted on", "rows", "parameter", "value"):
        right = column == "rows"
        table.add_column(
            Text(column),
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    say(f"Parameters of {recalibrator} (fitted on all rows of a group, for use elsewhere)", console)
    console.print(visible_table(table))


def _thresholds(
    console: Console, accepted: Iterable[AcceptedRows], needed: Iterable[NeededThreshold]
) -> None:
    rows = []
    for each in accepted:
        rows.append(
            [
                each.group,
                f"{each.threshold:g}",
                f"{each.n:,}",
                percent(each.kept),
                interval(each.kept_low, each.kept_high),
                percent(each.accuracy),
                interval(each.low, each.high),
            ]
        )
    if rows:
        head = "group", "from", "rows", "kept", "interval", "accuracy", "interval"
        _print(console, "Accepting confidences from a threshold on (per cent)", head, rows, 1)
    rows = []
    for one in needed:
        ends = ["–" if end is None else f"{end:.3f}" for end in (one.low, one.high)]
        rows.append(
            [
                one.group,
                f"{100 * one.wanted:g}",
                "none" if one.threshold is None else f"{one.threshold:.3f}",
                *ends,
                percent(one.kept),
            ]
        )
    if rows:
        ends_named = "group", "accuracy", "threshold", "at least", "surely", "kept"
        _print(console, "Threshold for a wanted accuracy (per cent)", ends_named, rows, 1)


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Write an interval of fractions in per cent, or a dash."""
    if low is None or high is None:
        return "–"
    return f"{percent(low, signed=signed)} to {percent(high, signed=signed)}"
