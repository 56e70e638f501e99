"""Predictions that come with the package: simulated, as `ORIGIN.md` says."""

from importlib import resources
from pathlib import Path

PREDICTIONS = Path(str(resources.files("crosscal.demo"))) / "predictions.csv"
"""400 answers in each of four languages; columns as `ORIGIN.md` has them."""
