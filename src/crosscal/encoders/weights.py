"""Files of weights, looked at before they are read: whether they are whole, by their headers.

A file in safetensors form begins with the length of its header (8 bytes, little-endian), the header
in JSON, then the tensors; https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
from pathlib import Path

from crosscal.exceptions import ArtifactError

# A thousand times the header of a large encoder; longer ones cost time and memory to read.
_LONGEST_HEADER = 50_000_000


def check_weights(folder: Path) -> None:
    """Refuse files of weights that are cut, altered in length, or no such files."""
    for path in sorted(folder.glob("*.safetensors")):
        why = _fault(path)
        if why:
            raise ArtifactError(
                f"the weights cannot be used: {why}",
                where=str(path),
                remedy="Copy or download the file again",
            )


def _fault(path: Path) -> str | None:
    if not path.is_file():  # nor a pipe, which would be waited for
        return "this is no file"
    total = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(total - 8, _LONGEST_HEADER):
            return f"a file of {total:,} bytes says that its header has {length:,}"
        try:
            header = json.loads(stream.read(length))
            ends = [
                int(entry["data_offsets"][1])
                for name, entry in header.items()
                if name != "__metadata__"
            ]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return "its header cannot be read"
    wanted = 8 + length + max(ends, default=0)
    return (
        None if total == wanted else f"it has {total:,} bytes, and its header speaks of {wanted:,}"
    )
