"""Compare crosscal with every library that computes the same, digit for digit.

    python benchmarks/agreement/agreement.py

The libraries' numbers were recorded once by ``record.py``. Every difference above 1e-9 must be
explained in ``differences.py``, else the command fails. Writes ``agreement.json`` beside this file.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from cases import CASES, halves
from differences import explanation
from ours import METRICS, RECALIBRATED

HERE = Path(__file__).parent
EQUAL = 1e-9


@dataclass(frozen=True)
class Comparison:
    """One number, or a few rows of probabilities, of one library on one case."""

    library: str
    name: str
    case: str
    ours: float | str | None
    theirs: float | str | None
    difference: float | None
    verdict: str
    why: str | None


def compare() -> list[Comparison]:
    """Return every comparison, in the order of the record."""
    reference = json.loads((HERE / "reference.json").read_text())
    made = {name: make() for name, make in CASES.items()}
    found = []
    for library, record in reference.items():
        for case, numbers in record["metrics"].items():
            for name, theirs in numbers.items():
                here = _result(METRICS[name], made[case])
                found.append(_compared(library, name, case, here, theirs, made[case]))
        for case, rows in record["recalibrated"].items():
            for name, theirs in rows.items():
                p, y, new = halves(case)
                here = _result(RECALIBRATED[name], (p, y, new))
                where_fitted = record["nll_where_fitted"][case][name]
                gap = None
                if isinstance(where_fitted, float):
                    again = RECALIBRATED[name](p, y, p)
                    gap = -np.log(again[np.arange(len(y)), y]).mean() - where_fitted
                found.append(_compared(library, name, case, here, theirs, (p, y, new), gap))
    return found


def _result(call, arguments):
    try:
        return np.asarray(call(*arguments), dtype=np.float64)
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0][:160]


def _compared(library, name, case, ours, theirs, given, nll_gap=None) -> Comparison:
    failed = theirs["error"] if isinstance(theirs, dict) else None
    if isinstance(ours, str) or failed:
        difference = None
        undefined = isinstance(ours, str) or not np.isfinite(ours).all()
        equal = undefined and failed is not None
    else:
        there = np.asarray(theirs)
        if ours.ndim == 2 and there.ndim == 1:
            ours = ours[:, 1]  # of two classes some give the second only
        difference = float(np.abs(ours - there).max())
        equal = difference <= EQUAL
    why = None if equal else explanation(library, name, theirs, given, nll_gap)
    return Comparison(
        library=library,
        name=name,
        case=case,
        ours=_shown(ours),
        theirs=failed or _shown(np.asarray(theirs)),
        difference=difference,
        verdict="equal" if equal else "differs, explained" if why else "UNEXPLAINED",
        why=why,
    )


def _shown(values):
    """Return a number as it is, rows of probabilities as their first."""
    return values if isinstance(values, str) else float(values.ravel()[0])


def table(found: list[Comparison]) -> str:
    """Return one line for each library and measure, then the explanations."""
    lines = [f"{'library':24} {'measure':50} equal  explained  largest difference"]
    groups = dict.fromkeys((c.library, c.name) for c in found)
    for library, name in groups:
        rows = [c for c in found if (c.library, c.name) == (library, name)]
        equal = sum(c.verdict == "equal" for c in rows)
        explained = sum(c.verdict == "differs, explained" for c in rows)
        largest = max((c.difference for c in rows if c.difference is not None), default=0.0)
        mark = "" if equal + explained == len(rows) else "   UNEXPLAINED"
        lines.append(f"{library:24} {name:50} {equal:5}  {explained:9}  {largest:18.2g}{mark}")
    reasons = dict.fromkeys((c.library, c.name, c.why) for c in found if c.why)
    for library, name, why in reasons:
        cases = [c.case for c in found if (c.library, c.name, c.why) == (library, name, why)]
        lines += ["", f"{library}, {name} ({'; '.join(cases)}):", f"  {why}"]
    return "\n".join(lines)


def main() -> int:
    """Print the table, write the JSON; 1 if a difference has no explanation."""
    found = compare()
    print(table(found))
    unexplained = [c for c in found if c.verdict == "UNEXPLAINED"]
    for c in unexplained:
        print("UNEXPLAINED", c)
    document = {
        "tolerance": EQUAL,
        "equal": sum(c.verdict == "equal" for c in found),
        "explained": sum(c.verdict == "differs, explained" for c in found),
        "unexplained": len(unexplained),
        "comparisons": [asdict(c) for c in found],
    }
    (HERE / "agreement.json").write_text(json.dumps(document, indent=1) + "\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
