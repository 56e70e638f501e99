"""Calibration errors: how far confidence lies from the share that is right."""
