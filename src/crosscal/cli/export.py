"""The verb that writes a run's model for other programs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Literal

import typer

from crosscal.cli.load import load_plan, require_training
from crosscal.cli.options import RESULTS, Output, Overrides, StudyFile
from crosscal.exceptions import MissingExtra
from crosscal.export.folder import TemperatureUse, check_free
from crosscal.study.execution.store import Store
from crosscal.study.exporting import export_run, trained_run


def export(
    study: StudyFile,
    folder: Annotated[Path, typer.Argument(help="folder to write")],
    recipe: Annotated[str, typer.Option(help="recipe of the run")] = "direct",
    seed: Annotated[int, typer.Option(help="seed of the run")] = 1,
    target: Annotated[str | None, typer.Option(help="target of the run; none: the first")] = None,
    temperature: Annotated[
        TemperatureUse,
        typer.Option(
            help="the temperature of the English development data: 'apply' divides the head by it, "
            "'config' writes it into config.json, 'none' leaves it out"
        ),
    ] = "config",
    form: Annotated[
        Literal["transformers", "onnx"],
        typer.Option("--format", help="'onnx' adds model.onnx for ONNX Runtime"),
    ] = "transformers",
    output: Output = RESULTS,
    overrides: Overrides = None,
) -> None:
    """Write a run's model as a folder that transformers loads, with head, tokenizer and card."""
    require_training()
    if form == "onnx":
        _require_onnx()
    check_free(folder)
    plan = load_plan(study, overrides)
    store = Store.within(output)
    run = trained_run(plan, store, target or next(iter(plan.study.targets)), recipe, seed)
    exported = export_run(plan, store, run, folder, temperature)
    name = type(exported.model).__name__
    print(f"{folder} written: {name}, scores within {exported.difference:.0e} of the trained model")
    if not exported.own_class:
        print(
            "transformers has no class that scores as this model does: import "
            f"{folder / 'pooled_encoder.py'} first (docs/export.md says which encoders need no "
            "such file, and with which pooling)"
        )
    if form == "onnx":
        from crosscal.export.onnx_graph import write_onnx

        file, difference = write_onnx(exported, run.training[-1].parts[0].family, folder)
        print(f"{file} written: ONNX Runtime's scores within {difference:.0e}")
    print(f"Look at {folder / 'README.md'}; predict new texts with: crosscal predict {folder} FILE")


def _require_onnx() -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(
                f"the ONNX format needs the package '{package}', which is not installed",
                where="--format",
                remedy="Run: pip install 'crosscal[onnx]'",
            )
