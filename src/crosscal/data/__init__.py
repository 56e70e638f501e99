"""Where examples come from: readers for public file formats and the built-in mini sets."""

from crosscal.data.checks.check import DataReport, Finding, PartSummary, check
from crosscal.data.examples import PairExample
from crosscal.data.formats import FORMATS, read_examples
from crosscal.data.reader import Dataset, Format

__all__ = [
    "FORMATS",
    "DataReport",
    "Dataset",
    "Finding",
    "Format",
    "PairExample",
    "PartSummary",
    "check",
    "read_examples",
]
