"""The verb that shows what crosscal finds, in predictions that come with the package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from crosscal.api import calibrate
from crosscal.calibration.evaluation.results import AcceptedRows, Evaluation
from crosscal.cli.calibration.tables import interval, print_groups
from crosscal.cli.options import AsJson
from crosscal.cli.screen import filled
from crosscal.demo import PREDICTIONS
from crosscal.report.evaluation_page import percent
from crosscal.report.evaluation_words import main_error

_HOME = "English"
# From which confidence on answers are accepted without being looked at.
_ACCEPTED = 0.9
_OPTIONS = f"--group language --cluster item --baseline {_HOME} --recalibrate temperature"


def demo(
    report: Annotated[Path | None, typer.Option(help="HTML report to write")] = None,
    as_json: AsJson = False,
) -> None:
    """Show in seconds what crosscal finds, in predictions that come with the package.

    They are simulated: a classifier that knows English well, and other languages less well, but is
    equally sure of itself in all of them.
    """
    start = time.perf_counter()
    found = calibrate(
        PREDICTIONS,
        group="language",
        cluster="item",
        baseline=_HOME,
        recalibrate=["temperature"],
        thresholds=(_ACCEPTED,),
        wanted=(0.95,),
    )
    if report:
        found.to_html(report, title="A simulated classifier in four languages")
    if as_json:
        print(found.to_json())
        return
    print(
        filled(
            "A classifier of messages was trained in English, and is used in three more languages. "
            "Does it know there when it is wrong? 400 messages in each language; the predictions "
            f"are simulated ({PREDICTIONS.with_name('ORIGIN.md')})."
        )
    )
    print()
    print_groups(found.evaluation)
    print()
    for paragraph in _finding(found.evaluation):
        print(filled(paragraph))
    print(f"\n{time.perf_counter() - start:.1f} s. All numbers of it, then those of your own file:")
    print(f"  crosscal calibrate {PREDICTIONS} \\\n    {_OPTIONS}")
    print("  crosscal calibrate FILE --group COLUMN")
    if report:
        print(f"\nReport: {report}")


def _finding(evaluation: Evaluation) -> list[str]:
    """Say in plain words what was found: at home, where it is worst, and what mends it."""
    groups, error = evaluation.groups, main_error(evaluation)
    worst = max(groups, key=lambda name: groups[name].errors[error].value)
    accepted = {each.group: each for each in evaluation.accepted}
    fits = {fit.fitted_on: fit.learnt["temperature_"] for fit in evaluation.fits}
    gains = {
        each.fitted_on: each.measures[error]
        for each in evaluation.recalibration
        if each.group == worst
    }
    return [
        f"In {_HOME} it is {_known(evaluation, _HOME)}: it knows when it is wrong.",
        f"In {worst} it is {_known(evaluation, worst)}: too sure by "
        f"{_gap(evaluation, worst)} points.",
        f"Accepting answers from a confidence of {100 * _ACCEPTED:g} % on: in {_HOME} that keeps "
        f"{_kept(accepted[_HOME])}; in {worst} it keeps {_kept(accepted[worst])}.",
        f"A temperature fitted on {_HOME} ({fits[_HOME]:.2f}) does not help {worst}: "
        f"{error} is {percent(gains[_HOME].before)} % before and "
        f"{percent(gains[_HOME].after)} % after. "
        f"One fitted on {worst} itself ({fits[worst]:.2f}, on other messages) does: "
        f"{percent(gains[worst].after)} %.",
    ]


def _known(evaluation: Evaluation, group: str) -> str:
    means = evaluation.groups[group].means
    return f"right in {percent(means['accuracy'])} % and sure to {percent(means['confidence'])} %"


def _gap(evaluation: Evaluation, group: str) -> str:
    result = evaluation.groups[group]
    low, high = result.intervals["gap"]
    return f"{percent(result.means['gap'])} ({interval(low, high)})"


def _kept(accepted: AcceptedRows) -> str:
    ends = interval(accepted.low, accepted.high)
    return f"{percent(accepted.kept)} %, of which {percent(accepted.accuracy)} % are right ({ends})"
