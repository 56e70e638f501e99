"""Resampling, intervals, multiplicity, power, equivalence, seeds."""
