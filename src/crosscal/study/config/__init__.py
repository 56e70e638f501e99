"""The study file: its settings, read, checked and written."""
