"""Whether translations that claim to be parallel still are.

A shifted file gives chance accuracy in one language, which looks like a bad model. Four signs
are used: labels, the pattern in which premises repeat, lengths, and numerals.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from crosscal.data.checks.content import Content, Oddity, Severity, View
from crosscal.languages import is_english

_NUMERAL = re.compile(r"\d+")
_LEAST_WITH_NUMERALS = 10
_SHARED_LEAST = 0.5
_NEIGHBOUR_MARGIN = 0.2
_FAR = 6.0
_SMALLEST_SPREAD = 0.15
_LONG_ENOUGH = 20
_TEMPLATE = 10


def parallel_oddities(
    parts: Mapping[str, Sequence[Content]], view: View
) -> list[tuple[str, Oddity]]:
    """Compare every language with English, or with the first if English is not there."""
    if len(parts) < 2:
        return []
    reference = next(filter(is_english, parts), next(iter(parts)))
    reference_rows = parts[reference]
    ids = [row.unit_id for row in reference_rows]
    by_language: list[tuple[str, Oddity]] = []
    for language, rows in parts.items():
        if language == reference:
            continue
        if [row.unit_id for row in rows] != ids:
            message = f"the units differ from those of '{reference}'"
            units = sorted({row.unit_id for row in rows} ^ set(ids)) or ids
            by_language.append((language, ("error", "not parallel", message, units)))
            continue
        oddities = [
            *_labels(reference, reference_rows, rows, view.gold),
            *(_leading(reference, reference_rows, rows, view.leading) if view.leading else ()),
            *_lengths(reference, reference_rows, rows),
            *_numerals(reference, reference_rows, rows),
            *_untranslated(reference, reference_rows, rows),
        ]
        by_language += [(language, oddity) for oddity in oddities]
    return by_language


def _labels(
    reference: str,
    reference_rows: Sequence[Content],
    rows: Sequence[Content],
    gold: str,
) -> list[Oddity]:
    units = [
        b.unit_id
        for a, b in zip(reference_rows, rows, strict=True)
        if a.shared_gold != b.shared_gold
    ]
    message = f"the {gold} differs from that of the same row in '{reference}'"
    return [("error", "misaligned label", message, units)] if units else []


def _leading(
    reference: str,
    reference_rows: Sequence[Content],
    rows: Sequence[Content],
    name: str,
) -> list[Oddity]:
    """Find premises or contexts that repeat in one language and change in the other."""
    apart: list[str] = []
    together: list[str] = []
    for index in range(1, len(rows)):
        same = reference_rows[index].texts[0] == reference_rows[index - 1].texts[0]
        same_here = rows[index].texts[0] == rows[index - 1].texts[0]
        if same and not same_here:
            apart.append(rows[index].unit_id)
        elif same_here and not same:
            together.append(rows[index].unit_id)
    oddities: list[Oddity] = []
    if apart:
        severity: Severity = "error" if len(apart) > 0.02 * len(rows) else "warning"
        message = f"the {name} changes where that in '{reference}' repeats"
        oddities.append((severity, f"misaligned {name}", message, apart))
    if together:
        message = f"the {name} repeats where that in '{reference}' changes"
        oddities.append(("warning", f"repeated {name}", message, together))
    return oddities


def _lengths(
    reference: str, reference_rows: Sequence[Content], rows: Sequence[Content]
) -> list[Oddity]:
    """Find translations far longer or shorter than is usual for the pair of languages.

    The logarithm of the ratio of lengths is compared with its median; the scale is the median
    absolute deviation times 1.4826, larger for short texts, whose ratio varies more.
    """
    logs = [
        [
            math.log((len(text) + 10) / (len(other) + 10))
            for other, text in zip(a.texts, b.texts, strict=False)
        ]
        for a, b in zip(reference_rows, rows, strict=True)
    ]
    flat = [value for pair in logs for value in pair]
    middle = median(flat)
    spread = max(_SMALLEST_SPREAD, 1.4826 * median(abs(value - middle) for value in flat))
    units = [
        row.unit_id
        for row, pair in zip(rows, logs, strict=True)
        if any(abs(value - middle) > _FAR * spread for value in pair)
    ]
    message = f"a text is far longer or shorter than usual against '{reference}'"
    return [("note", "odd length", message, units)] if units else []


def _numerals(
    reference: str, reference_rows: Sequence[Content], rows: Sequence[Content]
) -> list[Oddity]:
    """Numerals of the reference should reappear in the row, not in its neighbour.

    Translators write out some numbers, so single rows prove nothing; the share over the file
    does. It is compared with the shares one row group before and after.
    """
    expected = [_numbers(row) for row in reference_rows]
    present = [_numbers(row) for row in rows]
    with_numerals = [index for index, numbers in enumerate(expected) if numbers]
    if len(with_numerals) < _LEAST_WITH_NUMERALS:
        return []
    missing = [index for index in with_numerals if not expected[index] & present[index]]
    share = 1 - len(missing) / len(with_numerals)
    count = len(rows)
    elsewhere, shift = max(
        (
            sum(bool(expected[p] & present[(p + s) % count]) for p in with_numerals)
            / len(with_numerals),
            s,
        )
        for s in (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
    )
    units = [rows[index].unit_id for index in missing]
    if elsewhere > share + _NEIGHBOUR_MARGIN:
        message = (
            f"numerals of '{reference}' are found {shift:+d} rows away ({elsewhere:.0%}) rather "
            f"than in the same row ({share:.0%}): rows are shifted"
        )
        return [("error", "shifted rows", message, units)]
    if share < _SHARED_LEAST:
        message = f"only {share:.0%} of rows with a numeral in '{reference}' share one"
        return [("warning", "missing numerals", message, units)]
    if units:
        message = f"no numeral in common with '{reference}' ({share:.0%} of such rows have one)"
        return [("note", "other numerals", message, units)]
    return []


def _numbers(row: Content) -> set[int]:
    # Digits of every script: int() reads Arabic-Indic, Devanagari and Thai ones as well.
    numbers = _NUMERAL.findall(unicodedata.normalize("NFKC", " ".join(row.texts)))
    return {int(number) for number in numbers if len(number) < 100}


def _untranslated(
    reference: str, reference_rows: Sequence[Content], rows: Sequence[Content]
) -> list[Oddity]:
    # A text of many clusters is a question that a format asks of every row, in one language.
    clusters = Counter(
        text for text, _ in {(t, row.cluster_id) for row in reference_rows for t in row.texts}
    )
    units = [
        b.unit_id
        for a, b in zip(reference_rows, rows, strict=True)
        if any(
            len(text) > _LONG_ENOUGH and text == other and clusters[text] <= _TEMPLATE
            for text, other in zip(a.texts, b.texts, strict=False)
        )
    ]
    message = f"a text is word for word that in '{reference}'"
    return [("warning", "untranslated", message, units)] if units else []
