"""Artifacts are whole or absent, and a damaged one is never served."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crosscal import artifacts
from crosscal.artifacts import (
    MANIFEST,
    building,
    disk_errors,
    lock_weakness,
    locked,
    read_checked,
    sha256_file,
    verify,
    write_aside,
    write_checked,
)
from crosscal.exceptions import ArtifactError, StageFailed
from tests.windows import treat_files_as_windows

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["posix", "windows"], autouse=True)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of this holds on both."""
    if request.param == "windows":
        treat_files_as_windows(monkeypatch)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "store" / "a"
    with building(folder, {"note": "ü", "n": 3}) as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "x.bin").write_bytes(bytes(range(256)))
        (scratch / "y.txt").write_text("y")
        (scratch / "empty").touch()
    return folder


def test_whole_artifact_is_served_with_its_details(artifact: Path):
    assert verify(artifact) == {"note": "ü", "n": 3}
    assert sorted(p.name for p in artifact.parent.iterdir()) == ["a"]
    manifest = json.loads((artifact / MANIFEST).read_text())
    assert set(manifest["files"]) == {"deep/x.bin", "y.txt", "empty"}
    assert manifest["files"]["y.txt"]["sha256"] == sha256_file(artifact / "y.txt")


def test_details_may_be_completed_while_building(tmp_path: Path):
    details = {"kind": "train"}
    with building(tmp_path / "a", details):
        details["seconds"] = 2
    assert verify(tmp_path / "a") == {"kind": "train", "seconds": 2}


def test_interrupted_build_is_invisible_and_starts_over_or_resumes(tmp_path: Path):
    folder = tmp_path / "a"
    for error in (KeyboardInterrupt, StageFailed("no")):
        with (
            pytest.raises((KeyboardInterrupt, StageFailed)),
            building(folder, {}, resume="it") as scratch,
        ):
            (scratch / "half").write_text("half")
            raise error
        assert not folder.exists()
    with building(folder, {}, resume="it") as scratch:
        assert (scratch / "half").read_text() == "half"
    assert (folder / "half").exists()

    other = tmp_path / "b"
    other.with_name("b.partial").mkdir()
    (other.with_name("b.partial") / "half").write_text("half")
    with building(other, {}):
        pass
    assert [p.name for p in other.iterdir()] == [MANIFEST]


@pytest.mark.parametrize("at", ["sha256_file", "flush", "move"])
def test_what_fails_after_the_work_is_done_loses_none_of_it(tmp_path: Path, monkeypatch, at):
    folder = tmp_path / "a"

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    attempt = building(folder, {}, resume="it")
    with monkeypatch.context() as patch, pytest.raises(ArtifactError), attempt as scratch:
        (scratch / "whole").write_text("whole")
        patch.setattr(artifacts, at, fail)
    with building(folder, {}, resume="it") as scratch:
        assert (scratch / "whole").read_text() == "whole"
    verify(folder)
    assert sorted(p.name for p in folder.iterdir()) == [MANIFEST, "whole"]


