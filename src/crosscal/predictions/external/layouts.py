"""The readings that a file allows: which columns could be the scores, by name and by content.

A reading is a `Candidate`. What is decided by content is decided on the first rows of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from crosscal.predictions.external.columns import (
    CONFIDENCES,
    IDS,
    LABELS,
    LOGITS,
    NO_SCORES,
    ONE_LOGIT,
    OUTCOMES,
    POSITIVES,
    PREDICTED,
    PROBABILITIES,
    is_named,
)
from crosscal.predictions.external.families import (
    column_families,
    could_be_scores,
    has_prefix,
    named_like_labels,
    stated_kind,
    sums_to_one,
)
from crosscal.predictions.external.first_rows import (
    Candidate,
    Head,
    are_probabilities,
)
from crosscal.predictions.external.plain_text import TRUTHS, plain_text

TRUE_OR_FALSE = {"0", "1", *TRUTHS}


def label_columns(head: Head, but: Collection[str]) -> list[str]:
    """Return the columns that are named like labels."""
    return [name for name in head.columns if is_named(name, LABELS) and name not in but]


def find_candidates(head: Head, labels: Sequence[str], taken: Collection[str]) -> list[Candidate]:
    """Return every reading that names allow, or content alone where it leaves no doubt."""
    label_words = [head.words(name) for name in labels if name in head.cells]
    taken = {*taken, *labels}
    return [
        *_list_columns(head, taken),
        *column_families(head, label_words, taken),
        *named_like_labels(head, label_words, taken),
        *_confidences(head, labels, taken),
        *_single_columns(head, taken),
    ]


def offers(head: Head, taken: Collection[str]) -> list[str]:
    """Return readings that nothing but the user can choose, as options."""
    names = [f"--scores '{name}'" for name in head.of_kind("list", taken)]
    names += _of_a_pipeline(head)
    numbers = [n for n in head.of_kind("number", taken) if not is_named(n, IDS)]
    found = [s for s in sums_to_one(head, [], numbers) if len(s) > 1]
    return names + [f"--probabilities {','.join(each)}" for each in found[:3]]


def _of_a_pipeline(head: Head) -> list[str]:
    """Return the reading of a best label with its ``score``, beside the right label."""
    scores = [n for n in head.of_kind("number") if is_named(n, ("score", *CONFIDENCES))]
    labels = label_columns(head, scores)
    chosen = [n for n in labels if is_named(n, ("label", "labels"))]
    right = [n for n in labels if n not in chosen]
    if not (len(scores) == len(chosen) == len(right) == 1):
        return []
    return [f"--confidence '{scores[0]}' --predicted '{chosen[0]}' --labels '{right[0]}'"]


def unread_scores(head: Head, taken: Collection[str]) -> list[str]:
    """Return columns that are named like scores, but hold no numbers."""
    known = (*LOGITS, *PROBABILITIES, *POSITIVES, *CONFIDENCES, *ONE_LOGIT)
    return [
        name
        for name in [*head.of_kind("text", taken), *head.of_kind("other", taken)]
        if is_named(name, known) or has_prefix(name)
    ]


def _list_columns(head: Head, taken: Collection[str]) -> Iterator[Candidate]:
    for name in head.of_kind("list", taken):
        if is_named(name, NO_SCORES):
            continue
        known = is_named(name, (*LOGITS, *PROBABILITIES)) or name in head.class_names
        matrix = head.lists(name)
        if matrix is not None and matrix.shape[1] == 1:
            if is_named(name, (*LOGITS, *ONE_LOGIT, *PROBABILITIES)):
                yield _one_column(name, stated_kind(name) == "probabilities")
            continue
        certain = (
            matrix is not None
            and are_probabilities(matrix)
            and (len(matrix) < 2 or bool((matrix != matrix[0]).any()))
            and not other_scores(head, [name], taken)
        )
        if known or certain:
            how = "by its name" if known else "rows sum to one"
            yield Candidate(
                layout="list",
                values=(name,),
                value_kind=stated_kind(name),
                why=f"scores: list column '{name}' ({how})",
                option=f"--scores '{name}' or --probabilities '{name}'",
                classes=head.class_names.get(name),
            )


def other_scores(head: Head, values: Collection[str], taken: Collection[str]) -> list[str]:
    """Return other columns that could be scores as well, whatever they are called."""
    lists = [
        name
        for name in head.of_kind("list", {*taken, *values})
        if not _is_whole(head, name) and not is_named(name, NO_SCORES)
    ]
    numbers = [n for n in head.of_kind("number", {*taken, *values}) if could_be_scores(head, n)]
    return lists + numbers


def _is_whole(head: Head, name: str) -> bool:
    return all(x is None or float(x).is_integer() for row in head.cells[name] if row for x in row)


def _confidences(head: Head, labels: Sequence[str], taken: Collection[str]) -> Iterator[Candidate]:
    """Confidences of chosen labels, with what says whether these are right."""
    free = [n for n in head.columns if n not in taken]
    outcomes = [
        n
        for n in [*free, *(label for label in labels if is_named(label, OUTCOMES))]
        if is_named(n, OUTCOMES) and (n.lower() != "acc" or head.words(n) <= TRUE_OR_FALSE)
    ]
    predicted = [
        n for n in free if is_named(n, PREDICTED) and head.columns[n] in ("text", "number")
    ]
    for name in head.of_kind("number", taken):
        by_name = is_named(name, CONFIDENCES)
        if by_name:
            for outcome in outcomes:
                yield confidence_candidate(name, outcome=outcome)
        for chosen in predicted:
            if chosen != name and (by_name or _is_of_the_chosen(head, name, chosen)):
                yield confidence_candidate(name, predicted=chosen)


def confidence_candidate(
    name: str,
    *,
    outcome: str | None = None,
    predicted: str | None = None,
    labels: str | None = None,
    how: str = "by its name",
) -> Candidate:
    """Return the reading of a column as confidence."""
    more = f", of the labels in '{predicted}'" if predicted else ""
    more += f", of which '{labels}' are the right ones" if labels else ""
    option = f" --predicted '{predicted}'" if predicted else f" --labels '{outcome}'"
    option += f" --labels '{labels}'" if labels else ""
    return Candidate(
        layout="confidence",
        values=(name,),
        value_kind="confidence",
        why=f"confidence: '{name}' ({how}){more}",
        option=f"--confidence '{name}'{option if outcome or predicted else ''}",
        outcome=outcome,
        predicted=predicted,
    )


def _is_of_the_chosen(head: Head, name: str, predicted: str) -> bool:
    """Whether a ``score`` or ``prob`` beside a chosen label could be its confidence."""
    if not is_named(name, ("score", *POSITIVES)):
        return False
    values = head.numbers(name)
    if not ((values >= 0) & (values <= 1)).all():
        return False
    chosen = [plain_text(x) for x in head.cells[predicted]]
    if set(chosen) <= TRUE_OR_FALSE:
        positive = np.array([label in ("1", "true") for label in chosen])
        if (positive == (values >= 0.5)).all():
            return False  # it is that of class 1
    return bool((values >= 1 / max(2, len(set(chosen))) - 1e-6).all())


def _single_columns(head: Head, taken: Collection[str]) -> Iterator[Candidate]:
    """One number column: the probability of the positive class, or its logit."""
    for name in head.of_kind("number", taken):
        if is_named(name, ONE_LOGIT):
            yield _one_column(name, False)
            values = head.numbers(name)
            if ((values >= 0) & (values <= 1)).all():
                yield _one_column(name, True)
        elif is_named(name, POSITIVES):
            yield _one_column(name, True)


def _one_column(name: str, probability: bool) -> Candidate:
    what = "probability" if probability else "logit"
    return Candidate(
        layout="positive" if probability else "logit",
        values=(name,),
        value_kind="probabilities" if probability else "scores",
        why=f"{what} of the positive class: '{name}' (by its name)",
        option=f"--{'probabilities' if probability else 'scores'} '{name}'",
        classes=("0", "1"),
    )
