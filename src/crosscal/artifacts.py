"""Folders that are either whole or absent.

An artifact is written aside, its files are listed with sizes and checksums in
``manifest.json``, everything is flushed to disk, and one rename makes it
visible. A reader checks it against the manifest, so that a truncated or altered
artifact is never served. What an interrupted attempt left is checked as well: a
power cut may keep names and lose contents.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crosscal.exceptions import ArtifactError, CrosscalError, SettingsError

MANIFEST = "manifest.json"
# What follows the name of a folder that is being filled, and of one that is being removed.
PARTIAL = ".partial"
REMOVED = ".removed"
# In a folder being filled: what it is going to be, so that nothing else is made of it.
_PURPOSE = "purpose.checked"
_CHECKSUM_BYTES = 4
_FORMAT = "crosscal-artifact/1"
# Of folders: Windows opens none, and some network file systems flush none.
_UNFLUSHABLE = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP)
# What a disk says that is broken or gone, and a place where nothing can be written.
_BROKEN = (errno.EIO, errno.ENXIO, errno.ESTALE)
_NO_SUCH_PLACE = (
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EXDEV,
)
# What a file system says that has no locks.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP)
# Seconds to wait for a program that has a file open, where that forbids to replace it.
_PATIENCE = 3.0


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def sha256_code(*packages: str) -> str:
    """SHA-256 of this package's modules and the versions of others: what computes a result.

    What is kept of an earlier result is used only if it was computed by the same.
    """
    root = Path(__file__).parent
    digest = hashlib.sha256(sys.version.encode())
    for package in ("crosscal", *packages):
        with suppress(PackageNotFoundError):
            digest.update(f"{package} {version(package)}\n".encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()


def check_output(path: Path, taken: Iterable[Path], *, where: str, remedy: str) -> None:
    """Refuse to write where a folder is, or over a file that is read or written as well."""
    if path.is_dir():
        message = "this is a folder"
    elif path.resolve() in [each.resolve() for each in taken]:
        message = "this is one of the files to read, or written already"
    else:
        return
    raise SettingsError(message, where=where, remedy=remedy)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of an artifact folder; the system drops it if this process dies."""
    lock = FileLock(f"{folder}.lock")
    with disk_errors(folder.parent):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # where nobody can make one, as in /proc
            raise ArtifactError(
                f"the folder cannot be made ({error.strerror})",
                where=str(folder.parent),
                remedy="Choose another folder for results (--output) or cache (CROSSCAL_CACHE)",
            ) from error
        try:
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
            raise ArtifactError(
                f"the file system gives no locks ({error})",
                where=str(folder.parent),
                remedy="Have it mounted with locks (Lustre: flock; NFS: its lock service), or "
                "choose another with --output",
            ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_now(folder: Path) -> Iterator[bool]:
    """Hold the lock of an artifact folder if nobody has it; tells whether it is held."""
    lock = FileLock(f"{folder}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def remove_folder(folder: Path) -> None:
    """Remove an artifact so that nobody ever sees a part of it."""
    aside = folder.with_name(folder.name + REMOVED)
    with disk_errors(folder):
        if aside.exists():
            shutil.rmtree(aside)
        move(folder, aside)
        shutil.rmtree(aside)


def lock_weakness(folder: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Say why locks in a folder keep out no other machine; None if its mount shows no reason."""
    best, weakness = -1, None
    with suppress(OSError):
        for line in mounts.read_text().splitlines():
            _, point, kind, options, *_ = line.split(" ")
            point = point.encode("latin-1", "backslashreplace").decode("unicode_escape")  # \\040
            if len(point) < best or not folder.resolve().is_relative_to(point):
                continue
            given = set(options.split(","))
            off = given & {"nolock", "local_lock=all", "local_lock=flock", "localflock"}
            if kind == "lustre" and not given & {"flock", "localflock"}:
                off = {"no flock"}
            networked = kind == "lustre" or kind.startswith("nfs")
            best = len(point)
            weakness = f"{kind}, mounted with {min(off)}" if networked and off else None
    return weakness


@contextmanager
def building(folder: Path, details: dict[str, Any], *, resume: str | None = None) -> Iterator[Path]:
    """Build an artifact aside and make it visible at once.

    Parameters
    ----------
    folder : Path
        The artifact's final place; must not exist yet. Hold its lock.
    details : dict
        JSON-ready facts to keep in the manifest.
    resume : str, optional
        Names what is made. What an interrupted attempt at the same left in the scratch folder is
        kept; without, or if it was to be something else, it is removed.

    Yields
    ------
    Path
        The scratch folder to write into.

    Raises
    ------
    ArtifactError
        If the disk is full or the place cannot be written.
    """
    scratch = folder.with_name(folder.name + PARTIAL)
    with disk_errors(folder):
        purpose = scratch / _PURPOSE
        if scratch.exists() and (resume is None or read_checked(purpose) != resume.encode()):
            shutil.rmtree(scratch)
        scratch.mkdir(parents=True, exist_ok=True)
        if resume is not None and not purpose.exists():
            write_checked(purpose, resume.encode())
        yield scratch
        files = {
            path.relative_to(scratch).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": sha256_file(path),
            }
            for path in sorted(scratch.rglob("*"))
            if path.is_file() and path not in (purpose, scratch / MANIFEST)
        }
        content = {"format": _FORMAT, "details": details, "files": files}
        manifest = {**content, "sha256": _digest(content)}
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
        for path in (*scratch.rglob("*"), scratch):
            flush(path)
        move(scratch, folder)
        flush(folder.parent)
        (folder / _PURPOSE).unlink(missing_ok=True)


def aside_of(path: Path) -> Path:
    """Return where to write what is to have this name: two writers would mix their contents."""
    return path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.aside")


def write_aside(path: Path, content: bytes) -> None:
    """Replace a file's content in one step: a reader sees the old or the new, never a part."""
    aside = aside_of(path)
    with disk_errors(path):
        aside.write_bytes(content)
        flush(aside)
        move(aside, path)


def write_checked(path: Path, content: bytes) -> None:
    """Replace a file as `write_aside` does, by a content that `read_checked` can tell is whole."""
    write_aside(path, content + _checksum(content))


def read_checked(path: Path) -> bytes | None:
    """Read what `write_checked` wrote; None if there is no such file, or it is damaged."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    content, checksum = stored[:-_CHECKSUM_BYTES], stored[-_CHECKSUM_BYTES:]
    return content if checksum == _checksum(content) else None


def _checksum(content: bytes) -> bytes:
    # Not of nothing: that is 0, as are the bytes of a file whose content was lost.
    return zlib.crc32(content, 1).to_bytes(_CHECKSUM_BYTES)


def move(aside: Path, path: Path) -> None:
    """Give what was written aside its name in one step, in the place of what had it."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.replace(aside, path)
            return
        except PermissionError as error:
            if not os.access(path.parent, os.W_OK):
                raise
            # Windows refuses while anyone has the file open; scanners and readers soon let go.
            if time.monotonic() > deadline:
                raise ArtifactError(
                    "cannot be replaced: another program has it open, or it is protected",
                    where=str(path),
                    remedy="Close it there and run the same command again",
                ) from error
            time.sleep(0.05)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn "no space left", "no permission" and bad paths into errors that say what to do."""
    try:
        yield
    except CrosscalError:
        raise
    except Exception as error:
        number = _error_number(error)
        if number in (errno.ENOSPC, errno.EDQUOT):
            raise ArtifactError(
                "no space left on the disk",
                where=str(path),
                remedy="Free some space and run the same command again: finished stages are kept",
            ) from error
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise ArtifactError(
                "no permission to write here",
                where=str(getattr(error, "filename", None) or path),
                remedy="Choose another folder for results (--output) or cache (CROSSCAL_CACHE)",
            ) from error
        if number in _BROKEN:
            raise ArtifactError(
                f"the disk fails: {os.strerror(number)}",
                where=str(getattr(error, "filename", None) or path),
                remedy="Look at the disk or its network; the same command goes on from here",
            ) from error
        if number in _NO_SUCH_PLACE:
            raise ArtifactError(
                f"cannot be written: {os.strerror(number)}",
                where=str(getattr(error, "filename", None) or path),
                remedy="Choose another path",
            ) from error
        raise


def _error_number(error: Exception) -> int | None:
    """Return the system's number of an error; safetensors gives it in the message alone."""
    if isinstance(error, OSError):
        return error.errno
    match = re.search(r"\(os error (\d+)\)", str(error))
    return int(match[1]) if match else None


def flush(path: Path) -> None:
    """Force a file or a folder's entries to the disk."""
    if path.is_dir():
        try:
            _flush(path, os.O_RDONLY)
        except OSError as error:
            if error.errno not in _UNFLUSHABLE:
                raise
        return
    try:
        _flush(path, os.O_RDWR)  # Windows flushes nothing that is open for reading alone
    except PermissionError:
        _flush(path, os.O_RDONLY)


def _flush(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an artifact: `details` and `files`; whether it is as it was written.

    Raises
    ------
    ArtifactError
        If it cannot be read, or was altered.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        dict(manifest["details"])
        # Older ones have no checksum of their own.
        said = manifest.pop("sha256", None)
        if said is not None and said != _digest(manifest):
            raise ArtifactError(
                "the artifact's manifest was altered", where=str(folder), remedy=_remedy(folder)
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            "the artifact has no readable manifest", where=str(folder), remedy=_remedy(folder)
        ) from error
    return dict(manifest)


def _digest(content: dict[str, Any]) -> str:
    as_read = json.loads(json.dumps(content))  # keys of numbers become words
    return hashlib.sha256(json.dumps(as_read, sort_keys=True).encode()).hexdigest()


def _remedy(folder: Path) -> str:
    return f"Remove the folder {folder} and run again: it will be computed anew"


def verify(folder: Path) -> dict[str, Any]:
    """Check an artifact against its manifest and return the manifest's details."""
    manifest, remedy = read_manifest(folder), _remedy(folder)
    try:
        files = {
            str(name): (int(entry["bytes"]), str(entry["sha256"]))
            for name, entry in manifest["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            "the artifact has no readable manifest", where=str(folder), remedy=remedy
        ) from error
    for name, (length, checksum) in files.items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError("a file of the artifact is missing", where=str(path), remedy=remedy)
        size = path.stat().st_size
        if size != length:
            raise ArtifactError(
                f"the file is truncated: {size} bytes instead of {length}",
                where=str(path),
                remedy=remedy,
            )
        if sha256_file(path) != checksum:
            raise ArtifactError(
                "the file was altered: its checksum differs from the manifest's",
                where=str(path),
                remedy=remedy,
            )
    return dict(manifest["details"])
