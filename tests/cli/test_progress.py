"""How a study that is asked to end does so."""

import os
import signal

import pytest

from crosscal.cli.progress import StudyProgress
from crosscal.exceptions import Interrupted
from crosscal.study.execution.store import Store


def test_asked_to_end_it_ends_as_by_ctrl_c(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(Interrupted, match="it goes on where this one stopped"),
        StudyProgress(Store(tmp_path), 1, quiet=True),
    ):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before
