"""Arguments and options that several verbs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyFile = Annotated[Path, typer.Argument(help="study file (TOML); `crosscal init` writes one")]
Output = Annotated[Path, typer.Option(help="folder for results and the store of artifacts")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="override, as training.epochs=1; repeatable")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs, nothing else")]
Encoding = Annotated[
    str | None, typer.Option(help="of text files that are no Unicode, as cp1251 or gb18030")
]
RESULTS = Path("results")
