"""Files of weights, looked at before anything is computed: whether they are whole."""

from __future__ import annotations

from pathlib import Path

from crosscal.exceptions import ArtifactError


def check_weights(folder: Path) -> None:
    """Refuse files of weights that are cut, altered in length, or no such files."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.glob("*.safetensors")):
        why = "" if path.is_file() else "this is no file"  # a pipe would be waited for
        try:
            if not why:
                safe_open(path, framework="numpy")  # reads the header, holds it against the length
        except (SafetensorError, OSError) as error:
            why = str(error)
        if why:
            raise ArtifactError(
                f"the weights cannot be used: {why}",
                where=str(path),
                remedy="Copy or download the file again",
            )
