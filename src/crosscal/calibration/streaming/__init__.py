"""Calibration of rows that do not fit into memory."""
