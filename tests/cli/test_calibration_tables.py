"""Tables in the terminal fit 80 columns, and never cut what names a row."""

import os
import pty
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

LONG = "a-very-long-locale-name-with-script-and-region-Latn-XX-1234567890"


def terminal(*arguments, columns=80):
    """Run a command in a terminal of so many columns, and return what it shows."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "crosscal", *map(str, arguments)],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    os.close(follower)

    def read():
        parts = []
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        return b"".join(parts).decode()

    with ThreadPoolExecutor(1) as pool:
        text = pool.submit(read)
        assert process.wait() == 0
        shown = text.result()
    os.close(leader)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).replace("\r", "")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rng = np.random.default_rng(4)
    lines = ["prob_entailment,prob_neutral,prob_contradiction,label,lang"]
    for lang in ("en", LONG):
        for _ in range(120):
            gold = rng.integers(0, 3)
            p = np.exp(2 * (rng.normal(size=3) + 1.5 * np.eye(3)[gold]))
            p /= p.sum()
            lines.append(",".join([*(f"{x:.6f}" for x in p), str(gold), lang]))
    path = tmp_path_factory.mktemp("tables") / "answers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


OPTIONS = [
    *("--group", "lang", "--baseline", "en", "--replicates", "100"),
    *("--recalibrate", "ensemble-temperature", "--recalibrate", "dirichlet"),
]


def test_tables_fit_eighty_columns_and_names_are_whole(file):
    shown = terminal("calibrate", file, *OPTIONS)
    assert "…" not in re.sub(r"\d … .*in all", "", shown)
    tables, name = [], ""
    for line in shown.splitlines():
        # Sentences are broken by the terminal itself.
        is_table = re.match(r"(group|fitted on) +", line) or (tables and tables[-1][1])
        tables.append((line, is_table and bool(line.strip())))
        if re.match(r"(Calib|ece minus|Recalib|Param|Accept|Thresh)", line):
            tables[-1] = (line, False)
    rows = [line for line, is_table in tables if is_table]
    before = shown[: shown.index("en: ")]
    for line in before.splitlines():
        if not re.match(r"(Calib|ece minus|Recalib|Param|Accept|Thresh)", line):
            assert len(line.rstrip()) <= 80, line
    assert len(rows) > 40
    # The pieces of a name that is folded give the name.
    groups = before.split("Calibration (")[1].split("ece minus")[0].splitlines()[2:]
    name = "".join(line[:80].split("  ")[0].strip() for line in groups[1:] if line[:1] != " ")
    assert name.startswith(LONG), name


def test_nothing_is_folded_outside_a_terminal(file):
    done = subprocess.run(
        [sys.executable, "-m", "crosscal", "calibrate", str(file), *OPTIONS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    rows = [line for line in done.stdout.splitlines() if line.startswith(LONG)]
    assert len(rows) > 10
    head = next(line for line in done.stdout.splitlines() if line.startswith("group "))
    assert head.split()[1:6] == ["rows", "accuracy", "confidence", "NLL", "Brier"]
