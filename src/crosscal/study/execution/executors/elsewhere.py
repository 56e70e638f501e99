"""What comes back from stages that ran on other machines."""

from __future__ import annotations

import os
import time

from crosscal.exceptions import CrosscalError, StageFailed
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

# How long a file system may take to show here what was written there.
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 1.0


def check_outcome(
    outcome: bool | CrosscalError, stage: Stage, store: Store, *, ran_by: str, hint: str = ""
) -> bool:
    """Return what `stage_outcome` did elsewhere; raise its error, or that nothing is seen here."""
    if isinstance(outcome, CrosscalError):
        remedy = ". ".join(filter(None, (outcome.remedy, hint)))
        raise type(outcome)(outcome.what, where=outcome.where, remedy=remedy or None)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not store.has(*stage.node):
        if time.monotonic() > deadline:
            raise StageFailed(
                f"{ran_by} is done, but what it made is not seen here",
                where=str(store.folder(*stage.node)),
                remedy="Choose an --output that all machines of the cluster see",
            )
        os.listdir(store.root)  # network file systems then look again
        time.sleep(_LOOK_SECONDS)
    return outcome
