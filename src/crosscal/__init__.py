"""Measure whether a multilingual model trained in English knows when it is wrong elsewhere.

The rooms, from data to report: `languages`, `data`, `tasks`, `encoders`, `training` (with
torch); `predictions`, `metrics`, `calibration`, `analysis`, `report` (without); `study` ties
them together, `cli` is the front door.

In Python, `calibrate` measures predictions, `save` and `load` keep a fitted recalibrator.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosscal.api import calibrate
    from crosscal.calibration.recalibration.saving import load_recalibrator as load
    from crosscal.calibration.recalibration.saving import save_recalibrator as save
    from crosscal.report.calibration_report import CalibrationReport

    __version__: str

__all__ = ["CalibrationReport", "__version__", "calibrate", "load", "save"]

# Imported when they are used: `import crosscal` alone costs nothing.
_LAZY = {
    "calibrate": ("crosscal.api", "calibrate"),
    "CalibrationReport": ("crosscal.report.calibration_report", "CalibrationReport"),
    "load": ("crosscal.calibration.recalibration.saving", "load_recalibrator"),
    "save": ("crosscal.calibration.recalibration.saving", "save_recalibrator"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("crosscal")
    if name not in _LAZY:
        raise AttributeError(f"module 'crosscal' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
