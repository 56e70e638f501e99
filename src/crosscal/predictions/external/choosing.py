"""The choice among the readings of a file: the one that fits, or a question.

A guess is only made where one reading is possible, or where all that are possible say the same; and
it is always said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import (
    CLUSTERS,
    IDS,
    LABELS,
    MARGINS,
    OUTCOMES,
    PARTS,
    PREDICTED,
    RUNS,
    WEIGHTS,
    ColumnKind,
    ColumnMapping,
    ColumnOptions,
    ValueKind,
    demand_apart,
    demand_column,
    demand_other_votes,
    demand_own_weights,
    is_named,
    listed,
)
from crosscal.predictions.external.families import class_names, is_statistic
from crosscal.predictions.external.first_rows import Candidate, Head
from crosscal.predictions.external.fitting import (
    agree,
    counts_from_one,
    differ,
    first_gold,
    is_free_text,
    labels_fit,
)
from crosscal.predictions.external.label_checks import (
    contradict,
    demand_no_rivals,
    right_class_instead,
)
from crosscal.predictions.external.layouts import (
    TRUE_OR_FALSE,
    confidence_candidate,
    find_candidates,
    label_columns,
    offers,
    other_scores,
    unread_scores,
)
from crosscal.predictions.external.plain_text import plain_text

Floats = NDArray[np.float64]
# Signs of a name; texts of more are no ids, classes or models, and may be large.
_LONGEST = 64
Pair = tuple[Candidate, str]


def choose_columns(
    head: Head, options: ColumnOptions, *, where: str, labelled: bool = True
) -> ColumnMapping:
    """Decide what each column is; DataError where none, or more than one, could be meant."""
    for name in (options.labels, options.predicted, options.group, options.cluster):
        if name is not None:
            demand_column(head.columns, name, where)
    if options.weights is not None:
        demand_column(
            head.columns,
            options.weights,
            where,
            kind="number",
            example=head.example(options.weights),
        )
        demand_own_weights(options, where)
    votes, annotators = (
        tuple(matched(head.columns, text, where)) if text else ()
        for text in (options.votes, options.annotators)
    )
    others = (options.group, options.cluster, options.predicted, options.weights)
    taken = {name for name in others if name}
    of_votes = {*votes, *annotators}
    demand_other_votes(of_votes, options, where)
    head = replace(head, columns={n: k for n, k in head.columns.items() if n not in of_votes})
    named = _named(head, options, where)
    if named:
        demand_apart(named.values, options.labels or "", options, where)
    used = {*taken, *(named.values if named else ())}
    labels = [options.labels] if options.labels else label_columns(head, used)
    found = [named] if named else find_candidates(head, labels, taken)
    if not found:
        raise _none_found(head, labels, taken, where)
    if named and named.layout in ("confidence", "highest"):
        try:
            found = _completed(head, named, options, labels, where)
        except _NoLabels:
            if labelled:
                raise
            labels = []
    if labels or not (votes or annotators):
        candidate, label = _labelled(head, found, labels, options, where, needed=labelled)
    else:
        candidate, label = _only(head, found, where), None
    demand_apart(candidate.values, label, options, where)
    if not named:
        _demand_no_class_left(head, candidate, {*candidate.values, label}, where)
    mapping = _mapping(head, candidate, label, options)
    unasked = _unasked_weights(head, mapping) if labelled and options.weights is None else ()
    return replace(
        mapping,
        votes=votes,
        annotators=annotators,
        votes_listed=_are_listed(options.votes),
        notes=(*mapping.notes, *unasked),
    )


def _unasked_weights(head: Head, mapping: ColumnMapping) -> tuple[str, ...]:
    """Point to a column that is named like weights; taken for weights it is not."""
    free = head.of_kind("number", {*mapping.names, *mapping.optional})
    named = [name for name in free if is_named(name, WEIGHTS)]
    return tuple(
        f"'{name}' is not used; if rows stand for so many cases, give --weights {name}"
        for name in named[:1]
    )


def _mapping(
    head: Head, candidate: Candidate, label: str | None, options: ColumnOptions
) -> ColumnMapping:
    taken = {*candidate.values, label, candidate.predicted, options.group, options.weights}
    own = candidate.layout in ("confidence", "positive", "logit") and not options.name_values
    clusters = [n for n in head.columns if n.lower() in CLUSTERS and n not in taken]
    cluster = options.cluster or (clusters[0] if len(clusters) == 1 else None)
    ids = [n for n in head.columns if is_named(n, IDS) and n not in {*taken, cluster}]
    ids = [n for n in ids if head.columns[n] in ("number", "text")]
    what = "right or wrong" if candidate.outcome else "labels"
    how = "named" if options.labels else "by its name"
    notes = [candidate.why]
    if label is not None:
        notes.append(f"{what}: '{label}' ({how})")
    elif not (options.votes or options.annotators):
        notes.append("no labels are read")
    left_out = _left_out(head, candidate, taken)
    if left_out:
        notes.append(f"not taken for scores: {listed(left_out)}")
    if cluster:
        notes.append(f"clusters: '{cluster}' ({'named' if options.cluster else 'by its name'})")
    if options.group:
        notes.append(f"groups: '{options.group}' (named)")
    if options.weights:
        notes.append(f"weights: '{options.weights}' (named)")
    return ColumnMapping(
        layout=candidate.layout,
        values=candidate.values,
        values_named=_are_listed(options.scores or options.probabilities or options.confidence),
        order=_order(candidate.classes, options.classes),
        labels=label,
        predicted=None if label is None else candidate.predicted,
        group=options.group,
        cluster=cluster,
        weights=options.weights,
        id=None if cluster or len(ids) != 1 else ids[0],
        classes=options.classes or candidate.classes,
        classes_named=options.classes is not None,
        value_kind=candidate.value_kind,
        notes=tuple(notes),
        beside=tuple(n for n in _codes(head) if own and n not in {*taken, cluster}),
        factors=tuple(n for n in _codes(head) if is_named(n, (*RUNS, *PARTS)) and n not in taken),
    )


def _codes(head: Head) -> list[str]:
    """Return the columns of words and of whole numbers."""
    cells = {name: head.numbers(name) for name in head.of_kind("number")}
    numbers = [n for n, column in cells.items() if not (column[np.isfinite(column)] % 1).any()]
    texts = [n for n in head.of_kind("text") if max(map(_length, head.cells[n])) <= _LONGEST]
    return [*texts, *numbers]


def _length(cell: object) -> int:
    return 0 if cell is None else len(str(cell))


def _are_listed(text: str | None) -> bool:
    """Whether the user has put the columns in order, and not only said what they begin with."""
    return text is not None and "," in text and "*" not in text


def _order(names: tuple[str, ...] | None, wanted: tuple[str, ...] | None) -> tuple[int, ...] | None:
    """Return the order in which the user names the same classes; other names only rename."""
    own, other = [[plain_text(name) for name in each or ()] for each in (names, wanted)]
    if own == other or set(own) != set(other) or len(own) != len(other):
        return None
    return tuple(own.index(name) for name in other)


def _demand_no_class_left(
    head: Head, candidate: Candidate, taken: set[str | None], where: str
) -> None:
    """Refuse classes with names as 'sum' where a column as 'max' could be another of them."""
    left_out = _left_out(head, candidate, taken)
    classes = class_names(candidate.values) if left_out else []
    if any(is_statistic(name) for name in classes):
        raise DataError(
            f"{listed(left_out)} could be scores of classes, as {listed(candidate.values)} are",
            where=where,
            remedy=f"Name the scores, as --scores '{','.join(candidate.values)}'",
        )


def _left_out(head: Head, candidate: Candidate, taken: set[str | None]) -> list[str]:
    """Return columns that share the name of the scores, and were not taken."""
    if candidate.layout != "classes":
        return []
    names = class_names(candidate.values)
    affixes = {full[: -len(short)] for full, short in zip(candidate.values, names, strict=True)} - {
        ""
    }
    return [
        name
        for name in head.of_kind("number", {n for n in taken if n})
        if any(name.startswith(affix) for affix in affixes)
    ]


def _named(head: Head, options: ColumnOptions, where: str) -> Candidate | None:
    """Follow --scores, --probabilities or --confidence."""
    role = next((n for n in ("scores", "probabilities", "confidence") if getattr(options, n)), None)
    if role is None:
        return None
    names = matched(head.columns, getattr(options, role), where)
    is_list = len(names) == 1 and head.columns[names[0]] == "list"
    for name in () if is_list else names:
        demand_column(head.columns, name, where, kind="number", example=head.example(name))
    if role == "confidence" and len(names) == 1 and not is_list:
        return confidence_candidate(names[0], how="named")
    value_kind: ValueKind = "scores" if role == "scores" else "probabilities"
    what = {"confidence": "the highest is the confidence"}.get(role, role)
    matrix = head.lists(names[0]) if is_list else head.matrix(names)
    if matrix is not None and matrix.shape[1] == 1:
        kind = "logit" if role == "scores" else "probability"
        return Candidate(
            layout="logit" if role == "scores" else "positive",
            values=tuple(names),
            value_kind=value_kind,
            why=f"{kind} of the positive class: '{names[0]}' (named)",
            option=f"--{role} '{names[0]}'",
            classes=("0", "1"),
        )
    layout = "highest" if role == "confidence" else "list" if is_list else "classes"
    return Candidate(
        layout=layout,  # type: ignore[arg-type]
        values=tuple(names),
        value_kind="confidence" if role == "confidence" else value_kind,
        why=f"{what}: {'list column ' if is_list else ''}{listed(names)} (named)",
        option=f"--{role} '{','.join(names)}'",
        classes=head.class_names.get(names[0]) if is_list else class_names(names),
    )


def matched(columns: Mapping[str, ColumnKind], text: str, where: str) -> list[str]:
    """Return the columns that a text names: one, several with commas between, or a pattern."""
    if text in columns:
        return [text]
    names: list[str] = []
    for part in text.split(","):
        wanted = part.strip()
        found = [wanted] if wanted in columns else []
        found = found or [name for name in columns if fnmatchcase(name, wanted)]
        if not found:
            demand_column(columns, wanted, where)
        names += found
    return names


def _completed(
    head: Head, named: Candidate, options: ColumnOptions, labels: Sequence[str], where: str
) -> list[Candidate]:
    """Return the readings of a named confidence: its labels are right or wrong, or of classes."""
    if named.layout == "highest":
        return [named]
    name = named.values[0]
    predicted = [options.predicted] if options.predicted else []
    free = [n for n in head.columns if n not in {name, *labels}]
    by_name = predicted or [n for n in free if is_named(n, PREDICTED)]
    outcomes = [options.labels] if options.labels else [n for n in free if is_named(n, OUTCOMES)]
    of_labels = [confidence_candidate(name, predicted=n, how="named") for n in by_name]
    of_outcomes = [
        confidence_candidate(name, outcome=n, how="named")
        for n in outcomes
        if head.words(n) <= TRUE_OR_FALSE
    ]
    if predicted or (options.labels and not is_named(options.labels, OUTCOMES) and of_labels):
        return of_labels
    if labels and not (outcomes or of_labels):
        raise _NoLabels(
            f"'{labels[0]}' can say which class is right, or whether the chosen one is",
            where=where,
            remedy=f"Give --labels '{labels[0]}' if it says right or wrong, else the column of "
            "chosen classes with --predicted",
        )
    return of_outcomes or of_labels or [confidence_candidate(name, how="named")]


def _only(head: Head, candidates: Sequence[Candidate], where: str) -> Candidate:
    """Return the one reading of scores whose labels nobody asks for."""
    first = min(candidates, key=lambda candidate: candidate.rank)
    others = [c for c in candidates if c is not first and not agree(head, first, c)]
    if others:
        raise _several([first, *others], where)
    return first


def _labelled(
    head: Head,
    candidates: Sequence[Candidate],
    labels: Sequence[str],
    options: ColumnOptions,
    where: str,
    *,
    needed: bool,
) -> tuple[Candidate, str | None]:
    """Return the scores and the labels that fit them; no labels where they are not `needed`."""
    try:
        return _settled(head, candidates, labels, options, where)
    except _NoLabels:
        if needed:
            raise
        return _only(head, candidates, where), None


def _settled(
    head: Head,
    candidates: Sequence[Candidate],
    labels: Sequence[str],
    options: ColumnOptions,
    where: str,
) -> Pair:
    """Return the scores and labels that fit each other, if there is one such pair."""
    pairs = [
        (candidate, label)
        for candidate in candidates
        for label in ([candidate.outcome] if candidate.outcome else labels)
        if label not in candidate.values
    ]
    if not pairs:
        raise _no_labels(head, candidates[0], where)
    # Labels that count from one fit in no place, and must not drive out what they belong to.
    fitting = [
        pair
        for pair in pairs
        if labels_fit(head, *pair, options) or counts_from_one(head, *pair, options)
    ]
    if not fitting:
        if len({id(candidate) for candidate, _ in pairs}) > 1:
            raise _several([candidate for candidate, _ in pairs], where)
        fitting = pairs  # the reading of the labels will say what is wrong with them
    best = min(candidate.rank for candidate, _ in fitting)
    first = next(candidate for candidate, _ in fitting if candidate.rank == best)
    its_label = next(label for candidate, label in fitting if candidate is first)
    others = _other_readings(head, (first, its_label), pairs, fitting, options)
    instead = None if options.labels else right_class_instead(head, first, labels)
    others += [instead] if instead else []
    if others:
        raise _several([first, *others], where)
    if first.rank and not options.name_values:
        used = {first.predicted, first.outcome, *labels, options.group, options.cluster}
        used |= {options.weights}
        unexplained = other_scores(head, first.values, {n for n in used if n})
        # One column beside several that could be those of the classes is not the only reading.
        if len(unexplained) > 1 or any(head.columns[n] == "list" for n in unexplained):
            raise _several([first], where, unexplained)
    names = list(dict.fromkeys(label for candidate, label in fitting if candidate is first))
    golds = [first_gold(head, first, name, options) for name in names]
    unread = [n for n in labels if n not in names and not is_free_text(head, n)]
    if differ(golds) or (unread and not first.outcome):
        names += unread
        raise DataError(
            f"more than one column could be the labels: {', '.join(names)}",
            where=where,
            remedy=f"Name the right one, as --labels '{names[0]}'",
        )
    demand_no_rivals(head, first, names[0], options, where)
    return first, names[0]


def _other_readings(
    head: Head, first: Pair, pairs: Sequence[Pair], fitting: Sequence[Pair], options: ColumnOptions
) -> list[Candidate]:
    """Return the candidates that do not say what the first of them does."""
    candidate, its_label = first
    others = []
    for other, label in pairs:
        if other is candidate:
            continue
        if (other, label) not in fitting:
            # Scores whose labels cannot be read say more than a confidence beside them.
            apart = other.rank < candidate.rank and not agree(head, other, candidate)
        else:
            apart = not agree(head, candidate, other)
            # A column of outcomes is held against the labels, whichever of them is the first.
            same = candidate.outcome or label in (its_label, other.outcome)
            apart |= bool(same) and contradict(head, first, (other, label), options)
        others += [other] if apart else []
    return others


def _several(candidates: Sequence[Candidate], where: str, others: Sequence[str] = ()) -> DataError:
    unique = {(c.layout, c.values, c.option): c for c in candidates}.values()
    readings = "; ".join(f"{c.why.removeprefix('scores: ')}: {c.option}" for c in unique)
    if others:
        readings += f"; or {listed(others)}: --scores or --probabilities"
    return DataError(
        f"more than one reading of the scores is possible: {readings}",
        where=where,
        remedy="Give the option of the right one",
    )


class _NoLabels(DataError):
    """A file has no labels, as far as its columns are named."""


def _no_labels(head: Head, candidate: Candidate, where: str) -> _NoLabels:
    confident = candidate.layout == "confidence"
    known = OUTCOMES if confident else LABELS
    return _NoLabels(
        f"no column looks like {'right or wrong' if confident else 'labels'}; the columns are "
        f"{listed(head.columns)}",
        where=where,
        remedy=f"Name it with --labels, or a file with the labels in the same order, as --labels "
        f"gold.txt; the names that are guessed are {', '.join(known)}",
    )


def _none_found(head: Head, labels: Sequence[str], taken: set[str], where: str) -> DataError:
    possible = offers(head, {*labels, *taken})
    hint = f"; perhaps {' or '.join(possible)}" if possible else ""
    margins = [n for n in head.of_kind("number", {*labels, *taken}) if is_named(n, MARGINS)]
    if margins:
        hint += (
            f"; a margin is no log-odds: give calibrated probabilities, or --scores "
            f"'{margins[0]}' if it is the logit of class 1"
        )
    text = unread_scores(head, {*labels, *taken})
    no_numbers = "".join(f"; '{name}' holds no numbers{head.example(name)}" for name in text[:3])
    return DataError(
        f"no column looks like scores or probabilities; the columns are {listed(head.columns)}"
        + no_numbers,
        where=where,
        remedy="Write numbers as 1234.5, without other signs"
        if text
        else "Name them: --scores or --probabilities with a list column, or with a column for "
        "each class and commas between; or --confidence with the confidence of the chosen label"
        + hint,
    )
