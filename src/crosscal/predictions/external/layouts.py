"""The readings that a file allows: which columns could be the scores, by name and by content.

A reading is a `Candidate`. What is decided by content is decided on the first rows of the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    PREFIXES,
    PROBABILITIES,
    STATISTICS,
    WEIGHTS,
    ColumnKind,
    Layout,
    ValueKind,
    is_named,
    listed,
)
from crosscal.predictions.external.plain_text import TRUTHS, index_of, plain_text

Floats = NDArray[np.float64]

TRUE_OR_FALSE = {"0", "1", *TRUTHS}
# The records that a column lies in; of 1.0_prob nothing.
_PATH = r"(?:(?:.*\.)?[^\W\d][\w\-]*\.)?"
_PREFIXED = re.compile(
    rf"{_PATH}({'|'.join(PREFIXES)})(?:[_\-. ](.+)|\((.+)\)|(\d+))", re.IGNORECASE
)
_SUFFIXED = re.compile(rf"{_PATH}(.+)[_\-. ]({'|'.join(PREFIXES)})", re.IGNORECASE)
# Rows of the first ones that must sum to one for columns to be taken for probabilities; a few may
# be faulty, and are then reported as such.
MOSTLY = 0.9
_MOST_SEARCHED = 12


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to read the scores."""

    layout: Layout
    values: tuple[str, ...]
    value_kind: ValueKind | None
    why: str
    option: str  # what a user types to have this reading
    classes: tuple[str, ...] | None = None
    outcome: str | None = None  # of confidences: the column that says right or wrong,
    predicted: str | None = None  # or that of the chosen labels

    @property
    def rank(self) -> int:
        """Scores of all classes say more than those of one, and these than a confidence."""
        return {"list": 0, "classes": 0, "positive": 1, "logit": 1}.get(self.layout, 2)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The first rows of a file."""

    columns: Mapping[str, ColumnKind]
    cells: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, tuple[str, ...]]  # of list columns whose entries have names

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers; NaN where one is missing."""
        return np.array([np.nan if x is None else x for x in self.cells[name]], dtype=np.float64)

    def words(self, name: str) -> set[str]:
        """Return the different values of a column, as plain text."""
        cells = self.cells.get(name, ())
        return {plain_text(x) for x in cells if x is not None and str(x).strip()}

    def matrix(self, names: Sequence[str]) -> Floats:
        """Return columns of numbers side by side."""
        return np.column_stack([self.numbers(name) for name in names])

    def lists(self, name: str) -> Floats | None:
        """Return a list column as a matrix, if its rows have one length."""
        rows = [row for row in self.cells[name] if row is not None]
        if not rows or len({len(row) for row in rows}) > 1:
            return None
        return np.array([[np.nan if x is None else x for x in row] for row in rows], np.float64)

    def example(self, name: str) -> str:
        """Write the first cell of a column that is not empty, as part of a sentence."""
        cells = [str(x) for x in self.cells.get(name, ()) if x is not None and str(x).strip()]
        return f", as {cells[0][:40]!r}" if cells else ""

    def of_kind(self, kind: ColumnKind, but: Collection[str] = ()) -> list[str]:
        """Return the columns of a kind."""
        return [n for n, each in self.columns.items() if each == kind and n not in but]


def are_probabilities(values: Floats) -> bool:
    """Whether rows lie in [0, 1] and sum to one, but for a few."""
    if values.shape[1] < 2 or not len(values):
        return False
    slack = tolerance(values.shape[1])
    inside = ((values >= -slack) & (values <= 1 + slack)).all(axis=1)
    one = np.abs(values.sum(axis=1) - 1) <= slack
    return bool((inside & one).mean() >= MOSTLY)


def tolerance(classes: int) -> float:
    """Return how far probabilities written with three decimals may be from a sum of one."""
    return min(0.01, max(1e-3, classes * 5e-4)) + 1e-9


def label_columns(head: Head, but: Collection[str]) -> list[str]:
    """Return the columns that are named like labels."""
    return [name for name in head.columns if is_named(name, LABELS) and name not in but]


