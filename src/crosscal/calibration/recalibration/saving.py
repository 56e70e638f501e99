"""Fitted recalibrators as JSON: numbers and names, nothing that runs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.artifacts import disk_errors, write_aside
from crosscal.calibration.checks import as_array, check_confidence
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.calibration.recalibration.base import Estimator, Recalibrator
from crosscal.exceptions import CrosscalError, DataError, SettingsError
from crosscal.spelling import did_you_mean

Floats = NDArray[np.float64]

FORMAT = "crosscal-recalibrator/1"

_KINDS = {"scores", "probabilities", "confidence"}


@dataclass(frozen=True, kw_only=True)
class FitOrigin:
    """What a recalibrator was fitted on.

    Attributes
    ----------
    rows : int
    classes : tuple of str or None
        Names of the classes in the order of the columns; None if they have none.
    values : {"scores", "probabilities", "confidence"}
    group : str or None
        Of whose rows; None for all.
    weighted : bool
        Whether rows stood for different numbers of cases.
    files : dict of str to str
        File name to SHA-256.
    crosscal : str
        The version that fitted.
    """

    rows: int
    classes: tuple[str, ...] | None = None
    values: str = "scores"
    group: str | None = None
    weighted: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    crosscal: str = field(default_factory=lambda: version("crosscal"))


@dataclass(frozen=True, kw_only=True)
class SavedRecalibrator:
    """A fitted recalibrator, and what it was fitted on."""

    recalibrator: Recalibrator
    origin: FitOrigin

    def to_json(self) -> str:
        """Return the file's text: equal fits give equal text, and numbers lose no bit."""
        origin = asdict(self.origin)
        if not self.origin.weighted:
            del origin["weighted"]
        document = {
            "format": FORMAT,
            "recalibrator": name_of(self.recalibrator),
            "settings": self.recalibrator.get_params(),
            "learnt": learnt(self.recalibrator),
            "fitted_on": origin,
        }
        # A line for each part: small enough to look at, whatever a part holds.
        parts = [f" {_dumps(key)}: {_dumps(value)}" for key, value in document.items()]
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str = "recalibrator") -> SavedRecalibrator:
        """Read what `to_json` wrote; `where` is named in errors."""
        document = _document(text, where)
        made = _made(document, where)
        _restore(made, _part(document, "learnt", where), where)
        saved = cls(
            recalibrator=made, origin=_origin(_part(document, "fitted_on", where), made, where)
        )
        _try(made, where)
        return saved

    def apply(
        self,
        values: ArrayLike,
        *,
        kind: str = "scores",
        classes: Sequence[str] | None = None,
        where: str = "values",
    ) -> Floats:
        """Return the probabilities of new rows.

        Parameters
        ----------
        values : array of shape (n, k), or (n,) of confidences
        kind : {"scores", "probabilities", "confidence"}
            What the values are; must be what was fitted on.
        classes : sequence of str, optional
            Names of the columns; must be those fitted on, in their order.
        where : str
            Named in errors.

        Returns
        -------
        ndarray of shape (n, k), or (n,) of confidences

        Raises
        ------
        DataError
            Other classes or another kind of values than were fitted on.
        """
        if kind != self.origin.values:
            raise DataError(
                f"these are {kind}, but the recalibrator was fitted on {self.origin.values}",
                where=where,
                remedy="Give what it was fitted on, or fit another",
            )
        array = as_array(values, where, np.float64)
        if kind == "confidence":
            pairs = np.stack([1 - check_confidence(array), array], axis=1)
            return self.recalibrator.predict_proba(pairs)[:, 1]
        self._demand_classes(array, classes, where)
        return self.recalibrator.predict_proba(array)

    def _demand_classes(self, values: Floats, classes: Sequence[str] | None, where: str) -> None:
        own = self.origin.classes
        problem, columns = "", values.shape[1] if values.ndim == 2 else 0
        if own and classes and tuple(classes) != own:
            order = "in another order" if sorted(classes) == sorted(own) else "others"
            problem = (
                f"the classes are {', '.join(classes)}; the recalibrator was fitted on "
                f"{', '.join(own)}: {order}"
            )
        elif own and columns != len(own):
            problem = f"{columns} classes; the recalibrator was fitted on {', '.join(own)}"
        if problem:
            raise DataError(
                problem,
                where=where,
                remedy="Give the classes that it was fitted on, in the same order, or fit another",
            )


def name_of(recalibrator: Recalibrator) -> str:
    """Return the name of a recalibrator's kind in `RECALIBRATORS`."""
    for name, kind in RECALIBRATORS.items():
        if type(recalibrator) is kind:
            return name
    raise SettingsError(
        f"{type(recalibrator).__name__} is none of the known recalibrators",
        where="recalibrator",
        remedy=f"Known are {', '.join(RECALIBRATORS)}",
    )


def learnt(recalibrator: Recalibrator) -> dict[str, Any]:
    """Return everything that a fit has learnt, by attribute, as JSON can hold it."""
    if not hasattr(recalibrator, "converged_"):
        raise SettingsError(
            f"{type(recalibrator).__name__} is not fitted",
            where="recalibrator",
            remedy="call fit(values, y) first",
        )
    return {name: _plain(getattr(recalibrator, name)) for name in _attributes(type(recalibrator))}


