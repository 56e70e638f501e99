"""The command line: a table of verbs, each one function in a file of its group.

A verb's module is imported when the verb is used, so that help and completion come at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from crosscal.exceptions import CrosscalError
from crosscal.memory import memory_errors

# In the order of the help page: module and function, and the first sentence of its docstring.
VERBS = {
    "demo": (
        "demo.demo",
        "Show in seconds what crosscal finds, in predictions that come with the package.",
    ),
    "quickstart": (
        "study.quickstart",
        "Run the built-in study: a real encoder, 15 languages, 3 recipes; no network needed.",
    ),
    "init": ("study.init", "Write a study file in which every setting is explained."),
    "plan": (
        "plan.plan",
        "Show a study's stages, which are cached, and the time and disk the rest will need.",
    ),
    "bench": (
        "plan.bench",
        "Measure how fast a study's encoder trains and predicts here; estimates use it.",
    ),
    "run": ("study.run", "Run a study, or go on with it where it stopped; write its report."),
    "status": ("plan.status", "Show how far a study is."),
    "report": ("study.report", "Write the report of a finished study anew."),
    "gc": (
        "store.gc",
        "Show what the store holds that none of these studies needs, or remove it.",
    ),
    "export": (
        "export.export",
        "Write a run's model as a folder that transformers loads, with head, tokenizer and card.",
    ),
    "predict": (
        "predict.predict",
        "Predict new texts with an exported model: a label and probabilities for each row.",
    ),
    "layers": (
        "layers.layers",
        "Show which layer of the encoder finds translations, for a study's retrieval target.",
    ),
    "analyse": (
        "analyse.analyse",
        "Analyse prediction files (Parquet), whoever made them, and write a report.",
    ),
    "calibrate": (
        "calibration.calibrate.calibrate",
        "Measure the calibration of anyone's predictions: errors with intervals, by group.",
    ),
    "apply": (
        "calibration.apply.apply",
        "Recalibrate predictions: write their probabilities, row by row in the order of the file.",
    ),
    "events": (
        "events.show_events",
        "Show the calibration of answers, entities, options, translations (prediction files).",
    ),
    "xtreme-score": (
        "xtreme_score.xtreme_score",
        "Score files in XTREME's own layout for submissions, as its evaluator does.",
    ),
    "data": ("", "Look at data before hours are spent on them."),
    "tasks": (
        "tasks.tasks",
        "List the tasks, or describe one: its languages, splits, labels, formats, licence.",
    ),
    "encoders": ("inspect.encoders", "List the encoders that are here."),
    "doctor": ("inspect.doctor", "Say what is installed and whether caches are whole."),
}
DATA_VERBS = {
    "check": (
        "inspect.data_check",
        "Look at every data file of a study: labels, duplicates, misaligned rows, damage.",
    ),
    "formats": ("inspect.data_formats", "List the file formats that can be read."),
}


class VerbTable(dict[str, Any]):
    """Commands by name, imported when they are asked for."""

    def __init__(self, verbs: dict[str, tuple[str, str]]) -> None:
        super().__init__(dict.fromkeys(verbs))
        self._verbs = verbs
        self._outlined = False

    @contextmanager
    def outlined(self) -> Iterator[None]:
        """Give commands with nothing but a name and a sentence, for lists of them."""
        self._outlined = True
        try:
            yield
        finally:
            self._outlined = False

    def __getitem__(self, name: str) -> Any:
        place, sentence = self._verbs[name]
        if self._outlined:
            return typer.core.TyperCommand(name=name, help=sentence)
        command = super().__getitem__(name)
        if command is None:
            command = _command(name, place) if place else _data(sentence)
            self[name] = command
        return command

    def get(self, name: str, default: Any = None) -> Any:
        """Return a command, or the default."""
        return self[name] if name in self else default  # noqa: SIM401

    def items(self) -> Any:
        """Return names and commands."""
        return [(name, self[name]) for name in self]


class VerbGroup(typer.core.TyperGroup):
    """A group that lists its verbs without importing them."""

    def __init__(self, *, verbs: dict[str, tuple[str, str]] | None = None, **options: Any) -> None:
        super().__init__(**{**options, "commands": VerbTable(verbs or VERBS)})

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.commands)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        with self.commands.outlined():  # type: ignore[attr-defined]
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return what an unfinished word may become."""
        with self.commands.outlined():  # type: ignore[attr-defined]
            return super().shell_complete(ctx, incomplete)


def _command(name: str, place: str) -> Any:
    """Return the command of a function; an example of its module stands below its help."""
    module_name, _, function = place.rpartition(".")
    module = import_module(f"crosscal.cli.{module_name}")
    one = typer.Typer(add_completion=False)
    epilog = getattr(module, "EXAMPLE", None)
    one.command(name, epilog=epilog)(getattr(module, function))
    return typer.main.get_command(one)


def _data(sentence: str) -> VerbGroup:
    return VerbGroup(name="data", verbs=DATA_VERBS, help=sentence, no_args_is_help=True)


app = typer.Typer(
    name="crosscal",
    cls=VerbGroup,
    help="Train a multilingual encoder in English, use it in other languages, and measure how "
    "far its confidence can be trusted there. Start with: crosscal demo",
    epilog="Exit codes: 0 done, 2 settings, 3 data, 4 artifact or disk, 5 missing extra, "
    "6 a stage failed or memory was short, 130 interrupted. Run the same command again to go on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from crosscal import __version__

        print(f"crosscal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None: ...


def main() -> None:
    """Entry point: errors a user can act on are shown without a traceback."""
    # Loading bars and notes of libraries would run through the study's own.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        with memory_errors():
            app(prog_name="crosscal")
    except CrosscalError as error:
        from crosscal.cli.screen import warn

        warn(f"crosscal: {error}")
        raise SystemExit(error.exit_code) from None
