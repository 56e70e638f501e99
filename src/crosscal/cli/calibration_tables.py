"""An evaluation in the terminal: aligned tables and a few sentences."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.calibration.evaluation.results import Evaluation
from crosscal.report.evaluation_page import p_value, percent, plain
from crosscal.report.evaluation_words import main_error, sentences

_WIDTH = 110


def print_evaluation(evaluation: Evaluation) -> None:
    """Print groups, differences and recalibration, and what they mean."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(_groups(evaluation))
    if evaluation.differences:
        console.print(_differences(evaluation))
    if evaluation.recalibration:
        console.print(_recalibration(evaluation))
    for note in dict.fromkeys(
        f"{r.recalibrator}: {r.note}" for r in evaluation.recalibration if r.note
    ):
        console.print(Text(f"{note}."), soft_wrap=True)
    for sentence in sentences(evaluation):
        console.print(Text(sentence), soft_wrap=True)


def _table(title: str, *columns: str, words: int = 1) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        is_text = index < words
        table.add_column(Text(column), justify="left" if is_text else "right", no_wrap=not is_text)
    return table


def _groups(evaluation: Evaluation) -> Table:
    name = main_error(evaluation)
    level = f"{100 * float(evaluation.settings['level']):g} %"
    table = _table(
        f"Calibration (per cent; NLL in nats; {level} interval)",
        *("group", "rows", "accuracy", "confidence", "NLL", "Brier", name, "interval"),
        *("noise floor", "p"),
    )
    for group, result in evaluation.groups.items():
        error, means = result.errors[name], result.means
        table.add_row(
            Text(group),
            f"{result.n:,}",
            percent(means["accuracy"]),
            percent(means["confidence"]),
            plain(means["nll"]),
            plain(means["brier"]),
            percent(error.value),
            _interval(error.low, error.high),
            percent(error.noise_floor),
            p_value(error.p_value),
        )
    return table


def _differences(evaluation: Evaluation) -> Table:
    name, baseline = main_error(evaluation), evaluation.settings["baseline"]
    table = _table(
        f"{name} minus that of {baseline} (points; p adjusted by Holm)",
        *("group", "difference", "interval", "p adjusted", "accuracy", "NLL"),
    )
    others = {(d.group, d.measure): d for d in evaluation.differences}
    for d in evaluation.differences:
        if d.measure == name:
            accuracy, nll = (others.get((d.group, m)) for m in ("accuracy", "nll"))
            table.add_row(
                Text(d.group),
                percent(d.value, signed=True),
                _interval(d.low, d.high, signed=True),
                p_value(d.p_adjusted),
                percent(accuracy.value if accuracy else None, signed=True),
                plain(nll.value if nll else None, signed=True),
            )
    return table


def _recalibration(evaluation: Evaluation) -> Table:
    name = main_error(evaluation)
    table = _table(
        "Recalibration (never scored on what was fitted on; gain above 0 is better)",
        *("recalibrator", "group", "fitted on", f"{name} before", "after", "gain", "interval"),
        *("NLL before", "after"),
        words=3,
    )
    for result in evaluation.recalibration:
        fitted = "own folds" if result.regime == "cross-fitted" else result.fitted_on
        gain, nll = result.measures.get(name), result.measures.get("nll")
        row = [result.recalibrator, result.group, fitted]
        if gain is None:
            table.add_row(*map(Text, row), *["–"] * 6)
            continue
        table.add_row(
            *map(Text, row),
            percent(gain.before),
            percent(gain.after),
            percent(gain.gain, signed=True),
            _interval(gain.low, gain.high, signed=True),
            plain(nll.before if nll else None),
            plain(nll.after if nll else None),
        )
    return table


def _interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    if low is None or high is None:
        return "–"
    return f"{percent(low, signed=signed)} to {percent(high, signed=signed)}"
