"""Predictions in anyone's files."""
