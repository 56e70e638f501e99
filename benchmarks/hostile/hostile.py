"""Give the command hostile encoder folders, prediction files and studies: what comes of it.

    python benchmarks/hostile/hostile.py [--kinds KIND ...] [--only WORDS ...]

Each case writes its input, runs the command that reads it in a process of its own, and notes door,
outcome, the first line of the message, time and peak memory. Outcomes:

    refused     exit code 2 to 6, a message that names the file or field and says what to do
    read right  exit code 0, and the numbers are those that were computed beside it
    mute        refused, but the message says not where, or not what to do
    wrong       other numbers with exit code 0, a secret or an unescaped text in what is written,
                code that ran, or a file that ought to have been refused
    traceback, crash, hang (60 s), memory (2 GiB)

The last six should be 0. Results are written to ``benchmarks/hostile/hostile.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from door import BAD, Case, first_words, run, why_bad
from encoders import encoder_cases
from outputs import output_cases
from prediction_files import prediction_cases
from studies import study_cases

_SOURCES = {
    "encoders": encoder_cases,
    "predictions": prediction_cases,
    "outputs": output_cases,
    "studies": study_cases,
}


def main() -> None:
    """Run the chosen cases; the table keeps what it has of the others."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kinds", nargs="+", choices=_SOURCES, default=list(_SOURCES))
    parser.add_argument(
        "--only", nargs="+", default=[], help="cases whose description holds any of these words"
    )
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        for kind in arguments.kinds:
            for case in _SOURCES[kind](Path(scratch)):
                if arguments.only and not any(words in case.what for words in arguments.only):
                    continue
                rows.append(_row(kind, case, Path(scratch) / "case"))
    if arguments.json.exists():
        before = json.loads(arguments.json.read_text(encoding="utf-8"))["cases"]
        redone = {(row["kind"], row["what"]) for row in rows}
        whole = set() if arguments.only else set(arguments.kinds)
        kept = [
            r for r in before if r["kind"] not in whole and (r["kind"], r["what"]) not in redone
        ]
        rows = sorted([*kept, *rows], key=lambda row: list(_SOURCES).index(row["kind"]))
    outcomes = Counter(row["outcome"] for row in rows)
    if rows:
        document = {"outcomes": dict(outcomes), "cases": rows}
        arguments.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    _print(rows)
    bad = sum(outcomes[name] for name in BAD)
    shown = ", ".join(f"{name} {count}" for name, count in outcomes.most_common())
    print(f"{len(rows)} hostile inputs: {shown}; {bad} ended badly")


def _row(kind: str, case: Case, folder: Path) -> dict[str, Any]:
    for path in (folder, folder.with_name("case.said")):
        if path.exists():
            os.chmod(path, 0o700)
            shutil.rmtree(path)
    door, outcome, ended = run(case, folder)
    if outcome in BAD:
        print(
            f"{kind}, {case.what}: {outcome}: {why_bad(case, ended)}", file=sys.stderr, flush=True
        )
    return {
        "kind": kind,
        "door": door,
        "what": case.what,
        "outcome": outcome,
        "seconds": round(ended.seconds, 1),
        "mebibytes": ended.memory >> 20,
        "message": first_words(ended),
    }


def _print(rows: Sequence[dict[str, Any]]) -> None:
    columns = ("kind", "door", "what", "outcome", "seconds", "mebibytes")
    widths = [
        max(len(str(row[name])) for row in [dict(zip(columns, columns, strict=True)), *rows])
        for name in columns
    ]
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        cells = zip(columns, widths, strict=True)
        print(
            "  ".join(
                str(row[n]).ljust(w) if n not in columns[4:] else str(row[n]).rjust(w)
                for n, w in cells
            )
        )


if __name__ == "__main__":
    main()