def find_candidates(head: Head, labels: Sequence[str], taken: Collection[str]) -> list[Candidate]:
    """Return every reading that names allow, or content alone where it leaves no doubt."""
    label_words = [head.words(name) for name in labels if name in head.cells]
    taken = {*taken, *labels}
    return [
        *_list_columns(head, taken),
        *_families(head, label_words, taken),
        *_named_like_labels(head, label_words, taken),
        *_confidences(head, labels, taken),
        *_single_columns(head, taken),
    ]


def offers(head: Head, taken: Collection[str]) -> list[str]:
    """Return readings that nothing but the user can choose, as options."""
    names = [f"--scores '{name}'" for name in head.of_kind("list", taken)]
    numbers = [n for n in head.of_kind("number", taken) if not is_named(n, IDS)]
    found = [s for s in _sums_to_one(head, [], numbers) if len(s) > 1]
    return names + [f"--probabilities {','.join(each)}" for each in found[:3]]


def unread_scores(head: Head, taken: Collection[str]) -> list[str]:
    """Return columns that are named like scores, but hold no numbers."""
    known = (*LOGITS, *PROBABILITIES, *POSITIVES, *CONFIDENCES, *ONE_LOGIT)
    return [
        name
        for name in [*head.of_kind("text", taken), *head.of_kind("other", taken)]
        if is_named(name, known) or _PREFIXED.fullmatch(name)
    ]


def stated_kind(name: str) -> ValueKind | None:
    """Return what a name says about its values; nothing said, they tell themselves."""
    low = name.lower().rsplit(".", 1)[-1]
    says = low == "p" or low.startswith(("prob", "softmax", "y_prob", "predict_proba"))
    return "probabilities" if says else None


def class_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Return what columns call the classes: without a prefix, or suffix, that all have."""
    for pattern, at in ((_PREFIXED, 0), (_SUFFIXED, 1)):
        matches = [pattern.fullmatch(name) for name in columns]
        if all(matches):
            groups = [_parts(m, at) for m in matches if m]
            if len({affix for affix, _ in groups}) == 1:
                return tuple(name for _, name in groups)
    return tuple(columns)


def _parts(match: re.Match[str], at: int) -> tuple[str, str]:
    """Return the affix, and the class's name."""
    filled = [group for group in match.groups() if group]
    return filled[at].lower(), filled[1 - at]


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
    numbers = [n for n in head.of_kind("number", {*taken, *values}) if _could_be_scores(head, n)]
    return lists + numbers


def _is_whole(head: Head, name: str) -> bool:
    return all(x is None or float(x).is_integer() for row in head.cells[name] if row for x in row)


def _families(
    head: Head, label_words: Sequence[set[str]], taken: Collection[str]
) -> Iterator[Candidate]:
    """Columns that share a prefix such as ``prob_``, or a suffix."""
    families: dict[tuple[str, str, int, int], dict[str, str]] = {}
    for name in head.of_kind("number", taken):
        for pattern, at in ((_PREFIXED, 0), (_SUFFIXED, 1)):
            match = pattern.fullmatch(name)
            if match:
                affix, member = _parts(match, at)
                path = name[: match.start(1)]
                for copy in count():  # prob_no and prob.no are not of one set
                    family = families.setdefault((path, affix, at, copy), {})
                    if member not in family:
                        family[member] = name
                        break
                break
    families = {key: members for key, members in families.items() if len(members) >= 2}
    # What the columns of one family are called are classes in the others too.
    whole = [
        {plain_text(member) for member in members}
        for members in families.values()
        if are_probabilities(head.matrix(tuple(members.values())))
    ]
    for (_, affix, _, _), members in families.items():
        for names in _within_family(head, affix, members, [*label_words, *whole]):
            yield _columns(names, affix, "a column a class, by their names")


def _within_family(
    head: Head, affix: str, members: Mapping[str, str], label_words: Sequence[set[str]]
) -> list[tuple[str, ...]]:
    """Return which columns of a family could be the classes; the others are about something else.

    Not the labels that occur decide, since a class may have no row, but numbers that count, sums
    of one, and words that are no classes.
    """
    everything = tuple(members.values())
    if are_probabilities(head.matrix(everything)):
        return [everything]
    numbers = sorted(int(m) for m in members if m.isdecimal())
    if len(numbers) >= 2 and numbers in ([*range(len(numbers))], [*range(1, len(numbers) + 1)]):
        numbered = tuple(name for m, name in members.items() if m.isdecimal())
        rest = [m for m in members if not m.isdecimal()]
        alone = are_probabilities(head.matrix(numbered)) or all(map(_is_statistic, rest))
        return [numbered] if alone else [numbered, everything]
    return _named_family(head, affix, members, set().union(*label_words))


