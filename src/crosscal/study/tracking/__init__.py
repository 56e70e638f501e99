"""Experiment trackers: TensorBoard, MLflow, Weights & Biases, trackio, from the step logs."""

from crosscal.study.tracking.following import TrackedTraining, tracked
from crosscal.study.tracking.tracker import TrackedRun, Tracker, TrackerLog

__all__ = ["TrackedRun", "TrackedTraining", "Tracker", "TrackerLog", "tracked"]
