"""Columns that belong together, one for each class: by affixes, by the labels, by sums of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, count

import numpy as np
from numpy.typing import NDArray

from crosscal.predictions.external.columns import (
    CONFIDENCES,
    IDS,
    OUTCOMES,
    POSITIVES,
    PREDICTED,
    PREFIXES,
    STATISTICS,
    WEIGHTS,
    ValueKind,
    is_named,
    listed,
)
from crosscal.predictions.external.first_rows import (
    MOSTLY,
    Candidate,
    Head,
    are_probabilities,
    tolerance,
)
from crosscal.predictions.external.plain_text import index_of, plain_text

Floats = NDArray[np.float64]
# The records that a column lies in; of 1.0_prob nothing.
_PATH = r"(?:(?:.*\.)?[^\W\d][\w\-]*\.)?"
_PREFIXED = re.compile(
    rf"{_PATH}({'|'.join(PREFIXES)})(?:[_\-. ](.+)|\((.+)\)|(\d+))", re.IGNORECASE
)
_SUFFIXED = re.compile(rf"{_PATH}(.+)[_\-. ]({'|'.join(PREFIXES)})", re.IGNORECASE)
_MOST_SEARCHED = 12


def column_families(
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
        alone = are_probabilities(head.matrix(numbered)) or all(map(is_statistic, rest))
        return [numbered] if alone else [numbered, everything]
    return _named_family(head, affix, members, set().union(*label_words))


def _named_family(
    head: Head, affix: str, members: Mapping[str, str], words: set[str]
) -> list[tuple[str, ...]]:
    folded = {word.casefold() for word in words}
    of_labels = {n for m, n in members.items() if plain_text(m).casefold() in folded}
    main = {m: n for m, n in members.items() if n in of_labels or not is_statistic(m)}
    known = tuple(name for name in main.values() if name in of_labels)
    found = sums_to_one(head, known, list(main.values()))
    if found or len(main) < 2:
        return found
    if not known:
        # Numbers for labels: which is which is looked into when they are read.
        return [tuple(main.values())] if affix.startswith(("prob", "logit", "softmax")) else []
    if len(known) == len(main) or stated_kind(affix):
        return [tuple(main.values())]
    return [tuple(main.values()), *([known] if len(known) > 1 else [])]


def is_statistic(member: str) -> bool:
    """Whether a column's name says what is made of scores, as the largest of them."""
    return index_of(member) is None and any(
        part in STATISTICS for part in re.split(r"[_\-. ]", member.lower())
    )


def sums_to_one(head: Head, known: Sequence[str], others: Sequence[str]) -> list[tuple[str, ...]]:
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


def named_like_labels(
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
        found = sums_to_one(head, known, numbers)
        if not found:
            # Of whole numbers, as votes are, the scores of a class without gold are some too.
            whole = not any(could_be_scores(head, n) for n in known)
            others = [n for n in numbers if n not in known and could_be_scores(head, n, whole)]
            found = [known] if len(known) > 1 else []
            if others and known[1:]:
                found.append(tuple(n for n in numbers if n in known or n in others))
        for names in found:
            yield _columns(names, "", "named like the labels")


def could_be_scores(head: Head, name: str, whole: bool = False) -> bool:
    """Whether a column of numbers may be scores; whole numbers only where that is said."""
    values = head.numbers(name)
    others = (*CONFIDENCES, *OUTCOMES, *POSITIVES, *STATISTICS, *PREDICTED, *WEIGHTS)
    known = is_named(name, others)
    return not known and (whole or bool((values[np.isfinite(values)] % 1 != 0).any()))


def has_prefix(name: str) -> bool:
    """Whether a name begins as those of scores do."""
    return _PREFIXED.fullmatch(name) is not None


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


def stated_kind(name: str) -> ValueKind | None:
    """Return what a name says about its values; nothing said, they tell themselves."""
    low = name.lower().rsplit(".", 1)[-1]
    says = low == "p" or low.startswith(("prob", "softmax", "y_prob", "predict_proba"))
    return "probabilities" if says else None