@pytest.mark.parametrize("left", ["another", None, b"", b"it", b"\0" * 6])
def test_what_was_to_be_something_else_is_not_gone_on_with(tmp_path: Path, left):
    folder = tmp_path / "a"
    scratch = folder.with_name("a.partial")
    scratch.mkdir()
    (scratch / "half").write_text("half")
    if isinstance(left, str):
        write_checked(scratch / "purpose.checked", left.encode())
    elif left is not None:
        (scratch / "purpose.checked").write_bytes(left)
    with building(folder, {}, resume="it") as made:
        assert not (made / "half").exists()
    assert [p.name for p in folder.iterdir()] == [MANIFEST]


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 40, bytes(range(256)) * 9])
def test_damage_of_a_checked_file_is_seen(tmp_path: Path, content: bytes):
    path = tmp_path / "kept"
    assert read_checked(path) is None
    write_checked(path, content)
    stored = path.read_bytes()
    assert read_checked(path) == content
    for at in {0, len(stored) // 2, len(stored) - 1}:
        flipped = bytearray(stored)
        flipped[at] ^= 4
        path.write_bytes(flipped)
        assert read_checked(path) is None
    for damaged in (b"", stored[:-1], stored + b"\0", bytes(len(stored))):
        path.write_bytes(damaged)
        assert read_checked(path) is None


def test_killed_build_is_invisible(tmp_path: Path):
    code = """
import os, signal, sys
from pathlib import Path
from crosscal.artifacts import building, locked
folder = Path(sys.argv[1])
with locked(folder), building(folder, {}) as scratch:
    (scratch / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    folder = tmp_path / "a"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env=_environment())
    assert done.returncode < 0
    assert not folder.exists()
    with locked(folder), building(folder, {}):  # the dead process's lock is gone too
        pass
    assert verify(folder) == {}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: (a / "y.txt").unlink(), "is missing"),
        (lambda a: (a / "y.txt").write_text("z"), "altered"),
        (lambda a: (a / "y.txt").write_text(""), "truncated: 0 bytes instead of 1"),
        (lambda a: os.truncate(a / "deep" / "x.bin", 255), "truncated: 255 bytes instead of 256"),
        (lambda a: (a / "empty").write_text("more"), "truncated"),
        (lambda a: (a / MANIFEST).unlink(), "no readable manifest"),
        (lambda a: os.truncate(a / MANIFEST, 100), "no readable manifest"),
        (
            lambda a: (a / MANIFEST).write_text(
                (a / MANIFEST).read_text().replace('"n": 3', '"n": 4')
            ),
            "manifest was altered",
        ),
        (lambda a: (a / MANIFEST).write_bytes(b"\xff\xfe"), "no readable manifest"),
    ],
)
def test_damaged_artifact_is_refused(artifact: Path, damage, message: str):
    damage(artifact)
    with pytest.raises(ArtifactError, match=message) as caught:
        verify(artifact)
    assert str(artifact) in str(caught.value)
    assert "run again" in str(caught.value)


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        3,
        None,
        {},
        {"files": {}},
        {"files": {}, "details": None},
        {"files": {}, "details": 3},
        {"files": 3, "details": {}},
        {"files": ["y.txt"], "details": {}},
        {"files": {"y.txt": None}, "details": {}},
        {"files": {"y.txt": {"bytes": 1}}, "details": {}},
        {"files": {"y.txt": {"bytes": "one", "sha256": ""}}, "details": {}},
    ],
)
def test_manifest_of_another_shape_is_refused(artifact: Path, manifest):
    (artifact / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="no readable manifest"):
        verify(artifact)


def test_missing_artifact_is_refused(tmp_path: Path):
    with pytest.raises(ArtifactError, match="no readable manifest"):
        verify(tmp_path / "nowhere")


def test_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "results.json"
    write_aside(path, b"old")
    write_aside(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]

    def full(self: Path, content: bytes) -> None:
        with self.open("wb") as stream:
            stream.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ArtifactError, match="no space left"):
        write_aside(path, b"newest")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on the disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no space left on the disk"),
        (PermissionError(errno.EACCES, "Permission denied"), "no permission"),
        (OSError(errno.EROFS, "Read-only file system"), "no permission"),
        (OSError(errno.EIO, "Input/output error"), "the disk fails: Input/output error"),
        (OSError(errno.ESTALE, "Stale file handle"), "the disk fails"),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "cannot be written: .*cross-device"),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "cannot be written: File name"),
        # safetensors is written in Rust and has an error class of its own.
        (Exception("I/O error: No space left on device (os error 28)"), "no space left"),
        (Exception("I/O error: Permission denied (os error 13)"), "no permission"),
    ],
)
def test_errors_of_the_disk_say_what_to_do(tmp_path: Path, error: Exception, message: str):
    with pytest.raises(ArtifactError, match=message) as caught, disk_errors(tmp_path):
        raise error
    assert caught.value.__cause__ is error
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ArtifactError, match=message), building(tmp_path / "a", {}):
        raise error
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(errno.ENOENT, "x"), ValueError("x"), StageFailed("x (os error 28)")],
)
def test_other_errors_pass_untouched(tmp_path: Path, error: Exception):
    with pytest.raises(type(error)) as caught, disk_errors(tmp_path):
        raise error
    assert caught.value is error


def test_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path, *args: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ArtifactError, match="no permission"), locked(tmp_path / "deep" / "a"):
        pass
    with pytest.raises(ArtifactError, match="no permission"), building(tmp_path / "a", {}):
        pass


def test_error_while_locked_is_not_taken_for_the_locks(tmp_path: Path):
    error = PermissionError(errno.EACCES, "another file")
    with pytest.raises(PermissionError) as caught, locked(tmp_path / "a"):
        raise error
    assert caught.value is error
    with locked(tmp_path / "a"):  # and the lock is free again
        pass


def test_lock_is_held_by_one_at_a_time(tmp_path: Path):
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        with locked(tmp_path / "a"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError()]
)
def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch, error: Exception):
    class NoLock:
        def __init__(self, path):
            pass

        def acquire(self):
            raise error

    monkeypatch.setattr(artifacts, "FileLock", NoLock)
    with (
        pytest.raises(ArtifactError, match="the file system gives no locks"),
        locked(tmp_path / "a"),
    ):
        pass


@pytest.mark.parametrize(
    ("kind", "options", "weakness"),
    [
        ("nfs4", "rw,vers=4.2,local_lock=none", None),
        ("nfs", "rw,vers=3,nolock,local_lock=all", "nfs, mounted with local_lock=all"),
        ("nfs", "rw,local_lock=posix", None),  # of others than those taken here
        ("lustre", "rw,flock", None),
        ("lustre", "rw,localflock", "lustre, mounted with localflock"),
        ("lustre", "rw", "lustre, mounted with no flock"),
        ("ext4", "rw", None),
    ],
)
def test_locks_of_one_machine_are_known_by_the_mount(tmp_path: Path, kind, options, weakness):
    there = tmp_path / "a disk" / "résultats"
    point = str(there.parent).replace(" ", "\\040")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nhost:/x {point} {kind} {options} 0 0\n")
    assert lock_weakness(there, mounts) == weakness
    assert lock_weakness(tmp_path, mounts) is None
    assert lock_weakness(tmp_path, tmp_path / "none") is None


def test_what_another_program_reads_is_replaced_when_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "scores.csv"
    write_aside(path, b"old")
    treat_files_as_windows(monkeypatch)
    reader = path.open("rb")
    closing = threading.Timer(0.3, reader.close)
    closing.start()
    write_aside(path, b"new")
    closing.join()
    assert path.read_bytes() == b"new"

    monkeypatch.setattr(artifacts, "_PATIENCE", 0.1)
    with path.open("rb") as reader:
        with pytest.raises(ArtifactError, match="another program has it open") as caught:
            write_aside(path, b"newest")
        assert reader.read() == b"new"
    assert caught.value.where == str(path)
    assert "Close it there" in str(caught.value)
    write_aside(path, b"newest")  # what was left aside is in nobody's way
    assert path.read_bytes() == b"newest"


def test_no_patience_where_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(source: object, target: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    with pytest.raises(ArtifactError, match="no permission"):
        write_aside(tmp_path / "a", b"new")


@pytest.mark.parametrize(("number", "passes"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_a_folder_need_not_be_flushed_but_a_broken_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, passes: bool
):
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(artifacts.os, "open", lambda path, mode: os.dup(1))
    monkeypatch.setattr(artifacts.os, "fsync", fsync)
    if passes:
        artifacts.flush(tmp_path)
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            artifacts.flush(tmp_path)


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path, failed = tmp_path / "file", []

    def write(content):
        try:
            for _ in range(60):
                write_checked(path, content)
        except Exception as error:
            failed.append(error)

    contents = [bytes([65 + i]) * 20_000 * (i + 1) for i in range(3)]
    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(read_checked(path))
    assert failed == []
    assert seen <= {None, *contents}
    assert read_checked(path) in contents
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
