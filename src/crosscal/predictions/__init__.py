"""The table between models and analysis: scored choices for each unit, in Parquet."""

from crosscal.predictions.files import read_predictions, write_predictions
from crosscal.predictions.probabilities import demand_logits, from_probabilities
from crosscal.predictions.provenance import FORMAT, Provenance
from crosscal.predictions.table import Predictions, Slice
from crosscal.predictions.validation import validate

__all__ = [
    "FORMAT",
    "Predictions",
    "Provenance",
    "Slice",
    "demand_logits",
    "from_probabilities",
    "read_predictions",
    "validate",
    "write_predictions",
]
