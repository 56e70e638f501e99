"""What a measurement is estimated to need of memory, and a bound on that.

The estimate is of `evaluate`: arrays of all rows, which are counted here, draws of clusters, of
which as many are kept as the bound allows, and what does not grow. It lies up to a third above
peaks that were measured. Numbers never depend on the bound: sizes of parts that change the last
digits of a sum are fixed.
"""

from __future__ import annotations

import math
import os
import re
from bisect import bisect_right
from decimal import Decimal
from functools import partial
from pathlib import Path

from crosscal.calibration.estimation.resampling import MOST_UNITS
from crosscal.calibration.evaluation.cluster_design import MOST_KEPT
from crosscal.exceptions import SettingsError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = Decimal(1024) / 1000

# Bytes that do not grow with the rows: the libraries, and parts of a million rows.
_FIXED, _PART_ROWS, _OF_A_PART_ROW, _OF_A_PART_CLASS = 250_000_000, 1_000_000, 200, 48
# Of each row: labels, order, confidences, and what a sort holds; of each row and class: scores,
# and the probability that errors of classes look at; recalibrated ones besides.
_OF_A_ROW, _OF_A_CLASS, _RECALIBRATED = 95, 16, 24
# What a container may use, in Linux.
_LIMIT = Path("/sys/fs/cgroup/memory.max")
# Share of the bound for draws of clusters that are kept.
_KEPT_SHARE = 0.2


def parse_memory(text: str | int | None) -> int | None:
    """Return bytes, as of ``2GB``, ``500 MB``, ``1.5GiB`` or a number; SettingsError for others."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(I?)B?\s*", str(text).upper())
    size = 0
    if found and (found[2] or not found[3]):
        power = " KMGT".index(found[2] or " ")
        exact = Decimal(found[1]) * _UNITS[found[2]]
        size = int(exact * (_BINARY**power if found[3] else 1))
    if size < 1:
        raise SettingsError(
            f"{text!r} is no size of memory", where="memory", remedy="Give it as 2GB or 500MB"
        )
    return size


def machine_memory() -> int | None:
    """Return the bytes of memory that this machine has, or its container, where that is told."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        limit = _LIMIT.read_text().strip() if _LIMIT.is_file() else ""
    except (AttributeError, ValueError, OSError):
        return None
    return min(whole, int(limit)) if limit.isdigit() else whole


def needed_memory(
    rows: int, classes: int, *, replicates: int, units: int, recalibrated: bool = False
) -> int:
    """Return about how many bytes rows need, of draws of so many clusters (or batches)."""
    part = min(rows, _PART_ROWS) * (_OF_A_PART_ROW + _OF_A_PART_CLASS * classes)
    draws = 8 * replicates * min(units, MOST_UNITS)
    each = _OF_A_CLASS + (_RECALIBRATED if recalibrated else 0)
    return _FIXED + part + draws + rows * (_OF_A_ROW + each * classes)


def kept_numbers(memory: int | None) -> int:
    """Return how many numbers of draws may be kept within a bound."""
    bound = machine_memory() if memory is None else memory
    return MOST_KEPT if bound is None else min(MOST_KEPT, int(_KEPT_SHARE * bound / 8))


def demand_memory(
    memory: int | None,
    rows: int,
    classes: int,
    *,
    replicates: int,
    units: int,
    recalibrated: bool = False,
) -> None:
    """Refuse, before the work, what is estimated to need more than a bound; by default all."""
    bound = machine_memory() if memory is None else memory
    needed = partial(needed_memory, classes=classes, recalibrated=recalibrated)
    need = needed(rows, replicates=replicates, units=units)
    if bound is None or need <= bound:
        return
    fitting = bisect_right(
        range(rows),
        bound,
        key=lambda n: needed(n, replicates=replicates, units=min(n, units)),
    )
    lower = [f"about {_rounded(fitting):,} rows"] if fitting >= 1000 else []
    fewer = max(100, replicates // 2)
    saved = needed(rows, replicates=fewer, units=units)
    if replicates > fewer and saved <= bound:
        lower.append(f"{fewer} replicates")
    options = f", or lower the need: {' or '.join(lower)} would do" if lower else ""
    raise SettingsError(
        f"{rows:,} rows of {classes} classes need about {_shown(need)} of memory, more than "
        + (f"the {_shown(bound)} allowed" if memory else f"the {_shown(bound)} of this machine"),
        where="memory",
        remedy=f"Allow {_shown(math.ceil(need / 1e8) * 1e8)} (--memory, or memory=){options}",
    )


def _rounded(number: int) -> int:
    """Return a number of two digits, not above it."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return number // step * step


def _shown(size: float) -> str:
    if size < 1e6:
        return f"{size:,.0f} bytes"
    return f"{size / 1e9:.1f}GB" if size >= 1e9 else f"{size / 1e6:.0f}MB"
