"""Several files of predictions as one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosscal.artifacts import sha256_file
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.plain_text import plain_text
from crosscal.predictions.external.reader import ExternalPredictions
from crosscal.predictions.external.sources.joined import labels_file


@dataclass(frozen=True)
class NamedFile:
    """A file, and what it is called in the output if the user says so."""

    path: Path
    name: str | None = None

    @property
    def shown(self) -> str:
        """What it is called in a title."""
        return self.name or ("standard input" if str(self.path) == "-" else self.path.name)


def demand_different(files: Sequence[NamedFile]) -> None:
    """Refuse a file that is given twice."""
    if len({os.path.realpath(file.path) for file in files}) < len(files):
        raise SettingsError("a file is given twice", where="files", remedy="Give each file once")


def checksums(files: Sequence[NamedFile]) -> dict[str, str]:
    """Return the SHA-256 of each file by its name, with folders where two have one name."""
    plain = [file.path for file in files if file.path.is_file()]
    shown = _shortest(plain)
    return {name: sha256_file(path) for name, path in zip(shown, plain, strict=True)}


def files_read(files: Sequence[NamedFile], labels: str | None) -> tuple[Path, ...]:
    """Return what must not be written over: files of predictions, and one of labels."""
    paths = [*(file.path for file in files), *filter(None, [labels_file(labels)])]
    return tuple(Path(os.path.realpath(path)) for path in paths)  # of links in a circle, too


def join_files(
    parts: Sequence[ExternalPredictions], files: Sequence[NamedFile], *, pooled: bool
) -> ExternalPredictions:
    """Join what was read of files; samples of tasks are grouped by language and task."""
    if all(part.task for part in parts) and not pooled:
        pooled = True
        parts = _by_task(parts, files)
        _demand_once(parts, files)
    elif len(parts) == 1 and files[0].name:
        zeros = np.zeros(len(parts[0]), np.int32)
        names = tuple(f"{files[0].name}/{group}" for group in parts[0].groups)
        group = zeros if parts[0].group is None else parts[0].group
        return replace(parts[0], group=group, groups=names or (files[0].name,))
    if len(parts) == 1:
        return parts[0]
    return concat_predictions(parts, _unique_names(files), pooled=pooled)


def _by_task(
    parts: Sequence[ExternalPredictions], files: Sequence[NamedFile]
) -> list[ExternalPredictions]:
    """Call the groups of samples by language, and by task where there are several."""
    several = len({part.task for part in parts}) > 1
    renamed = []
    for part, file in zip(parts, files, strict=True):
        groups = [f"{part.task}/{g}" if several and g != part.task else g for g in part.groups]
        if file.name:
            groups = [file.name] * len(groups)
        renamed.append(replace(part, groups=tuple(groups)))
    return renamed


def _demand_once(parts: Sequence[ExternalPredictions], files: Sequence[NamedFile]) -> None:
    """Refuse two files with the same samples of a group: of two models, or two runs of one."""
    seen: dict[tuple[str, str], Path] = {}
    for part, file in zip(parts, files, strict=True):
        if part.group is None or part.cluster is None or part.cluster_names is None or file.name:
            continue
        width = len(part.cluster_names)
        for pair in np.unique(part.group.astype(np.int64) * width + part.cluster).tolist():
            key = (part.groups[pair // width], part.cluster_names[pair % width])
            other = seen.setdefault(key, file.path)
            if other != file.path:
                raise DataError(
                    f"sample '{key[1]}' of '{key[0]}' is in {other}, too: of two models, or of two "
                    "runs",
                    where=str(file.path),
                    remedy=f"Name them to measure each by itself, as A={other} B={file.path}; of "
                    "one run written twice give one file",
                )


def _unique_names(files: Sequence[NamedFile]) -> list[str]:
    """Return short names of files, all different: without folder and ending if that suffices."""
    for names in ([f.path.stem for f in files], [f.path.name for f in files]):
        shown = [f.name or name for f, name in zip(files, names, strict=True)]
        if len(set(shown)) == len(shown):
            return shown
    return [
        f.name or path for f, path in zip(files, _shortest([f.path for f in files]), strict=True)
    ]


def _shortest(paths: Sequence[Path]) -> list[str]:
    """Return the ends of paths, all different: reports name no more folders than that takes."""
    parts = [path.absolute().parts for path in paths]
    count = 1
    while count < max(map(len, parts), default=0):
        ends = {path[-count:] for path in parts}
        if len(ends) == len(set(parts)):
            break
        count += 1
    return ["/".join(path[-count:]) for path in parts]


def concat_predictions(
    parts: Sequence[ExternalPredictions], names: Sequence[str], *, pooled: bool
) -> ExternalPredictions:
    """Join files of equal classes and kinds of values; equally named clusters are one.

    Where `pooled`, equally named groups belong together; else each file's groups are its own, named
    ``file`` or ``file/group``. Classes of one name are one, in whichever order a file has them.
    """
    first = parts[0]
    parts = [_in_order(part, first) for part in parts]
    for part, name in zip(parts, names, strict=True):
        if _kind(part) != _kind(first):
            raise DataError(
                f"{_kind(part)}, but {names[0]} holds {_kind(first)}",
                where=name,
                remedy="Give files of the same classes",
            )
    own = [
        [_name(group, file, pooled) for group in part.groups or ("",)]
        for part, file in zip(parts, names, strict=True)
    ]
    order = sorted({group for each in own for group in each})
    group = [
        np.array([order.index(g) for g in each], dtype=np.int32)[
            np.zeros(len(part), np.int32) if part.group is None else part.group
        ]
        for each, part in zip(own, parts, strict=True)
    ]
    return replace(
        first,
        values=np.concatenate(_padded([part.values for part in parts])),
        gold=np.concatenate([part.gold for part in parts]),
        group=np.concatenate(group),
        groups=tuple(order),
        cluster=_clusters(parts),
        votes=_votes(parts, names),
        weights=_weights(parts),
        cluster_names=None,
        notes=tuple(dict.fromkeys(words for part in parts for words in part.notes)),
        warnings=tuple(
            f"{name}: {words}"
            for part, name in zip(parts, names, strict=True)
            for words in part.warnings
        ),
    )


def _in_order(part: ExternalPredictions, first: ExternalPredictions) -> ExternalPredictions:
    """Put the classes of a file in the order of the first file's."""
    own, wanted = [[plain_text(n) for n in each.classes or ()] for each in (part, first)]
    if own == wanted or len(own) != len(wanted) or set(own) != set(wanted):
        return part
    at = [own.index(name) for name in wanted]
    new = np.argsort(at)
    return replace(
        part,
        values=part.values[:, at],
        gold=np.where(part.gold < 0, part.gold, new[part.gold]).astype(np.int32),
        votes=None if part.votes is None else part.votes[:, at],
        classes=first.classes,
        notes=(*part.notes, "classes: put in the order of the first file's"),
    )


