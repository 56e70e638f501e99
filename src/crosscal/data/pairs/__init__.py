"""Pairs of sentences: what a sound pair is, and readers shared by tasks."""
