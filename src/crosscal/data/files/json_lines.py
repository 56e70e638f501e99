"""Files with one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crosscal.data.files.json_tree import Node, decoded
from crosscal.data.files.lines import read_lines
from crosscal.exceptions import DataError


def json_lines(file: Path) -> Iterator[Node]:
    """Yield the objects of a file."""
    for number, line in read_lines(file):
        try:
            value = decoded(line)
        except (ValueError, RecursionError) as error:
            what = str(error) if line.strip() else "it is blank"
            raise DataError(
                f"this line is no JSON ({what})",
                where=f"{file}:{number}",
                remedy="Each line needs one whole JSON object; fetch the file again",
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                "this line is no JSON object",
                where=f"{file}:{number}",
                remedy="Each line needs one JSON object, as {...}",
            )
        yield Node(file, str(number), value)