def save_recalibrator(
    recalibrator: Recalibrator, path: Path | str, *, origin: FitOrigin | None = None
) -> None:
    """Write a fitted recalibrator as JSON.

    Parameters
    ----------
    origin : FitOrigin, optional
        What it was fitted on. Without, the number of rows is noted, and the names of the classes
        where the labels fitted on were names.
    """
    name_of(recalibrator)
    learnt(recalibrator)
    assert isinstance(recalibrator, Estimator)
    if origin is None:
        named = recalibrator.classes_.dtype.kind == "U"
        origin = FitOrigin(
            rows=recalibrator.n_rows_,
            classes=tuple(recalibrator.classes_.tolist()) if named else None,
            values=recalibrator.given,
        )
    text = SavedRecalibrator(recalibrator=recalibrator, origin=origin).to_json()
    with disk_errors(Path(path)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_aside(Path(path), text.encode())


def load_recalibrator(path: Path | str) -> SavedRecalibrator:
    """Read a recalibrator that was saved; DataError where the file is none, or was altered."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="Check the path"
        ) from error
    return SavedRecalibrator.from_json(text, where=str(path))


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _attributes(kind: type) -> dict[str, Any]:
    """Return the learnt attributes of a kind, and their types, as its annotations have them."""
    return {
        name: hint
        for name, hint in get_type_hints(kind).items()
        if name.endswith("_") and get_origin(hint) is not ClassVar
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity; float() reads it
    return value


def _document(text: str | bytes, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"this is no JSON: {error}", where=where, remedy="Save the recalibrator again"
        ) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        newer = isinstance(found, str) and found.startswith("crosscal-recalibrator/")
        raise DataError(
            f"the format is {found!r}, not {FORMAT!r}",
            where=where,
            remedy="Read it with a newer crosscal"
            if newer
            else "Name a file that `crosscal calibrate --save` or crosscal.save wrote",
        )
    return dict(document)


def _part(document: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    part = document.get(name)
    if not isinstance(part, dict):
        raise _damaged(f"'{name}' is missing", where)
    return part


def _damaged(what: str, where: str) -> DataError:
    return DataError(what, where=where, remedy="Save the recalibrator again: this file was altered")


def _made(document: Mapping[str, Any], where: str) -> Estimator:
    """Return a recalibrator of the kind and with the settings that the file names."""
    name = document.get("recalibrator")
    if name not in RECALIBRATORS:
        raise DataError(
            f"there is no recalibrator {name!r}",
            where=where,
            remedy=did_you_mean(str(name), RECALIBRATORS),
        )
    made = RECALIBRATORS[name]()
    settings = _part(document, "settings", where)
    if settings.keys() != made.get_params().keys():
        raise _damaged(f"the settings of {name} are not {', '.join(settings)}", where)
    assert isinstance(made, Estimator)
    return made.set_params(**settings)


def _restore(made: Estimator, learnt: Mapping[str, Any], where: str) -> None:
    """Give a recalibrator what it had learnt."""
    hints = _attributes(type(made))
    for name in sorted(hints.keys() ^ learnt.keys()):
        raise _damaged(f"'{name}' is {'unknown' if name in learnt else 'missing'}", where)
    for name, hint in hints.items():
        place = f"{where}: {name}"
        if name == "maps_":
            kind = getattr(type(made), "map_kind")  # noqa: B009
            value: Any = [_record(kind, each, place) for each in _list(learnt[name], place)]
        elif name == "classes_":
            value = np.asarray(_list(learnt[name], place))
        else:
            value = _value(hint, learnt[name], place)
        setattr(made, name, value)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _damaged("not a list", where)
    return value


def _record(kind: type, value: Any, where: str) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(value, dict) or value.keys() != hints.keys():
        raise _damaged(f"not made of {', '.join(hints)}", where)
    return kind(**{n: _value(hint, value[n], f"{where}, {n}") for n, hint in hints.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    """Return a value of an annotated type; DataError if it is another."""
    if hint in (bool, int):
        if type(value) is hint:
            return value
    else:
        try:
            numbers = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise _damaged("not numbers", where) from error
        if hint is float and numbers.ndim == 0:
            return float(numbers)
        if hint is not float and numbers.ndim > 0:
            return numbers
    raise _damaged("not the kind of value that is fitted", where)


def _origin(part: Mapping[str, Any], made: Estimator, where: str) -> FitOrigin:
    part = {"weighted": False, **part}  # noted only where it is so
    classes, files, place = part.get("classes"), part.get("files"), f"{where}: fitted_on"
    if part.keys() != {f.name for f in dataclasses.fields(FitOrigin)} or not isinstance(
        files, dict
    ):
        raise _damaged("not what is noted of a fit", place)
    if classes is not None:
        classes = tuple(map(str, _list(classes, place)))
        if made.needs_common_choices and len(classes) != made.n_features_in_:
            raise _damaged(f"{len(classes)} classes, fitted on {made.n_features_in_}", place)
    counted = type(part["rows"]) is int and type(part["weighted"]) is bool
    if part["values"] not in _KINDS or not counted:
        raise _damaged("unknown values or rows", place)
    return FitOrigin(**{**part, "classes": classes})


def _try(made: Estimator, where: str) -> None:
    """Refuse parameters that do not fit together: no probabilities come of them."""
    k = made.n_features_in_
    temperature = getattr(made, "temperature_", 1.0)
    if not temperature > 0:
        raise _damaged(f"the temperature is {temperature}", where)
    try:
        rows = np.full((2, k), 1.0 / k) if made.given == "probabilities" else np.zeros((2, k))
        rows[1] = np.arange(1, k + 1) / (k * (k + 1) / 2)
        out = made.predict_proba(rows)
        whole = out.shape == rows.shape and bool(np.allclose(out.sum(axis=1), 1.0, atol=1e-6))
        whole = whole and len(made.classes_) == k and out.min() >= 0
    except (CrosscalError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise _damaged(f"the numbers do not fit together: {error}", where) from error
    if not whole:
        raise _damaged("the numbers do not give probabilities", where)
