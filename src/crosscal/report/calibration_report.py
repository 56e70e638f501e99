"""What a measurement of anyone's predictions leaves: numbers, tables, figures, a page, fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from crosscal.artifacts import check_output
from crosscal.calibration.evaluation.arguments import ALL
from crosscal.calibration.evaluation.results import Evaluation, FitResult
from crosscal.calibration.recalibration import Recalibrator
from crosscal.calibration.recalibration.saving import FitOrigin, save_recalibrator
from crosscal.exceptions import DataError, MissingExtra, SettingsError
from crosscal.report.charts.axes import error_axes, reliability_axes
from crosscal.report.evaluation_page import evaluation_cell, write_evaluation
from crosscal.spelling import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TableName = Literal["groups", "differences", "recalibration", "accepted", "needed", "reliability"]


@dataclass(frozen=True, kw_only=True)
class CalibrationReport:
    """What `calibrate` found: numbers, tables, figures, a page, and fitted recalibrators.

    Attributes
    ----------
    evaluation : Evaluation
    classes : tuple of str or None
    value_kind : {"scores", "probabilities", "confidence"}
    notes : tuple of str
        What was taken for what.
    files : dict of str to str
        Name and SHA-256 of each file that was read.
    read : tuple of Path
        All that was read, which nothing is written over.
    """

    evaluation: Evaluation
    classes: tuple[str, ...] | None
    value_kind: str
    notes: tuple[str, ...]
    files: Mapping[str, str]
    read: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, as `crosscal calibrate --json` prints it."""
        return {**self.evaluation.to_dict(), "reading": list(self.notes)}

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), allow_nan=False, indent=1)

    def to_html(self, path: Path | str, *, title: str = "Calibration") -> None:
        """Write the page that `crosscal calibrate --report` writes."""
        path = self._free(path)
        write_evaluation(self.evaluation, path, title=title, notes=self.notes)

    def _free(self, path: Path | str) -> Path:
        """Return a place to write to, if it is none of a file that was read."""
        check_output(Path(path), self.read, where=str(path), remedy="Name another file")
        return Path(path)

    def to_pandas(self, table: TableName = "groups") -> Any:
        """Return a table as a data frame of pandas; fractions, not per cent.

        Parameters
        ----------
        table : {"groups", "differences", "recalibration", "accepted", "needed", "reliability"}
            Of ``groups``, a row a group: means and errors, each with ``_low`` and ``_high``,
            of errors also ``_noise_floor`` and ``_p``.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra(
                "data frames need the package 'pandas', which is not installed",
                remedy="Run: pip install pandas",
            ) from error
        tables: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "groups": self._group_rows,
            "differences": lambda: [asdict(each) for each in self.evaluation.differences],
            "recalibration": self._recalibration_rows,
            "accepted": lambda: [asdict(each) for each in self.evaluation.accepted],
            "needed": lambda: [asdict(each) for each in self.evaluation.needed],
            "reliability": lambda: [
                {"group": group, **asdict(each)}
                for group, result in self.evaluation.groups.items()
                for each in result.reliability
            ],
        }
        if table not in tables:
            raise SettingsError(
                f"there is no table {table!r}", where="table", remedy=did_you_mean(table, tables)
            )
        frame = pd.DataFrame(tables[table]())
        return frame.set_index("group") if table == "groups" else frame

    def _group_rows(self) -> list[dict[str, Any]]:
        rows = []
        for group, result in self.evaluation.groups.items():
            row: dict[str, Any] = {"group": group, "n": result.n, "clusters": result.clusters}
            row |= {} if result.effective is None else {"effective": result.effective}
            for name, mean in result.means.items():
                low, high = result.intervals.get(name, (None, None))
                row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
            for name, error in {**result.errors, **result.human}.items():
                row |= {name: error.value, f"{name}_low": error.low, f"{name}_high": error.high}
                row |= {f"{name}_noise_floor": error.noise_floor, f"{name}_p": error.p_value}
            rows.append(row)
        return rows

    def _recalibration_rows(self) -> list[dict[str, Any]]:
        return [
            {
                **{k: v for k, v in asdict(each).items() if k != "measures"},
                "measure": measure,
                **asdict(gain),
            }
            for each in self.evaluation.recalibration
            for measure, gain in each.measures.items()
        ]

    def plot(
        self,
        kind: Literal["reliability", "errors"] = "reliability",
        *,
        groups: Sequence[str] | None = None,
        axes: Axes | Sequence[Axes] | None = None,
    ) -> Any:
        """Draw with matplotlib, in the style that is set (``rcParams``); nothing is shown.

        Parameters
        ----------
        kind : {"reliability", "errors"}
            Accuracy by confidence, axes for each group; or the calibration error of all groups.
        groups : sequence of str, optional
            By default all.
        axes : Axes or sequence of Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        list of Axes, or Axes for "errors"
        """
        one = axes is not None and not isinstance(axes, Sequence | np.ndarray)
        if kind == "errors":
            ax: Any = axes if one or axes is None else next(iter(np.ravel(np.asarray(axes))))
            return error_axes(self.evaluation, groups, ax)
        if kind != "reliability":
            raise SettingsError(
                f"unknown kind of figure {kind!r}", where="kind", remedy="say reliability or errors"
            )
        several: Any = None if axes is None else list(np.ravel(np.asarray(axes, dtype=object)))
        return reliability_axes(self.evaluation, groups, several)

    def _repr_html_(self) -> str:
        return evaluation_cell(self.evaluation, self.notes)

    def fitted(self, recalibrator: str | None = None, group: str | None = None) -> FitResult:
        """Return a recalibrator fitted on all rows of a group: by default the only one there is.

        Parameters
        ----------
        recalibrator : str, optional
            Of those asked for; may be left out if it is one.
        group : str, optional
            By default the baseline, or the only group.
        """
        known = [fit.recalibrator for fit in self.evaluation.fits]
        names = list(dict.fromkeys(known)) if recalibrator is None else [recalibrator]
        if len(names) != 1 or names[0] not in known:
            raise SettingsError(
                f"{len(set(known))} recalibrators were fitted"
                if recalibrator is None
                else f"{recalibrator!r} was not fitted",
                where="recalibrator",
                remedy=f"Name one of {', '.join(dict.fromkeys(known))}"
                if known
                else "Name it when you call calibrate, as recalibrate=['temperature']",
            )
        group = group or self.evaluation.settings["baseline"]
        if group is None and len(self.evaluation.groups) > 1:
            raise SettingsError(
                f"there are {len(self.evaluation.groups)} groups, and none is said to be fitted on",
                where="group",
                remedy="Name the group, or a baseline; or fit without groups, on all rows",
            )
        for fit in self.evaluation.fits:
            if fit.recalibrator == names[0] and group in (None, fit.fitted_on):
                return fit
        raise SettingsError(
            f"there is no group {group!r}",
            where="group",
            remedy=did_you_mean(str(group), self.evaluation.groups),
        )

    def recalibrator(
        self, recalibrator: str | None = None, group: str | None = None
    ) -> Recalibrator:
        """Return the fitted estimator of `fitted`."""
        fit = self.fitted(recalibrator, group)
        if fit.model is None:
            raise DataError(fit.note, where=fit.fitted_on, remedy="Fit another recalibrator")
        return fit.model

    def save(
        self, path: Path | str, recalibrator: str | None = None, group: str | None = None
    ) -> None:
        """Save the estimator of `fitted` as JSON, with what it was fitted on."""
        path = self._free(path)
        fit = self.fitted(recalibrator, group)
        origin = FitOrigin(
            rows=fit.rows,
            classes=self.classes,
            values=self.value_kind,
            group=None if fit.fitted_on == ALL else fit.fitted_on,
            weighted="weights" in self.evaluation.settings,
            files=self.files,
        )
        save_recalibrator(self.recalibrator(recalibrator, group), path, origin=origin)
