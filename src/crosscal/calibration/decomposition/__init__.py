"""Losses taken apart: calibration, refinement, reliability, resolution, uncertainty."""
