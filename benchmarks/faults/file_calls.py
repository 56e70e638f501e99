"""Faults at the calls that change the file system, put into the process that makes them."""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ESTALE")
_CALLS = ("replace", "fsync", "mkdir", "unlink", "rmdir", "open")


class Calls:
    """Counts the calls that change the file system, and does something at some of them."""

    def __init__(
        self,
        act: Callable[[], None] = lambda: None,
        *,
        at: Callable[[int], bool] = lambda count: False,
        after: bool = False,
    ) -> None:
        self.count, self.act, self._at, self._after = 0, act, at, after
        self.synced: dict[int, int] = {}

    def install(self) -> None:
        """Take the places of the functions."""
        for name in _CALLS:
            owner = builtins if name == "open" else os
            self._wrap(owner, name)
        self._wrap(io, "open")

    def _wrap(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not self._writes(arguments, options):
                return plain(*arguments, **options)
            self.count += 1
            mine = self._at(self.count)
            if mine and not self._after:
                self.act()
            result = plain(*arguments, **options)
            if name == "fsync":
                found = os.fstat(arguments[0])
                self.synced[found.st_ino] = found.st_mtime_ns
            if mine and self._after:
                self.act()
            return result

        setattr(owner, name, call)

    @staticmethod
    def _writes(arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
        mode = options.get("mode", arguments[1] if len(arguments) > 1 else "r")
        return isinstance(mode, str) and set(mode) & set("wax+") != set()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failing(name: str) -> Callable[[], None]:
    def act() -> None:
        number = getattr(errno, name)
        raise OSError(number, os.strerror(number))

    return act


def power_cut(calls: Calls, store: Path, how: str) -> Callable[[], None]:
    """Lose what was not flushed: contents are gone, names stay."""

    def act() -> None:
        for path in store.rglob("*"):
            if not path.is_file() or path.is_symlink():
                continue
            found = path.stat()
            if calls.synced.get(found.st_ino) == found.st_mtime_ns or not found.st_size:
                continue
            kept = {"empty": 0, "half": found.st_size // 2, "zeros": 0}[how]
            os.truncate(path, kept)
            if how == "zeros":
                os.truncate(path, found.st_size)
        die()

    return act


def at_call(make: Callable[[Calls], Callable[[], None]], at: int, *, after: bool = False) -> Any:
    def inside() -> None:
        calls = Calls(at=lambda count: count == at, after=after)
        calls.act = make(calls)
        calls.install()

    return inside
