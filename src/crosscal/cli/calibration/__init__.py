"""Verbs about anyone's predictions: how well calibrated they are, and recalibrating them."""
