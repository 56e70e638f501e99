"""Code that comes with an input, and whether it has run."""

from __future__ import annotations

import os
import pickle
from typing import Any

from door import Ended

_MARKER = "code-has-run"
CODE = f"import os\nos.mkdir({_MARKER!r})\nclass Own: pass\n"


class _Payload:
    """A pickle that leaves a folder where it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (_MARKER,)


def payload() -> bytes:
    """Return a pickle that runs code."""
    return pickle.dumps({"weight": _Payload()})


def no_code_ran(ended: Ended) -> str:
    """Say whether code that came with the input has run."""
    return "its code has run" if list(ended.folder.rglob(_MARKER)) else ""
