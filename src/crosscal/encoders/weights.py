"""Files of weights, looked at before anything is computed: whole, and of the sizes they say."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosscal.encoders.architectures import encoder_config, size, text_config
from crosscal.exceptions import ArtifactError

# A name and its place take some hundred bytes: of a hundred thousand tensors, which no encoder has.
# Their form allows 100 MB, which takes minutes to read.
_LONGEST_HEADER = 32 << 20
# Weights may hold heads, decoders and towers of other senses beside the encoder, but not so many.
_MOST_BESIDE, _FEW = 1000, 1 << 30


def check_weights(folder: Path) -> None:
    """Refuse files of weights that are cut, altered in length, or no such files."""
    for path in sorted(folder.glob("*.safetensors")):
        why = "" if path.is_file() else "this is no file"  # a pipe would be waited for
        why = why or _fault_of(path)
        if why:
            raise ArtifactError(
                f"the weights cannot be used: {why}",
                where=str(path),
                remedy="Copy or download the file again",
            )


def _fault_of(path: Path) -> str:
    """Say what is wrong with a file of weights, or nothing."""
    from safetensors import SafetensorError, safe_open

    try:
        header = _header(path)
        safe_open(path, framework="numpy")  # holds the header against the length
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        return str(error) or type(error).__name__
    twice = len(header) - len(dict(header))
    return f"{twice} tensors are named twice" if twice else ""


def _header(path: Path) -> list[tuple[str, Any]]:
    """Return the header's pairs of name and place, as they stand there."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(_LONGEST_HEADER, path.stat().st_size):
            raise ValueError(f"its header is said to have {length:,} bytes")
        content = stream.read(length)
    top: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        top[:] = pairs  # the outermost object is the last
        return dict(pairs)

    json.loads(content, object_pairs_hook=keep)
    return top


def check_sizes(folder: Path) -> None:
    """Refuse a configuration that asks for far more numbers than the files hold, or far fewer.

    Memory would be taken for what it asks for, and all files be read, before anyone notices.
    """
    path = folder / "config.json"
    try:
        width, layers, inner, vocabulary = (
            size(folder, name)
            for name in ("hidden_size", "num_hidden_layers", "intermediate_size", "vocab_size")
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise _odd(path, f"its sizes are no numbers ({error})") from error
    if min(width, layers, inner, vocabulary) < 0:  # 0: of a kind that does not say it
        raise _odd(path, "a size is negative")
    if layers == 0 and getattr(text_config(encoder_config(folder)), "num_hidden_layers", None) == 0:
        raise _odd(path, "it asks for no layer")
    held, in_bytes = _numbers_in(sorted(folder.glob("*.safetensors")))
    shared = getattr(text_config(encoder_config(folder)), "num_hidden_groups", None)
    one_layer = width * max(width, inner)
    asked = {
        f"{vocabulary:,} tokens": vocabulary,
        f"layers of {width:,} and {inner:,} numbers": one_layer,
        f"{layers:,} layers": layers * width * width if shared is None else layers,
    }
    for what, least in asked.items():
        if least > held * 8:  # weights of few bits are packed
            raise _odd(path, f"it asks for {what}, and the files of weights hold {held:,} numbers")
    if in_bytes > _FEW + _MOST_BESIDE * (vocabulary * width + layers * width * (width + inner)):
        raise _odd(path, f"the files of weights hold {held:,} numbers, far more than it asks for")


def _numbers_in(files: Sequence[Path]) -> tuple[int, int]:
    """Count the numbers in files of weights, and their bytes."""
    entries = [
        entry
        for file in files
        for name, entry in _header(file)
        if name != "__metadata__" and isinstance(entry, dict)
    ]
    numbers = sum(math.prod(entry["shape"]) for entry in entries)
    return numbers, sum(file.stat().st_size for file in files)


def _odd(path: Path, what: str) -> ArtifactError:
    return ArtifactError(
        f"the encoder's configuration is not that of its weights: {what}",
        where=str(path),
        remedy="Copy or download the encoder again, both from one place",
    )
