"""What every executor does with a stage, where the disk gets in the way."""

import errno
from pathlib import Path

from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.store import Store
from tests.study.execution.toy import toy_plan


def test_a_note_that_cannot_be_removed_does_no_harm_to_what_is_done(tmp_path, monkeypatch):
    stage = toy_plan(tmp_path)[0]
    store = Store(tmp_path / "store")
    plain = Path.unlink

    def refused(path, missing_ok=False):
        if path.suffix == ".progress":
            raise OSError(errno.EROFS, "Read-only file system")
        plain(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    assert run_stage(stage, store)
    assert store.has(*stage.node)
