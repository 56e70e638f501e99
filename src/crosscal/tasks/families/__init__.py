"""Each family: from examples to model input, from scores to predictions."""