def _padded(values: Sequence[NDArray[np.floating]]) -> list[NDArray[np.floating]]:
    """Give rows with fewer choices some that are not there."""
    if values[0].ndim == 1:
        return list(values)
    width = max(each.shape[1] for each in values)
    return [
        np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=-np.inf)
        for each in values
    ]


def _votes(
    parts: Sequence[ExternalPredictions], names: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return the votes of all files; all have some, or none."""
    votes = [part.votes for part in parts if part.votes is not None]
    if not votes:
        return None
    if len(votes) < len(parts):
        without = next(n for part, n in zip(parts, names, strict=True) if part.votes is None)
        raise DataError("there are no votes", where=without, remedy="Give all files votes, or none")
    width = max(each.shape[1] for each in votes)
    return np.concatenate([np.pad(v, ((0, 0), (0, width - v.shape[1]))) for v in votes])


def _weights(parts: Sequence[ExternalPredictions]) -> NDArray[np.float64] | None:
    """Return the weights of all files, of which one column was named: all have some, or none."""
    weights = [part.weights for part in parts if part.weights is not None]
    return np.concatenate(weights) if weights else None


def _kind(part: ExternalPredictions) -> str:
    if part.values.ndim == 1 or part.task is not None:
        return part.value_kind
    named = f" ({', '.join(part.classes)})" if part.classes else ""
    return f"{part.value_kind} of {part.values.shape[1]} classes{named}"


def _name(group: str, file: str, pooled: bool) -> str:
    if pooled:
        return group
    return f"{file}/{group}" if group else file


def _clusters(parts: Sequence[ExternalPredictions]) -> NDArray[np.int64] | None:
    """Return clusters numbered by name over all files; rows of files without any stand alone."""
    if all(part.cluster is None for part in parts):
        return None
    names: dict[str, int] = {}
    for part in parts:
        for name in part.cluster_names or ():
            names.setdefault(name, len(names))
    above, clusters = len(names), []
    for part in parts:
        if part.cluster is None or part.cluster_names is None:
            clusters.append(above + np.arange(len(part)))
            above += len(part)
            continue
        own = np.array([names[name] for name in part.cluster_names], dtype=np.int64)
        clusters.append(own[part.cluster])
    return np.concatenate(clusters)
