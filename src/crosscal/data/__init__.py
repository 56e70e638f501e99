"""Where examples come from: readers for public file formats and the built-in mini sets."""

from crosscal.data.checks.check import DataReport, Finding, PartSummary, check
from crosscal.data.examples import PairExample
from crosscal.data.formats import FORMATS, SourceFiles, read_examples, read_sources
from crosscal.data.reader import Dataset, Format

__all__ = [
    "FORMATS",
    "DataReport",
    "Dataset",
    "Finding",
    "Format",
    "PairExample",
    "PartSummary",
    "SourceFiles",
    "check",
    "read_examples",
    "read_sources",
]
