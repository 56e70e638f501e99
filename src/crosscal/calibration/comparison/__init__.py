"""Comparisons of two sets of answers: at equal accuracy, and part by part."""
