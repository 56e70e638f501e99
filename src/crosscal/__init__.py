"""Measure whether a multilingual model trained in English knows when it is wrong elsewhere.

The rooms, from data to report: `languages`, `data`, `tasks`, `encoders`, `training` (with
torch); `predictions`, `scoring`, `calibration`, `analysis`, `report` (without); `study` ties
them together, `cli` is the front door.
"""
