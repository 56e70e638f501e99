"""Predictions against the labels of several annotators."""
