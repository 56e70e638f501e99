"""Trained models as folders that other programs load, and predictions for new texts."""
