"""A study as it may be sent to anyone: without secrets, and without places of this machine."""

from __future__ import annotations

import re
from typing import Any

from crosscal.study.config.settings import Study

HIDDEN = "(not shown)"
_SECRETS = "keys?|tokens?|secrets?|passwords?|passwd|passphrase|pwd|credentials?|auth|apikey|bearer"
_SECRET_NAME = re.compile(rf"(?:.*[_-])?(?:{_SECRETS})", re.IGNORECASE)
_SECRET_WITHIN = re.compile(
    rf"((?:[\w-]*[_-])?(?:{_SECRETS})\b['\"]?\s*[=:]\s*|\bbearer\s+)[^\s,;]+", re.IGNORECASE
)
_USER_OF_ADDRESS = re.compile(r"(\w://)[^/\s@]+@")
# Where an absolute path begins, and its folders: up to its last part, or to a field in braces.
_ROOT = r"(?:~?/|[A-Za-z]:[/\\])"
_FOLDERS = re.compile(rf"(?<![\w.}}/:~]){_ROOT}(?:[^\s\"'/\\{{]+[/\\])+")
_ALL_OF_IT = re.compile(rf"{_ROOT}(?:[^/\\{{\n]+[/\\])*")


def shareable(study: Study) -> dict[str, Any]:
    """Return the settings of a study, of paths the last part alone."""
    content: dict[str, Any] = _shown(study.model_dump(exclude_none=True))
    return content


def shown_name(text: str) -> str:
    """Return a text without the folders of absolute paths, and without what is secret in it."""
    text = _SECRET_WITHIN.sub(rf"\1{HIDDEN}", text)
    text = _USER_OF_ADDRESS.sub(r"\1", text)
    whole = _ALL_OF_IT.match(text)  # with blanks in the names of folders, too
    return _FOLDERS.sub("", text[whole.end() :] if whole and "\n" not in text else text)


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN
            if isinstance(each, str) and each and _SECRET_NAME.fullmatch(str(name))
            else _shown(each)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return shown_name(value) if isinstance(value, str) else value
