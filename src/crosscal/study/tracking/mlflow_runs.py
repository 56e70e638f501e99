"""MLflow: runs of an experiment that is named after the study."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from crosscal.study.tracking.tracker import TrackedRun

_KEY = "crosscal.key"
# What one call takes.
_MOST_PARAMS, _LONGEST = 100, 500


class MLflow:
    """Logs to a folder, or to the server of ``MLFLOW_TRACKING_URI`` if the network is allowed."""

    def __init__(self, folder: Path, *, network: bool) -> None:
        server = os.environ.get("MLFLOW_TRACKING_URI") if network else None
        if server is None:
            folder.mkdir(parents=True, exist_ok=True)
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        self._client = MlflowClient(server or folder.absolute().as_uri())

    def begin(self, run: TrackedRun) -> MLflowLog:
        """Begin a run, or go on with the one that has the key as a tag."""
        found = self._client.get_experiment_by_name(run.project)
        experiment = found.experiment_id if found else self._client.create_experiment(run.project)
        runs = self._client.search_runs([experiment], f"tags.`{_KEY}` = '{run.key}'")
        if runs:
            number = runs[0].info.run_id
            self._client.update_run(number, "RUNNING")
        else:
            made = self._client.create_run(experiment, run_name=run.name, tags={_KEY: run.key})
            number = made.info.run_id
            params = [Param(name, str(v)[:_LONGEST]) for name, v in run.settings.items()]
            self._client.log_batch(number, params=params[:_MOST_PARAMS])
        return MLflowLog(self._client, number)


class MLflowLog:
    """One run of MLflow's."""

    def __init__(self, client: MlflowClient, run: str) -> None:
        self._client, self._run = client, run

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log metrics."""
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def close(self, *, finished: bool) -> None:
        """Say how it ended."""
        self._client.set_terminated(self._run, "FINISHED" if finished else "KILLED")
