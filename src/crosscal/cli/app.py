"""The command line: a table of verbs, each one function in a file of its group."""

from __future__ import annotations

import os
import sys

import typer

from crosscal.cli import apply, calibrate, inspect, plan, study, tasks
from crosscal.cli.analyse import analyse
from crosscal.cli.events import show_events
from crosscal.cli.layers import layers
from crosscal.cli.xtreme_score import xtreme_score
from crosscal.exceptions import CrosscalError

app = typer.Typer(
    name="crosscal",
    help="Train a multilingual encoder in English, use it in other languages, and measure how "
    "far its confidence can be trusted there. Start with: crosscal quickstart",
    epilog="Exit codes: 0 done, 2 settings, 3 data, 4 artifact or disk, 5 missing extra, "
    "6 a stage failed, 130 interrupted. Run the same command again to go on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(help="Look at data before hours are spent on them.", no_args_is_help=True)
app.add_typer(data, name="data")

# In the order of the help page.
app.command("quickstart")(study.quickstart)
app.command("init")(study.init)
app.command("plan")(plan.plan)
app.command("run")(study.run)
app.command("status")(plan.status)
app.command("report")(study.report)
app.command("export")(study.export)
app.command("layers")(layers)
app.command("analyse")(analyse)
app.command("calibrate", epilog=calibrate.EXAMPLE)(calibrate.calibrate)
app.command("apply", epilog=apply.EXAMPLE)(apply.apply)
app.command("events")(show_events)
app.command("xtreme-score")(xtreme_score)
data.command("check")(inspect.data_check)
data.command("formats")(inspect.data_formats)
app.command("tasks")(tasks.tasks)
app.command("encoders")(inspect.encoders)
app.command("doctor")(inspect.doctor)


def main() -> None:
    """Entry point: errors a user can act on are shown without a traceback."""
    # Loading bars and notes of libraries would run through the study's own.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        app()
    except CrosscalError as error:
        print(f"crosscal: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
