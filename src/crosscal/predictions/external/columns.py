"""Which columns of anyone's file hold scores, labels and clusters: named by the user, or guessed.

A guess is only made where one reading is possible, and it is always said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

ColumnKind = Literal["list", "number", "text", "other"]
Layout = Literal["list", "classes", "positive", "confidence"]
ValueKind = Literal["scores", "probabilities", "confidence"]

_SCORES = ("scores", "logits", "log_probs", "logprobs")
_PROBABILITIES = ("probabilities", "probs", "proba", "probas", "prob", "softmax")
_LABELS = ("gold", "gold_label", "true_label", "y_true", "label", "labels", "target", "y", "class")
_CONFIDENCES = ("confidence", "conf", "max_prob", "max_probability")
_OUTCOMES = ("correct", "is_correct", "right", "hit", "hits")
_POSITIVES = ("probability", "prob", "proba", "p", "y_prob", "prob_positive", "p_positive")
_CLUSTERS = ("cluster_id", "cluster")
_PREFIXES = ("probability", "proba", "probs", "prob", "scores", "score", "logits", "logit", "p")
_SAYS_PROBABILITY = ("prob", "softmax", "p")
_FAMILY = re.compile(rf"({'|'.join(_PREFIXES)})(?:[_\-. ](.+)|(\d+))", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """The columns as a user named them; None leaves a choice to the guess.

    `scores` and `probabilities` (at most one of them) name a list column, or the columns of the
    classes in order: names with commas between, or a pattern with ``*``. One number column under
    `probabilities` is the probability of the positive class. With `confidence`, that of the chosen
    label, the labels' column says whether it is right.
    """

    scores: str | None = None
    probabilities: str | None = None
    confidence: str | None = None
    labels: str | None = None
    group: str | None = None
    cluster: str | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        value_options = [n for n in ("scores", "probabilities", "confidence") if getattr(self, n)]
        if len(value_options) > 1:
            raise SettingsError(
                f"both --{value_options[0]} and --{value_options[1]} are given",
                where="options",
                remedy="Name the columns once: as scores, as probabilities, or as confidence",
            )


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """What each column is taken for."""

    layout: Layout
    values: tuple[str, ...]  # columns of the scores
    labels: str
    group: str | None
    cluster: str | None
    classes: tuple[str, ...] | None  # names of the classes, where the columns or the user name them
    value_kind: ValueKind | None  # None: the values tell
    notes: tuple[str, ...]  # how the choice came about, in words

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that must be read, each once."""
        collected = (*self.values, self.labels, self.group, self.cluster)
        return tuple(dict.fromkeys(name for name in collected if name is not None))


def choose_columns(
    columns: Mapping[str, ColumnKind],
    options: ColumnOptions,
    *,
    label_values: Mapping[str, Collection[str]] | None = None,
    where: str,
) -> ColumnMapping:
    """Decide what each column is; DataError where none, or more than one, could be meant.

    `label_values` has the values seen in text columns: columns named like the classes are scores.
    """
    if options.confidence:
        layout, values, value_kind, why = _confidence(columns, options.confidence, where)
    elif options.scores or options.probabilities:
        layout, values, value_kind, why = _named(columns, options, where)
    else:
        layout, values, value_kind, why = _guessed(columns, label_values or {}, where)
    labels, why_labels = _labels(columns, options, layout, values, where)
    for name in (options.group, options.cluster):
        if name is not None:
            _demand(columns, name, where)
    _demand_apart(values, labels, options, where)
    taken = {*values, labels, options.group}
    clusters = [n for n in columns if n.lower() in _CLUSTERS and n not in taken]
    cluster = options.cluster or (clusters[0] if len(clusters) == 1 else None)
    notes = [why, why_labels]
    if cluster:
        notes.append(f"clusters: '{cluster}' ({'named' if options.cluster else 'by its name'})")
    if options.group:
        notes.append(f"groups: '{options.group}' (named)")
    return ColumnMapping(
        layout=layout,
        values=values,
        labels=labels,
        group=options.group,
        cluster=cluster,
        classes=options.classes or _class_names(layout, values),
        value_kind=value_kind,
        notes=tuple(notes),
    )


_Found = tuple[Layout, tuple[str, ...], ValueKind | None, str]


def _confidence(columns: Mapping[str, ColumnKind], name: str, where: str) -> _Found:
    _demand(columns, name, where, kind="number")
    return "confidence", (name,), "confidence", f"confidence: '{name}' (named)"


def _named(columns: Mapping[str, ColumnKind], options: ColumnOptions, where: str) -> _Found:
    """Follow --scores or --probabilities."""
    value_kind: ValueKind = "scores" if options.scores else "probabilities"
    names: list[str] = []
    for part in (options.scores or options.probabilities or "").split(","):
        if part.strip() in columns:
            names.append(part.strip())
            continue
        matched = [name for name in columns if fnmatchcase(name, part.strip())]
        if not matched:
            _demand(columns, part.strip(), where)
        names += matched
    if len(names) == 1 and columns[names[0]] == "list":
        return "list", tuple(names), value_kind, f"{value_kind}: list column '{names[0]}' (named)"
    for name in names:
        _demand(columns, name, where, kind="number")
    if len(names) == 1 and value_kind == "scores":
        raise DataError(
            f"one column of scores, '{names[0]}', is too few",
            where=where,
            remedy="Name a column for each class, or one column as --probabilities if it is the "
            "probability of the positive class",
        )
    if len(names) == 1:
        why = f"probability of the positive class: '{names[0]}' (named)"
        return "positive", tuple(names), value_kind, why
    return "classes", tuple(names), value_kind, f"{value_kind}: {_listed(names)} (named)"