def _named_family(
    head: Head, affix: str, members: Mapping[str, str], words: set[str]
) -> list[tuple[str, ...]]:
    folded = {word.casefold() for word in words}
    of_labels = {n for m, n in members.items() if plain_text(m).casefold() in folded}
    main = {m: n for m, n in members.items() if n in of_labels or not _is_statistic(m)}
    known = tuple(name for name in main.values() if name in of_labels)
    found = _sums_to_one(head, known, list(main.values()))
    if found or len(main) < 2:
        return found
    if not known:
        # Numbers for labels: which is which is looked into when they are read.
        return [tuple(main.values())] if affix.startswith(("prob", "logit", "softmax")) else []
    if len(known) == len(main) or stated_kind(affix):
        return [tuple(main.values())]
    return [tuple(main.values()), *([known] if len(known) > 1 else [])]


def _is_statistic(member: str) -> bool:
    return index_of(member) is None and any(
        part in STATISTICS for part in re.split(r"[_\-. ]", member.lower())
    )


def _sums_to_one(head: Head, known: Sequence[str], others: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the smallest sets of columns, `known` among them, whose rows sum to one."""
    matrix = head.matrix(others) if others else np.zeros((0, 0))
    slack = tolerance(len(others))
    unit = [
        n
        for n, column in zip(others, matrix.T, strict=True)
        if n not in known and ((column >= -slack) & (column <= 1 + slack)).mean() >= MOSTLY
    ]
    for size in range(len(unit) + 1 if len(unit) <= _MOST_SEARCHED else 1):
        found = [
            tuple(n for n in others if n in known or n in chosen)
            for chosen in combinations(unit, size)
            if len(known) + size > 1 and are_probabilities(head.matrix([*known, *chosen]))
        ]
        if found:
            return found
    everything = [*known, *unit]
    whole = len(everything) > 1 and are_probabilities(head.matrix(everything))
    return [tuple(n for n in others if n in everything)] if whole else []


def _named_like_labels(
    head: Head, label_words: Sequence[set[str]], taken: Collection[str]
) -> Iterator[Candidate]:
    """Columns named as the classes are; a class without gold is found by sums of one."""
    numbers = [n for n in head.of_kind("number", taken) if not is_named(n, IDS)]
    done = set()
    for words in label_words:
        known = tuple(name for name in numbers if plain_text(name) in words)
        if not known or (len(known) < 2 and len(words) > 1) or known in done:
            continue
        done.add(known)
        found = _sums_to_one(head, known, numbers)
        if not found:
            # Of whole numbers, as votes are, the scores of a class without gold are some too.
            whole = not any(_could_be_scores(head, n) for n in known)
            others = [n for n in numbers if n not in known and _could_be_scores(head, n, whole)]
            found = [known] if len(known) > 1 else []
            if others and known[1:]:
                found.append(tuple(n for n in numbers if n in known or n in others))
        for names in found:
            yield _columns(names, "", "named like the labels")


def _could_be_scores(head: Head, name: str, whole: bool = False) -> bool:
    values = head.numbers(name)
    others = (*CONFIDENCES, *OUTCOMES, *POSITIVES, *STATISTICS, *PREDICTED, *WEIGHTS)
    known = is_named(name, others)
    return not known and (whole or bool((values[np.isfinite(values)] % 1 != 0).any()))


def _columns(names: tuple[str, ...], affix: str, how: str) -> Candidate:
    classes = class_names(names)
    if all(name.isdecimal() for name in classes):  # numbers count, in whichever order they stand
        pairs = sorted(zip(classes, names, strict=True), key=lambda pair: int(pair[0]))
        classes, names = tuple(c for c, _ in pairs), tuple(n for _, n in pairs)
    stated = stated_kind(affix)
    text = ",".join(names)
    options = ("probabilities",) if stated else ("scores", "probabilities")
    return Candidate(
        layout="classes",
        values=names,
        value_kind=stated,
        why=f"scores: {listed(names)} ({how})",
        option=" or ".join(f"--{option} '{text}'" for option in options),
        classes=classes,
    )


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
