"""How Windows treats files, on a system that does not: what is open is neither renamed nor removed.

Nor is anything renamed over what exists (`os.replace` does that), a folder opened, or flushed what
is open for reading only. Files that this process has open or mapped count, not those of others.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest


def treat_files_as_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what `os` does with files, until the end of the test."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("there is no /proc, which tells what is open")
    replace, unlink, opened, fsync = os.replace, os.unlink, os.open, os.fsync

    def refuse_open(path: Any, *more: Any) -> None:
        place = os.path.realpath(path)
        if any(each == place or each.startswith(place + os.sep) for each in _open_files()):
            raise PermissionError(errno.EACCES, "used by another process", str(path), *more)

    def replace_there(source: Any, target: Any) -> None:
        if os.path.isdir(target):
            raise PermissionError(errno.EACCES, "Access is denied", str(source), None, str(target))
        for path in (source, target):
            refuse_open(path, None, str(target))
        replace(source, target)

    def rename_there(source: Any, target: Any) -> None:
        if os.path.exists(target):
            raise FileExistsError(errno.EEXIST, "file exists", str(source), None, str(target))
        replace_there(source, target)

    def unlink_there(path: Any, **options: Any) -> None:
        if not str(path).endswith(".lock"):  # filelock has a class of its own for Windows
            refuse_open(path)
        unlink(path, **options)

    def open_there(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, mode, **options)

    def fsync_there(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        fsync(descriptor)

    monkeypatch.setattr(os, "replace", replace_there)
    monkeypatch.setattr(os, "rename", rename_there)
    monkeypatch.setattr(os, "unlink", unlink_there)
    monkeypatch.setattr(os, "remove", unlink_there)
    monkeypatch.setattr(os, "open", open_there)
    monkeypatch.setattr(os, "fsync", fsync_there)
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # or rmtree would open folders


def _open_files() -> set[str]:
    """Paths of the files that this process has open or mapped."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(link.readlink()))
        except OSError:  # closed meanwhile
            continue
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        found.add(line.split(maxsplit=5)[-1])
    return found
