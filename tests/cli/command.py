"""The command as tests call it: in this process, which spares its start, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import NamedTuple
from unittest.mock import patch

from crosscal.cli.app import main


class Done(NamedTuple):
    """How a command ended and what it wrote, as of `subprocess.run`."""

    returncode: int
    stdout: str
    stderr: str


def crosscal(*arguments: object) -> Done:
    """Run the command in this process; an error that it does not tell is raised here."""
    written = [TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    command = ["crosscal", *map(str, arguments)]
    code: object = 0
    with (
        redirect_stdout(written[0]),
        redirect_stderr(written[1]),
        patch.object(sys, "argv", command),
        patch.object(sys, "excepthook", sys.excepthook),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    texts = [stream.buffer.getvalue().decode() for stream in written]
    return Done(int(code or 0), *texts)


def crosscal_apart(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "crosscal.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)
