"""Apertium, a rule-based machine translation system, as a translator of crosscal."""

from crosscal_apertium.translator import Apertium, load_apertium

__all__ = ["Apertium", "load_apertium"]