def _guessed(
    columns: Mapping[str, ColumnKind], label_values: Mapping[str, Collection[str]], where: str
) -> _Found:
    """Take the one reading that the names allow; the first kind of layout that fits."""
    lists = [name for name, kind in columns.items() if kind == "list"]
    known = [name for name in lists if name.lower() in (*_SCORES, *_PROBABILITIES)]
    if known or len(lists) == 1:
        (name,) = _one(known or lists, "the scores", "--scores", where)
        return "list", (name,), _stated(name), f"scores: list column '{name}'"
    families = _families(columns)
    if families:
        prefix = _one(list(families), "the scores", "--scores", where, pattern=True)[0]
        names = families[prefix]
        why = f"scores: {_listed(names)} (a column a class, by their names)"
        return "classes", tuple(names), _stated(prefix), why
    lower = {name.lower(): name for name, kind in columns.items() if kind == "number"}
    confidences = [lower[name] for name in _CONFIDENCES if name in lower]
    if confidences and any(name.lower() in _OUTCOMES for name in columns):
        (name,) = _one(confidences, "the confidence", "--confidence", where)
        return "confidence", (name,), "confidence", f"confidence: '{name}' (by its name)"
    for column, values in label_values.items():
        names = [name for name, kind in columns.items() if kind == "number" and name in values]
        if len(names) >= 2 and set(names) >= set(values):
            why = f"scores: {_listed(names)} (named like the labels in '{column}')"
            return "classes", tuple(names), None, why
    positives = [lower[name] for name in _POSITIVES if name in lower]
    if positives:
        (name,) = _one(positives, "the probability", "--probabilities", where)
        why = f"probability of the positive class: '{name}' (by its name)"
        return "positive", (name,), "probabilities", why
    raise DataError(
        f"no column looks like scores or probabilities; the columns are {_listed(columns)}",
        where=where,
        remedy="Name them: --scores or --probabilities with a list column, or with a column for "
        "each class and commas between; or --confidence with the confidence of the chosen label",
    )


def _families(columns: Mapping[str, ColumnKind]) -> dict[str, list[str]]:
    """Return number columns that share a prefix such as ``prob_``, two or more of each."""
    families: dict[str, list[str]] = {}
    for name, kind in columns.items():
        match = _FAMILY.fullmatch(name)
        if kind == "number" and match:
            families.setdefault(match[1].lower(), []).append(name)
    return {prefix: names for prefix, names in families.items() if len(names) >= 2}


def _labels(
    columns: Mapping[str, ColumnKind],
    options: ColumnOptions,
    layout: Layout,
    values: Sequence[str],
    where: str,
) -> tuple[str, str]:
    """Return the column of the labels (or of right and wrong), and how it was found."""
    what = "right or wrong" if layout == "confidence" else "labels"
    if options.labels:
        _demand(columns, options.labels, where)
        return options.labels, f"{what}: '{options.labels}' (named)"
    known = _OUTCOMES if layout == "confidence" else _LABELS
    candidates = [name for name in columns if name.lower() in known and name not in values]
    if not candidates:
        raise DataError(
            f"no column looks like {what}; the columns are {_listed(columns)}",
            where=where,
            remedy=f"Name it with --labels; the names that are guessed are {', '.join(known)}",
        )
    (name,) = _one(candidates, f"the {what}", "--labels", where)
    return name, f"{what}: '{name}' (by its name)"


def _one(
    names: Sequence[str], what: str, option: str, where: str, *, pattern: bool = False
) -> Sequence[str]:
    if len(names) == 1:
        return names
    shown = [f"{name}*" for name in names] if pattern else names
    raise DataError(
        f"more than one column could be {what}: {', '.join(shown)}",
        where=where,
        remedy=f"Name the right one, as {option} '{shown[0]}'",
    )


def _demand(
    columns: Mapping[str, ColumnKind], name: str, where: str, *, kind: ColumnKind | None = None
) -> None:
    if name not in columns:
        hint = did_you_mean(name, list(columns))
        raise DataError(
            f"there is no column '{name}'; the columns are {_listed(columns)}",
            where=where,
            remedy=hint or "Name one of these",
        )
    if kind is not None and columns[name] != kind:
        raise DataError(
            f"the column does not hold {'numbers' if kind == 'number' else kind}",
            where=f"{where}: column '{name}'",
            remedy="Name a column of numbers, and look for words among them",
        )


def _demand_apart(values: Sequence[str], labels: str, options: ColumnOptions, where: str) -> None:
    """Refuse scores that are named twice, or are to be labels, groups or clusters as well."""
    taken = {"labels": labels, "groups": options.group, "clusters": options.cluster}
    for name in values:
        again = ["scores"] if values.count(name) > 1 else []
        again += [role for role, column in taken.items() if column == name]
        if again:
            raise DataError(
                f"column '{name}' is to be scores and {again[0]}"
                if again[0] != "scores"
                else f"column '{name}' is named twice among the scores",
                where=where,
                remedy="Name every column of scores once, and another column for everything else",
            )


def _stated(name: str) -> ValueKind | None:
    """Return what a name says about its values; nothing said, they tell themselves."""
    says = name.lower()
    return "probabilities" if says == "p" or says.startswith(_SAYS_PROBABILITY[:2]) else None


def _class_names(layout: Layout, values: Sequence[str]) -> tuple[str, ...] | None:
    if layout == "positive":
        return ("0", "1")
    if layout != "classes":
        return None
    matches = [_FAMILY.fullmatch(name) for name in values]
    if all(matches) and len({m[1].lower() for m in matches if m}) == 1:
        return tuple(m[2] or m[3] for m in matches if m)
    return tuple(values)


def _listed(names: Collection[str], most: int = 12) -> str:
    shown = [f"'{name}'" for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if shown[most:] else "")
