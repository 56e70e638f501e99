"""Resampling, intervals, tests and contrasts, for numbers of any kind."""
